//! Fees for sizes.

use crate::primitives::Amount;
use std::fmt;

/// Virtual bytes that a rate is for.
const KVB: u64 = 1_000;

/// A fee rate, in satoshis per 1,000 virtual bytes (Core's `CFeeRate`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeeRate(u64);

impl FeeRate {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A rate of `rate` per 1,000 virtual bytes; a negative one is none.
    pub fn per_kvb(rate: Amount) -> Self {
        Self(u64::try_from(rate.to_sat()).unwrap_or(0))
    }

    /// A rate of so many satoshis per 1,000 virtual bytes.
    pub const fn from_sat_per_kvb(rate: u64) -> Self {
        Self(rate)
    }

    /// The satoshis per 1,000 virtual bytes, as `feefilter` carries them.
    pub const fn to_sat_per_kvb(self) -> u64 {
        self.0
    }

    /// The rate that `fee` is for `vsize` bytes, rounded down; none for no bytes.
    pub fn of(fee: Amount, vsize: usize) -> Self {
        let sat = u64::try_from(fee.to_sat()).unwrap_or(0);
        Self(sat.saturating_mul(KVB).checked_div(vsize as u64).unwrap_or(0))
    }

    /// What `vsize` bytes cost at this rate, rounded up (Core's `GetFee`).
    pub fn fee(self, vsize: usize) -> Amount {
        let sat = self.0.saturating_mul(vsize as u64).div_ceil(KVB);
        Amount::from_sat(i64::try_from(sat).unwrap_or(i64::MAX))
    }

    /// The sum of two rates.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for FeeRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sat/kvB", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_is_rounded_up_and_a_rate_down() {
        let rate = FeeRate::from_sat_per_kvb(100);
        assert_eq!(rate.fee(192), Amount::from_sat(20));
        assert_eq!(rate.fee(200), Amount::from_sat(20));
        assert_eq!(FeeRate::of(Amount::from_sat(20), 192), FeeRate(104));
        assert_eq!(FeeRate::of(Amount::from_sat(20), 0), FeeRate::ZERO);
        assert_eq!(FeeRate::per_kvb(Amount::from_sat(-5)), FeeRate::ZERO);
    }
}
