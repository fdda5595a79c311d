//! What surrounds one node: its store, its miner, its log, and the answers to its commands.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use terrarium_core::interface::{CommandError, Event, LogLine, NodeConfig, Reply, RequestId};
use terrarium_core::mining;
use terrarium_core::node::{Cost, Entropy, Input, JobId, Loaded, MiningJob, Node, Output};
use terrarium_core::store::{Database, MemoryStore, StoreBatch, Table};
use terrarium_core::time::{Mono, Span, Time};

/// What a node may spend in one step.
const BUDGET: Cost = Cost(20_000);

/// Steps in a row after which a node that is still busy is taken to be stuck.
const MAX_STEPS: u32 = 1_000_000;

/// Hashes a second of a miner without a budget.
const UNBUDGETED: f64 = 5_000_000.0;

/// One node and what surrounds it.
pub struct Host {
    config: NodeConfig,
    seed: u64,
    store: MemoryStore,
    node: Option<Node>,
    life: u32,
    steps: u32,
    /// When the node's timer is set to fire.
    pub(super) wake: Option<Mono>,
    /// What the node's miner grinds.
    pub(super) job: Option<JobId>,
    /// The miner's budget, in hashes a second.
    hash_rate: f64,
    directory: Vec<SocketAddr>,
    repaired: Vec<String>,
    log: Vec<LogLine>,
    events: Vec<Event>,
    writes: u64,
    replies: BTreeMap<RequestId, Result<Reply, CommandError>>,
    trace: Sha256,
}

impl Host {
    pub(super) fn new(config: NodeConfig, seed: u64) -> Self {
        Self {
            config,
            seed,
            store: MemoryStore::default(),
            node: None,
            life: 0,
            steps: 0,
            wake: None,
            job: None,
            hash_rate: 8_000.0,
            directory: Vec::new(),
            repaired: Vec::new(),
            log: Vec::new(),
            events: Vec::new(),
            writes: 0,
            replies: BTreeMap::new(),
            trace: Sha256::new(),
        }
    }

    /// The node, if it is open.
    pub fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    /// The store, which outlives the node; a clone is the same store.
    pub fn store(&self) -> &MemoryStore {
        &self.store
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

    /// How many batches its store has taken.
    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// Sets the miner's budget, in hashes a second.
    pub fn set_hash_rate(&mut self, hashes_per_second: f64) {
        self.hash_rate = hashes_per_second;
    }

    /// Whether a command has been answered.
    pub fn has_replied(&self, id: RequestId) -> bool {
        self.replies.contains_key(&id)
    }

    /// A command's answer, given once.
    pub fn take_reply(&mut self, id: RequestId) -> Option<Result<Reply, CommandError>> {
        self.replies.remove(&id)
    }

    pub(super) fn is_open(&self) -> bool {
        self.node.is_some()
    }

    pub(super) fn life(&self) -> u32 {
        self.life
    }

    pub(super) fn node_mut(&mut self) -> Option<&mut Node> {
        self.node.as_mut()
    }

    pub(super) fn open(&mut self) {
        let loaded = Loaded {
            chain: self.store.records(Database::Chain),
            wallet: self.store.records(Database::Wallet),
            peers: self.store.records(Database::Peers),
        };
        let (node, repaired) =
            Node::new(self.config.clone(), self.entropy(), loaded).expect("a node opens from any store");
        self.node = Some(node);
        self.repaired = repaired;
    }

    pub(super) fn kill(&mut self) {
        self.node = None;
        self.life += 1;
        self.wake = None;
        self.job = None;
        self.directory.clear();
    }

    /// Lets the node work once: what it asks for, and whether work is left. None while it is not open.
    pub(super) fn step(&mut self, now: Time) -> Option<(Vec<Output>, bool)> {
        let node = self.node.as_mut()?;
        let busy = node.step(now, BUDGET);
        self.steps = if busy { self.steps + 1 } else { 0 };
        assert!(self.steps < MAX_STEPS, "node {} is busy without end", self.config.id);
        let outputs: Vec<Output> = std::iter::from_fn(|| node.poll()).collect();
        for output in &outputs {
            self.trace.update(format!("{now:?} {output:?}\n"));
        }
        Some((outputs, busy))
    }

    /// When the timer must be set anew; none where it is set already or not needed.
    pub(super) fn next_wake(&mut self) -> Option<Mono> {
        let at = self.node.as_ref()?.next_wakeup()?;
        if self.wake.is_some_and(|set| set <= at) {
            return None;
        }
        self.wake = Some(at);
        Some(at)
    }

    pub(super) fn write(&mut self, batch: &StoreBatch) -> Input {
        match self.store.apply(batch) {
            Ok(()) => {
                self.writes += 1;
                Input::BatchCommitted { id: batch.id }
            }
            Err(error) => Input::BatchFailed { id: batch.id, reason: error.to_string() },
        }
    }

    pub(super) fn read(&self, database: Database, table: Table, keys: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        self.store.lookup(database, table, keys).expect("a node asks for its own tables")
    }

    /// Solves a job: what the miner will say, and how long it takes at this hash rate.
    pub(super) fn grind(&self, job: &MiningJob) -> (Input, Span) {
        let rate = if job.budgeted { self.hash_rate } else { UNBUDGETED };
        let duration = |tries: f64| Span((tries / rate * 1e6) as u64);
        match mining::search(&job.header, &job.target, job.header.nonce, 1 << 32) {
            Some(nonce) => {
                let tries = f64::from(nonce.wrapping_sub(job.header.nonce)) + 1.0;
                (Input::NonceFound { job: job.id, nonce }, duration(tries))
            }
            None => (Input::NoncesExhausted { job: job.id }, duration(4_294_967_296.0)),
        }
    }

    pub(super) fn note(&mut self, event: Event) {
        if let Event::Block { hash, .. } = &event {
            let is_right = self.node.as_ref().is_none_or(Node::supply_is_right);
            assert!(is_right, "node {}: the coins do not add up at {hash}", self.config.id);
        }
        match event {
            Event::Log(line) => self.log.push(line),
            Event::Message { .. } => {}
            other => self.events.push(other),
        }
    }

    pub(super) fn answer(&mut self, id: RequestId, result: Result<Reply, CommandError>) {
        let earlier = self.replies.insert(id, result);
        assert!(earlier.is_none(), "a command is answered once");
    }

    /// Takes in which nodes are up; whether that is news.
    pub(super) fn learn(&mut self, up: &Vec<SocketAddr>) -> bool {
        let is_new = self.directory != *up;
        self.directory.clone_from(up);
        is_new
    }

    pub(super) fn trace(&self) -> [u8; 32] {
        self.trace.clone().finalize().into()
    }

    fn entropy(&self) -> Entropy {
        let draw = |purpose: &str| {
            Sha256::digest(format!("{} {} {} {purpose}", self.seed, self.config.id, self.life)).into()
        };
        Entropy { node: draw("node"), wallet: draw("wallet") }
    }
}
