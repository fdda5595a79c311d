//! Opcodes that replace the top of the stack by its hash.

use super::Machine;
use crate::crypto::{hash160, ripemd160, sha1, sha256, sha256d};
use crate::script::{Opcode, ScriptError, SignatureChecker};

impl<C: SignatureChecker> Machine<'_, C> {
    pub(super) fn execute_hash(&mut self, opcode: Opcode) -> Result<(), ScriptError> {
        let item = self.stack.pop()?;
        let hash = match opcode {
            Opcode::OP_RIPEMD160 => ripemd160(&item).to_vec(),
            Opcode::OP_SHA1 => sha1(&item).to_vec(),
            Opcode::OP_SHA256 => sha256(&item).to_vec(),
            Opcode::OP_HASH160 => hash160(&item).to_vec(),
            Opcode::OP_HASH256 => sha256d(&item).to_vec(),
            _ => return Err(ScriptError::BadOpcode),
        };
        self.stack.push(hash);
        Ok(())
    }
}
