//! A block on its way from a compact one to a whole one (Core's `PartiallyDownloadedBlock`): what the receiver has is put
//! in its place by short id, and what is left is asked for.

use super::message::{CompactBlock, ShortId, ShortIdKey};
use crate::collections::{BTreeMap, BTreeSet};
use crate::consensus::{merkle, witness};
use crate::primitives::{Block, Header, Transaction, Wtxid};
use std::sync::Arc;

/// The most transactions that a compact block can name, for places are 16 bits.
const MAX_TRANSACTIONS: usize = u16::MAX as usize;

/// Why a compact block does not become a whole one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartialError {
    /// No honest node would send it.
    Malformed,
    /// Short ids collide, or what they led to is not the block: nobody is to blame, and the whole block is to be asked
    /// for.
    Ambiguous,
}

/// The block as far as it is known.
#[derive(Debug)]
pub(super) struct PartialBlock {
    header: Header,
    key: ShortIdKey,
    /// In the order of the block; at most [`MAX_TRANSACTIONS`].
    slots: Vec<Option<Arc<Transaction>>>,
    /// Where the transaction of each short id goes; bounded by `slots`.
    places: BTreeMap<ShortId, usize>,
    /// Places for which several transactions were found, so that none is taken; bounded by `slots`.
    contested: BTreeSet<usize>,
}

impl PartialBlock {
    /// What a compact block says (Core's `InitData`, without the mempool).
    pub(super) fn new(compact: &CompactBlock) -> Result<Self, PartialError> {
        let count = compact.short_ids.len() + compact.prefilled.len();
        if compact.prefilled.is_empty() && compact.short_ids.is_empty() || count > MAX_TRANSACTIONS {
            return Err(PartialError::Malformed);
        }
        let mut slots = vec![None; count];
        for prefilled in &compact.prefilled {
            let slot = slots.get_mut(usize::from(prefilled.index)).ok_or(PartialError::Malformed)?;
            *slot = Some(Arc::new(prefilled.transaction.clone()));
        }
        let free: Vec<usize> = (0..count).filter(|place| slots[*place].is_none()).collect();
        let places: BTreeMap<ShortId, usize> = compact.short_ids.iter().copied().zip(free).collect();
        if places.len() < compact.short_ids.len() {
            return Err(PartialError::Ambiguous);
        }
        let (header, key) = (compact.header, compact.key());
        Ok(Self { header, key, slots, places, contested: BTreeSet::new() })
    }

    /// Puts a transaction in its place, if it has one here.
    pub(super) fn offer(&mut self, wtxid: &Wtxid, transaction: &Arc<Transaction>) {
        let Some(&place) = self.places.get(&self.key.short_id(wtxid)) else { return };
        match &self.slots[place] {
            _ if self.contested.contains(&place) => {}
            None => self.slots[place] = Some(Arc::clone(transaction)),
            Some(other) if other.wtxid() == *wtxid => {}
            Some(_) => {
                self.slots[place] = None;
                self.contested.insert(place);
            }
        }
    }

    /// The places that are still empty, ascending.
    pub(super) fn missing(&self) -> Vec<u16> {
        let empty = self.slots.iter().zip(0..=u16::MAX).filter(|(slot, _)| slot.is_none());
        empty.map(|(_, place)| place).collect()
    }

    /// Puts `rest` in the empty places (Core's `FillBlock`), and checks that what comes of it is what the header commits
    /// to.
    pub(super) fn complete(self, rest: Vec<Arc<Transaction>>) -> Result<Block, PartialError> {
        let mut rest = rest.into_iter();
        let filled: Option<Vec<Arc<Transaction>>> =
            self.slots.into_iter().map(|slot| slot.or_else(|| rest.next())).collect();
        let filled = filled.filter(|_| rest.next().is_none()).ok_or(PartialError::Malformed)?;
        let block = Block {
            header: self.header,
            transactions: filled.into_iter().map(Arc::unwrap_or_clone).collect(),
        };
        let (root, is_mutated) = merkle::block_root(&block.transactions);
        match root == block.header.merkle_root && !is_mutated && has_its_witnesses(&block) {
            true => Ok(block),
            false => Err(PartialError::Ambiguous),
        }
    }
}

/// Short ids are of wtxids, so another witness under the same txid is found out here.
fn has_its_witnesses(block: &Block) -> bool {
    witness::check_commitment(block, true).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::message::PrefilledTransaction;
    use super::super::tests::blocks::{block_of, transaction};
    use super::*;

    /// A block of a coinbase and three transactions.
    fn block() -> Block {
        block_of(&(1..=3).map(|number| (*transaction(number)).clone()).collect::<Vec<_>>())
    }

    fn offer(partial: &mut PartialBlock, transactions: &[Transaction]) {
        for transaction in transactions {
            partial.offer(&transaction.wtxid(), &Arc::new(transaction.clone()));
        }
    }

    #[test]
    fn a_block_of_known_transactions_is_whole_at_once() {
        let block = block();
        let mut partial = PartialBlock::new(&CompactBlock::new(&block, 5)).expect("well formed");
        assert_eq!(partial.missing(), [1, 2, 3]);
        offer(&mut partial, &block.transactions);
        offer(&mut partial, &[(*transaction(9)).clone()]);
        assert!(partial.missing().is_empty());
        assert_eq!(partial.complete(Vec::new()), Ok(block));
    }

    #[test]
    fn what_is_missing_is_put_in_its_place() {
        let block = block();
        let mut partial = PartialBlock::new(&CompactBlock::new(&block, 5)).expect("well formed");
        offer(&mut partial, &block.transactions[2..3]);
        assert_eq!(partial.missing(), [1, 3]);
        let rest = [1, 3].map(|place| Arc::new(block.transactions[place].clone()));
        assert_eq!(partial.complete(rest.to_vec()), Ok(block));
    }

    #[test]
    fn too_few_too_many_and_other_transactions_do_not_make_the_block() {
        let block = block();
        let rest: Vec<_> = block.transactions[1..].iter().cloned().map(Arc::new).collect();
        let complete = |rest: &[Arc<Transaction>]| {
            PartialBlock::new(&CompactBlock::new(&block, 5))
                .and_then(|partial| partial.complete(rest.to_vec()))
        };
        assert_eq!(complete(&rest[..2]), Err(PartialError::Malformed));
        assert_eq!(complete(&[&rest[..], &rest[..1]].concat()), Err(PartialError::Malformed));
        let swapped = [&rest[1], &rest[0], &rest[2]].map(Arc::clone);
        assert_eq!(complete(&swapped), Err(PartialError::Ambiguous));
        let mut forged = (*rest[0]).clone();
        forged.inputs[0].witness = vec![vec![1]];
        let forged = [Arc::new(forged), Arc::clone(&rest[1]), Arc::clone(&rest[2])];
        assert_eq!(
            complete(&forged),
            Err(PartialError::Ambiguous),
            "the txids are right, the witness is not"
        );
    }

    #[test]
    fn two_transactions_of_one_short_id_are_both_left_out() {
        let block = block();
        let compact = CompactBlock::new(&block, 5);
        let mut partial = PartialBlock::new(&compact).expect("well formed");
        offer(&mut partial, &block.transactions);
        // As if another transaction had this short id.
        let place = partial.places[&compact.short_ids[1]];
        let rival = transaction(9);
        partial.places.insert(partial.key.short_id(&rival.wtxid()), place);
        offer(&mut partial, &[(*rival).clone()]);
        assert_eq!(partial.missing(), [2]);
        offer(&mut partial, &block.transactions);
        assert_eq!(partial.missing(), [2], "which of them it is only the sender knows");
    }

    #[test]
    fn a_short_id_that_comes_twice_is_ambiguous() {
        let mut compact = CompactBlock::new(&block(), 5);
        compact.short_ids[2] = compact.short_ids[0];
        assert_eq!(PartialBlock::new(&compact).err(), Some(PartialError::Ambiguous));
    }

    #[test]
    fn a_compact_block_without_transactions_or_with_one_beyond_its_end_is_malformed() {
        let mut compact = CompactBlock::new(&block(), 5);
        compact.prefilled.push(PrefilledTransaction { index: 5, transaction: (*transaction(8)).clone() });
        assert_eq!(PartialBlock::new(&compact).err(), Some(PartialError::Malformed));
        compact.prefilled.clear();
        compact.short_ids.clear();
        assert_eq!(PartialBlock::new(&compact).err(), Some(PartialError::Malformed));
    }
}
