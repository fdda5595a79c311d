//! Points of secp256k1, y^2 = x^3 + 7, two at a time.

use crate::field::{Fe, Field};
use crate::lane::Doubles;
use ruint::aliases::U256;
use ruint::uint;

/// The generator.
pub(crate) const G: [U256; 2] = uint!([
    0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798_U256,
    0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8_U256,
]);

/// Multiplying an x with it, a third root of one, multiplies the point with [`crate::scalar`]'s lambda.
pub(crate) const BETA: U256 = uint!(0x7ae96a2b657c07106e64479eac3434e99cf0497512f58995c1396c28719501ee_U256);

/// Two points by their coordinates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Affine {
    pub(crate) x: Fe,
    pub(crate) y: Fe,
}

/// Two points (x / z^2, y / z^3). Where the formulas below do not hold for what is added z becomes zero, and stays so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jacobian {
    pub(crate) x: Fe,
    pub(crate) y: Fe,
    pub(crate) z: Fe,
}

impl Affine {
    /// The same point in both lanes.
    pub(crate) fn splat([x, y]: [U256; 2]) -> Self {
        Self { x: Fe::splat(x), y: Fe::splat(y) }
    }

    /// Each lane's point, or where `signs` is -1 its negative.
    #[inline(always)]
    pub(crate) fn with_signs(&self, signs: Doubles) -> Self {
        Self { x: self.x, y: self.y.with_signs(signs) }
    }

    /// (x z^2, y z^3): where the point goes on the curve on which z is left out of what has it here.
    pub(crate) fn stretched(&self, field: &Field, z: &Fe) -> Self {
        let square = field.square(z);
        let cube = field.mul(&square, z);
        Self { x: field.mul(&self.x, &square), y: field.mul(&self.y, &cube) }
    }

    /// Twice the point.
    pub(crate) fn double(&self, field: &Field) -> Jacobian {
        let mut point = self.to_jacobian();
        point.double(field);
        point
    }

    /// The same, with one as its z.
    pub(crate) fn to_jacobian(self) -> Jacobian {
        Jacobian { x: self.x, y: self.y, z: Fe::splat(U256::from(1)) }
    }
}

impl Jacobian {
    /// Doubles the point.
    pub(crate) fn double(&mut self, field: &Field) {
        let Self { x, y, z } = self;
        *z = field.product(y, z).shl(1).reduce();
        let slope = field.square_of(x).triple().reduce();
        let y2 = field.square(y);
        let s = field.product(x, &y2).shl(2).reduce();
        *x = field.square_of(&slope).less(&s).less(&s).reduce();
        *y = field.product_with(&slope, &s.sub(x)).minus(field.square_of(&y2).shl(3)).reduce();
    }

    /// Adds another point, neither the same nor its negative.
    pub(crate) fn add(&mut self, field: &Field, other: &Affine) -> Fe {
        let z = self.z;
        self.add_stretched(field, other, &z)
    }

    /// Adds a point of the curve on which this one's z is `z`; returns what z was multiplied with.
    pub(crate) fn add_stretched(&mut self, field: &Field, other: &Affine, z: &Fe) -> Fe {
        let Self { x, y, z: own_z } = self;
        let z2 = field.square(z);
        let h = field.product(&other.x, &z2).less(x).reduce();
        let slope = field.product(&other.y, &field.mul(&z2, z)).less(y).reduce();
        let h2 = field.square(&h);
        let h3 = field.mul(&h2, &h);
        let v = field.mul(x, &h2);
        *x = field.square_of(&slope).less(&h3).less(&v).less(&v).reduce();
        *y = field.product_with(&slope, &v.sub(x)).minus(field.product(y, &h3)).reduce();
        *own_z = field.mul(own_z, &h);
        h
    }

    /// The point's coordinates by the inverse of its z.
    pub(crate) fn to_affine(self, field: &Field, inverse: &Fe) -> Affine {
        Affine { x: self.x, y: self.y }.stretched(field, inverse)
    }

    /// The first lane of `a`, the second of `b`.
    pub(crate) fn join(a: &Self, b: &Self) -> Self {
        Self { x: Fe::join(&a.x, &b.x), y: Fe::join(&a.y, &b.y), z: Fe::join(&a.z, &b.z) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::lane::LANES;
    use k256::elliptic_curve::sec1::ToSec1Point as _;
    use k256::{ProjectivePoint, Scalar};

    /// What the coordinates of a multiple of the generator are, by another implementation.
    pub(crate) fn oracle(multiple: &Scalar) -> [U256; 2] {
        let point = (ProjectivePoint::GENERATOR * multiple).to_affine().to_sec1_point(false);
        let coordinate = |bytes: &[u8]| U256::from_be_slice(bytes);
        [coordinate(&point.as_bytes()[1..33]), coordinate(&point.as_bytes()[33..])]
    }

    fn coordinates(field: &Field, point: Jacobian) -> [[U256; LANES]; 2] {
        let affine = point.to_affine(field, &field.inverse(&point.z));
        [affine.x.to_numbers(), affine.y.to_numbers()]
    }

    #[test]
    fn the_double_of_a_point_and_its_sum_with_another_are_those_of_the_curve() {
        let (field, generator) = (Field::new(), Affine::splat(G));
        let mut point = generator.double(&field);
        for multiple in (4_u64..).step_by(2).take(40) {
            let [x, y] = oracle(&Scalar::from(multiple / 2));
            assert_eq!(coordinates(&field, point), [[x; LANES], [y; LANES]]);
            let [x, y] = oracle(&Scalar::from(multiple));
            let mut double = point;
            double.double(&field);
            assert_eq!(coordinates(&field, double), [[x; LANES], [y; LANES]]);
            point.add(&field, &generator);
        }
    }

    #[test]
    fn a_point_and_itself_or_its_negative_add_up_to_no_point() {
        let (field, generator) = (Field::new(), Affine::splat(G));
        let point = generator.to_jacobian();
        let negative = generator.with_signs(crate::lane::splat(-1.0));
        for other in [generator, negative] {
            let mut sum = point;
            sum.add(&field, &other);
            assert_eq!(sum.z.to_numbers(), [U256::ZERO; LANES]);
            sum.double(&field);
            sum.add(&field, &Affine::splat(oracle(&Scalar::from(5_u64))));
            assert_eq!(sum.z.to_numbers(), [U256::ZERO; LANES]);
        }
    }

    #[test]
    fn beta_multiplies_a_point_with_lambda() {
        let [x, _] = oracle(&Scalar::from(1_u64));
        let product = Field::new().mul(&Fe::splat(x), &Fe::splat(BETA)).to_numbers()[0];
        assert_eq!(product, oracle(&crate::scalar::tests::lambda())[0]);
    }
}
