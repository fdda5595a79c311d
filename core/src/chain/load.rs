//! Opening a chain from its records. What fails its checksum is dropped and said so; the rest is made consistent: a
//! header without its parent is dropped (headers come again), coins that do not fit their tip are built anew from the
//! blocks, a body that turns out damaged later is downloaded again.

use crate::collections::BTreeMap;
use std::cmp::Reverse;

use super::chainstate::Chainstate;
use super::coins_log::CoinsLog;
use super::error::LoadError;
use super::index::{BlockStatus, ENTRIES_PER_RECORD, EntryId};
use super::persist::{Flush, NETWORK_KEY, StoredEntry, TIP_KEY, TipRecord};
use crate::consensus::Network;
use crate::encode::{Reader, deserialize};
use crate::primitives::Height;
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
        let network = read_network(&meta)?;
        let mut repairs = Vec::new();
        let mut chain = Self::create(network);
        chain.restore_index(&index, &mut repairs);
        match read_tip(&meta) {
            Ok(tip) => chain.restore_tip(&tip, &coins, &mut repairs),
            Err(why) => {
                chain.flush = Flush::stored(CoinsLog::new());
                chain.reindex_stored(&why, &mut repairs);
            }
        }
        chain.choose_best_header();
        Ok(LoadedChain { chain, repairs })
    }

    /// Puts stored headers back, parents first. Records with damage are written anew by the next batch.
    fn restore_index(&mut self, records: &Records, repairs: &mut Vec<String>) {
        let mut damaged = Vec::new();
        let mut entries = Vec::new();
        for (key, value) in records {
            match read_index_record(key, value) {
                Ok(read) => entries.extend(read),
                Err(why) => {
                    damaged.extend(record_number(key));
                    repairs.push(format!("{why}: its headers are dropped"));
                }
            }
        }
        entries.sort_by_key(|(id, entry)| (entry.height, *id));
        self.index.take_dirty();
        let mut dropped = 0;
        for (id, stored) in entries {
            if self.restore_entry(id, &stored) {
                self.restore_places(id, &stored);
            } else {
                dropped += 1;
                damaged.push(id.record());
            }
        }
        self.index.collect_free();
        if self.index.get(self.active[0]).body.is_none() {
            damaged.push(self.active[0].record());
        }
        self.index.mark_dirty(damaged);
        if dropped > 0 {
            repairs.push(format!("{dropped} headers without a parent are dropped"));
        }
    }

    fn restore_places(&mut self, id: EntryId, stored: &StoredEntry) {
        let entry = self.index.get_transient_mut(id);
        (entry.body, entry.undo) = (stored.body, stored.undo);
        if let Some(location) = stored.body {
            self.bodies.restore(id, location);
            self.bodies.forget_unsaved(id);
        }
        if let Some(location) = stored.undo {
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
        entry.n_tx = if stored.body.is_some() { stored.n_tx } else { 0 };
        entry.linked = linked && entry.has_body();
        entry.sequence = 1;
        true
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

fn read_network(meta: &Records) -> Result<Network, LoadError> {
    let value = meta.get(NETWORK_KEY).ok_or(LoadError::Network("it is missing".to_owned()))?;
    let payload = record::open(Table::ChainMeta, NETWORK_KEY, value);
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
