//! Numbers modulo the order of the curve: divided, and taken to pieces for adding up points.

use ruint::aliases::{U256, U512};
use ruint::uint;

/// The order of the curve.
pub(crate) const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

/// 2^256 modulo the order, and its square: a number times 2^256 is in Montgomery's form, in which products are cheap.
const ONE: U256 = ORDER.wrapping_neg();
const FORM: U256 = uint!(0x9d671cd581c69bc5e697f5e45bcd07c6741496c20e7cf878896cf21467d7d140_U256);
/// What the order's lowest 64 bits multiplied with come to -1.
const MINUS_INVERSE: u64 = 0x4b0d_ff66_5588_b13f;

/// Half of a scalar: how often a point is added, and whether it is subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Half {
    /// Less than 2^128.
    size: U256,
    negative: bool,
}

/// A short vector (a, b) with a + b lambda = 0 modulo the order, and another, which is (a2, a1): two sides of the lattice
/// in which a scalar's halves are found (GLV; Guide to Elliptic Curve Cryptography, algorithm 3.74).
const A1: U256 = uint!(0x3086d221a7d46bcde86c90e49284eb15_U256);
/// -b1.
const MINUS_B1: U256 = uint!(0xe4437ed6010e88286f547fa90abfe4c3_U256);
const A2: U256 = uint!(0x114ca50f7a8e2f3f657c1108d9d44cfd8_U256);
/// 2^384 times A1, and times -b1, divided by the order and rounded (g1 and g2 of libsecp256k1).
const NEAREST_A1: U256 = uint!(0x3086d221a7d46bcde86c90e49284eb153daa8a1471e8ca7fe893209a45dbb031_U256);
const NEAREST_MINUS_B1: U256 = uint!(0xe4437ed6010e88286f547fa90abfe4c4221208ac9df506c61571b4ae8ac47f71_U256);

/// Digits of `BITS` bits, from minus a half of 2^BITS to a half, the lowest first.
pub(crate) type Windows<const COUNT: usize> = [i32; COUNT];

/// The two halves of a number k below the order: k = k1 + k2 lambda modulo the order, where multiplication with lambda is cheap.
pub(crate) fn split(number: U256) -> [Half; 2] {
    // How often each side goes into the lattice's point that is nearest to (k, 0): less than 2^128 times.
    let nearest = |factor: U256| -> U256 {
        let product: U512 = number.widening_mul(factor);
        let rounded: U512 = (product + (U512::from(1) << 383)) >> 384_usize;
        rounded.wrapping_to()
    };
    let (first, second) = (nearest(NEAREST_A1), nearest(NEAREST_MINUS_B1));
    let k1 = number.wrapping_sub(first.wrapping_mul(A1)).wrapping_sub(second.wrapping_mul(A2));
    let k2 = first.wrapping_mul(MINUS_B1).wrapping_sub(second.wrapping_mul(A1));
    [k1, k2].map(Half::of_complement)
}

/// Inverses in Montgomery's form, so that [`multiply`] divides by them. Each number is neither zero nor as large as the
/// order; all of them cost one inversion.
pub(crate) fn inverses(numbers: &[U256]) -> Vec<U256> {
    let formed: Vec<U256> = numbers.iter().map(|number| multiply(*number, FORM)).collect();
    let mut product = ONE;
    let mut below = Vec::with_capacity(formed.len());
    for number in &formed {
        below.push(product);
        product = multiply(product, *number);
    }
    let mut inverse = invert(product);
    let mut inverses = below;
    for (below, number) in inverses.iter_mut().zip(&formed).rev() {
        *below = multiply(inverse, *below);
        inverse = multiply(inverse, *number);
    }
    inverses
}

/// The inverse of a number in Montgomery's form, in that form: the number to the power of the order less two.
fn invert(number: U256) -> U256 {
    let exponent = ORDER - U256::from(2);
    (0..256).rev().fold(ONE, |power, bit| {
        let square = multiply(power, power);
        if exponent.bit(bit) { multiply(square, number) } else { square }
    })
}

/// The product of two numbers below the order, one of them in Montgomery's form; in that form where both are.
pub(crate) fn multiply(a: U256, b: U256) -> U256 {
    a.mul_redc(b, ORDER, MINUS_INVERSE)
}

impl Half {
    /// A number in two's complement.
    fn of_complement(number: U256) -> Self {
        let negative = number.bit(255);
        Self { size: if negative { number.wrapping_neg() } else { number }, negative }
    }

    /// The number as digits of `bits` bits, which are enough for it.
    pub(crate) fn windows<const COUNT: usize>(&self, bits: usize) -> Windows<COUNT> {
        let (whole, sign) = (1 << bits, if self.negative { -1 } else { 1 });
        let mut carry = 0;
        std::array::from_fn(|window| {
            let unsigned = (self.size >> (window * bits)).as_limbs()[0] & (whole as u64 - 1);
            let digit = unsigned as i32 + carry;
            carry = i32::from(digit > whole / 2);
            sign * (digit - carry * whole)
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use k256::elliptic_curve::ff::PrimeField as _;
    use k256::{FieldBytes, Scalar};
    use proptest::prelude::*;

    /// What multiplying a point's x with beta multiplies the point with: a third root of one.
    pub(crate) fn lambda() -> Scalar {
        oracle(uint!(0x5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72_U256))
    }

    fn oracle(number: U256) -> Scalar {
        Scalar::from_repr(FieldBytes::from(number.to_be_bytes::<32>())).expect("below the order")
    }

    fn number(scalar: Scalar) -> U256 {
        U256::from_be_slice(&scalar.to_repr())
    }

    fn value(half: &Half) -> Scalar {
        let size = oracle(half.size);
        if half.negative { -size } else { size }
    }

    /// Numbers from 1 to the order.
    fn numbers() -> impl Strategy<Value = U256> {
        let random = any::<[u64; 4]>().prop_map(|limbs| U256::from_limbs(limbs) % ORDER);
        let small = any::<u64>().prop_map(Scalar::from);
        let lattice = any::<u128>().prop_map(|multiple| lambda() * Scalar::from(multiple));
        let of_scalars = prop_oneof![small, lattice];
        let of_scalars =
            (of_scalars, any::<bool>()).prop_map(|(scalar, minus)| if minus { -scalar } else { scalar });
        let numbers = prop_oneof![random, of_scalars.prop_map(number)];
        numbers.prop_filter("not zero", |number| !number.is_zero())
    }

    proptest! {
        #[test]
        fn a_number_divided_by_another_is_what_it_is_modulo_the_order(
            dividend in numbers(),
            divisors in prop::collection::vec(numbers(), 1..5),
        ) {
            for (divisor, inverse) in divisors.iter().zip(inverses(&divisors)) {
                let expected = oracle(dividend) * oracle(*divisor).invert_vartime().expect("not zero");
                prop_assert_eq!(oracle(multiply(dividend, inverse)), expected);
            }
        }

        #[test]
        fn halves_are_short_and_make_up_the_number(k in numbers()) {
            let [k1, k2] = split(k);
            prop_assert!(k1.size.bit_len() <= 128 && k2.size.bit_len() <= 128);
            prop_assert_eq!(value(&k1) + value(&k2) * lambda(), oracle(k));
        }

        #[test]
        fn windows_make_up_the_number(k in numbers()) {
            for half in split(k) {
                let windows: Windows<26> = half.windows(5);
                let sum = windows.iter().rev().fold(Scalar::ZERO, |sum, digit| {
                    let size = Scalar::from(u64::from(digit.unsigned_abs()));
                    sum * Scalar::from(32_u64) + if *digit < 0 { -size } else { size }
                });
                prop_assert!(windows.iter().all(|digit| digit.abs() <= 16));
                prop_assert_eq!(sum, value(&half));
            }
        }
    }
}
