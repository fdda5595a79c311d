//! Which nodes a lab has and what each was last asked to do, remembered between visits.

use super::memory;
use crate::browser;
use terrarium_core::encode::{DecodeError, Reader};
use terrarium_core::interface::{MiningMode, NodeConfig, NodeId, StartOptions, Wire};

/// How entries are written. Counts up with every change of what an entry holds: what an older page remembered is then
/// not readable.
pub(super) const FORMAT: u8 = 1;

/// A node as it is made and started again.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RosterEntry {
    /// What it is made of.
    pub(crate) config: NodeConfig,
    /// How it joins the network when it is started.
    pub(crate) start: StartOptions,
    /// Whether it is to be on the network.
    pub(crate) running: bool,
    /// When it mines.
    pub(crate) mining: MiningMode,
    /// Where its rewards go, if that was said.
    pub(crate) reward: Option<String>,
    /// Its dial, in kH/s.
    pub(crate) khs: f64,
}

impl Wire for RosterEntry {
    fn write(&self, out: &mut Vec<u8>) {
        let Self { config, start, running, mining, reward, khs } = self;
        config.write(out);
        start.write(out);
        running.write(out);
        mining.write(out);
        reward.write(out);
        khs.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            config: Wire::read(reader)?,
            start: Wire::read(reader)?,
            running: Wire::read(reader)?,
            mining: Wire::read(reader)?,
            reward: Wire::read(reader)?,
            khs: Wire::read(reader)?,
        })
    }
}

/// The nodes of an earlier visit to a lab; none where it was never visited, or nothing readable is left of it.
pub(crate) fn load(lab: &str) -> Option<Vec<RosterEntry>> {
    memory::from_text(FORMAT, &browser::remembered(&key(lab))?)
}

/// What is remembered of one node of a lab.
pub(crate) fn find(lab: &str, id: NodeId) -> Option<RosterEntry> {
    load(lab)?.into_iter().find(|entry| entry.config.id == id)
}

/// Whether anything is remembered of a lab, readable or not.
pub(crate) fn is_remembered(lab: &str) -> bool {
    browser::remembered(&key(lab)).is_some()
}

/// Remembers one node of a lab; what another tab remembered of the others stays.
pub(crate) fn put(lab: &str, entry: &RosterEntry) {
    let mut entries = load(lab).unwrap_or_default();
    match entries.iter_mut().find(|known| known.config.id == entry.config.id) {
        Some(known) => *known = entry.clone(),
        None => entries.push(entry.clone()),
    }
    save(lab, entries);
}

/// Forgets one node of a lab.
pub(crate) fn remove(lab: &str, id: NodeId) {
    let mut entries = load(lab).unwrap_or_default();
    entries.retain(|entry| entry.config.id != id);
    save(lab, entries);
}

/// Remembers these nodes of a lab and no others.
pub(crate) fn save(lab: &str, entries: Vec<RosterEntry>) {
    browser::remember(&key(lab), &memory::to_text(FORMAT, entries));
}

/// The name under which a lab's nodes are remembered.
pub(crate) fn key(lab: &str) -> String {
    format!("terrarium/{lab}/nodes")
}

/// Remembers that the lab's first blocks are still to be made, or that they are there.
pub(crate) fn set_up(lab: &str, done: bool) {
    if done {
        browser::forget(&set_up_key(lab));
    } else {
        browser::remember(&set_up_key(lab), "underway");
    }
}

/// Whether an earlier visit left before the lab's first blocks were there.
pub(crate) fn is_being_set_up(lab: &str) -> bool {
    browser::remembered(&set_up_key(lab)).is_some()
}

fn set_up_key(lab: &str) -> String {
    format!("terrarium/{lab}/setup")
}

/// Forgets the whole lab: its nodes and how far it was set up.
pub(crate) fn forget(lab: &str) {
    browser::forget(&key(lab));
    browser::forget(&set_up_key(lab));
}

/// The databases that a node keeps in a lab.
pub(crate) fn databases(lab: &str, id: NodeId) -> [String; 3] {
    ["blockchain", "wallet", "peers"].map(|kind| format!("terrarium/{lab}/{kind}_{id}"))
}
