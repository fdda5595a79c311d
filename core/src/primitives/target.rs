//! Proof-of-work targets, their compact form, and work.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use ruint::aliases::U256;

use super::BlockHash;

/// A target in the compact form of a header: one byte of size, a sign bit and 23 bits of mantissa.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CompactTarget(pub u32);

/// The number that a block's hash, read as a little-endian integer, must not exceed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target(pub U256);

/// The number of hashes that one expects to need; a chain's is the sum over its blocks (Core's `nChainWork`).
/// Shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Work(pub U256);

/// Why a compact form is no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The sign bit is set on a mantissa that is not zero.
    #[error("compact target {0} is negative")]
    Negative(CompactTarget),
    /// It stands for more than 256 bits.
    #[error("compact target {0} is above 256 bits")]
    Overflow(CompactTarget),
}

impl Target {
    /// The largest target there is; every hash meets it.
    pub const MAX: Self = Self(U256::MAX);

    /// Reads the compact form (Core's `arith_uint256::SetCompact`). Zero is a target that no hash meets.
    pub fn from_compact(compact: CompactTarget) -> Result<Self, TargetError> {
        let CompactTarget(bits) = compact;
        let size = bits >> 24;
        let mantissa = bits & 0x007f_ffff;
        let mantissa = if size <= 3 { mantissa >> (8 * (3 - size)) } else { mantissa };
        if mantissa == 0 {
            return Ok(Self(U256::ZERO));
        }
        if bits & 0x0080_0000 != 0 {
            return Err(TargetError::Negative(compact));
        }
        if size > 34 || (mantissa > 0xff && size > 33) || (mantissa > 0xffff && size > 32) {
            return Err(TargetError::Overflow(compact));
        }
        let shift = 8 * size.saturating_sub(3) as usize;
        Ok(Self(U256::from(mantissa) << shift))
    }

    /// The compact form, which keeps the upper 23 bits or so and rounds down (Core's `GetCompact`).
    pub fn to_compact(self) -> CompactTarget {
        let mut size = self.0.bit_len().div_ceil(8) as u32;
        let mut mantissa = if size <= 3 {
            self.0.as_limbs()[0] << (8 * (3 - size))
        } else {
            (self.0 >> (8 * (size as usize - 3))).as_limbs()[0]
        };
        if mantissa & 0x0080_0000 != 0 {
            mantissa >>= 8;
            size += 1;
        }
        CompactTarget(mantissa as u32 | size << 24)
    }

    /// Whether `hash` is at most this target.
    pub fn is_met_by(&self, hash: &BlockHash) -> bool {
        U256::from_le_bytes(*hash.as_bytes()) <= self.0
    }

    /// The work that a block under this target stands for, 2^256 / (target + 1); none under the zero target
    /// (Core's `GetBlockProof`).
    pub fn work(self) -> Work {
        if self.0.is_zero() {
            return Work::ZERO;
        }
        match self.0.checked_add(U256::ONE) {
            Some(divisor) => Work(!self.0 / divisor + U256::ONE),
            None => Work(U256::ONE),
        }
    }
}

impl Work {
    /// No work.
    pub const ZERO: Self = Self(U256::ZERO);
}

impl Add for Work {
    type Output = Self;
    /// Saturates: a sum beyond 2^256 hashes cannot be had.
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Work {
    type Output = Self;
    /// Saturates at no work.
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for CompactTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:064x}", self.0)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:064x}", self.0)
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Work({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(hex: &str) -> Target {
        Target(U256::from_str_radix(hex, 16).expect("hex"))
    }

    /// Cases of Core's `arith_uint256_tests.cpp`, `bignum_SetCompact`: the compact form, its value, its canonical
    /// compact form.
    #[test]
    fn compact_forms_are_read_and_written_as_core_does() {
        for (compact, value, canonical) in [
            (0x0000_0000, "0", 0),
            (0x0012_3456, "0", 0),
            (0x0100_3456, "0", 0),
            (0x0200_0056, "0", 0),
            (0x0300_0000, "0", 0),
            (0x0400_0000, "0", 0),
            (0x0092_3456, "0", 0),
            (0x0180_3456, "0", 0),
            (0x0112_3456, "12", 0x0112_0000),
            (0x0200_8000, "80", 0x0200_8000),
            (0x0212_3456, "1234", 0x0212_3400),
            (0x0312_3456, "123456", 0x0312_3456),
            (0x0412_3456, "12345600", 0x0412_3456),
            (0x0500_9234, "92340000", 0x0500_9234),
            (0x2012_3456, "1234560000000000000000000000000000000000000000000000000000000000", 0x2012_3456),
            (0x207f_ffff, "7fffff0000000000000000000000000000000000000000000000000000000000", 0x207f_ffff),
        ] {
            let read = Target::from_compact(CompactTarget(compact));
            assert_eq!(read, Ok(target(value)), "{compact:08x}");
            assert_eq!(target(value).to_compact(), CompactTarget(canonical), "{compact:08x}");
        }
    }

    #[test]
    fn a_negative_or_overlong_compact_form_is_refused() {
        for bits in [0x01fe_dcba, 0x0492_3456] {
            let compact = CompactTarget(bits);
            assert_eq!(Target::from_compact(compact), Err(TargetError::Negative(compact)));
        }
        for bits in [0xff12_3456, 0x2300_0001, 0x2200_0100, 0x2101_0000] {
            let compact = CompactTarget(bits);
            assert_eq!(Target::from_compact(compact), Err(TargetError::Overflow(compact)));
        }
        assert!(Target::from_compact(CompactTarget(0x2200_00ff)).is_ok());
    }

    #[test]
    fn work_is_the_number_of_hashes_expected() {
        let genesis = Target::from_compact(CompactTarget(0x1d00_ffff)).expect("valid");
        assert_eq!(genesis.work(), Work(U256::from(0x1_0001_0001_u64)));
        let regtest = Target::from_compact(CompactTarget(0x207f_ffff)).expect("valid");
        assert_eq!(regtest.work(), Work(U256::from(2)));
        assert_eq!(Target::MAX.work(), Work(U256::ONE));
        assert_eq!(Target(U256::ZERO).work(), Work::ZERO);
        assert_eq!(Target(U256::ONE).work(), Work(U256::ONE << 255));
    }

    #[test]
    fn a_hash_meets_the_target_that_it_equals() {
        let hash = BlockHash::from_bytes(U256::from(1000).to_le_bytes());
        assert!(Target(U256::from(1000)).is_met_by(&hash));
        assert!(!Target(U256::from(999)).is_met_by(&hash));
    }
}
