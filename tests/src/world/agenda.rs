//! What is still to happen, in order of time and, at one time, in the order in which it was planned.

use std::collections::BTreeMap;
use terrarium_core::interface::NodeId;
use terrarium_core::node::Input;
use terrarium_core::store::StoreBatch;
use terrarium_core::time::Mono;

/// What happens to a node.
pub(super) enum Happening {
    /// It is told something.
    Input(Input),
    /// Its timer fires.
    Wake,
    /// Its store carries out a write, and then answers.
    Write(StoreBatch),
}

/// Something that happens to a node, if it is still in the life for which it was planned.
pub(super) struct Entry {
    pub(super) node: NodeId,
    pub(super) life: u32,
    pub(super) happening: Happening,
}

/// The plan of a world.
#[derive(Default)]
pub(super) struct Agenda {
    entries: BTreeMap<(Mono, u64), Entry>,
    planned: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, at: Mono, node: NodeId, life: u32, happening: Happening) {
        self.planned += 1;
        self.entries.insert((at, self.planned), Entry { node, life, happening });
    }

    /// The next entry, unless it is after `end`.
    pub(super) fn next(&mut self, end: Mono) -> Option<(Mono, Entry)> {
        let first = self.entries.first_entry().filter(|entry| entry.key().0 <= end)?;
        let ((at, _), entry) = first.remove_entry();
        Some((at, entry))
    }
}
