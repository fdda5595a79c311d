//! Hashes, keys, signatures and the text forms of keys and addresses.
//!
//! Knows primitives and encode. Everything that is computed on a curve comes from `k256`; what is Bitcoin's own
//! (lax DER, hybrid keys, low S, ElligatorSwift) is here.

mod accelerator;
mod address;
pub mod base58;
mod der;
mod ellswift;
mod hash;
mod key;
mod signature;

pub use accelerator::{ECDSA_CHECK_LEN, EcdsaAccelerator, ecdsa_check};
pub use address::{Address, AddressError, AddressParams, PubkeyHash, ScriptHash};
pub use der::is_valid_signature_encoding;
pub use ellswift::{EllSwiftPubKey, EphemeralKey, Side, xswiftec_inverse};
pub use hash::{hash160, ripemd160, sha1, sha256, sha256d};
pub use key::{KeyError, PrivateKey, PublicKey, WifError};
pub use signature::Signature;
