//! How much a block may create.

use super::params::ConsensusParams;
use crate::primitives::{Amount, Height};

/// The new coins that the block at `height` may create, halved every so many blocks until nothing is left (Core's
/// `GetBlockSubsidy`).
pub fn block_subsidy(height: Height, consensus: &ConsensusParams) -> Amount {
    let halvings = height.0 / consensus.halving_interval.max(1);
    // A shift by 64 or more would be undefined in Core and wrap here.
    if halvings >= 64 {
        return Amount::ZERO;
    }
    Amount::from_sat(consensus.subsidy.to_sat() >> halvings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsidy_halves_at_the_interval_and_ends() {
        let regtest = ConsensusParams::REGTEST;
        for (height, satoshis) in [
            (0, 5_000_000_000),
            (149, 5_000_000_000),
            (150, 2_500_000_000),
            (300, 1_250_000_000),
            (150 * 32, 1),
            (150 * 33, 0),
            (150 * 64, 0),
            (u32::MAX, 0),
        ] {
            assert_eq!(block_subsidy(Height(height), &regtest), Amount::from_sat(satoshis), "{height}");
        }
    }

    #[test]
    fn the_classroom_never_creates_21_million_coins() {
        let classroom = ConsensusParams::CLASSROOM;
        let total: i64 = (0..64)
            .map(|era| {
                let height = Height(era * classroom.halving_interval);
                block_subsidy(height, &classroom).to_sat() * i64::from(classroom.halving_interval)
            })
            .sum();
        // Core's validation_tests: 2099999997690000 satoshis.
        assert_eq!(total, 2_099_999_997_690_000);
    }
}
