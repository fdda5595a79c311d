//! Lower-case hexadecimal.

use serde::{Deserialize as _, Deserializer, de::Error as _};

/// Why a text is not hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// Two digits make a byte.
    #[error("hexadecimal text has an odd number of digits ({0})")]
    OddLength(usize),
    /// Something else than 0-9, a-f, A-F.
    #[error("'{0}' is not a hexadecimal digit")]
    InvalidDigit(char),
}

/// `bytes` as lower-case digits, in order.
pub fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// The bytes that `text` spells, in either case of letters.
pub fn decode(text: &str) -> Result<Vec<u8>, HexError> {
    let digits = text
        .chars()
        .map(|c| c.to_digit(16).map(|d| d as u8).ok_or(HexError::InvalidDigit(c)))
        .collect::<Result<Vec<u8>, HexError>>()?;
    if digits.len() % 2 != 0 {
        return Err(HexError::OddLength(digits.len()));
    }
    Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Reads a field whose bytes serde is given as digits.
pub(crate) fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    decode(&text).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_survives_both_ways_and_bad_digits_are_named() {
        assert_eq!(decode("00fFa0"), Ok(vec![0, 255, 160]));
        assert_eq!(encode(&[0, 255, 160]), "00ffa0");
        assert_eq!(decode("0x"), Err(HexError::InvalidDigit('x')));
        assert_eq!(decode("0"), Err(HexError::OddLength(1)));
        assert_eq!(decode("é1"), Err(HexError::InvalidDigit('é')));
    }
}
