//! The wallet's transactions and the coins that follow from them.
//!
//! A transaction concerns the wallet when it pays one of its scripts or spends one of its outputs. The coins are
//! derived: an output of ours that a confirmed or waiting transaction made is a coin until a confirmed transaction
//! spends it, and reserved once a waiting one does.

use super::keys::KeyRing;
use crate::collections::{BTreeMap, BTreeSet, sort_by_key};
use crate::primitives::{Amount, Block, BlockHash, Height, OutPoint, Transaction, TxOut, Txid};
use crate::time::UnixTime;
use std::cmp::Reverse;
use std::sync::Arc;

/// Transactions that are neither confirmed nor waiting that the wallet remembers; the oldest are forgotten first.
const MAX_INACTIVE: usize = 1_000;

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TxState {
    /// In a block of the active chain.
    Confirmed { block: BlockHash, height: Height },
    /// In the mempool, or about to be given to it again.
    Waiting,
    /// In neither: it left the mempool, was overtaken by a conflict, or was the reward of a stale block.
    Inactive,
}

/// A transaction that concerns the wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LedgerEntry {
    pub(super) transaction: Arc<Transaction>,
    pub(super) state: TxState,
    /// When it was first seen, or its block's time.
    pub(super) time: UnixTime,
    /// The order in which the wallet met its transactions.
    pub(super) order: u64,
}

/// An output that a key of the wallet can spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnedCoin {
    pub(super) output: TxOut,
    /// None while it waits.
    pub(super) height: Option<Height>,
    pub(super) coinbase: bool,
    /// A waiting transaction spends it.
    pub(super) reserved: bool,
}

/// All that the wallet knows of the chain and the mempool.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// Bounded by the chain and the mempool, which hold them too, and by [`MAX_INACTIVE`]; the others by it.
    entries: BTreeMap<Txid, LedgerEntry>,
    spenders: BTreeMap<OutPoint, BTreeSet<Txid>>,
    coins: BTreeMap<OutPoint, OwnedCoin>,
    inactive: BTreeMap<u64, Txid>,
    next_order: u64,
    revision: u64,
    /// To be written.
    dirty: BTreeSet<Txid>,
}

impl Ledger {
    pub(super) fn entries(&self) -> &BTreeMap<Txid, LedgerEntry> {
        &self.entries
    }

    pub(super) fn coins(&self) -> &BTreeMap<OutPoint, OwnedCoin> {
        &self.coins
    }

    /// Counts up with every change.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// The output that an input spends, if it is ours.
    pub(super) fn own_output(&self, outpoint: &OutPoint, keys: &KeyRing) -> Option<&TxOut> {
        let entry = self.entries.get(&outpoint.txid)?;
        entry
            .transaction
            .outputs
            .get(outpoint.vout as usize)
            .filter(|output| keys.is_mine(&output.script_pubkey))
    }

    /// Whether every input spends an output of ours.
    pub(super) fn is_from_us(&self, tx: &Transaction, keys: &KeyRing) -> bool {
        tx.inputs.iter().all(|input| self.own_output(&input.previous_output, keys).is_some())
    }

    /// Whether it is not live and cannot become so: another live transaction spends one of its inputs, or it descends
    /// from one of which that is true, or it is the reward of a stale block.
    pub(super) fn is_conflicted(&self, txid: &Txid) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![*txid];
        while let Some(txid) = open.pop() {
            let Some(entry) = self.entries.get(&txid).filter(|entry| entry.state == TxState::Inactive) else {
                continue;
            };
            if !seen.insert(txid) {
                continue;
            }
            if entry.transaction.is_coinbase()
                || self.rivals(&entry.transaction).iter().any(|rival| self.is_live(rival))
            {
                return true;
            }
            open.extend(entry.transaction.inputs.iter().map(|input| input.previous_output.txid));
        }
        false
    }

    /// Takes a block of the active chain in.
    pub(super) fn connect(&mut self, block: &Block, hash: BlockHash, height: Height, keys: &KeyRing) {
        let state = TxState::Confirmed { block: hash, height };
        for tx in &block.transactions {
            let rivals = self.rivals(tx);
            if rivals.is_empty() && !self.concerns(tx, keys) {
                continue;
            }
            let txid = tx.txid();
            for rival in rivals.into_iter().filter(|rival| *rival != txid) {
                self.deactivate(&rival, keys);
            }
            if self.concerns(tx, keys) {
                self.record(txid, Arc::new(tx.clone()), state, UnixTime(block.header.time), keys);
            }
        }
    }

    /// Takes out everything that is confirmed by a block for which `is_active` does not hold: payments wait, until the
    /// mempool says otherwise; a reward is void with all that was made of it.
    pub(super) fn disconnect_unless(&mut self, is_active: impl Fn(&BlockHash) -> bool, keys: &KeyRing) {
        let stale = |(txid, entry): (&Txid, &LedgerEntry)| match entry.state {
            TxState::Confirmed { block, height } if !is_active(&block) => Some((height, *txid, block)),
            _ => None,
        };
        let mut stale: Vec<(Height, Txid, BlockHash)> = self.entries.iter().filter_map(stale).collect();
        // From the top down, as blocks are disconnected: a void reward takes with it only what waits.
        sort_by_key(&mut stale, |place| Reverse(*place));
        for (_, txid, block) in stale {
            self.unconfirm(&txid, block, keys);
        }
    }

    fn unconfirm(&mut self, txid: &Txid, hash: BlockHash, keys: &KeyRing) {
        let Some(entry) = self.entries.get(txid) else { return };
        match entry.state {
            TxState::Confirmed { block, .. } if block == hash => {}
            _ => return,
        }
        if entry.transaction.is_coinbase() {
            self.void(txid, keys);
        } else {
            self.set_state(txid, TxState::Waiting, keys);
        }
    }

    /// The mempool accepted a transaction. False if it does not concern the wallet.
    pub(super) fn add_waiting(&mut self, tx: &Arc<Transaction>, now: UnixTime, keys: &KeyRing) -> bool {
        if !self.concerns(tx, keys) {
            return false;
        }
        let txid = tx.txid();
        if self.is_confirmed(&txid) {
            return true;
        }
        for rival in self.rivals(tx).into_iter().filter(|rival| *rival != txid) {
            self.deactivate(&rival, keys);
        }
        self.record(txid, Arc::clone(tx), TxState::Waiting, now, keys);
        true
    }

    /// A waiting transaction left the mempool for another reason than a block: it and what spends from it count no
    /// more. One that is confirmed stays so.
    pub(super) fn deactivate(&mut self, txid: &Txid, keys: &KeyRing) {
        if self.entries.get(txid).is_some_and(|entry| entry.state == TxState::Waiting) {
            self.void(txid, keys);
        }
    }

    /// Makes an entry inactive with all that waits on it.
    fn void(&mut self, txid: &Txid, keys: &KeyRing) {
        self.set_state(txid, TxState::Inactive, keys);
        let outputs = OutPoint::new(*txid, 0)..=OutPoint::new(*txid, u32::MAX);
        let children: Vec<Txid> =
            self.spenders.range(outputs).flat_map(|(_, children)| children).copied().collect();
        for child in children {
            self.deactivate(&child, keys);
        }
        self.forget_oldest_inactive(keys);
    }

    /// What waits, in the order in which the wallet met it.
    pub(super) fn waiting(&self) -> Vec<&LedgerEntry> {
        let mut waiting: Vec<&LedgerEntry> =
            self.entries.values().filter(|entry| entry.state == TxState::Waiting).collect();
        sort_by_key(&mut waiting, |entry| entry.order);
        waiting
    }

    /// What the wallet's outputs among the inputs are worth, and its outputs.
    pub(super) fn debit_and_credit(&self, tx: &Transaction, keys: &KeyRing) -> (Amount, Amount) {
        let sum = |amounts: &mut dyn Iterator<Item = Amount>| {
            amounts.fold(Amount::ZERO, |sum, amount| sum.checked_add(amount).unwrap_or(sum))
        };
        let inputs = tx.inputs.iter().filter_map(|input| self.own_output(&input.previous_output, keys));
        let outputs = tx.outputs.iter().filter(|output| keys.is_mine(&output.script_pubkey));
        (sum(&mut inputs.map(|output| output.value)), sum(&mut outputs.map(|output| output.value)))
    }

    /// Puts a stored entry back; [`Self::refresh_all`] follows once keys and entries are complete.
    pub(super) fn restore(&mut self, txid: Txid, entry: LedgerEntry) {
        self.next_order = self.next_order.max(entry.order.saturating_add(1));
        // All coinbases "spend" the same nothing, and are no rivals.
        for input in entry.transaction.inputs.iter().filter(|input| !input.previous_output.is_null()) {
            self.spenders.entry(input.previous_output).or_default().insert(txid);
        }
        if entry.state == TxState::Inactive {
            self.inactive.insert(entry.order, txid);
        }
        self.entries.insert(txid, entry);
    }

    /// Forgets what concerned keys that the wallet no longer has.
    pub(super) fn forget_foreign(&mut self, keys: &KeyRing) {
        self.refresh_all(keys);
        let foreign = self.entries.iter().filter(|(_, entry)| !self.concerns(&entry.transaction, keys));
        let foreign: Vec<Txid> = foreign.map(|(txid, _)| *txid).collect();
        for txid in foreign {
            self.forget(&txid, keys);
        }
    }

    /// Derives the coins anew.
    pub(super) fn refresh_all(&mut self, keys: &KeyRing) {
        self.coins.clear();
        let outpoints: Vec<OutPoint> = self
            .entries
            .iter()
            .flat_map(|(txid, entry)| {
                (0..entry.transaction.outputs.len()).map(|vout| OutPoint::new(*txid, vout as u32))
            })
            .collect();
        for outpoint in outpoints {
            self.refresh(outpoint, keys);
        }
        self.revision += 1;
    }

    /// The transactions whose records are not written yet, gone ones among them; they count as written from now on.
    pub(super) fn take_dirty(&mut self) -> BTreeSet<Txid> {
        std::mem::take(&mut self.dirty)
    }

    /// These were not written after all.
    pub(super) fn mark_dirty(&mut self, txids: impl IntoIterator<Item = Txid>) {
        self.dirty.extend(txids);
    }

    pub(super) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    fn concerns(&self, tx: &Transaction, keys: &KeyRing) -> bool {
        tx.outputs.iter().any(|output| keys.is_mine(&output.script_pubkey))
            || tx.inputs.iter().any(|input| self.own_output(&input.previous_output, keys).is_some())
    }

    /// The wallet's transactions that spend an input of `tx`; it may be one of them.
    fn rivals(&self, tx: &Transaction) -> BTreeSet<Txid> {
        tx.inputs
            .iter()
            .filter_map(|input| self.spenders.get(&input.previous_output))
            .flatten()
            .copied()
            .collect()
    }

    fn is_confirmed(&self, txid: &Txid) -> bool {
        self.entries.get(txid).is_some_and(|entry| matches!(entry.state, TxState::Confirmed { .. }))
    }

    fn is_live(&self, txid: &Txid) -> bool {
        self.entries.get(txid).is_some_and(|entry| entry.state != TxState::Inactive)
    }

    fn record(
        &mut self,
        txid: Txid,
        transaction: Arc<Transaction>,
        state: TxState,
        time: UnixTime,
        keys: &KeyRing,
    ) {
        if !self.entries.contains_key(&txid) {
            let order = self.next_order;
            self.restore(txid, LedgerEntry { transaction, state: TxState::Inactive, time, order });
        }
        self.set_state(&txid, state, keys);
    }

    fn set_state(&mut self, txid: &Txid, state: TxState, keys: &KeyRing) {
        let Some(entry) = self.entries.get_mut(txid) else { return };
        entry.state = state;
        match state {
            TxState::Inactive => self.inactive.insert(entry.order, *txid),
            _ => self.inactive.remove(&entry.order),
        };
        let transaction = Arc::clone(&entry.transaction);
        for input in &transaction.inputs {
            self.refresh(input.previous_output, keys);
        }
        for vout in 0..transaction.outputs.len() {
            self.refresh(OutPoint::new(*txid, vout as u32), keys);
        }
        self.dirty.insert(*txid);
        self.revision += 1;
    }

    /// Derives one coin anew from the transaction that made it and those that spend it.
    fn refresh(&mut self, outpoint: OutPoint, keys: &KeyRing) {
        self.coins.remove(&outpoint);
        let Some(output) = self.own_output(&outpoint, keys).cloned() else { return };
        let Some(entry) = self.entries.get(&outpoint.txid) else { return };
        let height = match entry.state {
            TxState::Confirmed { height, .. } => Some(height),
            TxState::Waiting => None,
            TxState::Inactive => return,
        };
        let coinbase = entry.transaction.is_coinbase();
        let spenders: Vec<&Txid> = self.spenders.get(&outpoint).into_iter().flatten().collect();
        if spenders.iter().any(|txid| self.is_confirmed(txid)) {
            return;
        }
        let reserved = spenders.iter().any(|txid| self.is_live(txid));
        self.coins.insert(outpoint, OwnedCoin { output, height, coinbase, reserved });
    }

    fn forget_oldest_inactive(&mut self, keys: &KeyRing) {
        while self.inactive.len() > MAX_INACTIVE {
            let Some((_, txid)) = self.inactive.pop_first() else { return };
            self.forget(&txid, keys);
        }
    }

    fn forget(&mut self, txid: &Txid, keys: &KeyRing) {
        let Some(entry) = self.entries.remove(txid) else { return };
        self.inactive.remove(&entry.order);
        for input in &entry.transaction.inputs {
            if let Some(spenders) = self.spenders.get_mut(&input.previous_output) {
                spenders.remove(txid);
                if spenders.is_empty() {
                    self.spenders.remove(&input.previous_output);
                }
            }
            self.refresh(input.previous_output, keys);
        }
        self.dirty.insert(*txid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mempool::testing::Lab;
    use crate::wallet::keys::WalletKey;

    #[test]
    fn coinbases_are_no_rivals_of_each_other() {
        let mut lab = Lab::classroom();
        let mut keys = KeyRing::default();
        keys.insert(Default::default(), WalletKey::new(lab.key.clone(), None));
        let mut ledger = Ledger::default();
        for height in 1..=3 {
            let block = lab.mine();
            assert!(ledger.rivals(&block.transactions[0]).is_empty());
            ledger.connect(&block, block.block_hash(), Height(height), &keys);
        }
        assert_eq!((ledger.entries().len(), ledger.coins().len()), (3, 3));
    }
}
