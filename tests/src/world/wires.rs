//! What lies between nodes: how long bytes take, what is cut, and which connections are open.

use std::collections::BTreeMap;
use terrarium_core::interface::{NodeId, PeerId};
use terrarium_core::time::Span;

/// How the wire between two nodes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// One way.
    pub latency: Span,
    /// Nothing passes.
    pub cut: bool,
}

impl Default for Wire {
    /// Five milliseconds, not cut.
    fn default() -> Self {
        Self { latency: Span::from_millis(5), cut: false }
    }
}

/// One end of a connection: the node and its name for the other end.
type End = (NodeId, PeerId);

/// All wires and connections of a world.
#[derive(Default)]
pub(super) struct Wires {
    /// Wires that are not as the default.
    wires: BTreeMap<(NodeId, NodeId), Wire>,
    /// Every open connection twice, from each end to the other.
    connections: BTreeMap<End, End>,
    peers: u64,
}

impl Wires {
    pub(super) fn between(&self, a: NodeId, b: NodeId) -> Wire {
        self.wires.get(&(a.min(b), a.max(b))).copied().unwrap_or_default()
    }

    /// Sets a wire; the ends of the connections that this closed.
    pub(super) fn set(&mut self, a: NodeId, b: NodeId, wire: Wire) -> Vec<End> {
        self.wires.insert((a.min(b), a.max(b)), wire);
        if !wire.cut {
            return Vec::new();
        }
        self.remove(|from, to| (from == a && to == b) || (from == b && to == a))
    }

    /// A new connection: the name of the peer at each end.
    pub(super) fn open(&mut self, from: NodeId, to: NodeId) -> (PeerId, PeerId) {
        let (ours, theirs) = (PeerId(self.peers + 1), PeerId(self.peers + 2));
        self.peers += 2;
        self.connections.insert((from, ours), (to, theirs));
        self.connections.insert((to, theirs), (from, ours));
        (ours, theirs)
    }

    pub(super) fn other_end(&self, node: NodeId, peer: PeerId) -> Option<End> {
        self.connections.get(&(node, peer)).copied()
    }

    /// Closes a connection: its other end.
    pub(super) fn close(&mut self, node: NodeId, peer: PeerId) -> Option<End> {
        let other = self.connections.remove(&(node, peer))?;
        self.connections.remove(&other);
        Some(other)
    }

    /// Closes every connection of a node: their other ends.
    pub(super) fn close_all(&mut self, node: NodeId) -> Vec<End> {
        let ends = self.remove(|from, to| from == node || to == node);
        ends.into_iter().filter(|(end, _)| *end != node).collect()
    }

    fn remove(&mut self, goes: impl Fn(NodeId, NodeId) -> bool) -> Vec<End> {
        let (gone, left) = std::mem::take(&mut self.connections)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|((from, _), (to, _))| goes(*from, *to));
        self.connections = left;
        gone.into_keys().collect()
    }
}
