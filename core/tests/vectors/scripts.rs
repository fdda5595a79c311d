//! Scripts with their expected ends (Core's `script_tests.json`), and the assembly that Core's vectors are written in.

use std::fmt::Write as _;

use libtest_mimic::Failed;
use serde_json::Value;
use terrarium_core::encode::hex;
use terrarium_core::primitives::{Amount, COIN, OutPoint, Script, Transaction, TxIn, TxOut};
use terrarium_core::script::{
    Opcode, PrecomputedTransactionData, ScriptError, TransactionSignatureChecker, VerifyFlags, verify_script,
};

use crate::files;

/// How the spend of an output by a transaction's only input ends under some rules.
pub(crate) type Ender = fn(&Transaction, &TxOut, VerifyFlags) -> Result<(), ScriptError>;

pub(crate) fn script_tests() -> Result<(), Failed> {
    script_tests_by(|spend, output, flags| {
        let input = &spend.inputs[0];
        let precomputed = PrecomputedTransactionData::new(spend);
        let checker =
            TransactionSignatureChecker::new(spend, 0, output.value, &precomputed).expect("input 0");
        verify_script(&input.script_sig, &output.script_pubkey, &input.witness, flags, &checker)
    })
}

/// Core's scripts, each run by `end`.
pub(crate) fn script_tests_by(end: Ender) -> Result<(), Failed> {
    let (mut run, mut skipped, mut wrong) = (0, Vec::new(), String::new());
    for row in files::rows("bitcoin-core/unit/script_tests.json").iter().filter(|row| row.len() > 3) {
        let (witness, fields) = match row[0].as_array() {
            Some(witness) => (witness.as_slice(), &row[1..]),
            None => (&[][..], &row[..]),
        };
        let [sig, pubkey, flags, expected] = [0, 1, 2, 3].map(|index| files::string(&fields[index]));
        let Some(flags) = parse_flags(flags) else {
            skipped.push(format!("{row:?}"));
            continue;
        };
        let ended = run_one(&parse_asm(sig), &parse_asm(pubkey), witness, flags, end);
        run += 1;
        if ended != expected {
            writeln!(wrong, "{ended} instead of {expected}: {row:?}")?;
        }
    }
    println!("{run} scripts run, {} skipped because they need taproot", skipped.len());
    if !wrong.is_empty() {
        return Err(wrong.into());
    }
    assert_eq!((run, skipped.len()), (1228, 5));
    Ok(())
}

/// Spends an output of `pubkey` as Core's harness does, and names the outcome.
fn run_one(
    sig: &Script,
    pubkey: &Script,
    witness: &[Value],
    mut flags: VerifyFlags,
    end: Ender,
) -> &'static str {
    if flags.contains(VerifyFlags::CLEANSTACK) {
        flags = flags | VerifyFlags::P2SH | VerifyFlags::WITNESS;
    }
    let (amount, items) = match witness.split_last() {
        Some((amount, items)) => ((amount.as_f64().unwrap_or_default() * COIN as f64).round() as i64, items),
        None => (0, &[][..]),
    };
    let value = Amount::from_sat(amount);
    let witness: Vec<Vec<u8>> = items.iter().map(files::hex).collect();
    let mut null_input = TxIn::spending(OutPoint::NULL);
    null_input.script_sig = Script::new().push_int(0).push_int(0);
    let credit = Transaction {
        version: 1,
        inputs: vec![null_input],
        outputs: vec![TxOut { value, script_pubkey: pubkey.clone() }],
        lock_time: 0,
    };
    let input = TxIn { script_sig: sig.clone(), witness, ..TxIn::spending(OutPoint::new(credit.txid(), 0)) };
    let spend = Transaction {
        version: 1,
        inputs: vec![input],
        outputs: vec![TxOut { value, script_pubkey: Script::new() }],
        lock_time: 0,
    };
    match end(&spend, &credit.outputs[0], flags) {
        Ok(()) => "OK",
        Err(error) => error.name(),
    }
}

/// The rules that a list names; `None` if one is unknown here.
pub(crate) fn parse_flags(list: &str) -> Option<VerifyFlags> {
    list.split(',').try_fold(VerifyFlags::NONE, |flags, name| Some(flags | VerifyFlags::from_name(name)?))
}

/// Reads the assembly of Core's vectors: numbers, `0x` for raw bytes, quoted text to push, opcodes with or without
/// `OP_` (Core's `ParseScript`).
pub(crate) fn parse_asm(text: &str) -> Script {
    text.split_ascii_whitespace().fold(Script::new(), |script, word| {
        if let Ok(n) = word.parse::<i64>() {
            script.push_int(n)
        } else if let Some(digits) = word.strip_prefix("0x") {
            let raw = hex::decode(digits).expect("hexadecimal");
            Script::from_bytes([script.into_bytes(), raw].concat())
        } else if let Some(quoted) = word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            script.push_data(quoted.as_bytes())
        } else {
            script.push_opcode(parse_opcode(word))
        }
    })
}

fn parse_opcode(word: &str) -> Opcode {
    let name = if word.starts_with("OP_") { word.to_owned() } else { format!("OP_{word}") };
    let name = match name.as_str() {
        "OP_NOP2" => "OP_CHECKLOCKTIMEVERIFY",
        "OP_NOP3" => "OP_CHECKSEQUENCEVERIFY",
        other => other,
    };
    Opcode::from_name(name).unwrap_or_else(|| panic!("{word} is an opcode"))
}
