//! Many storms, on several threads.

use super::{Mix, Outcome, Storm};
use crate::sim::fault::FaultCounts;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

/// How many storms went.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// How many there were.
    pub storms: u64,
    /// Those in which something did not hold, by their seeds.
    pub broken: Vec<Outcome>,
    /// How often each fault happened in all of them.
    pub faults: FaultCounts,
    /// The longest that a network took to agree after its last fault, in milliseconds.
    pub slowest: u64,
}

impl Suite {
    fn add(&mut self, outcome: Outcome) {
        self.storms += 1;
        self.faults += &outcome.faults;
        self.slowest = self.slowest.max(outcome.rested_after.unwrap_or_default().as_millis());
        if !outcome.is_whole() {
            self.broken.push(outcome);
        }
    }
}

/// Runs the storms of all seeds of a range on `threads` threads; each is told to `tell` as it ends.
pub fn run_all(seeds: Range<u64>, mix: Mix, threads: usize, mut tell: impl FnMut(&Outcome)) -> Suite {
    let next = AtomicU64::new(seeds.start);
    let (done, outcomes) = mpsc::channel();
    let mut suite = Suite::default();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (next, done, end) = (&next, done.clone(), seeds.end);
            scope.spawn(move || {
                let seeds = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
                for seed in seeds.take_while(|seed| *seed < end) {
                    if done.send(Storm::run(seed, mix)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        for outcome in outcomes {
            tell(&outcome);
            suite.add(outcome);
        }
    });
    suite.broken.sort_by_key(|outcome| outcome.seed);
    suite
}
