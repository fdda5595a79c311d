//! Two 64-bit lanes, as doubles or as whole numbers; one file per platform.

#[cfg(not(target_feature = "relaxed-simd"))]
mod array;
#[cfg(target_feature = "relaxed-simd")]
mod relaxed;

#[cfg(not(target_feature = "relaxed-simd"))]
pub(crate) use array::*;
#[cfg(target_feature = "relaxed-simd")]
pub(crate) use relaxed::*;

use std::hint::black_box;

/// How many signatures are checked at once.
pub(crate) const LANES: usize = 2;

/// Whether `a * b + c` is rounded once here, as everything rests on. Relaxed SIMD lets an engine round the product too.
pub fn is_fused() -> bool {
    // The square of 2^27 + 1 has a last bit that a double cannot hold beside its first one.
    let factor = black_box((1_u64 << 27) + 1) as f64;
    let rest = black_box((1_u64 << 54) + (1 << 28)) as f64;
    to_doubles(mul_add(splat(factor), splat(factor), splat(-rest))) == [1.0; LANES]
}

#[cfg(test)]
mod tests {
    #[test]
    fn multiplication_and_addition_are_fused() {
        assert!(super::is_fused());
    }
}
