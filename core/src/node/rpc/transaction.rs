//! Transactions and scripts as JSON, with the fields of Bitcoin Core's `TxToUniv` and `ScriptToUniv`.

use super::amounts::coins;
use super::json::{Json, Object, object};
use crate::crypto::{Address, AddressError, AddressParams};
use crate::encode::{Encode, hex, serialize};
use crate::primitives::{Script, Transaction, TxIn, TxOut};
use crate::script::standard::{self, Template};

/// A transaction decoded, without its hex.
pub(in crate::node) fn transaction(tx: &Transaction, params: &AddressParams) -> Object {
    let is_coinbase = tx.is_coinbase();
    let outputs = tx.outputs.iter().enumerate();
    object! {
        "txid": tx.txid().to_string(),
        "hash": tx.wtxid().to_string(),
        "version": tx.version as u32,
        "size": tx.encoded_len(),
        "vsize": tx.vsize(),
        "weight": tx.weight(),
        "locktime": tx.lock_time,
        "vin": tx.inputs.iter().map(|txin| input(txin, is_coinbase)).collect::<Json>(),
        "vout": outputs.map(|(n, txout)| output(txout, n, params)).collect::<Json>(),
    }
}

/// A transaction as hex.
pub(in crate::node) fn transaction_hex(tx: &Transaction) -> String {
    hex::encode(&serialize(tx))
}

fn input(txin: &TxIn, is_coinbase: bool) -> Object {
    let mut fields = Object::default();
    let script = hex::encode(txin.script_sig.as_bytes());
    if is_coinbase {
        fields.put("coinbase", script);
    } else {
        fields.put("txid", txin.previous_output.txid.to_string());
        fields.put("vout", txin.previous_output.vout);
        fields.put("scriptSig", object! { "asm": txin.script_sig.to_string(), "hex": script });
    }
    if !txin.witness.is_empty() {
        fields.put("txinwitness", txin.witness.iter().map(|item| hex::encode(item)).collect::<Json>());
    }
    fields.put("sequence", txin.sequence);
    fields
}

fn output(txout: &TxOut, n: usize, params: &AddressParams) -> Object {
    object! { "value": coins(txout.value), "n": n, "scriptPubKey": script_pubkey(&txout.script_pubkey, params) }
}

/// The condition of an output: its instructions, its bytes, the address that stands for it, and its template.
pub(super) fn script_pubkey(script: &Script, params: &AddressParams) -> Object {
    let mut fields = object! { "asm": script.to_string(), "hex": hex::encode(script.as_bytes()) };
    if let Some(address) = address(script, params) {
        fields.put("address", address);
    }
    fields.put("type", template_name(&standard::classify(script)));
    fields
}

/// The address that stands for an output's condition, where one does: a bare public key has none.
pub(in crate::node) fn address(script: &Script, params: &AddressParams) -> Option<String> {
    let address = Address::from_script(script)?;
    let is_bare_key = matches!(standard::classify(script), Template::P2pk(_));
    (!is_bare_key).then(|| address.to_text(params))
}

/// `validateaddress`.
pub(in crate::node) fn validated(parsed: Result<Address, AddressError>, params: &AddressParams) -> Object {
    let address = match parsed {
        Ok(address) => address,
        Err(error) => return object! { "isvalid": false, "error": error.to_string() },
    };
    let mut fields = object! {
        "isvalid": true,
        "address": address.to_text(params),
        "scriptPubKey": hex::encode(address.script_pubkey().as_bytes()),
    };
    match address {
        Address::P2pkh(_) => fields.put("isscript", false),
        Address::P2sh(_) => fields.put("isscript", true),
        Address::Witness { version, program } => {
            if version < 2 {
                fields.put("isscript", program.len() == 32);
            }
            fields.put("iswitness", true);
            fields.put("witness_version", u32::from(version));
            fields.put("witness_program", hex::encode(&program));
            return fields;
        }
    }
    fields.put("iswitness", false);
    fields
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
