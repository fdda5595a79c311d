//! Opcodes that check signatures, and the forms that signatures and keys must have.

use std::borrow::Cow;

use super::{Instructions, Machine, SigVersion};
use crate::crypto::{Signature, is_valid_signature_encoding};
use crate::primitives::Script;
use crate::script::sighash::SighashType;
use crate::script::standard::MAX_PUBKEYS_PER_MULTISIG;
use crate::script::{Opcode, ScriptError, SignatureChecker, VerifyFlags};

impl<C: SignatureChecker> Machine<'_, C> {
    pub(super) fn execute_signature(&mut self, opcode: Opcode) -> Result<(), ScriptError> {
        let (valid, error) = match opcode {
            Opcode::OP_CHECKSIG | Opcode::OP_CHECKSIGVERIFY => {
                (self.check_sig()?, ScriptError::CheckSigVerify)
            }
            _ => (self.check_multisig()?, ScriptError::CheckMultisigVerify),
        };
        if matches!(opcode, Opcode::OP_CHECKSIGVERIFY | Opcode::OP_CHECKMULTISIGVERIFY) {
            return Self::verify(valid, error);
        }
        self.stack.push_bool(valid);
        Ok(())
    }

    /// `signature key` to whether one is the other's.
    fn check_sig(&mut self) -> Result<bool, ScriptError> {
        self.stack.peek(2)?;
        let pubkey = self.stack.pop()?;
        let signature = self.stack.pop()?;
        let script_code = self.script_code([signature.as_slice()].into_iter())?;
        self.check_encodings(&signature, &pubkey)?;
        let valid = self.checker.check_ecdsa_signature(&signature, &pubkey, &script_code, self.version);
        if !valid && self.flags.contains(VerifyFlags::NULLFAIL) && !signature.is_empty() {
            return Err(ScriptError::SigNullFail);
        }
        Ok(valid)
    }

    /// `dummy signature... m key... n` to whether each signature is of a key, in the order of the keys.
    fn check_multisig(&mut self) -> Result<bool, ScriptError> {
        let key_count = self.count_at(1, MAX_PUBKEYS_PER_MULTISIG, ScriptError::PubkeyCount)?;
        self.count_ops(key_count)?;
        let signature_count = self.count_at(2 + key_count, key_count, ScriptError::SigCount)?;
        self.stack.peek(2 + key_count + signature_count)?;

        self.stack.drop_top(1)?;
        let keys = self.pop_many(key_count)?;
        self.stack.drop_top(1)?;
        let signatures = self.pop_many(signature_count)?;
        let valid = self.match_signatures(&signatures, &keys)?;

        let all_empty = signatures.iter().all(Vec::is_empty);
        if !valid && self.flags.contains(VerifyFlags::NULLFAIL) && !all_empty {
            return Err(ScriptError::SigNullFail);
        }
        // One item more is taken than is used: a slip of the first version that became a rule.
        let dummy = self.stack.pop()?;
        if self.flags.contains(VerifyFlags::NULLDUMMY) && !dummy.is_empty() {
            return Err(ScriptError::SigNullDummy);
        }
        Ok(valid)
    }

    /// Goes through signatures and keys from the last to the first; a key that does not fit is passed over.
    fn match_signatures(&self, signatures: &[Vec<u8>], keys: &[Vec<u8>]) -> Result<bool, ScriptError> {
        let script_code = self.script_code(signatures.iter().rev().map(Vec::as_slice))?;
        let mut signatures = signatures;
        let mut keys = keys;
        while let Some((signature, earlier)) = signatures.split_last() {
            if signatures.len() > keys.len() {
                return Ok(false);
            }
            let Some((key, earlier_keys)) = keys.split_last() else { return Ok(false) };
            self.check_encodings(signature, key)?;
            if self.checker.check_ecdsa_signature(signature, key, &script_code, self.version) {
                signatures = earlier;
            }
            keys = earlier_keys;
        }
        Ok(true)
    }

    fn count_at(&self, depth: usize, max: usize, error: ScriptError) -> Result<usize, ScriptError> {
        let count = usize::try_from(self.num_at(depth)?.0).map_err(|_| error)?;
        if count > max { Err(error) } else { Ok(count) }
    }

    /// The top `count` items, the topmost last.
    fn pop_many(&mut self, count: usize) -> Result<Vec<Vec<u8>>, ScriptError> {
        let mut items = (0..count).map(|_| self.stack.pop()).collect::<Result<Vec<_>, _>>()?;
        items.reverse();
        Ok(items)
    }

    /// The script from the last OP_CODESEPARATOR on. Outside witnesses a signature cannot sign itself, so its own
    /// occurrences are taken out.
    fn script_code<'s>(
        &self,
        signatures: impl Iterator<Item = &'s [u8]>,
    ) -> Result<Cow<'_, [u8]>, ScriptError> {
        let mut code = Cow::Borrowed(&self.script[self.code_start..]);
        if self.version != SigVersion::Base {
            return Ok(code);
        }
        for signature in signatures {
            let push = Script::new().push_data(signature);
            if let Some(shorter) = find_and_delete(&code, push.as_bytes()) {
                if self.flags.contains(VerifyFlags::CONST_SCRIPTCODE) {
                    return Err(ScriptError::SigFindAndDelete);
                }
                code = Cow::Owned(shorter);
            }
        }
        Ok(code)
    }

    fn check_encodings(&self, signature: &[u8], pubkey: &[u8]) -> Result<(), ScriptError> {
        self.check_signature_encoding(signature)?;
        self.check_pubkey_encoding(pubkey)
    }

    /// Core's `CheckSignatureEncoding`; an empty signature is the way to say no.
    fn check_signature_encoding(&self, signature: &[u8]) -> Result<(), ScriptError> {
        let Some((&hash_type, der)) = signature.split_last() else { return Ok(()) };
        let strict = VerifyFlags::DERSIG | VerifyFlags::LOW_S | VerifyFlags::STRICTENC;
        if self.flags.intersects(strict) && !is_valid_signature_encoding(signature) {
            return Err(ScriptError::SigDer);
        }
        // Numbers out of range are of neither half; they fail when they are verified.
        let high_s = || Signature::from_der_lax(der).is_some_and(|signature| !signature.is_low_s());
        if self.flags.contains(VerifyFlags::LOW_S) && high_s() {
            return Err(ScriptError::SigHighS);
        }
        if self.flags.contains(VerifyFlags::STRICTENC) && !SighashType(u32::from(hash_type)).is_defined() {
            return Err(ScriptError::SigHashType);
        }
        Ok(())
    }

    /// Core's `CheckPubKeyEncoding`.
    fn check_pubkey_encoding(&self, pubkey: &[u8]) -> Result<(), ScriptError> {
        let compressed = matches!(pubkey, [2 | 3, ..] if pubkey.len() == 33);
        let uncompressed = matches!(pubkey, [4, ..] if pubkey.len() == 65);
        if self.flags.contains(VerifyFlags::STRICTENC) && !compressed && !uncompressed {
            return Err(ScriptError::PubkeyType);
        }
        let compressed_only = self.version == SigVersion::WitnessV0;
        if compressed_only && self.flags.contains(VerifyFlags::WITNESS_PUBKEYTYPE) && !compressed {
            return Err(ScriptError::WitnessPubkeyType);
        }
        Ok(())
    }
}

/// `code` without any occurrence of `needle` that starts where an instruction does; `None` if there is none (Core's
/// `FindAndDelete`).
fn find_and_delete(code: &[u8], needle: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    let mut start = 0;
    let mut position = 0;
    let mut found = false;
    loop {
        kept.extend_from_slice(&code[start..position]);
        while code[position..].starts_with(needle) {
            position += needle.len();
            found = true;
        }
        start = position;
        let mut instructions = Instructions::new(&code[position..]);
        match instructions.next() {
            Some(Ok(_)) => position += instructions.position(),
            _ => break,
        }
    }
    kept.extend_from_slice(&code[start..]);
    found.then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases of Core's `script_tests.cpp`, `script_FindAndDelete`.
    #[test]
    fn only_occurrences_at_instructions_are_deleted() {
        for (code, needle, expected) in [
            (&[0x51, 0x52][..], &[0x53][..], None),
            (&[0x53, 0x51, 0x53, 0x52, 0x53], &[0x53], Some(vec![0x51, 0x52])),
            (&[0x03, 0x02, 0xff, 0x03], &[0x03, 0x02, 0xff, 0x03], Some(vec![])),
            (&[0x03, 0x02, 0xff, 0x03], &[0xff], None),
            (&[0x02, 0xfe, 0xed, 0x51, 0x69], &[0xfe, 0xed, 0x51], None),
            (&[0x51, 0x69, 0x02, 0xfe], &[0x02, 0xfe], Some(vec![0x51, 0x69])),
            (&[0x00, 0x00, 0x51, 0x51], &[0x00, 0x51], Some(vec![0x00, 0x51])),
        ] {
            assert_eq!(find_and_delete(code, needle), expected);
        }
    }
}
