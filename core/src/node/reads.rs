//! What is being read from the store: block bodies that someone waits for, and what the chain needs to change branch.
//! A record that came is given to the chain, which then has its blocks in memory.

use super::io::{LoadId, Output};
use super::walk::WalkId;
use crate::chain::RecordKey;
use crate::collections::{BTreeMap, BTreeSet};
use crate::interface::{PeerId, RequestId};
use crate::primitives::BlockHash;
use crate::store::{Database, Table};

/// Who waits for a block's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// A peer that asked for it.
    Peer(PeerId),
    /// A walk.
    Walk(WalkId),
    /// The list of the last blocks in the node's snapshot.
    Recent,
    /// Not the body is wanted but the filter.
    Filter(FilterReader),
}

/// Who waits for a block's compact filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FilterReader {
    /// A peer that asked for it.
    Peer(PeerId),
    /// `getblockfilter`.
    Command(RequestId),
}

/// Reads in flight.
#[derive(Default)]
pub(super) struct Reads {
    loads: u64,
    /// Each record in one read at most.
    in_flight: BTreeMap<LoadId, Vec<RecordKey>>,
    /// The records of all of them.
    wanted: BTreeSet<RecordKey>,
    /// Who waits for which body of a record; bounded by what peers may ask for at a time and by open commands.
    readers: BTreeMap<RecordKey, Vec<(Reader, BlockHash)>>,
}

impl Reads {
    /// Reads a record for someone who waits for a body in it; none if it is being read already.
    pub(super) fn body(&mut self, key: RecordKey, reader: Reader, hash: BlockHash) -> Option<Output> {
        self.readers.entry(key.clone()).or_default().push((reader, hash));
        self.records(vec![key]).pop()
    }

    /// Reads those records that are not being read already, one read for each table.
    pub(super) fn records(&mut self, keys: Vec<RecordKey>) -> Vec<Output> {
        let mut tables: BTreeMap<Table, Vec<RecordKey>> = BTreeMap::new();
        for key in keys {
            if self.wanted.insert(key.clone()) {
                tables.entry(key.table).or_default().push(key);
            }
        }
        tables.into_iter().map(|(table, keys)| self.load(table, keys)).collect()
    }

    /// A read is done: its records. None if nobody asked for it.
    pub(super) fn done(&mut self, id: LoadId) -> Option<Vec<RecordKey>> {
        let keys = self.in_flight.remove(&id)?;
        for key in &keys {
            self.wanted.remove(key);
        }
        Some(keys)
    }

    /// Who waited for bodies in a record that has come.
    pub(super) fn take_readers(&mut self, key: &RecordKey) -> Vec<(Reader, BlockHash)> {
        self.readers.remove(key).unwrap_or_default()
    }

    /// Whether nothing is being read.
    pub(super) fn is_idle(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Forgets all reads: the chain was replaced. What still comes is late. The commands that waited.
    pub(super) fn clear(&mut self) -> Vec<RequestId> {
        let readers = self.readers.values().flatten();
        let commands = readers.filter_map(|(reader, _)| match reader {
            Reader::Filter(FilterReader::Command(id)) => Some(*id),
            _ => None,
        });
        let commands = commands.collect();
        *self = Self { loads: self.loads, ..Self::default() };
        commands
    }

    fn load(&mut self, table: Table, keys: Vec<RecordKey>) -> Output {
        self.loads += 1;
        let id = LoadId(self.loads);
        let bytes = keys.iter().map(|key| key.key.clone()).collect();
        self.in_flight.insert(id, keys);
        Output::Load { id, database: Database::Chain, table, keys: bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> RecordKey {
        RecordKey { table: Table::Bodies, key: vec![n] }
    }

    fn id(output: &Output) -> LoadId {
        match output {
            Output::Load { id, .. } => *id,
            other => panic!("{other:?} is no read"),
        }
    }

    #[test]
    fn a_record_is_read_once_for_all_who_wait() {
        let mut reads = Reads::default();
        let (first, second) = (BlockHash::from_bytes([1; 32]), BlockHash::from_bytes([2; 32]));
        let load = reads.body(key(1), Reader::Recent, first).expect("a read");
        assert!(reads.body(key(1), Reader::Peer(PeerId(7)), second).is_none());
        assert_eq!(reads.done(id(&load)), Some(vec![key(1)]));
        assert_eq!(reads.take_readers(&key(1)), [(Reader::Recent, first), (Reader::Peer(PeerId(7)), second)]);
        assert!(reads.is_idle());
    }

    #[test]
    fn a_read_that_nobody_asked_for_is_none() {
        let mut reads = Reads::default();
        assert_eq!(reads.done(LoadId(1)), None);
        let load = reads.body(key(1), Reader::Recent, BlockHash::ZERO).expect("a read");
        reads.clear();
        assert_eq!(reads.done(id(&load)), None);
        let again = reads.body(key(1), Reader::Recent, BlockHash::ZERO).expect("a read");
        assert_ne!(id(&again), id(&load), "a late answer cannot be taken for a new one");
    }
}
