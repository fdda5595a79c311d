//! Moments that nobody can foresee: the waits of a Poisson process (Core's `PoissonNextSend`, now `rand_exp_duration`).

use crate::time::Span;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;

/// A wait of `mean` on average, exponentially distributed; none where the mean is none. Computed by `libm`, so that it is
/// the same on every machine.
pub(super) fn wait(mean: Span, rng: &mut ChaCha20Rng) -> Span {
    // 53 bits: every number in [0, 1) that is a multiple of 2^-53 is a double.
    let uniform = (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    Span((-libm::log1p(-uniform) * mean.0 as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::SeedableRng as _;

    #[test]
    fn waits_are_exponential() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let mean = Span::from_secs(5);
        let waits: Vec<u64> = (0..10_000).map(|_| wait(mean, &mut rng).0).collect();
        let average = waits.iter().sum::<u64>() / 10_000;
        assert!((4_800_000..5_200_000).contains(&average), "{average}");
        // A share of 1/e is longer than the mean, and as much of those longer than twice the mean.
        let share = |bound: u64| waits.iter().filter(|wait| **wait > bound).count();
        assert!((3_500..3_860).contains(&share(mean.0)), "{}", share(mean.0));
        assert!((1_230..1_480).contains(&share(2 * mean.0)), "{}", share(2 * mean.0));
        assert_eq!(wait(Span(0), &mut rng), Span(0));
    }
}
