//! What happens in a world: one entry of its plan after the other, what a node is told, and what becomes of what it asks.

use super::agenda::{Entry, Happening};
use super::disk::Written;
use super::fault::Fault;
use super::host::Host;
use super::invariant::{self, Invariant, Violation};
use super::world::World;
use terrarium_core::chain::verify_batch;
use terrarium_core::interface::{Event, NodeId};
use terrarium_core::node::{Input, MiningJob, Output, VerifyId};
use terrarium_core::store::StoreBatch;
use terrarium_core::time::{Mono, Span};
use terrarium_core::transport::{Now, Transport};

/// How long a disk takes over a write or a read.
const DISK_LATENCY: Span = Span::from_millis(2);

/// How long the way over the rendezvous takes.
const RENDEZVOUS: Span = Span::from_millis(40);

/// The longest that a helper takes over a batch of scripts.
const SLOWEST_HELPER: Span = Span::from_millis(800);

/// How likely it gives its batch back unchecked.
const HELPER_GIVES_BACK: f64 = 0.1;

/// The longest that a host stays down after a fault ended it.
const LONGEST_DOWN: Span = Span::from_secs(5);

impl World {
    /// Moves to the next moment at which something happens, unless it is after `end` or something did not hold; whether
    /// there was one. All that is due at one moment happens in the order in which it was planned, then those nodes work
    /// that it concerns.
    pub(super) fn advance(&mut self, end: Mono) -> bool {
        if !self.violations().is_empty() {
            return false;
        }
        let Some((at, first)) = self.agenda.next(end) else { return false };
        self.now = self.now.max(at);
        self.take_place(first);
        while let Some((_, entry)) = self.agenda.next(self.now) {
            self.take_place(entry);
        }
        let mut due = std::mem::take(&mut self.due);
        for id in due.drain(..) {
            self.pump(id);
        }
        self.due = due;
        true
    }

    fn take_place(&mut self, entry: Entry) {
        let Some(host) = self.hosts.get(entry.node) else {
            return self.happen_to_villain(entry.node, entry.happening);
        };
        if host.asleep_until > self.now {
            let until = host.asleep_until;
            self.agenda.add(until, entry);
        } else if host.life() == entry.life || matches!(entry.happening, Happening::Frame(_)) {
            self.happen(entry.node, entry.happening);
        }
    }

    /// Has a node work once all of this moment has happened.
    fn rouse(&mut self, id: NodeId) {
        if self.host_mut(id).note_due() {
            self.due.push(id);
        }
    }

    fn happen(&mut self, id: NodeId, happening: Happening) {
        let now = self.now;
        match happening {
            Happening::Input(input) if !self.host_mut(id).still_says(&input) => {}
            Happening::Input(input) => self.hand_over(id, input),
            Happening::Wake => {
                if self.host_mut(id).note_wake(now) {
                    self.report(Some(Violation::at(
                        id,
                        Invariant::NodesComeToRest,
                        "it is woken without end",
                    )));
                }
                self.rouse(id);
            }
            Happening::SessionWake => {
                let host = self.host_mut(id);
                host.session_wake = None;
                host.connections.transport_mut().tick(Now::both(now));
                self.rouse(id);
            }
            Happening::Frame(frame) => {
                if self.host(id).is_open() {
                    self.host_mut(id).connections.transport_mut().receive(Now::both(now), frame);
                    self.rouse(id);
                }
            }
            Happening::Write(batch) => self.write(id, batch),
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

    pub(super) fn plan(&mut self, at: Mono, node: NodeId, happening: Happening) {
        let life = self.host(node).life();
        self.agenda.add(at, Entry { node, life, happening });
    }

    /// Tells a node something now and lets it work.
    pub(super) fn give(&mut self, id: NodeId, input: Input) {
        if self.tell(id, input) {
            self.pump(id);
        }
    }

    /// As [`World::give`], but lets it work when all of this moment has happened.
    fn hand_over(&mut self, id: NodeId, input: Input) {
        if self.tell(id, input) {
            self.rouse(id);
        }
    }

    /// Lets a node work off what it has, does what it asks, and sets its timers.
    pub(super) fn pump(&mut self, id: NodeId) {
        let now = self.now;
        self.host_mut(id).forget_due();
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

    /// Tells a node something, which it takes up in its next step; whether it is there and needs one.
    fn tell(&mut self, id: NodeId, input: Input) -> bool {
        self.host_mut(id).tell(input)
    }

    /// Sends a frame on its way; to an address at which nobody is it comes to nothing.
    pub(super) fn carry(&mut self, from: NodeId, to: NodeId, frame: Vec<u8>) {
        if !self.hosts.contains(to) && !self.villains.contains_key(&to) {
            return;
        }
        if !self.nats.pass(self.now, from, to) {
            self.faults.note(Fault::NatRefused);
            return;
        }
        let (first, echo) = self.lines.carry(self.now, from, to, frame.len(), &mut self.faults);
        let life = self.hosts.get(to).map_or(0, Host::life);
        let arrive = |frame| Entry { node: to, life, happening: Happening::Frame(frame) };
        if let Some(at) = echo {
            self.agenda.add(at, arrive(frame.clone()));
        }
        if let Some(at) = first {
            self.agenda.add(at, arrive(frame));
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

    /// Has the other side of a connection send first too, where it can be reached in no other way.
    fn ask_rendezvous(&mut self, from: NodeId, to: NodeId) {
        if self.hosts.contains(to) && self.nats.needs_rendezvous(from, to) {
            self.plan(self.now + RENDEZVOUS, to, Happening::Punch(from));
        }
    }

    fn note(&mut self, id: NodeId, event: Event) {
        if let Some(arrivals) = &mut self.arrivals {
            return arrivals.note(self.now, id, &event);
        }
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
        let input = match verify_batch(checks, None) {
            Ok(result) if !gives_back => Input::Verified { id: batch, result },
            _ => Input::Unverified { id: batch },
        };
        self.plan(self.now + took, id, Happening::Input(input));
    }

    /// Finds the nonce at once and tells it when the node's hash rate would have.
    fn mine(&mut self, id: NodeId, job: &MiningJob) {
        let Some(host) = self.hosts.get_mut(id) else { return };
        let (input, took) = host.grind(job, &mut self.dice);
        self.plan(self.now + took, id, Happening::Input(input));
    }

    fn write(&mut self, id: NodeId, batch: StoreBatch) {
        let Some(host) = self.hosts.get_mut(id) else { return };
        let written = batch.id;
        match host.disk.write(batch, &mut self.dice, &mut self.faults) {
            Written::Committed => self.hand_over(id, Input::BatchCommitted { id: written }),
            Written::Refused(reason) => self.hand_over(id, Input::BatchFailed { id: written, reason }),
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
}
