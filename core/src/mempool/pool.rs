//! The pool itself: entries, who spends what, and the two orders, kept in step.

use super::entry::{Arrival, EvictionKey, MempoolEntry, MiningKey, Totals};
use super::journal::Journal;
use super::{
    MAX_ANCESTORS, MAX_ANCESTORS_VSIZE, MAX_DESCENDANTS, MAX_DESCENDANTS_VSIZE, MempoolError, Removed,
};
use crate::chain::ScriptCache;
use crate::collections::{BTreeMap, BTreeSet, sort_by_key};
use crate::consensus::PolicyParams;
use crate::interface::MempoolSummary;
use crate::primitives::{Height, OutPoint, Transaction, TxOut, Txid, Wtxid};
use crate::time::UnixTime;
use std::cmp::Reverse;
use std::sync::Arc;

/// How many ids [`Mempool::summary`] lists.
const SUMMARY_TXIDS: usize = 24;

/// Transactions that were checked and wait for a block.
#[derive(Clone, Debug)]
pub struct Mempool {
    pub(super) policy: PolicyParams,
    /// Bounded by `PolicyParams::max_mempool_bytes`, as are all maps here.
    pub(super) entries: BTreeMap<Txid, MempoolEntry>,
    spenders: BTreeMap<OutPoint, Txid>,
    pub(super) mining_order: BTreeMap<MiningKey, Txid>,
    pub(super) eviction_order: BTreeMap<EvictionKey, Txid>,
    /// Sum of `MempoolEntry::usage`.
    pub(super) usage: usize,
    vsize: usize,
    next_arrival: Arrival,
    pub(super) floor: super::limits::RollingFloor,
    pub(super) verified: ScriptCache,
    /// What made room for others; emptied by the node after every transaction.
    pub(super) left: Vec<Removed>,
    pub(super) journal: Journal,
}

/// A transaction that passed every check and is about to become an entry.
pub(super) struct Candidate {
    pub(super) transaction: Arc<Transaction>,
    pub(super) txid: Txid,
    pub(super) wtxid: Wtxid,
    /// `count` is 1.
    pub(super) own: Totals,
    pub(super) time: UnixTime,
    pub(super) height: Height,
}

impl Mempool {
    /// An empty pool.
    pub fn new(policy: PolicyParams) -> Self {
        Self {
            policy,
            entries: BTreeMap::new(),
            spenders: BTreeMap::new(),
            mining_order: BTreeMap::new(),
            eviction_order: BTreeMap::new(),
            usage: 0,
            vsize: 0,
            next_arrival: Arrival::default(),
            floor: Default::default(),
            verified: ScriptCache::default(),
            left: Vec::new(),
            journal: Journal::default(),
        }
    }

    /// What it accepts and how much it holds.
    pub fn policy(&self) -> &PolicyParams {
        &self.policy
    }

    /// The transactions whose scripts passed, for `Chainstate::activate`.
    pub fn script_cache(&self) -> &ScriptCache {
        &self.verified
    }

    /// What was replaced by others or evicted for them since this was last asked.
    pub fn take_left(&mut self) -> Vec<Removed> {
        std::mem::take(&mut self.left)
    }

    /// How many transactions it holds.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The virtual size of all transactions, bytes.
    pub fn vsize(&self) -> usize {
        self.vsize
    }

    /// The memory that the transactions take, bytes; an estimate.
    pub fn usage(&self) -> usize {
        self.usage
    }

    /// Whether it holds a transaction.
    pub fn contains(&self, txid: &Txid) -> bool {
        self.entries.contains_key(txid)
    }

    /// The entry of a transaction.
    pub fn get(&self, txid: &Txid) -> Option<&MempoolEntry> {
        self.entries.get(txid)
    }

    /// Which transaction of the pool spends an output.
    pub fn spender(&self, outpoint: &OutPoint) -> Option<Txid> {
        self.spenders.get(outpoint).copied()
    }

    /// An output that a transaction of the pool makes, spent in the pool or not.
    pub fn output(&self, outpoint: &OutPoint) -> Option<&TxOut> {
        self.entries.get(&outpoint.txid)?.transaction.outputs.get(outpoint.vout as usize)
    }

    /// All entries, by id.
    pub fn iter(&self) -> impl Iterator<Item = &MempoolEntry> {
        self.entries.values()
    }

    /// All entries in the order in which a miner takes them: packages by fee rate, parents before children.
    pub fn iter_mining_order(&self) -> impl Iterator<Item = &MempoolEntry> {
        self.packages().flat_map(|package| package.entries)
    }

    /// The pool in short; `orphans` is the orphanage's count.
    pub fn summary(&self, orphans: usize) -> MempoolSummary {
        let txids = self.iter_mining_order().take(SUMMARY_TXIDS).map(MempoolEntry::txid).collect();
        MempoolSummary { count: self.len(), vsize: self.vsize, orphans, txids }
    }

    /// All transactions of the pool that `txid` depends on, without itself.
    pub fn ancestors(&self, txid: &Txid) -> BTreeSet<Txid> {
        self.closure(txid, MempoolEntry::parents)
    }

    /// All transactions of the pool that depend on `txid`, without itself.
    pub fn descendants(&self, txid: &Txid) -> BTreeSet<Txid> {
        self.closure(txid, MempoolEntry::children)
    }

    fn closure(&self, txid: &Txid, next: fn(&MempoolEntry) -> &BTreeSet<Txid>) -> BTreeSet<Txid> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&MempoolEntry> = self.entries.get(txid).into_iter().collect();
        while let Some(entry) = open.pop() {
            let new = next(entry).iter().filter(|txid| found.insert(**txid));
            open.extend(new.filter_map(|txid| self.entries.get(txid)));
        }
        found
    }

    /// The ancestors that a transaction with these parents would have, unless it would stretch a chain of
    /// unconfirmed transactions beyond the limits (Core's `CalculateMemPoolAncestors`). What it replaces does not count.
    pub(super) fn ancestors_within_limits(
        &self,
        parents: &BTreeSet<Txid>,
        own: &Totals,
        replaced: &BTreeSet<Txid>,
    ) -> Result<BTreeSet<Txid>, MempoolError> {
        if parents.len() >= MAX_ANCESTORS {
            return Err(MempoolError::TooManyAncestors { count: parents.len() + 1, vsize: own.vsize });
        }
        let mut ancestors = parents.clone();
        for parent in parents {
            ancestors.extend(self.ancestors(parent));
        }
        let mut totals = *own;
        for ancestor in ancestors.iter().filter_map(|txid| self.entries.get(txid)) {
            totals.add(&ancestor.own);
            let mut descendants = ancestor.with_descendants;
            if !replaced.is_empty() {
                let below = self.descendants(&ancestor.txid);
                let gone = replaced.iter().filter(|txid| below.contains(txid));
                gone.filter_map(|txid| self.entries.get(txid))
                    .for_each(|gone| descendants.subtract(&gone.own));
            }
            if descendants.count + 1 > MAX_DESCENDANTS
                || descendants.vsize + own.vsize > MAX_DESCENDANTS_VSIZE
            {
                return Err(MempoolError::TooManyDescendants { ancestor: ancestor.txid });
            }
        }
        if totals.count > MAX_ANCESTORS || totals.vsize > MAX_ANCESTORS_VSIZE {
            return Err(MempoolError::TooManyAncestors { count: totals.count, vsize: totals.vsize });
        }
        Ok(ancestors)
    }

    /// The transactions of the pool that `tx` spends from.
    pub(super) fn parents_of(&self, tx: &Transaction) -> BTreeSet<Txid> {
        tx.inputs.iter().map(|input| input.previous_output.txid).filter(|txid| self.contains(txid)).collect()
    }

    /// Adds a checked transaction none of whose children is in the pool; `ancestors` are all of its own.
    pub(super) fn insert(&mut self, candidate: Candidate, ancestors: &BTreeSet<Txid>) {
        let Candidate { transaction, txid, wtxid, own, time, height } = candidate;
        let parents = self.parents_of(&transaction);
        let mut with_ancestors = own;
        for ancestor in ancestors {
            self.update(ancestor, |entry| entry.with_descendants.add(&own));
            with_ancestors.add(&self.entries.get(ancestor).map(|entry| entry.own).unwrap_or_default());
        }
        for parent in &parents {
            self.update(parent, |entry| {
                entry.children.insert(txid);
            });
        }
        let arrival = self.next_arrival;
        self.next_arrival = Arrival(arrival.0 + 1);
        self.spenders.extend(transaction.inputs.iter().map(|input| (input.previous_output, txid)));
        let entry = MempoolEntry {
            weight: transaction.weight(),
            transaction,
            txid,
            wtxid,
            time,
            height,
            arrival,
            own,
            parents,
            children: BTreeSet::new(),
            with_ancestors,
            with_descendants: own,
        };
        self.usage += entry.usage();
        self.vsize += own.vsize;
        self.mining_order.insert(entry.mining_key(), txid);
        self.eviction_order.insert(entry.eviction_key(), txid);
        self.entries.insert(txid, entry);
        self.journal.entered(arrival, txid);
    }

    /// Takes one entry out, and puts the sums of those that depend on it right. For these to add up either nothing
    /// in the pool depends on it, or it depends on nothing in the pool, as when it was confirmed.
    pub(super) fn remove_entry(&mut self, txid: &Txid) -> Option<MempoolEntry> {
        let (ancestors, descendants) = (self.ancestors(txid), self.descendants(txid));
        let entry = self.entries.remove(txid)?;
        for ancestor in &ancestors {
            self.update(ancestor, |other| {
                other.with_descendants.subtract(&entry.own);
                other.children.remove(txid);
            });
        }
        for descendant in &descendants {
            self.update(descendant, |other| {
                other.with_ancestors.subtract(&entry.own);
                other.parents.remove(txid);
            });
        }
        self.mining_order.remove(&entry.mining_key());
        self.eviction_order.remove(&entry.eviction_key());
        for input in &entry.transaction.inputs {
            self.spenders.remove(&input.previous_output);
        }
        self.usage -= entry.usage();
        self.vsize -= entry.own.vsize;
        self.journal.left(entry.arrival);
        Some(entry)
    }

    /// Takes an entry out with all that depend on it; itself first, children after their parents.
    pub(super) fn remove_with_descendants(&mut self, txid: &Txid) -> Vec<MempoolEntry> {
        let mut doomed: Vec<(Arrival, Txid)> = std::iter::once(*txid)
            .chain(self.descendants(txid))
            .filter_map(|txid| Some((self.entries.get(&txid)?.arrival, txid)))
            .collect();
        // From the last child up: while a parent goes, what depends on it must be gone, or sums would not add up.
        sort_by_key(&mut doomed, |place| Reverse(*place));
        let mut removed: Vec<MempoolEntry> =
            doomed.iter().filter_map(|(_, txid)| self.remove_entry(txid)).collect();
        removed.reverse();
        removed
    }

    /// Empties the pool; the entries in order of arrival. The fee floor and what is known of scripts stay.
    pub(super) fn take_all(&mut self) -> Vec<MempoolEntry> {
        for entry in self.entries.values() {
            self.journal.left(entry.arrival);
        }
        let (verified, journal) = (std::mem::take(&mut self.verified), std::mem::take(&mut self.journal));
        let (floor, next_arrival) = (self.floor, self.next_arrival);
        let emptied = Self { floor, next_arrival, verified, journal, ..Self::new(self.policy) };
        let mut entries: Vec<MempoolEntry> = std::mem::replace(self, emptied).entries.into_values().collect();
        sort_by_key(&mut entries, |entry| entry.arrival);
        entries
    }

    /// Changes an entry and moves it in both orders.
    fn update(&mut self, txid: &Txid, change: impl FnOnce(&mut MempoolEntry)) {
        let Some(entry) = self.entries.get_mut(txid) else { return };
        self.mining_order.remove(&entry.mining_key());
        self.eviction_order.remove(&entry.eviction_key());
        change(entry);
        self.mining_order.insert(entry.mining_key(), *txid);
        self.eviction_order.insert(entry.eviction_key(), *txid);
    }
}
