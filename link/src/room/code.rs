//! Room codes: what a student reads from the projector and types.

use std::fmt;
use std::str::FromStr;

/// Letters of a code.
pub const CODE_LEN: usize = 6;

/// What codes are made of. Of letters that look alike at most one is there: neither 0 nor O, none of 1, I and L; 2, S and B
/// stand for themselves, since Z, 5 and 8 are in no code.
const ALPHABET: &[u8; 28] = b"ABCDEFGHJKMNPQRSTUVWXY234679";

/// The code of a room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomCode([u8; CODE_LEN]);

/// Why a text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not six letters.
    #[error("a room's code has {CODE_LEN} letters and digits")]
    Length,
    /// A letter that no code has.
    #[error("no room's code has the letter {0:?}")]
    Letter(char),
}

impl RoomCode {
    /// The code that a number stands for; numbers that differ below 28 to the power of six stand for different codes.
    pub fn from_number(mut number: u64) -> Self {
        let letters = ALPHABET.len() as u64;
        Self(std::array::from_fn(|_| {
            let letter = ALPHABET[(number % letters) as usize];
            number /= letters;
            letter
        }))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(super) fn from_letters(letters: [u8; CODE_LEN]) -> Option<Self> {
        letters.iter().all(|letter| ALPHABET.contains(letter)).then_some(Self(letters))
    }
}

impl FromStr for RoomCode {
    type Err = CodeError;

    /// As people type it: in small letters, in full-width ones, with spaces and hyphens.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let mut letters = [0; CODE_LEN];
        let mut count = 0;
        for letter in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let place = letters.get_mut(count).ok_or(CodeError::Length)?;
            let plain = narrow(letter).to_ascii_uppercase();
            let byte = u8::try_from(plain).ok().filter(|byte| ALPHABET.contains(byte));
            *place = byte.ok_or(CodeError::Letter(letter))?;
            count += 1;
        }
        if count == CODE_LEN { Ok(Self(letters)) } else { Err(CodeError::Length) }
    }
}

/// A full-width letter, as Chinese input methods make it, as a plain one.
fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    }
}

impl fmt::Display for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomCode({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code: RoomCode = "ABC234".parse().unwrap();
        assert_eq!(code.to_string(), "ABC234");
        for typed in ["abc234", " abc 234 ", "ABC-234", "ＡＢＣ２３４"] {
            assert_eq!(typed.parse(), Ok(code), "{typed}");
        }
    }

    #[test]
    fn letters_that_look_like_others_are_in_no_code() {
        for letter in ['0', 'O', '1', 'I', 'L', 'Z', '5', '8'] {
            let text = format!("ABC23{letter}");
            assert_eq!(text.parse::<RoomCode>(), Err(CodeError::Letter(letter)));
        }
        assert_eq!("ABC23".parse::<RoomCode>(), Err(CodeError::Length));
        assert_eq!("ABC2346".parse::<RoomCode>(), Err(CodeError::Length));
    }

    #[test]
    fn different_numbers_are_different_codes() {
        let codes: std::collections::BTreeSet<RoomCode> = (0..10_000).map(RoomCode::from_number).collect();
        assert_eq!(codes.len(), 10_000);
        for code in codes {
            assert_eq!(code.as_str().parse(), Ok(code));
        }
    }
}
