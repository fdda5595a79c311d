//! Making the signatures that the standard templates ask for.

use super::sighash::{SighashType, legacy_signature_hash};
use crate::crypto::PrivateKey;
use crate::primitives::{Script, Transaction};

/// A signature over one input outside witnesses, with its hash type byte, as scripts take it.
/// `script_code` is the script of the output that is spent.
pub fn sign_legacy_input(
    tx: &Transaction,
    input_index: usize,
    script_code: &Script,
    key: &PrivateKey,
    hash_type: SighashType,
) -> Vec<u8> {
    let digest = legacy_signature_hash(tx, input_index, script_code.as_bytes(), hash_type);
    let mut signature = key.sign(&digest).to_der();
    signature.push(hash_type.0 as u8);
    signature
}

/// The scriptSig that spends a P2PKH output: a signature over everything, and the key.
pub fn p2pkh_script_sig(
    tx: &Transaction,
    input_index: usize,
    script_pubkey: &Script,
    key: &PrivateKey,
) -> Script {
    let signature = sign_legacy_input(tx, input_index, script_pubkey, key, SighashType::ALL);
    Script::new().push_data(&signature).push_data(key.public_key().as_bytes())
}

/// The scriptSig that spends a P2PK output: a signature over everything.
pub fn p2pk_script_sig(
    tx: &Transaction,
    input_index: usize,
    script_pubkey: &Script,
    key: &PrivateKey,
) -> Script {
    Script::new().push_data(&sign_legacy_input(tx, input_index, script_pubkey, key, SighashType::ALL))
}

/// The scriptSig that spends bare multisig: the item that OP_CHECKMULTISIG takes too much, and a signature of each
/// of `keys`, which stand in the order of the script.
pub fn multisig_script_sig(
    tx: &Transaction,
    input_index: usize,
    script_pubkey: &Script,
    keys: &[&PrivateKey],
) -> Script {
    keys.iter().fold(Script::new().push_int(0), |script, key| {
        script.push_data(&sign_legacy_input(tx, input_index, script_pubkey, key, SighashType::ALL))
    })
}
