//! What must hold, whatever goes wrong. What a node tells is checked as it tells it; a node is looked into now and then;
//! the network is looked at as a whole once it is at rest.

use super::host::Host;
use super::page::Page;
use super::world::World;
use std::fmt;
use terrarium_core::chain::file::ChainImport;
use terrarium_core::interface::{ChainFile, Command, Event, NodeId, Reply};
use terrarium_core::node::{Flaw, Node};
use terrarium_core::primitives::BlockHash;

/// A rule of the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// At every tip the coins sum to what coinbases made, less fees, less what cannot be spent.
    SupplyIsRight,
    /// The coins at the tip are those of a fresh replay of the chain.
    CoinsAreThoseOfAReplay,
    /// Taking the tip off and putting it on again leads back to the same coins.
    UndoInvertsConnect,
    /// The mempool holds nothing that is spent, confirmed or in it twice.
    MempoolIsClean,
    /// Every container keeps to its named bound.
    BoundsHold,
    /// A node has every key that its wallet ever told of.
    KeysAreKept,
    /// Nobody who keeps the rules is banned or discouraged.
    HonestPeersAreWelcome,
    /// What the events of a node say is what its snapshot shows.
    PageSeesTheState,
    /// A node that has nothing to do asks for no time.
    NodesComeToRest,
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

impl Violation {
    pub(super) fn at(node: NodeId, invariant: Invariant, seen: impl fmt::Display) -> Self {
        Self { invariant, node: Some(node), seen: seen.to_string() }
    }
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
    let seen = format!("the coins do not add up at {hash}");
    (!is_right).then(|| Violation::at(host.id(), Invariant::SupplyIsRight, seen))
}

/// Checks what must hold of an open node between any two steps; `honest` are those who keep the rules.
pub(super) fn within(host: &Host, honest: &[NodeId]) -> Option<Violation> {
    let node = host.node()?;
    flaw(host, node)
        .or_else(|| lost_key(host, node))
        .or_else(|| unwelcome(host, node, honest))
        .or_else(|| misled(host, node))
}

fn flaw(host: &Host, node: &Node) -> Option<Violation> {
    let flaw = node.audit().err()?;
    let invariant = match &flaw {
        Flaw::Undo(_) => Invariant::UndoInvertsConnect,
        Flaw::Mempool(_) => Invariant::MempoolIsClean,
        Flaw::Bound(_) => Invariant::BoundsHold,
    };
    Some(Violation::at(host.id(), invariant, flaw))
}

fn lost_key(host: &Host, node: &Node) -> Option<Violation> {
    let wallet = node.snapshot().wallet;
    let is_lost = |key: &&String| wallet.addresses.iter().all(|entry| entry.address != **key);
    let key = host.keys().iter().find(is_lost)?;
    Some(Violation::at(host.id(), Invariant::KeysAreKept, format!("{key} is gone")))
}

fn unwelcome(host: &Host, node: &Node, honest: &[NodeId]) -> Option<Violation> {
    let refused = honest.iter().find(|other| node.refuses(&other.local_address()))?;
    let seen = format!("{refused} is refused, which keeps the rules");
    Some(Violation::at(host.id(), Invariant::HonestPeersAreWelcome, seen))
}

/// Of a light node's tip nothing is asked: it may go back to look through blocks again, of which no event tells.
fn misled(host: &Host, node: &Node) -> Option<Violation> {
    let (told, shown) = (host.page(), Page::of(node));
    let same_tip = told.tip.is_none() || told.tip == shown.tip || host.is_light();
    let agree = !node.is_at_rest() || (same_tip && told.connected == shown.connected);
    let seen = format!("the events told of {told:?}, the snapshot shows {shown:?}");
    (!agree).then(|| Violation::at(host.id(), Invariant::PageSeesTheState, seen))
}

/// Checks what must hold of all nodes once faults have stopped and they agree.
pub(super) fn at_rest(world: &mut World, nodes: &[NodeId]) -> Vec<Violation> {
    for id in nodes {
        world.audit(*id);
    }
    let mut found = world.violations().to_vec();
    let full: Vec<NodeId> = nodes.iter().copied().filter(|id| !world.host(*id).is_light()).collect();
    // A block may be found meanwhile: each node's coins are compared with those of its own chain.
    let Some(first) = full.first() else { return found };
    let replayed = match world.execute(*first, Command::ExportChain) {
        Ok(Reply::ChainFile(chain)) => replay(world, &chain),
        other => Err(format!("no chain to replay: {other:?}")),
    };
    match replayed {
        Ok((tip, coins)) => {
            let wrong = full.iter().filter(|id| {
                let node = world.host(**id).node();
                let is_there = |node: &Node| node.standing().is_some_and(|(_, at)| at == tip);
                node.is_some_and(|node| is_there(node) && node.coins_digest() != Some(coins))
            });
            let seen = format!("not the coins of a replay up to {tip}");
            found.extend(wrong.map(|id| Violation::at(*id, Invariant::CoinsAreThoseOfAReplay, &seen)));
        }
        Err(seen) => found.push(Violation::at(*first, Invariant::CoinsAreThoseOfAReplay, seen)),
    }
    found
}

/// The tip and the coins that a chain leads to from nothing.
fn replay(world: &World, chain: &ChainFile) -> Result<(BlockHash, [u8; 32]), String> {
    let mut import = ChainImport::open(chain, world.time().unix).map_err(|error| error.to_string())?;
    while import.step().map_err(|error| error.to_string())?.is_some() {}
    let chain = import.into_chain();
    Ok((chain.tip(), chain.coins_digest()))
}
