//! Block bodies and undo data: new ones in memory until they are written, many small ones to a stored record, old
//! ones in memory while there is room, the rest in the store.

use std::collections::VecDeque;

use crate::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::index::EntryId;
use super::undo::BlockUndo;
use crate::consensus::check::CheckedBlock;
use crate::encode::{DecodeError, Encode, deserialize};
use crate::store::{Op, Table, record};

/// A record is closed once it holds so many bytes.
const PACK_SIZE: usize = 256 * 1024;

/// Bytes of written items that stay in memory, as they are encoded.
const RECENT_SIZE: usize = 2 * 1024 * 1024;

/// Where an item stands in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Location {
    /// The record.
    pub(crate) pack: u32,
    /// The first byte in its payload.
    pub(crate) offset: u32,
    /// The number of bytes.
    pub(crate) length: u32,
}

impl Location {
    /// The key of a pack.
    pub(crate) fn key(pack: u32) -> Vec<u8> {
        pack.to_be_bytes().to_vec()
    }

    fn range(self) -> std::ops::Range<usize> {
        let start = self.offset as usize;
        start..start + self.length as usize
    }
}

/// What is kept in packs.
pub(crate) trait Packed: Sized {
    /// The table of its packs.
    const TABLE: Table;
    /// Its bytes in the store.
    fn packed_len(&self) -> usize;
    /// Appends them.
    fn pack(&self, out: &mut Vec<u8>);
    /// Reads them back.
    fn unpack(bytes: &[u8]) -> Result<Self, DecodeError>;
}

impl Packed for CheckedBlock {
    const TABLE: Table = Table::Bodies;
    fn packed_len(&self) -> usize {
        self.block().encoded_len()
    }
    fn pack(&self, out: &mut Vec<u8>) {
        self.block().encode(out);
    }
    fn unpack(bytes: &[u8]) -> Result<Self, DecodeError> {
        deserialize(bytes).map(Self::from_store)
    }
}

impl Packed for BlockUndo {
    const TABLE: Table = Table::Undo;
    fn packed_len(&self) -> usize {
        self.encoded_len()
    }
    fn pack(&self, out: &mut Vec<u8>) {
        self.encode(out);
    }
    fn unpack(bytes: &[u8]) -> Result<Self, DecodeError> {
        deserialize(bytes)
    }
}

/// Items by entry.
#[derive(Clone, Debug)]
pub(crate) struct Packs<T> {
    /// Not yet given to a batch; bounded by the node through `Chainstate::pending_bytes`.
    unsaved: BTreeMap<EntryId, Arc<T>>,
    unsaved_bytes: usize,
    /// In the batch that is in flight.
    in_flight: BTreeMap<EntryId, Arc<T>>,
    in_flight_bytes: usize,
    /// Written, and still in memory: up to [`RECENT_SIZE`] bytes, oldest out first, the required ones excepted.
    recent: BTreeMap<EntryId, Arc<T>>,
    recent_order: VecDeque<EntryId>,
    recent_bytes: usize,
    /// Those that the next step needs; at most one step's.
    required: BTreeSet<EntryId>,
    /// The items in each stored record.
    by_pack: BTreeMap<u32, Vec<EntryId>>,
    /// The number of the next record.
    next_pack: u32,
    /// Records of which nothing is needed any more; at most one for each header removed since the last batch.
    obsolete: Vec<u32>,
    /// Those of them that the batch in flight deletes.
    obsolete_in_flight: Vec<u32>,
}

impl<T> Default for Packs<T> {
    fn default() -> Self {
        Self {
            unsaved: BTreeMap::new(),
            unsaved_bytes: 0,
            in_flight: BTreeMap::new(),
            in_flight_bytes: 0,
            recent: BTreeMap::new(),
            recent_order: VecDeque::new(),
            recent_bytes: 0,
            required: BTreeSet::new(),
            by_pack: BTreeMap::new(),
            next_pack: 0,
            obsolete: Vec::new(),
            obsolete_in_flight: Vec::new(),
        }
    }
}

/// Records to write, and where each new item will stand.
pub(crate) struct Packing {
    /// The records.
    pub(crate) ops: Vec<Op>,
    /// The items' places.
    pub(crate) locations: Vec<(EntryId, Location)>,
}

impl<T: Packed> Packs<T> {
    /// The item of an entry, if it is in memory.
    pub(crate) fn get(&self, id: EntryId) -> Option<&Arc<T>> {
        self.unsaved.get(&id).or_else(|| self.in_flight.get(&id)).or_else(|| self.recent.get(&id))
    }

    /// Takes a new item.
    pub(crate) fn add(&mut self, id: EntryId, item: Arc<T>) {
        let bytes = item.packed_len();
        if let Some(old) = self.unsaved.insert(id, item) {
            self.unsaved_bytes -= old.packed_len();
        }
        self.unsaved_bytes += bytes;
    }

    /// Bytes that wait to be written, those in flight included.
    pub(crate) const fn pending_bytes(&self) -> usize {
        self.unsaved_bytes + self.in_flight_bytes
    }

    /// Whether anything is to be written.
    pub(crate) fn has_unsaved(&self) -> bool {
        !self.unsaved.is_empty() || !self.obsolete.is_empty()
    }

    /// The number of the next record.
    pub(crate) const fn next_pack(&self) -> u32 {
        self.next_pack
    }

    /// Keeps the items of these entries in memory from when they are supplied until this is called again.
    pub(crate) fn require(&mut self, ids: impl IntoIterator<Item = EntryId>) {
        self.required = ids.into_iter().collect();
        self.evict();
    }

    /// Packs all that is unsaved, in the order of the entries, and counts it as in flight.
    pub(crate) fn start_batch(&mut self) -> Packing {
        let mut packing = Packing { ops: Vec::new(), locations: Vec::new() };
        self.obsolete_in_flight = std::mem::take(&mut self.obsolete);
        for pack in &self.obsolete_in_flight {
            packing.ops.push(Op::Delete { table: T::TABLE, key: Location::key(*pack) });
        }
        self.in_flight = std::mem::take(&mut self.unsaved);
        self.in_flight_bytes = std::mem::take(&mut self.unsaved_bytes);
        let mut payload = Vec::new();
        for (id, item) in &self.in_flight {
            let offset = payload.len();
            item.pack(&mut payload);
            let length = (payload.len() - offset) as u32;
            packing.locations.push((*id, Location { pack: self.next_pack, offset: offset as u32, length }));
            self.by_pack.entry(self.next_pack).or_default().push(*id);
            if payload.len() >= PACK_SIZE {
                packing.ops.push(Self::put(self.next_pack, &payload));
                self.next_pack += 1;
                payload.clear();
            }
        }
        if !payload.is_empty() {
            packing.ops.push(Self::put(self.next_pack, &payload));
            self.next_pack += 1;
        }
        packing
    }

    fn put(pack: u32, payload: &[u8]) -> Op {
        let key = Location::key(pack);
        let value = record::seal(T::TABLE, &key, payload);
        Op::Put { table: T::TABLE, key, value }
    }

    /// The batch is in the store.
    pub(crate) fn batch_committed(&mut self) {
        self.in_flight_bytes = 0;
        self.obsolete_in_flight.clear();
        for (id, item) in std::mem::take(&mut self.in_flight) {
            self.remember(id, item);
        }
    }

    /// The batch is not in the store: its items are unsaved again. Gives the entries whose places are void.
    pub(crate) fn batch_failed(&mut self) -> Vec<EntryId> {
        self.obsolete.append(&mut self.obsolete_in_flight);
        let returned = std::mem::take(&mut self.in_flight);
        let ids: Vec<EntryId> = returned.keys().copied().collect();
        for items in self.by_pack.values_mut() {
            items.retain(|id| !returned.contains_key(id));
        }
        self.by_pack.retain(|_, items| !items.is_empty());
        self.in_flight_bytes = 0;
        for (id, item) in returned {
            if !self.unsaved.contains_key(&id) {
                self.add(id, item);
            }
        }
        ids
    }

    /// Takes in a stored record's payload: all items that are of use there. Gives the entries whose items do not
    /// decode.
    pub(crate) fn supply(
        &mut self,
        pack: u32,
        payload: &[u8],
        place: impl Fn(EntryId) -> Option<Location>,
    ) -> Vec<EntryId> {
        let mut lost = Vec::new();
        for id in self.by_pack.get(&pack).cloned().unwrap_or_default() {
            let Some(location) = place(id).filter(|location| location.pack == pack) else { continue };
            let item = payload.get(location.range()).map(T::unpack);
            match item {
                Some(Ok(item)) if self.get(id).is_none() => self.remember(id, Arc::new(item)),
                Some(Ok(_)) => {}
                _ => lost.push(id),
            }
        }
        lost
    }

    /// The entries whose items are in a stored record.
    pub(crate) fn in_pack(&self, pack: u32) -> Vec<EntryId> {
        self.by_pack.get(&pack).cloned().unwrap_or_default()
    }

    /// Notes an item that is in the store already.
    pub(crate) fn restore(&mut self, id: EntryId, location: Location) {
        self.by_pack.entry(location.pack).or_default().push(id);
        self.next_pack = self.next_pack.max(location.pack.saturating_add(1));
    }

    /// Drops a new item: the store has it.
    pub(crate) fn forget_unsaved(&mut self, id: EntryId) {
        if let Some(item) = self.unsaved.remove(&id) {
            self.unsaved_bytes -= item.packed_len();
            self.remember(id, item);
        }
    }

    /// Never uses a record number below this again.
    pub(crate) fn reserve(&mut self, next_pack: u32) {
        self.next_pack = self.next_pack.max(next_pack);
    }

    /// Makes the next batch delete every record that holds nothing for anybody: nothing is in flight.
    pub(crate) fn drop_unnamed(&mut self) {
        self.obsolete = (0..self.next_pack).filter(|pack| !self.by_pack.contains_key(pack)).collect();
    }

    /// Forgets an entry's item everywhere.
    pub(crate) fn remove(&mut self, id: EntryId, location: Option<Location>) {
        if let Some(item) = self.unsaved.remove(&id) {
            self.unsaved_bytes -= item.packed_len();
        }
        if let Some(item) = self.in_flight.remove(&id) {
            self.in_flight_bytes -= item.packed_len();
        }
        if let Some(item) = self.recent.remove(&id) {
            self.recent_bytes -= item.packed_len();
        }
        let Some(location) = location else { return };
        if let Some(items) = self.by_pack.get_mut(&location.pack) {
            items.retain(|item| *item != id);
            if items.is_empty() {
                self.by_pack.remove(&location.pack);
                self.obsolete.push(location.pack);
            }
        }
    }

    fn remember(&mut self, id: EntryId, item: Arc<T>) {
        let bytes = item.packed_len();
        match self.recent.insert(id, item) {
            Some(old) => self.recent_bytes -= old.packed_len(),
            None => self.recent_order.push_back(id),
        }
        self.recent_bytes += bytes;
        self.evict();
    }

    fn evict(&mut self) {
        let mut kept = VecDeque::new();
        while self.recent_bytes > RECENT_SIZE {
            let Some(id) = self.recent_order.pop_front() else { break };
            if self.required.contains(&id) {
                kept.push_back(id);
            } else if let Some(item) = self.recent.remove(&id) {
                self.recent_bytes -= item.packed_len();
            }
        }
        kept.append(&mut self.recent_order);
        self.recent_order = kept;
    }
}
