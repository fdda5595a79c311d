//! Which valid transactions are relayed: the standard forms, and no dust (Core's `policy/policy.cpp`).

use super::FeeRate;
use crate::encode::Encode;
use crate::primitives::{Amount, Script, Transaction, TxOut};
use crate::script::standard::{Template, classify, is_unspendable, witness_program};

/// The most that a relayed transaction weighs, weight units (Core's `MAX_STANDARD_TX_WEIGHT`).
pub const MAX_STANDARD_TX_WEIGHT: usize = 400_000;
/// The least that a relayed transaction has without witnesses, bytes: 64 could pass for an inner node of a merkle tree
/// (Core's `MIN_STANDARD_TX_NONWITNESS_SIZE`).
pub const MIN_STANDARD_TX_SIZE: usize = 65;
/// Signature operations of a relayed transaction, cost units (Core's `MAX_STANDARD_TX_SIGOPS_COST`).
pub const MAX_STANDARD_TX_SIGOPS_COST: usize = 16_000;
/// Virtual bytes that a signature operation counts for at least (Core's `DEFAULT_BYTES_PER_SIGOP`).
pub const BYTES_PER_SIGOP: usize = 20;

/// Versions of relayed transactions (Core's `TX_MIN_STANDARD_VERSION`, `TX_MAX_STANDARD_VERSION`).
const STANDARD_VERSIONS: std::ops::RangeInclusive<i32> = 1..=3;
/// Bytes of an input's script (Core's `MAX_STANDARD_SCRIPTSIG_SIZE`).
const MAX_STANDARD_SCRIPTSIG_SIZE: usize = 1_650;
/// Keys of bare multisig.
const MAX_STANDARD_MULTISIG_KEYS: usize = 3;
/// Bytes of all data-carrying output scripts together (Core's `MAX_OP_RETURN_RELAY`).
const MAX_OP_RETURN_RELAY: usize = 100_000;
/// Bytes that spending an output takes, with and without a witness (Core's `GetDustThreshold`).
const SPENDING_SIZE: usize = 148;
/// See [`SPENDING_SIZE`].
const WITNESS_SPENDING_SIZE: usize = 67;

/// Why a valid transaction is not relayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StandardError {
    /// A version that has no meaning yet.
    #[error("version: transaction version {0}")]
    Version(i32),
    /// Too heavy.
    #[error("tx-size: weight {0} is above {MAX_STANDARD_TX_WEIGHT}")]
    TooLarge(usize),
    /// Too small.
    #[error("tx-size-small: {0} bytes without witnesses are below {MIN_STANDARD_TX_SIZE}")]
    TooSmall(usize),
    /// An input's script is too long.
    #[error("scriptsig-size: script of input {0} is above {MAX_STANDARD_SCRIPTSIG_SIZE} bytes")]
    ScriptSigSize(usize),
    /// An input's script does more than push.
    #[error("scriptsig-not-pushonly: script of input {0} does more than push")]
    ScriptSigNotPushOnly(usize),
    /// An output follows no template.
    #[error("scriptpubkey: output {0} follows no standard template")]
    ScriptPubKey(usize),
    /// Outputs carry too much data.
    #[error("datacarrier: {0} bytes of data are above {MAX_OP_RETURN_RELAY}")]
    DataCarrier(usize),
    /// An output would cost more to spend than it is worth.
    #[error("dust: output {output} of {value} is below {least}")]
    Dust {
        /// Which.
        output: usize,
        /// Its value.
        value: Amount,
        /// The least that is relayed.
        least: Amount,
    },
    /// An input spends an output that follows no template.
    #[error("bad-txns-nonstandard-inputs: input {0} spends an output of no standard template")]
    NonStandardInput(usize),
    /// An input brings a witness where there is nothing to witness.
    #[error("bad-witness-nonstandard: input {0} spends an anchor with a witness")]
    NonStandardWitness(usize),
    /// Too many signature operations.
    #[error("bad-txns-too-many-sigops: signature operations cost {0}, above {MAX_STANDARD_TX_SIGOPS_COST}")]
    TooManySigops(usize),
}

impl StandardError {
    /// Bitcoin Core's reject reason.
    pub const fn reject_reason(&self) -> &'static str {
        match self {
            Self::Version(_) => "version",
            Self::TooLarge(_) => "tx-size",
            Self::TooSmall(_) => "tx-size-small",
            Self::ScriptSigSize(_) => "scriptsig-size",
            Self::ScriptSigNotPushOnly(_) => "scriptsig-not-pushonly",
            Self::ScriptPubKey(_) => "scriptpubkey",
            Self::DataCarrier(_) => "datacarrier",
            Self::Dust { .. } => "dust",
            Self::NonStandardInput(_) => "bad-txns-nonstandard-inputs",
            Self::NonStandardWitness(_) => "bad-witness-nonstandard",
            Self::TooManySigops(_) => "bad-txns-too-many-sigops",
        }
    }
}

/// The value below which an output is dust at a rate per 1,000 virtual bytes: what spending it would cost (Core's
/// `GetDustThreshold`). Nothing for what cannot be spent.
pub fn dust_threshold(script_pubkey: &Script, dust_relay_fee: Amount) -> Amount {
    if is_unspendable(script_pubkey) {
        return Amount::ZERO;
    }
    let spending = match witness_program(script_pubkey.as_bytes()) {
        Some(_) => WITNESS_SPENDING_SIZE,
        None => SPENDING_SIZE,
    };
    FeeRate::per_kvb(dust_relay_fee).fee(Amount::ZERO.encoded_len() + script_pubkey.encoded_len() + spending)
}

/// Checks a transaction's form (Core's `IsStandardTx`; but no output may be dust).
pub(super) fn check_standard(tx: &Transaction, dust_relay_fee: Amount) -> Result<(), StandardError> {
    if !STANDARD_VERSIONS.contains(&tx.version) {
        return Err(StandardError::Version(tx.version));
    }
    if tx.weight() > MAX_STANDARD_TX_WEIGHT {
        return Err(StandardError::TooLarge(tx.weight()));
    }
    if tx.stripped_size() < MIN_STANDARD_TX_SIZE {
        return Err(StandardError::TooSmall(tx.stripped_size()));
    }
    for (index, input) in tx.inputs.iter().enumerate() {
        if input.script_sig.len() > MAX_STANDARD_SCRIPTSIG_SIZE {
            return Err(StandardError::ScriptSigSize(index));
        }
        if !input.script_sig.is_push_only() {
            return Err(StandardError::ScriptSigNotPushOnly(index));
        }
    }
    check_standard_outputs(tx, dust_relay_fee)
}

fn check_standard_outputs(tx: &Transaction, dust_relay_fee: Amount) -> Result<(), StandardError> {
    let mut data = 0;
    for (index, output) in tx.outputs.iter().enumerate() {
        match classify(&output.script_pubkey) {
            Template::NonStandard => return Err(StandardError::ScriptPubKey(index)),
            Template::Multisig { keys, .. } if keys.len() > MAX_STANDARD_MULTISIG_KEYS => {
                return Err(StandardError::ScriptPubKey(index));
            }
            Template::Witness { version: 1.., .. } => return Err(StandardError::ScriptPubKey(index)),
            Template::OpReturn(_) => data += output.script_pubkey.len(),
            _ => {}
        }
        let least = dust_threshold(&output.script_pubkey, dust_relay_fee);
        if output.value < least {
            return Err(StandardError::Dust { output: index, value: output.value, least });
        }
    }
    if data > MAX_OP_RETURN_RELAY { Err(StandardError::DataCarrier(data)) } else { Ok(()) }
}

/// Checks that every output spent follows a template whose rules are in force, for anybody could spend another witness
/// program above version 0, and that an anchor is spent without a witness, which anybody could change (Core's
/// `AreInputsStandard`, `IsWitnessStandard`). `spent` are the outputs that the inputs spend, in order.
pub(super) fn check_standard_inputs<'a>(
    tx: &Transaction,
    spent: impl Iterator<Item = &'a TxOut>,
) -> Result<(), StandardError> {
    for (index, (input, output)) in tx.inputs.iter().zip(spent).enumerate() {
        match classify(&output.script_pubkey) {
            Template::NonStandard | Template::Witness { version: 1.., .. } => {
                return Err(StandardError::NonStandardInput(index));
            }
            Template::Anchor if !input.witness.is_empty() => {
                return Err(StandardError::NonStandardWitness(index));
            }
            _ => {}
        }
    }
    Ok(())
}
