//! The order of mining: an entry is taken together with those of its ancestors that are not taken yet, best package
//! first (Core's `BlockAssembler::addPackageTxs`).

use super::entry::{MempoolEntry, MiningKey, Totals};
use super::pool::Mempool;
use crate::collections::{self, BTreeMap, BTreeSet, sort_by_key};
use crate::primitives::Txid;
use std::iter::Peekable;

/// An entry and those of its ancestors that were not taken before it.
#[derive(Clone, Debug)]
pub struct Package<'a> {
    /// Parents before children; the last is the entry that the package is taken for.
    pub entries: Vec<&'a MempoolEntry>,
}

impl Package<'_> {
    /// The weight of all entries, weight units.
    pub fn weight(&self) -> usize {
        self.entries.iter().map(|entry| entry.weight()).sum()
    }

    /// The signature operations of all entries, cost units.
    pub fn sigops_cost(&self) -> usize {
        self.entries.iter().map(|entry| entry.sigops_cost()).sum()
    }
}

/// Walks a pool in the order of mining. Who walks says of each package whether it was taken; as an iterator it takes
/// them all.
pub struct PackageSelection<'a> {
    pool: &'a Mempool,
    rest: Peekable<collections::Iter<'a, MiningKey, Txid>>,
    /// What is left of the packages of which a part was taken. These three are bounded by the pool.
    modified: BTreeMap<Txid, Totals>,
    modified_order: BTreeMap<MiningKey, Txid>,
    /// Taken, or passed over for good.
    settled: BTreeSet<Txid>,
    taken: BTreeSet<Txid>,
}

impl Mempool {
    /// The pool's packages in the order of mining.
    pub fn packages(&self) -> PackageSelection<'_> {
        PackageSelection {
            pool: self,
            rest: self.mining_order.iter().peekable(),
            modified: BTreeMap::new(),
            modified_order: BTreeMap::new(),
            settled: BTreeSet::new(),
            taken: BTreeSet::new(),
        }
    }
}

impl<'a> PackageSelection<'a> {
    /// The best package that is left. It is offered once: [`Self::include`] it, or it is passed over.
    pub fn offer(&mut self) -> Option<Package<'a>> {
        let txid = self.next_head()?;
        self.settled.insert(txid);
        self.forget_modified(&txid);
        let ancestors = self.pool.ancestors(&txid);
        let mut entries: Vec<&MempoolEntry> = std::iter::once(&txid)
            .chain(ancestors.difference(&self.taken))
            .filter_map(|txid| self.pool.get(txid))
            .collect();
        sort_by_key(&mut entries, |entry| entry.arrival);
        Some(Package { entries })
    }

    /// Counts a package as taken: what depends on its entries is worth more or less without them.
    pub fn include(&mut self, package: &Package<'_>) {
        for entry in &package.entries {
            self.settled.insert(entry.txid);
            self.taken.insert(entry.txid);
            self.forget_modified(&entry.txid);
        }
        for entry in &package.entries {
            for descendant in self.pool.descendants(&entry.txid) {
                self.discount(&descendant, &entry.own);
            }
        }
    }

    /// The head of the better of the next unmodified and the next modified package.
    fn next_head(&mut self) -> Option<Txid> {
        while let Some((_, txid)) = self.rest.peek() {
            if !self.settled.contains(*txid) && !self.modified.contains_key(*txid) {
                break;
            }
            self.rest.next();
        }
        let modified = self.modified_order.first_key_value();
        match (self.rest.peek(), modified) {
            (Some((_, txid)), None) => Some(**txid),
            (Some((key, txid)), Some((other, _))) if *key < other => Some(**txid),
            (_, Some((_, txid))) => Some(*txid),
            (None, None) => None,
        }
    }

    fn discount(&mut self, txid: &Txid, taken: &Totals) {
        if self.settled.contains(txid) {
            return;
        }
        let Some(entry) = self.pool.get(txid) else { return };
        let totals = self.modified.entry(*txid).or_insert(entry.with_ancestors);
        self.modified_order.remove(&MiningKey::new(&entry.own, totals, entry.arrival));
        totals.subtract(taken);
        self.modified_order.insert(MiningKey::new(&entry.own, totals, entry.arrival), *txid);
    }

    fn forget_modified(&mut self, txid: &Txid) {
        if let (Some(totals), Some(entry)) = (self.modified.remove(txid), self.pool.get(txid)) {
            self.modified_order.remove(&MiningKey::new(&entry.own, &totals, entry.arrival));
        }
    }
}

impl<'a> Iterator for PackageSelection<'a> {
    type Item = Package<'a>;

    fn next(&mut self) -> Option<Package<'a>> {
        let package = self.offer()?;
        self.include(&package);
        Some(package)
    }
}
