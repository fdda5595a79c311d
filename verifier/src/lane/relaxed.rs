//! Two lanes in one of WebAssembly's 128-bit vectors, with relaxed SIMD's multiplication and addition.
//!
//! Compiled only where the whole module may use them, so that calling them needs no `unsafe`.

use core::arch::wasm32::{
    f64x2, f64x2_add, f64x2_extract_lane, f64x2_mul, f64x2_relaxed_madd, f64x2_splat, f64x2_sub, i64x2_add,
    i64x2_shl, i64x2_shuffle, i64x2_sub, u64x2_shr, u64x2_splat, v128, v128_and, v128_or,
};

/// Two doubles.
pub(crate) type Doubles = v128;

/// Two whole numbers of 64 bits, in two's complement.
pub(crate) type Words = v128;

#[inline(always)]
pub(crate) fn splat(double: f64) -> Doubles {
    f64x2_splat(double)
}

#[inline(always)]
pub(crate) fn pair(first: f64, second: f64) -> Doubles {
    f64x2(first, second)
}

#[inline(always)]
pub(crate) fn to_doubles(lanes: Doubles) -> [f64; 2] {
    [f64x2_extract_lane::<0>(lanes), f64x2_extract_lane::<1>(lanes)]
}

/// The first lane of `a`, the second of `b`.
#[inline(always)]
pub(crate) fn join(a: Doubles, b: Doubles) -> Doubles {
    i64x2_shuffle::<0, 3>(a, b)
}

/// `a * b + c`, rounded once; see [`super::is_fused`].
#[inline(always)]
pub(crate) fn mul_add(a: Doubles, b: Doubles, c: Doubles) -> Doubles {
    f64x2_relaxed_madd(a, b, c)
}

#[inline(always)]
pub(crate) fn add(a: Doubles, b: Doubles) -> Doubles {
    f64x2_add(a, b)
}

#[inline(always)]
pub(crate) fn sub(a: Doubles, b: Doubles) -> Doubles {
    f64x2_sub(a, b)
}

#[inline(always)]
pub(crate) fn mul(a: Doubles, b: Doubles) -> Doubles {
    f64x2_mul(a, b)
}

#[inline(always)]
pub(crate) fn to_bits(a: Doubles) -> Words {
    a
}

#[inline(always)]
pub(crate) fn from_bits(a: Words) -> Doubles {
    a
}

#[inline(always)]
pub(crate) fn splat_word(word: u64) -> Words {
    u64x2_splat(word)
}

/// Sum modulo 2^64.
#[inline(always)]
pub(crate) fn add_words(a: Words, b: Words) -> Words {
    i64x2_add(a, b)
}

/// Difference modulo 2^64.
#[inline(always)]
pub(crate) fn sub_words(a: Words, b: Words) -> Words {
    i64x2_sub(a, b)
}

#[inline(always)]
pub(crate) fn and(a: Words, b: Words) -> Words {
    v128_and(a, b)
}

#[inline(always)]
pub(crate) fn or(a: Words, b: Words) -> Words {
    v128_or(a, b)
}

#[inline(always)]
pub(crate) fn shl(a: Words, bits: u32) -> Words {
    i64x2_shl(a, bits)
}

/// Shift to the right, zeros coming in.
#[inline(always)]
pub(crate) fn shr(a: Words, bits: u32) -> Words {
    u64x2_shr(a, bits)
}
