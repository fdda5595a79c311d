//! Hashes, keys, signatures and the text forms of keys and addresses.

mod hash;

pub use hash::{hash160, sha256, sha256d};
