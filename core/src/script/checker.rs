//! What a script may ask about the transaction that spends it.

use super::num::ScriptNum;
use super::sighash::{
    PrecomputedTransactionData, SighashType, legacy_signature_hash, segwit_v0_signature_hash,
};
use crate::crypto::{PublicKey, Signature, ecdsa_check};
use crate::primitives::{Amount, Transaction, TxIn};
use std::cell::RefCell;

/// Lock times below are heights, from here on seconds (Core's `LOCKTIME_THRESHOLD`).
pub const LOCKTIME_THRESHOLD: u32 = 500_000_000;

/// A sequence number with this bit is no relative lock (BIP68).
pub const SEQUENCE_LOCKTIME_DISABLE_FLAG: u32 = 1 << 31;

/// A relative lock with this bit counts 512 seconds, else blocks (BIP68).
pub const SEQUENCE_LOCKTIME_TYPE_FLAG: u32 = 1 << 22;

/// The bits of a sequence number that say how long (BIP68).
pub const SEQUENCE_LOCKTIME_MASK: u32 = 0x0000_ffff;

/// Which dialect a script is executed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SigVersion {
    /// scriptSig, scriptPubKey and BIP16's scripts.
    Base,
    /// Version 0 witness scripts (BIP143).
    WitnessV0,
}

/// Answers a script's questions about its spender (Core's `BaseSignatureChecker`).
pub trait SignatureChecker {
    /// Whether `signature`, its last byte being the hash type, is `pubkey`'s over the spender.
    fn check_ecdsa_signature(
        &self,
        signature: &[u8],
        pubkey: &[u8],
        script_code: &[u8],
        version: SigVersion,
    ) -> bool;

    /// Whether the spender cannot be mined before `lock_time` (BIP65).
    fn check_lock_time(&self, lock_time: ScriptNum) -> bool;

    /// Whether the spender's input cannot be mined before a relative lock of `sequence` ends (BIP112).
    fn check_sequence(&self, sequence: ScriptNum) -> bool;
}

/// Answers for one input of a transaction.
#[derive(Debug, Clone, Copy)]
pub struct TransactionSignatureChecker<'a> {
    tx: &'a Transaction,
    input_index: usize,
    input: &'a TxIn,
    amount: Amount,
    precomputed: &'a PrecomputedTransactionData,
    /// Gets signatures that are to be checked later, as [`ecdsa_check`] writes them.
    later: Option<&'a RefCell<Vec<u8>>>,
}

impl<'a> TransactionSignatureChecker<'a> {
    /// For the input at `input_index`, which spends an output of `amount`; `None` if there is no such input.
    pub fn new(
        tx: &'a Transaction,
        input_index: usize,
        amount: Amount,
        precomputed: &'a PrecomputedTransactionData,
    ) -> Option<Self> {
        let input = tx.inputs.get(input_index)?;
        Some(Self { tx, input_index, input, amount, precomputed, later: None })
    }

    /// The same, but it takes every signature for good and notes what has to be checked for that. A script that passes so
    /// passes if all that was noted is good; one that needs a signature to be bad has to be run again.
    #[must_use]
    pub(crate) fn deferring(self, later: &'a RefCell<Vec<u8>>) -> Self {
        Self { later: Some(later), ..self }
    }
}

impl SignatureChecker for TransactionSignatureChecker<'_> {
    fn check_ecdsa_signature(
        &self,
        signature: &[u8],
        pubkey: &[u8],
        script_code: &[u8],
        version: SigVersion,
    ) -> bool {
        let Some((&hash_type, der)) = signature.split_last() else { return false };
        let Some(signature) = Signature::from_der_lax(der) else { return false };
        let hash_type = SighashType(u32::from(hash_type));
        let digest = match version {
            SigVersion::Base => legacy_signature_hash(self.tx, self.input_index, script_code, hash_type),
            SigVersion::WitnessV0 => segwit_v0_signature_hash(
                self.tx,
                self.input_index,
                script_code,
                self.amount,
                hash_type,
                self.precomputed,
            ),
        };
        if let Some(later) = self.later {
            let check = ecdsa_check(&digest, &signature, pubkey);
            later.borrow_mut().extend(check.iter().flatten());
            return check.is_some();
        }
        PublicKey::from_bytes(pubkey).is_ok_and(|pubkey| pubkey.verify(&digest, &signature))
    }

    fn check_lock_time(&self, ScriptNum(lock_time): ScriptNum) -> bool {
        let is_height = |time: i64| time < i64::from(LOCKTIME_THRESHOLD);
        let spender = i64::from(self.tx.lock_time);
        is_height(spender) == is_height(lock_time)
            && lock_time <= spender
            && self.input.sequence != TxIn::SEQUENCE_FINAL
    }

    fn check_sequence(&self, ScriptNum(sequence): ScriptNum) -> bool {
        let own = self.input.sequence;
        if (self.tx.version as u32) < 2 || own & SEQUENCE_LOCKTIME_DISABLE_FLAG != 0 {
            return false;
        }
        let mask = SEQUENCE_LOCKTIME_TYPE_FLAG | SEQUENCE_LOCKTIME_MASK;
        let (own, asked) = (own & mask, sequence as u32 & mask);
        let is_time = |lock: u32| lock & SEQUENCE_LOCKTIME_TYPE_FLAG != 0;
        is_time(own) == is_time(asked) && asked <= own
    }
}
