//! The hashes that Bitcoin names things by.

use ripemd::Ripemd160;
use sha2::{Digest as _, Sha256};

/// SHA-256 of `data`.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

/// SHA-256 of the SHA-256 of `data`: transaction ids, block hashes, checksums (Core's `Hash`).
pub fn sha256d(data: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(data)).into()
}

/// RIPEMD-160 of the SHA-256 of `data`: public keys and scripts in addresses (Core's `Hash160`).
pub fn hash160(data: &[u8]) -> [u8; 20] {
    Ripemd160::digest(Sha256::digest(data)).into()
}

/// RIPEMD-160 of `data` (OP_RIPEMD160).
pub fn ripemd160(data: &[u8]) -> [u8; 20] {
    Ripemd160::digest(data).into()
}

/// SHA-1 of `data` (OP_SHA1).
pub fn sha1(data: &[u8]) -> [u8; 20] {
    sha1::Sha1::digest(data).into()
}
