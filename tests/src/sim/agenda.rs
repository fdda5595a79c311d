//! What is still to happen, in order of time and, at one time, in the order in which it was planned.

use std::cmp::Ordering;
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
    plans: BinaryHeap<Plan>,
    planned: u64,
}

struct Plan {
    at: Mono,
    order: u64,
    entry: Entry,
}

impl Agenda {
    pub(super) fn add(&mut self, at: Mono, entry: Entry) {
        self.planned += 1;
        self.plans.push(Plan { at, order: self.planned, entry });
    }

    /// The next entry, unless it is after `end`.
    pub(super) fn next(&mut self, end: Mono) -> Option<(Mono, Entry)> {
        self.plans.peek().filter(|plan| plan.at <= end)?;
        self.plans.pop().map(|plan| (plan.at, plan.entry))
    }
}

impl Ord for Plan {
    /// The heap gives its greatest: the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Plan {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Plan {}
