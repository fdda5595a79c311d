//! Base58Check: a payload and four bytes of its double SHA-256, in an alphabet without 0, O, I and l.

use super::sha256d;

const CHECKSUM_LEN: usize = 4;

/// Longer texts are refused unread, for decoding takes time quadratic in the length. Addresses and keys have at most
/// 52 characters, extended keys 111.
const MAX_TEXT_LEN: usize = 128;

/// Why a text is not Base58Check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Base58Error {
    /// Nothing there.
    #[error("the text is empty")]
    Empty,
    /// A character outside the alphabet.
    #[error("'{0}' is not a base58 character")]
    InvalidCharacter(char),
    /// More characters than anything that is written so.
    #[error("{0} characters are too many")]
    TooLong(usize),
    /// Fewer bytes than the checksum alone.
    #[error("{0} bytes are too few to hold a checksum")]
    TooShort(usize),
    /// The checksum is of another payload.
    #[error("the checksum does not match: a character is wrong")]
    WrongChecksum,
}

/// `payload` with its checksum; leading zero bytes become leading ones.
pub fn encode_check(payload: &[u8]) -> String {
    let checksum = sha256d(payload);
    let bytes = [payload, &checksum[..CHECKSUM_LEN]].concat();
    encode(&bytes)
}

/// The payload of a text whose checksum is right.
pub fn decode_check(text: &str) -> Result<Vec<u8>, Base58Error> {
    if text.is_empty() {
        return Err(Base58Error::Empty);
    }
    let mut bytes = decode(text)?;
    let Some(split) = bytes.len().checked_sub(CHECKSUM_LEN) else {
        return Err(Base58Error::TooShort(bytes.len()));
    };
    if sha256d(&bytes[..split])[..CHECKSUM_LEN] != bytes[split..] {
        return Err(Base58Error::WrongChecksum);
    }
    bytes.truncate(split);
    Ok(bytes)
}

/// `bytes` without a checksum.
pub fn encode(bytes: &[u8]) -> String {
    bs58::encode(bytes).into_string()
}

/// The bytes of a text without a checksum.
pub fn decode(text: &str) -> Result<Vec<u8>, Base58Error> {
    if text.len() > MAX_TEXT_LEN {
        return Err(Base58Error::TooLong(text.len()));
    }
    bs58::decode(text).into_vec().map_err(|_| {
        let stranger = text.chars().find(|&c| bs58::decode([c as u8]).into_vec().is_err() || !c.is_ascii());
        Base58Error::InvalidCharacter(stranger.unwrap_or(char::REPLACEMENT_CHARACTER))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_survive_both_ways() {
        let payload = [0, 0, 0, 7, 0];
        let text = encode_check(&payload);
        assert!(text.starts_with("111") && !text.starts_with("1111"));
        assert_eq!(decode_check(&text), Ok(payload.to_vec()));
    }

    #[test]
    fn each_defect_of_a_text_has_its_own_error() {
        assert_eq!(decode_check(""), Err(Base58Error::Empty));
        assert_eq!(decode_check("1"), Err(Base58Error::TooShort(1)));
        assert_eq!(
            decode_check("1A1zP1eP5QGefi2DMPTfTL5SLmv7Divf0a"),
            Err(Base58Error::InvalidCharacter('0'))
        );
        assert_eq!(decode_check("1A1zß"), Err(Base58Error::InvalidCharacter('ß')));
        assert_eq!(decode_check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"), Err(Base58Error::WrongChecksum));
        assert_eq!(decode_check(&"1".repeat(129)), Err(Base58Error::TooLong(129)));
    }
}
