//! Two or more networks wired in memory, and peers that misbehave.

mod connections;
mod fuzz;
mod lab;
mod limits;
mod relay;
mod sync;
