//! The field of secp256k1: numbers modulo p = 2^256 - 2^32 - 977, two at a time.
//!
//! A number is the sum of five digits d[i] * 2^(52 i), each a whole number in a double, positive or negative. A product of
//! two digits has up to 103 bits. Added to 1.5 * 2^104 with one rounding it leaves a double whose last bit is worth 2^52:
//! that is the product's high half, rounded. What the rounding took away is exact, by a second fused operation; see
//! [`columns`]. Both halves are read from the bits of the doubles and summed as whole numbers.

mod columns;

use columns::{Columns, Constants};

use crate::lane::{self, Doubles, LANES};
use ruint::aliases::{U256, U320};
use std::array::from_fn;

/// Digits of a number.
pub(crate) const DIGITS: usize = 5;
/// Bits of a digit.
const DIGIT_BITS: u32 = 52;

/// p = 2^256 - 2^32 - 977.
pub(crate) const P: U256 = U256::from_limbs([0xffff_fffe_ffff_fc2f, u64::MAX, u64::MAX, u64::MAX]);

/// Two elements of the field. No digit is larger than 2^51, the last not than 2^48; the number itself can be any of those
/// that are the same modulo p.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fe([Doubles; DIGITS]);

/// A difference of two elements: digits twice as large. It can be multiplied with an [`Fe`], and that is all.
#[derive(Clone, Copy)]
pub(crate) struct Difference([Doubles; DIGITS]);

/// The digits of one number below 2^256, for a table.
pub(crate) type Digits = [f64; DIGITS];

/// What a number's digits are.
pub(crate) fn to_digits(number: U256) -> Digits {
    let half = 1 << (DIGIT_BITS - 1);
    let mut carry = 0;
    from_fn(|digit| {
        let bits = (number >> (DIGIT_BITS as usize * digit)).as_limbs()[0] & ((1 << DIGIT_BITS) - 1);
        let sum = bits as i64 + carry;
        // The last digit has room for all that is left.
        carry = i64::from(digit < DIGITS - 1 && sum >= half);
        (sum - (carry << DIGIT_BITS)) as f64
    })
}

impl Fe {
    /// One number, below 2^256, in each lane.
    pub(crate) fn new(numbers: [U256; LANES]) -> Self {
        Self::from_digits(&numbers.map(to_digits).each_ref())
    }

    /// The same number in both lanes.
    pub(crate) fn splat(number: U256) -> Self {
        Self::new([number; LANES])
    }

    #[inline(always)]
    pub(crate) fn from_digits([first, second]: &[&Digits; LANES]) -> Self {
        Self(from_fn(|digit| lane::pair(first[digit], second[digit])))
    }

    /// The first lane of `a`, the second of `b`.
    #[inline(always)]
    pub(crate) fn join(a: &Self, b: &Self) -> Self {
        Self(from_fn(|digit| lane::join(a.0[digit], b.0[digit])))
    }

    /// The two numbers, below p.
    pub(crate) fn to_numbers(self) -> [U256; LANES] {
        from_fn(|lane| {
            // Every number is above -2^257, so that this makes it positive, and below 2^259.
            let mut number: U320 = U320::from(P) << 2;
            for (index, digit) in self.0.iter().enumerate() {
                let digit = lane::to_doubles(*digit)[lane] as i64;
                let size = U320::from(digit.unsigned_abs()) << (DIGIT_BITS as usize * index);
                number = if digit < 0 { number - size } else { number + size };
            }
            let above: U320 = number >> 256_usize;
            let above: U256 = above.wrapping_to();
            let number: U256 = number.wrapping_to();
            // 2^256 is this modulo p.
            let fold = P.wrapping_neg();
            let (sum, more) = number.overflowing_add(above.wrapping_mul(fold));
            let sum = if more { sum + fold } else { sum };
            if sum < P { sum } else { sum - P }
        })
    }

    #[inline(always)]
    pub(crate) fn sub(&self, other: &Self) -> Difference {
        Difference(from_fn(|digit| lane::sub(self.0[digit], other.0[digit])))
    }

    /// Each lane multiplied with 1 or -1.
    #[inline(always)]
    pub(crate) fn with_signs(&self, signs: Doubles) -> Self {
        Self(self.0.map(|digit| lane::mul(digit, signs)))
    }
}

/// The field's operations.
pub(crate) struct Field(Constants);

impl Field {
    pub(crate) fn new() -> Self {
        Self(Constants::new())
    }

    /// `a * b`, to be summed with others.
    #[inline(always)]
    pub(crate) fn product(&self, a: &Fe, b: &Fe) -> Columns<'_> {
        Columns::product(&self.0, a, b)
    }

    /// `a * b`, where one of them is a difference.
    #[inline(always)]
    pub(crate) fn product_with(&self, a: &Fe, b: &Difference) -> Columns<'_> {
        Columns::product_with(&self.0, a, b)
    }

    /// `a * a`, to be summed with others.
    #[inline(always)]
    pub(crate) fn square_of(&self, a: &Fe) -> Columns<'_> {
        Columns::square(&self.0, a)
    }

    /// The product.
    #[inline(never)]
    pub(crate) fn mul(&self, a: &Fe, b: &Fe) -> Fe {
        self.product(a, b).reduce()
    }

    /// The square.
    #[inline(never)]
    pub(crate) fn square(&self, a: &Fe) -> Fe {
        self.square_of(a).reduce()
    }

    /// The number, squared so many times.
    fn square_times(&self, times: usize, a: &Fe) -> Fe {
        let mut power = *a;
        for _ in 0..times {
            // Not by a call, which would pass it through memory.
            power = self.square_of(&power).reduce();
        }
        power
    }

    /// Shifts an exponent to the left and adds another's bits.
    fn append(&self, power: &Fe, bits: usize, other: &Fe) -> Fe {
        self.mul(&self.square_times(bits, power), other)
    }

    /// A number to the power of 2^223 - 1, of 2^22 - 1 and of 3: the exponents of the powers below begin with 223 ones in
    /// binary, a zero, and 22 ones.
    fn powers_of_ones(&self, x: &Fe) -> [Fe; 3] {
        let x2 = self.append(x, 1, x);
        let x3 = self.append(&x2, 1, x);
        let x6 = self.append(&x3, 3, &x3);
        let x9 = self.append(&x6, 3, &x3);
        let x11 = self.append(&x9, 2, &x2);
        let x22 = self.append(&x11, 11, &x11);
        let x44 = self.append(&x22, 22, &x22);
        let x88 = self.append(&x44, 44, &x44);
        let x176 = self.append(&x88, 88, &x88);
        let x220 = self.append(&x176, 44, &x44);
        [self.append(&x220, 3, &x3), x22, x2]
    }

    /// What squared is this, where there is such a number: this to the power of (p + 1) / 4.
    pub(crate) fn square_root(&self, x: &Fe) -> Fe {
        let [x223, x22, x2] = self.powers_of_ones(x);
        let power = self.append(&self.append(&x223, 23, &x22), 6, &x2);
        self.square_times(2, &power)
    }

    /// What multiplied with this is one; zero of zero: this to the power of p - 2.
    pub(crate) fn inverse(&self, x: &Fe) -> Fe {
        let [x223, x22, x2] = self.powers_of_ones(x);
        let power = self.append(&self.append(&x223, 23, &x22), 5, x);
        self.append(&self.append(&power, 3, &x2), 2, x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers below p: any, and those whose digits are as large as they can be, or one more or less.
    pub(super) fn numbers() -> impl Strategy<Value = U256> {
        let edges = (0..=255_usize, 0..4_u64, any::<bool>()).prop_map(|(bit, more, below)| {
            let power = U256::from(1) << bit;
            if below { power.wrapping_sub(U256::from(more)) } else { power.wrapping_add(U256::from(more)) }
        });
        let digits = prop::array::uniform5(prop_oneof![
            Just(0_u64),
            Just(1 << 51),
            Just((1 << 51) - 1),
            Just((1 << 51) + 1),
            Just((1 << 52) - 1)
        ]);
        let digits = digits.prop_map(|digits| {
            digits.iter().rev().fold(U256::ZERO, |number, digit| (number << 52) + U256::from(*digit))
        });
        let any = any::<[u64; 4]>().prop_map(U256::from_limbs);
        let near_p = (1..1_000_u64).prop_map(|less| P - U256::from(less));
        prop_oneof![any, edges, digits, near_p].prop_map(|number| number % P)
    }

    fn pairs() -> impl Strategy<Value = [U256; LANES]> {
        prop::array::uniform2(numbers())
    }

    proptest! {
        #[test]
        fn a_number_is_read_back_as_it_was(a in pairs()) {
            prop_assert_eq!(Fe::new(a).to_numbers(), a);
        }

        #[test]
        fn products_and_squares_are_those_modulo_p(a in pairs(), b in pairs()) {
            let field = Field::new();
            let product = field.mul(&Fe::new(a), &Fe::new(b)).to_numbers();
            prop_assert_eq!(product, from_fn(|lane| a[lane].mul_mod(b[lane], P)));
            let square = field.square(&Fe::new(a)).to_numbers();
            prop_assert_eq!(square, from_fn(|lane| a[lane].mul_mod(a[lane], P)));
        }

        #[test]
        fn columns_are_summed_before_they_are_reduced(a in pairs(), b in pairs(), c in pairs()) {
            let field = Field::new();
            let [x, y, z] = [a, b, c].map(Fe::new);
            let columns = field.product_with(&x, &y.sub(&z)).minus(field.square_of(&z).shl(3)).plus(&x).less(&y);
            let sum = columns.reduce();
            let expected: [U256; LANES] = from_fn(|lane| {
                let minus = |number: U256| (P - number) % P;
                let product = a[lane].mul_mod(b[lane].add_mod(minus(c[lane]), P), P);
                let eight = c[lane].mul_mod(c[lane], P).mul_mod(U256::from(8), P);
                [minus(eight), a[lane], minus(b[lane])].iter().fold(product, |sum, term| sum.add_mod(*term, P))
            });
            prop_assert_eq!(sum.to_numbers(), expected);
            for (index, digit) in sum.0.iter().enumerate() {
                let most = if index < DIGITS - 1 { 51 } else { 48 };
                for digit in lane::to_doubles(*digit) {
                    prop_assert!(digit.abs() <= (1_u64 << most) as f64, "digit {} is {}", index, digit);
                }
            }
        }

        #[test]
        fn a_number_times_its_inverse_is_one(a in pairs()) {
            let field = Field::new();
            let product = field.mul(&Fe::new(a), &field.inverse(&Fe::new(a))).to_numbers();
            prop_assert_eq!(product, a.map(|number| U256::from(u8::from(!number.is_zero()))));
        }

        #[test]
        fn the_root_of_a_square_is_the_number_or_its_negative(a in pairs()) {
            let field = Field::new();
            let roots = field.square_root(&field.square(&Fe::new(a))).to_numbers();
            for (root, number) in roots.into_iter().zip(a) {
                prop_assert!(root == number || root == P - number);
            }
        }
    }
}
