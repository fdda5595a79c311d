//! Time as an argument: core has no clock, the host tells it what time it is.

use serde::Deserialize;
use std::ops::{Add, Sub};

/// A point on the host's monotonic clock, in microseconds since an arbitrary start. Timers and latencies use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct Mono(pub u64);

/// A span of monotonic time, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

/// Seconds since 1970-01-01 UTC, as block headers and addresses carry them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct UnixTime(pub u32);

/// What time it is: both clocks, read together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Time {
    /// For timers and latencies.
    pub mono: Mono,
    /// For headers and addresses.
    pub unix: UnixTime,
}

impl Span {
    /// A span of `seconds`.
    pub const fn from_secs(seconds: u64) -> Self {
        Span(seconds * 1_000_000)
    }

    /// A span of `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Span(millis * 1_000)
    }

    /// Whole milliseconds in this span, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }
}

impl Add<Span> for Mono {
    type Output = Mono;

    fn add(self, span: Span) -> Mono {
        Mono(self.0.saturating_add(span.0))
    }
}

impl Sub for Mono {
    type Output = Span;

    /// The span from `earlier` to `self`; zero if the clock was set back.
    fn sub(self, earlier: Mono) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}
