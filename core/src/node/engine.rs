//! What exists only with a chain: the chain itself, what waits to enter it, and the network on which it is shared.

use super::snapshot::RECENT_BLOCKS;
use super::tip::Journey;
use crate::chain::{ChainError, Chainstate};
use crate::interface::{BlockSummary, RequestId};
use crate::mempool::{Mempool, StoredTransaction, TxOrphanage};
use crate::net::Network;
use crate::primitives::{BlockHash, CompactTarget, Height, Transaction, Txid};
use crate::time::{Mono, UnixTime};
use std::collections::VecDeque;
use std::sync::Arc;

/// Headers ahead of the tip from which on a node is catching up.
const CATCHING_UP: u32 = 3;

/// The parts of a node that share a chain.
pub(super) struct Engine {
    pub(super) chain: Chainstate,
    pub(super) mempool: Mempool,
    /// Counts up when the mempool changes, so that the miner notices.
    pub(super) mempool_revision: u64,
    /// When the mempool is to be looked through for what has waited for too long.
    pub(super) next_expiry: Mono,
    /// The wallet's waiting transactions are still to be given to the mempool.
    pub(super) waiting_due: bool,
    /// What the store holds of the mempool and is still to be given to it; as the store's bound.
    pub(super) stored_mempool: Vec<StoredTransaction>,
    pub(super) orphans: TxOrphanage,
    pub(super) network: Network,
    pub(super) journey: Journey,
    /// Nobody who follows the chain has seen it yet.
    pub(super) is_unseen: bool,
    /// The bound at which the chain last got stuck.
    pub(super) bound: Option<ChainError>,
    /// The chain has once been as long as the headers that were known; never unset (Core's `m_cached_finished_ibd`).
    has_caught_up: bool,
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
            waiting_due: false,
            stored_mempool: Vec::new(),
            orphans: TxOrphanage::new(),
            network,
            journey: Journey::Underway,
            is_unseen: true,
            bound: None,
            has_caught_up: false,
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

    /// Notes whether the chain is about as long as the headers; a chain of genesis alone says nothing.
    pub(super) fn note_progress(&mut self) {
        self.has_caught_up |= self.chain.height() > Height::GENESIS && !self.is_behind();
    }

    /// Whether the node is downloading a chain for the first time. Headers whose bodies nobody has do not keep it there.
    pub(super) fn is_in_initial_download(&self) -> bool {
        !self.has_caught_up && self.is_behind() && self.network.is_downloading()
    }

    fn is_behind(&self) -> bool {
        self.chain.best_header().height.0 >= self.chain.height().0.saturating_add(CATCHING_UP)
    }

    /// Whether the chain rests, so that mempool, wallet and peers may look at it.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.journey, Journey::Arrived | Journey::Verifying | Journey::Stuck)
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
