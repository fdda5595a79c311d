//! What happens in a storm, and when.

use super::{End, Storm};
use crate::sim::clock::Clock;
use crate::sim::fault::Fault;
use crate::sim::link::Link;
use crate::sim::mishap::Power;
use terrarium_core::interface::{Command, NodeId};
use terrarium_core::primitives::Amount;
use terrarium_core::store::Database;
use terrarium_core::time::Span;

/// How long faults happen.
const RAGE: Span = Span::from_secs(60);

/// Between two faults, on average.
const FAULT_EVERY: Span = Span::from_millis(700);

impl Storm {
    /// Lets faults happen.
    pub(super) fn rage(&mut self) {
        let usual = Link {
            latency: Span::from_millis(self.dice.within(1, 150)),
            jitter: Span::from_millis(self.dice.within(0, 100)),
            loss: self.dice.within(0, 20) as f64 / 1_000.0,
            doubling: self.dice.within(0, 50) as f64 / 100.0,
            cut: false,
            ..Link::default()
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
        while self.world.time().mono < end && self.world.violations().is_empty() {
            let wait = self.dice.wait(FAULT_EVERY);
            self.pass(wait);
            self.give_chains();
            self.strike();
            self.audit();
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
        let address = |id| self.world.host(id).keys().first().cloned();
        let (Some(from_address), Some(to)) = (address(from), address(to)) else { return };
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

    pub(super) fn end(&mut self, end: End) {
        match end {
            End::Partition => self.world.heal(),
            End::OneWay(from, to) => self.world.set_one_way(from, to, false),
            End::DiskFull(id) => self.world.host_mut(id).disk_mut().set_full(false),
            End::ClockWrong(id) => self.world.host_mut(id).set_clock(Clock::default()),
        }
    }
}
