//! What surrounds one node: its disk, its connections, its clock, its miner, its log, and the answers to its commands.

use super::clock::Clock;
use super::dice::Dice;
use super::disk::Disk;
use super::page::Page;
use super::transport::{self, Connections};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use terrarium_core::interface::{
    Command, CommandError, Event, LogLine, NodeConfig, NodeId, Reply, RequestId, Role, RunState,
};
use terrarium_core::mining;
use terrarium_core::node::journal::{Opening, RecordedNode, Recorder};
use terrarium_core::node::{Cost, Entropy, Input, Loaded, MiningJob, Node, Output, VerifyId};
use terrarium_core::primitives::Target;
use terrarium_core::store::{Database, Table};
use terrarium_core::time::{Mono, Span, Time};
use terrarium_core::transport::Transport;

/// What a node may spend in one step.
const BUDGET: Cost = Cost(20_000);

/// Steps in a row after which a node that is still busy is taken to be stuck.
const MAX_STEPS: u32 = 1_000_000;

/// Times that a node may ask to be woken at one moment before it is taken to be stuck.
const MAX_WAKES: u32 = 10_000;

/// Batches of scripts that helpers have begun at a time.
const BEGUN: usize = 2;

/// Hashes a second of a miner without a budget.
const UNBUDGETED: f64 = 5_000_000.0;

/// One node and what surrounds it.
pub struct Host {
    config: NodeConfig,
    seed: u64,
    /// What outlives the node.
    pub(super) disk: Disk,
    node: Option<RecordedNode>,
    life: u32,
    steps: u32,
    clock: Clock,
    pub(super) connections: Connections,
    /// Nothing happens here until then.
    pub(super) asleep_until: Mono,
    /// Whether something happened at this moment that the node has not taken up.
    is_due: bool,
    /// When the node's timer is set to fire.
    wake: Option<Mono>,
    /// When the node's timer last fired, and how often at that moment.
    woken: (Mono, u32),
    /// When the sessions' timer is set to fire.
    pub(super) session_wake: Option<Mono>,
    /// Whether others are let in, as they are while the node is on a network.
    pub(super) listens: bool,
    /// The miner's budget, in hashes a second.
    hash_rate: f64,
    /// Whether helpers check the scripts of every block.
    has_helpers: bool,
    /// Batches of scripts that helpers will answer; as many as the node has handed out.
    batches: BTreeSet<VerifyId>,
    /// Its height when it died, until it has it again.
    recovering: Option<u32>,
    directory: Vec<SocketAddr>,
    repaired: Vec<String>,
    log: Vec<LogLine>,
    events: Vec<Event>,
    replies: BTreeMap<RequestId, Result<Reply, CommandError>>,
    /// Addresses that the wallet told of.
    keys: Vec<String>,
    /// What its owner tells the node whenever it opens.
    routine: Vec<Command>,
    /// What the node did, hashed in order; none where nobody asks.
    trace: Option<Sha256>,
    /// Writes down what goes into the node and comes out; none where nobody asks.
    recorder: Option<Rc<RefCell<Recorder>>>,
    /// What the page would believe by what the node told it.
    page: Page,
}

impl Host {
    pub(super) fn new(config: NodeConfig, seed: u64) -> Self {
        let connections = connections(seed, config.id, 0);
        Self {
            config,
            seed,
            disk: Disk::default(),
            node: None,
            life: 0,
            steps: 0,
            clock: Clock::default(),
            connections,
            asleep_until: Mono(0),
            is_due: false,
            wake: None,
            woken: (Mono(0), 0),
            session_wake: None,
            listens: false,
            hash_rate: 8_000.0,
            has_helpers: false,
            batches: BTreeSet::new(),
            recovering: None,
            directory: Vec::new(),
            repaired: Vec::new(),
            log: Vec::new(),
            events: Vec::new(),
            replies: BTreeMap::new(),
            keys: Vec::new(),
            routine: Vec::new(),
            trace: None,
            recorder: None,
            page: Page::default(),
        }
    }

    /// The node, if it is open.
    pub fn node(&self) -> Option<&Node> {
        self.node.as_deref()
    }

    /// Where the node keeps its data; it outlives the node.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// As [`Host::disk`], to change it.
    pub fn disk_mut(&mut self) -> &mut Disk {
        &mut self.disk
    }

    /// What the node had to repair when it was last opened.
    pub fn repaired(&self) -> &[String] {
        &self.repaired
    }

    /// The node's log since it was made.
    pub fn log(&self) -> Vec<String> {
        self.log.iter().map(ToString::to_string).collect()
    }

    /// Its other events since it was made, but for messages.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Sets the miner's budget, in hashes a second.
    pub fn set_hash_rate(&mut self, hashes_per_second: f64) {
        self.hash_rate = hashes_per_second;
    }

    /// Has helpers check the scripts of every block, in this life and in all that follow.
    pub(super) fn set_helpers(&mut self) {
        self.has_helpers = true;
        self.call_helpers();
    }

    /// Gives helpers a batch.
    pub(super) fn hand_out(&mut self, id: VerifyId) {
        self.batches.insert(id);
    }

    /// Takes back the batches that no helper has begun: those get no answer.
    pub(super) fn cancel_batches(&mut self) {
        while self.batches.len() > BEGUN {
            self.batches.pop_last();
        }
    }

    /// Whether what was to be said is still said: nobody answers for a batch that was taken back.
    pub(super) fn still_says(&mut self, input: &Input) -> bool {
        match input {
            Input::Verified { id, .. } | Input::Unverified { id } => self.batches.remove(id),
            _ => true,
        }
    }

    fn call_helpers(&mut self) {
        self.tell(Input::Helpers { least: Some(Cost::ZERO) });
    }

    /// Sets how its wall clock is wrong.
    pub fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Sets what its owner tells the node whenever a fault ended it and it opens again.
    pub fn set_routine(&mut self, routine: Vec<Command>) {
        self.routine = routine;
    }

    pub(super) fn routine(&self) -> &[Command] {
        &self.routine
    }

    /// Whether a command has been answered.
    pub fn has_replied(&self, id: RequestId) -> bool {
        self.replies.contains_key(&id)
    }

    /// A command's answer, given once.
    pub fn take_reply(&mut self, id: RequestId) -> Option<Result<Reply, CommandError>> {
        self.replies.remove(&id)
    }

    /// What its clocks show.
    pub(super) fn time(&self, now: Mono) -> Time {
        Time { mono: now, unix: self.clock.read(now) }
    }

    pub(super) fn id(&self) -> NodeId {
        self.config.id
    }

    pub(super) fn is_open(&self) -> bool {
        self.node.is_some()
    }

    /// Whether it died and is not yet where it was.
    pub(super) fn is_recovering(&self) -> bool {
        self.recovering.is_some()
    }

    pub(super) fn life(&self) -> u32 {
        self.life
    }

    /// Tells the node something, which it takes up in its next step; whether it is there and needs one.
    pub(super) fn tell(&mut self, input: Input) -> bool {
        self.node.as_mut().is_some_and(|node| node.handle(input))
    }

    pub(super) fn keep_quiet(&mut self) {
        if let Some(node) = &mut self.node {
            node.keep_quiet();
        }
    }

    /// Whether the node is on a network.
    pub(super) fn is_running(&self) -> bool {
        self.node.as_ref().is_some_and(|node| node.state() == RunState::Running)
    }

    /// The node's network, by its magic.
    pub(super) fn network(&self) -> Option<String> {
        self.node.as_ref()?.snapshot().chain.map(|chain| chain.magic)
    }

    pub(super) fn open(&mut self) {
        let store = self.disk.store();
        let loaded = Loaded {
            chain: store.records(Database::Chain),
            wallet: store.records(Database::Wallet),
            peers: store.records(Database::Peers),
        };
        let (config, entropy) = (self.config.clone(), self.entropy());
        let opening = Opening { host: Ipv4Addr::LOCALHOST, class: None, config, entropy, loaded };
        let (node, repaired) =
            RecordedNode::open(opening, self.recorder.clone()).expect("a node opens from any store");
        self.page = if repaired.is_empty() { Page::of(&node) } else { Page::default() };
        self.node = Some(node);
        if self.has_helpers {
            self.call_helpers();
        }
        self.repaired = repaired;
        self.connections = connections(self.seed, self.id(), self.life);
    }

    pub(super) fn kill(&mut self) {
        self.recovering = self.height().max(self.recovering);
        self.node = None;
        self.life += 1;
        self.wake = None;
        self.session_wake = None;
        self.listens = false;
        self.directory.clear();
        self.batches.clear();
    }

    /// Whether the node has been busy for so long that it is taken to be stuck.
    pub(super) fn is_stuck(&self) -> bool {
        self.steps >= MAX_STEPS
    }

    /// Lets the node work once: what it asks for, and whether work is left. None while it is not open.
    pub(super) fn step(&mut self, now: Mono) -> Option<(Vec<Output>, bool)> {
        let time = self.time(now);
        let node = self.node.as_mut()?;
        let busy = node.step(time, BUDGET);
        self.steps = if busy { self.steps + 1 } else { 0 };
        let outputs: Vec<Output> = std::iter::from_fn(|| node.poll()).collect();
        if let Some(trace) = &mut self.trace {
            outputs.iter().for_each(|output| trace.update(format!("{time:?} {output:?}\n")));
        }
        Some((outputs, busy))
    }

    /// Something happened that the node is to take up; whether that is news.
    pub(super) fn note_due(&mut self) -> bool {
        !std::mem::replace(&mut self.is_due, true)
    }

    /// The node takes up what happened.
    pub(super) fn forget_due(&mut self) {
        self.is_due = false;
    }

    /// Takes note of how far the node has come back from its last death.
    pub(super) fn note_recovery(&mut self) {
        if self.recovering.is_some() && self.height() >= self.recovering {
            self.recovering = None;
        }
    }

    /// When the node's timer must be set anew; none where it is set already or not needed.
    pub(super) fn next_wake(&mut self) -> Option<Mono> {
        let at = self.node.as_ref()?.next_wakeup()?;
        if self.wake.is_some_and(|set| set <= at) {
            return None;
        }
        self.wake = Some(at);
        Some(at)
    }

    /// The node's timer fires. Whether the node wants to be woken again and again at one moment: in a browser it would take a whole core.
    pub(super) fn note_wake(&mut self, now: Mono) -> bool {
        self.wake = None;
        let times = if self.woken.0 == now { self.woken.1 + 1 } else { 1 };
        self.woken = (now, times);
        times >= MAX_WAKES
    }

    /// As [`Host::next_wake`], for the timer of the sessions.
    pub(super) fn next_session_wake(&mut self) -> Option<Mono> {
        let at = self.connections.transport().next_wakeup().earliest()?;
        if self.session_wake.is_some_and(|set| set <= at) {
            return None;
        }
        self.session_wake = Some(at);
        Some(at)
    }

    pub(super) fn read(&self, database: Database, table: Table, keys: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        self.disk.store().lookup(database, table, keys).expect("a node asks for its own tables")
    }

    /// Solves a job: what the miner will say, and how long it takes. The nonce is real; at a budget its time is drawn,
    /// as a single hash may take longer than a job lasts.
    pub(super) fn grind(&self, job: &MiningJob, dice: &mut Dice) -> (Input, Span) {
        let Some(nonce) = mining::search(&job.header, &job.target, job.header.nonce, 1 << 32) else {
            return (Input::NoncesExhausted { job: job.id }, Span((4_294_967_296e6 / self.hash_rate) as u64));
        };
        let found = Input::NonceFound { job: job.id, nonce };
        if job.budgeted {
            let mean = hashes_per_block(&job.target) / self.hash_rate;
            (found, dice.wait(Span((mean * 1e6) as u64)))
        } else {
            let tries = f64::from(nonce.wrapping_sub(job.header.nonce)) + 1.0;
            (found, Span((tries / UNBUDGETED * 1e6) as u64))
        }
    }

    pub(super) fn note(&mut self, event: Event) {
        self.page.note(&event);
        match event {
            Event::Log(line) => self.log.push(line),
            Event::Message { .. } => {}
            other => self.events.push(other),
        }
    }

    /// Addresses that the wallet told of, in all lives: it must never lose one.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    pub(super) fn answer(&mut self, id: RequestId, result: Result<Reply, CommandError>) {
        if let Ok(Reply::Address(entry)) = &result {
            self.keys.push(entry.address.clone());
        }
        let earlier = self.replies.insert(id, result);
        assert!(earlier.is_none(), "a command is answered once");
    }

    /// Takes in which nodes are up; whether that is news.
    pub(super) fn learn(&mut self, up: &Vec<SocketAddr>) -> bool {
        let is_new = self.directory != *up;
        self.directory.clone_from(up);
        is_new
    }

    /// Hashes from now on what the node does.
    pub(super) fn begin_trace(&mut self) {
        self.trace = Some(Sha256::new());
    }

    /// Has this write down what goes into the node and comes out, whenever it is opened from now on.
    pub(super) fn record(&mut self, recorder: Rc<RefCell<Recorder>>) {
        self.recorder = Some(recorder);
    }

    /// What the page would believe by what the node told it.
    pub(super) fn page(&self) -> &Page {
        &self.page
    }

    /// Whether it keeps headers alone.
    pub(super) fn is_light(&self) -> bool {
        self.config.role == Role::Spv
    }

    pub(super) fn trace(&self) -> Option<[u8; 32]> {
        self.trace.clone().map(|trace| trace.finalize().into())
    }

    fn height(&self) -> Option<u32> {
        Some(self.node.as_ref()?.standing()?.0.0)
    }

    fn entropy(&self) -> Entropy {
        let draw = |purpose: &str| {
            Sha256::digest(format!("{} {} {} {purpose}", self.seed, self.config.id, self.life)).into()
        };
        Entropy { node: draw("node"), wallet: draw("wallet") }
    }
}

/// How many hashes meet a target, on average.
fn hashes_per_block(target: &Target) -> f64 {
    let limbs = target.0.into_limbs();
    let share = limbs.iter().rev().fold(0.0, |share, limb| share * 2f64.powi(64) + *limb as f64);
    2f64.powi(256) / (share + 1.0)
}

/// The connections of a life.
fn connections(seed: u64, id: NodeId, life: u32) -> Connections {
    let digest = Sha256::digest(format!("{seed} {id} {life} sessions"));
    transport::connections(id, digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
