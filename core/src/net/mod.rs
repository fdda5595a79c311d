//! The network: Bitcoin's messages, and the managers that speak them. Each manager is one file, owns its state and
//! writes to the shared outbox; [`Network`] calls them. Knows the chain; not the mempool, the wallet or the miner.

#[cfg(any(test, feature = "contract"))]
mod audit;
mod block_download;
mod by_hand;
mod compact_filters;
mod connections;
mod deadlines;
mod delivery;
mod dispatch;
mod filter_serving;
mod filtered_blocks;
mod filters;
mod getblocks_sync;
mod group;
mod handshake;
mod headers_sync;
mod info;
mod lifecycle;
mod light;
pub mod limits;
mod locator;
pub mod message;
mod network;
mod outbox;
mod peer;
mod peers;
mod reason;
mod recent;
mod relay;
mod serving;
mod tx_request;
mod verdicts;

#[cfg(test)]
mod tests;

pub use connections::Ban;
pub use group::AddressGroup;
pub use info::PeerInfo;
pub use network::{Network, USER_AGENT, View};
pub use outbox::{NetOutput, Received, ServeRequest};
pub use peer::{Count, Ping, Purpose, Traffic};
pub use reason::{DisconnectReason, Tolerated};
pub use verdicts::TransactionVerdict;
