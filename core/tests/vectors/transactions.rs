//! Whole transactions (Core's `tx_valid.json`, `tx_invalid.json`; bcoin's raw ones).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use libtest_mimic::Failed;
use serde_json::Value;
use terrarium_core::consensus::check::check_transaction;
use terrarium_core::encode::{deserialize, serialize};
use terrarium_core::primitives::{Amount, OutPoint, Script, Transaction};
use terrarium_core::script::{
    PrecomputedTransactionData, ScriptError, TransactionSignatureChecker, VerifyFlags, verify_script,
};

use crate::files;
use crate::scripts::{parse_asm, parse_flags};

pub(crate) fn valid() -> Result<(), Failed> {
    let (mut run, mut wrong) = (0, String::new());
    for (index, row) in cases("bitcoin-core/unit/tx_valid.json").iter().enumerate() {
        let tx: Transaction = deserialize(&files::hex(&row[1]))?;
        let Some(excluded) = parse_flags(files::string(&row[2])) else { return Err("unknown flag".into()) };
        if let Err(error) = check_transaction(&tx) {
            writeln!(wrong, "case {index}, {}: {error}", tx.txid())?;
        }
        let flags = fill(VerifyFlags::ALL.without(excluded));
        if let Err(error) = spend(&tx, &prevouts(&row[0]), flags) {
            writeln!(wrong, "case {index}, {}: {}", tx.txid(), error.name())?;
        }
        for one in files::string(&row[2]).split(',').filter_map(VerifyFlags::from_name) {
            let with_one = fill(flags | one);
            if one != VerifyFlags::NONE && spend(&tx, &prevouts(&row[0]), with_one).is_ok() {
                writeln!(wrong, "case {index}, {}: passes with {one:?} too", tx.txid())?;
            }
        }
        run += 1;
    }
    println!("{run} valid transactions run");
    if wrong.is_empty() { Ok(()) } else { Err(wrong.into()) }
}

/// Those marked `BADTX` break a rule of the transaction by itself, the others one of their scripts.
pub(crate) fn invalid() -> Result<(), Failed> {
    let (mut scripts, mut bad, mut wrong) = (0, 0, String::new());
    for (index, row) in cases("bitcoin-core/unit/tx_invalid.json").iter().enumerate() {
        let tx: Transaction = deserialize(&files::hex(&row[1]))?;
        let passes = match parse_flags(files::string(&row[2])) {
            Some(flags) => {
                scripts += 1;
                spend(&tx, &prevouts(&row[0]), fill(flags)).is_ok()
            }
            None => {
                assert_eq!(files::string(&row[2]), "BADTX");
                bad += 1;
                check_transaction(&tx).is_ok()
            }
        };
        if passes {
            writeln!(wrong, "case {index}, {} passes", tx.txid())?;
        }
    }
    println!("{scripts} transactions fail by their scripts, {bad} by themselves");
    assert_eq!(bad, 9);
    if wrong.is_empty() { Ok(()) } else { Err(wrong.into()) }
}

pub(crate) fn raw_files() -> Result<(), Failed> {
    for n in 1..=10 {
        let raw = files::bytes(&format!("bcoin/tx{n}.raw"));
        let tx: Transaction = deserialize(&raw).map_err(|error| format!("tx{n}: {error}"))?;
        assert_eq!(serialize(&tx), raw, "tx{n}");
    }
    Ok(())
}

/// Every row but the comments.
fn cases(path: &str) -> Vec<Vec<Value>> {
    files::rows(path).into_iter().filter(|row| row.len() == 3 && row[0].is_array()).collect()
}

/// Rules that stand on others bring them along, as in Core's harness (`FillFlags`).
fn fill(mut flags: VerifyFlags) -> VerifyFlags {
    if flags.contains(VerifyFlags::CLEANSTACK) {
        flags = flags | VerifyFlags::WITNESS;
    }
    if flags.contains(VerifyFlags::WITNESS) { flags | VerifyFlags::P2SH } else { flags }
}

fn prevouts(list: &Value) -> BTreeMap<OutPoint, (Script, Amount)> {
    let rows = list.as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter()
        .map(|row| {
            let txid = files::string(&row[0]).parse().expect("a hash");
            let vout = row[1].as_i64().expect("an index") as u32;
            let amount = Amount::from_sat(row.get(3).and_then(Value::as_i64).unwrap_or_default());
            (OutPoint::new(txid, vout), (parse_asm(files::string(&row[2])), amount))
        })
        .collect()
}

fn spend(
    tx: &Transaction,
    prevouts: &BTreeMap<OutPoint, (Script, Amount)>,
    flags: VerifyFlags,
) -> Result<(), ScriptError> {
    let precomputed = PrecomputedTransactionData::new(tx);
    tx.inputs.iter().enumerate().try_for_each(|(index, input)| {
        let (script, amount) = &prevouts[&input.previous_output];
        let checker = TransactionSignatureChecker::new(tx, index, *amount, &precomputed).expect("an input");
        verify_script(&input.script_sig, script, &input.witness, flags, &checker)
    })
}
