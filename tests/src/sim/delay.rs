//! How long things take that do not always take the same: distributions of times.

use super::dice::Dice;
use terrarium_core::time::Span;

/// A distribution of times, in milliseconds. What is drawn below nothing is nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delay {
    /// Always the same.
    Constant(f64),
    /// Anything between the two alike.
    Uniform(f64, f64),
    /// Normal: its mean and its standard deviation.
    Normal(f64, f64),
    /// The logarithm is normal: the median, and the standard deviation of the logarithm.
    LogNormal(f64, f64),
    /// A least time and, on average, this much more, as waiting for something takes that may come at any moment.
    Exponential(f64, f64),
}

impl Delay {
    /// A time, to the microsecond.
    pub fn draw(&self, dice: &mut Dice) -> Span {
        let millis = match *self {
            Self::Constant(time) => time,
            Self::Uniform(from, to) => from + (to - from) * dice.fraction(),
            Self::Normal(mean, deviation) => mean + deviation * dice.normal(),
            Self::LogNormal(median, deviation) => median * libm::exp(deviation * dice.normal()),
            Self::Exponential(least, mean) => least - mean * libm::log(1.0 - dice.fraction()),
        };
        Span((millis * 1_000.0) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean and the standard deviation of many draws, in milliseconds.
    fn drawn(delay: Delay) -> (f64, f64) {
        let mut dice = Dice::new(1, "delay");
        let draws: Vec<f64> = (0..20_000).map(|_| delay.draw(&mut dice).0 as f64 / 1_000.0).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        (mean, variance.sqrt())
    }

    fn assert_near(delay: Delay, mean: f64, deviation: f64) {
        let (found_mean, found_deviation) = drawn(delay);
        assert!((found_mean - mean).abs() < mean * 0.03, "{delay:?}: a mean of {found_mean}");
        let near = (found_deviation - deviation).abs() <= deviation * 0.05 + 1e-6;
        assert!(near, "{delay:?}: a deviation of {found_deviation}");
    }

    #[test]
    fn each_distribution_has_its_mean_and_its_deviation() {
        assert_near(Delay::Constant(50.0), 50.0, 0.0);
        assert_near(Delay::Uniform(20.0, 80.0), 50.0, 60.0 / 12_f64.sqrt());
        assert_near(Delay::Normal(50.0, 5.0), 50.0, 5.0);
        assert_near(Delay::Exponential(20.0, 30.0), 50.0, 30.0);
        let spread = 0.25_f64;
        let mean = 50.0 * (spread * spread / 2.0).exp();
        assert_near(Delay::LogNormal(50.0, spread), mean, mean * ((spread * spread).exp() - 1.0).sqrt());
    }

    #[test]
    fn no_time_is_below_nothing() {
        let mut dice = Dice::new(1, "delay");
        let least = (0..1_000).map(|_| Delay::Normal(1.0, 10.0).draw(&mut dice)).min();
        assert_eq!(least, Some(Span(0)));
    }
}
