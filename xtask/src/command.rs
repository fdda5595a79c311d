//! The commands, one file each.

pub mod bench;
pub mod build;
pub mod dist;
pub mod relay;
pub mod serve;
pub mod sim;
pub mod test;
