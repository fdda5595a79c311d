//! What each peer may take of this node: bytes, messages and work, which it saves up with time. Whoever is over its budget
//! waits until nobody who is within has anything to be read; then it has all that is left, so that a sync is as fast as
//! the node is. One flooding peer takes nothing from the others.

use super::limits::{
    PEER_BYTES_PER_SECOND, PEER_BYTES_SAVED, PEER_MESSAGES_PER_SECOND, PEER_MESSAGES_SAVED,
    PEER_WORK_PER_SECOND, PEER_WORK_SAVED,
};
use crate::cost::Cost;
use crate::time::Mono;

/// Microseconds in a second: an allowance is counted in millionths, so that no time that passes is lost.
const MILLION: i64 = 1_000_000;

/// One of the three, saved up to `MOST`, growing by `PER_SECOND`. A debt goes as far below zero as savings go above it, or
/// who was busy once would wait for ever.
#[derive(Clone, Copy, Debug)]
struct Allowance<const MOST: u64, const PER_SECOND: u64> {
    /// In millionths.
    left: i64,
}

impl<const MOST: u64, const PER_SECOND: u64> Allowance<MOST, PER_SECOND> {
    const BOUND: i64 = MOST as i64 * MILLION;

    const FULL: Self = Self { left: Self::BOUND };

    fn refill(&mut self, micros: u64) {
        let grown = PER_SECOND.saturating_mul(micros).min(i64::MAX as u64) as i64;
        self.left = self.left.saturating_add(grown).min(Self::BOUND);
    }

    fn charge(&mut self, amount: u64) {
        let amount = amount.min(2 * MOST) as i64 * MILLION;
        self.left = (self.left - amount).max(-Self::BOUND);
    }

    const fn share(&self) -> BudgetShare {
        BudgetShare { left: self.left.div_euclid(MILLION), most: MOST }
    }
}

/// What is left of one budget of a peer, and what may be: a debt is below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetShare {
    /// What is left.
    pub left: i64,
    /// What may be saved up.
    pub most: u64,
}

/// The budgets of a peer as they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetInfo {
    /// Bytes on the wire.
    pub bytes: BudgetShare,
    /// Messages.
    pub messages: BudgetShare,
    /// Work, in units of [`Cost`].
    pub work: BudgetShare,
    /// All the work that its messages have made since it connected.
    pub spent: Cost,
    /// Whether one of the three is used up: the peer waits for those who are within theirs.
    pub is_over: bool,
}

/// The budgets of a peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    bytes: Allowance<PEER_BYTES_SAVED, PEER_BYTES_PER_SECOND>,
    messages: Allowance<PEER_MESSAGES_SAVED, PEER_MESSAGES_PER_SECOND>,
    work: Allowance<{ PEER_WORK_SAVED.0 }, { PEER_WORK_PER_SECOND.0 }>,
    spent: Cost,
    refilled: Mono,
}

impl Budget {
    /// All three full.
    pub(crate) const fn new(now: Mono) -> Self {
        Self {
            bytes: Allowance::FULL,
            messages: Allowance::FULL,
            work: Allowance::FULL,
            spent: Cost::ZERO,
            refilled: now,
        }
    }

    /// Time has passed.
    pub(crate) fn refill(&mut self, now: Mono) {
        let micros = (now - self.refilled).0;
        self.refilled = now;
        self.bytes.refill(micros);
        self.messages.refill(micros);
        self.work.refill(micros);
    }

    /// What it is once time has passed.
    pub(crate) fn as_of(mut self, now: Mono) -> Self {
        self.refill(now);
        self
    }

    /// A message, or a part of the stream that is none, was worked off.
    pub(crate) fn charge(&mut self, bytes: usize, messages: u64, work: Cost) {
        self.bytes.charge(bytes as u64);
        self.messages.charge(messages);
        self.work.charge(work.0);
        self.spent += work;
    }

    /// Whether one of the three is used up.
    pub(crate) const fn is_over(&self) -> bool {
        self.bytes.left < 0 || self.messages.left < 0 || self.work.left < 0
    }

    /// How it stands.
    pub(crate) const fn info(&self) -> BudgetInfo {
        BudgetInfo {
            bytes: self.bytes.share(),
            messages: self.messages.share(),
            work: self.work.share(),
            spent: self.spent,
            is_over: self.is_over(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    const START: Mono = Mono(7);

    #[test]
    fn a_budget_that_is_used_up_comes_back_with_time_and_no_further_than_full() {
        let mut budget = Budget::new(START);
        assert!(!budget.is_over());
        budget.charge(100, 1, PEER_WORK_SAVED);
        assert!(!budget.is_over(), "all of it may be used");
        budget.charge(0, 0, Cost(1));
        assert!(budget.is_over());
        // In steps of a microsecond nothing is lost: ten of them are one unit of work.
        for micros in 1..=10 {
            budget.refill(Mono(START.0 + micros));
        }
        assert_eq!((budget.info().work.left, budget.is_over()), (0, false));
        budget.refill(START + Span::from_secs(1_000_000));
        assert_eq!(budget.info().work.left, PEER_WORK_SAVED.0 as i64);
    }

    #[test]
    fn a_debt_has_a_bound_so_that_who_was_busy_once_is_read_again() {
        let mut budget = Budget::new(START);
        for _ in 0..1_000 {
            budget.charge(4_000_000, 1, Cost(u64::MAX));
        }
        let info = budget.info();
        assert_eq!(info.work.left, -(PEER_WORK_SAVED.0 as i64));
        assert_eq!(info.bytes.left, -(PEER_BYTES_SAVED as i64));
        assert_eq!(info.spent, Cost(u64::MAX));
        budget.refill(START + Span::from_secs(PEER_BYTES_SAVED / PEER_BYTES_PER_SECOND));
        assert!(!budget.is_over());
    }

    #[test]
    fn each_of_bytes_messages_and_work_can_be_used_up_alone() {
        let over = |bytes: u64, messages: u64, work: Cost| {
            let mut budget = Budget::new(START);
            budget.charge(bytes as usize, messages, work);
            budget.is_over()
        };
        assert!(over(PEER_BYTES_SAVED + 1, 0, Cost::ZERO));
        assert!(over(0, PEER_MESSAGES_SAVED + 1, Cost::ZERO));
        assert!(over(0, 0, PEER_WORK_SAVED + Cost(1)));
        assert!(!over(PEER_BYTES_SAVED, PEER_MESSAGES_SAVED, PEER_WORK_SAVED));
    }
}
