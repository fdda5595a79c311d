//! Which helper has which batch: at most two each, so that none waits for the way there and back; the rest in a queue,
//! from whose end a node without other work takes some for itself.

use std::collections::VecDeque;
use terrarium_core::node::VerifyId;

/// Batches that a helper has at a time: one that it checks and one that waits there.
const AT_ONCE: usize = 2;
/// A helper may say nothing for so long, and for [`PATIENCE_MS_A_BYTE`] more, and for all that once again, before it is
/// taken for dead. A batch takes some milliseconds, unless it is a part of one large transaction: each of its signatures
/// may hash all of that, a minute's work for a megabyte with as many as a block may hold, and more where the scripts that
/// it spends have others. And a machine may sleep through the first wait, which says nothing of the helper.
const PATIENCE_MS: f64 = 20_000.0;
/// What every byte of a batch adds to that.
const PATIENCE_MS_A_BYTE: f64 = 0.1;
/// Helpers that have had nothing to do for so long are ended: each holds memory.
const IDLE_MS: f64 = 60_000.0;

/// What a helper is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) id: VerifyId,
    pub(super) checks: Vec<u8>,
}

/// A batch that a helper has.
#[derive(Debug)]
struct Held {
    id: VerifyId,
    /// How long it is waited for.
    patience: f64,
    /// Since when.
    since: f64,
    /// It was waited for once in vain.
    is_late: bool,
}

impl Held {
    fn deadline(&self) -> f64 {
        self.since + self.patience
    }
}

/// Batches and who has them.
#[derive(Debug, Default)]
pub(super) struct Roster {
    /// Batches that nobody has yet; as many as a block has.
    queue: VecDeque<Job>,
    /// What each helper has, in the order in which it does it; at most [`AT_ONCE`] each.
    lanes: Vec<Vec<Held>>,
    /// When there was last something to do.
    last: f64,
}

impl Roster {
    /// Says how many helpers there are; none of them has anything.
    pub(super) fn open(&mut self, helpers: usize) {
        self.lanes = (0..helpers).map(|_| Vec::with_capacity(AT_ONCE)).collect();
    }

    pub(super) fn is_open(&self) -> bool {
        !self.lanes.is_empty()
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.queue.is_empty()
    }

    pub(super) fn add(&mut self, job: Job) {
        self.queue.push_back(job);
    }

    /// The next batch, and the helper that takes it from now on; none while all have enough.
    pub(super) fn assign(&mut self, now: f64) -> Option<(usize, Job)> {
        let lanes = self.lanes.iter_mut().enumerate().filter(|(_, lane)| lane.len() < AT_ONCE);
        let (at, lane) = lanes.min_by_key(|(_, lane)| lane.len())?;
        let job = self.queue.pop_front()?;
        let patience = PATIENCE_MS + PATIENCE_MS_A_BYTE * job.checks.len() as f64;
        lane.push(Held { id: job.id, patience, since: now, is_late: false });
        self.last = now;
        Some((at, job))
    }

    /// A helper has answered; whether it had that batch.
    pub(super) fn answered(&mut self, helper: usize, id: VerifyId, now: f64) -> bool {
        let Some(lane) = self.lanes.get_mut(helper) else { return false };
        let Some(at) = lane.iter().position(|held| held.id == id) else { return false };
        lane.remove(at);
        // What waited there begins now.
        lane.iter_mut().for_each(|held| held.since = now);
        self.last = now;
        true
    }

    /// Takes the batch back that would be done last.
    pub(super) fn take_back(&mut self) -> Option<VerifyId> {
        self.queue.pop_back().map(|job| job.id)
    }

    /// Forgets the batches that nobody has yet.
    pub(super) fn forget_waiting(&mut self) {
        self.queue.clear();
    }

    /// Takes everything back; there are no helpers any more.
    pub(super) fn close(&mut self) -> Vec<VerifyId> {
        let held = std::mem::take(&mut self.lanes).into_iter().flatten().map(|held| held.id);
        held.chain(self.queue.drain(..).map(|job| job.id)).collect()
    }

    /// Whether a helper has had a batch for too long though it was waited for once more. Who is late for the first time
    /// has as long again from now on.
    pub(super) fn loses_patience(&mut self, now: f64) -> bool {
        let mut lost = false;
        let begun = self.lanes.iter_mut().filter_map(|lane| lane.first_mut());
        for held in begun.filter(|held| held.deadline() <= now) {
            lost |= held.is_late;
            held.is_late = true;
            held.since = now;
        }
        lost
    }

    /// Whether the helpers have had nothing to do for long.
    pub(super) fn is_idle(&self, now: f64) -> bool {
        self.is_open() && self.first_deadline().is_none() && !self.has_waiting() && now - self.last >= IDLE_MS
    }

    /// When one of these two will be.
    pub(super) fn next_wakeup(&self) -> Option<f64> {
        match self.first_deadline() {
            Some(deadline) => Some(deadline),
            None => self.is_open().then_some(self.last + IDLE_MS),
        }
    }

    /// Until when the batches that helpers are at are waited for.
    fn first_deadline(&self) -> Option<f64> {
        self.lanes.iter().filter_map(|lane| lane.first()).map(Held::deadline).reduce(f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(helpers: usize, jobs: u64) -> Roster {
        let mut roster = Roster::default();
        roster.open(helpers);
        (1..=jobs).for_each(|id| roster.add(Job { id: VerifyId(id), checks: vec![] }));
        roster
    }

    fn assigned(roster: &mut Roster, now: f64) -> Vec<(usize, u64)> {
        std::iter::from_fn(|| roster.assign(now)).map(|(at, job)| (at, job.id.0)).collect()
    }

    #[test]
    fn batches_go_to_who_has_least_and_the_rest_wait() {
        let mut roster = roster(2, 6);
        assert_eq!(assigned(&mut roster, 0.0), [(0, 1), (1, 2), (0, 3), (1, 4)]);
        assert!(roster.answered(1, VerifyId(2), 1.0));
        assert!(!roster.answered(1, VerifyId(2), 1.0) && !roster.answered(7, VerifyId(1), 1.0));
        assert_eq!(assigned(&mut roster, 1.0), [(1, 5)]);
        assert_eq!(roster.take_back(), Some(VerifyId(6)));
        assert_eq!(roster.take_back(), None);
    }

    #[test]
    fn who_has_said_nothing_for_long_and_for_as_long_again_is_lost_and_all_come_back() {
        let mut roster = roster(1, 3);
        assigned(&mut roster, 0.0);
        assert_eq!(roster.next_wakeup(), Some(PATIENCE_MS));
        roster.answered(0, VerifyId(1), 5_000.0);
        assert!(!roster.loses_patience(PATIENCE_MS), "the second has only begun");
        let first = 5_000.0 + PATIENCE_MS;
        assert_eq!(roster.next_wakeup(), Some(first));
        assert!(!roster.loses_patience(first), "it is waited for once more");
        assert_eq!(roster.next_wakeup(), Some(first + PATIENCE_MS));
        assert!(roster.loses_patience(first + PATIENCE_MS));
        assert_eq!(roster.close(), [VerifyId(2), VerifyId(3)]);
        assert!(!roster.is_open());
    }

    #[test]
    fn a_helper_of_a_machine_that_slept_keeps_its_place_where_it_answers_later() {
        let mut roster = roster(1, 2);
        assigned(&mut roster, 0.0);
        let awake = 3_600_000.0;
        assert!(!roster.loses_patience(awake) && !roster.loses_patience(awake + 1.0));
        assert!(roster.answered(0, VerifyId(1), awake + 2.0));
        assert!(!roster.loses_patience(awake + PATIENCE_MS), "the next has both waits before it");
        assert!(!roster.loses_patience(awake + 2.0 + PATIENCE_MS));
    }

    #[test]
    fn a_large_batch_is_waited_for_longer_and_so_is_what_is_behind_it() {
        let mut roster = Roster::default();
        roster.open(1);
        roster.add(Job { id: VerifyId(1), checks: vec![0; 1_000_000] });
        roster.add(Job { id: VerifyId(2), checks: vec![] });
        assigned(&mut roster, 0.0);
        let long = PATIENCE_MS + 100_000.0;
        assert_eq!(roster.next_wakeup(), Some(long));
        assert!(!roster.loses_patience(2.0 * PATIENCE_MS) && !roster.loses_patience(long));
        assert!(roster.loses_patience(2.0 * long));
    }

    #[test]
    fn batches_that_nobody_waits_for_are_not_handed_out_and_those_that_are_begun_run_out() {
        let mut roster = roster(1, 4);
        assert_eq!(assigned(&mut roster, 0.0), [(0, 1), (0, 2)]);
        roster.forget_waiting();
        assert!(roster.answered(0, VerifyId(1), 1.0) && roster.answered(0, VerifyId(2), 1.0));
        assert_eq!(assigned(&mut roster, 1.0), []);
        assert_eq!(roster.take_back(), None);
        assert!(roster.is_idle(1.0 + IDLE_MS));
    }

    #[test]
    fn helpers_without_work_are_idle_after_a_minute() {
        let mut roster = roster(1, 1);
        assigned(&mut roster, 0.0);
        assert!(!roster.is_idle(IDLE_MS));
        roster.answered(0, VerifyId(1), 10.0);
        assert_eq!(roster.next_wakeup(), Some(10.0 + IDLE_MS));
        assert!(roster.is_idle(10.0 + IDLE_MS));
    }
}
