//! All chance of a simulation: one generator for each purpose, seeded by the world's seed, so that a new use of chance
//! in one place leaves every other place as it was.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};
use terrarium_core::time::Span;

/// A source of chance.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice of one purpose in the world of one seed.
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self(ChaCha8Rng::from_seed(Sha256::digest(format!("{seed} {purpose}")).into()))
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`, which is not 0. The bias is below 2^-32 for the small bounds that a simulation has.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.0.next_u64() % bound as u64) as usize
    }

    /// A number of `range`, both ends in it.
    pub fn within(&mut self, from: u64, to: u64) -> u64 {
        from + self.0.next_u64() % (to - from + 1)
    }

    /// Whether something of this probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.fraction() < probability
    }

    /// A time to the next of something that happens once in `mean` on average, at any moment alike.
    pub fn wait(&mut self, mean: Span) -> Span {
        Span((-libm::log(1.0 - self.fraction()) * mean.0 as f64) as u64)
    }

    /// One of `choices`, which are not none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// Normally distributed around 0, with a standard deviation of 1 (Box and Muller's way).
    pub fn normal(&mut self) -> f64 {
        let (radius, turn) = (self.fraction(), self.fraction());
        libm::sqrt(-2.0 * libm::log(1.0 - radius)) * libm::cos(std::f64::consts::TAU * turn)
    }

    /// Evenly in 0..1.
    pub fn fraction(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
