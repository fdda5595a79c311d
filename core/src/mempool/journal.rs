//! The pool in the store, so that what waits survives a restart (Core's `mempool.dat`). It is checked again when it comes
//! back: a record says what waited, not that it is valid.
//!
//! | table | key | payload |
//! | --- | --- | --- |
//! | Mempool | number of arrival, 8 bytes big-endian, so that parents come before children | when it entered, 4 bytes; the transaction |

use super::entry::{Arrival, MempoolEntry};
use super::pool::Mempool;
use crate::collections::{BTreeMap, BTreeSet};
use crate::encode::{DecodeError, Encode as _, Reader};
use crate::primitives::{Transaction, Txid};
use crate::store::{Op, Record, Table, record};
use crate::time::UnixTime;
use std::sync::Arc;

/// Bytes of records that the store holds at most; what comes when it is full is not kept over a restart (ours).
pub const MAX_STORED_BYTES: usize = 4_000_000;

/// What of the pool is in the store, and what of that has changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    /// The store may hold anything: the next batch replaces it.
    rewrite: bool,
    /// Entered since the last batch; bounded by the pool.
    entered: BTreeMap<Arrival, Txid>,
    /// In the store, with the size of each record in bytes; at most [`MAX_STORED_BYTES`] in all.
    stored: BTreeMap<Arrival, usize>,
    /// In the store and to be removed from it; bounded as `stored` is.
    left: BTreeSet<Arrival>,
    /// Sum of the sizes in `stored`.
    bytes: usize,
}

impl Journal {
    /// A transaction is in the pool.
    pub(super) fn entered(&mut self, arrival: Arrival, txid: Txid) {
        self.entered.insert(arrival, txid);
    }

    /// A transaction is in the pool no more.
    pub(super) fn left(&mut self, arrival: Arrival) {
        self.entered.remove(&arrival);
        if let Some(size) = self.stored.remove(&arrival) {
            self.bytes -= size;
            self.left.insert(arrival);
        }
    }
}

impl Mempool {
    /// Whether the store holds something else than it should.
    pub fn has_changes(&self) -> bool {
        let Journal { rewrite, entered, left, .. } = &self.journal;
        *rewrite || !entered.is_empty() || !left.is_empty()
    }

    /// What was written did not get there, or something else did: the next changes replace all.
    pub fn rewrite(&mut self) {
        let arrivals = self.entries.values().map(|entry| (entry.arrival, entry.txid));
        self.journal = Journal { rewrite: true, entered: arrivals.collect(), ..Journal::default() };
    }

    /// What changed since this was last called, as writes to the chain's database.
    pub fn take_changes(&mut self) -> Vec<Op> {
        let journal = &mut self.journal;
        let mut ops = Vec::new();
        if std::mem::take(&mut journal.rewrite) {
            ops.push(Op::Clear { table: Table::Mempool });
        }
        let left = std::mem::take(&mut journal.left);
        ops.extend(left.into_iter().map(|arrival| Op::Delete { table: Table::Mempool, key: key(arrival) }));
        for (arrival, txid) in std::mem::take(&mut journal.entered) {
            let Some(entry) = self.entries.get(&txid) else { continue };
            let value = seal(arrival, entry);
            if journal.bytes + value.len() <= MAX_STORED_BYTES {
                journal.bytes += value.len();
                journal.stored.insert(arrival, value.len());
                ops.push(Op::Put { table: Table::Mempool, key: key(arrival), value });
            }
        }
        ops
    }
}

/// A transaction that waited before a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTransaction {
    /// When it entered the mempool.
    pub since: UnixTime,
    /// The transaction.
    pub transaction: Arc<Transaction>,
}

impl StoredTransaction {
    /// Those of the given records that are of the mempool, parents before children; and one line for each that is not
    /// believed.
    pub fn read_all(records: &[Record]) -> (Vec<Self>, Vec<String>) {
        let (mut transactions, mut notes) = (Vec::new(), Vec::new());
        for stored in records.iter().filter(|stored| stored.table == Table::Mempool) {
            match Self::read(stored) {
                Ok(transaction) => transactions.push(transaction),
                Err(reason) => notes.push(format!("a waiting transaction was dropped: {reason}")),
            }
        }
        (transactions, notes)
    }

    fn read(stored: &Record) -> Result<Self, String> {
        let payload = record::open(stored.table, &stored.key, &stored.value);
        let payload = payload.map_err(|error| error.to_string())?;
        Self::decode(payload).map_err(|error| error.to_string())
    }

    fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        Ok(Self { since: UnixTime(reader.read()?), transaction: Arc::new(reader.read()?) })
    }
}

fn key(arrival: Arrival) -> Vec<u8> {
    arrival.0.to_be_bytes().to_vec()
}

fn seal(arrival: Arrival, entry: &MempoolEntry) -> Vec<u8> {
    let mut payload = Vec::with_capacity(4 + entry.transaction.encoded_len());
    entry.time.0.encode(&mut payload);
    entry.transaction.encode(&mut payload);
    record::seal(Table::Mempool, &key(arrival), &payload)
}
