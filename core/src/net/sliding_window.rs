//! How much there was of something in the last ten minutes, by slots of ten seconds.

use crate::collections::sort;
use crate::time::{Mono, Span};
use std::collections::VecDeque;

/// How long a slot is.
const SLOT: Span = Span::from_secs(10);

/// Slots of ten minutes.
const SLOTS: usize = 60;

/// Counts of the last ten minutes.
#[derive(Clone, Debug)]
pub(crate) struct SlidingWindow {
    /// The slots that are over, oldest first; at most [`SLOTS`].
    past: VecDeque<u32>,
    /// The one that is not.
    present: u32,
    /// When it ends.
    end: Mono,
}

impl SlidingWindow {
    /// Nothing yet; the first slot begins now.
    pub(crate) fn new(now: Mono) -> Self {
        Self { past: VecDeque::new(), present: 0, end: now + SLOT }
    }

    /// Time has passed.
    pub(crate) fn advance(&mut self, now: Mono) {
        if now < self.end {
            return;
        }
        let passed = (now - self.end).0 / SLOT.0 + 1;
        for _ in 0..passed.min(SLOTS as u64 + 1) {
            self.past.push_back(std::mem::take(&mut self.present));
            if self.past.len() > SLOTS {
                self.past.pop_front();
            }
        }
        self.end = self.end + Span(SLOT.0.saturating_mul(passed));
    }

    /// There were so many more.
    pub(crate) const fn add(&mut self, count: u32) {
        self.present = self.present.saturating_add(count);
    }

    /// One of those of this slot does not count after all.
    pub(crate) const fn take_back(&mut self) {
        self.present = self.present.saturating_sub(1);
    }

    /// How many there were in the last slot that is over.
    pub(crate) fn last(&self) -> u32 {
        self.past.back().copied().unwrap_or_default()
    }

    /// How many there were in it or are in the present one, whichever is more.
    pub(crate) fn recent(&self) -> u32 {
        self.last().max(self.present)
    }

    /// How many there were in all.
    pub(crate) fn total(&self) -> u32 {
        self.past.iter().fold(self.present, |sum, count| sum.saturating_add(*count))
    }

    /// The median slot of those that are over.
    pub(crate) fn median(&self) -> u32 {
        let mut sorted: Vec<u32> = self.past.iter().copied().collect();
        sort(&mut sorted);
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }

    /// How many slots are over and not forgotten.
    pub(crate) fn slots(&self) -> usize {
        self.past.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_forgotten_after_ten_minutes() {
        let mut window = SlidingWindow::new(Mono(0));
        window.add(7);
        window.advance(Mono(0) + Span::from_secs(10));
        assert_eq!((window.last(), window.recent(), window.total(), window.slots()), (7, 7, 7, 1));
        window.advance(Mono(0) + Span::from_secs(609));
        assert_eq!((window.last(), window.total(), window.slots()), (0, 7, 60));
        window.advance(Mono(0) + Span::from_secs(610));
        assert_eq!((window.total(), window.slots()), (0, 60));
    }

    #[test]
    fn the_median_is_of_the_slots_that_are_over() {
        let mut window = SlidingWindow::new(Mono(0));
        assert_eq!(window.median(), 0);
        for (slot, count) in [3, 100, 2, 4, 3].into_iter().enumerate() {
            window.add(count);
            window.advance(Mono(0) + Span::from_secs(10 * (slot as u64 + 1)));
        }
        window.add(1_000);
        assert_eq!((window.median(), window.recent()), (3, 1_000));
    }

    #[test]
    fn a_pause_of_any_length_is_cheap_and_leaves_the_slots_where_they_were() {
        let mut window = SlidingWindow::new(Mono(0));
        window.advance(Mono(u64::MAX));
        window.add(5);
        window.take_back();
        assert_eq!((window.total(), window.slots()), (4, 60));
        let mut window = SlidingWindow::new(Mono(0));
        window.advance(Mono(12_345_678));
        window.advance(Mono(19_999_999));
        assert_eq!(window.slots(), 1);
        window.advance(Mono(20_000_000));
        assert_eq!(window.slots(), 2);
    }
}
