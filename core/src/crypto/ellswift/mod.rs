//! ElligatorSwift (BIP324): public keys as 64 bytes that look like random ones, and the secret that two of them share.

mod field;
mod map;

use super::sha256;
use field::Fe;
use k256::elliptic_curve::point::{AffineCoordinates as _, DecompactPoint as _};
use k256::{AffinePoint, SecretKey};
use rand_chacha::rand_core::Rng;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Which side of a connection somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who opened it.
    Initiator,
    /// The other one.
    Responder,
}

/// A public key's x coordinate as 64 bytes, in one of very many ways (Core's `EllSwiftPubKey`). Any 64 bytes are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EllSwiftPubKey([u8; Self::SIZE]);

impl EllSwiftPubKey {
    /// Bytes of a key.
    pub const SIZE: usize = 64;

    /// The key that these bytes are.
    pub const fn from_bytes(bytes: [u8; Self::SIZE]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::SIZE] {
        &self.0
    }

    /// The x coordinate, big-endian.
    pub fn decode(&self) -> [u8; 32] {
        let half = |from: usize| {
            let mut half = [0; 32];
            half.copy_from_slice(&self.0[from..from + 32]);
            Fe::from_bytes(&half)
        };
        map::xswiftec(half(0), half(32)).to_bytes()
    }

    /// One of the ways to write the x coordinate of a point, drawn evenly.
    fn encode(x: Fe, rng: &mut impl Rng) -> Self {
        loop {
            let mut u = [0; 32];
            rng.fill_bytes(&mut u);
            let case = rng.next_u32() as u8 % map::CASES;
            let u = Fe::from_bytes(&u);
            if u.is_zero() {
                continue;
            }
            if let Some(t) = map::xswiftec_inverse(x, u, case) {
                return Self::from_halves(u, t);
            }
        }
    }

    fn from_halves(u: Fe, t: Fe) -> Self {
        let mut bytes = [0; Self::SIZE];
        bytes[..32].copy_from_slice(&u.to_bytes());
        bytes[32..].copy_from_slice(&t.to_bytes());
        Self(bytes)
    }
}

/// The 32 big-endian bytes of the `t` that lead with `u` to the x coordinate `x`, in one of eight cases; none if the
/// case has none (BIP324's `XSwiftECInv`).
pub fn xswiftec_inverse(x: &[u8; 32], u: &[u8; 32], case: u8) -> Option<[u8; 32]> {
    map::xswiftec_inverse(Fe::from_bytes(x), Fe::from_bytes(u), case).map(Fe::to_bytes)
}

/// A key pair for one connection. Never printed; wiped from memory when dropped.
pub struct EphemeralKey {
    secret: SecretKey,
    public: EllSwiftPubKey,
}

impl EphemeralKey {
    /// A key pair drawn from `rng`.
    pub fn generate(rng: &mut impl Rng) -> Self {
        loop {
            let mut bytes = [0; 32];
            rng.fill_bytes(&mut bytes);
            if let Ok(secret) = SecretKey::from_slice(&bytes) {
                let x = secret.public_key().as_affine().x().into();
                let public = EllSwiftPubKey::encode(Fe::from_bytes(&x), rng);
                return Self { secret, public };
            }
        }
    }

    /// The pair of a private key and one of the ways to write its public key; none if there is no such key. Nobody
    /// checks that the two belong together.
    pub fn from_parts(secret: &[u8; 32], public: EllSwiftPubKey) -> Option<Self> {
        Some(Self { secret: SecretKey::from_slice(secret).ok()?, public })
    }

    /// What the other side is told.
    pub const fn public(&self) -> &EllSwiftPubKey {
        &self.public
    }

    /// The x coordinate of the point that both sides can compute, big-endian.
    pub fn shared_x(&self, theirs: &EllSwiftPubKey) -> [u8; 32] {
        let point: Option<AffinePoint> = AffinePoint::decompact(&theirs.decode().into()).into();
        let point = point.expect("what is decoded is on the curve");
        (point * *self.secret.to_nonzero_scalar()).to_affine().x().into()
    }

    /// The secret that this side shares with the other (Core's `ComputeBIP324ECDHSecret`).
    pub fn shared_secret(&self, theirs: &EllSwiftPubKey, side: Side) -> [u8; 32] {
        let (initiator, responder) = match side {
            Side::Initiator => (&self.public, theirs),
            Side::Responder => (theirs, &self.public),
        };
        let tag = sha256(b"bip324_ellswift_xonly_ecdh");
        let hash = Sha256::new().chain_update(tag).chain_update(tag);
        let hash = hash.chain_update(initiator.0).chain_update(responder.0);
        hash.chain_update(self.shared_x(theirs)).finalize().into()
    }
}

impl fmt::Debug for EphemeralKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EphemeralKey(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    fn key(seed: [u8; 32]) -> EphemeralKey {
        EphemeralKey::generate(&mut ChaCha20Rng::from_seed(seed))
    }

    #[test]
    fn a_key_prints_no_secret() {
        assert_eq!(format!("{:?}", key([7; 32])), "EphemeralKey(secret)");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_drawn_key_decodes_to_its_own_x(seed in any::<[u8; 32]>()) {
            let key = key(seed);
            let x: [u8; 32] = key.secret.public_key().as_affine().x().into();
            prop_assert_eq!(key.public.decode(), x);
        }

        #[test]
        fn both_sides_share_one_secret(ours in any::<[u8; 32]>(), theirs in any::<[u8; 32]>()) {
            let (ours, theirs) = (key(ours), key(theirs));
            let secret = ours.shared_secret(&theirs.public, Side::Initiator);
            prop_assert_eq!(secret, theirs.shared_secret(&ours.public, Side::Responder));
            prop_assert_ne!(secret, ours.shared_secret(&theirs.public, Side::Responder));
        }

        #[test]
        fn any_bytes_are_a_key(
            seed in any::<[u8; 32]>(),
            u in any::<[u8; 32]>(),
            t in any::<[u8; 32]>(),
        ) {
            let mut bytes = [0; 64];
            bytes[..32].copy_from_slice(&u);
            bytes[32..].copy_from_slice(&t);
            let theirs = EllSwiftPubKey::from_bytes(bytes);
            prop_assert_ne!(key(seed).shared_x(&theirs), [0; 32]);
        }
    }
}
