//! The stack machine (Core's `EvalScript`), one file per family of opcodes.

mod arithmetic;
mod control;
mod hashing;
mod signatures;
mod stack;
mod stack_ops;

use self::control::Conditions;
pub use self::stack::Stack;
use super::checker::{SigVersion, SignatureChecker};
use super::num::{MAX_NUM_SIZE, NumEncoding, ScriptNum};
use super::{
    Instruction, Instructions, MAX_SCRIPT_ELEMENT_SIZE, MAX_SCRIPT_SIZE, Opcode, ScriptError, VerifyFlags,
};

/// The most opcodes that are not pushes, keys of OP_CHECKMULTISIG counted in.
const MAX_OPS_PER_SCRIPT: usize = 201;

/// The most items on the stack and the alternative stack together.
const MAX_STACK_SIZE: usize = 1000;

/// Executes `script` on `stack`. Success says only that no rule was broken: what the top of the stack means is the
/// caller's question (see [`super::verify_script`]).
pub fn eval_script(
    stack: &mut Stack,
    script: &[u8],
    flags: VerifyFlags,
    checker: &impl SignatureChecker,
    version: SigVersion,
) -> Result<(), ScriptError> {
    if script.len() > MAX_SCRIPT_SIZE {
        return Err(ScriptError::ScriptSize);
    }
    let machine = Machine {
        script,
        code_start: 0,
        stack,
        alt_stack: Stack::default(),
        conditions: Conditions::default(),
        op_count: 0,
        flags,
        version,
        checker,
    };
    machine.run()
}

/// The state of one execution.
struct Machine<'a, C> {
    script: &'a [u8],
    /// Where the code that signatures cover begins: after the last OP_CODESEPARATOR.
    code_start: usize,
    /// At most [`MAX_STACK_SIZE`] items together with `alt_stack`; checked after each opcode.
    stack: &'a mut Stack,
    alt_stack: Stack,
    conditions: Conditions,
    op_count: usize,
    flags: VerifyFlags,
    version: SigVersion,
    checker: &'a C,
}

impl<C: SignatureChecker> Machine<'_, C> {
    fn run(mut self) -> Result<(), ScriptError> {
        let mut instructions = Instructions::new(self.script);
        while let Some(step) = instructions.next() {
            let instruction = step.map_err(|_| ScriptError::BadOpcode)?;
            self.check_limits(&instruction)?;
            self.step(&instruction, instructions.position())?;
            if self.stack.len() + self.alt_stack.len() > MAX_STACK_SIZE {
                return Err(ScriptError::StackSize);
            }
        }
        if self.conditions.is_empty() { Ok(()) } else { Err(ScriptError::UnbalancedConditional) }
    }

    /// What holds for an instruction whether or not it is executed.
    fn check_limits(&mut self, instruction: &Instruction<'_>) -> Result<(), ScriptError> {
        if instruction.data.len() > MAX_SCRIPT_ELEMENT_SIZE {
            return Err(ScriptError::PushSize);
        }
        if !instruction.opcode.is_push() {
            self.count_ops(1)?;
        }
        if instruction.opcode.is_disabled() {
            return Err(ScriptError::DisabledOpcode);
        }
        let const_code =
            self.version == SigVersion::Base && self.flags.contains(VerifyFlags::CONST_SCRIPTCODE);
        if instruction.opcode == Opcode::OP_CODESEPARATOR && const_code {
            return Err(ScriptError::OpCodeSeparator);
        }
        Ok(())
    }

    fn count_ops(&mut self, count: usize) -> Result<(), ScriptError> {
        self.op_count += count;
        if self.op_count > MAX_OPS_PER_SCRIPT { Err(ScriptError::OpCount) } else { Ok(()) }
    }

    fn step(&mut self, instruction: &Instruction<'_>, next: usize) -> Result<(), ScriptError> {
        let opcode = instruction.opcode;
        if !self.conditions.all_true() {
            // Branches that are not taken are only searched for where they end.
            return if control::is_conditional(opcode) { self.execute_control(opcode) } else { Ok(()) };
        }
        if opcode <= Opcode::OP_PUSHDATA4 {
            if self.flags.contains(VerifyFlags::MINIMALDATA) && !instruction.is_minimal_push() {
                return Err(ScriptError::MinimalData);
            }
            self.stack.push(instruction.data.to_vec());
            return Ok(());
        }
        match opcode.0 {
            0x4f => self.push_num(-1),
            0x51..=0x60 => self.push_num(i64::from(opcode.0 - 0x50)),
            0x61..=0x6a | 0xb0..=0xb9 => return self.execute_control(opcode),
            0x6b..=0x7d | 0x82 => return self.execute_stack(opcode),
            0x87..=0x88 | 0x8b..=0xa5 => return self.execute_arithmetic(opcode),
            0xa6..=0xaa => return self.execute_hash(opcode),
            0xab => self.code_start = next,
            0xac..=0xaf => return self.execute_signature(opcode),
            _ => return Err(ScriptError::BadOpcode),
        }
        Ok(())
    }

    fn num_encoding(&self) -> NumEncoding {
        if self.flags.contains(VerifyFlags::MINIMALDATA) { NumEncoding::Minimal } else { NumEncoding::Any }
    }

    /// Reads the item `depth` from the top as an operand, the top being 1.
    fn num_at(&self, depth: usize) -> Result<ScriptNum, ScriptError> {
        ScriptNum::from_bytes(self.stack.peek(depth)?, self.num_encoding(), MAX_NUM_SIZE)
    }

    fn push_num(&mut self, n: i64) {
        self.stack.push(ScriptNum(n).to_bytes());
    }

    /// Ends an opcode of the kind `...VERIFY`: nothing on success, `error` otherwise.
    fn verify(outcome: bool, error: ScriptError) -> Result<(), ScriptError> {
        if outcome { Ok(()) } else { Err(error) }
    }
}
