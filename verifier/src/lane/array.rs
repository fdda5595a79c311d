//! Two lanes in an array: for tests, not for speed.

use std::array::from_fn;

/// Two doubles.
pub(crate) type Doubles = [f64; 2];

/// Two whole numbers of 64 bits, in two's complement.
pub(crate) type Words = [u64; 2];

pub(crate) fn splat(double: f64) -> Doubles {
    [double; 2]
}

pub(crate) fn pair(first: f64, second: f64) -> Doubles {
    [first, second]
}

pub(crate) fn to_doubles(lanes: Doubles) -> [f64; 2] {
    lanes
}

/// The first lane of `a`, the second of `b`.
pub(crate) fn join(a: Doubles, b: Doubles) -> Doubles {
    [a[0], b[1]]
}

/// `a * b + c`, rounded once.
pub(crate) fn mul_add(a: Doubles, b: Doubles, c: Doubles) -> Doubles {
    from_fn(|lane| a[lane].mul_add(b[lane], c[lane]))
}

pub(crate) fn add(a: Doubles, b: Doubles) -> Doubles {
    from_fn(|lane| a[lane] + b[lane])
}

pub(crate) fn sub(a: Doubles, b: Doubles) -> Doubles {
    from_fn(|lane| a[lane] - b[lane])
}

pub(crate) fn mul(a: Doubles, b: Doubles) -> Doubles {
    from_fn(|lane| a[lane] * b[lane])
}

pub(crate) fn to_bits(a: Doubles) -> Words {
    a.map(f64::to_bits)
}

pub(crate) fn from_bits(a: Words) -> Doubles {
    a.map(f64::from_bits)
}

pub(crate) fn splat_word(word: u64) -> Words {
    [word; 2]
}

/// Sum modulo 2^64.
pub(crate) fn add_words(a: Words, b: Words) -> Words {
    from_fn(|lane| a[lane].wrapping_add(b[lane]))
}

/// Difference modulo 2^64.
pub(crate) fn sub_words(a: Words, b: Words) -> Words {
    from_fn(|lane| a[lane].wrapping_sub(b[lane]))
}

pub(crate) fn and(a: Words, b: Words) -> Words {
    from_fn(|lane| a[lane] & b[lane])
}

pub(crate) fn or(a: Words, b: Words) -> Words {
    from_fn(|lane| a[lane] | b[lane])
}

pub(crate) fn shl(a: Words, bits: u32) -> Words {
    a.map(|word| word << bits)
}

/// Shift to the right, zeros coming in.
pub(crate) fn shr(a: Words, bits: u32) -> Words {
    a.map(|word| word >> bits)
}
