//! Opcodes that only move items about.

use super::Machine;
use crate::script::{Opcode, ScriptError, SignatureChecker};

impl<C: SignatureChecker> Machine<'_, C> {
    pub(super) fn execute_stack(&mut self, opcode: Opcode) -> Result<(), ScriptError> {
        match opcode {
            Opcode::OP_TOALTSTACK => {
                let item = self.stack.pop()?;
                self.alt_stack.push(item);
                Ok(())
            }
            Opcode::OP_FROMALTSTACK => {
                let item = self.alt_stack.pop().map_err(|_| ScriptError::InvalidAltstackOperation)?;
                self.stack.push(item);
                Ok(())
            }
            Opcode::OP_2DROP => self.stack.drop_top(2),
            Opcode::OP_2DUP => self.copy_each(&[2, 2]),
            Opcode::OP_3DUP => self.copy_each(&[3, 3, 3]),
            Opcode::OP_2OVER => self.copy_each(&[4, 4]),
            Opcode::OP_2ROT => self.move_each(&[6, 6]),
            Opcode::OP_2SWAP => self.move_each(&[4, 4]),
            Opcode::OP_IFDUP => {
                if self.stack.peek_bool()? {
                    self.stack.copy_to_top(1)?;
                }
                Ok(())
            }
            Opcode::OP_DEPTH => {
                self.push_num(self.stack.len() as i64);
                Ok(())
            }
            Opcode::OP_DROP => self.stack.drop_top(1),
            Opcode::OP_DUP => self.stack.copy_to_top(1),
            Opcode::OP_NIP => self.stack.remove(2).map(drop),
            Opcode::OP_OVER => self.stack.copy_to_top(2),
            Opcode::OP_PICK => {
                let depth = self.pop_depth()?;
                self.stack.copy_to_top(depth)
            }
            Opcode::OP_ROLL => {
                let depth = self.pop_depth()?;
                self.move_each(&[depth])
            }
            Opcode::OP_ROT => self.move_each(&[3]),
            Opcode::OP_SWAP => self.move_each(&[2]),
            Opcode::OP_TUCK => self.stack.tuck(2),
            Opcode::OP_SIZE => {
                let size = self.stack.peek(1)?.len();
                self.push_num(size as i64);
                Ok(())
            }
            _ => Err(ScriptError::BadOpcode),
        }
    }

    /// Copies the item at each depth to the top, one after the other.
    fn copy_each(&mut self, depths: &[usize]) -> Result<(), ScriptError> {
        depths.iter().try_for_each(|&depth| self.stack.copy_to_top(depth))
    }

    /// Moves the item at each depth to the top, one after the other.
    fn move_each(&mut self, depths: &[usize]) -> Result<(), ScriptError> {
        depths.iter().try_for_each(|&depth| {
            let item = self.stack.remove(depth)?;
            self.stack.push(item);
            Ok(())
        })
    }

    /// The depth that OP_PICK and OP_ROLL ask for, counted from 1 as everywhere here.
    fn pop_depth(&mut self) -> Result<usize, ScriptError> {
        self.stack.peek(2)?;
        let n = self.num_at(1)?.0;
        self.stack.drop_top(1)?;
        match usize::try_from(n) {
            Ok(n) if n < self.stack.len() => Ok(n + 1),
            _ => Err(ScriptError::InvalidStackOperation),
        }
    }
}
