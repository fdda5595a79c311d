//! A lane operation per platform: here four words in an array, left to the compiler to vectorise.

/// Four 32-bit words.
pub(super) type Lane = [u32; 4];

/// The same word in every lane.
#[inline]
pub(super) fn splat(word: u32) -> Lane {
    [word; 4]
}

/// One word per lane.
#[inline]
pub(super) fn from_words(words: [u32; 4]) -> Lane {
    words
}

/// The words of the lanes.
#[inline]
pub(super) fn to_words(lane: Lane) -> [u32; 4] {
    lane
}

#[inline]
fn zip(a: Lane, b: Lane, f: impl Fn(u32, u32) -> u32) -> Lane {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}

/// Sum modulo 2^32.
#[inline]
pub(super) fn add(a: Lane, b: Lane) -> Lane {
    zip(a, b, u32::wrapping_add)
}

/// Bits that differ.
#[inline]
pub(super) fn xor(a: Lane, b: Lane) -> Lane {
    zip(a, b, |a, b| a ^ b)
}

/// Bits that both have.
#[inline]
pub(super) fn and(a: Lane, b: Lane) -> Lane {
    zip(a, b, |a, b| a & b)
}

/// Bits of `a` where `mask` is set, of `b` elsewhere.
#[inline]
pub(super) fn select(mask: Lane, a: Lane, b: Lane) -> Lane {
    xor(b, and(mask, xor(a, b)))
}

/// Rotation to the right.
#[inline]
pub(super) fn rotr<const BITS: u32>(a: Lane) -> Lane {
    a.map(|word| word.rotate_right(BITS))
}

/// Shift to the right.
#[inline]
pub(super) fn shr<const BITS: u32>(a: Lane) -> Lane {
    a.map(|word| word >> BITS)
}

/// The same. What it hides from compilers elsewhere does no harm here.
#[inline]
pub(super) fn opaque(a: Lane) -> Lane {
    a
}
