//! The commands, one file each.

pub mod build;
pub mod dist;
pub mod serve;
pub mod test;
