//! Scripts of transactions as work that can be done anywhere, and the memory of what was done before.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::coins::Coin;
use super::undo::BlockUndo;
use crate::collections::BTreeSet;
use crate::consensus::check::CheckedBlock;
use crate::consensus::{BlockError, ConsensusParams, TxError, sigops};
use crate::cost::Cost;
use crate::crypto::EcdsaAccelerator;
use crate::encode::Encode as _;
use crate::primitives::{Height, Transaction, TxOut, Wtxid};
use crate::script::{
    DeferredChecks, PrecomputedTransactionData, ScriptError, TransactionSignatureChecker, VerifyFlags,
    verify_script,
};

/// Transactions that the cache remembers, 32 bytes each and as much for their order.
const MAX_CACHED: usize = 20_000;

/// The scripts of one transaction of a block, or of some of its inputs. Owns what it needs.
#[derive(Clone, Debug)]
pub(super) struct ScriptCheck {
    block: Arc<CheckedBlock>,
    undo: Arc<BlockUndo>,
    /// Index of the transaction in the block, from 1: a coinbase has no scripts to check.
    index: usize,
    inputs: Range<usize>,
    flags: VerifyFlags,
}

impl ScriptCheck {
    /// The checks of a block: one for each transaction that spends. `undo` is what they spend.
    pub(super) fn of_block(
        block: &Arc<CheckedBlock>,
        undo: &Arc<BlockUndo>,
        flags: VerifyFlags,
    ) -> impl Iterator<Item = Self> {
        (1..block.txids().len()).map(move |index| Self {
            block: Arc::clone(block),
            undo: Arc::clone(undo),
            index,
            inputs: 0..block.block().transactions[index].inputs.len(),
            flags,
        })
    }

    /// The same check as at most `count` checks, in order, each of as many inputs as the others.
    pub(super) fn split(self, count: usize) -> impl Iterator<Item = Self> {
        let share = self.inputs.len().div_ceil(count).max(1);
        let starts = self.inputs.clone().step_by(share);
        starts.map(move |start| Self { inputs: start..(start + share).min(self.inputs.end), ..self.clone() })
    }

    /// The transaction.
    pub(super) fn transaction(&self) -> &Transaction {
        &self.block.block().transactions[self.index]
    }

    /// The inputs whose scripts are checked.
    pub(super) fn inputs(&self) -> Range<usize> {
        self.inputs.clone()
    }

    /// The rules.
    pub(super) fn flags(&self) -> VerifyFlags {
        self.flags
    }

    /// What running the scripts costs at most: signatures, and for each without a witness the hash of the transaction.
    pub(super) fn cost(&self) -> Cost {
        let tx = self.transaction();
        let hash = Cost::of_bytes(tx.encoded_len());
        let inputs = tx.inputs[self.inputs()].iter().zip(self.spent());
        inputs
            .map(|(input, output)| {
                let hash = if input.witness.is_empty() { hash } else { Cost::ZERO };
                (Cost::SIGNATURE_CHECK + hash) * sigops::input_checks(input, output)
            })
            .sum()
    }

    /// Checks in order, up to the first that fails; adds to `cost` what each of these takes.
    pub(super) fn verify_all(
        checks: &[Self],
        accelerator: Option<EcdsaAccelerator>,
        cost: &mut Cost,
    ) -> Result<(), BlockError> {
        let run = |check: &Self, deferred: Option<&_>| {
            verify_inputs(check.transaction(), check.inputs(), check.spent(), check.flags, deferred)
        };
        run_in_order(checks, accelerator, run, |check, result| {
            *cost += check.cost();
            result.map_err(|error| check.blame(error))
        })
    }

    /// The block's error for one of the transaction.
    pub(super) fn blame(&self, error: TxError) -> BlockError {
        BlockError::Transaction { txid: self.block.txids()[self.index], error }
    }

    /// The outputs that the inputs spend, in order.
    pub(super) fn spent(&self) -> impl ExactSizeIterator<Item = &TxOut> {
        let coins = self.undo.spent.get(self.index - 1).and_then(|coins| coins.get(self.inputs()));
        coins.unwrap_or_default().iter().map(|coin| &coin.output)
    }
}

/// Signatures after which an accelerator gets what there is: enough for its speed, and all that is done in vain where an
/// earlier check fails.
const GROUP: usize = 1_000;

/// Does checks by `run` and tells `done` of each, in order, until that fails. With an accelerator they are run in groups,
/// first with signatures deferred, and once more where that does not settle a check: what is told is the same.
pub(super) fn run_in_order<T, E>(
    mut checks: &[T],
    accelerator: Option<EcdsaAccelerator>,
    run: impl Fn(&T, Option<&DeferredChecks>) -> Result<(), TxError>,
    mut done: impl FnMut(&T, Result<(), TxError>) -> Result<(), E>,
) -> Result<(), E> {
    let Some(accelerate) = accelerator else {
        return checks.iter().try_for_each(|check| done(check, run(check, None)));
    };
    while !checks.is_empty() {
        let deferred = DeferredChecks::default();
        // For each check of the group which signatures it needs; none where it fails though all be good, which ends the group.
        let mut needs = Vec::new();
        while needs.len() < checks.len() && deferred.len() < GROUP && !matches!(needs.last(), Some(None)) {
            let first = deferred.len();
            let passes = run(&checks[needs.len()], Some(&deferred)).is_ok();
            needs.push(passes.then(|| first..deferred.len()));
        }
        let good = if deferred.len() > 0 { accelerate(&deferred.into_bytes()) } else { Vec::new() };
        let are_good =
            |needed: Range<usize>| good.get(needed).is_some_and(|good| good.iter().all(|good| *good));
        let (group, rest) = checks.split_at(needs.len());
        for (check, needed) in group.iter().zip(needs) {
            done(check, if needed.is_some_and(are_good) { Ok(()) } else { run(check, None) })?;
        }
        checks = rest;
    }
    Ok(())
}

/// Runs the scripts of all inputs of `tx`; `spent` are the coins that they spend, in order (Core's
/// `CheckInputScripts`).
pub fn verify_input_scripts(tx: &Transaction, spent: &[Coin], flags: VerifyFlags) -> Result<(), TxError> {
    verify_inputs(tx, 0..tx.inputs.len(), spent.iter().map(|coin| &coin.output), flags, None)
}

/// Runs the scripts of some inputs of `tx`, in order; `spent` are the outputs that these spend. What goes into `deferred` is
/// taken for good.
pub(super) fn verify_inputs<'a>(
    tx: &Transaction,
    inputs: Range<usize>,
    mut spent: impl Iterator<Item = &'a TxOut>,
    flags: VerifyFlags,
    deferred: Option<&DeferredChecks>,
) -> Result<(), TxError> {
    let precomputed = PrecomputedTransactionData::new(tx);
    for (index, input) in tx.inputs.iter().enumerate().take(inputs.end).skip(inputs.start) {
        let output = spent.next().ok_or(TxError::MissingInput(input.previous_output))?;
        let result = match TransactionSignatureChecker::new(tx, index, output.value, &precomputed) {
            Some(checker) => {
                let checker = deferred.map_or(checker, |deferred| checker.deferring(deferred));
                verify_script(&input.script_sig, &output.script_pubkey, &input.witness, flags, &checker)
            }
            None => Err(ScriptError::EvalFalse),
        };
        result.map_err(|error| TxError::Script { input: index, error })?;
    }
    Ok(())
}

/// The script rules of a block at `height` (Core's `GetBlockScriptFlags`).
pub fn block_script_flags(height: Height, consensus: &ConsensusParams) -> VerifyFlags {
    let forks = [
        (Height::GENESIS, VerifyFlags::P2SH),
        (consensus.bip66_height, VerifyFlags::DERSIG),
        (consensus.bip65_height, VerifyFlags::CHECKLOCKTIMEVERIFY),
        (consensus.csv_height, VerifyFlags::CHECKSEQUENCEVERIFY),
        (consensus.segwit_height, VerifyFlags::WITNESS.with(VerifyFlags::NULLDUMMY)),
    ];
    let active = forks.into_iter().filter(|(from, _)| height >= *from);
    active.fold(VerifyFlags::NONE, |flags, (_, rule)| flags.with(rule))
}

/// Transactions whose scripts passed a block's rules, so that a block that brings them need not run them again (Core's
/// script execution cache). The wtxid commits to the scripts, and through the outpoints to what is spent. Only rules
/// of blocks count: stricter ones (the mempool's) include them.
#[derive(Clone, Debug, Default)]
pub struct ScriptCache {
    /// At most [`MAX_CACHED`], oldest out first.
    passed: BTreeSet<Wtxid>,
    order: VecDeque<Wtxid>,
}

impl ScriptCache {
    /// Remembers a transaction whose scripts all passed.
    pub fn insert(&mut self, wtxid: Wtxid) {
        if !self.passed.insert(wtxid) {
            return;
        }
        self.order.push_back(wtxid);
        if self.order.len() > MAX_CACHED
            && let Some(oldest) = self.order.pop_front()
        {
            self.passed.remove(&oldest);
        }
    }

    /// Whether a transaction's scripts passed before.
    pub fn contains(&self, wtxid: &Wtxid) -> bool {
        self.passed.contains(wtxid)
    }

    /// Whether nothing is remembered, so that no wtxid need be reckoned to ask.
    pub fn is_empty(&self) -> bool {
        self.passed.is_empty()
    }
}
