//! The commands, one file each.

pub mod bench;
pub mod build;
pub mod dist;
mod fuzz;
pub mod relay;
pub mod release;
pub mod serve;
pub mod sim;
pub mod test;
