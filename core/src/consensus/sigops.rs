//! Signature operations as blocks are limited by them: counted in the scripts' bytes, run or not.

use super::params::ConsensusParams;
use crate::primitives::{Height, Script, Transaction, TxIn, TxOut, WITNESS_SCALE_FACTOR};
use crate::script::standard::{script_hash, witness_program};
use crate::script::{Instructions, Opcode};

/// What CHECKMULTISIG counts where the number of keys is not looked at (Core's `MAX_PUBKEYS_PER_MULTISIG`).
const MAX_PUBKEYS_PER_MULTISIG: usize = 20;

/// The cost of the operations that stand in a transaction's own scripts (Core's `GetLegacySigOpCount`, scaled).
pub fn legacy_cost(tx: &Transaction) -> usize {
    let in_inputs: usize =
        tx.inputs.iter().map(|input| count(input.script_sig.as_bytes(), Keys::Assumed)).sum();
    let in_outputs: usize =
        tx.outputs.iter().map(|output| count(output.script_pubkey.as_bytes(), Keys::Assumed)).sum();
    (in_inputs + in_outputs) * WITNESS_SCALE_FACTOR
}

/// The cost of a transaction with what it spends: also the scripts behind script hashes and witnesses (Core's
/// `GetTransactionSigOpCost`). `spent` are the outputs it spends, in order; none for a coinbase.
pub fn transaction_cost<'a>(
    tx: &Transaction,
    spent: impl Iterator<Item = &'a TxOut>,
    height: Height,
    consensus: &ConsensusParams,
) -> usize {
    let with_witness = height >= consensus.segwit_height;
    let behind: usize = tx
        .inputs
        .iter()
        .zip(spent)
        .map(|(input, output)| {
            let witness = if with_witness { witness_count(input, &output.script_pubkey) } else { 0 };
            p2sh_count(input, &output.script_pubkey) * WITNESS_SCALE_FACTOR + witness
        })
        .sum();
    legacy_cost(tx) + behind
}

/// How many signatures running the scripts of one input checks at most: the operations in what it spends, and behind
/// script hash and witness.
pub fn input_checks(input: &TxIn, spent: &TxOut) -> usize {
    let script_pubkey = &spent.script_pubkey;
    count(script_pubkey.as_bytes(), Keys::Pushed)
        + p2sh_count(input, script_pubkey)
        + witness_count(input, script_pubkey)
}

/// How CHECKMULTISIG is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// As 20.
    Assumed,
    /// As the number pushed before it, where there is one (Core's `fAccurate`).
    Pushed,
}

fn p2sh_count(input: &TxIn, script_pubkey: &Script) -> usize {
    if script_hash(script_pubkey).is_none() {
        return 0;
    }
    match last_push(input.script_sig.as_bytes()) {
        Some(redeem_script) => count(redeem_script, Keys::Pushed),
        None => 0,
    }
}

/// Core's `CountWitnessSigOps`: taproot's budget is per input and counts nothing here.
fn witness_count(input: &TxIn, script_pubkey: &Script) -> usize {
    let program = match script_hash(script_pubkey) {
        Some(_) => last_push(input.script_sig.as_bytes()).and_then(witness_program),
        None => witness_program(script_pubkey.as_bytes()),
    };
    match program {
        Some((0, program)) if program.len() == 20 => 1,
        Some((0, program)) if program.len() == 32 => {
            input.witness.last().map_or(0, |script| count(script, Keys::Pushed))
        }
        _ => 0,
    }
}

/// Core's `CScript::GetSigOpCount`: stops at the first push that runs over the end.
fn count(script: &[u8], keys: Keys) -> usize {
    let mut total = 0;
    let mut last = None;
    for instruction in Instructions::new(script).map_while(Result::ok) {
        total += match instruction.opcode {
            Opcode::OP_CHECKSIG | Opcode::OP_CHECKSIGVERIFY => 1,
            Opcode::OP_CHECKMULTISIG | Opcode::OP_CHECKMULTISIGVERIFY => {
                let pushed = last.and_then(Opcode::as_small_int).filter(|keys| *keys > 0);
                match pushed {
                    Some(pushed) if keys == Keys::Pushed => usize::from(pushed),
                    _ => MAX_PUBKEYS_PER_MULTISIG,
                }
            }
            _ => 0,
        };
        last = Some(instruction.opcode);
    }
    total
}

/// The last item that a script of pushes alone pushes; none where it does anything else.
fn last_push(script: &[u8]) -> Option<&[u8]> {
    let mut last = None;
    for instruction in Instructions::new(script) {
        let instruction = instruction.ok()?;
        if !instruction.opcode.is_push() {
            return None;
        }
        last = Some(instruction.data);
    }
    last
}

/// Cases of Core's `sigopcount_tests.cpp` and `script_p2sh_tests.cpp`.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{ScriptHash, hash160, sha256};
    use crate::primitives::{Amount, OutPoint};
    use crate::script::standard::p2sh;

    /// 1 of 2 keys.
    fn multisig() -> Script {
        let script = Script::new().push_int(1).push_data(&[2; 33]).push_data(&[3; 33]).push_int(2);
        script.push_opcode(Opcode::OP_CHECKMULTISIG)
    }

    fn cost(script_sig: Script, witness: Vec<Vec<u8>>, script_pubkey: Script) -> usize {
        let input = TxIn { script_sig, witness, ..TxIn::spending(OutPoint::NULL) };
        let tx = Transaction { version: 1, inputs: vec![input], outputs: vec![], lock_time: 0 };
        let spent = TxOut { value: Amount::ZERO, script_pubkey };
        transaction_cost(&tx, std::iter::once(&spent), Height(1), &ConsensusParams::REGTEST)
    }

    #[test]
    fn scripts_are_counted_where_they_stand() {
        assert_eq!(count(&[], Keys::Assumed), 0);
        assert_eq!(count(multisig().as_bytes(), Keys::Pushed), 2);
        assert_eq!(count(multisig().as_bytes(), Keys::Assumed), 20);
        let branches = multisig().push_opcode(Opcode::OP_IF).push_opcode(Opcode::OP_CHECKSIG);
        assert_eq!(count(branches.as_bytes(), Keys::Pushed), 3);
        // Nothing is counted behind a push that runs over the end.
        assert_eq!(count(&[Opcode::OP_CHECKSIG.0, 0x4b, Opcode::OP_CHECKSIG.0], Keys::Assumed), 1);
    }

    #[test]
    fn an_input_checks_as_many_signatures_as_the_scripts_that_it_runs_hold() {
        let checks = |script_sig: Script, witness: Vec<Vec<u8>>, script_pubkey: Script| {
            let input = TxIn { script_sig, witness, ..TxIn::spending(OutPoint::NULL) };
            input_checks(&input, &TxOut { value: Amount::ZERO, script_pubkey })
        };
        let redeem = multisig();
        assert_eq!(checks(Script::new(), vec![], redeem.clone()), 2);
        let by_hash = p2sh(ScriptHash(hash160(redeem.as_bytes())));
        assert_eq!(checks(Script::new().push_int(0).push_data(redeem.as_bytes()), vec![], by_hash), 2);
        let program = Script::new().push_int(0).push_data(&sha256(redeem.as_bytes()));
        assert_eq!(checks(Script::new(), vec![redeem.into_bytes()], program), 2);
        assert_eq!(checks(Script::new(), vec![], Script::new()), 0);
    }

    #[test]
    fn scripts_behind_hashes_and_witnesses_are_counted_too() {
        let redeem = multisig();
        let by_hash = p2sh(ScriptHash(hash160(redeem.as_bytes())));
        let pushed = Script::new().push_int(0).push_data(redeem.as_bytes());
        assert_eq!(cost(pushed.clone(), vec![], by_hash.clone()), 2 * WITNESS_SCALE_FACTOR);
        let not_only_pushes = pushed.push_opcode(Opcode::OP_NOP);
        assert_eq!(cost(not_only_pushes, vec![], by_hash), 0);

        let key_program = Script::new().push_int(0).push_data(&[7; 20]);
        assert_eq!(cost(Script::new(), vec![], key_program.clone()), 1);
        let script_program = Script::new().push_int(0).push_data(&sha256(redeem.as_bytes()));
        assert_eq!(cost(Script::new(), vec![redeem.into_bytes()], script_program), 2);
        let wrapped = p2sh(ScriptHash(hash160(key_program.as_bytes())));
        assert_eq!(cost(Script::new().push_data(key_program.as_bytes()), vec![], wrapped), 1);
    }
}
