//! Keeping the chain: what changed since the last batch becomes the next one.
//!
//! | table | key | payload |
//! | --- | --- | --- |
//! | ChainMeta | `network`, `network-copy` | the network (`Network::to_bytes`), twice: no other record can replace it |
//! | ChainMeta | `headers` | nothing: it is there where headers alone are kept |
//! | ChainMeta | `tip` | tip, extent of the coins' log, next record numbers, supply |
//! | Index | record number | up to 64 headers with status and places |
//! | Coins | segment number | coins that came and coins that went |
//! | Bodies, Undo | record number | blocks or undo data, one after the other |
//!
//! Numbers are big-endian, so that they sort.

use crate::collections::BTreeSet;

use super::chainstate::{Chainstate, Keeps};
use super::coins::Changes;
use super::coins_log::CoinsLog;
use super::index::{BlockIndex, BlockIndexEntry, BlockStatus, ENTRIES_PER_RECORD, EntryId};
use super::pack::Location;
use super::supply::Supply;
use crate::encode::{Decode, DecodeError, Encode, Reader};
use crate::primitives::{BlockHash, FilterHash, Header};
use crate::store::{BatchId, Database, Durability, Op, StoreBatch, Table, record};

/// Key of the network's record.
pub(super) const NETWORK_KEY: &[u8] = b"network";
/// Key of the copy of the network's record.
pub(super) const NETWORK_COPY_KEY: &[u8] = b"network-copy";
/// Key of the record that says that headers alone are kept.
pub(super) const HEADERS_KEY: &[u8] = b"headers";
/// Key of the tip's record.
pub(super) const TIP_KEY: &[u8] = b"tip";

/// Bytes that a change of a coin takes in a batch, about.
const CHANGE_SIZE: usize = 72;

/// What the next batch must know of the ones before it.
#[derive(Clone, Debug)]
pub(crate) struct Flush {
    /// The store holds nothing, or another chain: the next batch writes all.
    replace: bool,
    /// A record of the network is damaged: the next batch writes both.
    network: bool,
    coins_log: CoinsLog,
    in_flight: Option<InFlight>,
}

/// What a batch took along, to put back if it fails.
#[derive(Clone, Debug)]
struct InFlight {
    id: BatchId,
    replaced: bool,
    network: bool,
    coins_log: CoinsLog,
    changes: Changes,
    records: BTreeSet<u32>,
}

impl Flush {
    /// For a chain that the store does not hold.
    pub(crate) const fn new() -> Self {
        Self { replace: true, network: true, coins_log: CoinsLog::new(), in_flight: None }
    }

    /// For a chain that the store holds.
    pub(super) const fn stored(coins_log: CoinsLog) -> Self {
        Self { replace: false, network: false, coins_log, in_flight: None }
    }

    /// Makes the next batch write the network's records.
    pub(super) const fn rewrite_network(&mut self) {
        self.network = true;
    }

    /// Makes the next batch write every coin.
    pub(crate) const fn rewrite_coins(&mut self) {
        self.coins_log.rewrite();
    }
}

/// The record of the tip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TipRecord {
    pub(super) tip: BlockHash,
    pub(super) coins_log: CoinsLog,
    pub(super) next_body_pack: u32,
    pub(super) next_undo_pack: u32,
    pub(super) supply: Supply,
}

impl Chainstate {
    /// Everything that changed since the last batch, as one that leaves coins and tip in agreement; none if nothing
    /// did, while a batch is in flight, or while the index is being rebuilt.
    pub fn take_batch(&mut self, id: BatchId) -> Option<StoreBatch> {
        if self.flush.in_flight.is_some() || self.recovery.is_some() || !self.has_changes() {
            return None;
        }
        let mut ops = Vec::new();
        let replaced = std::mem::take(&mut self.flush.replace);
        if replaced {
            ops.extend(Table::of(Database::Chain).iter().map(|table| Op::Clear { table: *table }));
        }
        let network = std::mem::take(&mut self.flush.network);
        if network {
            let payload = self.network.to_bytes();
            ops.extend([NETWORK_KEY, NETWORK_COPY_KEY].map(|key| put(Table::ChainMeta, key, &payload)));
            ops.extend((self.keeps == Keeps::Headers).then(|| put(Table::ChainMeta, HEADERS_KEY, &[])));
        }
        let coins_log = self.flush.coins_log;
        self.pack_new_data(&mut ops);
        let changes = self.coins.take_changes();
        ops.extend(self.flush.coins_log.write(&changes, &self.coins));
        let records = self.index.take_dirty();
        ops.extend(records.iter().map(|record| index_op(&self.index, *record)));
        ops.push(put(Table::ChainMeta, TIP_KEY, &crate::encode::serialize(&self.tip_record())));
        self.flush.in_flight = Some(InFlight { id, replaced, network, coins_log, changes, records });
        Some(StoreBatch { id, database: Database::Chain, durability: Durability::Relaxed, ops })
    }

    /// Whether anything changed since the last batch.
    pub fn has_changes(&self) -> bool {
        self.index.is_dirty() || self.has_changes_beside_headers()
    }

    /// Whether anything changed since the last batch that peers could not give again at once.
    pub fn has_changes_beside_headers(&self) -> bool {
        self.flush.replace
            || self.flush.network
            || self.flush.coins_log.will_rewrite()
            || self.coins.pending() > 0
            || self.bodies.has_unsaved()
            || self.undo.has_unsaved()
    }

    /// Packs bodies and undo data that the store has not, and notes their places in the index.
    fn pack_new_data(&mut self, ops: &mut Vec<Op>) {
        let bodies = self.bodies.start_batch();
        for (id, location) in bodies.locations {
            self.index.get_mut(id).body = Some(location);
        }
        let undo = self.undo.start_batch();
        for (id, location) in undo.locations {
            self.index.get_mut(id).undo = Some(location);
        }
        ops.extend(bodies.ops);
        ops.extend(undo.ops);
    }

    fn tip_record(&self) -> TipRecord {
        TipRecord {
            tip: self.tip(),
            coins_log: self.flush.coins_log,
            next_body_pack: self.bodies.next_pack(),
            next_undo_pack: self.undo.next_pack(),
            supply: self.supply,
        }
    }

    /// The batch is in the store. Another id than the one in flight is ignored.
    pub fn committed(&mut self, id: BatchId) {
        if self.flush.in_flight.as_ref().is_some_and(|batch| batch.id == id) {
            self.flush.in_flight = None;
            self.bodies.batch_committed();
            self.undo.batch_committed();
        }
    }

    /// The batch is not in the store: what it held waits for the next one. Another id is ignored.
    pub fn failed(&mut self, id: BatchId) {
        let Some(batch) = self.flush.in_flight.take_if(|batch| batch.id == id) else { return };
        for id in self.bodies.batch_failed() {
            self.index.get_mut(id).body = None;
        }
        for id in self.undo.batch_failed() {
            self.index.get_mut(id).undo = None;
        }
        self.flush.replace |= batch.replaced;
        self.flush.network |= batch.network;
        let rewrite = self.flush.coins_log.will_rewrite();
        self.flush.coins_log = batch.coins_log;
        if rewrite {
            self.flush.coins_log.rewrite();
        }
        self.coins.return_changes(batch.changes);
        self.index.mark_dirty(batch.records);
    }

    /// Bytes that wait to be written, about, those in flight included. Over a bound of its own the node stops
    /// downloading.
    pub fn pending_bytes(&self) -> usize {
        let in_flight = self.flush.in_flight.as_ref().map_or(0, |batch| batch.changes.len());
        let changes = (self.coins.pending() + in_flight) * CHANGE_SIZE;
        self.bodies.pending_bytes() + self.undo.pending_bytes() + changes
    }
}

fn put(table: Table, key: &[u8], payload: &[u8]) -> Op {
    Op::Put { table, key: key.to_vec(), value: record::seal(table, key, payload) }
}

/// Bytes that a full record of the index mostly fits into.
const USUAL_RECORD: usize = 8 * 1024;

fn index_op(index: &BlockIndex, record: u32) -> Op {
    let key = record.to_be_bytes();
    let mut payload = Vec::with_capacity(USUAL_RECORD);
    for (id, entry) in index.record(record) {
        StoredEntry::of(id, entry).encode(&mut payload);
    }
    if payload.is_empty() {
        return Op::Delete { table: Table::Index, key: key.to_vec() };
    }
    put(Table::Index, &key, &payload)
}

/// The bit of a stored status that says that a filter's hash follows the entry.
const HAS_FILTER: u8 = 0x80;

/// A header as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredEntry {
    /// Its slot within the record.
    pub(super) slot: u8,
    pub(super) height: u32,
    pub(super) header: Header,
    pub(super) status: BlockStatus,
    pub(super) n_tx: u32,
    pub(super) body: Option<Location>,
    pub(super) undo: Option<Location>,
    pub(super) filter: Option<FilterHash>,
}

impl StoredEntry {
    fn of(id: EntryId, entry: &BlockIndexEntry) -> Self {
        Self {
            slot: (id.0 % ENTRIES_PER_RECORD) as u8,
            height: entry.height.0,
            header: entry.header,
            status: entry.status,
            n_tx: entry.n_tx,
            body: entry.body,
            undo: entry.undo,
            filter: entry.filter.map(|(hash, _)| hash),
        }
    }
}

impl Encode for StoredEntry {
    fn encode(&self, out: &mut Vec<u8>) {
        let status: u8 = match self.status {
            BlockStatus::HeaderValid => 0,
            BlockStatus::Valid => 1,
            BlockStatus::Invalid => 2,
            BlockStatus::InvalidAncestor => 3,
        };
        self.slot.encode(out);
        self.height.encode(out);
        self.header.encode(out);
        (status | if self.filter.is_some() { HAS_FILTER } else { 0 }).encode(out);
        self.n_tx.encode(out);
        encode_location(self.body, out);
        encode_location(self.undo, out);
        if let Some(filter) = &self.filter {
            filter.encode(out);
        }
    }
    fn encoded_len(&self) -> usize {
        crate::encode::serialize(self).len()
    }
}

impl Decode for StoredEntry {
    const MIN_ENCODED_LEN: usize = 92;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (slot, height, header) = (reader.read()?, reader.read()?, reader.read()?);
        let status: u8 = reader.read()?;
        Ok(Self {
            slot,
            height,
            header,
            status: match status & !HAS_FILTER {
                0 => BlockStatus::HeaderValid,
                1 => BlockStatus::Valid,
                2 => BlockStatus::Invalid,
                3 => BlockStatus::InvalidAncestor,
                _ => return Err(DecodeError::InvalidValue { field: "block status" }),
            },
            n_tx: reader.read()?,
            body: decode_location(reader)?,
            undo: decode_location(reader)?,
            filter: if status & HAS_FILTER != 0 { Some(reader.read()?) } else { None },
        })
    }
}

fn encode_location(location: Option<Location>, out: &mut Vec<u8>) {
    u8::from(location.is_some()).encode(out);
    if let Some(location) = location {
        location.pack.encode(out);
        location.offset.encode(out);
        location.length.encode(out);
    }
}

fn decode_location(reader: &mut Reader<'_>) -> Result<Option<Location>, DecodeError> {
    match reader.read::<u8>()? {
        0 => Ok(None),
        1 => Ok(Some(Location { pack: reader.read()?, offset: reader.read()?, length: reader.read()? })),
        _ => Err(DecodeError::InvalidValue { field: "location" }),
    }
}

impl Encode for TipRecord {
    fn encode(&self, out: &mut Vec<u8>) {
        self.tip.encode(out);
        self.coins_log.encode(out);
        self.next_body_pack.encode(out);
        self.next_undo_pack.encode(out);
        self.supply.encode(out);
    }
    fn encoded_len(&self) -> usize {
        32 + self.coins_log.encoded_len() + 8 + self.supply.encoded_len()
    }
}

impl Decode for TipRecord {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            tip: reader.read()?,
            coins_log: reader.read()?,
            next_body_pack: reader.read()?,
            next_undo_pack: reader.read()?,
            supply: reader.read()?,
        })
    }
}
