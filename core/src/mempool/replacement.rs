//! Replacement: a transaction may take the place of waiting ones that spend the same coins, if it pays for that. BIP125's
//! rules as Bitcoin Core applies them now, to every transaction whether it signals or not (Core's `policy/rbf.cpp`).
//!
//! One that pays no more than what it would replace is a double spend and nothing else: it is refused by the name of the
//! one that came first, where Core speaks of an insufficient fee.

use super::entry::Totals;
use super::pool::Mempool;
use super::{FeeRate, MempoolEntry, MempoolError, RemovalReason, Removed};
use crate::collections::BTreeSet;
use crate::primitives::{Amount, MAX_MONEY, OutPoint, Transaction, Txid};

/// Transactions that one may replace, descendants counted (Core's `MAX_REPLACEMENT_CANDIDATES`).
pub const MAX_REPLACEMENT_CANDIDATES: usize = 100;

/// What a transaction replaces; empty for most.
#[derive(Debug, Default)]
pub(super) struct Replacement {
    /// Those that spend a coin of its own; bounded by its inputs.
    rivals: BTreeSet<Txid>,
    /// They and all that depend on them; at most [`MAX_REPLACEMENT_CANDIDATES`].
    pub(super) all: BTreeSet<Txid>,
}

impl Mempool {
    /// What `tx` would replace, if it may.
    pub(super) fn check_replacement(
        &self,
        tx: &Transaction,
        own: &Totals,
    ) -> Result<Replacement, MempoolError> {
        let Some((outpoint, with)) = self.first_conflict(tx) else { return Ok(Replacement::default()) };
        let spends = tx.inputs.iter().filter_map(|input| self.spender(&input.previous_output));
        let rivals: BTreeSet<Txid> = spends.collect();
        let mut all = rivals.clone();
        for rival in &rivals {
            all.extend(self.descendants(rival));
        }
        self.check_independent(tx, &all)?;
        let former = self.fees_of(&all);
        if own.fee <= former {
            return Err(MempoolError::Conflict { outpoint, with });
        }
        if all.len() > MAX_REPLACEMENT_CANDIDATES {
            return Err(MempoolError::TooManyReplacements(all.len()));
        }
        self.check_no_new_unconfirmed(tx, &rivals)?;
        self.check_pays_for_replacement(own, &rivals, former)?;
        Ok(Replacement { rivals, all })
    }

    /// The first input of `tx` that a transaction of the pool spends too, and which one does.
    pub(super) fn first_conflict(&self, tx: &Transaction) -> Option<(OutPoint, Txid)> {
        let outpoints = tx.inputs.iter().map(|input| input.previous_output);
        outpoints.filter_map(|outpoint| Some((outpoint, self.spender(&outpoint)?))).next()
    }

    /// Takes out what the transaction `by` replaces.
    pub(super) fn replace(&mut self, replacement: &Replacement, by: Txid) -> Vec<Removed> {
        let reason = RemovalReason::Replaced { by };
        replacement.rivals.iter().flat_map(|rival| self.remove_as(rival, reason.clone())).collect()
    }

    /// Nothing can depend on what it replaces (Core's `EntriesAndTxidsDisjoint`).
    fn check_independent(&self, tx: &Transaction, replaced: &BTreeSet<Txid>) -> Result<(), MempoolError> {
        let parents = self.parents_of(tx);
        let ancestors = parents.iter().flat_map(|parent| self.ancestors(parent));
        let mut needed = parents.iter().copied().chain(ancestors);
        match needed.find(|txid| replaced.contains(txid)) {
            Some(txid) => Err(MempoolError::SpendsConflicting(txid)),
            None => Ok(()),
        }
    }

    /// Rule 2: a replacement that waits for more than its rivals did may be worth less to a miner than they were (Core's
    /// `HasNoNewUnconfirmed`).
    fn check_no_new_unconfirmed(
        &self,
        tx: &Transaction,
        rivals: &BTreeSet<Txid>,
    ) -> Result<(), MempoolError> {
        let known: Vec<&BTreeSet<Txid>> =
            rivals.iter().filter_map(|rival| self.get(rival)).map(MempoolEntry::parents).collect();
        let is_known = |parent: &Txid| known.iter().any(|parents| parents.contains(parent));
        match self.parents_of(tx).into_iter().find(|parent| !is_known(parent)) {
            Some(parent) => Err(MempoolError::ReplacementAddsUnconfirmed(parent)),
            None => Ok(()),
        }
    }

    /// Rules 4 and 6: it pays for being relayed too, and at a higher rate than each of its rivals (Core's `PaysForRBF`,
    /// `PaysMoreThanConflicts`). That it pays more than all of them (rule 3) is known.
    fn check_pays_for_replacement(
        &self,
        own: &Totals,
        rivals: &BTreeSet<Txid>,
        former: Amount,
    ) -> Result<(), MempoolError> {
        let rate = |totals: &Totals| FeeRate::of(totals.fee, totals.vsize);
        let best = rivals.iter().filter_map(|rival| self.get(rival)).map(|entry| rate(&entry.own)).max();
        if let Some(best) = best.filter(|best| rate(own) <= *best) {
            return Err(MempoolError::InsufficientFeeRate { rate: rate(own), former: best });
        }
        let relay = FeeRate::per_kvb(self.policy.incremental_relay_fee).fee(own.vsize);
        let required = former.checked_add(relay).unwrap_or(MAX_MONEY);
        match own.fee < required {
            true => Err(MempoolError::InsufficientFee { fee: own.fee, required }),
            false => Ok(()),
        }
    }

    fn fees_of(&self, txids: &BTreeSet<Txid>) -> Amount {
        let mut totals = Totals::default();
        for entry in txids.iter().filter_map(|txid| self.get(txid)) {
            totals.add(&entry.own);
        }
        totals.fee
    }
}
