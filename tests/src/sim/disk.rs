//! A disk that can fail: the store's contract, with refused writes, full disks, power cuts and damaged records.

use super::dice::Dice;
use super::fault::{Fault, FaultCounts};
use terrarium_core::store::{BatchId, Database, Durability, MemoryStore, Op, Record, StoreBatch, Table};

/// Relaxed writes that a power cut may still lose; older ones have reached the disk.
const UNSAFE_WRITES: usize = 16;

/// How likely a disk fails, or its host dies, at a write. Never, by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskFaults {
    /// The host dies at one write in so many.
    pub crash_one_in: Option<usize>,
    /// One write in so many is refused.
    pub refuse_one_in: Option<usize>,
}

/// What became of a write.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It is stored.
    Committed,
    /// It is not, and nothing of it is.
    Refused(String),
    /// The host died at it.
    Died,
}

/// A store with a will of its own.
#[derive(Default)]
pub struct Disk {
    store: MemoryStore,
    faults: DiskFaults,
    /// Nothing that was written is ever lost.
    is_lasting: bool,
    /// What takes back the last relaxed writes, oldest first; at most [`UNSAFE_WRITES`], none where the disk is lasting.
    reversals: Vec<(Database, Vec<Op>)>,
    writes: u64,
}

impl Disk {
    /// What is stored; a clone is the same store.
    pub fn store(&self) -> &MemoryStore {
        &self.store
    }

    /// How many batches were stored.
    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// Sets how likely it fails.
    pub fn set_faults(&mut self, faults: DiskFaults) {
        self.faults = faults;
    }

    /// Takes no writes until told otherwise.
    pub fn set_full(&mut self, full: bool) {
        match full {
            true => self.store.fail_after(0),
            false => self.store.recover(),
        }
    }

    /// From now on the disk loses nothing that was written: what would take it back is not kept.
    pub(super) fn make_lasting(&mut self) {
        self.is_lasting = true;
        self.reversals = Vec::new();
    }

    pub(super) fn write(&mut self, batch: StoreBatch, dice: &mut Dice, counts: &mut FaultCounts) -> Written {
        let happens =
            |dice: &mut Dice, one_in: Option<usize>| one_in.is_some_and(|odds| dice.below(odds) == 0);
        let dies = happens(dice, self.faults.crash_one_in);
        if dies && dice.chance(0.5) {
            counts.note(Fault::CrashBeforeWrite);
            return Written::Died;
        }
        if happens(dice, self.faults.refuse_one_in) {
            counts.note(Fault::WriteFailed);
            return Written::Refused("the disk refused, once".to_owned());
        }
        let (database, durability) = (batch.database, batch.durability);
        let reversal = if self.is_lasting { None } else { self.reversal(&batch) };
        if let Err(error) = self.store.take(batch) {
            counts.note(Fault::DiskFull);
            return Written::Refused(error.to_string());
        }
        self.writes += 1;
        self.remember(database, durability, reversal);
        if dies {
            counts.note(Fault::CrashAfterWrite);
            return Written::Died;
        }
        Written::Committed
    }

    /// The power goes out: some of the last relaxed writes are lost, in each database the latest ones.
    pub(super) fn lose_power(&mut self, dice: &mut Dice, counts: &mut FaultCounts) {
        let mut kept: [usize; 3] = [Database::Chain, Database::Wallet, Database::Peers]
            .map(|database| dice.below(1 + self.reversals.iter().filter(|(of, _)| *of == database).count()));
        let mut lost = Vec::new();
        for (database, ops) in std::mem::take(&mut self.reversals) {
            match &mut kept[database as usize] {
                0 => lost.push((database, ops)),
                left => *left -= 1,
            }
        }
        for (database, ops) in lost.into_iter().rev() {
            counts.note(Fault::WritesLost);
            self.put(database, ops);
        }
    }

    /// Damages one record that the node loads when it opens; whether there was one.
    pub(super) fn damage(&mut self, database: Database, dice: &mut Dice, counts: &mut FaultCounts) -> bool {
        let records = self.store.records(database);
        if records.is_empty() {
            return false;
        }
        let Record { table, key, mut value } = dice.pick(&records).clone();
        let at = dice.below(value.len());
        value[at] ^= 1 << dice.below(8);
        counts.note(Fault::RecordDamaged);
        self.put(database, vec![Op::Put { table, key, value }]);
        true
    }

    fn put(&self, database: Database, ops: Vec<Op>) {
        let batch = StoreBatch { id: BatchId(0), database, durability: Durability::Strict, ops };
        self.store.recover();
        self.store.take(batch).expect("a batch for its own tables");
    }

    /// What takes a batch back; none where it clears a table, which is taken to reach the disk at once.
    fn reversal(&self, batch: &StoreBatch) -> Option<Vec<Op>> {
        let before = |table: Table, key: &Vec<u8>| {
            let found = self.store.lookup(batch.database, table, std::slice::from_ref(key)).ok()?;
            let key = key.clone();
            Some(match found.into_iter().next().flatten() {
                Some(value) => Op::Put { table, key, value },
                None => Op::Delete { table, key },
            })
        };
        let reversal = batch.ops.iter().rev().map(|op| match op {
            Op::Put { table, key, .. } | Op::Delete { table, key } => before(*table, key),
            Op::Clear { .. } => None,
        });
        reversal.collect()
    }

    fn remember(&mut self, database: Database, durability: Durability, reversal: Option<Vec<Op>>) {
        match reversal {
            Some(ops) if durability == Durability::Relaxed => {
                self.reversals.push((database, ops));
                if self.reversals.len() > UNSAFE_WRITES {
                    self.reversals.remove(0);
                }
            }
            _ => self.reversals.retain(|(other, _)| *other != database),
        }
    }
}
