//! Records that are read when they are needed: what they held goes into memory, what is damaged or gone is made or fetched
//! again.

use std::sync::Arc;

use super::chainstate::{Chainstate, RecordKey};
use super::index::EntryId;
use super::pack::{Location, Packed, Packs};
use crate::consensus::check::CheckedBlock;
use crate::store::{Table, record};

impl Chainstate {
    /// Takes a record that [`ActivateStep::NeedRecords`](super::ActivateStep::NeedRecords) or [`Chainstate::body`] named;
    /// none if the store has none. What a damaged or missing record held is dropped, and downloaded or built anew: see
    /// [`Chainstate::needs_activation`].
    pub fn supply_record(&mut self, key: &RecordKey, value: Option<&[u8]>) {
        let Ok(pack) = key.key.as_slice().try_into().map(u32::from_be_bytes) else { return };
        let payload = match value {
            Some(value) => record::open(key.table, &key.key, value).map_err(|error| error.to_string()),
            None => Err(format!("record of {} is missing", key.table.name())),
        };
        if let (Table::Bodies, Some(recovery)) = (key.table, &mut self.recovery) {
            recovery.take_in(pack, value.map(|_| payload.as_deref().map_err(String::as_str)));
        }
        match key.table {
            Table::Bodies => {
                let index = &self.index;
                let place = |id| index.slot(id).and_then(|entry| entry.body);
                let lost = take_in(&mut self.bodies, pack, payload, place, &mut self.effects.repairs);
                for id in lost {
                    self.lose_body(id);
                }
            }
            Table::Undo => {
                let index = &self.index;
                let place = |id| index.slot(id).and_then(|entry| entry.undo);
                let lost = take_in(&mut self.undo, pack, payload, place, &mut self.effects.repairs);
                for id in lost {
                    self.lose_undo(id);
                }
            }
            _ => {}
        }
    }

    /// A body is gone: it is missing again, and what builds on it waits.
    pub(super) fn lose_body(&mut self, id: EntryId) {
        if id == self.active[0] {
            return self.restore_genesis(id);
        }
        let was_active = self.is_active_id(id);
        let descendants = self.index.descendants(id);
        for id in std::iter::once(id).chain(descendants) {
            self.candidates.remove(&self.candidate(id));
            self.index.get_mut(id).linked = false;
        }
        let entry = self.index.get_mut(id);
        entry.n_tx = 0;
        let location = entry.body.take();
        self.bodies.remove(id, location);
        if was_active {
            self.build_coins_anew("a block of the active chain is damaged");
        }
    }

    /// The genesis block's body is gone: nobody has to be asked for it.
    fn restore_genesis(&mut self, id: EntryId) {
        let location = self.index.get_mut(id).body.take();
        self.bodies.remove(id, location);
        self.bodies.add(id, Arc::new(CheckedBlock::from_store(self.network.genesis())));
    }

    /// Undo data is gone: connecting the block makes it again.
    fn lose_undo(&mut self, id: EntryId) {
        let entry = self.index.get_mut(id);
        entry.filter = None;
        let location = entry.undo.take();
        self.undo.remove(id, location);
        if self.is_active_id(id) {
            self.build_coins_anew("undo data of the active chain is damaged");
        }
    }
}

/// Takes a record's payload into memory and says which entries have lost what it should have held.
fn take_in<T: Packed>(
    packs: &mut Packs<T>,
    pack: u32,
    payload: Result<&[u8], String>,
    place: impl Fn(EntryId) -> Option<Location>,
    repairs: &mut Vec<String>,
) -> Vec<EntryId> {
    match payload {
        Ok(payload) => packs.supply(pack, payload, place),
        Err(_) if packs.in_pack(pack).is_empty() => Vec::new(),
        Err(why) => {
            repairs.push(format!("{why}: what it held is dropped"));
            packs.in_pack(pack)
        }
    }
}
