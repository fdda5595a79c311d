//! Opening a chain from its records. What fails its checksum is said so and rebuilt: the name of the network from its
//! copy or from the genesis block, the index from the stored blocks (`recovery`), coins that do not fit their tip from
//! the blocks; a body that turns out damaged later is downloaded again.

use crate::collections::{BTreeMap, sort_by_key};
use std::cmp::Reverse;

use super::chainstate::{Chainstate, Keeps};
use super::coins_log::CoinsLog;
use super::error::LoadError;
use super::index::{BlockStatus, ENTRIES_PER_RECORD, EntryId};
use super::pack::Location;
use super::persist::{Flush, HEADERS_KEY, NETWORK_COPY_KEY, NETWORK_KEY, StoredEntry, TIP_KEY, TipRecord};
use super::recovery::Recovery;
use crate::consensus::{Network, Preset};
use crate::encode::{Reader, deserialize};
use crate::primitives::{Header, Height};
use crate::store::{Record, Table, record};

/// A chain as it was opened.
#[derive(Debug)]
pub struct LoadedChain {
    /// The chain, at a tip with the coins that belong to it. `activate` goes on from there.
    pub chain: Chainstate,
    /// Records that were damaged, and what was done, one line each.
    pub repairs: Vec<String>,
}

/// Records by key.
type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// The tip as its record has it, or why it cannot be believed, and the records of the coins.
#[derive(Clone, Debug)]
pub(super) struct StoredTip {
    tip: Result<TipRecord, String>,
    coins: Records,
}

/// What the records of the index hold.
#[derive(Default)]
struct StoredIndex {
    entries: Vec<(EntryId, StoredEntry)>,
    /// Numbers of the records that could not be read.
    damaged: Vec<u32>,
}

impl Chainstate {
    /// Opens the chain that the eager tables of the chain's database hold.
    pub fn load(records: Vec<Record>) -> Result<LoadedChain, LoadError> {
        let mut tables: BTreeMap<Table, Records> = BTreeMap::new();
        for record in records {
            tables.entry(record.table).or_default().insert(record.key, record.value);
        }
        let mut take = |table| tables.remove(&table).unwrap_or_default();
        let (meta, index, coins) = (take(Table::ChainMeta), take(Table::Index), take(Table::Coins));
        if meta.is_empty() && index.is_empty() && coins.is_empty() {
            return Err(LoadError::Empty);
        }
        let mut repairs = Vec::new();
        let index = read_index(&index, &mut repairs);
        let (network, is_whole) = find_network(&meta, &index.entries, &mut repairs)?;
        let mut chain = Self::create(network);
        if meta.contains_key(HEADERS_KEY) {
            chain.keep_headers();
        }
        let stored = StoredTip { tip: read_tip(&meta), coins };
        let is_damaged = !index.damaged.is_empty();
        let orphans = chain.restore_index(index);
        if is_damaged || !orphans.is_empty() || !chain.knows_tip(&stored) {
            repairs.push("the index has holes: it is rebuilt from the stored blocks".to_owned());
            chain.flush = Flush::stored(CoinsLog::new());
            chain.recovery = Some(Recovery::new(orphans, stored));
        } else {
            chain.open_at(stored, &mut repairs);
        }
        if !is_whole {
            chain.flush.rewrite_network();
        }
        Ok(LoadedChain { chain, repairs })
    }

    /// Puts stored headers back, parents first, and gives those that have no parent. Records with damage are written
    /// anew by the next batch.
    fn restore_index(&mut self, stored: StoredIndex) -> Vec<StoredEntry> {
        let StoredIndex { mut entries, mut damaged } = stored;
        sort_by_key(&mut entries, |(id, entry)| (entry.height, *id));
        self.index.take_dirty();
        let mut orphans = Vec::new();
        for (id, stored) in entries {
            if self.restore_entry(id, &stored) {
                self.restore_places(id, stored.body, stored.undo);
            } else {
                damaged.push(id.record());
                orphans.push(stored);
            }
        }
        self.index.collect_free();
        if self.keeps == Keeps::Blocks && self.index.get(self.active[0]).body.is_none() {
            damaged.push(self.active[0].record());
        }
        self.index.mark_dirty(damaged);
        orphans
    }

    /// Whether the stored tip, if it can be read, is among the headers.
    fn knows_tip(&self, stored: &StoredTip) -> bool {
        match &stored.tip {
            Ok(tip) => self.index.id(&tip.tip).is_some(),
            Err(_) => true,
        }
    }

    pub(super) fn restore_places(&mut self, id: EntryId, body: Option<Location>, undo: Option<Location>) {
        let entry = self.index.get_transient_mut(id);
        (entry.body, entry.undo) = (body, undo);
        if let Some(location) = body {
            self.bodies.restore(id, location);
            self.bodies.forget_unsaved(id);
        }
        if let Some(location) = undo {
            self.undo.restore(id, location);
        }
    }

    fn restore_entry(&mut self, id: EntryId, stored: &StoredEntry) -> bool {
        if stored.height == 0 {
            return id == self.active[0];
        }
        let parent = self.index.id(&stored.header.prev_blockhash).map(|parent| self.index.get(parent));
        let (linked, parent_invalid) =
            parent.map_or((false, false), |parent| (parent.linked, parent.status.is_invalid()));
        let Some(entry) = self.index.restore(id, stored.header, &self.params.consensus) else { return false };
        if entry.height != Height(stored.height) {
            self.index.remove(id);
            return false;
        }
        entry.status = if parent_invalid { BlockStatus::InvalidAncestor } else { stored.status };
        let is_here = match self.keeps {
            Keeps::Blocks => stored.body.is_some(),
            Keeps::Headers => stored.status == BlockStatus::Valid,
        };
        entry.n_tx = if is_here { stored.n_tx } else { 0 };
        entry.linked = linked && entry.has_body();
        entry.sequence = 1;
        if let Some(filter) = stored.filter {
            self.restore_filter(id, filter);
        }
        true
    }

    /// Goes to the stored tip, or, where its record is damaged, on to the best block that is stored.
    pub(super) fn open_at(&mut self, stored: StoredTip, repairs: &mut Vec<String>) {
        match &stored.tip {
            Ok(tip) => self.restore_tip(tip, &stored.coins, repairs),
            Err(why) => {
                self.flush = Flush::stored(CoinsLog::new());
                self.reindex_stored(why, repairs);
            }
        }
        self.choose_best_header();
    }

    /// Goes to the stored tip with the stored coins, or starts from the genesis block where they do not hold.
    fn restore_tip(&mut self, tip: &TipRecord, coins: &Records, repairs: &mut Vec<String>) {
        self.bodies.reserve(tip.next_body_pack);
        self.undo.reserve(tip.next_undo_pack);
        self.flush = Flush::stored(tip.coins_log);
        if let Err(why) = self.try_restore_tip(tip, coins) {
            return self.reindex_stored(&why, repairs);
        }
        self.next_sequence = 2;
        self.find_candidates();
    }

    fn try_restore_tip(&mut self, tip: &TipRecord, coins: &Records) -> Result<(), String> {
        let restored = tip.coins_log.replay(coins)?;
        let id = self.index.id(&tip.tip).ok_or(format!("the tip {} is not among the headers", tip.tip))?;
        let entry = self.index.get(id);
        if !entry.linked || entry.status.is_invalid() {
            return Err(format!("the tip {} is not whole", tip.tip));
        }
        if restored.total() != tip.supply.expected_total() {
            return Err("the coins do not sum to what was created".to_owned());
        }
        let mut active: Vec<EntryId> = self.index.branch(Some(id)).map(|(id, _)| id).collect();
        active.reverse();
        let lacks_filter = |id: &EntryId| self.index.get(*id).filter.is_none();
        if self.keeps == Keeps::Blocks && active.iter().any(lacks_filter) {
            return Err("block filters are missing".to_owned());
        }
        for id in &active {
            self.index.get_transient_mut(*id).sequence = 0;
        }
        self.active = active;
        self.coins = restored;
        self.supply = tip.supply;
        Ok(())
    }

    /// Builds the coins anew where nobody has seen a tip yet: the way to the best block is no effect.
    fn reindex_stored(&mut self, why: &str, repairs: &mut Vec<String>) {
        repairs.push(format!("{why}: the coins are built anew from the blocks"));
        self.next_sequence = 2;
        self.reindex();
        let best = self.candidates.last().map(|(_, _, id)| *id);
        let mut branch: Vec<EntryId> = self.index.branch(best).map(|(id, _)| id).collect();
        branch.reverse();
        self.rebuild = Some(branch);
    }

    /// Every linked block that is at least as good as the tip.
    fn find_candidates(&mut self) {
        let tip = self.candidate(self.tip_id());
        let linked = self.index.iter().filter(|(_, entry)| entry.linked && !entry.status.is_invalid());
        let all = linked.map(|(id, entry)| (entry.chainwork, Reverse(entry.sequence), id));
        self.candidates = all.filter(|candidate| *candidate >= tip).collect();
    }
}

/// The network, and whether both of its records are whole. Where neither is, the stored genesis block tells a network
/// that is built in; the parameters of another are nowhere else.
fn find_network(
    meta: &Records,
    entries: &[(EntryId, StoredEntry)],
    repairs: &mut Vec<String>,
) -> Result<(Network, bool), LoadError> {
    match (read_network(meta, NETWORK_KEY), read_network(meta, NETWORK_COPY_KEY)) {
        (Ok(network), copy) => Ok((network, copy.is_ok())),
        (Err(error), Ok(network)) => {
            repairs.push(format!("{error}: it is rebuilt from its copy"));
            Ok((network, false))
        }
        (Err(error), Err(_)) => {
            let genesis = entries.iter().find(|(_, entry)| entry.height == 0);
            let preset =
                genesis.and_then(|(_, entry)| preset_of(&entry.header)).ok_or_else(|| error.clone())?;
            repairs.push(format!("{error}: it is rebuilt from the genesis block"));
            Ok((Network::Preset(preset), false))
        }
    }
}

fn preset_of(genesis: &Header) -> Option<Preset> {
    [Preset::Classroom, Preset::Regtest].into_iter().find(|preset| preset.genesis().header == *genesis)
}

fn read_network(meta: &Records, key: &[u8]) -> Result<Network, LoadError> {
    let value = meta.get(key).ok_or(LoadError::Network("it is missing".to_owned()))?;
    let payload = record::open(Table::ChainMeta, key, value);
    let payload = payload.map_err(|error| LoadError::Network(error.to_string()))?;
    Ok(Network::from_bytes(payload)?)
}

fn read_tip(meta: &Records) -> Result<TipRecord, String> {
    let value = meta.get(TIP_KEY).ok_or("the record of the tip is missing")?;
    let payload = record::open(Table::ChainMeta, TIP_KEY, value).map_err(|error| error.to_string())?;
    deserialize(payload).map_err(|error| format!("the record of the tip: {error}"))
}

fn record_number(key: &[u8]) -> Option<u32> {
    key.try_into().map(u32::from_be_bytes).ok()
}

fn read_index(records: &Records, repairs: &mut Vec<String>) -> StoredIndex {
    let mut index = StoredIndex::default();
    for (key, value) in records {
        match read_index_record(key, value) {
            Ok(read) => index.entries.extend(read),
            Err(why) => {
                index.damaged.extend(record_number(key));
                repairs.push(why);
            }
        }
    }
    index
}

fn read_index_record(key: &[u8], value: &[u8]) -> Result<Vec<(EntryId, StoredEntry)>, String> {
    let number = record_number(key).ok_or(format!("index record with a key of {} bytes", key.len()))?;
    let max_record = super::chainstate::MAX_HEADERS as u32 / ENTRIES_PER_RECORD;
    if number > max_record {
        return Err(format!("index record {number} is above {max_record}"));
    }
    let payload = record::open(Table::Index, key, value).map_err(|error| error.to_string())?;
    let mut reader = Reader::new(payload);
    let mut entries = Vec::new();
    while !reader.is_empty() {
        let entry: StoredEntry = reader.read().map_err(|error| format!("index record {number}: {error}"))?;
        if u32::from(entry.slot) >= ENTRIES_PER_RECORD {
            return Err(format!("index record {number} has slot {}", entry.slot));
        }
        entries.push((EntryId(number * ENTRIES_PER_RECORD + u32::from(entry.slot)), entry));
    }
    Ok(entries)
}
