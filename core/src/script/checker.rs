//! What a script may ask about the transaction that spends it.

use super::num::ScriptNum;
use super::sighash::{
    PrecomputedTransactionData, SighashType, legacy_signature_hash, segwit_v0_signature_hash,
};
use crate::crypto::{ECDSA_CHECK_LEN, PublicKey, Signature, ecdsa_check};
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
    /// Takes signatures that are to be checked later.
    deferred: Option<&'a DeferredChecks>,
}

/// Signatures that are taken for good until they are checked.
#[derive(Debug, Default)]
pub(crate) struct DeferredChecks(RefCell<Vec<[u8; ECDSA_CHECK_LEN]>>);

impl DeferredChecks {
    /// The most that are deferred; what comes after is checked at once.
    const MAX: usize = 2_000;

    /// Whether there is no room for another.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= Self::MAX
    }

    /// Adds one, as [`ecdsa_check`] writes it.
    pub(crate) fn push(&self, check: [u8; ECDSA_CHECK_LEN]) {
        self.0.borrow_mut().push(check);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// The checks, one behind the other.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_inner().into_flattened()
    }
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
        Some(Self { tx, input_index, input, amount, precomputed, deferred: None })
    }

    /// The same, but it takes signatures for good, as long as there is room for more, and notes what has to be checked for
    /// that. A script that passes so passes if all that was noted is good; one that needs a signature to be bad has to be
    /// run again.
    #[must_use]
    pub(crate) fn deferring(self, checks: &'a DeferredChecks) -> Self {
        Self { deferred: Some(checks), ..self }
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
        // Before the hash, which costs more: a script can ask for many.
        if !PublicKey::is_well_formed(pubkey) {
            return false;
        }
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
        if let Some(checks) = self.deferred.filter(|checks| !checks.is_full()) {
            let check = ecdsa_check(&digest, &signature, pubkey);
            return check.map(|check| checks.push(check)).is_some();
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
