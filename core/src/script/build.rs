//! Building scripts, and reading them instruction by instruction.

use std::fmt;

use super::Opcode;
use super::num::ScriptNum;
use crate::encode::hex;
use crate::primitives::Script;

/// One step of a script: an opcode and what it pushes, if it pushes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction<'a> {
    /// The opcode; for a push of 1 to 75 bytes their number.
    pub opcode: Opcode,
    /// The pushed bytes; empty for everything that is not a push of bytes.
    pub data: &'a [u8],
}

/// A push that runs over the end of its script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a push runs over the end of the script")]
pub struct TruncatedPush;

/// Walks a script's instructions (Core's `CScript::GetOp`). Ends after the first truncated push.
#[derive(Debug, Clone)]
pub struct Instructions<'a> {
    script: &'a [u8],
    position: usize,
}

impl<'a> Instructions<'a> {
    /// From the start of `script`.
    pub const fn new(script: &'a [u8]) -> Self {
        Self { script, position: 0 }
    }

    /// The offset of the next instruction.
    pub const fn position(&self) -> usize {
        self.position
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], TruncatedPush> {
        let bytes = self.script[self.position..].get(..count).ok_or(TruncatedPush)?;
        self.position += count;
        Ok(bytes)
    }

    fn read(&mut self) -> Result<Instruction<'a>, TruncatedPush> {
        let opcode = Opcode(self.take(1)?[0]);
        let length_bytes = match opcode {
            Opcode::OP_PUSHDATA1 => 1,
            Opcode::OP_PUSHDATA2 => 2,
            Opcode::OP_PUSHDATA4 => 4,
            _ => 0,
        };
        let len = if length_bytes > 0 {
            self.take(length_bytes)?.iter().rev().fold(0, |len, &byte| len << 8 | usize::from(byte))
        } else if opcode < Opcode::OP_PUSHDATA1 {
            usize::from(opcode.0)
        } else {
            0
        };
        Ok(Instruction { opcode, data: self.take(len)? })
    }
}

impl<'a> Iterator for Instructions<'a> {
    type Item = Result<Instruction<'a>, TruncatedPush>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position >= self.script.len() {
            return None;
        }
        let instruction = self.read();
        if instruction.is_err() {
            self.position = self.script.len();
        }
        Some(instruction)
    }
}

impl Instruction<'_> {
    /// Whether the data could not have been pushed in fewer bytes (BIP62; Core's `CheckMinimalPush`).
    pub fn is_minimal_push(&self) -> bool {
        let opcode = self.opcode;
        match (self.data.len(), self.data.first()) {
            (0, _) => opcode == Opcode::OP_0 || opcode > Opcode::OP_PUSHDATA4,
            (1, Some(1..=16 | 0x81)) => false,
            (len @ 1..=75, _) => usize::from(opcode.0) == len,
            (76..=255, _) => opcode == Opcode::OP_PUSHDATA1,
            (256..=65535, _) => opcode == Opcode::OP_PUSHDATA2,
            _ => true,
        }
    }
}

impl Script {
    /// The instructions in order.
    pub fn instructions(&self) -> Instructions<'_> {
        Instructions::new(self.as_bytes())
    }

    /// This script with one opcode more.
    #[must_use]
    pub fn push_opcode(self, opcode: Opcode) -> Self {
        let mut bytes = self.into_bytes();
        bytes.push(opcode.0);
        Self::from_bytes(bytes)
    }

    /// This script with a push of `data` more, its length written as shortly as possible (Core's `operator<<`).
    #[must_use]
    pub fn push_data(self, data: &[u8]) -> Self {
        let mut bytes = self.into_bytes();
        match data.len() {
            len @ 0..=75 => bytes.push(len as u8),
            len @ 76..=0xff => bytes.extend_from_slice(&[Opcode::OP_PUSHDATA1.0, len as u8]),
            len @ 0x100..=0xffff => {
                bytes.push(Opcode::OP_PUSHDATA2.0);
                bytes.extend_from_slice(&(len as u16).to_le_bytes());
            }
            len => {
                bytes.push(Opcode::OP_PUSHDATA4.0);
                bytes.extend_from_slice(&(len as u32).to_le_bytes());
            }
        }
        bytes.extend_from_slice(data);
        Self::from_bytes(bytes)
    }

    /// This script with a push of a number more: by an opcode from -1 to 16, else as bytes (BIP34's height too).
    #[must_use]
    pub fn push_int(self, n: i64) -> Self {
        match n {
            -1 => self.push_opcode(Opcode::OP_1NEGATE),
            0..=16 => self.push_opcode(Opcode::small_int(n as u8).unwrap_or(Opcode::OP_0)),
            _ => self.push_data(&ScriptNum(n).to_bytes()),
        }
    }

    /// Whether the script only pushes (Core's `IsPushOnly`).
    pub fn is_push_only(&self) -> bool {
        self.instructions().all(|step| step.is_ok_and(|instruction| instruction.opcode.is_push()))
    }
}

impl fmt::Display for Script {
    /// The assembly that explorers show: opcodes by name, pushed bytes in hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.instructions().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            match step {
                Ok(Instruction { opcode, data: [] }) => write!(f, "{opcode}")?,
                Ok(Instruction { data, .. }) => f.write_str(&hex::encode(data))?,
                Err(TruncatedPush) => f.write_str("[error]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_take_the_shortest_form_and_read_back() {
        for (len, header) in [(0, 1), (75, 1), (76, 2), (255, 2), (256, 3), (65535, 3), (65536, 5)] {
            let data = vec![0x11; len];
            let script = Script::new().push_data(&data);
            assert_eq!(script.len(), header + len);
            let step = script.instructions().next().expect("one").expect("whole");
            assert_eq!(step.data, data);
            assert!(step.is_minimal_push(), "{len}");
        }
    }

    #[test]
    fn a_truncated_push_ends_the_walk_with_an_error() {
        for bytes in [&[2, 1][..], &[0x4c], &[0x4d, 1], &[0x4e, 0xff, 0xff, 0xff, 0xff, 1]] {
            let steps: Vec<_> = Instructions::new(bytes).collect();
            assert_eq!(steps, [Err(TruncatedPush)]);
        }
    }

    #[test]
    fn numbers_are_pushed_by_opcode_where_there_is_one() {
        let script = Script::new().push_int(-1).push_int(0).push_int(16).push_int(17).push_int(500);
        assert_eq!(script.as_bytes(), [0x4f, 0x00, 0x60, 1, 17, 2, 0xf4, 0x01]);
        assert_eq!(script.to_string(), "OP_1NEGATE OP_0 OP_16 11 f401");
        assert!(script.is_push_only());
    }
}
