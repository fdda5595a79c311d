//! ECDSA signatures over secp256k1.

use std::fmt;

use super::der;
use crate::encode::hex;

/// The two numbers of a signature, each between 1 and the order of the curve.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub(super) k256::ecdsa::Signature);

impl Signature {
    /// Reads DER as laxly as consensus has to (see [`super::is_valid_signature_encoding`] for the strict check);
    /// `None` for what no key can have signed.
    pub fn from_der_lax(bytes: &[u8]) -> Option<Self> {
        let (r, s) = der::decode_lax(bytes)?;
        k256::ecdsa::Signature::from_scalars(r, s).ok().map(Self)
    }

    /// The strict DER encoding.
    pub fn to_der(&self) -> Vec<u8> {
        let (r, s) = self.0.split_bytes();
        der::encode(&r.into(), &s.into())
    }

    /// Whether S is in the lower half of its range. The other half is as valid, which lets anyone change a
    /// transaction's id, and is refused by policy (BIP146; Core's `CheckLowS`).
    pub fn is_low_s(&self) -> bool {
        self.0.normalize_s() == self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", hex::encode(&self.to_der()))
    }
}
