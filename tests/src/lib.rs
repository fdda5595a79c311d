//! What Terrarium's tests across crates are made of.

pub mod browser;
pub mod fixture;
mod lab;
pub mod world;

pub use lab::Lab;
