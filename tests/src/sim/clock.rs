//! The clock on a host's wall: right by default, and wrong in the ways in which clocks of laptops are.

use super::world::START;
use terrarium_core::time::{Mono, UnixTime};

/// How a host's wall clock is wrong. Its monotonic clock always runs at the world's pace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Seconds by which it is ahead.
    pub ahead: i64,
    /// Seconds that it gains in a million (loses, where negative).
    pub drift: i64,
}

impl Clock {
    /// What the clock shows.
    pub(super) fn read(self, now: Mono) -> UnixTime {
        let elapsed = (now.0 / 1_000_000) as i64;
        let shown = i64::from(START) + elapsed + self.ahead + elapsed * self.drift / 1_000_000;
        UnixTime(shown.clamp(0, i64::from(u32::MAX)) as u32)
    }
}
