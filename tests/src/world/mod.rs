//! A small deterministic world: several real [`Node`](terrarium_core::node::Node)s on virtual time, each with a memory store, joined by wires with
//! latency and cuts, mining real proof of work whose duration follows from a hash rate. The same seed and the same
//! calls give the same run.

mod agenda;
mod host;
mod wires;

pub use host::Host;
pub use wires::Wire;

use agenda::{Agenda, Happening};
use std::collections::BTreeMap;
use terrarium_core::interface::{
    Command, CommandError, Direction, Event, NodeConfig, NodeId, NodeSnapshot, PeerId, Reply, RequestId,
};
use terrarium_core::node::{Input, LoadId, MiningJob, Output};
use terrarium_core::store::StoreBatch;
use terrarium_core::time::{Mono, Span, Time, UnixTime};
use wires::Wires;

/// When every world begins, in seconds since 1970: 2026-01-01.
const START: u32 = 1_767_225_600;

/// How long a store takes over a write or a read.
const STORE_LATENCY: Span = Span::from_millis(2);

/// How long a command is waited for.
const PATIENCE: Span = Span::from_secs(600);

/// Several nodes and what lies between them.
pub struct World {
    now: Mono,
    seed: u64,
    hosts: BTreeMap<NodeId, Host>,
    wires: Wires,
    agenda: Agenda,
    requests: u32,
}

impl World {
    /// An empty world; `seed` decides every key and every nonce in it.
    pub fn new(seed: u64) -> Self {
        Self {
            now: Mono(0),
            seed,
            hosts: BTreeMap::new(),
            wires: Wires::default(),
            agenda: Agenda::default(),
            requests: 0,
        }
    }

    /// What time it is.
    pub fn time(&self) -> Time {
        Time { mono: self.now, unix: UnixTime(START + (self.now.0 / 1_000_000) as u32) }
    }

    /// Makes a node with an empty store and opens it, stopped.
    pub fn add(&mut self, config: NodeConfig) {
        let id = config.id;
        self.hosts.insert(id, Host::new(config, self.seed));
        self.open(id);
    }

    /// Opens a node that was killed, from what its store holds.
    pub fn open(&mut self, id: NodeId) {
        self.host_mut(id).open();
        self.announce();
        self.pump(id);
    }

    /// Ends a node at once, in the middle of whatever it did; writes in flight are lost.
    pub fn kill(&mut self, id: NodeId) {
        self.host_mut(id).kill();
        for (other, peer) in self.wires.close_all(id) {
            self.tell(other, self.now, Input::PeerClosed { peer, reason: "the peer is gone".to_owned() });
        }
        self.announce();
    }

    /// The ids of all nodes, open or not.
    pub fn ids(&self) -> Vec<NodeId> {
        self.hosts.keys().copied().collect()
    }

    /// What surrounds a node.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn host(&self, id: NodeId) -> &Host {
        self.hosts.get(&id).unwrap_or_else(|| panic!("there is no node {id}"))
    }

    /// As [`World::host`], to change it.
    pub fn host_mut(&mut self, id: NodeId) -> &mut Host {
        self.hosts.get_mut(&id).unwrap_or_else(|| panic!("there is no node {id}"))
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

    /// Carries out a command, letting time pass until it is answered.
    ///
    /// # Panics
    /// If it is not answered within ten minutes of virtual time.
    pub fn execute(&mut self, id: NodeId, command: Command) -> Result<Reply, CommandError> {
        let text = format!("{command:?}");
        let request = self.submit(id, command);
        let answered = self.run_until(PATIENCE, |world| world.host(id).has_replied(request));
        assert!(answered, "node {id} did not answer {text}");
        self.announce();
        self.host_mut(id).take_reply(request).expect("it has replied")
    }

    /// Sets the wire between two nodes; what is cut closes at once, at both ends.
    pub fn set_wire(&mut self, a: NodeId, b: NodeId, wire: Wire) {
        for (node, peer) in self.wires.set(a, b, wire) {
            self.tell(node, self.now, Input::PeerClosed { peer, reason: "the link is cut".to_owned() });
        }
    }

    /// Cuts every wire between different groups; nodes not named form one more group.
    pub fn partition(&mut self, groups: &[&[NodeId]]) {
        let group_of = |id: &NodeId| groups.iter().position(|group| group.contains(id));
        let ids = self.ids();
        for (at, a) in ids.iter().enumerate() {
            for b in &ids[at + 1..] {
                let cut = group_of(a) != group_of(b);
                self.set_wire(*a, *b, Wire { cut, ..self.wires.between(*a, *b) });
            }
        }
    }

    /// Mends every cut.
    pub fn heal(&mut self) {
        self.partition(&[]);
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

    /// Everything that the nodes said, hashed in order: two runs are the same when their traces are.
    pub fn trace(&self) -> Vec<[u8; 32]> {
        self.hosts.values().map(Host::trace).collect()
    }

    /// Moves to the next thing that happens, unless it is after `end`; whether there was one.
    fn advance(&mut self, end: Mono) -> bool {
        let Some((at, entry)) = self.agenda.next(end) else { return false };
        self.now = self.now.max(at);
        let is_current = self.hosts.get(&entry.node).is_some_and(|host| host.life() == entry.life);
        if !is_current {
            return true;
        }
        match entry.happening {
            Happening::Input(input) => self.give(entry.node, input),
            Happening::Wake => {
                self.host_mut(entry.node).wake = None;
                self.pump(entry.node);
            }
            Happening::Write(batch) => {
                let input = self.host_mut(entry.node).write(&batch);
                self.give(entry.node, input);
            }
        }
        true
    }

    /// Tells a node something at a time to come.
    fn tell(&mut self, node: NodeId, at: Mono, input: Input) {
        self.plan(node, at, Happening::Input(input));
    }

    fn plan(&mut self, node: NodeId, at: Mono, happening: Happening) {
        let life = self.host(node).life();
        self.agenda.add(at, node, life, happening);
    }

    /// Tells a node something now and lets it work.
    fn give(&mut self, id: NodeId, input: Input) {
        if let Some(node) = self.host_mut(id).node_mut() {
            node.handle(input);
            self.pump(id);
        }
    }

    /// Lets a node work off what it has, and does what it asks.
    fn pump(&mut self, id: NodeId) {
        let time = self.time();
        while let Some((outputs, busy)) = self.host_mut(id).step(time) {
            for output in outputs {
                self.obey(id, output);
            }
            if !busy {
                break;
            }
        }
        if let Some(at) = self.host_mut(id).next_wake() {
            self.plan(id, at.max(self.now), Happening::Wake);
        }
    }

    fn obey(&mut self, id: NodeId, output: Output) {
        match output {
            Output::Connect { address } => self.connect(id, NodeId(address.port())),
            Output::Send { peer, bytes } => self.send(id, peer, bytes),
            Output::Disconnect { peer, .. } => {
                if let Some((other, their)) = self.wires.close(id, peer) {
                    let at = self.now + self.wires.between(id, other).latency;
                    let reason = "the peer closed the connection".to_owned();
                    self.tell(other, at, Input::PeerClosed { peer: their, reason });
                }
            }
            // Links here have room for everything.
            Output::Consumed { .. } => {}
            Output::Commit(batch) => self.commit(id, batch),
            Output::Load { id: load, database, table, keys } => {
                let values = self.host(id).read(database, table, &keys);
                self.loaded(id, load, values);
            }
            Output::Mine(job) => self.mine(id, &job),
            Output::CancelMine => self.host_mut(id).job = None,
            Output::Event(event) => self.note(id, event),
            Output::Reply { id: request, result } => self.host_mut(id).answer(request, result),
        }
    }

    fn note(&mut self, id: NodeId, event: Event) {
        self.host_mut(id).note(event);
    }

    fn commit(&mut self, id: NodeId, batch: StoreBatch) {
        self.plan(id, self.now + STORE_LATENCY, Happening::Write(batch));
    }

    fn loaded(&mut self, id: NodeId, load: LoadId, values: Vec<Option<Vec<u8>>>) {
        self.tell(id, self.now + STORE_LATENCY, Input::Loaded { id: load, values });
    }

    /// Finds the nonce at once and tells it when the node's hash rate would have.
    fn mine(&mut self, id: NodeId, job: &MiningJob) {
        let host = self.host_mut(id);
        host.job = Some(job.id);
        let (input, took) = host.grind(job);
        self.tell(id, self.now + took, input);
    }

    fn connect(&mut self, from: NodeId, to: NodeId) {
        let wire = self.wires.between(from, to);
        let at = self.now + wire.latency;
        let address = to.local_address();
        if wire.cut || !self.hosts.get(&to).is_some_and(Host::is_open) {
            let reason = format!("{to} does not answer");
            return self.tell(from, at, Input::ConnectFailed { address, reason });
        }
        let (ours, theirs) = self.wires.open(from, to);
        self.tell(from, at, Input::PeerConnected { peer: ours, address, direction: Direction::Outbound });
        let address = from.local_address();
        self.tell(to, at, Input::PeerConnected { peer: theirs, address, direction: Direction::Inbound });
    }

    fn send(&mut self, from: NodeId, peer: PeerId, bytes: Vec<u8>) {
        if let Some((to, their)) = self.wires.other_end(from, peer) {
            let at = self.now + self.wires.between(from, to).latency;
            self.tell(to, at, Input::PeerBytes { peer: their, bytes });
            self.tell(from, at, Input::PeerDrained { peer, queued: 0 });
        }
    }

    /// Tells every running node which others run on its network, as the directory channel does.
    fn announce(&mut self) {
        let running = self.running();
        for (id, network) in &running {
            let others = running.iter().filter(|(other, theirs)| *other != id && *theirs == network);
            let up = others.map(|(other, _)| other.local_address()).collect();
            if self.host_mut(*id).learn(&up) {
                self.give(*id, Input::Directory { up });
            }
        }
    }

    /// The nodes that are on the network, with its magic.
    fn running(&self) -> BTreeMap<NodeId, String> {
        let network = |(id, host): (&NodeId, &Host)| {
            let snapshot = host.node()?.snapshot();
            let is_running = snapshot.state == terrarium_core::interface::RunState::Running;
            Some((*id, snapshot.chain.filter(|_| is_running)?.magic))
        };
        self.hosts.iter().filter_map(network).collect()
    }
}
