//! The map XSwiftEC from two field elements to x coordinates of the curve, and its inverses (BIP324).

use super::field::Fe;

/// The square root of -3 that is itself a square.
const SQRT_OF_MINUS_3: [u8; 32] = [
    0x0a, 0x2d, 0x2b, 0xa9, 0x35, 0x07, 0xf1, 0xdf, 0x23, 0x37, 0x70, 0xc2, 0xa7, 0x97, 0x96, 0x2c, 0xc6,
    0x1f, 0x6d, 0x15, 0xda, 0x14, 0xec, 0xd4, 0x7d, 0x8d, 0x27, 0xae, 0x1c, 0xd5, 0xf8, 0x52,
];

/// How many inverses there are, some of which lead to nothing.
pub(super) const CASES: u8 = 8;

/// The x coordinate of the curve to which `u` and `t` lead (BIP324's `XSwiftEC`).
pub(super) fn xswiftec(u: Fe, t: Fe) -> Fe {
    let u = if u.is_zero() { Fe::ONE } else { u };
    let t = if t.is_zero() { Fe::ONE } else { t };
    let g = u.cube() + seven();
    let t = if (g + t.square()).is_zero() { t.double() } else { t };
    let x = (g - t.square()).divided_by(t.double()).expect("t is not zero");
    let y = (x + t).divided_by(sqrt_of_minus_3() * u).expect("u is not zero");
    let third = u + y.square().double().double();
    if is_on_curve(third) {
        return third;
    }
    let ratio = x.divided_by(y).expect("y is zero only where u^3 + t^2 + 7 is");
    let second = (-ratio - u).half();
    if is_on_curve(second) { second } else { (ratio - u).half() }
}

/// One of the `t` that lead with `u` to `x`, which is on the curve; none if this case has none (BIP324's
/// `XSwiftECInv`).
pub(super) fn xswiftec_inverse(x: Fe, u: Fe, case: u8) -> Option<Fe> {
    let g = u.cube() + seven();
    let (v, s) = if case & 2 == 0 {
        if is_on_curve(-x - u) {
            return None;
        }
        (x, -g.divided_by(u.square() + u * x + x.square())?)
    } else {
        let s = x - u;
        let r = (-s * (g.double().double() + Fe::from_u64(3) * s * u.square())).sqrt()?;
        if case & 1 == 1 && r.is_zero() {
            return None;
        }
        ((r.divided_by(s)? - u).half(), s)
    };
    let w = s.sqrt()?;
    let root = sqrt_of_minus_3();
    let t = match case & 1 {
        0 => -w * ((u * (Fe::ONE - root)).half() + v),
        _ => w * ((u * (Fe::ONE + root)).half() + v),
    };
    Some(if case & 4 == 0 { t } else { -t })
}

/// Whether x^3 + 7 has a square root.
fn is_on_curve(x: Fe) -> bool {
    (x.cube() + seven()).sqrt().is_some()
}

const fn seven() -> Fe {
    Fe::from_u64(7)
}

fn sqrt_of_minus_3() -> Fe {
    Fe::from_bytes(&SQRT_OF_MINUS_3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constant_is_the_square_root_of_minus_three() {
        assert_eq!((-Fe::from_u64(3)).sqrt(), Some(sqrt_of_minus_3()));
    }

    #[test]
    fn numbers_not_below_the_size_of_the_field_are_reduced() {
        let mut bytes = [0xff; 32];
        // p + 7 = 2^256 - 2^32 - 970.
        bytes[24..].copy_from_slice(&0xffff_fffe_ffff_fc36_u64.to_be_bytes());
        assert_eq!(Fe::from_bytes(&bytes), seven());
        assert_eq!(Fe::from_bytes(&[0xff; 32]), Fe::from_u64((1 << 32) + 976));
    }
}
