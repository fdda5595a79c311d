//! One transaction of the mempool: what it pays, what it depends on, where it stands in the two orders.

use crate::collections::BTreeSet;
use crate::encode::Encode as _;
use crate::primitives::{Amount, Height, Transaction, TxIn, TxOut, Txid, Wtxid};
use crate::time::UnixTime;
use std::cmp::Ordering;
use std::sync::Arc;

/// Memory that an entry's nodes in the pool's maps and sets take beside the transaction itself, in bytes; an estimate.
const ENTRY_OVERHEAD: usize = 400;

/// As [`ENTRY_OVERHEAD`], for each input.
const INPUT_OVERHEAD: usize = 100;

/// Bytes of an entry, of an input and of an output, as on a machine of 64 bits: a node must do the same on every machine.
const ENTRY: usize = 272;
const INPUT: usize = 88;
const OUTPUT: usize = 32;
const _: () = assert!(
    size_of::<MempoolEntry>() <= ENTRY && size_of::<TxIn>() <= INPUT && size_of::<TxOut>() <= OUTPUT,
    "the estimate is not below the truth"
);

/// The order in which transactions entered the pool; a parent's number is below its children's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrival(pub(crate) u64);

/// Sums over a set of transactions: an entry with all of its ancestors in the pool, or with all of its descendants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many transactions.
    pub count: usize,
    /// Their virtual size, bytes.
    pub vsize: usize,
    /// Their fees; at most a pool's worth of money, so the sum cannot overflow.
    pub fee: Amount,
    /// Their signature operations, in cost units (BIP141).
    pub sigops_cost: usize,
}

impl Totals {
    pub(crate) fn add(&mut self, other: &Totals) {
        self.count += other.count;
        self.vsize += other.vsize;
        self.fee = Amount::from_sat(self.fee.to_sat().saturating_add(other.fee.to_sat()));
        self.sigops_cost += other.sigops_cost;
    }

    pub(crate) fn subtract(&mut self, other: &Totals) {
        self.count -= other.count;
        self.vsize -= other.vsize;
        self.fee = Amount::from_sat(self.fee.to_sat().saturating_sub(other.fee.to_sat()));
        self.sigops_cost -= other.sigops_cost;
    }

    fn rate(&self) -> Rate {
        Rate { fee: self.fee, vsize: self.vsize }
    }
}

/// A fee for a size, compared as a fraction.
#[derive(Clone, Copy, Debug)]
struct Rate {
    fee: Amount,
    vsize: usize,
}

impl Rate {
    fn compare(&self, other: &Rate) -> Ordering {
        let scaled = |rate: &Rate, by: usize| i128::from(rate.fee.to_sat()) * by as i128;
        scaled(self, other.vsize).cmp(&scaled(other, self.vsize))
    }
}

/// Where a transaction stands in the order of mining: the lower of its own fee rate and that of it with its
/// ancestors, highest first (Core's `CompareTxMemPoolEntryByAncestorFee`); equal rates by arrival.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MiningKey {
    rate: Rate,
    arrival: Arrival,
}

impl MiningKey {
    pub(crate) fn new(own: &Totals, with_ancestors: &Totals, arrival: Arrival) -> Self {
        let (own, package) = (own.rate(), with_ancestors.rate());
        let rate = if own.compare(&package).is_lt() { own } else { package };
        Self { rate, arrival }
    }
}

impl Ord for MiningKey {
    fn cmp(&self, other: &Self) -> Ordering {
        other.rate.compare(&self.rate).then(self.arrival.cmp(&other.arrival))
    }
}

impl PartialOrd for MiningKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for MiningKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for MiningKey {}

/// Where a transaction stands in the order of eviction: the higher of its own fee rate and that of it with its
/// descendants, lowest first (Core's `CompareTxMemPoolEntryByDescendantScore`); of equal rates the latest first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EvictionKey {
    rate: Rate,
    arrival: Arrival,
}

impl EvictionKey {
    pub(crate) fn new(own: &Totals, with_descendants: &Totals, arrival: Arrival) -> Self {
        let (own, package) = (own.rate(), with_descendants.rate());
        let rate = if own.compare(&package).is_gt() { own } else { package };
        Self { rate, arrival }
    }
}

impl Ord for EvictionKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rate.compare(&other.rate).then(other.arrival.cmp(&self.arrival))
    }
}

impl PartialOrd for EvictionKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for EvictionKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for EvictionKey {}

/// A transaction in the mempool.
#[derive(Clone, Debug)]
pub struct MempoolEntry {
    pub(crate) transaction: Arc<Transaction>,
    pub(crate) txid: Txid,
    pub(crate) wtxid: Wtxid,
    pub(crate) weight: usize,
    pub(crate) time: UnixTime,
    pub(crate) height: Height,
    pub(crate) arrival: Arrival,
    pub(crate) own: Totals,
    /// Bounded by the transaction's inputs.
    pub(crate) parents: BTreeSet<Txid>,
    /// Bounded by `MAX_DESCENDANTS`.
    pub(crate) children: BTreeSet<Txid>,
    pub(crate) with_ancestors: Totals,
    pub(crate) with_descendants: Totals,
}

impl MempoolEntry {
    /// The transaction.
    pub fn transaction(&self) -> &Arc<Transaction> {
        &self.transaction
    }

    /// Its id.
    pub fn txid(&self) -> Txid {
        self.txid
    }

    /// Its id with witnesses.
    pub fn wtxid(&self) -> Wtxid {
        self.wtxid
    }

    /// What it pays to the miner.
    pub fn fee(&self) -> Amount {
        self.own.fee
    }

    /// Its virtual size in bytes, at least `BYTES_PER_SIGOP` for each signature operation (Core's
    /// `GetVirtualTransactionSize`).
    pub fn vsize(&self) -> usize {
        self.own.vsize
    }

    /// Its weight in weight units.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Its signature operations, in cost units.
    pub fn sigops_cost(&self) -> usize {
        self.own.sigops_cost
    }

    /// When it entered the pool.
    pub fn time(&self) -> UnixTime {
        self.time
    }

    /// The height of the tip when it entered.
    pub fn height(&self) -> Height {
        self.height
    }

    /// The transactions of the pool that it spends from.
    pub fn parents(&self) -> &BTreeSet<Txid> {
        &self.parents
    }

    /// The transactions of the pool that spend from it.
    pub fn children(&self) -> &BTreeSet<Txid> {
        &self.children
    }

    /// It and everything in the pool that it depends on.
    pub fn with_ancestors(&self) -> &Totals {
        &self.with_ancestors
    }

    /// It and everything in the pool that depends on it.
    pub fn with_descendants(&self) -> &Totals {
        &self.with_descendants
    }

    pub(crate) fn mining_key(&self) -> MiningKey {
        MiningKey::new(&self.own, &self.with_ancestors, self.arrival)
    }

    pub(crate) fn eviction_key(&self) -> EvictionKey {
        EvictionKey::new(&self.own, &self.with_descendants, self.arrival)
    }

    /// Memory that it takes, in bytes; an estimate that is not far below the truth.
    pub(crate) fn usage(&self) -> usize {
        let tx = &self.transaction;
        let fields = tx.inputs.len() * INPUT + tx.outputs.len() * OUTPUT;
        let overhead = ENTRY_OVERHEAD + tx.inputs.len() * INPUT_OVERHEAD;
        ENTRY + fields + tx.encoded_len() + overhead
    }
}
