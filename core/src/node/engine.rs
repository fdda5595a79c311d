//! What exists only with a chain: the chain itself, what waits to enter it, and the network on which it is shared.

use super::snapshot::RECENT_BLOCKS;
use super::tip::Journey;
use crate::chain::{ChainError, Chainstate};
use crate::interface::{BlockSummary, RequestId};
use crate::mempool::{Mempool, TxOrphanage};
use crate::net::Network;
use crate::primitives::{BlockHash, CompactTarget, Height, Transaction, Txid};
use crate::time::{Mono, UnixTime};
use std::collections::VecDeque;
use std::sync::Arc;

/// The parts of a node that share a chain.
pub(super) struct Engine {
    pub(super) chain: Chainstate,
    pub(super) mempool: Mempool,
    /// Counts up when the mempool changes, so that the miner notices.
    pub(super) mempool_revision: u64,
    /// When the mempool is to be looked through for what has waited for too long.
    pub(super) next_expiry: Mono,
    pub(super) orphans: TxOrphanage,
    pub(super) network: Network,
    pub(super) journey: Journey,
    /// The bound at which the chain last got stuck.
    pub(super) bound: Option<ChainError>,
    /// Commands that wait until the coins have been built anew.
    pub(super) reindexing: Vec<RequestId>,
    /// The last blocks of the active chain, oldest first; at most [`RECENT_BLOCKS`].
    pub(super) recent: VecDeque<BlockSummary>,
}

impl Engine {
    /// An engine around a chain.
    pub(super) fn new(chain: Chainstate, network: Network) -> Self {
        Self {
            mempool: Mempool::new(chain.params().policy),
            mempool_revision: 0,
            next_expiry: Mono(0),
            orphans: TxOrphanage::new(),
            network,
            journey: Journey::Underway,
            bound: None,
            reindexing: Vec::new(),
            recent: VecDeque::with_capacity(RECENT_BLOCKS),
            chain,
        }
    }

    /// The compact target that a block made at `now` must meet.
    pub(super) fn next_bits(&self, now: UnixTime) -> CompactTarget {
        self.chain.next_work_required(self.chain.minimum_time().max(now))
    }

    /// The active chain's blocks from a height up to the tip.
    pub(super) fn hashes_from(&self, first: Height) -> Vec<BlockHash> {
        let heights = (first.0..=self.chain.height().0).map(Height);
        heights.filter_map(|height| self.chain.active_hash(height)).collect()
    }

    /// The active chain's blocks from the tip back to genesis.
    pub(super) fn hashes_from_tip(&self) -> Vec<BlockHash> {
        let mut hashes = self.hashes_from(Height::GENESIS);
        hashes.reverse();
        hashes
    }

    /// Whether the chain rests, so that mempool, wallet and peers may look at it.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.journey, Journey::Arrived | Journey::Stuck)
    }

    /// A transaction of the mempool after those that it depends on.
    pub(super) fn with_ancestors(&self, txid: &Txid) -> Vec<Arc<Transaction>> {
        let mut package = self.mempool.ancestors(txid);
        package.insert(*txid);
        let entries = self.mempool.iter_mining_order().filter(|entry| package.contains(&entry.txid()));
        entries.map(|entry| Arc::clone(entry.transaction())).collect()
    }

    /// The hash of the tip.
    pub(super) fn tip(&self) -> BlockHash {
        self.chain.tip()
    }
}
