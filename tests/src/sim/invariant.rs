//! What must hold, whatever goes wrong.

use super::host::Host;
use super::world::World;
use std::fmt;
use terrarium_core::interface::{Event, NodeId};
use terrarium_core::node::Node;

/// A rule of the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// At every tip the coins sum to what coinbases made, less fees, less what cannot be spent.
    SupplyIsRight,
    /// A node that a host died with opens again with every key that its wallet told of.
    KeysAreKept,
    /// Nobody who keeps the rules is banned or discouraged.
    HonestPeersAreWelcome,
    /// Nodes agree, soon after the last fault, on one tip that is not ahead of time.
    HonestNodesAgree,
}

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// At which node, where it is one's own.
    pub node: Option<NodeId>,
    /// What was seen.
    pub seen: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.invariant)?;
        if let Some(node) = self.node {
            write!(f, " at {node}")?;
        }
        write!(f, ": {}", self.seen)
    }
}

/// Checks what must hold whenever a node tells something.
pub(super) fn at_event(host: &Host, event: &Event) -> Option<Violation> {
    let Event::Block { hash, .. } = event else { return None };
    let is_right = host.node().is_none_or(Node::supply_is_right);
    (!is_right).then(|| Violation {
        invariant: Invariant::SupplyIsRight,
        node: Some(host.id()),
        seen: format!("the coins do not add up at {hash}"),
    })
}

/// Checks what must hold of one open node once faults have stopped; `keys` are the addresses that its wallet told of.
pub(super) fn at_rest(world: &World, id: NodeId, keys: &[String]) -> Vec<Violation> {
    let snapshot = world.snapshot(id);
    let violation = |invariant, seen: String| Violation { invariant, node: Some(id), seen };
    let mut found = Vec::new();
    if snapshot.banned > 0 {
        let seen = format!("{} addresses are banned", snapshot.banned);
        found.push(violation(Invariant::HonestPeersAreWelcome, seen));
    }
    for key in keys {
        if !snapshot.wallet.addresses.iter().any(|entry| entry.address == *key) {
            found.push(violation(Invariant::KeysAreKept, format!("{key} is gone")));
        }
    }
    found
}
