//! Numbers as Bitcoin Core's JSON has them.

use super::json::Json;
use crate::primitives::{Amount, COIN, CompactTarget, Target, Work};

/// An amount in coins, with eight places (Core's `ValueFromAmount`).
pub(super) fn coins(amount: Amount) -> Json {
    let satoshis = amount.to_sat();
    let (whole, fraction) = (satoshis.unsigned_abs() / COIN as u64, satoshis.unsigned_abs() % COIN as u64);
    let sign = if satoshis < 0 { "-" } else { "" };
    Json::Plain(format!("{sign}{whole}.{fraction:08}"))
}

/// How much harder than the easiest of Bitcoin's main network's targets (Core's `GetDifficulty`). Only multiplications
/// and one division, so the same on every machine.
pub(super) fn difficulty(bits: CompactTarget) -> f64 {
    let CompactTarget(bits) = bits;
    let mut difficulty = f64::from(0x0000_ffff) / f64::from((bits & 0x00ff_ffff).max(1));
    let size = (bits >> 24) as i32;
    for _ in size..29 {
        difficulty *= 256.0;
    }
    for _ in 29..size {
        difficulty /= 256.0;
    }
    difficulty
}

/// A compact target as the number that it stands for, 64 digits; zeros where it stands for none.
pub(super) fn target(bits: CompactTarget) -> String {
    Target::from_compact(bits).unwrap_or(Target(Default::default())).to_string()
}

/// Work as a double, for rates; what a double cannot hold exactly is rounded.
pub(in crate::node) fn hashes(work: Work) -> f64 {
    work.0.as_limbs().iter().rev().fold(0.0, |sum, limb| sum * 18_446_744_073_709_551_616.0 + *limb as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difficulty_is_bitcoins() {
        // Bitcoin's genesis block, block 100,800 of its main network, and regtest (Core's blockchain_tests.cpp).
        for (bits, expected) in
            [(0x1d00_ffff, 1.0), (0x1b04_864c, 14_484.162_361), (0x207f_ffff, 4.656_542_373_9e-10)]
        {
            let difference = (difficulty(CompactTarget(bits)) - expected).abs() / expected;
            assert!(difference < 1e-9, "{bits:08x}");
        }
    }

    #[test]
    fn work_is_shown_as_a_number_of_hashes() {
        let target = Target::from_compact(CompactTarget(0x1f00_ffff)).expect("a target");
        assert_eq!(hashes(target.work()).round(), 65_537.0);
    }

    #[test]
    fn amounts_have_eight_places_and_every_satoshi() {
        let shown = |satoshis| coins(Amount::from_sat(satoshis)).to_string();
        assert_eq!(shown(2_099_999_999_999_999), "20999999.99999999");
        assert_eq!([shown(1), shown(-1), shown(5_000_000_000)], ["0.00000001", "-0.00000001", "50.00000000"]);
    }
}
