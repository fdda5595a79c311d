//! The network: Bitcoin's messages, and the managers that speak them. Each manager is one file, owns its state and
//! writes to the shared outbox; [`Network`] calls them. Knows the chain; not the mempool, the wallet or the miner.

mod addr_relay;
mod addrman;
#[cfg(any(test, feature = "contract"))]
mod audit;
mod block_download;
mod branch;
mod budget;
mod by_hand;
mod compact_blocks;
mod compact_filters;
mod compact_relay;
mod connections;
mod deadlines;
mod delivery;
mod departures;
mod discovered;
mod discovery;
mod dispatch;
mod draw;
mod eviction;
mod filter_serving;
mod filtered_blocks;
mod filters;
mod getblocks_sync;
mod group;
mod handshake;
mod headers_presync;
mod headers_sync;
mod info;
mod inventory_queue;
mod lifecycle;
mod light;
pub mod limits;
mod locator;
pub mod message;
mod neighbours;
mod network;
mod outbox;
mod partial_block;
mod peer;
mod peers;
mod poisson;
mod reason;
mod rebroadcast;
mod receive_buffer;
mod recent;
mod relay;
mod secret;
mod seeds;
mod serving;
mod session;
mod sliding_window;
mod timers;
mod tip_relay;
mod traffic;
mod turns;
mod tx_request;
pub mod v2;
mod verdicts;
mod watch;
mod watching;

#[cfg(test)]
mod tests;

pub use addr_relay::AddrStats;
#[cfg(any(test, feature = "contract"))]
pub use addrman::fuzz::address_manager as fuzz_address_manager;
pub use addrman::{AddressCounts, Book};
pub use budget::{BudgetInfo, BudgetShare};
pub use compact_blocks::Pool;
pub use connections::Ban;
pub use departures::Departure;
pub use discovered::{AddedNode, KnownAddress};
pub use group::AddressGroup;
pub use info::PeerInfo;
pub use network::{Limits, Network, USER_AGENT, View};
pub use outbox::{NetOutput, Received, ServeRequest};
pub use peer::{Ping, Purpose};
pub use reason::{DisconnectReason, Tolerated};
pub use seeds::seed_answer;
pub use traffic::{ByCommand, Count, Totals, Traffic};
pub use verdicts::TransactionVerdict;
