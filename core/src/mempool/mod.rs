//! The mempool: transactions that were checked and wait for a block, and the orphanage for those whose parents have
//! not come yet. Knows the chain, whose coins it spends; knows nothing of peers but their ids.
//!
//! What a node does with it: a transaction from a peer, a wallet or a command goes to [`Mempool::accept`]; one that
//! misses inputs goes to [`TxOrphanage`], whose children of an accepted parent are accepted next. When the tip moved,
//! [`Mempool::follow`] brings the pool after it. Whatever leaves comes out as a [`Removed`], so that the wallet and the
//! page hear of it; what makes room for another does so by [`Mempool::take_left`].

mod accept;
#[cfg(any(test, feature = "contract"))]
mod audit;
mod entry;
mod error;
mod fee_rate;
mod journal;
mod limits;
mod orphanage;
mod policy;
mod pool;
mod reorg;
mod replacement;
mod selection;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use accept::{AcceptedTx, CoinsViewMempool};
#[cfg(any(test, feature = "contract"))]
pub use audit::MempoolFlaw;
pub use entry::{MempoolEntry, Totals};
pub use error::MempoolError;
pub use fee_rate::FeeRate;
pub use journal::{MAX_STORED_BYTES, StoredTransaction};
pub use orphanage::{MAX_ORPHAN_WEIGHT_PER_PEER, TxOrphanage};
pub use policy::{
    BYTES_PER_SIGOP, MAX_STANDARD_TX_SIGOPS_COST, MAX_STANDARD_TX_WEIGHT, MIN_STANDARD_TX_SIZE,
    StandardError, dust_threshold,
};
pub use pool::Mempool;
pub use reorg::{RemovalReason, Removed, TipChange};
pub use replacement::MAX_REPLACEMENT_CANDIDATES;
pub use selection::{Package, PackageSelection};

/// Transactions in a chain of unconfirmed ones, ancestors counted with the transaction itself (Core's
/// `DEFAULT_ANCESTOR_LIMIT`).
pub const MAX_ANCESTORS: usize = 25;
/// Their virtual size, bytes (Core's `DEFAULT_ANCESTOR_SIZE_LIMIT_KVB`).
pub const MAX_ANCESTORS_VSIZE: usize = 101_000;
/// As [`MAX_ANCESTORS`], of descendants.
pub const MAX_DESCENDANTS: usize = 25;
/// As [`MAX_ANCESTORS_VSIZE`], of descendants.
pub const MAX_DESCENDANTS_VSIZE: usize = 101_000;
/// Bytes of disconnected blocks whose transactions return after a reorganisation (Core's
/// `MAX_DISCONNECTED_TX_POOL_BYTES`).
pub const MAX_RETURNED_BYTES: usize = 20_000_000;
