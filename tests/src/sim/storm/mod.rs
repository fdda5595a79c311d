//! A network in which everything goes wrong for a while, and then nothing any more: it must come to rest, whole.

mod cast;
mod outcome;
mod strike;
mod suite;

pub use outcome::Outcome;
pub use suite::{Suite, run_all};

use super::dice::Dice;
use super::disk::DiskFaults;
use super::invariant::{self, Invariant, Violation};
use super::link::Link;
use super::world::{START, World};
use super::{Clock, Nat};
use std::collections::BTreeMap;
use std::io::{self, Write};
use terrarium_core::chain::file;
use terrarium_core::consensus::{ConsensusParams, Invitation, Network, genesis};
use terrarium_core::interface::{
    ChainFile, Command, MiningMode, NodeConfig, NodeId, PeerState, Role, StartOptions, SyncMode,
    TransportChoice,
};
use terrarium_core::mining;
use terrarium_core::node::Node;
use terrarium_core::primitives::CompactTarget;
use terrarium_core::script::standard::op_return;
use terrarium_core::time::{Mono, Span, UnixTime};

/// How long after the last fault the network must agree.
const REST: Span = Span::from_secs(240);

/// Between two looks at whether it does.
const GLANCE: Span = Span::from_millis(500);

/// Hashes a second of all miners together: a block takes two hashes and should take five seconds.
const NETWORK_HASH_RATE: f64 = 0.4;

/// The share of nodes that know v1 alone, as some do in every network. It also keeps storms short: keys cost more than
/// all else that a connection needs.
const SHARE_OF_V1: f64 = 0.5;

/// The easiest target there is, so that a thousand storms can mine real proof of work.
const EASIEST: CompactTarget = CompactTarget(0x207f_ffff);

/// What a storm is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mix {
    /// Faults of links, disks, clocks and hosts, among honest nodes that all reach each other.
    Faults,
    /// These, NATs, light nodes and adversaries.
    #[default]
    Everything,
    /// Everything, and at every second node helpers check the scripts of all blocks: late, in any order, or not at all.
    Helpers,
}

/// A world and what happens to it.
pub struct Storm {
    seed: u64,
    mix: Mix,
    world: World,
    dice: Dice,
    network: Network,
    /// What every node began with.
    chain: ChainFile,
    nodes: Vec<NodeId>,
    miners: Vec<NodeId>,
    disk_faults: DiskFaults,
    /// What ends a fault, and when.
    ends: BTreeMap<(Mono, u64), End>,
    planned: u64,
    /// Which node is looked into next.
    audited: usize,
}

/// What ends a fault that lasts.
#[derive(Clone, Copy)]
enum End {
    Partition,
    OneWay(NodeId, NodeId),
    DiskFull(NodeId),
    ClockWrong(NodeId),
}

impl Storm {
    /// Lets the storm of one seed rage and end.
    pub fn run(seed: u64, mix: Mix) -> Outcome {
        Self::new(seed, mix, World::new(seed)).weather()
    }

    /// As [`Storm::run`], with a trace.
    pub fn run_traced(seed: u64, mix: Mix) -> Outcome {
        let mut storm = Self::new(seed, mix, World::new(seed));
        storm.world.begin_trace();
        storm.weather()
    }

    /// As [`Storm::run`]; all that goes into nodes and comes out is written to `journal`.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn run_recorded(seed: u64, mix: Mix, journal: Box<dyn Write>) -> io::Result<Outcome> {
        let mut world = World::new(seed);
        world.begin_journal(journal);
        let mut storm = Self::new(seed, mix, world);
        let outcome = storm.weather();
        storm.world.end_journal()?;
        Ok(outcome)
    }

    fn new(seed: u64, mix: Mix, mut world: World) -> Self {
        world.collect_violations();
        let mut dice = Dice::new(seed, "storm");
        let count = dice.within(10, 30) as u16;
        let nodes: Vec<NodeId> = (3000..3000 + count).map(NodeId).collect();
        let miners = nodes.iter().copied().filter(|_| dice.chance(0.4)).chain([nodes[0]]).collect();
        let crash_odds = dice.within(8, 24) as usize;
        let disk_faults = DiskFaults {
            crash_one_in: dice.chance(0.7).then_some(crash_odds),
            refuse_one_in: dice.chance(0.5).then_some(40),
        };
        let network = network();
        let mut storm = Self {
            seed,
            mix,
            world,
            dice,
            chain: file::export(&network, [].iter()),
            network,
            nodes,
            miners,
            disk_faults,
            ends: BTreeMap::new(),
            planned: 0,
            audited: 0,
        };
        storm.set_up();
        storm
    }

    fn weather(&mut self) -> Outcome {
        self.rage();
        self.end_faults();
        let calm = self.world.time().mono;
        let agreed = self.rest();
        let mut violations = self.world.violations().to_vec();
        if agreed {
            violations.extend(invariant::at_rest(&mut self.world, &self.nodes));
        } else if violations.is_empty() {
            violations.push(self.disagreement());
        }
        Outcome {
            seed: self.seed,
            mix: self.mix,
            faults: self.world.faults().clone(),
            violations,
            rested_after: agreed.then(|| self.world.time().mono - calm),
            height: self.height(self.nodes[0]).unwrap_or_default(),
            handed_out: self.world.handed_out(),
            trace: self.world.trace(),
        }
    }

    fn set_up(&mut self) {
        if self.mix != Mix::Faults {
            self.set_nats();
        }
        for at in 0..self.nodes.len() {
            let config = self.config(at);
            let id = config.id;
            self.world.add(config);
            if self.mix == Mix::Helpers && at % 2 == 0 {
                self.world.give_helpers(id);
            }
            let routine = self.routine(id);
            self.world.host_mut(id).set_routine(routine);
            self.world.host_mut(id).set_hash_rate(NETWORK_HASH_RATE / self.miners.len() as f64);
            self.create_wallet(id);
        }
        if self.mix != Mix::Faults {
            self.cast();
        }
        self.give_chains();
        self.world.run_for(Span::from_secs(20));
    }

    fn config(&mut self, at: usize) -> NodeConfig {
        let sync = if self.dice.chance(0.2) { SyncMode::Blocks } else { SyncMode::Headers };
        let id = self.nodes[at];
        let others: Vec<NodeId> = self.nodes.iter().copied().filter(|other| *other != id).collect();
        let next = self.nodes[(at + 1) % self.nodes.len()];
        let connect = if self.dice.chance(0.7) {
            let wanted = [next, *self.dice.pick(&others), *self.dice.pick(&others)];
            wanted.map(|other| self.reachable(id, other)).to_vec()
        } else {
            Vec::new()
        };
        NodeConfig { id, role: Role::Full, network: None, sync, connect }
    }

    /// Gives the chain to nodes that have none: new ones, and those whose record of the network was damaged.
    fn give_chains(&mut self) {
        for id in self.nodes.clone() {
            let needs_chain = |node: &Node| node.standing().is_none();
            if self.world.host(id).node().is_some_and(needs_chain) {
                self.world.submit(id, Command::ImportChain { file: self.chain.clone() });
                self.world.follow_routine(id);
            }
        }
    }

    /// What the owner of a node does whenever it opens.
    fn routine(&self, id: NodeId) -> Vec<Command> {
        let speaks_v1 = Dice::new(self.seed, &format!("transport {id}")).chance(SHARE_OF_V1);
        let transport = if speaks_v1 { TransportChoice::V1 } else { TransportChoice::V2 };
        let start = Command::StartNode(StartOptions { transport, ..StartOptions::default() });
        let mine = Command::SetMining { mode: MiningMode::Always, address: None };
        if self.miners.contains(&id) { vec![start, mine] } else { vec![start] }
    }

    fn create_wallet(&mut self, id: NodeId) {
        self.world.submit(id, Command::CreateWallet { label: None });
    }

    /// Looks into one node after the other.
    fn audit(&mut self) {
        self.audited = (self.audited + 1) % self.nodes.len();
        self.world.audit(self.nodes[self.audited]);
    }

    /// From now on nothing goes wrong.
    fn end_faults(&mut self) {
        self.world.remove_adversaries();
        for (_, end) in std::mem::take(&mut self.ends) {
            self.end(end);
        }
        self.world.heal();
        self.world.set_usual_link(Link::default());
        let nodes = self.nodes.clone();
        for (at, a) in nodes.iter().enumerate() {
            let host = self.world.host_mut(*a);
            host.set_clock(Clock::default());
            host.disk_mut().set_faults(DiskFaults::default());
            for b in &nodes[at + 1..] {
                self.world.set_link(*a, *b, Link::default());
            }
        }
    }

    /// Waits until all nodes agree; whether they did in time.
    fn rest(&mut self) -> bool {
        let end = self.world.time().mono + REST;
        while self.world.time().mono < end && self.world.violations().is_empty() {
            self.world.run_for(GLANCE);
            self.give_chains();
            self.audit();
            if self.agree() {
                return true;
            }
        }
        false
    }

    fn agree(&self) -> bool {
        let standing = |id: &NodeId| self.world.host(*id).node()?.standing();
        let first = standing(&self.nodes[0]);
        first.is_some() && self.nodes.iter().all(|id| standing(id) == first) && !self.is_ahead(self.nodes[0])
    }

    /// Whether a node's tip is so far ahead of time that others would not take it.
    fn is_ahead(&self, id: NodeId) -> bool {
        let latest = self.world.time().unix.0 + ConsensusParams::CLASSROOM.future_limit;
        let chain = self.world.host(id).node().and_then(|node| node.snapshot().chain);
        chain.and_then(|chain| chain.recent.last().map(|block| block.time)).is_none_or(|time| time > latest)
    }

    fn disagreement(&self) -> Violation {
        let now = i64::from(self.world.time().unix.0);
        let standing = |id: &NodeId| {
            let Some(snapshot) = self.world.host(*id).node().map(Node::snapshot) else {
                return format!("\n    {id} is down");
            };
            let Some(chain) = snapshot.chain else { return format!("\n    {id} has no chain") };
            let short = &chain.tip.to_string()[58..];
            let ahead = chain.recent.last().map_or(0, |block| i64::from(block.time) - now);
            let connected = snapshot.peers.iter().filter(|peer| peer.state == PeerState::Connected).count();
            let mines = if snapshot.mining.active { ", mines" } else { "" };
            let sync = snapshot.peers.first().map_or(String::new(), |peer| format!(" by {:?}", peer.sync));
            format!(
                "\n    {id} {:?}{sync} at {} of {} ({short}, {ahead:+} s), {connected} peers{mines}",
                snapshot.state, chain.height, chain.headers,
            )
        };
        let seen = self.nodes.iter().map(standing).collect();
        Violation { invariant: Invariant::HonestNodesAgree, node: None, seen }
    }

    fn height(&self, id: NodeId) -> Option<u32> {
        Some(self.world.host(id).node()?.standing()?.0.0)
    }

    /// `other`, or where NATs keep the two apart the node that everyone reaches.
    fn reachable(&self, id: NodeId, other: NodeId) -> NodeId {
        let meet = self.world.nat(id).meets(self.world.nat(other));
        if meet || id == self.nodes[0] { other } else { self.nodes[0] }
    }

    /// Half of all networks have NATs; the first node is reached by everyone.
    fn set_nats(&mut self) {
        let mut dice = Dice::new(self.seed, "nats");
        if dice.chance(0.5) {
            return;
        }
        for id in &self.nodes[1..] {
            let kinds =
                [Nat::Open, Nat::Open, Nat::FullCone, Nat::Restricted, Nat::Restricted, Nat::Symmetric];
            self.world.set_nat(*id, *dice.pick(&kinds));
        }
    }
}

/// The network of every storm: the classroom's rules at the easiest target.
fn network() -> Network {
    let consensus = ConsensusParams { pow_limit: EASIEST, ..ConsensusParams::CLASSROOM };
    let mut genesis = genesis::unsolved(&consensus, op_return(b"storm"), UnixTime(START));
    let target = consensus.pow_limit_target();
    genesis.header.nonce =
        mining::search(&genesis.header, &target, 0, 1 << 32).expect("half of all nonces solve it");
    Network::from(Invitation { genesis, consensus })
}
