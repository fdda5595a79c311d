//! ECDSA checks as bytes, for an accelerator that does many at a time.

use super::{PublicKey, Signature};

/// Bytes of one check: the digest, the signature's r and s, and the public key as compressed; numbers are big-endian.
pub const ECDSA_CHECK_LEN: usize = 32 + 32 + 32 + COMPRESSED_LEN;

const COMPRESSED_LEN: usize = 33;

/// Says of each check of [`ECDSA_CHECK_LEN`] bytes whether its signature is good. A yes is taken for one. A no, or no answer,
/// may be wrong: what it does not say yes of is checked again, by [`PublicKey::verify`].
pub type EcdsaAccelerator = fn(checks: &[u8]) -> Vec<bool>;

/// The check whether `signature` is over `digest` by the key with these bytes; none where they are no key, or where that
/// is yet to be found out for a compressed one.
pub fn ecdsa_check(digest: &[u8; 32], signature: &Signature, pubkey: &[u8]) -> Option<[u8; ECDSA_CHECK_LEN]> {
    let (r, s) = signature.0.split_bytes();
    let mut check = [0; ECDSA_CHECK_LEN];
    check[..32].copy_from_slice(digest);
    check[32..64].copy_from_slice(&r);
    check[64..96].copy_from_slice(&s);
    check[96..].copy_from_slice(&compressed(pubkey)?);
    Some(check)
}

/// A key's x behind what its y begins with, 2 or 3. Whether a compressed key is on the curve is left open.
fn compressed(pubkey: &[u8]) -> Option<[u8; COMPRESSED_LEN]> {
    if let (Some(2 | 3), Ok(compressed)) = (pubkey.first(), pubkey.try_into()) {
        return Some(compressed);
    }
    let key = PublicKey::from_bytes(pubkey).ok()?;
    let mut compressed = [2; COMPRESSED_LEN];
    compressed[0] |= key.as_bytes().last()? & 1;
    compressed[1..].copy_from_slice(key.as_bytes().get(1..COMPRESSED_LEN)?);
    Some(compressed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::PrivateKey;

    #[test]
    fn a_check_names_the_key_as_compressed_however_it_is_written() {
        let key = |byte, compressed| {
            PrivateKey::from_bytes(&[byte; 32], compressed).expect("in range").public_key()
        };
        let signature = PrivateKey::from_bytes(&[5; 32], true).expect("in range").sign(&[6; 32]);
        for byte in 1..20 {
            let (compressed, uncompressed) = (key(byte, true), key(byte, false));
            let mut hybrid = uncompressed.as_bytes().to_vec();
            hybrid[0] = 6 | hybrid[64] & 1;
            for written in [compressed.as_bytes(), uncompressed.as_bytes(), &hybrid] {
                let check = ecdsa_check(&[6; 32], &signature, written).expect("a key");
                assert_eq!(check[96..], *compressed.as_bytes());
            }
            hybrid[0] ^= 1;
            assert_eq!(ecdsa_check(&[6; 32], &signature, &hybrid), None);
        }
    }

    #[test]
    fn there_is_no_check_without_a_key() {
        let signature = PrivateKey::from_bytes(&[5; 32], true).expect("in range").sign(&[6; 32]);
        let no_keys: [&[u8]; 5] = [&[], &[2], &[2; 32], &[4; 65], &[9; 33]];
        for no_key in no_keys {
            assert_eq!(ecdsa_check(&[6; 32], &signature, no_key), None);
        }
    }
}
