//! What Terrarium's tests across crates are made of.

pub mod browser;
pub mod fixture;
