//! A page that believes what a node's events say: what it believes must be what the node's snapshot shows.

use std::collections::BTreeSet;
use terrarium_core::interface::{Event, LogLine, PeerId, PeerState};
use terrarium_core::node::Node;
use terrarium_core::primitives::BlockHash;

/// What can be known of a node by its events alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// The tip; none while no event has told of it: at first, and after a repair, of which events tell nothing more.
    pub(super) tip: Option<BlockHash>,
    /// Connections whose handshake is over.
    pub(super) connected: BTreeSet<PeerId>,
}

impl Page {
    /// What a node's snapshot shows.
    pub(super) fn of(node: &Node) -> Self {
        let snapshot = node.snapshot();
        let connected = snapshot.peers.iter().filter(|peer| peer.state == PeerState::Connected);
        Self {
            tip: snapshot.chain.map(|chain| chain.tip),
            connected: connected.map(|peer| peer.peer).collect(),
        }
    }

    /// The node tells something.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Block { hash, .. } => self.tip = Some(*hash),
            Event::Reorg { to, .. } => self.tip = Some(*to),
            Event::Log(LogLine::Note(_)) => self.tip = None,
            Event::Peer { peer, state: PeerState::Connected, .. } => drop(self.connected.insert(*peer)),
            Event::Peer { peer, state: PeerState::Disconnected, .. } => drop(self.connected.remove(peer)),
            _ => {}
        }
    }
}
