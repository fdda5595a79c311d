//! What the commands of `cargo xtask` are made of. The end-to-end tests use the same paths, tools and server.
//!
//! Free of heavy dependencies, so that a fresh clone gets to the first visible step within seconds.

mod args;
pub mod command;
mod count;
mod error;
mod executable;
pub mod paths;
mod process;
pub mod single_file;
pub mod site;
mod source_hash;
pub mod tools;
pub mod trunk;
mod verifier;

pub use args::Args;
pub use error::Error;
