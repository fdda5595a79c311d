//! The way into the pool (Core's `MemPoolAccept`): every check, cheapest first, scripts last.

use super::entry::Totals;
use super::policy::{BYTES_PER_SIGOP, MAX_STANDARD_TX_SIGOPS_COST, check_standard, check_standard_inputs};
use super::pool::{Candidate, Mempool};
use super::replacement::Replacement;
use super::{FeeRate, MempoolError, StandardError};

use crate::chain::{Chainstate, Coin, CoinLookup, ScriptCache, check_tx_inputs, verify_input_scripts};
use crate::collections::BTreeSet;
use crate::consensus::check::check_transaction;
use crate::consensus::locktime::{SequenceLocks, is_final_tx};
use crate::consensus::{TxError, sigops};
use crate::primitives::{Amount, Height, OutPoint, Transaction, Txid, WITNESS_SCALE_FACTOR, Wtxid};
use crate::script::VerifyFlags;
use crate::time::UnixTime;
use std::sync::Arc;

/// A transaction that the pool took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedTx {
    /// Its id.
    pub txid: Txid,
    /// Its id with witnesses.
    pub wtxid: Wtxid,
    /// What it pays to the miner.
    pub fee: Amount,
    /// Its virtual size, bytes.
    pub vsize: usize,
}

/// A transaction that passed every check but its scripts.
struct Checked {
    accepted: AcceptedTx,
    /// The coins that its inputs spend, in order.
    spent: Vec<Coin>,
    own: Totals,
    replacement: Replacement,
    ancestors: BTreeSet<Txid>,
}

/// How a transaction comes to the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// From a peer, a wallet or a command.
    New,
    /// From the store, after a restart: it counts as waiting since this time.
    Stored {
        /// When it first entered.
        since: UnixTime,
    },
    /// Again, after a reorganisation: no fee is asked for, and the pool is trimmed when all are back. It counts as
    /// waiting since this time.
    Returned {
        /// When it first entered, or now.
        since: UnixTime,
    },
}

impl Mempool {
    /// Checks a transaction against the tip and the pool and adds it. `now` is the clock's time, from which its
    /// waiting is counted. Whatever makes room for it is in [`Mempool::take_left`], also where it finds none.
    pub fn accept(
        &mut self,
        tx: Arc<Transaction>,
        chain: &Chainstate,
        now: UnixTime,
    ) -> Result<AcceptedTx, MempoolError> {
        self.admit_and_trim(tx, chain, now, Admission::New)
    }

    /// The same for a transaction that waited before a restart, since `since`.
    pub fn accept_stored(
        &mut self,
        tx: Arc<Transaction>,
        chain: &Chainstate,
        now: UnixTime,
        since: UnixTime,
    ) -> Result<AcceptedTx, MempoolError> {
        self.admit_and_trim(tx, chain, now, Admission::Stored { since })
    }

    fn admit_and_trim(
        &mut self,
        tx: Arc<Transaction>,
        chain: &Chainstate,
        now: UnixTime,
        admission: Admission,
    ) -> Result<AcceptedTx, MempoolError> {
        let accepted = self.admit(tx, chain, now, admission)?;
        let evicted = self.trim_to_size(now).into_iter();
        self.left.extend(evicted.filter(|removed| removed.txid != accepted.txid));
        if self.contains(&accepted.txid) { Ok(accepted) } else { Err(MempoolError::Full) }
    }

    /// All checks, then the addition; the pool may be over its size afterwards.
    pub(super) fn admit(
        &mut self,
        tx: Arc<Transaction>,
        chain: &Chainstate,
        now: UnixTime,
        admission: Admission,
    ) -> Result<AcceptedTx, MempoolError> {
        let Checked { accepted, spent, own, replacement, ancestors } =
            self.check(&tx, chain, now, admission)?;
        let AcceptedTx { txid, wtxid, .. } = accepted;
        check_scripts(&tx, wtxid, &spent, &mut self.verified, admission)?;
        let time = match admission {
            Admission::New => now,
            Admission::Stored { since } | Admission::Returned { since } => since,
        };
        let replaced = self.replace(&replacement, txid);
        self.left.extend(replaced);
        let candidate = Candidate { transaction: tx, txid, wtxid, own, time, height: chain.height() };
        self.insert(candidate, &ancestors);
        Ok(accepted)
    }

    /// Whether the pool would take a transaction, which is not added (Core's `testmempoolaccept`).
    pub fn test_accept(
        &self,
        tx: &Transaction,
        chain: &Chainstate,
        now: UnixTime,
    ) -> Result<AcceptedTx, MempoolError> {
        let Checked { accepted, spent, .. } = self.check(tx, chain, now, Admission::New)?;
        check_scripts(tx, accepted.wtxid, &spent, &mut ScriptCache::default(), Admission::New)?;
        Ok(accepted)
    }

    /// All checks but the scripts.
    fn check(
        &self,
        tx: &Transaction,
        chain: &Chainstate,
        now: UnixTime,
        admission: Admission,
    ) -> Result<Checked, MempoolError> {
        self.check_form(tx, chain)?;
        let (txid, wtxid) = (tx.txid(), tx.wtxid());
        self.check_new(txid, wtxid)?;
        let spent = self.find_coins(tx, txid, chain)?;
        let own = self.check_against_coins(tx, &spent, chain)?;
        let replacement = match admission {
            Admission::Returned { .. } => self.refuse_conflicts(tx)?,
            Admission::New | Admission::Stored { .. } => {
                self.check_fee(&own, now)?;
                self.check_replacement(tx, &own)?
            }
        };
        let ancestors = self.ancestors_within_limits(&self.parents_of(tx), &own, &replacement.all)?;
        let accepted = AcceptedTx { txid, wtxid, fee: own.fee, vsize: own.vsize };
        Ok(Checked { accepted, spent, own, replacement, ancestors })
    }

    /// What can be said of a transaction without its coins.
    fn check_form(&self, tx: &Transaction, chain: &Chainstate) -> Result<(), MempoolError> {
        check_transaction(tx)?;
        if tx.is_coinbase() {
            return Err(MempoolError::Coinbase);
        }
        check_standard(tx, self.policy.dust_relay_fee)?;
        if !is_final_tx(tx, chain.height().next(), chain.median_time_past().0) {
            return Err(MempoolError::NonFinal { lock_time: tx.lock_time });
        }
        Ok(())
    }

    /// Whether the pool does not hold it.
    fn check_new(&self, txid: Txid, wtxid: Wtxid) -> Result<(), MempoolError> {
        match self.get(&txid) {
            Some(entry) if entry.wtxid() == wtxid => Err(MempoolError::AlreadyInMempool(txid)),
            Some(_) => Err(MempoolError::SameNonWitnessData(txid)),
            None => Ok(()),
        }
    }

    /// What was in a block comes back beside what waited with it, and replaces nothing.
    fn refuse_conflicts(&self, tx: &Transaction) -> Result<Replacement, MempoolError> {
        match self.first_conflict(tx) {
            Some((outpoint, with)) => Err(MempoolError::Conflict { outpoint, with }),
            None => Ok(Replacement::default()),
        }
    }

    /// The coins that the inputs spend, in order: of the pool's transactions, else of the chain.
    fn find_coins(
        &self,
        tx: &Transaction,
        txid: Txid,
        chain: &Chainstate,
    ) -> Result<Vec<Coin>, MempoolError> {
        let view = CoinsViewMempool::new(self, chain);
        let mut missing = Vec::new();
        let mut coins = Vec::with_capacity(tx.inputs.len());
        for input in &tx.inputs {
            let outpoint = input.previous_output;
            match view.coin(&outpoint) {
                Some(coin) => coins.push(coin),
                None if self.contains(&outpoint.txid) => return Err(MempoolError::NoSuchOutput(outpoint)),
                None => missing.push(outpoint.txid),
            }
        }
        if missing.is_empty() {
            return Ok(coins);
        }
        let outputs = (0..tx.outputs.len()).map(|vout| OutPoint::new(txid, vout as u32));
        if outputs.into_iter().any(|outpoint| chain.coins().coin(&outpoint).is_some()) {
            return Err(MempoolError::AlreadyKnown(txid));
        }
        let parents: BTreeSet<Txid> = missing.into_iter().collect();
        Err(MempoolError::MissingInputs { parents: parents.into_iter().collect() })
    }

    /// What the coins say: locks, maturity, values, signature operations. Gives the transaction's own sums.
    fn check_against_coins(
        &self,
        tx: &Transaction,
        spent: &[Coin],
        chain: &Chainstate,
    ) -> Result<Totals, MempoolError> {
        let (height, consensus) = (chain.height().next(), &chain.params().consensus);
        if height >= consensus.csv_height {
            let heights = spent.iter().map(|coin| coin.height);
            let locks = SequenceLocks::of(tx, heights, |height| median_time_before(chain, height));
            if !locks.allow(height, chain.median_time_past().0) {
                return Err(MempoolError::NonBip68Final);
            }
        }
        let fee = check_tx_inputs(tx, spent, height, consensus)?;
        check_standard_inputs(tx, spent.iter().map(|coin| &coin.output))?;
        let outputs = spent.iter().map(|coin| &coin.output);
        let sigops_cost = sigops::transaction_cost(tx, outputs, height, consensus);
        if sigops_cost > MAX_STANDARD_TX_SIGOPS_COST {
            return Err(StandardError::TooManySigops(sigops_cost).into());
        }
        let weight = tx.weight().max(sigops_cost * BYTES_PER_SIGOP);
        Ok(Totals { count: 1, vsize: weight.div_ceil(WITNESS_SCALE_FACTOR), fee, sigops_cost })
    }

    fn check_fee(&self, own: &Totals, now: UnixTime) -> Result<(), MempoolError> {
        let Totals { fee, vsize, .. } = *own;
        let rate = self.min_fee(now);
        let required = rate.fee(vsize);
        if fee < required {
            return Err(MempoolError::BelowMempoolFee { fee, required, rate });
        }
        let required = FeeRate::per_kvb(self.policy.min_relay_fee).fee(vsize);
        if fee < required {
            return Err(MempoolError::BelowRelayFee { fee, required });
        }
        Ok(())
    }
}

/// The coins of the chain and, on top of them, the outputs of the pool's transactions as if they were in the next
/// block, spent in the pool or not (Core's `CCoinsViewMemPool`).
pub struct CoinsViewMempool<'a> {
    pool: &'a Mempool,
    chain: &'a Chainstate,
}

impl<'a> CoinsViewMempool<'a> {
    /// The pool on top of the chain's coins.
    pub fn new(pool: &'a Mempool, chain: &'a Chainstate) -> Self {
        Self { pool, chain }
    }
}

impl CoinLookup for CoinsViewMempool<'_> {
    fn coin(&self, outpoint: &OutPoint) -> Option<Coin> {
        let waiting = self.pool.output(outpoint).map(|output| Coin {
            output: output.clone(),
            height: self.chain.height().next(),
            coinbase: false,
        });
        waiting.or_else(|| self.chain.coins().coin(outpoint))
    }
}

/// The median time past of the active chain's block below `height`; the tip's, for coins that are not in a block yet.
fn median_time_before(chain: &Chainstate, height: Height) -> u32 {
    let below = height.previous().and_then(|height| chain.active_entry(height));
    below.map_or(0, |entry| entry.median_time_past)
}

/// Runs the scripts of all inputs by the rules of relay. Each of these only refuses more than a block's rules do, so
/// what passes here need not be run again when a block brings it; nor when it returns from one.
fn check_scripts(
    tx: &Transaction,
    wtxid: Wtxid,
    spent: &[Coin],
    verified: &mut ScriptCache,
    admission: Admission,
) -> Result<(), MempoolError> {
    if matches!(admission, Admission::Returned { .. }) && verified.contains(&wtxid) {
        return Ok(());
    }
    verify_input_scripts(tx, spent, VerifyFlags::STANDARD).map_err(|error| match error {
        TxError::Script { input, error } => MempoolError::Script { input, error },
        other => MempoolError::Invalid(other),
    })?;
    verified.insert(wtxid);
    Ok(())
}
