//! A large network in which nothing goes wrong: how blocks and transactions spread through it.
//!
//! Every node is a full one. Its peers are drawn, as a node of the real network draws them, and named to it: eight that
//! it connects to, and whoever connects to it. Which node finds the next block, and when, is drawn too (the time to the
//! next block is exponential, and each node is as likely as any other to find it, as if all had the same hash rate); the
//! work in its header is real, at the easiest target. Nodes are quiet ([`keep_quiet`](terrarium_core::node::Node::keep_quiet))
//! and speak in the clear: neither pings nor ciphers change when a block is where, and both would take most of the time.

mod arrivals;
mod figures;
mod statistics;

pub(in crate::sim) use arrivals::Arrivals;
pub use figures::{Figures, Item};

use super::dice::Dice;
use super::regions::Regions;
use super::world::{START, World};
use std::collections::{BTreeSet, VecDeque};
use terrarium_core::chain::file;
use terrarium_core::consensus::{ConsensusParams, Invitation, Network, genesis};
use terrarium_core::interface::{Command, NodeConfig, NodeId, Role, StartOptions, SyncMode, TransportChoice};
use terrarium_core::mining;
use terrarium_core::net::Count;
use terrarium_core::node::Node;
use terrarium_core::primitives::{Amount, BlockHash, CompactTarget, Height};
use terrarium_core::script::standard::op_return;
use terrarium_core::time::{Mono, Span, UnixTime};

/// The first node.
const FIRST: NodeId = NodeId(3_000);

/// The most nodes that there are ids for.
pub const MOST_NODES: usize = 60_000;

/// The easiest target there is.
const EASIEST: CompactTarget = CompactTarget(0x207f_ffff);

/// How long nodes have to read their first block, and then to connect.
const SETTING_UP: Span = Span::from_secs(20);

/// How long the last block and the last payments have to reach everyone.
const COMING_TO_REST: Span = Span::from_secs(60);

/// Blocks found on top until all agree, where two tips are equal.
const MOST_TIEBREAKS: usize = 20;

/// What each payment moves.
const PAYMENT: Amount = Amount::from_sat(10_000);

/// What a large network is made of.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Decides all that is drawn.
    pub seed: u64,
    /// How many nodes; 2 to [`MOST_NODES`].
    pub nodes: usize,
    /// How many blocks are found.
    pub blocks: usize,
    /// Between two of them, on average.
    pub spacing: Span,
    /// Payments that are made after each block by nodes that found one before; as many as can be, at most.
    pub payments: usize,
    /// Connections that a node opens.
    pub connections: usize,
    /// Where nodes are and how lines are; without it all lines are alike.
    pub regions: Option<Regions>,
}

impl Default for Scale {
    fn default() -> Self {
        Self {
            seed: 1,
            nodes: 100,
            blocks: 100,
            spacing: Span::from_secs(10),
            payments: 0,
            connections: 8,
            regions: None,
        }
    }
}

impl Scale {
    /// Runs it.
    pub fn run(&self) -> Figures {
        let mut run = Run::new(self);
        run.connect();
        let before = run.traffic();
        let began = run.world.time().mono;
        run.find_blocks();
        let agreed = run.come_to_rest();
        run.figures(before, began, agreed)
    }
}

/// A network on its way.
struct Run<'a> {
    scale: &'a Scale,
    world: World,
    dice: Dice,
    ids: Vec<NodeId>,
    found: usize,
    /// Who has coins to pay with, from the block on that has this number; who waits longest comes first.
    payers: VecDeque<(usize, NodeId)>,
}

impl<'a> Run<'a> {
    fn new(scale: &'a Scale) -> Self {
        let mut world = World::new(scale.seed);
        world.close_directory();
        world.note_arrivals(Arrivals::new(FIRST, scale.nodes));
        if let Some(regions) = &scale.regions {
            world.lines.set_regions(regions.clone());
        }
        let ids: Vec<NodeId> = (0..scale.nodes as u16).map(|at| NodeId(FIRST.0 + at)).collect();
        let dice = Dice::new(scale.seed, "scale");
        Self { scale, world, dice, ids, found: 0, payers: VecDeque::new() }
    }

    /// Makes all nodes and lets them connect.
    fn connect(&mut self) {
        let chain = file::export(&network(self.scale.spacing), [].iter());
        for id in self.ids.clone() {
            let (role, sync) = (Role::Full, SyncMode::Headers);
            self.world.add(NodeConfig { id, role, network: None, sync, connect: Vec::new() });
            self.world.keep_quiet(id);
            self.world.submit(id, Command::ImportChain { file: chain.clone() });
        }
        self.world.run_for(SETTING_UP);
        for (id, connect) in self.peers() {
            let options = StartOptions {
                // Who has nobody to connect to must not look for others.
                max_outbound: Some(0),
                connect,
                transport: TransportChoice::V1,
                ..StartOptions::default()
            };
            self.world.submit(id, Command::StartNode(options));
        }
        self.world.run_for(SETTING_UP);
    }

    /// To whom each node connects: others, drawn evenly, and no two nodes to each other.
    fn peers(&mut self) -> Vec<(NodeId, Vec<NodeId>)> {
        let mut pairs = BTreeSet::new();
        let mut list = Vec::new();
        for id in &self.ids {
            let mut peers = Vec::new();
            // In a small network there may not be enough.
            for _ in 0..self.scale.connections * 4 {
                let peer = *self.dice.pick(&self.ids);
                let pair = (peer.min(*id), peer.max(*id));
                if peers.len() < self.scale.connections && peer != *id && pairs.insert(pair) {
                    peers.push(peer);
                }
            }
            list.push((*id, peers));
        }
        list
    }

    fn find_blocks(&mut self) {
        for _ in 0..self.scale.blocks {
            let wait = self.dice.wait(self.scale.spacing);
            self.pay(wait);
            self.find_block();
        }
    }

    fn find_block(&mut self) {
        let finder = *self.dice.pick(&self.ids);
        self.world.submit(finder, Command::Generate { blocks: 1, address: None });
        self.found += 1;
        // Two blocks later it can be spent wherever it is known.
        self.payers.push_back((self.found + 2, finder));
    }

    /// Lets time pass, and within it payments be made.
    fn pay(&mut self, wait: Span) {
        let end = self.world.time().mono + wait;
        let mut moments: Vec<Span> =
            (0..self.scale.payments).map(|_| Span(self.dice.within(0, wait.0))).collect();
        moments.sort_unstable();
        let began = self.world.time().mono;
        for moment in moments {
            self.world.run_for((began + moment) - self.world.time().mono);
            let Some((_, payer)) = self.payers.pop_front_if(|(from, _)| *from <= self.found) else {
                continue;
            };
            self.send(payer);
            self.payers.push_back((self.found + 2, payer));
        }
        self.world.run_for(end - self.world.time().mono);
    }

    /// A node pays itself: what spreads is the same as if it paid another.
    fn send(&mut self, payer: NodeId) {
        let wallet = self.world.snapshot(payer).wallet;
        let Some(address) = wallet.addresses.first().map(|entry| entry.address.clone()) else { return };
        let (from, to) = (address.clone(), address);
        self.world.submit(payer, Command::Send { from, to, amount: PAYMENT, fee: None, mine: false });
    }

    /// Waits until all have the last block; where two are equal, the next ones decide. Whether all agree.
    fn come_to_rest(&mut self) -> bool {
        self.world.run_for(COMING_TO_REST);
        for _ in 0..MOST_TIEBREAKS {
            if self.agree() {
                return true;
            }
            self.find_block();
            self.world.run_for(COMING_TO_REST);
        }
        self.agree()
    }

    fn agree(&self) -> bool {
        let first = self.standing(FIRST);
        first.is_some() && self.ids.iter().all(|id| self.standing(*id) == first)
    }

    fn standing(&self, id: NodeId) -> Option<(Height, BlockHash)> {
        self.world.host(id).node()?.standing()
    }

    fn traffic(&self) -> (Count, Count) {
        let nodes = self.ids.iter().filter_map(|id| self.world.host(*id).node());
        nodes
            .map(Node::traffic)
            .fold(Default::default(), |(sent, received), (out, back)| (sent + out, received + back))
    }

    fn figures(&mut self, before: (Count, Count), began: Mono, agreed: bool) -> Figures {
        let (sent, received) = self.traffic();
        let chain = self.world.host(FIRST).node().map(Node::active_chain).unwrap_or_default();
        let time = self.world.time().mono - began;
        let arrivals = self.world.arrivals.take().expect("they were noted");
        let item = |name: String, spread: &arrivals::Spread| Item {
            name,
            began: spread.began(),
            delays: spread.delays(),
        };
        let since = |now: Count, then: Count| Count {
            messages: now.messages - then.messages,
            bytes: now.bytes - then.bytes,
        };
        Figures {
            nodes: self.scale.nodes,
            blocks: chain.iter().map(|hash| item(hash.to_string(), &arrivals.block(hash))).collect(),
            found: self.found,
            transactions: arrivals
                .transactions()
                .map(|(txid, spread)| item(txid.to_string(), spread))
                .collect(),
            sent: since(sent, before.0),
            received: since(received, before.1),
            events: self.world.events(),
            agreed,
            time,
        }
    }
}

/// The classroom's rules at the easiest target, for ever.
fn network(spacing: Span) -> Network {
    let spacing = u32::try_from(spacing.as_millis() / 1_000).unwrap_or(u32::MAX).max(1);
    let consensus =
        ConsensusParams { pow_limit: EASIEST, spacing, retarget: None, ..ConsensusParams::CLASSROOM };
    let mut genesis = genesis::unsolved(&consensus, op_return(b"scale"), UnixTime(START));
    let target = consensus.pow_limit_target();
    genesis.header.nonce =
        mining::search(&genesis.header, &target, 0, 1 << 32).expect("half of all nonces solve it");
    Network::from(Invitation { genesis, consensus })
}
