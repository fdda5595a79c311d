//! Comparison and arithmetic. Operands have at most four bytes, results may have five.

use super::Machine;
use crate::script::{Opcode, ScriptError, ScriptNum, SignatureChecker};

impl<C: SignatureChecker> Machine<'_, C> {
    pub(super) fn execute_arithmetic(&mut self, opcode: Opcode) -> Result<(), ScriptError> {
        match opcode {
            Opcode::OP_EQUAL | Opcode::OP_EQUALVERIFY => self.equal(opcode),
            _ if opcode <= Opcode::OP_0NOTEQUAL => self.unary(opcode),
            Opcode::OP_WITHIN => self.within(),
            _ => self.binary(opcode),
        }
    }

    fn equal(&mut self, opcode: Opcode) -> Result<(), ScriptError> {
        let equal = self.stack.peek(2)? == self.stack.peek(1)?;
        self.stack.drop_top(2)?;
        if opcode == Opcode::OP_EQUALVERIFY {
            return Self::verify(equal, ScriptError::EqualVerify);
        }
        self.stack.push_bool(equal);
        Ok(())
    }

    fn unary(&mut self, opcode: Opcode) -> Result<(), ScriptError> {
        let ScriptNum(n) = self.num_at(1)?;
        let result = match opcode {
            Opcode::OP_1ADD => n + 1,
            Opcode::OP_1SUB => n - 1,
            Opcode::OP_NEGATE => -n,
            Opcode::OP_ABS => n.abs(),
            Opcode::OP_NOT => i64::from(n == 0),
            Opcode::OP_0NOTEQUAL => i64::from(n != 0),
            _ => return Err(ScriptError::BadOpcode),
        };
        self.stack.drop_top(1)?;
        self.push_num(result);
        Ok(())
    }

    fn binary(&mut self, opcode: Opcode) -> Result<(), ScriptError> {
        self.stack.peek(2)?;
        let (ScriptNum(a), ScriptNum(b)) = (self.num_at(2)?, self.num_at(1)?);
        let result = match opcode {
            Opcode::OP_ADD => a + b,
            Opcode::OP_SUB => a - b,
            Opcode::OP_BOOLAND => i64::from(a != 0 && b != 0),
            Opcode::OP_BOOLOR => i64::from(a != 0 || b != 0),
            Opcode::OP_NUMEQUAL | Opcode::OP_NUMEQUALVERIFY => i64::from(a == b),
            Opcode::OP_NUMNOTEQUAL => i64::from(a != b),
            Opcode::OP_LESSTHAN => i64::from(a < b),
            Opcode::OP_GREATERTHAN => i64::from(a > b),
            Opcode::OP_LESSTHANOREQUAL => i64::from(a <= b),
            Opcode::OP_GREATERTHANOREQUAL => i64::from(a >= b),
            Opcode::OP_MIN => a.min(b),
            Opcode::OP_MAX => a.max(b),
            _ => return Err(ScriptError::BadOpcode),
        };
        self.stack.drop_top(2)?;
        if opcode == Opcode::OP_NUMEQUALVERIFY {
            return Self::verify(result != 0, ScriptError::NumEqualVerify);
        }
        self.push_num(result);
        Ok(())
    }

    /// Whether the first of three numbers is at least the second and below the third.
    fn within(&mut self) -> Result<(), ScriptError> {
        self.stack.peek(3)?;
        let (n, min, max) = (self.num_at(3)?, self.num_at(2)?, self.num_at(1)?);
        self.stack.drop_top(3)?;
        self.stack.push_bool((min..max).contains(&n));
        Ok(())
    }
}
