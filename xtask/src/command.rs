//! The commands, one file each.

pub mod build;
pub mod serve;
