//! Hashes that name things, each a type of its own.
//!
//! Bytes are in internal order, as hashed and as on the wire; text is reversed, as every explorer shows it.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de::Error as _};
use sha2::{Digest as _, Sha256};

use crate::encode::{Decode, DecodeError, Encode, Reader, hex};

/// Why a text is not a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseHashError {
    /// Not 64 digits.
    #[error("a hash has 64 hexadecimal digits, this has {0}")]
    WrongLength(usize),
    /// Not hexadecimal.
    #[error(transparent)]
    NotHex(#[from] hex::HexError),
}

fn parse(text: &str) -> Result<[u8; 32], ParseHashError> {
    let mut bytes: [u8; 32] =
        hex::decode(text)?.try_into().map_err(|_| ParseHashError::WrongLength(text.len()))?;
    bytes.reverse();
    Ok(bytes)
}

macro_rules! hash_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name([u8; 32]);

        impl Ord for $name {
            /// That of the bytes in internal order. The first eight tell almost any two apart, at a fraction of the cost.
            fn cmp(&self, other: &Self) -> Ordering {
                let first = |hash: &Self| {
                    let [a, b, c, d, e, f, g, h, ..] = hash.0;
                    u64::from_be_bytes([a, b, c, d, e, f, g, h])
                };
                first(self).cmp(&first(other)).then_with(|| self.0.cmp(&other.0))
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl $name {
            /// All bytes zero, which stands for "none".
            pub const ZERO: Self = Self([0; 32]);

            /// From bytes in internal order.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The double SHA-256 of `data`.
            pub fn digest(data: &[u8]) -> Self {
                Self(Sha256::digest(Sha256::digest(data)).into())
            }

            /// The bytes in internal order.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut reversed = self.0;
                reversed.reverse();
                f.pad(&hex::encode(&reversed))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseHashError;
            fn from_str(text: &str) -> Result<Self, ParseHashError> {
                parse(text).map(Self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }

        impl Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.0);
            }
            fn encoded_len(&self) -> usize {
                32
            }
        }

        impl Decode for $name {
            const MIN_ENCODED_LEN: usize = 32;
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                reader.array().map(Self)
            }
        }
    };
}

hash_newtype! {
    /// The double SHA-256 of a block's header.
    BlockHash
}
hash_newtype! {
    /// The double SHA-256 of a transaction without its witnesses.
    Txid
}
hash_newtype! {
    /// The double SHA-256 of a transaction with its witnesses (BIP141).
    Wtxid
}
hash_newtype! {
    /// The root of the tree over a block's transaction ids.
    MerkleRoot
}

hash_newtype! {
    /// The double SHA-256 of a block's compact filter (BIP157).
    FilterHash
}
hash_newtype! {
    /// The double SHA-256 of a filter's hash and the filter header before it (BIP157).
    FilterHeader
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENESIS: &str = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";

    #[test]
    fn text_is_the_reverse_of_the_bytes() {
        let hash: BlockHash = GENESIS.parse().expect("64 digits");
        assert_eq!(hash.as_bytes()[..2], [0x6f, 0xe2]);
        assert_eq!(hash.to_string(), GENESIS);
        assert_eq!(format!("{hash:?}"), format!("BlockHash({GENESIS})"));
        assert_eq!(serde_json::from_str(&format!("\"{GENESIS}\"")).ok(), Some(hash));
    }

    #[test]
    fn a_text_of_another_length_or_alphabet_is_refused() {
        assert_eq!("00".parse::<Txid>(), Err(ParseHashError::WrongLength(2)));
        assert_eq!("".parse::<Txid>(), Err(ParseHashError::WrongLength(0)));
        let bad = GENESIS.replace('f', "g");
        assert_eq!(bad.parse::<Txid>(), Err(ParseHashError::NotHex(hex::HexError::InvalidDigit('g'))));
    }
}
