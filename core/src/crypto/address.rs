//! Addresses: what people copy instead of scripts.

use bech32::primitives::decode::{ChecksumError, SegwitHrpstringError};
use bech32::{Fe32, Hrp, segwit};

use super::base58::{self, Base58Error};

/// The longest witness program (BIP141).
const MAX_WITNESS_PROGRAM: usize = 40;

/// The prefixes that make a network's addresses and keys its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressParams {
    /// Version byte of an address that pays to a public key's hash.
    pub p2pkh_prefix: u8,
    /// Version byte of an address that pays to a script's hash.
    pub p2sh_prefix: u8,
    /// Version byte of a private key in wallet import format.
    pub wif_prefix: u8,
    /// What a bech32 address starts with, before the "1".
    pub hrp: &'static str,
}

/// HASH160 of a public key as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PubkeyHash(pub [u8; 20]);

/// HASH160 of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScriptHash(pub [u8; 20]);

/// What an address says; its text depends on the network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// Whoever owns the key with this hash.
    P2pkh(PubkeyHash),
    /// Whoever satisfies the script with this hash (BIP16).
    P2sh(ScriptHash),
    /// A witness program (BIP141): version 0 to 16 and 2 to 40 bytes.
    Witness {
        /// The version.
        version: u8,
        /// The program, 20 or 32 bytes for version 0.
        program: Vec<u8>,
    },
}

/// Why a text is not an address of a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing there.
    #[error("the address is empty")]
    Empty,
    /// Something that no address contains.
    #[error("'{0}' cannot stand in an address")]
    InvalidCharacter(char),
    /// The checksum is of another address.
    #[error("the address has a wrong checksum: a character is wrong")]
    WrongChecksum,
    /// An address of another network, or a private key.
    #[error("the address has version {0:#04x}, which is not of this network")]
    WrongVersion(u8),
    /// Too many or too few bytes.
    #[error("the address has a wrong length ({0})")]
    WrongLength(usize),
    /// A bech32 address of another network.
    #[error("the address starts with \"{actual}\" instead of \"{expected}\"")]
    WrongPrefix {
        /// The network's.
        expected: &'static str,
        /// The address's.
        actual: String,
    },
    /// Not how a witness program is written (BIP173, BIP350).
    #[error("the address is not a witness program: {0}")]
    InvalidWitness(String),
}

impl From<Base58Error> for AddressError {
    fn from(error: Base58Error) -> Self {
        match error {
            Base58Error::Empty => Self::Empty,
            Base58Error::InvalidCharacter(c) => Self::InvalidCharacter(c),
            Base58Error::TooLong(len) | Base58Error::TooShort(len) => Self::WrongLength(len),
            Base58Error::WrongChecksum => Self::WrongChecksum,
        }
    }
}

impl Address {
    /// Reads an address of the network (Core's `DecodeDestination`).
    pub fn parse(text: &str, params: &AddressParams) -> Result<Self, AddressError> {
        let lower = text.to_ascii_lowercase();
        let is_ours = lower.strip_prefix(params.hrp).is_some_and(|rest| rest.starts_with('1'));
        match segwit::decode(text) {
            Ok((hrp, version, program)) if hrp.to_lowercase() == params.hrp => {
                Ok(Self::Witness { version: version.to_u8(), program })
            }
            Ok((hrp, ..)) => {
                Err(AddressError::WrongPrefix { expected: params.hrp, actual: hrp.to_lowercase() })
            }
            Err(error) if is_ours => Err(bech32_error(&error.0, text)),
            Err(_) => Self::parse_base58(text, params),
        }
    }

    fn parse_base58(text: &str, params: &AddressParams) -> Result<Self, AddressError> {
        let payload = base58::decode_check(text)?;
        let (&version, hash) = payload.split_first().ok_or(AddressError::WrongLength(0))?;
        let hash = hash.try_into();
        match (version, hash) {
            (version, Ok(hash)) if version == params.p2pkh_prefix => Ok(Self::P2pkh(PubkeyHash(hash))),
            (version, Ok(hash)) if version == params.p2sh_prefix => Ok(Self::P2sh(ScriptHash(hash))),
            (version, Err(_)) if version == params.p2pkh_prefix || version == params.p2sh_prefix => {
                Err(AddressError::WrongLength(payload.len()))
            }
            (version, _) => Err(AddressError::WrongVersion(version)),
        }
    }

    /// The address as the network's people write it (Core's `EncodeDestination`).
    pub fn to_text(&self, params: &AddressParams) -> String {
        let base58 = |prefix: u8, hash: &[u8; 20]| base58::encode_check(&[&[prefix], &hash[..]].concat());
        match self {
            Self::P2pkh(PubkeyHash(hash)) => base58(params.p2pkh_prefix, hash),
            Self::P2sh(ScriptHash(hash)) => base58(params.p2sh_prefix, hash),
            Self::Witness { version, program } => {
                let hrp = Hrp::parse(params.hrp).expect("a network's prefix is lower-case ASCII");
                let version = Fe32::try_from(*version).expect("a witness version is at most 16");
                segwit::encode(hrp, version, program).expect("a witness program has 2 to 40 bytes")
            }
        }
    }

    /// A witness program, if BIP141 allows its version and length.
    pub fn witness(version: u8, program: &[u8]) -> Option<Self> {
        let allowed = match version {
            0 => matches!(program.len(), 20 | 32),
            1..=16 => (2..=MAX_WITNESS_PROGRAM).contains(&program.len()),
            _ => false,
        };
        allowed.then(|| Self::Witness { version, program: program.to_vec() })
    }
}

fn bech32_error(error: &SegwitHrpstringError, text: &str) -> AddressError {
    match error {
        SegwitHrpstringError::Checksum(ChecksumError::InvalidResidue(_)) => AddressError::WrongChecksum,
        SegwitHrpstringError::TooLong(_) => AddressError::WrongLength(text.len()),
        other => AddressError::InvalidWitness(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: AddressParams =
        AddressParams { p2pkh_prefix: 0, p2sh_prefix: 5, wif_prefix: 0x80, hrp: "bc" };
    const GENESIS: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

    #[test]
    fn each_defect_of_an_address_has_its_own_error() {
        use AddressError::*;
        let testnet = base58::encode_check(&[&[0x6f], &[7; 20][..]].concat());
        let short = base58::encode_check(&[0; 20]);
        for (text, error) in [
            ("", Empty),
            ("1", WrongLength(1)),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN0", InvalidCharacter('0')),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", WrongChecksum),
            (testnet.as_str(), WrongVersion(0x6f)),
            (short.as_str(), WrongLength(20)),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", WrongChecksum),
            (
                "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
                WrongPrefix { expected: "bc", actual: "tb".into() },
            ),
        ] {
            assert_eq!(Address::parse(text, &MAIN), Err(error), "{text}");
        }
    }

    #[test]
    fn addresses_survive_both_ways() {
        for text in [
            GENESIS,
            "3P14159f73E4gFr7JterCCQh9QjiTjiZrG",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        ] {
            let address = Address::parse(text, &MAIN).expect("valid");
            assert_eq!(address.to_text(&MAIN), text);
        }
    }

    #[test]
    fn a_witness_program_outside_bip141_is_no_address() {
        assert_eq!(Address::witness(0, &[0; 21]), None);
        assert_eq!(Address::witness(1, &[0; 41]), None);
        assert_eq!(Address::witness(17, &[0; 32]), None);
        assert!(Address::witness(16, &[0; 2]).is_some());
    }
}
