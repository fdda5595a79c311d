//! What the RPC commands print: Bitcoin Core's JSON with Core's field names. Reads the node's parts, changes nothing.

mod amounts;
pub(super) mod block;
pub(super) mod chain;
pub(super) mod json;
pub(super) mod mempool;
pub(super) mod network;
pub(super) mod transaction;

use crate::interface::Reply;
pub(super) use amounts::hashes;
pub(super) use json::Json;

/// A reply that shows a value as `bitcoin-cli` does.
pub(super) fn reply(value: impl Into<Json>) -> Reply {
    Reply::Json(value.into().printed())
}
