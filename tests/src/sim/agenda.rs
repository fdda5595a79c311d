//! What is still to happen, in order of time and, at one time, in the order in which it was planned.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use terrarium_core::interface::NodeId;
use terrarium_core::node::Input;
use terrarium_core::store::StoreBatch;
use terrarium_core::time::Mono;

/// What happens to a node or to its host.
pub(super) enum Happening {
    /// The node is told something.
    Input(Input),
    /// The node's timer fires.
    Wake,
    /// The sessions' timer fires.
    SessionWake,
    /// A frame arrives at the host's address.
    Frame(Vec<u8>),
    /// The disk carries out a write, and then answers.
    Write(StoreBatch),
    /// A node that died is opened again.
    Open,
    /// The rendezvous has a host send a frame to another, so that the other's frames come in.
    Punch(NodeId),
    /// An adversary acts.
    Turn,
}

/// Something that happens to a host if it is still in the life for which it was planned; a frame comes to whoever has
/// the address by then.
pub(super) struct Entry {
    pub(super) node: NodeId,
    pub(super) life: u32,
    pub(super) happening: Happening,
}

/// The plan of a world.
#[derive(Default)]
pub(super) struct Agenda {
    /// When each entry is due and, at one time, which was planned first; small, for it is moved about much.
    order: BinaryHeap<Reverse<(Mono, u64, u32)>>,
    /// The entries, at the places that `order` names.
    entries: Vec<Option<Entry>>,
    /// Places of `entries` where nothing is.
    free: Vec<u32>,
    planned: u64,
    taken: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, at: Mono, entry: Entry) {
        self.planned += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            (self.entries.len() - 1) as u32
        });
        self.entries[place as usize] = Some(entry);
        self.order.push(Reverse((at, self.planned, place)));
    }

    /// The next entry, unless it is after `end`.
    pub(super) fn next(&mut self, end: Mono) -> Option<(Mono, Entry)> {
        let Reverse((at, _, place)) = self.order.peek().copied().filter(|Reverse((at, ..))| *at <= end)?;
        self.order.pop();
        self.free.push(place);
        self.taken += 1;
        self.entries[place as usize].take().map(|entry| (at, entry))
    }

    /// How many entries were taken out.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }
}
