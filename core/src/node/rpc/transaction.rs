//! Transactions and scripts as JSON, with the fields of Bitcoin Core's `TxToUniv` and `ScriptToUniv`.

use super::amounts::coins;
use crate::crypto::{Address, AddressParams};
use crate::encode::{Encode, hex, serialize};
use crate::primitives::{Script, Transaction, TxIn, TxOut};
use crate::script::standard::{self, Template};
use serde_json::{Map, Value, json};

/// A transaction decoded, without its hex.
pub(in crate::node) fn transaction(tx: &Transaction, params: &AddressParams) -> Map<String, Value> {
    let is_coinbase = tx.is_coinbase();
    let outputs = tx.outputs.iter().enumerate();
    let fields = json!({
        "txid": tx.txid().to_string(),
        "hash": tx.wtxid().to_string(),
        "version": tx.version as u32,
        "size": tx.encoded_len(),
        "vsize": tx.vsize(),
        "weight": tx.weight(),
        "locktime": tx.lock_time,
        "vin": tx.inputs.iter().map(|txin| input(txin, is_coinbase)).collect::<Vec<_>>(),
        "vout": outputs.map(|(n, txout)| output(txout, n, params)).collect::<Vec<_>>(),
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// A transaction as hex.
pub(in crate::node) fn transaction_hex(tx: &Transaction) -> String {
    hex::encode(&serialize(tx))
}

fn input(txin: &TxIn, is_coinbase: bool) -> Value {
    let mut fields = Map::new();
    let script = hex::encode(txin.script_sig.as_bytes());
    if is_coinbase {
        fields.insert("coinbase".into(), script.into());
    } else {
        fields.insert("txid".into(), txin.previous_output.txid.to_string().into());
        fields.insert("vout".into(), txin.previous_output.vout.into());
        fields.insert("scriptSig".into(), json!({ "asm": txin.script_sig.to_string(), "hex": script }));
    }
    if !txin.witness.is_empty() {
        let items: Vec<String> = txin.witness.iter().map(|item| hex::encode(item)).collect();
        fields.insert("txinwitness".into(), items.into());
    }
    fields.insert("sequence".into(), txin.sequence.into());
    Value::Object(fields)
}

fn output(txout: &TxOut, n: usize, params: &AddressParams) -> Value {
    json!({ "value": coins(txout.value), "n": n, "scriptPubKey": script_pubkey(&txout.script_pubkey, params) })
}

/// The condition of an output: its instructions, its bytes, the address that stands for it, and its template.
pub(super) fn script_pubkey(script: &Script, params: &AddressParams) -> Value {
    let template = standard::classify(script);
    let mut fields = Map::new();
    fields.insert("asm".into(), script.to_string().into());
    fields.insert("hex".into(), hex::encode(script.as_bytes()).into());
    let address = Address::from_script(script).filter(|_| !matches!(template, Template::P2pk(_)));
    if let Some(address) = address {
        fields.insert("address".into(), address.to_text(params).into());
    }
    fields.insert("type".into(), template_name(&template).into());
    Value::Object(fields)
}

/// A template's name (Core's `GetTxnOutputType`).
fn template_name(template: &Template) -> &'static str {
    match template {
        Template::P2pkh(_) => "pubkeyhash",
        Template::P2pk(_) => "pubkey",
        Template::P2sh(_) => "scripthash",
        Template::Multisig { .. } => "multisig",
        Template::Witness { version: 0, program } if program.len() == 20 => "witness_v0_keyhash",
        Template::Witness { version: 0, .. } => "witness_v0_scripthash",
        Template::Witness { version: 1, program } if program.len() == 32 => "witness_v1_taproot",
        Template::Witness { .. } => "witness_unknown",
        Template::Anchor => "anchor",
        Template::OpReturn(_) => "nulldata",
        Template::NonStandard => "nonstandard",
    }
}
