//! A lane operation per platform: here WebAssembly's 128-bit vectors.
//!
//! Engines check a module's features when they load it, so calling these needs no `unsafe`.

use core::hint::black_box;

use core::arch::wasm32::{
    u32x4, u32x4_add, u32x4_extract_lane, u32x4_shl, u32x4_shr, u32x4_splat, v128, v128_and, v128_bitselect,
    v128_or, v128_xor,
};

/// Four 32-bit words.
pub(super) type Lane = v128;

/// The same word in every lane.
#[target_feature(enable = "simd128")]
#[inline]
pub(super) fn splat(word: u32) -> Lane {
    u32x4_splat(word)
}

/// One word per lane.
#[target_feature(enable = "simd128")]
#[inline]
pub(super) fn from_words(words: [u32; 4]) -> Lane {
    u32x4(words[0], words[1], words[2], words[3])
}

/// The words of the lanes.
#[target_feature(enable = "simd128")]
#[inline]
pub(super) fn to_words(lane: Lane) -> [u32; 4] {
    [
        u32x4_extract_lane::<0>(lane),
        u32x4_extract_lane::<1>(lane),
        u32x4_extract_lane::<2>(lane),
        u32x4_extract_lane::<3>(lane),
    ]
}

/// Sum modulo 2^32.
#[target_feature(enable = "simd128")]
#[inline]
pub(super) fn add(a: Lane, b: Lane) -> Lane {
    u32x4_add(a, b)
}

/// Bits that differ.
#[target_feature(enable = "simd128")]
#[inline]
pub(super) fn xor(a: Lane, b: Lane) -> Lane {
    v128_xor(a, b)
}

/// Bits that both have.
#[target_feature(enable = "simd128")]
#[inline]
pub(super) fn and(a: Lane, b: Lane) -> Lane {
    v128_and(a, b)
}

/// Bits of `a` where `mask` is set, of `b` elsewhere.
#[target_feature(enable = "simd128")]
#[inline]
pub(super) fn select(mask: Lane, a: Lane, b: Lane) -> Lane {
    v128_bitselect(a, b, mask)
}

/// Rotation to the right.
#[target_feature(enable = "simd128")]
#[inline]
pub(super) fn rotr<const BITS: u32>(a: Lane) -> Lane {
    v128_or(u32x4_shr(a, BITS), u32x4_shl(a, 32 - BITS))
}

/// Shift to the right.
#[target_feature(enable = "simd128")]
#[inline]
pub(super) fn shr<const BITS: u32>(a: Lane) -> Lane {
    u32x4_shr(a, BITS)
}

/// The same, its origin hidden: of `b ^ ((a ^ b) & c)` LLVM makes a bitselect, which is three instructions on x86, though
/// `a ^ b` is there already and two would do. Costs a store and a load.
#[target_feature(enable = "simd128")]
#[inline]
pub(super) fn opaque(a: Lane) -> Lane {
    black_box(a)
}
