//! Work in units that are the same on every machine.

use serde::Deserialize;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul};

/// Work, in deterministic units: one unit is about a microsecond of a browser's worker. Never measured time, so that
/// budgets hold the same way everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Cost(pub u64);

impl Cost {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// One signature checked.
    pub const SIGNATURE_CHECK: Self = Self(120);

    /// The keys of an encrypted connection: two points multiplied, one key written as random bytes, one read.
    pub const KEY_EXCHANGE: Self = Self(400);

    /// So many bytes read or hashed: 10 a kilobyte.
    pub const fn of_bytes(count: usize) -> Self {
        Self(count as u64 / 100)
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<usize> for Cost {
    type Output = Self;

    fn mul(self, times: usize) -> Self {
        Self(self.0.saturating_mul(times as u64))
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::ZERO, Add::add)
    }
}
