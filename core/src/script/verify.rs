//! Whether an input may spend an output (Core's `VerifyScript`).

use super::checker::{SigVersion, SignatureChecker};
use super::interpreter::{Stack, eval_script};
use super::standard::{ANCHOR_PROGRAM, p2pkh, script_hash, witness_program};
use super::{MAX_SCRIPT_ELEMENT_SIZE, ScriptError, VerifyFlags};
use crate::crypto::{PubkeyHash, sha256};
use crate::primitives::Script;

/// Whether `script_sig` and `witness` satisfy `script_pubkey` under the rules of `flags`.
pub fn verify_script(
    script_sig: &Script,
    script_pubkey: &Script,
    witness: &[Vec<u8>],
    flags: VerifyFlags,
    checker: &impl SignatureChecker,
) -> Result<(), ScriptError> {
    if flags.contains(VerifyFlags::SIGPUSHONLY) && !script_sig.is_push_only() {
        return Err(ScriptError::SigPushOnly);
    }
    let mut stack = Stack::default();
    eval_script(&mut stack, script_sig.as_bytes(), flags, checker, SigVersion::Base)?;
    let pays_to_script = flags.contains(VerifyFlags::P2SH) && script_hash(script_pubkey).is_some();
    let pushed = pays_to_script.then(|| stack.clone());
    eval_script(&mut stack, script_pubkey.as_bytes(), flags, checker, SigVersion::Base)?;
    require_true(&stack)?;

    let mut witness_used = false;
    if flags.contains(VerifyFlags::WITNESS)
        && let Some((version, program)) = witness_program(script_pubkey.as_bytes())
    {
        if !script_sig.is_empty() {
            return Err(ScriptError::WitnessMalleated);
        }
        verify_witness_program(witness, version, program, Wrapping::Bare, flags, checker)?;
        witness_used = true;
    }
    if let Some(pushed) = pushed {
        (stack, witness_used) = verify_script_hash(script_sig, pushed, witness, flags, checker)?;
    }
    // What a witness program leaves has been checked by its own rule.
    if flags.contains(VerifyFlags::CLEANSTACK) && !witness_used && stack.len() != 1 {
        return Err(ScriptError::CleanStack);
    }
    if flags.contains(VerifyFlags::WITNESS) && !witness_used && !witness.is_empty() {
        return Err(ScriptError::WitnessUnexpected);
    }
    Ok(())
}

/// Runs the script that the scriptSig pushed last (BIP16) on what it pushed before. Returns the stack that is left, and
/// whether the script was a witness program.
fn verify_script_hash(
    script_sig: &Script,
    mut stack: Stack,
    witness: &[Vec<u8>],
    flags: VerifyFlags,
    checker: &impl SignatureChecker,
) -> Result<(Stack, bool), ScriptError> {
    if !script_sig.is_push_only() {
        return Err(ScriptError::SigPushOnly);
    }
    let redeem_script = stack.pop()?;
    eval_script(&mut stack, &redeem_script, flags, checker, SigVersion::Base)?;
    require_true(&stack)?;
    let program = witness_program(&redeem_script).filter(|_| flags.contains(VerifyFlags::WITNESS));
    let Some((version, program)) = program else { return Ok((stack, false)) };
    if *script_sig != Script::new().push_data(&redeem_script) {
        return Err(ScriptError::WitnessMalleatedP2sh);
    }
    verify_witness_program(witness, version, program, Wrapping::P2sh, flags, checker)?;
    Ok((stack, true))
}

/// Where a witness program stood.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrapping {
    /// In the output itself.
    Bare,
    /// In a script that the output has the hash of.
    P2sh,
}

/// BIP141. Each version has its own rules; those without any succeed, so that a soft fork can add them.
fn verify_witness_program(
    witness: &[Vec<u8>],
    version: u8,
    program: &[u8],
    wrapping: Wrapping,
    flags: VerifyFlags,
    checker: &impl SignatureChecker,
) -> Result<(), ScriptError> {
    match (version, program.len()) {
        (0, 20) => {
            if witness.len() != 2 {
                return Err(ScriptError::WitnessProgramMismatch);
            }
            let hash = program.try_into().map_err(|_| ScriptError::WitnessProgramWrongLength)?;
            execute_witness_script(witness, p2pkh(PubkeyHash(hash)).as_bytes(), flags, checker)
        }
        (0, 32) => {
            let (script, items) = witness.split_last().ok_or(ScriptError::WitnessProgramWitnessEmpty)?;
            if sha256(script) != program {
                return Err(ScriptError::WitnessProgramMismatch);
            }
            execute_witness_script(items, script, flags, checker)
        }
        (0, _) => Err(ScriptError::WitnessProgramWrongLength),
        (1, 32) if wrapping == Wrapping::Bare => Ok(()),
        (1, 2) if wrapping == Wrapping::Bare && program == ANCHOR_PROGRAM => Ok(()),
        _ if flags.contains(VerifyFlags::DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM) => {
            Err(ScriptError::DiscourageUpgradableWitnessProgram)
        }
        _ => Ok(()),
    }
}

fn execute_witness_script(
    items: &[Vec<u8>],
    script: &[u8],
    flags: VerifyFlags,
    checker: &impl SignatureChecker,
) -> Result<(), ScriptError> {
    if items.iter().any(|item| item.len() > MAX_SCRIPT_ELEMENT_SIZE) {
        return Err(ScriptError::PushSize);
    }
    let mut stack = Stack::new(items.to_vec());
    eval_script(&mut stack, script, flags, checker, SigVersion::WitnessV0)?;
    if stack.len() != 1 {
        return Err(ScriptError::CleanStack);
    }
    require_true(&stack)
}

fn require_true(stack: &Stack) -> Result<(), ScriptError> {
    if stack.peek_bool() == Ok(true) { Ok(()) } else { Err(ScriptError::EvalFalse) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::PrivateKey;
    use crate::primitives::{Amount, OutPoint, Transaction, TxIn, TxOut, Txid};
    use crate::script::sign::{multisig_script_sig, p2pk_script_sig, p2pkh_script_sig};
    use crate::script::standard::{multisig, op_return, p2pk};
    use crate::script::{PrecomputedTransactionData, TransactionSignatureChecker};

    fn key(byte: u8) -> PrivateKey {
        PrivateKey::from_bytes(&[byte; 32], true).expect("in range")
    }

    fn spender() -> Transaction {
        let output = TxOut { value: Amount::from_coins(1), script_pubkey: Script::new() };
        let input = TxIn::spending(OutPoint::new(Txid::from_bytes([1; 32]), 0));
        Transaction { version: 2, inputs: vec![input], outputs: vec![output], lock_time: 0 }
    }

    fn verify(tx: &Transaction, script_sig: &Script, script_pubkey: &Script) -> Result<(), ScriptError> {
        let precomputed = PrecomputedTransactionData::new(tx);
        let checker =
            TransactionSignatureChecker::new(tx, 0, Amount::from_coins(1), &precomputed).expect("input 0");
        verify_script(script_sig, script_pubkey, &[], VerifyFlags::STANDARD, &checker)
    }

    #[test]
    fn the_owner_spends_p2pkh_and_nobody_else() {
        let tx = spender();
        let script_pubkey = p2pkh(key(1).public_key().pubkey_hash());
        let spend =
            |key: &PrivateKey| verify(&tx, &p2pkh_script_sig(&tx, 0, &script_pubkey, key), &script_pubkey);
        assert_eq!(spend(&key(1)), Ok(()));
        assert_eq!(spend(&key(2)), Err(ScriptError::EqualVerify));
    }

    #[test]
    fn a_signature_over_another_transaction_does_not_spend() {
        let mut tx = spender();
        let script_pubkey = p2pk(&key(1).public_key());
        let script_sig = p2pk_script_sig(&tx, 0, &script_pubkey, &key(1));
        assert_eq!(verify(&tx, &script_sig, &script_pubkey), Ok(()));
        tx.outputs[0].value = Amount::from_coins(2);
        assert_eq!(verify(&tx, &script_sig, &script_pubkey), Err(ScriptError::SigNullFail));
    }

    #[test]
    fn two_of_three_spend_in_the_order_of_the_keys_only() {
        let tx = spender();
        let keys = [key(1), key(2), key(3)];
        let script_pubkey = multisig(2, &keys.each_ref().map(PrivateKey::public_key)).expect("2 of 3");
        let spend = |signers: &[&PrivateKey]| {
            verify(&tx, &multisig_script_sig(&tx, 0, &script_pubkey, signers), &script_pubkey)
        };
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            assert_eq!(spend(&[&keys[a], &keys[b]]), Ok(()));
        }
        assert_eq!(spend(&[&keys[1], &keys[0]]), Err(ScriptError::SigNullFail));
        assert_eq!(spend(&[&keys[0]]), Err(ScriptError::SigNullFail));
    }

    #[test]
    fn op_return_is_never_spent() {
        assert_eq!(
            verify(&spender(), &Script::new().push_int(1), &op_return(b"x")),
            Err(ScriptError::OpReturn)
        );
    }
}
