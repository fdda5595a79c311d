//! Two or more networks wired in memory, and peers that misbehave.

mod blocks;
mod compact;
mod connections;
mod fuzz;
mod lab;
mod light;
mod limits;
mod node;
mod proofs;
mod relay;
mod sync;
