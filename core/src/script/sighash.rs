//! What a signature signs: a hash over parts of the transaction (Core's `SignatureHash`).

use crate::crypto::sha256d;
use crate::encode::{Encode, encode_bytes, encode_compact_size, serialize};
use crate::primitives::{Amount, OutPoint, Transaction};

use super::Opcode;
use super::build::Instructions;

/// Which parts a signature covers: the byte behind it in a script, four bytes where it is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SighashType(pub u32);

impl SighashType {
    /// All inputs and outputs.
    pub const ALL: Self = Self(1);
    /// All inputs, no output.
    pub const NONE: Self = Self(2);
    /// All inputs, and the output with the same index.
    pub const SINGLE: Self = Self(3);
    /// With one of the others: only the input that is signed.
    pub const ANYONECANPAY: Self = Self(0x80);

    const OUTPUT_MASK: u32 = 0x1f;

    /// Whether this is one of the six that are defined (Core's `IsDefinedHashtypeSignature`).
    pub const fn is_defined(self) -> bool {
        matches!(self.0 & !Self::ANYONECANPAY.0, 1..=3)
    }

    const fn anyone_can_pay(self) -> bool {
        self.0 & Self::ANYONECANPAY.0 != 0
    }

    const fn is_none(self) -> bool {
        self.0 & Self::OUTPUT_MASK == Self::NONE.0
    }

    const fn is_single(self) -> bool {
        self.0 & Self::OUTPUT_MASK == Self::SINGLE.0
    }

    const fn covers_other_sequences(self) -> bool {
        !self.anyone_can_pay() && !self.is_none() && !self.is_single()
    }
}

/// Hashes over a whole transaction that all its witness signatures share (BIP143); made once per transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrecomputedTransactionData {
    prevouts: [u8; 32],
    sequences: [u8; 32],
    outputs: [u8; 32],
}

impl PrecomputedTransactionData {
    /// Hashes the parts of `tx`.
    pub fn new(tx: &Transaction) -> Self {
        let mut prevouts = Vec::with_capacity(tx.inputs.len() * 36);
        let mut sequences = Vec::with_capacity(tx.inputs.len() * 4);
        let mut outputs = Vec::new();
        for input in &tx.inputs {
            input.previous_output.encode(&mut prevouts);
            input.sequence.encode(&mut sequences);
        }
        for output in &tx.outputs {
            output.encode(&mut outputs);
        }
        Self { prevouts: sha256d(&prevouts), sequences: sha256d(&sequences), outputs: sha256d(&outputs) }
    }
}

/// The number one, which a signature signs where its type asks for an output that is not there.
const ONE: [u8; 32] = {
    let mut one = [0; 32];
    one[0] = 1;
    one
};

/// The hash that signatures outside witnesses sign. `script_code` is the script that is executed, from the last
/// OP_CODESEPARATOR on; further ones in it are left out here.
///
/// An index without input, or SINGLE without a matching output, gives the number one, as it always has.
pub fn legacy_signature_hash(
    tx: &Transaction,
    input_index: usize,
    script_code: &[u8],
    hash_type: SighashType,
) -> [u8; 32] {
    if input_index >= tx.inputs.len() || (hash_type.is_single() && input_index >= tx.outputs.len()) {
        return ONE;
    }
    let mut out = Vec::with_capacity(tx.stripped_size() + script_code.len() + 8);
    tx.version.encode(&mut out);
    encode_legacy_inputs(tx, input_index, &without_code_separators(script_code), hash_type, &mut out);
    encode_legacy_outputs(tx, input_index, hash_type, &mut out);
    tx.lock_time.encode(&mut out);
    hash_type.0.encode(&mut out);
    sha256d(&out)
}

fn encode_legacy_inputs(
    tx: &Transaction,
    signed: usize,
    script_code: &[u8],
    hash_type: SighashType,
    out: &mut Vec<u8>,
) {
    let covered = if hash_type.anyone_can_pay() { signed..signed + 1 } else { 0..tx.inputs.len() };
    encode_compact_size(covered.len() as u64, out);
    for index in covered {
        let input = &tx.inputs[index];
        input.previous_output.encode(out);
        encode_bytes(if index == signed { script_code } else { &[] }, out);
        let free = index != signed && (hash_type.is_none() || hash_type.is_single());
        if free { 0 } else { input.sequence }.encode(out);
    }
}

fn encode_legacy_outputs(tx: &Transaction, signed: usize, hash_type: SighashType, out: &mut Vec<u8>) {
    let covered = if hash_type.is_none() {
        0
    } else if hash_type.is_single() {
        signed + 1
    } else {
        tx.outputs.len()
    };
    encode_compact_size(covered as u64, out);
    for (index, output) in tx.outputs.iter().take(covered).enumerate() {
        if hash_type.is_single() && index != signed {
            Amount::from_sat(-1).encode(out);
            encode_bytes(&[], out);
        } else {
            output.encode(out);
        }
    }
}

fn without_code_separators(script_code: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(script_code.len());
    let mut instructions = Instructions::new(script_code);
    let mut start = 0;
    while let Some(Ok(step)) = instructions.next() {
        if step.opcode == Opcode::OP_CODESEPARATOR {
            kept.extend_from_slice(&script_code[start..instructions.position() - 1]);
            start = instructions.position();
        }
    }
    kept.extend_from_slice(&script_code[start..]);
    kept
}

/// The hash that signatures in version 0 witnesses sign (BIP143); `amount` is what the spent output holds.
///
/// An index without input gives the number one.
pub fn segwit_v0_signature_hash(
    tx: &Transaction,
    input_index: usize,
    script_code: &[u8],
    amount: Amount,
    hash_type: SighashType,
    precomputed: &PrecomputedTransactionData,
) -> [u8; 32] {
    let Some(input) = tx.inputs.get(input_index) else { return ONE };
    let absent = [0; 32];
    let prevouts = if hash_type.anyone_can_pay() { absent } else { precomputed.prevouts };
    let sequences = if hash_type.covers_other_sequences() { precomputed.sequences } else { absent };
    let outputs = if hash_type.is_single() {
        tx.outputs.get(input_index).map_or(absent, |output| sha256d(&serialize(output)))
    } else if hash_type.is_none() {
        absent
    } else {
        precomputed.outputs
    };
    let mut out = Vec::with_capacity(160 + script_code.len());
    tx.version.encode(&mut out);
    out.extend_from_slice(&prevouts);
    out.extend_from_slice(&sequences);
    OutPoint::encode(&input.previous_output, &mut out);
    encode_bytes(script_code, &mut out);
    amount.encode(&mut out);
    input.sequence.encode(&mut out);
    out.extend_from_slice(&outputs);
    tx.lock_time.encode(&mut out);
    hash_type.0.encode(&mut out);
    sha256d(&out)
}
