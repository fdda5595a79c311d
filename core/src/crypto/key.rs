//! Private and public keys.

use std::fmt;

use k256::ecdsa::signature::hazmat::{PrehashSigner as _, PrehashVerifier as _};
use k256::ecdsa::{SigningKey, VerifyingKey};

use super::address::{AddressParams, PubkeyHash};
use super::base58::{self, Base58Error};
use super::{Signature, hash160};
use crate::encode::hex;

/// The byte after a key in WIF that says that its public key is written compressed.
const COMPRESSED_MARKER: u8 = 1;

/// A private key, and whether its public key is written compressed. Never printed; wiped from memory when dropped.
#[derive(Clone)]
pub struct PrivateKey {
    key: SigningKey,
    compressed: bool,
}

/// A point on the curve together with the bytes that it was written as, for those are what scripts hash.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    bytes: Vec<u8>,
}

/// Why bytes are not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Zero, or not below the order of the curve.
    #[error("the private key is out of range")]
    PrivateKeyOutOfRange,
    /// Neither 33 bytes from 02 or 03, nor 65 from 04, 06 or 07.
    #[error("a public key cannot have {0} bytes with this first byte")]
    PublicKeyForm(usize),
    /// No point of the curve has these coordinates.
    #[error("the public key is not on the curve")]
    NotOnCurve,
}

/// Why a text is not a private key in wallet import format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WifError {
    /// The text itself is damaged.
    #[error("private key: {0}")]
    Base58(#[from] Base58Error),
    /// A key of another network, or no key.
    #[error("private key: version {actual:#04x} instead of {expected:#04x}")]
    WrongVersion {
        /// The network's version byte.
        expected: u8,
        /// The text's.
        actual: u8,
    },
    /// A key has 32 bytes, and one more if its public key is compressed.
    #[error("private key: wrong length, {0} bytes")]
    WrongLength(usize),
    /// The number is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl PrivateKey {
    /// The key that 32 big-endian bytes stand for.
    pub fn from_bytes(secret: &[u8; 32], compressed: bool) -> Result<Self, KeyError> {
        let key = SigningKey::from_slice(secret).map_err(|_| KeyError::PrivateKeyOutOfRange)?;
        Ok(Self { key, compressed })
    }

    /// The 32 big-endian bytes. Whoever asks keeps the secret.
    pub fn secret_bytes(&self) -> [u8; 32] {
        self.key.to_bytes().into()
    }

    /// Whether the public key is written compressed.
    pub const fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// The public key, written as this key says.
    pub fn public_key(&self) -> PublicKey {
        let key = *self.key.verifying_key();
        PublicKey { key, bytes: key.to_sec1_point(self.compressed).as_bytes().to_vec() }
    }

    /// Signs a hash: deterministic (RFC 6979) and with low S.
    pub fn sign(&self, digest: &[u8; 32]) -> Signature {
        let signature = self.key.sign_prehash(digest).expect("a digest of the curve's size can be signed");
        Signature(signature)
    }

    /// Wallet import format (Core's `EncodeSecret`).
    pub fn to_wif(&self, params: &AddressParams) -> String {
        let mut payload = vec![params.wif_prefix];
        payload.extend_from_slice(&self.secret_bytes());
        payload.extend(self.compressed.then_some(COMPRESSED_MARKER));
        base58::encode_check(&payload)
    }

    /// Reads wallet import format (Core's `DecodeSecret`).
    pub fn from_wif(text: &str, params: &AddressParams) -> Result<Self, WifError> {
        let payload = base58::decode_check(text)?;
        let (&version, rest) = payload.split_first().ok_or(WifError::WrongLength(0))?;
        if version != params.wif_prefix {
            return Err(WifError::WrongVersion { expected: params.wif_prefix, actual: version });
        }
        let (secret, compressed) = match rest {
            [secret @ .., COMPRESSED_MARKER] if secret.len() == 32 => (secret, true),
            secret => (secret, false),
        };
        let secret: &[u8; 32] = secret.try_into().map_err(|_| WifError::WrongLength(rest.len()))?;
        Ok(Self::from_bytes(secret, compressed)?)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(secret)")
    }
}

impl PublicKey {
    /// Whether bytes have a key's length and first byte (Core's `CPubKey::ValidSize`).
    pub fn is_well_formed(bytes: &[u8]) -> bool {
        matches!((bytes.first(), bytes.len()), (Some(2 | 3), 33) | (Some(4 | 6 | 7), 65))
    }

    /// Reads a key as Core does: compressed, uncompressed, or hybrid with the right parity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = match (bytes.first(), bytes.len()) {
            (Some(2 | 3), 33) | (Some(4), 65) => VerifyingKey::from_sec1_bytes(bytes),
            (Some(parity @ (6 | 7)), 65) => {
                if parity & 1 != bytes[64] & 1 {
                    return Err(KeyError::NotOnCurve);
                }
                let mut uncompressed = bytes.to_vec();
                uncompressed[0] = 4;
                VerifyingKey::from_sec1_bytes(&uncompressed)
            }
            _ => return Err(KeyError::PublicKeyForm(bytes.len())),
        };
        Ok(Self { key: key.map_err(|_| KeyError::NotOnCurve)?, bytes: bytes.to_vec() })
    }

    /// The bytes as written.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What an address says of this key.
    pub fn pubkey_hash(&self) -> PubkeyHash {
        PubkeyHash(hash160(&self.bytes))
    }

    /// Whether `signature` is this key's over `digest`; high S is as good as low (Core's `CPubKey::Verify`).
    pub fn verify(&self, digest: &[u8; 32], signature: &Signature) -> bool {
        self.key.verify_prehash(digest, &signature.0.normalize_s()).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex::encode(&self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{sha256, sha256d};

    fn key(byte: u8) -> PrivateKey {
        PrivateKey::from_bytes(&[byte; 32], true).expect("in range")
    }

    /// A known pair: RFC 6979 over secp256k1 and SHA-256, key 1, message "Satoshi Nakamoto".
    #[test]
    fn signing_is_deterministic_and_low_s() {
        let mut secret = [0; 32];
        secret[31] = 1;
        let key = PrivateKey::from_bytes(&secret, true).expect("in range");
        let digest = sha256(b"Satoshi Nakamoto");
        let signature = key.sign(&digest);
        assert_eq!(
            hex::encode(&signature.to_der()),
            "3045022100934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d802202442ce9d2b916064108014783\
             e923ec36b49743e2ffa1c4496f01a512aafd9e5"
        );
        assert!(signature.is_low_s());
        assert!(key.public_key().verify(&digest, &signature));
        assert!(!key.public_key().verify(&sha256d(b"another"), &signature));
    }

    #[test]
    fn a_high_s_verifies_and_is_not_low() {
        let digest = sha256(b"malleable");
        let low = key(7).sign(&digest);
        let (r, s) = low.0.split_scalars();
        let high = Signature(k256::ecdsa::Signature::from_scalars(r, -s).expect("not zero"));
        assert!(!high.is_low_s());
        assert!(key(7).public_key().verify(&digest, &high));
        assert_eq!(Signature::from_der_lax(&high.to_der()), Some(high));
    }

    #[test]
    fn leading_zero_bytes_of_keys_and_signatures_survive() {
        let secret = |n: u32| {
            let mut secret = [0; 32];
            secret[28..].copy_from_slice(&n.to_be_bytes());
            PrivateKey::from_bytes(&secret, true).expect("in range")
        };
        let key = (1..).map(secret).find(|key| key.public_key().as_bytes()[1] == 0).expect("one in 256");
        let bytes = key.secret_bytes();
        assert!(bytes.starts_with(&[0; 28]));
        assert_eq!(PrivateKey::from_bytes(&bytes, true).map(|key| key.secret_bytes()), Ok(bytes));
        let public = key.public_key();
        assert_eq!(PublicKey::from_bytes(public.as_bytes()), Ok(public.clone()));
        // Numbers of a signature that begin with a zero byte are written without it.
        let digests = (0..u32::MAX).map(|n| sha256(&n.to_be_bytes()));
        let (digest, signature) = digests
            .map(|digest| (digest, key.sign(&digest)))
            .find(|(_, signature)| signature.to_der()[3] < 32)
            .expect("one in 256");
        assert_eq!(Signature::from_der_lax(&signature.to_der()), Some(signature));
        assert!(public.verify(&digest, &signature));
    }

    #[test]
    fn a_key_prints_no_secret() {
        assert_eq!(format!("{:?}", key(7)), "PrivateKey(secret)");
    }

    #[test]
    fn zero_and_the_order_are_no_private_keys() {
        let order =
            hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").expect("hex");
        let order: [u8; 32] = order.try_into().expect("32 bytes");
        for secret in [[0; 32], order] {
            assert_eq!(PrivateKey::from_bytes(&secret, true).err(), Some(KeyError::PrivateKeyOutOfRange));
        }
    }

    #[test]
    fn hybrid_keys_are_read_with_the_right_parity_only() {
        let uncompressed = PrivateKey::from_bytes(&[9; 32], false).expect("in range").public_key();
        let mut hybrid = uncompressed.as_bytes().to_vec();
        hybrid[0] = 6 | hybrid[64] & 1;
        assert_eq!(PublicKey::from_bytes(&hybrid).map(|key| key.key), Ok(uncompressed.key));
        hybrid[0] ^= 1;
        assert_eq!(PublicKey::from_bytes(&hybrid), Err(KeyError::NotOnCurve));
    }

    #[test]
    fn a_public_key_of_another_form_is_refused() {
        let mut compact = key(3).public_key().as_bytes().to_vec();
        compact[0] = 5;
        assert_eq!(PublicKey::from_bytes(&compact), Err(KeyError::PublicKeyForm(33)));
        assert_eq!(PublicKey::from_bytes(&[]), Err(KeyError::PublicKeyForm(0)));
        assert_eq!(PublicKey::from_bytes(&[2; 32]), Err(KeyError::PublicKeyForm(32)));
        assert_eq!(PublicKey::from_bytes(&[0xff; 33]), Err(KeyError::PublicKeyForm(33)));
    }
}
