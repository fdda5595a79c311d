//! Transactions that wait to be announced to one peer, in the order in which they came.

use crate::collections::BTreeMap;
use crate::primitives::Txid;

/// A queue in which each transaction stands once and that it can leave from the middle. Bounded by the mempool: what
/// leaves that is [forgotten](Self::forget) here.
#[derive(Debug, Default)]
pub(super) struct InventoryQueue {
    /// By place, the first to be announced first.
    order: BTreeMap<u64, Txid>,
    /// The place of each.
    places: BTreeMap<Txid, u64>,
    next_place: u64,
}

impl InventoryQueue {
    /// Appends a transaction; one that waits keeps its place.
    pub(super) fn push(&mut self, txid: Txid) {
        if !self.places.contains_key(&txid) {
            self.places.insert(txid, self.next_place);
            self.order.insert(self.next_place, txid);
            self.next_place += 1;
        }
    }

    /// Takes a transaction out wherever it stands.
    pub(super) fn forget(&mut self, txid: &Txid) {
        if let Some(place) = self.places.remove(txid) {
            self.order.remove(&place);
        }
    }

    /// Takes the first out.
    pub(super) fn pop(&mut self) -> Option<Txid> {
        let (_, txid) = self.order.pop_first()?;
        self.places.remove(&txid);
        Some(txid)
    }

    pub(super) fn contains(&self, txid: &Txid) -> bool {
        self.places.contains_key(txid)
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}
