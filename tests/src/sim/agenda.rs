//! What is still to happen, in order of time and, at one time, in the order in which it was planned.

use std::collections::{BTreeMap, VecDeque};
use terrarium_core::interface::NodeId;
use terrarium_core::node::Input;
use terrarium_core::store::StoreBatch;
use terrarium_core::time::Mono;

/// Empty lists that are kept.
const MAX_SPARE: usize = 8;

/// The room of a list that is worth keeping, in entries.
const SPARE_ROOM: usize = 256;

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
    /// What is planned for each moment, in the order in which it was.
    moments: BTreeMap<Mono, VecDeque<Entry>>,
    /// The moment that was begun, and what is left of it. What is planned for it meanwhile is in `moments`.
    begun: (Mono, VecDeque<Entry>),
    /// Empty lists with much room, to be used again: what is sent at once arrives at once. At most [`MAX_SPARE`].
    spare: Vec<VecDeque<Entry>>,
    taken: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, at: Mono, entry: Entry) {
        let spare = &mut self.spare;
        self.moments.entry(at).or_insert_with(|| spare.pop().unwrap_or_default()).push_back(entry);
    }

    /// The next entry, unless it is after `end`.
    pub(super) fn next(&mut self, end: Mono) -> Option<(Mono, Entry)> {
        if self.begun.1.is_empty() {
            let moment = self.moments.first_entry().filter(|moment| *moment.key() <= end)?;
            let (_, done) = std::mem::replace(&mut self.begun, moment.remove_entry());
            if done.capacity() >= SPARE_ROOM && self.spare.len() < MAX_SPARE {
                self.spare.push(done);
            }
        }
        let at = self.begun.0;
        if at > end {
            return None;
        }
        self.taken += 1;
        self.begun.1.pop_front().map(|entry| (at, entry))
    }

    /// How many entries were taken out.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }
}
