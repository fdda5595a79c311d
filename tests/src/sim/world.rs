//! Nodes, lines and time.

use super::adversary::Villain;
use super::agenda::Agenda;
use super::dice::Dice;
use super::directory::Directory;
use super::fault::FaultCounts;
use super::host::Host;
use super::hosts::Hosts;
use super::invariant::Violation;
use super::link::Lines;
use super::nat::Nats;
use super::recorder::Journal;
use super::scale::Arrivals;
use std::collections::BTreeMap;
use terrarium_core::interface::{Command, CommandError, NodeConfig, NodeId, NodeSnapshot, Reply, RequestId};
use terrarium_core::node::Input;
use terrarium_core::time::{Mono, Span, Time, UnixTime};

/// When every world begins, in seconds since 1970: 2026-01-01.
pub(super) const START: u32 = 1_767_225_600;

/// How long a command is waited for.
const PATIENCE: Span = Span::from_secs(600);

/// Several nodes and what lies between them.
pub struct World {
    pub(super) now: Mono,
    pub(super) seed: u64,
    pub(super) hosts: Hosts,
    /// Adversaries, each at an address that no node has.
    pub(super) villains: BTreeMap<NodeId, Villain>,
    pub(super) lines: Lines,
    pub(super) nats: Nats,
    pub(super) agenda: Agenda,
    /// The nodes that this moment's events concern; empty between moments.
    pub(super) due: Vec<NodeId>,
    requests: u32,
    pub(super) dice: Dice,
    /// What helpers do, and when.
    pub(super) helpers: Dice,
    pub(super) handed_out: u64,
    pub(super) faults: FaultCounts,
    pub(super) directory: Directory,
    /// When what came to which node, where that is all that is asked of the world.
    pub(super) arrivals: Option<Arrivals>,
    /// What did not hold, where that is collected; where it is not, the world ends at once.
    pub(super) violations: Option<Vec<Violation>>,
    /// Where all that goes into nodes and comes out is written, if anywhere.
    pub(super) journal: Option<Journal>,
}

impl World {
    /// An empty world; `seed` decides every key, every nonce and every fault in it.
    pub fn new(seed: u64) -> Self {
        Self {
            now: Mono(0),
            seed,
            hosts: Hosts::default(),
            villains: BTreeMap::new(),
            lines: Lines::new(seed),
            nats: Nats::default(),
            agenda: Agenda::default(),
            due: Vec::new(),
            requests: 0,
            dice: Dice::new(seed, "world"),
            helpers: Dice::new(seed, "helpers"),
            handed_out: 0,
            faults: FaultCounts::default(),
            directory: Directory::default(),
            arrivals: None,
            violations: None,
            journal: None,
        }
    }

    /// What time it is.
    pub fn time(&self) -> Time {
        Time { mono: self.now, unix: UnixTime(START + (self.now.0 / 1_000_000) as u32) }
    }

    /// Makes a node with an empty store and opens it, stopped.
    pub fn add(&mut self, config: NodeConfig) {
        let id = config.id;
        let mut host = Host::new(config, self.seed);
        if let Some(journal) = &self.journal {
            host.record(journal.recorder());
        }
        self.hosts.insert(id, host);
        self.open(id);
    }

    /// Opens a node that was killed, from what its store holds.
    pub fn open(&mut self, id: NodeId) {
        self.host_mut(id).open();
        for other in self.lines.cut_from(id) {
            self.host_mut(id).connections.transport_mut().cut(other);
        }
        self.pump(id);
    }

    /// Tells a node what its owner tells it whenever it opens.
    pub fn follow_routine(&mut self, id: NodeId) {
        for command in self.host(id).routine().to_vec() {
            self.submit(id, command);
        }
    }

    /// Ends a node at once, in the middle of whatever it did; writes in flight are lost. Others hear of it as the
    /// directory tells them.
    pub fn kill(&mut self, id: NodeId) {
        self.host_mut(id).kill();
        for other in self.ids() {
            self.host_mut(other).connections.transport_mut().abandon(id.local_address());
            self.pump(other);
        }
        self.announce();
    }

    /// The ids of all nodes, open or not.
    pub fn ids(&self) -> Vec<NodeId> {
        self.hosts.iter().map(Host::id).collect()
    }

    /// What surrounds a node.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn host(&self, id: NodeId) -> &Host {
        self.hosts.get(id).unwrap_or_else(|| panic!("there is no node {id}"))
    }

    /// As [`World::host`], to change it.
    pub fn host_mut(&mut self, id: NodeId) -> &mut Host {
        self.hosts.get_mut(id).unwrap_or_else(|| panic!("there is no node {id}"))
    }

    /// A node's state.
    ///
    /// # Panics
    /// If there is no such node or it is not open.
    pub fn snapshot(&self, id: NodeId) -> NodeSnapshot {
        self.host(id).node().unwrap_or_else(|| panic!("node {id} is not open")).snapshot()
    }

    /// Hands a command over; its reply will be found by [`Host::take_reply`].
    pub fn submit(&mut self, id: NodeId, command: Command) -> RequestId {
        self.requests += 1;
        let request = RequestId(self.requests);
        self.give(id, Input::Command { id: request, command });
        request
    }

    /// Gives a command up.
    pub fn cancel(&mut self, id: NodeId, request: RequestId) {
        self.give(id, Input::Cancel { id: request });
    }

    /// Has helpers check the scripts of every block of a node: in any order, and now and then one gives its batch back.
    pub fn give_helpers(&mut self, id: NodeId) {
        self.host_mut(id).set_helpers();
        self.pump(id);
    }

    /// How many batches of scripts were handed to helpers.
    pub fn handed_out(&self) -> u64 {
        self.handed_out
    }

    /// Carries out a command, letting time pass until it is answered.
    ///
    /// # Panics
    /// If it is not answered within ten minutes of virtual time.
    pub fn execute(&mut self, id: NodeId, command: Command) -> Result<Reply, CommandError> {
        let text = format!("{command:?}");
        let request = self.submit(id, command);
        let answered = self.run_until(PATIENCE, |world| world.host(id).has_replied(request));
        assert!(answered, "node {id} did not answer {text}");
        self.host_mut(id).take_reply(request).expect("it has replied")
    }

    /// How often each fault happened so far.
    pub fn faults(&self) -> &FaultCounts {
        &self.faults
    }

    /// From now on notes when what came to which node, and nothing else of what nodes tell.
    pub(super) fn note_arrivals(&mut self, arrivals: Arrivals) {
        self.arrivals = Some(arrivals);
    }

    /// Has a node keep quiet, to its peers (see [`terrarium_core::node::Node::keep_quiet`]) and to its host, whose disk loses
    /// nothing.
    pub fn keep_quiet(&mut self, id: NodeId) {
        self.host_mut(id).keep_quiet();
        self.host_mut(id).disk.make_lasting();
        self.give(id, Input::Listens { messages: false, log: false });
    }

    /// How many entries of the plan have happened.
    pub fn events(&self) -> u64 {
        self.agenda.taken()
    }

    /// Lets time pass.
    pub fn run_for(&mut self, span: Span) {
        self.run_until(span, |_| false);
    }

    /// Lets time pass until `done`, at most `limit` of it; whether it was done.
    pub fn run_until(&mut self, limit: Span, mut done: impl FnMut(&World) -> bool) -> bool {
        let end = self.now + limit;
        loop {
            if done(self) {
                return true;
            }
            if !self.advance(end) {
                self.now = end;
                return done(self);
            }
        }
    }
}
