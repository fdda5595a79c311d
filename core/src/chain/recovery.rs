//! Rebuilding the block index where records of it are damaged or gone: every block whose body is stored has its header
//! in it, and every record that is whole says where its blocks stand. Only headers whose bodies never came are lost,
//! with what builds on them, and come again from others.
//!
//! Until it is done the chain stands at its genesis block and nothing is written.

use std::cmp::Reverse;

use crate::collections::{BTreeMap, BTreeSet, sort_by_key};

use super::activate::ActivateStep;
use super::chainstate::{Chainstate, RecordKey};
use super::index::BlockStatus;
use super::load::StoredTip;
use super::pack::Location;
use super::persist::StoredEntry;
use crate::cost::Cost;
use crate::encode::Reader;
use crate::primitives::{Block, BlockHash, FilterHash, Header};
use crate::store::Table;

/// Records of bodies that are read at a time.
const RECORDS_PER_STEP: u32 = 8;

/// A header that is not in the tree, with all that is known of it.
#[derive(Clone, Debug)]
struct Lost {
    header: Header,
    status: BlockStatus,
    n_tx: u32,
    body: Option<Location>,
    undo: Option<Location>,
    filter: Option<FilterHash>,
}

impl From<StoredEntry> for Lost {
    fn from(stored: StoredEntry) -> Self {
        let StoredEntry { header, status, n_tx, body, undo, filter, .. } = stored;
        Self { header, status, n_tx, body, undo, filter }
    }
}

/// What waits until the stored bodies have been looked through.
#[derive(Clone, Debug)]
pub(super) struct Recovery {
    /// By the hash of the parent; as many as there are stored headers and bodies.
    lost: BTreeMap<BlockHash, Vec<Lost>>,
    /// The first record of bodies that has not been asked for.
    next: u32,
    /// Those that were asked for and have not come.
    wanted: BTreeSet<u32>,
    /// Whether any of those last asked for was there.
    found_any: bool,
    /// Where to go once the index is whole.
    tip: StoredTip,
    repairs: Vec<String>,
}

impl Recovery {
    /// `orphans` are stored headers without a parent.
    pub(super) fn new(orphans: Vec<StoredEntry>, tip: StoredTip) -> Self {
        let mut lost: BTreeMap<BlockHash, Vec<Lost>> = BTreeMap::new();
        for stored in orphans {
            lost.entry(stored.header.prev_blockhash).or_default().push(stored.into());
        }
        Self { lost, next: 0, wanted: BTreeSet::new(), found_any: true, tip, repairs: Vec::new() }
    }

    /// The records to be read next: all below `end`, and then on until none is there, for the record that knows the end
    /// may be damaged too. None when all have been read.
    fn wanted(&mut self, end: u32) -> Vec<RecordKey> {
        if self.wanted.is_empty() && (self.next < end || std::mem::take(&mut self.found_any)) {
            self.found_any = false;
            let after = self.next.saturating_add(RECORDS_PER_STEP);
            self.wanted.extend(self.next..after);
            self.next = after;
        }
        let key = |pack: &u32| RecordKey { table: Table::Bodies, key: Location::key(*pack) };
        self.wanted.iter().map(key).collect()
    }

    /// A record of bodies has been read; none where there is no such record.
    pub(super) fn take_in(&mut self, pack: u32, payload: Option<Result<&[u8], &str>>) {
        if !self.wanted.remove(&pack) {
            return;
        }
        self.found_any |= payload.is_some();
        match payload {
            Some(Ok(payload)) => self.read_bodies(pack, payload),
            Some(Err(why)) => self.repairs.push(format!("{why}: what it held is dropped")),
            None => {}
        }
    }

    fn read_bodies(&mut self, pack: u32, payload: &[u8]) {
        let mut reader = Reader::new(payload);
        loop {
            let offset = payload.len() - reader.remaining();
            let Ok(block) = reader.read::<Block>() else { return };
            let length = payload.len() - reader.remaining() - offset;
            let place = Location { pack, offset: offset as u32, length: length as u32 };
            let lost = Lost {
                header: block.header,
                status: BlockStatus::HeaderValid,
                n_tx: block.transactions.len() as u32,
                body: Some(place),
                undo: None,
                filter: None,
            };
            self.lost.entry(block.header.prev_blockhash).or_default().push(lost);
        }
    }
}

impl Chainstate {
    /// Looks through the stored bodies, a few records at a time, and then puts the index right and goes to the stored
    /// tip.
    pub(super) fn recover(&mut self, mut recovery: Recovery) -> ActivateStep {
        let wanted = recovery.wanted(self.bodies.next_pack());
        if wanted.is_empty() {
            self.finish_recovery(recovery);
            return ActivateStep::More(Cost::ZERO);
        }
        self.recovery = Some(recovery);
        ActivateStep::NeedRecords(wanted)
    }

    fn finish_recovery(&mut self, recovery: Recovery) {
        let Recovery { mut lost, next, tip, mut repairs, .. } = recovery;
        let before = self.index.len();
        let mut parents: Vec<BlockHash> =
            lost.keys().filter(|parent| self.index.id(parent).is_some()).copied().collect();
        while let Some(parent) = parents.pop() {
            // What a whole record says comes before what a body says: it knows more.
            let mut children = lost.remove(&parent).unwrap_or_default();
            sort_by_key(&mut children, |child| Reverse(child.undo.is_some()));
            for child in children {
                parents.push(child.header.block_hash());
                self.put_back(&parent, child);
            }
        }
        let (found, dropped) = (self.index.len() - before, lost.values().map(Vec::len).sum::<usize>());
        repairs.push(format!("{found} headers are back, from stored blocks and from records above them"));
        if dropped > 0 {
            repairs.push(format!("{dropped} headers without a parent are dropped"));
        }
        self.bodies.reserve(next);
        self.bodies.drop_unnamed();
        self.undo.drop_unnamed();
        self.open_at(tip, &mut repairs);
        self.effects.repairs.append(&mut repairs);
    }

    /// Puts a header back on its parent, unless it is there.
    fn put_back(&mut self, parent: &BlockHash, lost: Lost) {
        let hash = lost.header.block_hash();
        let (Some(parent), None) = (self.index.id(parent), self.index.id(&hash)) else { return };
        let id = self.index.insert(lost.header, hash, Some(parent), &self.params.consensus);
        let (linked, is_void) = (self.index.get(parent).linked, self.index.get(parent).status.is_invalid());
        let entry = self.index.get_mut(id);
        entry.status = if is_void { BlockStatus::InvalidAncestor } else { lost.status };
        entry.n_tx = if lost.body.is_some() { lost.n_tx } else { 0 };
        entry.linked = linked && entry.has_body();
        entry.sequence = 1;
        if let Some(filter) = lost.filter {
            self.restore_filter(id, filter);
        }
        self.restore_places(id, lost.body, lost.undo);
    }
}
