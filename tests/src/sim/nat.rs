//! NATs: whom a host can be reached by, and how a rendezvous helps two hosts to meet that neither can be reached.
//!
//! A frame from inside opens a hole for answers; a NAT differs from another in whose frames it lets through that hole.
//! Every host keeps a hole open to the rendezvous, the directory that all know. Who wants a connection asks it to have
//! the other side send a frame out at the same time; then both have a hole, and the session begins.

use std::collections::BTreeMap;
use terrarium_core::interface::NodeId;
use terrarium_core::time::{Mono, Span};

/// How long a hole stays open after the last frame that went out through it.
const HOLE_LIFE: Span = Span::from_secs(60);

/// What stands between a host and the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nat {
    /// Nothing: everyone reaches it.
    #[default]
    Open,
    /// The hole that it keeps open to the rendezvous lets everyone in.
    FullCone,
    /// A hole lets in the frames of the address to which it was opened, and no others.
    Restricted,
    /// As restricted, and to each address it shows itself at another port: who has not heard from it cannot know where
    /// to send.
    Symmetric,
}

impl Nat {
    /// Whether it lets in only what was asked for.
    const fn is_strict(self) -> bool {
        matches!(self, Nat::Restricted | Nat::Symmetric)
    }

    /// Whether two hosts behind these can be connected at all.
    pub fn meets(self, other: Nat) -> bool {
        let blind = |a: Nat, b: Nat| a == Nat::Symmetric && b.is_strict();
        !blind(self, other) && !blind(other, self)
    }
}

/// The NATs of a world.
#[derive(Default)]
pub(super) struct Nats {
    /// Those that are not open.
    kinds: BTreeMap<NodeId, Nat>,
    /// Until when frames come in to the first from the second; at most one for each pair.
    holes: BTreeMap<(NodeId, NodeId), Mono>,
}

impl Nats {
    pub(super) fn set(&mut self, node: NodeId, nat: Nat) {
        self.kinds.insert(node, nat);
    }

    pub(super) fn of(&self, node: NodeId) -> Nat {
        self.kinds.get(&node).copied().unwrap_or_default()
    }

    /// A frame goes out; whether it comes in where it is sent.
    pub(super) fn pass(&mut self, now: Mono, from: NodeId, to: NodeId) -> bool {
        if self.kinds.is_empty() {
            return true;
        }
        self.open(now, from, to);
        let (outside, inside) = (self.of(from), self.of(to));
        let is_open = self.holes.get(&(to, from)).is_some_and(|until| *until >= now);
        !inside.is_strict() || (is_open && inside.meets(outside))
    }

    /// Whether the rendezvous has to help `from` to reach `to`, and can.
    pub(super) fn needs_rendezvous(&self, from: NodeId, to: NodeId) -> bool {
        self.of(to).is_strict() && self.of(to).meets(self.of(from))
    }

    /// Opens a host's hole for another, or keeps it open.
    pub(super) fn open(&mut self, now: Mono, inside: NodeId, outside: NodeId) {
        if self.of(inside).is_strict() {
            self.holes.insert((inside, outside), now + HOLE_LIFE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId(3000);
    const B: NodeId = NodeId(3001);

    /// Whether a frame from A comes in to B, before and after B has sent one.
    fn reached(a: Nat, b: Nat) -> (bool, bool) {
        let mut nats = Nats::default();
        nats.set(A, a);
        nats.set(B, b);
        let before = nats.pass(Mono(0), A, B);
        nats.open(Mono(0), B, A);
        (before, nats.pass(Mono(0), A, B))
    }

    #[test]
    fn each_nat_lets_in_what_its_kind_does() {
        for a in [Nat::Open, Nat::FullCone, Nat::Restricted, Nat::Symmetric] {
            assert_eq!(reached(a, Nat::Open), (true, true), "{a:?}");
            assert_eq!(reached(a, Nat::FullCone), (true, true), "{a:?}");
            assert_eq!(reached(a, Nat::Restricted), (false, a != Nat::Symmetric), "{a:?}");
            let blind = matches!(a, Nat::Restricted | Nat::Symmetric);
            assert_eq!(reached(a, Nat::Symmetric), (false, !blind), "{a:?}");
        }
    }

    #[test]
    fn a_hole_closes_when_nothing_went_out_through_it_for_a_minute() {
        let mut nats = Nats::default();
        nats.set(B, Nat::Restricted);
        nats.open(Mono(0), B, A);
        assert!(nats.pass(Mono(0) + HOLE_LIFE, A, B));
        assert!(!nats.pass(Mono(0) + HOLE_LIFE + Span(1), A, B));
    }
}
