//! Two or more networks wired in memory, and peers that misbehave.

mod addresses;
pub(super) mod blocks;
mod budgets;
mod compact;
mod compact_blocks;
mod connections;
mod discovery;
mod fuzz;
mod lab;
mod light;
mod limits;
mod node;
mod presync;
mod proofs;
mod relay;
mod slow_peers;
mod sync;
mod transactions;
mod transport;
mod watch;
