//! Why a transaction does not enter the mempool.

use super::{FeeRate, MAX_ANCESTORS, MAX_ANCESTORS_VSIZE, MAX_REPLACEMENT_CANDIDATES, StandardError};
use crate::consensus::TxError;
use crate::primitives::{Amount, OutPoint, Txid};
use crate::script::ScriptError;

/// Why a transaction does not enter the mempool. [`MempoolError::reject_reason`] is Bitcoin Core's code for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MempoolError {
    /// It breaks a rule of consensus on its own or against the coins that it spends.
    #[error(transparent)]
    Invalid(#[from] TxError),
    /// A script refuses one of its inputs.
    #[error("mempool-script-verify-flag-failed ({error}): input {input}")]
    Script {
        /// Which input.
        input: usize,
        /// The interpreter's verdict.
        error: ScriptError,
    },
    /// It is valid, and of a form that is not relayed.
    #[error(transparent)]
    NotStandard(#[from] StandardError),
    /// A coinbase is born in a block.
    #[error("coinbase: a coinbase cannot wait in the mempool")]
    Coinbase,
    /// Its lock time is not reached in the next block.
    #[error("non-final: locked until {lock_time}, which the next block does not reach")]
    NonFinal {
        /// Its lock time, a height or a time.
        lock_time: u32,
    },
    /// A relative lock of one of its inputs is not reached in the next block (BIP68).
    #[error("non-BIP68-final: a relative lock of an input is not reached in the next block")]
    NonBip68Final,
    /// The pool holds it already.
    #[error("txn-already-in-mempool: {0}")]
    AlreadyInMempool(Txid),
    /// The pool holds it with another witness.
    #[error("txn-same-nonwitness-data-in-mempool: {0}")]
    SameNonWitnessData(Txid),
    /// A block of the active chain holds it.
    #[error("txn-already-known: {0} is in the chain")]
    AlreadyKnown(Txid),
    /// A transaction of the pool spends one of its inputs, and it pays no more than that one with all that depends on
    /// it: a double spend.
    #[error("txn-mempool-conflict: {with} spends {outpoint} too")]
    Conflict {
        /// What both spend.
        outpoint: OutPoint,
        /// The one that came first.
        with: Txid,
    },
    /// It depends on what it would replace.
    #[error("bad-txns-spends-conflicting-tx: it depends on {0}, which it would replace")]
    SpendsConflicting(Txid),
    /// It would replace too many.
    #[error(
        "too many potential replacements: {0} transactions, at most {MAX_REPLACEMENT_CANDIDATES} are replaced at once"
    )]
    TooManyReplacements(usize),
    /// It would replace others, and depends on an unconfirmed transaction that they do not depend on.
    #[error("replacement-adds-unconfirmed: {0} is not confirmed")]
    ReplacementAddsUnconfirmed(Txid),
    /// It pays more than what it would replace, but not for being relayed too.
    #[error("insufficient fee: {fee} < {required}, rejecting replacement")]
    InsufficientFee {
        /// What it pays.
        fee: Amount,
        /// What is asked.
        required: Amount,
    },
    /// It pays more than what it would replace, but at no higher rate.
    #[error("insufficient fee: {rate} is not above {former}, rejecting replacement")]
    InsufficientFeeRate {
        /// What it pays.
        rate: FeeRate,
        /// What one that it would replace pays.
        former: FeeRate,
    },
    /// It is none of a light node's business.
    #[error("not-ours: {0} does not concern this wallet")]
    NotOurs(Txid),
    /// Outputs that it spends are not known, or are spent: it is an orphan until its parents come.
    #[error("bad-txns-inputs-missingorspent: not found, or spent: outputs of {}", parents.first().copied().unwrap_or_default())]
    MissingInputs {
        /// The transactions that would make these outputs, each once.
        parents: Vec<Txid>,
    },
    /// It spends an output that its parent, which is in the pool, does not have.
    #[error("bad-txns-inputs-missingorspent: {0} does not exist")]
    NoSuchOutput(OutPoint),
    /// It pays less than this node relays.
    #[error("min relay fee not met: {fee} < {required}")]
    BelowRelayFee {
        /// What it pays.
        fee: Amount,
        /// What is asked.
        required: Amount,
    },
    /// It pays less than the pool, which was full, asks for.
    #[error("mempool min fee not met: {fee} < {required} at {rate}")]
    BelowMempoolFee {
        /// What it pays.
        fee: Amount,
        /// What is asked.
        required: Amount,
        /// The pool's floor.
        rate: FeeRate,
    },
    /// With it a chain of unconfirmed transactions would be too long.
    #[error(
        "too-long-mempool-chain: {count} transactions of {vsize} vB with its ancestors [limits: {MAX_ANCESTORS}, {MAX_ANCESTORS_VSIZE}]"
    )]
    TooManyAncestors {
        /// Transactions.
        count: usize,
        /// Virtual bytes.
        vsize: usize,
    },
    /// With it an unconfirmed transaction would have too many descendants.
    #[error("too-long-mempool-chain: too many descendants for {ancestor}")]
    TooManyDescendants {
        /// The ancestor.
        ancestor: Txid,
    },
    /// The pool is full of transactions that pay more.
    #[error("mempool full: it holds transactions that pay more")]
    Full,
}

impl MempoolError {
    /// Whether the transaction, its witness aside, is in the pool or in the chain, or is nobody's here: no fault of
    /// whoever sent it.
    pub const fn is_known(&self) -> bool {
        matches!(
            self,
            Self::AlreadyInMempool(_)
                | Self::SameNonWitnessData(_)
                | Self::AlreadyKnown(_)
                | Self::NotOurs(_)
        )
    }

    /// Bitcoin Core's reject reason.
    pub fn reject_reason(&self) -> &'static str {
        match self {
            Self::Invalid(error) => error.reject_reason(),
            Self::Script { .. } => "mempool-script-verify-flag-failed",
            Self::NotStandard(error) => error.reject_reason(),
            Self::Coinbase => "coinbase",
            Self::NotOurs(_) => "not-ours",
            Self::NonFinal { .. } => "non-final",
            Self::NonBip68Final => "non-BIP68-final",
            Self::AlreadyInMempool(_) => "txn-already-in-mempool",
            Self::SameNonWitnessData(_) => "txn-same-nonwitness-data-in-mempool",
            Self::AlreadyKnown(_) => "txn-already-known",
            Self::Conflict { .. } => "txn-mempool-conflict",
            Self::SpendsConflicting(_) => "bad-txns-spends-conflicting-tx",
            Self::TooManyReplacements(_) => "too many potential replacements",
            Self::ReplacementAddsUnconfirmed(_) => "replacement-adds-unconfirmed",
            Self::InsufficientFee { .. } | Self::InsufficientFeeRate { .. } => "insufficient fee",
            Self::MissingInputs { .. } | Self::NoSuchOutput(_) => "bad-txns-inputs-missingorspent",
            Self::BelowRelayFee { .. } => "min relay fee not met",
            Self::BelowMempoolFee { .. } => "mempool min fee not met",
            Self::TooManyAncestors { .. } | Self::TooManyDescendants { .. } => "too-long-mempool-chain",
            Self::Full => "mempool full",
        }
    }
}
