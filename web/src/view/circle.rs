//! Where things on a circle stand.

use std::f64::consts::TAU;

/// How often an angle is halved before it counts as small.
const HALVINGS: u32 = 10;

/// Cosine and sine of so much of a turn, at most one either way, to a ten-thousandth: a hundredth of a pixel in our drawings.
/// Std's take angles of any size, and 8 KB of code for that.
pub(super) fn on_circle(turn: f64) -> (f64, f64) {
    let angle = TAU * turn / f64::from(1 << HALVINGS);
    let small = (1.0 - angle * angle / 2.0, angle);
    (0..HALVINGS).fold(small, |(cos, sin), _| (cos * cos - sin * sin, 2.0 * cos * sin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_on_the_circle_is_where_std_has_it() {
        for step in -100..=100 {
            let turn = f64::from(step) / 100.0;
            let (cos, sin) = on_circle(turn);
            let (exact_sin, exact_cos) = (TAU * turn).sin_cos();
            assert!((cos - exact_cos).hypot(sin - exact_sin) < 1e-4, "{turn}");
        }
    }
}
