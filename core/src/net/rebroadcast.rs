//! When the node's own payments are announced again, to those too who have been told: they may have lost them. The time is
//! drawn, so that it says nothing about who made them.

use crate::time::{Mono, Span};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;

/// The time of the next announcement.
#[derive(Debug)]
pub(super) struct Rebroadcast {
    /// The least time between two; the most is three times that.
    least: Span,
    /// None until the first payment waits.
    due: Option<Mono>,
}

impl Rebroadcast {
    pub(super) const fn new(least: Span) -> Self {
        Self { least, due: None }
    }

    /// Payments wait: whether they are to be announced again now. If so, the next time is drawn.
    pub(super) fn is_due(&mut self, now: Mono, rng: &mut ChaCha20Rng) -> bool {
        let is_over = self.due.is_some_and(|due| due <= now);
        if is_over || self.due.is_none() {
            let beyond = rng.next_u64() % (2 * self.least.0).max(1);
            self.due = Some(now + self.least + Span(beyond));
        }
        is_over
    }

    /// No payment waits.
    pub(super) const fn rest(&mut self) {
        self.due = None;
    }

    pub(super) const fn next_wakeup(&self) -> Option<Mono> {
        self.due
    }
}
