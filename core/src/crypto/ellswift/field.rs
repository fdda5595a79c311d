//! The field over which secp256k1 is defined, as far as ElligatorSwift needs it.
//!
//! `k256` normalizes its field elements only when told to, and each operation asks for operands that are normalized
//! enough. Here every result is, so that formulas can be written down as they stand. Nothing here takes the same time
//! for all values: public keys alone are mapped, never secrets.

use k256::Secp256k1;
use k256::elliptic_curve::ff::PrimeField as _;
use k256::elliptic_curve::hazmat::FieldArithmetic;
use std::ops::{Add, Mul, Neg, Sub};

type Element = <Secp256k1 as FieldArithmetic>::FieldElement;

/// The lowest 64 bits of the field's size p = 2^256 - 2^32 - 977; all higher bits of p are ones.
const LOW_BITS_OF_SIZE: u64 = 0xffff_fffe_ffff_fc2f;

/// An element of the field; its magnitude, in `k256`'s words, is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fe(Element);

impl Fe {
    pub(super) const ONE: Self = Self(Element::ONE);

    pub(super) const fn from_u64(number: u64) -> Self {
        Self(Element::from_u64(number))
    }

    /// The element that a big-endian number stands for, modulo p.
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Self {
        let canonical: Option<Element> = Element::from_bytes(&(*bytes).into()).into();
        canonical.map_or_else(
            || {
                // Only numbers whose high bits are all ones are too large.
                let low = bytes[24..].iter().fold(0, |low, byte| low << 8 | u64::from(*byte));
                Self::from_u64(low.wrapping_sub(LOW_BITS_OF_SIZE))
            },
            Self,
        )
    }

    pub(super) fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes().into()
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.normalizes_to_zero().into()
    }

    pub(super) fn square(&self) -> Self {
        Self(self.0.square())
    }

    pub(super) fn cube(&self) -> Self {
        self.square() * *self
    }

    pub(super) fn half(&self) -> Self {
        Self(self.0.mul(&Element::TWO_INV))
    }

    pub(super) fn double(&self) -> Self {
        *self + *self
    }

    /// `self / divisor`; none if that is zero.
    pub(super) fn divided_by(&self, divisor: Self) -> Option<Self> {
        let inverse: Option<Element> = divisor.0.invert_vartime().into();
        inverse.map(|inverse| Self(self.0.mul(&inverse)))
    }

    /// The square root that is itself a square; none if there is no root.
    pub(super) fn sqrt(&self) -> Option<Self> {
        let root: Option<Element> = self.0.sqrt().into();
        root.map(Self)
    }
}

impl Add for Fe {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self((self.0 + other.0).normalize_weak())
    }
}

impl Sub for Fe {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self((self.0 - other.0).normalize_weak())
    }
}

impl Mul for Fe {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self(self.0.mul(&other.0))
    }
}

impl Neg for Fe {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.negate(1).normalize_weak())
    }
}

impl PartialEq for Fe {
    fn eq(&self, other: &Self) -> bool {
        (*self - *other).is_zero()
    }
}
