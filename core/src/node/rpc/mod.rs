//! What the RPC commands print: Bitcoin Core's JSON with Core's field names. Reads the node's parts, changes nothing.

mod amounts;
pub(super) mod block;
pub(super) mod chain;
pub(super) mod mempool;
pub(super) mod network;
pub(super) mod transaction;

pub(super) use amounts::hashes;
