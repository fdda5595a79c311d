//! Grinding nonces in slices, within a budget of hashes per lab second. Pure: time and the search are arguments.

use terrarium_core::node::{Input, JobId, MiningJob};
use terrarium_core::primitives::{Header, Target};

/// A slice without a budget takes about this long, so that messages get in between.
const SLICE_MS: f64 = 10.0;
/// With a budget the miner wakes up this often.
const PACE_MS: f64 = 40.0;
/// What a budget saves up at most while the worker was late, in lab milliseconds.
const MOST_SAVED_MS: f64 = 1_000.0;
/// The dial's end, in thousands of hashes a second; beyond it nobody notices a difference.
const MOST_KHS: f64 = 1_000_000.0;
/// Hashes per millisecond before the first slice was measured: slow enough for any machine.
const FIRST_GUESS: f64 = 200.0;
/// Over how long the hash rate is measured.
const RATE_WINDOW_MS: f64 = 1_000.0;
/// All nonces of a header.
const NONCES: u64 = 1 << 32;

/// One node's miner.
#[derive(Debug)]
pub(crate) struct Miner {
    job: Option<Grinding>,
    budget_khs: f64,
    /// Hashes that the budget allows now.
    saved: f64,
    /// The lab's clock when the budget was last paid out.
    paid_until: Option<f64>,
    /// The real clock's time at which the budget is looked at again.
    resume_at: f64,
    /// Measured speed, hashes a millisecond.
    speed: f64,
    rate: HashRate,
}

#[derive(Debug)]
struct Grinding {
    job: MiningJob,
    tried: u64,
}

/// Hashes a second over the last second or so.
#[derive(Debug, Default)]
struct HashRate {
    since: f64,
    hashes: f64,
    last: f64,
}

impl Miner {
    pub(crate) fn new(budget_khs: f64) -> Self {
        let mut miner = Self {
            job: None,
            budget_khs: 0.0,
            saved: 0.0,
            paid_until: None,
            resume_at: 0.0,
            speed: FIRST_GUESS,
            rate: HashRate::default(),
        };
        miner.set_budget(budget_khs);
        miner
    }

    /// Turns the dial; 0 or no number stops the miner, except for jobs without a budget.
    pub(crate) fn set_budget(&mut self, khs: f64) {
        self.budget_khs = if khs.is_finite() { khs.clamp(0.0, MOST_KHS) } else { 0.0 };
    }

    pub(crate) fn budget_khs(&self) -> f64 {
        self.budget_khs
    }

    /// Takes a job, in place of any other, or none.
    pub(crate) fn set_job(&mut self, job: Option<MiningJob>) {
        self.job = job.map(|job| Grinding { job, tried: 0 });
    }

    /// Hashes a second, measured; 0 without a job.
    pub(crate) fn hashes_per_second(&mut self, real_ms: f64) -> f64 {
        if self.job.is_some() { self.rate.read(real_ms) } else { 0.0 }
    }

    /// When the next slice is due on the real clock, which may be past; none while there is nothing to grind.
    pub(crate) fn next_slice(&self) -> Option<f64> {
        let grinding = self.job.as_ref()?;
        if !grinding.job.budgeted || self.saved >= self.speed * SLICE_MS {
            return Some(0.0);
        }
        (self.budget_khs > 0.0).then_some(self.resume_at)
    }

    /// Grinds one slice: as much as the budget allows, at most about ten milliseconds' worth. `real_ms` reads the
    /// real clock, `search` tries `count` nonces from the given one on.
    pub(crate) fn grind(
        &mut self,
        lab_ms: f64,
        real_ms: impl Fn() -> f64,
        search: impl FnOnce(&Header, &Target, u32, u64) -> Option<u32>,
    ) -> Option<Input> {
        self.pay(lab_ms);
        self.resume_at = real_ms() + PACE_MS;
        let grinding = self.job.as_mut()?;
        let job = &grinding.job;
        let offset = u32::try_from(grinding.tried).unwrap_or_default();
        let start = job.header.nonce.wrapping_add(offset);
        // A slice ends where the nonces wrap, and where the job has tried them all.
        let left = (NONCES - grinding.tried).min(NONCES - u64::from(start));
        let slice = self.speed * SLICE_MS;
        let allowed = if job.budgeted { slice.min(self.saved) } else { slice };
        let count = left.min(whole(allowed));
        if count == 0 {
            return None;
        }
        let began = real_ms();
        let found = search(&job.header, &job.target, start, count);
        let ended = real_ms();
        grinding.tried += count;
        let hashes = hashes(count);
        let (id, budgeted, exhausted) = (job.id, job.budgeted, grinding.tried >= NONCES);
        if budgeted {
            self.saved -= hashes;
        }
        self.measure(hashes, ended - began, ended);
        self.outcome(id, found, exhausted)
    }

    fn outcome(&mut self, job: JobId, found: Option<u32>, exhausted: bool) -> Option<Input> {
        if found.is_some() || exhausted {
            self.job = None;
        }
        match found {
            Some(nonce) => Some(Input::NonceFound { job, nonce }),
            None => exhausted.then_some(Input::NoncesExhausted { job }),
        }
    }

    /// Pays the budget out for the lab time that has passed.
    fn pay(&mut self, lab_ms: f64) {
        let passed = (lab_ms - self.paid_until.replace(lab_ms).unwrap_or(lab_ms)).max(0.0);
        // Thousands a second are as many a millisecond.
        self.saved = (self.saved + passed * self.budget_khs).min(MOST_SAVED_MS * self.budget_khs);
    }

    /// Learns this machine's speed from slices long enough to be measured.
    fn measure(&mut self, hashes: f64, took_ms: f64, now_ms: f64) {
        self.rate.add(hashes, now_ms);
        if took_ms >= 1.0 {
            let measured = (hashes / took_ms).clamp(1.0, 1_000_000.0);
            self.speed = (self.speed + measured) / 2.0;
        } else if hashes >= self.speed * SLICE_MS * 0.9 {
            self.speed *= 2.0;
        }
    }
}

impl HashRate {
    fn add(&mut self, hashes: f64, now_ms: f64) {
        self.roll(now_ms);
        self.hashes += hashes;
    }

    fn read(&mut self, now_ms: f64) -> f64 {
        self.roll(now_ms);
        self.last
    }

    /// Closes the window once it is full; one that is long past counts for nothing.
    fn roll(&mut self, now_ms: f64) {
        let passed = now_ms - self.since;
        if passed < RATE_WINDOW_MS {
            return;
        }
        self.last = if passed > 3.0 * RATE_WINDOW_MS { 0.0 } else { self.hashes * 1_000.0 / passed };
        self.hashes = 0.0;
        self.since = now_ms;
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and the callers take a minimum with what is left"
)]
fn whole(hashes: f64) -> u64 {
    hashes as u64
}

#[allow(clippy::cast_precision_loss, reason = "at most 2^32, which is exact")]
fn hashes(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn job(budgeted: bool, nonce: u32) -> MiningJob {
        let header = Header { nonce, ..terrarium_core::consensus::Preset::Regtest.genesis().header };
        MiningJob { id: JobId(1), header, target: Target::MAX, budgeted }
    }

    /// Grinds at `lab_ms` with a search that finds nothing; returns where it started and how much it tried.
    fn slice(miner: &mut Miner, lab_ms: f64) -> Option<(u32, u64)> {
        let tried = Cell::new(None);
        miner.grind(
            lab_ms,
            || lab_ms,
            |_, _, start, count| {
                tried.set(Some((start, count)));
                None
            },
        );
        tried.get()
    }

    #[test]
    fn a_budget_is_kept_over_time() {
        let mut miner = Miner::new(8.0);
        miner.set_job(Some(job(true, 0)));
        let mut total = 0;
        for tick in 0..=100 {
            total += slice(&mut miner, f64::from(tick) * 40.0).map_or(0, |(_, count)| count);
        }
        assert_eq!(total, 32_000, "4 s of 8 kH/s");
        assert_eq!(miner.next_slice(), Some(4_000.0 + PACE_MS));
    }

    #[test]
    fn a_late_tick_is_only_late_and_does_not_catch_up_for_minutes() {
        let mut miner = Miner::new(1.0);
        miner.set_job(Some(job(true, 0)));
        slice(&mut miner, 0.0);
        let mut total = 0;
        while let Some((_, count)) = slice(&mut miner, 600_000.0) {
            total += count;
        }
        assert_eq!(total, 1_000);
    }

    #[test]
    fn a_dial_at_zero_stops_all_but_jobs_without_a_budget() {
        let mut miner = Miner::new(0.0);
        miner.set_job(Some(job(true, 0)));
        slice(&mut miner, 0.0);
        assert_eq!((slice(&mut miner, 1_000.0), miner.next_slice()), (None, None));
        miner.set_job(Some(job(false, 0)));
        assert!(slice(&mut miner, 1_000.0).is_some());
        assert_eq!(miner.next_slice(), Some(0.0));
    }

    #[test]
    fn slices_follow_each_other_without_gap_or_overlap() {
        let mut miner = Miner::new(0.0);
        miner.set_job(Some(job(false, u32::MAX - 10)));
        let mut next = u32::MAX - 10;
        for _ in 0..5 {
            let (start, count) = slice(&mut miner, 0.0).unwrap();
            assert_eq!(start, next);
            next = next.wrapping_add(u32::try_from(count).unwrap());
        }
    }

    #[test]
    fn a_job_ends_when_it_is_solved_or_out_of_nonces() {
        let mut miner = Miner::new(0.0);
        miner.set_job(Some(job(false, 0)));
        let found = miner.grind(0.0, || 0.0, |_, _, _, _| Some(7));
        assert!(matches!(found, Some(Input::NonceFound { job: JobId(1), nonce: 7 })));
        assert_eq!(miner.next_slice(), None);

        miner.set_job(Some(job(false, 0)));
        miner.speed = 1e12;
        let mut tried = 0;
        let exhausted = loop {
            if let Some(input) = miner.grind(
                0.0,
                || 0.0,
                |_, _, _, count| {
                    tried += count;
                    None
                },
            ) {
                break input;
            }
        };
        assert!(matches!(exhausted, Input::NoncesExhausted { job: JobId(1) }));
        assert_eq!(tried, NONCES);
    }

    #[test]
    fn the_hash_rate_is_measured_over_the_last_second_and_falls_to_zero() {
        let mut rate = HashRate::default();
        rate.add(500.0, 100.0);
        rate.add(500.0, 900.0);
        assert!((rate.read(1_000.0) - 1_000.0).abs() < 1e-9);
        assert!(rate.read(10_000.0).abs() < 1e-9);
    }
}
