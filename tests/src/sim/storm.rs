//! A network in which everything goes wrong for a while, and then nothing any more: it must come to rest, whole.

use super::clock::Clock;
use super::dice::Dice;
use super::disk::DiskFaults;
use super::fault::{Fault, FaultCounts};
use super::invariant::{self, Invariant, Violation};
use super::link::Link;
use super::world::{Power, START, World};
use std::collections::BTreeMap;
use std::fmt;
use terrarium_core::chain::file;
use terrarium_core::consensus::{ConsensusParams, Invitation, Network, genesis};
use terrarium_core::interface::{
    ChainFile, Command, MiningMode, NodeConfig, NodeId, PeerState, Reply, RequestId, Role, StartOptions,
    SyncMode,
};
use terrarium_core::mining;
use terrarium_core::node::Node;
use terrarium_core::primitives::{Amount, CompactTarget};
use terrarium_core::script::standard::op_return;
use terrarium_core::store::Database;
use terrarium_core::time::{Mono, Span, UnixTime};

/// How long faults happen.
const RAGE: Span = Span::from_secs(60);

/// How long after the last fault the network must agree.
const REST: Span = Span::from_secs(240);

/// Between two looks at whether it does.
const GLANCE: Span = Span::from_millis(500);

/// Between two faults, on average.
const FAULT_EVERY: Span = Span::from_millis(700);

/// Hashes a second of all miners together: a block takes two hashes and should take five seconds.
const NETWORK_HASH_RATE: f64 = 0.4;

/// The easiest target there is, so that a thousand storms can mine real proof of work.
const EASIEST: CompactTarget = CompactTarget(0x207f_ffff);

/// A world and what happens to it.
pub struct Storm {
    seed: u64,
    world: World,
    dice: Dice,
    /// What every node began with.
    chain: ChainFile,
    nodes: Vec<NodeId>,
    miners: Vec<NodeId>,
    disk_faults: DiskFaults,
    /// Addresses that wallets told of.
    keys: BTreeMap<NodeId, Vec<String>>,
    /// Keys and payments that were asked for.
    asked: Vec<(NodeId, RequestId)>,
    /// What ends a fault, and when.
    ends: BTreeMap<(Mono, u64), End>,
    planned: u64,
}

/// What ends a fault that lasts.
#[derive(Clone, Copy)]
enum End {
    Partition,
    OneWay(NodeId, NodeId),
    DiskFull(NodeId),
    ClockWrong(NodeId),
}

/// How a storm went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// How often each fault happened.
    pub faults: FaultCounts,
    /// What did not hold.
    pub violations: Vec<Violation>,
    /// How long after the last fault the network agreed.
    pub rested_after: Option<Span>,
    /// The height on which it agreed.
    pub height: u32,
    /// What every node did, where it was asked for.
    pub trace: Vec<[u8; 32]>,
}

impl Outcome {
    /// Whether everything held.
    pub fn is_whole(&self) -> bool {
        self.violations.is_empty()
    }
}

impl fmt::Display for Outcome {
    /// What broke, with the command that shows it again; one line where nothing did.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rested_after {
            Some(span) => {
                let seconds = span.as_millis() as f64 / 1_000.0;
                write!(f, "storm {}: one chain of height {} after {seconds} s", self.seed, self.height)?;
            }
            None => write!(f, "storm {}: no rest", self.seed)?,
        }
        for violation in &self.violations {
            write!(f, "\n  {violation}")?;
        }
        if !self.is_whole() {
            write!(f, "\n  again: cargo xtask sim --seed {}", self.seed)?;
        }
        Ok(())
    }
}

impl Storm {
    /// Lets the storm of one seed rage and end.
    pub fn run(seed: u64) -> Outcome {
        Self::new(seed).weather()
    }

    /// As [`Storm::run`], with a trace.
    pub fn run_traced(seed: u64) -> Outcome {
        let mut storm = Self::new(seed);
        storm.world.begin_trace();
        storm.weather()
    }

    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, "storm");
        let count = dice.within(10, 30) as u16;
        let nodes: Vec<NodeId> = (3000..3000 + count).map(NodeId).collect();
        let miners = nodes.iter().copied().filter(|_| dice.chance(0.4)).chain([nodes[0]]).collect();
        let crash_odds = dice.within(8, 24) as usize;
        let disk_faults = DiskFaults {
            crash_one_in: dice.chance(0.7).then_some(crash_odds),
            refuse_one_in: dice.chance(0.5).then_some(40),
        };
        let mut storm = Self {
            seed,
            world: World::new(seed),
            dice,
            chain: chain(),
            nodes,
            miners,
            disk_faults,
            keys: BTreeMap::new(),
            asked: Vec::new(),
            ends: BTreeMap::new(),
            planned: 0,
        };
        storm.set_up();
        storm
    }

    fn weather(mut self) -> Outcome {
        self.rage();
        self.end_faults();
        let calm = self.world.time().mono;
        let agreed = self.rest();
        let mut violations = Vec::new();
        if agreed {
            self.hear_replies();
            for id in &self.nodes {
                let keys = self.keys.get(id).map_or(&[][..], Vec::as_slice);
                violations.extend(invariant::at_rest(&self.world, *id, keys));
            }
        } else {
            violations.push(self.disagreement());
        }
        Outcome {
            seed: self.seed,
            faults: self.world.faults().clone(),
            violations,
            rested_after: agreed.then(|| self.world.time().mono - calm),
            height: self.height(self.nodes[0]).unwrap_or_default(),
            trace: self.world.trace(),
        }
    }

    fn set_up(&mut self) {
        for at in 0..self.nodes.len() {
            let config = self.config(at);
            let id = config.id;
            self.world.add(config);
            let routine = self.routine(id);
            self.world.host_mut(id).set_routine(routine);
            self.world.host_mut(id).set_hash_rate(NETWORK_HASH_RATE / self.miners.len() as f64);
            self.create_wallet(id);
        }
        self.give_chains();
        self.world.run_for(Span::from_secs(20));
        self.hear_replies();
    }

    fn config(&mut self, at: usize) -> NodeConfig {
        let sync = if self.dice.chance(0.2) { SyncMode::Blocks } else { SyncMode::Headers };
        let others: Vec<NodeId> = self.nodes.iter().copied().filter(|id| *id != self.nodes[at]).collect();
        let next = self.nodes[(at + 1) % self.nodes.len()];
        let connect = if self.dice.chance(0.7) {
            vec![next, *self.dice.pick(&others), *self.dice.pick(&others)]
        } else {
            Vec::new()
        };
        NodeConfig { id: self.nodes[at], role: Role::Full, network: None, sync, connect }
    }

    /// Gives the chain to nodes that have none: new ones, and those whose record of the network was damaged.
    fn give_chains(&mut self) {
        for id in self.nodes.clone() {
            let needs_chain = |node: &Node| node.snapshot().chain.is_none();
            if self.world.host(id).node().is_some_and(needs_chain) {
                self.world.submit(id, Command::ImportChain { file: self.chain.clone() });
                self.world.follow_routine(id);
            }
        }
    }

    /// What the owner of a node does whenever it opens.
    fn routine(&self, id: NodeId) -> Vec<Command> {
        let start = Command::StartNode(StartOptions::default());
        let mine = Command::SetMining { mode: MiningMode::Always, address: None };
        if self.miners.contains(&id) { vec![start, mine] } else { vec![start] }
    }

    fn create_wallet(&mut self, id: NodeId) {
        let request = self.world.submit(id, Command::CreateWallet { label: None });
        self.asked.push((id, request));
    }

    /// Takes note of the keys that wallets told of since the last time.
    fn hear_replies(&mut self) {
        for (id, request) in std::mem::take(&mut self.asked) {
            match self.world.host_mut(id).take_reply(request) {
                Some(Ok(Reply::Address(entry))) => self.keys.entry(id).or_default().push(entry.address),
                Some(_) => {}
                None => self.asked.push((id, request)),
            }
        }
    }

    /// Lets faults happen.
    fn rage(&mut self) {
        let usual = Link {
            latency: Span::from_millis(self.dice.within(1, 150)),
            jitter: Span::from_millis(self.dice.within(0, 100)),
            loss: self.dice.within(0, 20) as f64 / 1_000.0,
            doubling: self.dice.within(0, 50) as f64 / 100.0,
            cut: false,
        };
        self.world.set_usual_link(usual);
        for id in self.nodes.clone() {
            self.world.host_mut(id).disk_mut().set_faults(self.disk_faults);
            if self.dice.chance(0.2) {
                self.world.note_fault(Fault::ClockDrift);
                let drift = self.dice.within(0, 2_000) as i64 - 1_000;
                self.world.host_mut(id).set_clock(Clock { ahead: 0, drift });
            }
        }
        let end = self.world.time().mono + RAGE;
        while self.world.time().mono < end {
            let wait = self.dice.wait(FAULT_EVERY);
            self.pass(wait);
            self.give_chains();
            self.strike();
            self.hear_replies();
        }
    }

    /// Lets time pass and ends the faults that are due.
    fn pass(&mut self, span: Span) {
        let until = self.world.time().mono + span;
        while let Some((&(at, order), &end)) = self.ends.first_key_value().filter(|((at, _), _)| *at <= until)
        {
            self.ends.remove(&(at, order));
            self.world.run_for(at - self.world.time().mono);
            self.end(end);
        }
        self.world.run_for(until - self.world.time().mono);
    }

    /// Something happens, mostly bad.
    fn strike(&mut self) {
        let a = *self.dice.pick(&self.nodes);
        let b = *self.dice.pick(&self.nodes);
        match self.dice.below(20) {
            0..=3 => self.world.break_connection(a, b),
            4..=5 => {
                let span = Span::from_millis(self.dice.within(500, 5_000));
                self.world.clog(a, b, span);
            }
            6 => self.split(),
            7 => {
                self.world.set_one_way(a, b, true);
                self.later(15, End::OneWay(a, b));
            }
            8 => self.world.crash(a, Power::Kept),
            9 => self.world.crash(a, Power::Lost),
            10 => {
                self.world.crash(a, Power::Kept);
                let database = *self.dice.pick(&[Database::Chain, Database::Peers]);
                self.world.damage(a, database);
            }
            11 => {
                self.world.host_mut(a).disk_mut().set_full(true);
                self.later(10, End::DiskFull(a));
            }
            12 => self.set_wrong_clock(a),
            13 => {
                let span = Span::from_millis(self.dice.within(1_000, 20_000));
                self.world.send_to_sleep(a, span);
            }
            14 => self.create_wallet(a),
            _ => self.pay(a, b),
        }
    }

    /// A miner's clock is only ever behind: ahead it would mine blocks that everyone else refuses until their time has
    /// come, as in Bitcoin, and no network agrees before.
    fn set_wrong_clock(&mut self, id: NodeId) {
        self.world.note_fault(Fault::ClockWrong);
        let hours = self.dice.within(0, 5 * 3_600) as i64;
        let is_ahead = !self.miners.contains(&id) && self.dice.chance(0.5);
        let ahead = if is_ahead { hours } else { -hours };
        self.world.host_mut(id).set_clock(Clock { ahead, drift: 0 });
        self.later(30, End::ClockWrong(id));
    }

    fn pay(&mut self, from: NodeId, to: NodeId) {
        let address = |storm: &Self, id| storm.keys.get(&id).and_then(|keys| keys.first().cloned());
        let (Some(from_address), Some(to)) = (address(self, from), address(self, to)) else { return };
        let amount = Amount::from_sat(self.dice.within(1, 100_000_000) as i64);
        let fee = self.dice.chance(0.5).then_some(Amount::from_sat(1_000));
        self.world.submit(from, Command::Send { from: from_address, to, amount, fee, mine: false });
    }

    fn split(&mut self) {
        self.world.note_fault(Fault::Partition);
        let groups = self.dice.within(2, 3) as usize;
        let mut parts = vec![Vec::new(); groups];
        for id in &self.nodes {
            parts[self.dice.below(groups)].push(*id);
        }
        let parts: Vec<&[NodeId]> = parts.iter().map(Vec::as_slice).collect();
        self.world.partition(&parts);
        self.later(20, End::Partition);
    }

    fn later(&mut self, at_most_secs: u64, end: End) {
        let span = Span::from_millis(self.dice.within(1_000, at_most_secs * 1_000));
        self.planned += 1;
        self.ends.insert((self.world.time().mono + span, self.planned), end);
    }

    fn end(&mut self, end: End) {
        match end {
            End::Partition => self.world.heal(),
            End::OneWay(from, to) => self.world.set_one_way(from, to, false),
            End::DiskFull(id) => self.world.host_mut(id).disk_mut().set_full(false),
            End::ClockWrong(id) => self.world.host_mut(id).set_clock(Clock::default()),
        }
    }

    /// From now on nothing goes wrong.
    fn end_faults(&mut self) {
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
        while self.world.time().mono < end {
            self.world.run_for(GLANCE);
            self.give_chains();
            if self.agree() {
                return true;
            }
        }
        false
    }

    fn agree(&self) -> bool {
        let now = self.world.time().unix.0 + ConsensusParams::CLASSROOM.future_limit;
        let tip = |id: &NodeId| {
            let chain = self.world.host(*id).node()?.snapshot().chain?;
            chain.recent.last().is_some_and(|block| block.time <= now).then_some(chain.tip)
        };
        let first = tip(&self.nodes[0]);
        first.is_some() && self.nodes.iter().all(|id| tip(id) == first)
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
            format!(
                "\n    {id} {:?} at {} of {} ({short}, {ahead:+} s), {connected} peers{mines}",
                snapshot.state, chain.height, chain.headers,
            )
        };
        let seen = self.nodes.iter().map(standing).collect();
        Violation { invariant: Invariant::HonestNodesAgree, node: None, seen }
    }

    fn height(&self, id: NodeId) -> Option<u32> {
        Some(self.world.host(id).node()?.snapshot().chain?.height.0)
    }
}

/// The chain of every storm: the classroom's rules at the easiest target, and nothing above genesis.
fn chain() -> ChainFile {
    let consensus = ConsensusParams { pow_limit: EASIEST, ..ConsensusParams::CLASSROOM };
    let mut genesis = genesis::unsolved(&consensus, op_return(b"storm"), UnixTime(START));
    let target = consensus.pow_limit_target();
    genesis.header.nonce =
        mining::search(&genesis.header, &target, 0, 1 << 32).expect("half of all nonces solve it");
    file::export(&Network::from(Invitation { genesis, consensus }), [].iter())
}
