//! Nodes, lines and time.

use super::adversary::Villain;
use super::agenda::{Agenda, Entry, Happening};
use super::dice::Dice;
use super::disk::Written;
use super::fault::{Fault, FaultCounts};
use super::host::Host;
use super::invariant::{self, Invariant, Violation};
use super::link::{Lines, Link};
use super::nat::{Nat, Nats};
use super::recorder::Recorder;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use terrarium_core::chain::verify_batch;
use terrarium_core::interface::{
    Command, CommandError, Event, NodeConfig, NodeId, NodeSnapshot, Reply, RequestId,
};
use terrarium_core::net::seed_answer;
use terrarium_core::node::{Input, MiningJob, Output, VerifyId};
use terrarium_core::store::StoreBatch;
use terrarium_core::time::{Mono, Span, Time, UnixTime};
use terrarium_core::transport::{Now, Transport};

/// When every world begins, in seconds since 1970: 2026-01-01.
pub(super) const START: u32 = 1_767_225_600;

/// How long a disk takes over a write or a read.
const DISK_LATENCY: Span = Span::from_millis(2);

/// How long a seed takes to answer.
const SEED_LATENCY: Span = Span::from_millis(20);

/// How long the way over the rendezvous takes.
const RENDEZVOUS: Span = Span::from_millis(40);

/// The longest that a helper takes over a batch of scripts.
const SLOWEST_HELPER: Span = Span::from_millis(800);

/// How likely it gives its batch back unchecked.
const HELPER_GIVES_BACK: f64 = 0.1;

/// How long a command is waited for.
const PATIENCE: Span = Span::from_secs(600);

/// The longest that a host stays down after a fault ended it.
const LONGEST_DOWN: Span = Span::from_secs(5);

/// Several nodes and what lies between them.
pub struct World {
    pub(super) now: Mono,
    pub(super) seed: u64,
    pub(super) hosts: BTreeMap<NodeId, Host>,
    /// Adversaries, each at an address that no node has.
    pub(super) villains: BTreeMap<NodeId, Villain>,
    pub(super) lines: Lines,
    pub(super) nats: Nats,
    pub(super) agenda: Agenda,
    requests: u32,
    pub(super) dice: Dice,
    /// What helpers do, and when.
    helpers: Dice,
    handed_out: u64,
    pub(super) faults: FaultCounts,
    /// Which nodes were on which network when the directory last told.
    listed: BTreeMap<NodeId, String>,
    /// Seeds that do not answer.
    dead_seeds: BTreeSet<u8>,
    /// What did not hold, where that is collected; where it is not, the world ends at once.
    pub(super) violations: Option<Vec<Violation>>,
    /// Where all that goes into nodes and comes out is written, if anywhere.
    pub(super) recorder: Option<Recorder>,
}

impl World {
    /// An empty world; `seed` decides every key, every nonce and every fault in it.
    pub fn new(seed: u64) -> Self {
        Self {
            now: Mono(0),
            seed,
            hosts: BTreeMap::new(),
            villains: BTreeMap::new(),
            lines: Lines::new(seed),
            nats: Nats::default(),
            agenda: Agenda::default(),
            requests: 0,
            dice: Dice::new(seed, "world"),
            helpers: Dice::new(seed, "helpers"),
            handed_out: 0,
            faults: FaultCounts::default(),
            listed: BTreeMap::new(),
            dead_seeds: BTreeSet::new(),
            violations: None,
            recorder: None,
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
        if self.recorder.is_some() {
            host.begin_journal();
        }
        self.hosts.insert(id, host);
        self.open(id);
    }

    /// Opens a node that was killed, from what its store holds.
    pub fn open(&mut self, id: NodeId) {
        self.host_mut(id).open();
        for other in self.ids() {
            if self.lines.between(id, other).cut {
                self.host_mut(id).connections.transport_mut().cut(other);
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
            self.host_mut(other).connections.transport_mut().abandon(id.local_address());
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
                (false, true) => self.host_mut(from).connections.transport_mut().cut(to),
                (true, false) => self.host_mut(from).connections.transport_mut().heal(to),
                _ => {}
            }
        }
        self.pump(a);
        self.pump(b);
    }

    /// What NAT a node is behind.
    pub fn nat(&self, id: NodeId) -> Nat {
        self.nats.of(id)
    }

    /// Puts a node behind a NAT.
    pub fn set_nat(&mut self, id: NodeId, nat: Nat) {
        self.nats.set(id, nat);
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

    /// Moves to the next thing that happens, unless it is after `end` or something did not hold; whether there was one.
    fn advance(&mut self, end: Mono) -> bool {
        if !self.violations().is_empty() {
            return false;
        }
        let Some((at, entry)) = self.agenda.next(end) else { return false };
        self.now = self.now.max(at);
        let Some(host) = self.hosts.get(&entry.node) else {
            self.happen_to_villain(entry.node, entry.happening);
            return true;
        };
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
            Happening::Input(input) if !self.host_mut(id).still_says(&input) => {}
            Happening::Input(input) => self.give(id, input),
            Happening::Wake => {
                if self.host_mut(id).note_wake(now) {
                    self.report(Some(Violation::at(
                        id,
                        Invariant::NodesComeToRest,
                        "it is woken without end",
                    )));
                }
                self.pump(id);
            }
            Happening::SessionWake => {
                let host = self.host_mut(id);
                host.session_wake = None;
                host.connections.transport_mut().tick(Now::both(now));
                self.pump(id);
            }
            Happening::Frame(frame) => {
                if self.host(id).is_open() {
                    self.host_mut(id).connections.transport_mut().receive(Now::both(now), frame);
                    self.pump(id);
                }
            }
            Happening::Write(batch) => self.write(id, &batch),
            Happening::Punch(to) => {
                self.faults.note(Fault::HolePunched);
                self.nats.open(now, id, to);
            }
            // Adversaries alone take turns.
            Happening::Turn => {}
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
        if self.tell(id, input) {
            self.pump(id);
        }
    }

    /// Lets a node work off what it has, does what it asks, and sets its timers.
    pub(super) fn pump(&mut self, id: NodeId) {
        let now = self.now;
        self.hear(id);
        while let Some((outputs, busy)) = self.host_mut(id).step(now) {
            for output in outputs {
                self.obey(id, output);
            }
            if !self.hear(id) && !busy {
                break;
            }
            if self.host(id).is_stuck() {
                self.report(Some(Violation::at(id, Invariant::NodesComeToRest, "it is busy without end")));
                break;
            }
        }
        self.write_journal(id);
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

    /// Tells a node what its connections have for it and carries their frames; whether there was anything to tell.
    fn hear(&mut self, id: NodeId) -> bool {
        let now = Now::both(self.now);
        let mut told = false;
        while let Some(input) = self.host_mut(id).connections.poll(now) {
            told |= self.tell(id, input);
        }
        while let Some((to, frame)) = self.host_mut(id).connections.transport_mut().wire_mut().take() {
            self.carry(id, to, frame);
        }
        told
    }

    /// Tells a node something, which it takes up in its next step; whether it is there.
    fn tell(&mut self, id: NodeId, input: Input) -> bool {
        self.host_mut(id).tell(input)
    }

    /// Sends a frame on its way; to an address at which nobody is it comes to nothing.
    pub(super) fn carry(&mut self, from: NodeId, to: NodeId, frame: Vec<u8>) {
        if !self.hosts.contains_key(&to) && !self.villains.contains_key(&to) {
            return;
        }
        if !self.nats.pass(self.now, from, to) {
            self.faults.note(Fault::NatRefused);
            return;
        }
        let arrivals = self.lines.carry(self.now, from, to, &mut self.faults);
        for at in arrivals.into_iter().flatten() {
            let life = self.hosts.get(&to).map_or(0, Host::life);
            self.agenda.add(at, Entry { node: to, life, happening: Happening::Frame(frame.clone()) });
        }
    }

    fn obey(&mut self, id: NodeId, output: Output) {
        let now = self.now;
        match output {
            Output::Connect { address } => {
                self.ask_rendezvous(id, NodeId(address.port()));
                self.host_mut(id).connections.connect(Now::both(now), address);
            }
            Output::AskSeed { seed } => self.ask_seed(id, seed),
            Output::Send { peer, bytes } => self.host_mut(id).connections.send(Now::both(now), peer, &bytes),
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
            Output::CancelVerify => self.host_mut(id).cancel_batches(),
            Output::Verify { id: batch, checks } => self.verify(id, batch, &checks),
            Output::Event(event) => self.note(id, event),
            Output::Reply { id: request, result } => self.host_mut(id).answer(request, result),
        }
    }

    /// Lets these seeds answer no more, and all others.
    pub fn set_dead_seeds(&mut self, seeds: impl IntoIterator<Item = u8>) {
        self.dead_seeds = seeds.into_iter().collect();
    }

    /// Has a seed answer, unless it is dead.
    fn ask_seed(&mut self, id: NodeId, seed: u8) {
        if self.dead_seeds.contains(&seed) {
            return;
        }
        let network = self.listed.get(&id);
        let others = self.listed.iter().filter(|(other, theirs)| **other != id && Some(*theirs) == network);
        let up: Vec<SocketAddr> = others.map(|(other, _)| other.local_address()).collect();
        let mut dice = Dice::new(self.seed, &format!("seed {seed} {id} {}", self.now.0));
        let addresses = seed_answer(&up, || dice.number());
        self.plan(self.now + SEED_LATENCY, id, Happening::Input(Input::SeedAnswer { seed, addresses }));
    }

    /// Has the other side of a connection send first too, where it can be reached in no other way.
    fn ask_rendezvous(&mut self, from: NodeId, to: NodeId) {
        if self.hosts.contains_key(&to) && self.nats.needs_rendezvous(from, to) {
            self.plan(self.now + RENDEZVOUS, to, Happening::Punch(from));
        }
    }

    fn note(&mut self, id: NodeId, event: Event) {
        let host = self.host_mut(id);
        let violation = invariant::at_event(host, &event);
        host.note(event);
        self.report(violation);
    }

    /// Has a helper check a batch of scripts: it answers when it likes, or gives the batch back.
    fn verify(&mut self, id: NodeId, batch: VerifyId, checks: &[u8]) {
        self.handed_out += 1;
        self.host_mut(id).hand_out(batch);
        let gives_back = self.helpers.chance(HELPER_GIVES_BACK);
        let took = Span(self.helpers.within(0, SLOWEST_HELPER.0));
        let input = match verify_batch(checks) {
            Ok(result) if !gives_back => Input::Verified { id: batch, result },
            _ => Input::Unverified { id: batch },
        };
        self.plan(self.now + took, id, Happening::Input(input));
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
    pub(super) fn die(&mut self, id: NodeId) {
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
        let transport = self.host_mut(id).connections.transport_mut();
        match runs {
            true => transport.listen(),
            false => transport.stop_listening(),
        }
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
