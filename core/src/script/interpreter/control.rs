//! Flow of control: conditions, OP_VERIFY, OP_RETURN, NOPs and the lock times that took two of them.

use super::stack::is_true;
use super::{Machine, SigVersion};
use crate::script::{
    Opcode, SEQUENCE_LOCKTIME_DISABLE_FLAG, ScriptError, ScriptNum, SignatureChecker, VerifyFlags,
};

/// Lock times may take five bytes: they are unsigned 32-bit numbers elsewhere.
const LOCKTIME_NUM_SIZE: usize = 5;

/// The branches that execution is in, outermost first; bounded by the 201 opcodes of a script.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    taken: Vec<bool>,
    not_taken: usize,
}

impl Conditions {
    pub(super) const fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    pub(super) const fn all_true(&self) -> bool {
        self.not_taken == 0
    }

    fn enter(&mut self, taken: bool) {
        self.taken.push(taken);
        self.not_taken += usize::from(!taken);
    }

    fn leave(&mut self) -> Result<bool, ScriptError> {
        let taken = self.taken.pop().ok_or(ScriptError::UnbalancedConditional)?;
        self.not_taken -= usize::from(!taken);
        Ok(taken)
    }
}

/// Whether an opcode is looked at in branches that are not taken too. OP_VERIF and OP_VERNOTIF are, and fail.
pub(super) const fn is_conditional(opcode: Opcode) -> bool {
    opcode.0 >= Opcode::OP_IF.0 && opcode.0 <= Opcode::OP_ENDIF.0
}

impl<C: SignatureChecker> Machine<'_, C> {
    pub(super) fn execute_control(&mut self, opcode: Opcode) -> Result<(), ScriptError> {
        match opcode {
            Opcode::OP_NOP => Ok(()),
            Opcode::OP_IF | Opcode::OP_NOTIF => self.enter_branch(opcode),
            Opcode::OP_ELSE => {
                let taken = self.conditions.leave()?;
                self.conditions.enter(!taken);
                Ok(())
            }
            Opcode::OP_ENDIF => self.conditions.leave().map(|_| ()),
            Opcode::OP_VERIFY => Self::verify(self.stack.peek_bool()?, ScriptError::Verify)
                .and_then(|()| self.stack.drop_top(1)),
            Opcode::OP_RETURN => Err(ScriptError::OpReturn),
            Opcode::OP_CHECKLOCKTIMEVERIFY if self.flags.contains(VerifyFlags::CHECKLOCKTIMEVERIFY) => {
                self.check_lock_time()
            }
            Opcode::OP_CHECKSEQUENCEVERIFY if self.flags.contains(VerifyFlags::CHECKSEQUENCEVERIFY) => {
                self.check_sequence()
            }
            Opcode::OP_CHECKLOCKTIMEVERIFY | Opcode::OP_CHECKSEQUENCEVERIFY => Ok(()),
            nop if nop >= Opcode::OP_NOP1 => {
                let refused = self.flags.contains(VerifyFlags::DISCOURAGE_UPGRADABLE_NOPS);
                Self::verify(!refused, ScriptError::DiscourageUpgradableNops)
            }
            _ => Err(ScriptError::BadOpcode),
        }
    }

    fn enter_branch(&mut self, opcode: Opcode) -> Result<(), ScriptError> {
        if !self.conditions.all_true() {
            self.conditions.enter(false);
            return Ok(());
        }
        let condition = self.stack.pop()?;
        let minimal = self.version == SigVersion::WitnessV0 && self.flags.contains(VerifyFlags::MINIMALIF);
        if minimal && !matches!(condition.as_slice(), [] | [1]) {
            return Err(ScriptError::MinimalIf);
        }
        self.conditions.enter(is_true(&condition) == (opcode == Opcode::OP_IF));
        Ok(())
    }

    /// The lock time on top of the stack, which stays there.
    fn lock_time_operand(&self) -> Result<ScriptNum, ScriptError> {
        let lock_time = ScriptNum::from_bytes(self.stack.peek(1)?, self.num_encoding(), LOCKTIME_NUM_SIZE)?;
        if lock_time.0 < 0 { Err(ScriptError::NegativeLocktime) } else { Ok(lock_time) }
    }

    fn check_lock_time(&self) -> Result<(), ScriptError> {
        let lock_time = self.lock_time_operand()?;
        Self::verify(self.checker.check_lock_time(lock_time), ScriptError::UnsatisfiedLocktime)
    }

    fn check_sequence(&self) -> Result<(), ScriptError> {
        let sequence = self.lock_time_operand()?;
        let disabled = sequence.0 & i64::from(SEQUENCE_LOCKTIME_DISABLE_FLAG) != 0;
        Self::verify(disabled || self.checker.check_sequence(sequence), ScriptError::UnsatisfiedLocktime)
    }
}
