//! What Terrarium's tests across crates are made of.

pub mod browser;
pub mod fixture;
pub mod helpers;
mod lab;
pub mod member;
pub mod sim;
pub mod stun;
pub mod sync_bytes;

pub use lab::Lab;
