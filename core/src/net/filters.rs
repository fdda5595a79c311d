//! What light peers want to hear of: their bloom filters (BIP37). Answers `filterload`, `filteradd` and `filterclear`.

use super::reason::DisconnectReason;
use crate::collections::{BTreeSet, SerialMap};
use crate::interface::PeerId;
use crate::primitives::{Block, Transaction, Txid};
use crate::script::MAX_SCRIPT_ELEMENT_SIZE;
use crate::spv::{BloomFilter, MerkleBlock};

/// The filters of peers.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    /// One at most for each peer, of `spv::MAX_BLOOM_FILTER_SIZE` at most.
    by_peer: SerialMap<PeerId, BloomFilter>,
}

impl Filters {
    pub(crate) const fn new() -> Self {
        Self { by_peer: SerialMap::new() }
    }

    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        self.by_peer.remove(&peer);
    }

    pub(crate) fn load(&mut self, peer: PeerId, filter: BloomFilter) -> Result<(), DisconnectReason> {
        if !filter.is_within_limits() {
            return Err(DisconnectReason::BadFilter("filterload"));
        }
        self.by_peer.insert(peer, filter);
        Ok(())
    }

    pub(crate) fn add(&mut self, peer: PeerId, element: &[u8]) -> Result<(), DisconnectReason> {
        match self.by_peer.get_mut(&peer) {
            Some(filter) if element.len() <= MAX_SCRIPT_ELEMENT_SIZE => filter.insert(element),
            _ => return Err(DisconnectReason::BadFilter("filteradd")),
        }
        Ok(())
    }

    pub(crate) fn clear(&mut self, peer: PeerId) {
        self.by_peer.remove(&peer);
    }

    /// Whether a peer wants to hear of a transaction: one without a filter wants everything.
    pub(crate) fn wants(&mut self, peer: PeerId, transaction: &Transaction) -> bool {
        self.by_peer.get_mut(&peer).is_none_or(|filter| filter.matches(transaction))
    }

    /// A block as a peer's filter sees it: the proof, and the transactions that it proves, in order. None without a
    /// filter.
    pub(crate) fn filtered<'a>(
        &mut self,
        peer: PeerId,
        block: &'a Block,
    ) -> Option<(MerkleBlock, Vec<&'a Transaction>)> {
        let filter = self.by_peer.get_mut(&peer)?;
        let wanted: Vec<&Transaction> = block.transactions.iter().filter(|tx| filter.matches(tx)).collect();
        let txids: BTreeSet<Txid> = wanted.iter().map(|tx| tx.txid()).collect();
        Some((MerkleBlock::new(block, |txid| txids.contains(txid)), wanted))
    }
}
