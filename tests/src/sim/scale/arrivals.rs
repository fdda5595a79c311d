//! When what came to which node.

use std::collections::BTreeMap;
use terrarium_core::interface::{Event, NodeId};
use terrarium_core::primitives::{BlockHash, Txid};
use terrarium_core::time::{Mono, Span};

/// The first times at which nodes told of blocks and transactions.
#[derive(Debug)]
pub(in crate::sim) struct Arrivals {
    first: NodeId,
    nodes: usize,
    blocks: BTreeMap<BlockHash, Spread>,
    transactions: BTreeMap<Txid, Spread>,
}

/// How one thing spread.
#[derive(Clone, Debug, Default)]
pub(super) struct Spread {
    /// By node: when it was there.
    times: Vec<Option<Mono>>,
}

impl Arrivals {
    /// At `nodes` nodes, whose ids count up from `first`.
    pub(super) fn new(first: NodeId, nodes: usize) -> Self {
        Self { first, nodes, blocks: BTreeMap::new(), transactions: BTreeMap::new() }
    }

    pub(in crate::sim) fn note(&mut self, now: Mono, node: NodeId, event: &Event) {
        let spread = match event {
            Event::Block { hash, .. } => self.blocks.entry(*hash).or_default(),
            Event::Transaction { txid } => self.transactions.entry(*txid).or_default(),
            _ => return,
        };
        spread.times.resize(self.nodes, None);
        let place = usize::from(node.0 - self.first.0);
        spread.times[place].get_or_insert(now);
    }

    pub(super) fn block(&self, hash: &BlockHash) -> Spread {
        self.blocks.get(hash).cloned().unwrap_or_default()
    }

    pub(super) fn transactions(&self) -> impl Iterator<Item = (&Txid, &Spread)> {
        self.transactions.iter()
    }
}

impl Spread {
    /// When it was first anywhere.
    pub(super) fn began(&self) -> Mono {
        self.times.iter().flatten().min().copied().unwrap_or_default()
    }

    /// How long it took to each node that it came to, ascending.
    pub(super) fn delays(&self) -> Vec<Span> {
        let began = self.began();
        let mut delays: Vec<Span> = self.times.iter().flatten().map(|time| *time - began).collect();
        delays.sort_unstable();
        delays
    }
}
