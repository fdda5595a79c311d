//! Tables of a point's multiples: of each signature's key, made anew for it, and of the generator, made once.

use crate::curve::{Affine, BETA, G, Jacobian};
use crate::field::{Digits, Fe, Field, to_digits};
use crate::lane::{self, LANES};
use ruint::aliases::U256;

/// Bits of the windows in which a key's factor is read.
pub(crate) const KEY_BITS: usize = 5;
/// As many windows as half a scalar has.
pub(crate) const KEY_WINDOWS: usize = 26;
/// Windows are signed.
const KEY_MULTIPLES: usize = 1 << (KEY_BITS - 1);

/// The same of the generator.
pub(crate) const GENERATOR_BITS: usize = 10;
pub(crate) const GENERATOR_WINDOWS: usize = 13;
const GENERATOR_MULTIPLES: usize = 1 << (GENERATOR_BITS - 1);

/// What a scalar is split into.
pub(crate) const HALVES: usize = 2;

/// Multiples of two keys, 1 to 16 times. Adding them up leaves them with one z, by which they need not be divided: without it
/// they are points of another curve, onto which (x, y) of secp256k1 goes as (x z^2, y z^3), and all sums are reckoned there.
pub(crate) struct KeyMultiples {
    /// The x of a multiple, and that of lambda times it.
    x: [[Fe; KEY_MULTIPLES]; HALVES],
    y: [Fe; KEY_MULTIPLES],
    /// That z: what sums have in addition on secp256k1.
    pub(crate) z: Fe,
}

/// Multiples of the generator, 1 to 512 times.
pub(crate) struct GeneratorMultiples {
    points: Vec<Entry>,
    /// A point of which nobody knows how often it is the generator. All sums begin with it, not with no point.
    pub(crate) start: Affine,
    /// The negative of what has become of it once all windows are read.
    pub(crate) end: Affine,
}

/// A point of a table.
struct Entry {
    /// As of [`KeyMultiples`].
    x: [Digits; HALVES],
    y: Digits,
}

/// BIP341's point H: the generator, hashed, as an x.
const START_X: U256 = ruint::uint!(0x50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0_U256);

impl KeyMultiples {
    pub(crate) fn new(field: &Field, key: &Affine) -> Self {
        let double = key.double(field);
        // On the curve on which the double's z is one.
        let once = key.stretched(field, &double.z);
        let mut x = [once.x; KEY_MULTIPLES];
        let mut y = [once.y; KEY_MULTIPLES];
        (x[1], y[1]) = (double.x, double.y);
        // What each one's z is multiplied with to become the next one's.
        let mut steps = [Fe::splat(U256::from(1)); KEY_MULTIPLES];
        let mut sum = Affine { x: double.x, y: double.y }.to_jacobian();
        for multiple in 2..KEY_MULTIPLES {
            steps[multiple - 1] = sum.add(field, &once);
            (x[multiple], y[multiple]) = (sum.x, sum.y);
        }
        // To the last one's z, from the last but one to the first. The first two have the same.
        let mut z = steps[KEY_MULTIPLES - 2];
        for multiple in (0..KEY_MULTIPLES - 1).rev() {
            if (1..KEY_MULTIPLES - 2).contains(&multiple) {
                z = field.mul(&z, &steps[multiple]);
            }
            let stretched = Affine { x: x[multiple], y: y[multiple] }.stretched(field, &z);
            (x[multiple], y[multiple]) = (stretched.x, stretched.y);
        }
        let beta = Fe::splat(BETA);
        let z = field.mul(&double.z, &sum.z);
        Self { x: [x, x.map(|x| field.mul(&x, &beta))], y, z }
    }

    /// The multiples of both keys that digits of the windows of one half say.
    #[inline(always)]
    pub(crate) fn get(&self, half: usize, digits: [i32; LANES]) -> Affine {
        let [first, second] = digits.map(index);
        let (x, y) = (&self.x[half], &self.y);
        let point = Affine { x: Fe::join(&x[first], &x[second]), y: Fe::join(&y[first], &y[second]) };
        point.with_signs(signs(digits))
    }
}

impl GeneratorMultiples {
    pub(crate) fn new(field: &Field) -> Self {
        let generator = Affine::splat(G);
        let x = Fe::splat(START_X);
        let start = Affine { x, y: field.square_root(&y_squared(field, &x)) };
        let mut end = start.with_signs(lane::splat(-1.0)).to_jacobian();
        for _ in 0..GENERATOR_BITS * GENERATOR_WINDOWS {
            end.double(field);
        }
        let mut multiples = vec![end, generator.to_jacobian()];
        let mut next = generator.double(field);
        for _ in 1..GENERATOR_MULTIPLES {
            multiples.push(next);
            next.add(field, &generator);
        }
        let mut points = to_affine(field, &multiples).into_iter();
        let end = points.next().expect("the first of them");
        let beta = Fe::splat(BETA);
        let entry = |point: Affine| Entry {
            x: [point.x, field.mul(&point.x, &beta)].map(first_digits),
            y: first_digits(point.y),
        };
        Self { points: points.map(entry).collect(), start, end }
    }

    /// The multiples that digits of the windows of one half say.
    #[inline(always)]
    pub(crate) fn get(&self, half: usize, digits: [i32; LANES]) -> Affine {
        let [first, second] = digits.map(|digit| &self.points[index(digit)]);
        let x = Fe::from_digits(&[&first.x[half], &second.x[half]]);
        Affine { x, y: Fe::from_digits(&[&first.y, &second.y]) }.with_signs(signs(digits))
    }
}

/// x^3 + 7.
pub(crate) fn y_squared(field: &Field, x: &Fe) -> Fe {
    field.product(&field.square(x), x).plus(&Fe::splat(U256::from(7))).reduce()
}

/// Where a multiple is in a table. There is none of zero: any does, for it is not added.
fn index(digit: i32) -> usize {
    digit.unsigned_abs().saturating_sub(1) as usize
}

fn signs(digits: [i32; LANES]) -> lane::Doubles {
    let [first, second] = digits.map(|digit| if digit < 0 { -1.0 } else { 1.0 });
    lane::pair(first, second)
}

fn first_digits(number: Fe) -> Digits {
    to_digits(number.to_numbers()[0])
}

/// Their coordinates, by one inverse: that of the product of all z.
fn to_affine(field: &Field, points: &[Jacobian]) -> Vec<Affine> {
    let mut product = Fe::splat(U256::from(1));
    let mut below = Vec::with_capacity(points.len());
    for point in points {
        below.push(product);
        product = field.mul(&product, &point.z);
    }
    let mut inverse = field.inverse(&product);
    let mut affine: Vec<Affine> = points
        .iter()
        .zip(below)
        .rev()
        .map(|(point, below)| {
            let own = field.mul(&inverse, &below);
            inverse = field.mul(&inverse, &point.z);
            point.to_affine(field, &own)
        })
        .collect();
    affine.reverse();
    affine
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::tests::oracle;
    use crate::scalar::tests::lambda;
    use k256::Scalar;

    #[test]
    fn the_generators_multiples_are_those_of_the_curve() {
        let field = Field::new();
        let table = GeneratorMultiples::new(&field);
        for (multiple, of_lambda) in
            [1_u64, 2, 3, 100, 511, 512].map(|multiple| (multiple, Scalar::from(multiple) * lambda()))
        {
            let digits = [multiple as i32, -(multiple as i32)];
            for (half, scalar) in [Scalar::from(multiple), of_lambda].iter().enumerate() {
                let point = table.get(half, digits);
                let ([x, y], [_, minus_y]) = (oracle(scalar), oracle(&-*scalar));
                assert_eq!(
                    [point.x.to_numbers(), point.y.to_numbers()],
                    [[x, x], [y, minus_y]],
                    "{multiple}, {half}"
                );
            }
        }
    }

    #[test]
    fn a_keys_multiples_are_those_of_the_curve() {
        let keys = [Scalar::from(77_u64), -Scalar::from(123_456_789_u64)];
        let [[x0, y0], [x1, y1]] = keys.each_ref().map(oracle);
        let field = Field::new();
        let table = KeyMultiples::new(&field, &Affine { x: Fe::new([x0, x1]), y: Fe::new([y0, y1]) });
        let inverse = field.inverse(&table.z);
        for multiple in 1..=KEY_MULTIPLES as i32 {
            let point = table.get(0, [multiple, -multiple]);
            let of_lambda = table.get(1, [multiple, -multiple]);
            let point = point.stretched(&field, &inverse);
            let of_lambda = of_lambda.stretched(&field, &inverse);
            let scalars = [keys[0] * Scalar::from(multiple as u64), -keys[1] * Scalar::from(multiple as u64)];
            let [[x0, y0], [x1, y1]] = scalars.each_ref().map(oracle);
            assert_eq!([point.x.to_numbers(), point.y.to_numbers()], [[x0, x1], [y0, y1]], "{multiple}");
            let [[x0, y0], [x1, y1]] = scalars.map(|scalar| oracle(&(scalar * lambda())));
            assert_eq!(
                [of_lambda.x.to_numbers(), of_lambda.y.to_numbers()],
                [[x0, x1], [y0, y1]],
                "{multiple}"
            );
        }
    }

    #[test]
    fn the_end_is_what_becomes_of_the_start() {
        let field = Field::new();
        let table = GeneratorMultiples::new(&field);
        let mut point = table.start.to_jacobian();
        for _ in 0..KEY_BITS * KEY_WINDOWS {
            point.double(&field);
        }
        let affine = point.to_affine(&field, &field.inverse(&point.z));
        assert_eq!(affine.x.to_numbers(), table.end.x.to_numbers());
        assert_eq!(affine.y.with_signs(lane::splat(-1.0)).to_numbers(), table.end.y.to_numbers());
    }
}
