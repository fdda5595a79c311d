//! Numbers as scripts write them: little-endian, the sign in the top bit, as few bytes as possible.

use super::ScriptError;

/// The widest number that arithmetic takes.
pub const MAX_NUM_SIZE: usize = 4;

/// A number on the stack. Operands have at most four bytes, results may have five (Core's `CScriptNum`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScriptNum(pub i64);

impl ScriptNum {
    /// Reads at most `max_size` bytes; with `minimal`, needless bytes are an error too.
    pub fn from_bytes(bytes: &[u8], encoding: NumEncoding, max_size: usize) -> Result<Self, ScriptError> {
        if bytes.len() > max_size || (encoding == NumEncoding::Minimal && !is_minimal(bytes)) {
            return Err(ScriptError::ScriptNum);
        }
        let Some((&last, rest)) = bytes.split_last() else { return Ok(Self(0)) };
        let magnitude = rest.iter().rev().fold(i64::from(last & 0x7f), |n, &byte| n << 8 | i64::from(byte));
        Ok(Self(if last & 0x80 == 0 { magnitude } else { -magnitude }))
    }

    /// The shortest bytes; none for zero.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut magnitude = self.0.unsigned_abs();
        let mut bytes = Vec::with_capacity(9);
        while magnitude > 0 {
            bytes.push(magnitude as u8);
            magnitude >>= 8;
        }
        let sign = if self.0 < 0 { 0x80 } else { 0 };
        match bytes.last_mut() {
            None => {}
            Some(last) if *last & 0x80 != 0 => bytes.push(sign),
            Some(last) => *last |= sign,
        }
        bytes
    }
}

/// Whether numbers must be written in as few bytes as possible (the flag MINIMALDATA).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumEncoding {
    /// They must.
    Minimal,
    /// They need not.
    Any,
}

fn is_minimal(bytes: &[u8]) -> bool {
    match bytes {
        [] => true,
        [.., before, last] if last & 0x7f == 0 => before & 0x80 != 0,
        [last] => last & 0x7f != 0,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_both_ways_in_their_shortest_form() {
        for (n, bytes) in [
            (0, &[][..]),
            (1, &[1]),
            (-1, &[0x81]),
            (127, &[0x7f]),
            (128, &[0x80, 0]),
            (-128, &[0x80, 0x80]),
            (256, &[0, 1]),
            (-32768, &[0, 0x80, 0x80]),
            (0x7fff_ffff, &[0xff, 0xff, 0xff, 0x7f]),
            (0xffff_ffff, &[0xff, 0xff, 0xff, 0xff, 0]),
        ] {
            assert_eq!(ScriptNum(n).to_bytes(), bytes);
            assert_eq!(ScriptNum::from_bytes(bytes, NumEncoding::Minimal, 5), Ok(ScriptNum(n)));
        }
    }

    #[test]
    fn needless_bytes_are_refused_only_where_minimal_numbers_are_asked_for() {
        for bytes in [&[0][..], &[0x80], &[1, 0], &[1, 0x80]] {
            assert!(ScriptNum::from_bytes(bytes, NumEncoding::Minimal, 4).is_err());
            assert!(ScriptNum::from_bytes(bytes, NumEncoding::Any, 4).is_ok());
        }
        assert!(ScriptNum::from_bytes(&[1, 2, 3, 4, 5], NumEncoding::Any, 4).is_err());
    }
}
