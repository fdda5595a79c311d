//! Which helper has which batch: at most two each, so that none waits for the way there and back; the rest in a queue,
//! from whose end a node without other work takes some for itself.

use std::collections::VecDeque;
use terrarium_core::node::VerifyId;

/// Batches that a helper has at a time: one that it checks and one that waits there.
const AT_ONCE: usize = 2;
/// A helper that says nothing for so long is taken for dead. A batch takes some milliseconds; the worst that a block can
/// hold, some seconds.
const PATIENCE_MS: f64 = 20_000.0;
/// Helpers that have had nothing to do for so long are ended: each holds memory.
const IDLE_MS: f64 = 60_000.0;

/// What a helper is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) id: VerifyId,
    pub(super) checks: Vec<u8>,
}

/// Batches and who has them.
#[derive(Debug, Default)]
pub(super) struct Roster {
    /// Batches that nobody has yet; as many as a block has.
    queue: VecDeque<Job>,
    /// What each helper has and since when.
    lanes: Vec<Vec<(VerifyId, f64)>>,
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
        lane.push((job.id, now));
        self.last = now;
        Some((at, job))
    }

    /// A helper has answered; whether it had that batch.
    pub(super) fn answered(&mut self, helper: usize, id: VerifyId, now: f64) -> bool {
        let Some(lane) = self.lanes.get_mut(helper) else { return false };
        let Some(at) = lane.iter().position(|(has, _)| *has == id) else { return false };
        lane.remove(at);
        // What waited there begins now.
        lane.iter_mut().for_each(|(_, since)| *since = now);
        self.last = now;
        true
    }

    /// Takes the batch back that would be done last.
    pub(super) fn take_back(&mut self) -> Option<VerifyId> {
        self.queue.pop_back().map(|job| job.id)
    }

    /// Takes everything back; there are no helpers any more.
    pub(super) fn close(&mut self) -> Vec<VerifyId> {
        let held = std::mem::take(&mut self.lanes).into_iter().flatten().map(|(id, _)| id);
        held.chain(self.queue.drain(..).map(|job| job.id)).collect()
    }

    /// Whether a helper has had a batch for too long.
    pub(super) fn is_overdue(&self, now: f64) -> bool {
        self.oldest().is_some_and(|since| now - since >= PATIENCE_MS)
    }

    /// Whether the helpers have had nothing to do for long.
    pub(super) fn is_idle(&self, now: f64) -> bool {
        self.is_open() && self.oldest().is_none() && !self.has_waiting() && now - self.last >= IDLE_MS
    }

    /// When one of these two will be.
    pub(super) fn next_wakeup(&self) -> Option<f64> {
        match self.oldest() {
            Some(since) => Some(since + PATIENCE_MS),
            None => self.is_open().then_some(self.last + IDLE_MS),
        }
    }

    /// Since when the batch that has been out for longest is.
    fn oldest(&self) -> Option<f64> {
        self.lanes.iter().flatten().map(|(_, since)| *since).reduce(f64::min)
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
    fn who_has_said_nothing_for_long_is_overdue_and_all_come_back() {
        let mut roster = roster(1, 3);
        assigned(&mut roster, 0.0);
        assert_eq!(roster.next_wakeup(), Some(PATIENCE_MS));
        roster.answered(0, VerifyId(1), 5_000.0);
        assert!(!roster.is_overdue(PATIENCE_MS), "the second has only begun");
        assert!(roster.is_overdue(5_000.0 + PATIENCE_MS));
        assert_eq!(roster.close(), [VerifyId(2), VerifyId(3)]);
        assert!(!roster.is_open());
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
