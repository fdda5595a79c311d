//! Every header that this node knows, as a tree (Core's `CBlockIndex` and `BlockMap`).

use crate::collections::{BTreeMap, BTreeSet, sort};

use super::pack::Location;
use crate::consensus::ConsensusParams;
use crate::consensus::pow::DifficultyState;
use crate::primitives::{BlockHash, FilterHash, FilterHeader, Header, Height, Target, Work};

/// Blocks whose times make a median time past (Core's `nMedianTimeSpan`).
const MEDIAN_TIME_SPAN: usize = 11;

/// Entries in one stored record.
pub(crate) const ENTRIES_PER_RECORD: u32 = 64;

/// Names an entry; reused once its entry is gone, so never kept across a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EntryId(pub(crate) u32);

impl EntryId {
    /// The stored record that holds the entry.
    pub(crate) const fn record(self) -> u32 {
        self.0 / ENTRIES_PER_RECORD
    }
}

/// How far a block has been validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockStatus {
    /// Its header is valid, and so is its body by itself if it is here; it was never connected.
    HeaderValid,
    /// It was connected once: everything about it is valid.
    Valid,
    /// It breaks a rule.
    Invalid,
    /// It builds on a block that breaks a rule.
    InvalidAncestor,
}

impl BlockStatus {
    /// Whether it, or a block below it, breaks a rule.
    pub const fn is_invalid(self) -> bool {
        matches!(self, Self::Invalid | Self::InvalidAncestor)
    }
}

/// What is known of one block.
#[derive(Clone, Debug)]
pub struct BlockIndexEntry {
    /// The header.
    pub header: Header,
    /// Its hash.
    pub hash: BlockHash,
    /// Its height.
    pub height: Height,
    /// The work of the chain up to and with it.
    pub chainwork: Work,
    /// The median time of it and the ten blocks before it (Core's `GetMedianTimePast`).
    pub median_time_past: u32,
    /// How far it has been validated.
    pub status: BlockStatus,
    /// The number of its transactions, 0 until its body is here.
    pub n_tx: u32,
    pub(crate) parent: Option<EntryId>,
    pub(crate) difficulty: DifficultyState,
    /// Whether its body and all those below it are here.
    pub(crate) linked: bool,
    /// When it was linked; of two branches of the same work the first seen wins. 0 for those of the stored tip.
    pub(crate) sequence: u64,
    pub(crate) body: Option<Location>,
    pub(crate) undo: Option<Location>,
    /// The hash of its filter and the filter header that ends with it, once it has been connected.
    pub(crate) filter: Option<(FilterHash, FilterHeader)>,
}

/// The block with which a branch ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BranchEnd {
    /// Its hash.
    pub hash: BlockHash,
    /// Its height.
    pub height: Height,
}

impl BlockIndexEntry {
    /// The branch that ends with it.
    pub const fn branch(&self) -> BranchEnd {
        BranchEnd { hash: self.hash, height: self.height }
    }

    /// Whether its body is here, in memory or in the store.
    pub const fn has_body(&self) -> bool {
        self.n_tx > 0
    }
}

/// The tree of headers. Bounded by `Chainstate`: `MAX_HEADERS` in all, `MAX_SIDE_HEADERS` off the best chains.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockIndex {
    /// By id.
    entries: Vec<Option<BlockIndexEntry>>,
    /// Ids that may be given again.
    free: BTreeSet<EntryId>,
    by_hash: BTreeMap<BlockHash, EntryId>,
    /// Pairs of parent and child.
    children: BTreeSet<(EntryId, EntryId)>,
    /// Stored records whose entries changed since they were last taken.
    dirty: BTreeSet<u32>,
    /// How often anything in it changed.
    changes: u64,
}

impl BlockIndex {
    /// The entry of a block.
    pub(crate) fn id(&self, hash: &BlockHash) -> Option<EntryId> {
        self.by_hash.get(hash).copied()
    }

    /// A number that is another one after anything changed.
    pub(crate) const fn changes(&self) -> u64 {
        self.changes
    }

    /// The number of headers.
    pub(crate) fn len(&self) -> usize {
        self.by_hash.len()
    }

    /// The entry that `id` names.
    pub(crate) fn get(&self, id: EntryId) -> &BlockIndexEntry {
        self.slot(id).expect("an id names an entry as long as the entry is in the tree")
    }

    /// The entry, to be changed and so to be stored again.
    pub(crate) fn get_mut(&mut self, id: EntryId) -> &mut BlockIndexEntry {
        self.dirty.insert(id.record());
        self.get_transient_mut(id)
    }

    /// The entry, to be changed in what is not stored: links, sequence.
    pub(crate) fn get_transient_mut(&mut self, id: EntryId) -> &mut BlockIndexEntry {
        self.changes += 1;
        let entry = self.entries.get_mut(id.0 as usize).and_then(Option::as_mut);
        entry.expect("an id names an entry as long as the entry is in the tree")
    }

    /// The entry in a slot, if it is taken.
    pub(crate) fn slot(&self, id: EntryId) -> Option<&BlockIndexEntry> {
        self.entries.get(id.0 as usize).and_then(Option::as_ref)
    }

    /// All entries, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (EntryId, &BlockIndexEntry)> {
        let numbered = self.entries.iter().enumerate();
        numbered.filter_map(|(n, entry)| entry.as_ref().map(|entry| (EntryId(n as u32), entry)))
    }

    /// Adds a header that the rules allow on `parent`; none for the genesis block.
    pub(crate) fn insert(
        &mut self,
        header: Header,
        hash: BlockHash,
        parent: Option<EntryId>,
        consensus: &ConsensusParams,
    ) -> EntryId {
        let id = self.free.pop_first().unwrap_or(EntryId(self.entries.len() as u32));
        self.insert_at(id, header, hash, parent, consensus);
        self.dirty.insert(id.record());
        id
    }

    /// Puts a header in a slot, which must be free.
    fn insert_at(
        &mut self,
        id: EntryId,
        header: Header,
        hash: BlockHash,
        parent: Option<EntryId>,
        consensus: &ConsensusParams,
    ) {
        let entry = self.make_entry(header, hash, parent, consensus);
        self.changes += 1;
        let slot = id.0 as usize;
        if slot >= self.entries.len() {
            self.entries.resize(slot + 1, None);
        }
        self.entries[slot] = Some(entry);
        self.by_hash.insert(hash, id);
        if let Some(parent) = parent {
            self.children.insert((parent, id));
        }
    }

    fn make_entry(
        &self,
        header: Header,
        hash: BlockHash,
        parent: Option<EntryId>,
        consensus: &ConsensusParams,
    ) -> BlockIndexEntry {
        let own_work = Target::from_compact(header.bits).map(Target::work).unwrap_or(Work::ZERO);
        let (height, chainwork, difficulty, status) = match parent.map(|id| self.get(id)) {
            None => (
                Height::GENESIS,
                own_work,
                DifficultyState::genesis(&header, consensus),
                BlockStatus::HeaderValid,
            ),
            Some(parent) => {
                let status = match parent.status.is_invalid() {
                    true => BlockStatus::InvalidAncestor,
                    false => BlockStatus::HeaderValid,
                };
                let difficulty = parent.difficulty.child(header.time, consensus);
                (parent.height.next(), parent.chainwork + own_work, difficulty, status)
            }
        };
        BlockIndexEntry {
            header,
            hash,
            height,
            chainwork,
            median_time_past: self.median_time(header.time, parent),
            status,
            n_tx: 0,
            parent,
            difficulty,
            linked: false,
            sequence: u64::MAX,
            body: None,
            undo: None,
            filter: None,
        }
    }

    fn median_time(&self, time: u32, parent: Option<EntryId>) -> u32 {
        let below = self.branch(parent).map(|(_, entry)| entry.header.time);
        let mut times: Vec<u32> = std::iter::once(time).chain(below).take(MEDIAN_TIME_SPAN).collect();
        sort(&mut times);
        times[times.len() / 2]
    }

    /// From an entry down to the genesis block.
    pub(crate) fn branch(&self, from: Option<EntryId>) -> impl Iterator<Item = (EntryId, &BlockIndexEntry)> {
        let at = move |id: EntryId| (id, self.get(id));
        std::iter::successors(from.map(at), move |(_, entry)| entry.parent.map(at))
    }

    /// The children of an entry, by id.
    pub(crate) fn children(&self, id: EntryId) -> impl Iterator<Item = EntryId> {
        let range = (id, EntryId(0))..=(id, EntryId(u32::MAX));
        self.children.range(range).map(|(_, child)| *child)
    }

    /// All that build on an entry, parents before children.
    pub(crate) fn descendants(&self, id: EntryId) -> Vec<EntryId> {
        let mut found: Vec<EntryId> = self.children(id).collect();
        let mut next = 0;
        while let Some(&id) = found.get(next) {
            found.extend(self.children(id));
            next += 1;
        }
        found
    }

    /// Removes an entry without children and gives it back.
    pub(crate) fn remove(&mut self, id: EntryId) -> Option<BlockIndexEntry> {
        let entry = self.entries.get_mut(id.0 as usize)?.take()?;
        self.changes += 1;
        self.by_hash.remove(&entry.hash);
        if let Some(parent) = entry.parent {
            self.children.remove(&(parent, id));
        }
        self.free.insert(id);
        self.dirty.insert(id.record());
        Some(entry)
    }

    /// The stored records that changed since this was last called.
    pub(crate) fn take_dirty(&mut self) -> BTreeSet<u32> {
        std::mem::take(&mut self.dirty)
    }

    /// Marks records as to be written.
    pub(crate) fn mark_dirty(&mut self, records: impl IntoIterator<Item = u32>) {
        self.dirty.extend(records);
    }

    /// Whether anything waits to be stored.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The entries of a stored record, by slot.
    pub(crate) fn record(&self, record: u32) -> impl Iterator<Item = (EntryId, &BlockIndexEntry)> {
        let first = record * ENTRIES_PER_RECORD;
        let ids = (first..first + ENTRIES_PER_RECORD).map(EntryId);
        ids.filter_map(|id| self.slot(id).map(|entry| (id, entry)))
    }

    /// Puts a stored header back in its slot, its parent first; none where its parent is not there.
    pub(crate) fn restore(
        &mut self,
        id: EntryId,
        header: Header,
        consensus: &ConsensusParams,
    ) -> Option<&mut BlockIndexEntry> {
        let is_genesis = header.prev_blockhash == BlockHash::ZERO;
        let parent = self.id(&header.prev_blockhash);
        if parent.is_none() && !is_genesis || self.slot(id).is_some() {
            return None;
        }
        let hash = header.block_hash();
        if self.by_hash.contains_key(&hash) {
            return None;
        }
        self.insert_at(id, header, hash, parent, consensus);
        self.entries.get_mut(id.0 as usize).and_then(Option::as_mut)
    }

    /// Finds the slots that are free, after all stored headers are back.
    pub(crate) fn collect_free(&mut self) {
        let slots = self.entries.iter().enumerate();
        self.free = slots.filter(|(_, slot)| slot.is_none()).map(|(n, _)| EntryId(n as u32)).collect();
    }
}
