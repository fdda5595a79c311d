//! Nodes, lines and time.

use super::agenda::{Agenda, Entry, Happening};
use super::connections::Heard;
use super::dice::Dice;
use super::disk::Written;
use super::fault::{Fault, FaultCounts};
use super::host::Host;
use super::invariant;
use super::link::{Lines, Link};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use terrarium_core::interface::{
    Command, CommandError, Event, NodeConfig, NodeId, NodeSnapshot, Reply, RequestId,
};
use terrarium_core::node::{Input, MiningJob, Output};
use terrarium_core::store::StoreBatch;
use terrarium_core::time::{Mono, Span, Time, UnixTime};

/// When every world begins, in seconds since 1970: 2026-01-01.
pub(super) const START: u32 = 1_767_225_600;

/// How long a disk takes over a write or a read.
const DISK_LATENCY: Span = Span::from_millis(2);

/// How long a command is waited for.
const PATIENCE: Span = Span::from_secs(600);

/// The longest that a host stays down after a fault ended it.
const LONGEST_DOWN: Span = Span::from_secs(5);

/// Several nodes and what lies between them.
pub struct World {
    now: Mono,
    seed: u64,
    hosts: BTreeMap<NodeId, Host>,
    lines: Lines,
    agenda: Agenda,
    requests: u32,
    dice: Dice,
    faults: FaultCounts,
    /// Which nodes were on which network when the directory last told.
    listed: BTreeMap<NodeId, String>,
}

impl World {
    /// An empty world; `seed` decides every key, every nonce and every fault in it.
    pub fn new(seed: u64) -> Self {
        Self {
            now: Mono(0),
            seed,
            hosts: BTreeMap::new(),
            lines: Lines::new(seed),
            agenda: Agenda::default(),
            requests: 0,
            dice: Dice::new(seed, "world"),
            faults: FaultCounts::default(),
            listed: BTreeMap::new(),
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
        for other in self.ids() {
            if self.lines.between(id, other).cut {
                self.host_mut(id).connections.cut(other);
            }
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
            self.host_mut(other).connections.abandon(id);
            self.pump(other);
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
        self.host_mut(id).take_reply(request).expect("it has replied")
    }

    /// Makes every link that nobody set yet as `link`, in both directions.
    pub fn set_usual_link(&mut self, link: Link) {
        self.lines.set_usual(link);
    }

    /// The link between two nodes.
    pub fn link(&self, a: NodeId, b: NodeId) -> Link {
        self.lines.between(a, b)
    }

    /// Sets the link between two nodes in both directions; what is cut closes at once, at both ends.
    pub fn set_link(&mut self, a: NodeId, b: NodeId, link: Link) {
        for (from, to) in [(a, b), (b, a)] {
            let was_cut = self.lines.between(from, to).cut;
            self.lines.set(from, to, link);
            match (was_cut, link.cut) {
                (false, true) => self.host_mut(from).connections.cut(to),
                (true, false) => self.host_mut(from).connections.heal(to),
                _ => {}
            }
        }
        self.pump(a);
        self.pump(b);
    }

    /// Cuts every link between different groups; nodes not named form one more group.
    pub fn partition(&mut self, groups: &[&[NodeId]]) {
        let group_of = |id: &NodeId| groups.iter().position(|group| group.contains(id));
        let ids = self.ids();
        for (at, a) in ids.iter().enumerate() {
            for b in &ids[at + 1..] {
                let cut = group_of(a) != group_of(b);
                let link = self.lines.between(*a, *b);
                if link.cut != cut {
                    self.set_link(*a, *b, Link { cut, ..link });
                }
            }
        }
    }

    /// Mends every cut.
    pub fn heal(&mut self) {
        self.partition(&[]);
    }

    /// Swallows every frame from one node to another, or no longer, and tells nobody.
    pub fn set_one_way(&mut self, from: NodeId, to: NodeId, dead: bool) {
        if dead {
            self.faults.note(Fault::OneWay);
        }
        self.lines.set_dead(from, to, dead);
    }

    /// Holds back every frame between two nodes for a while.
    pub fn clog(&mut self, a: NodeId, b: NodeId, span: Span) {
        self.faults.note(Fault::Clog);
        let until = self.now + span;
        self.lines.clog(a, b, until);
        self.lines.clog(b, a, until);
    }

    /// Ends the sessions between two nodes; they may begin new ones.
    pub fn break_connection(&mut self, a: NodeId, b: NodeId) {
        self.faults.note(Fault::ConnectionCut);
        self.host_mut(a).connections.abandon(b);
        self.host_mut(b).connections.abandon(a);
        self.pump(a);
        self.pump(b);
    }

    /// Lets nothing happen in a host for a while, and then all of it.
    pub fn send_to_sleep(&mut self, id: NodeId, span: Span) {
        self.faults.note(Fault::Sleep);
        let until = self.now + span;
        self.host_mut(id).asleep_until = until;
    }

    /// Ends a node as a crash does, to be opened again within seconds; `power` says whether its last writes may be
    /// lost with it.
    pub fn crash(&mut self, id: NodeId, power: Power) {
        self.faults.note(Fault::Crash);
        self.die(id);
        if let Some(host) = self.hosts.get_mut(&id).filter(|_| power == Power::Lost) {
            host.disk.lose_power(&mut self.dice, &mut self.faults);
        }
    }

    /// Damages a record of a node that is down.
    pub fn damage(&mut self, id: NodeId, database: terrarium_core::store::Database) {
        if let Some(host) = self.hosts.get_mut(&id).filter(|host| !host.is_open()) {
            host.disk.damage(database, &mut self.dice, &mut self.faults);
        }
    }

    /// Counts a fault that something outside made happen.
    pub(super) fn note_fault(&mut self, fault: Fault) {
        self.faults.note(fault);
    }

    /// How often each fault happened so far.
    pub fn faults(&self) -> &FaultCounts {
        &self.faults
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

    /// Hashes from now on what every node does.
    pub fn begin_trace(&mut self) {
        self.hosts.values_mut().for_each(Host::begin_trace);
    }

    /// Everything that the nodes did since [`World::begin_trace`], hashed in order: two runs are the same when their
    /// traces are.
    pub fn trace(&self) -> Vec<[u8; 32]> {
        self.hosts.values().filter_map(Host::trace).collect()
    }

    /// Moves to the next thing that happens, unless it is after `end`; whether there was one.
    fn advance(&mut self, end: Mono) -> bool {
        let Some((at, entry)) = self.agenda.next(end) else { return false };
        self.now = self.now.max(at);
        let Some(host) = self.hosts.get(&entry.node) else { return true };
        if host.asleep_until > self.now {
            let until = host.asleep_until;
            self.agenda.add(until, entry);
        } else if host.life() == entry.life || matches!(entry.happening, Happening::Frame(_)) {
            self.happen(entry.node, entry.happening);
        }
        true
    }

    fn happen(&mut self, id: NodeId, happening: Happening) {
        let now = self.now;
        match happening {
            Happening::Input(input) => self.give(id, input),
            Happening::Wake => {
                self.host_mut(id).note_wake(now);
                self.pump(id);
            }
            Happening::SessionWake => {
                let host = self.host_mut(id);
                host.session_wake = None;
                host.connections.handle_timeout(now);
                self.pump(id);
            }
            Happening::Frame(frame) => {
                if self.host(id).is_open() {
                    self.host_mut(id).connections.receive(now, frame);
                    self.pump(id);
                }
            }
            Happening::Write(batch) => self.write(id, &batch),
            Happening::Open => {
                self.open(id);
                self.follow_routine(id);
            }
        }
    }

    fn plan(&mut self, at: Mono, node: NodeId, happening: Happening) {
        let life = self.host(node).life();
        self.agenda.add(at, Entry { node, life, happening });
    }

    /// Tells a node something now and lets it work.
    fn give(&mut self, id: NodeId, input: Input) {
        if let Some(node) = self.host_mut(id).node_mut() {
            node.handle(input);
            self.pump(id);
        }
    }

    /// Lets a node work off what it has, does what it asks, and sets its timers.
    fn pump(&mut self, id: NodeId) {
        let now = self.now;
        self.hear(id);
        while let Some((outputs, busy)) = self.host_mut(id).step(now) {
            for output in outputs {
                self.obey(id, output);
            }
            if !self.hear(id) && !busy {
                break;
            }
        }
        let host = self.host_mut(id);
        if !host.is_open() {
            return;
        }
        host.note_recovery();
        let (wake, session_wake) = (host.next_wake(), host.next_session_wake());
        if let Some(at) = wake {
            self.plan(at.max(now), id, Happening::Wake);
        }
        if let Some(at) = session_wake {
            self.plan(at.max(now), id, Happening::SessionWake);
        }
        self.update_directory(id);
    }

    /// Carries out what a node's connections want; whether the node was told anything.
    fn hear(&mut self, id: NodeId) -> bool {
        let mut told = false;
        while let Some(heard) = self.hosts.get_mut(&id).and_then(|host| host.connections.poll()) {
            match heard {
                Heard::Frame { to, frame } => self.carry(id, to, frame),
                Heard::Input(input) => told |= self.tell(id, input),
            }
        }
        told
    }

    /// Tells a node something, which it takes up in its next step; whether it is there.
    fn tell(&mut self, id: NodeId, input: Input) -> bool {
        let node = self.host_mut(id).node_mut();
        node.map(|node| node.handle(input)).is_some()
    }

    fn carry(&mut self, from: NodeId, to: NodeId, frame: Vec<u8>) {
        if !self.hosts.contains_key(&to) {
            return;
        }
        let [first, echo] = self.lines.carry(self.now, from, to, &mut self.faults);
        if let Some(at) = echo {
            self.plan(at, to, Happening::Frame(frame.clone()));
        }
        if let Some(at) = first {
            self.plan(at, to, Happening::Frame(frame));
        }
    }

    fn obey(&mut self, id: NodeId, output: Output) {
        let now = self.now;
        match output {
            Output::Connect { address } => {
                if let Some(failure) = self.host_mut(id).connections.connect(now, address) {
                    self.tell(id, failure);
                }
            }
            Output::Send { peer, bytes } => {
                if let Some(failure) = self.host_mut(id).connections.send(now, peer, &bytes) {
                    self.tell(id, failure);
                }
            }
            Output::Disconnect { peer, .. } => self.host_mut(id).connections.disconnect(peer),
            Output::Consumed { peer, bytes } => self.host_mut(id).connections.consumed(peer, bytes),
            Output::Commit(batch) => self.plan(now + DISK_LATENCY, id, Happening::Write(batch)),
            Output::Load { id: load, database, table, keys } => {
                let values = self.host(id).read(database, table, &keys);
                self.plan(now + DISK_LATENCY, id, Happening::Input(Input::Loaded { id: load, values }));
            }
            Output::Mine(job) => self.mine(id, &job),
            // The node ignores the nonce of a job that it gave up.
            Output::CancelMine => {}
            Output::Event(event) => self.note(id, event),
            Output::Reply { id: request, result } => self.host_mut(id).answer(request, result),
        }
    }

    fn note(&mut self, id: NodeId, event: Event) {
        let seed = self.seed;
        let host = self.host_mut(id);
        if let Some(violation) = invariant::at_event(host, &event) {
            panic!("{violation} (seed {seed})");
        }
        host.note(event);
    }

    /// Finds the nonce at once and tells it when the node's hash rate would have.
    fn mine(&mut self, id: NodeId, job: &MiningJob) {
        let Some(host) = self.hosts.get_mut(&id) else { return };
        let (input, took) = host.grind(job, &mut self.dice);
        self.plan(self.now + took, id, Happening::Input(input));
    }

    fn write(&mut self, id: NodeId, batch: &StoreBatch) {
        let Some(host) = self.hosts.get_mut(&id) else { return };
        match host.disk.write(batch, &mut self.dice, &mut self.faults) {
            Written::Committed => self.give(id, Input::BatchCommitted { id: batch.id }),
            Written::Refused(reason) => self.give(id, Input::BatchFailed { id: batch.id, reason }),
            Written::Died => self.die(id),
        }
    }

    /// Ends a node, to be opened again within seconds.
    fn die(&mut self, id: NodeId) {
        if self.host(id).is_recovering() {
            self.faults.note(Fault::CrashInRecovery);
        }
        self.kill(id);
        let down = Span(self.dice.within(0, LONGEST_DOWN.0));
        self.plan(self.now + down, id, Happening::Open);
    }

    /// Takes note of whether a node has joined or left a network, lets it listen or not, and tells the others.
    fn update_directory(&mut self, id: NodeId) {
        let host = self.host(id);
        let runs = host.is_running();
        if self.listed.contains_key(&id) == runs {
            return;
        }
        match host.network().filter(|_| runs) {
            Some(network) => drop(self.listed.insert(id, network)),
            None => drop(self.listed.remove(&id)),
        }
        self.host_mut(id).connections.listen(runs);
        self.announce();
    }

    /// Tells every running node which others run on its network, as the directory channel does.
    fn announce(&mut self) {
        self.listed.retain(|id, _| self.hosts.get(id).is_some_and(Host::is_open));
        let listed = self.listed.clone();
        for (id, network) in &listed {
            let others = listed.iter().filter(|(other, theirs)| *other != id && *theirs == network);
            let up: Vec<SocketAddr> = others.map(|(other, _)| other.local_address()).collect();
            if self.host_mut(*id).learn(&up) {
                self.plan(self.now, *id, Happening::Input(Input::Directory { up }));
            }
        }
    }
}

/// Whether a host that crashes keeps its power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// The process dies, what it wrote is written.
    Kept,
    /// The machine dies: the last relaxed writes may be lost.
    Lost,
}
