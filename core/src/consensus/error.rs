//! Why the rules refuse a header, a transaction or a block. The stable code of each is Bitcoin Core's reject reason.

use crate::primitives::{Amount, BlockHash, CompactTarget, Height, MerkleRoot, OutPoint, Txid};
use crate::script::ScriptError;

/// Why a header is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Its target is none that the network allows, or its hash does not meet it.
    #[error("high-hash: block {hash} does not meet the target {bits}, or the network does not allow it")]
    HighHash {
        /// The header's hash.
        hash: BlockHash,
        /// Its target.
        bits: CompactTarget,
    },
    /// Its parent is not known.
    #[error("prev-blk-not-found: parent {0} is not known")]
    UnknownParent(BlockHash),
    /// It builds on an invalid block.
    #[error("bad-prevblk: parent {0} is invalid")]
    InvalidParent(BlockHash),
    /// It is known, and known to be invalid.
    #[error("duplicate-invalid: block {0} is known to be invalid")]
    KnownInvalid(BlockHash),
    /// Its target is not the one that its place in the chain asks for.
    #[error("bad-diffbits: target {found}, where {expected} is asked for")]
    WrongTarget {
        /// The target that the rules ask for.
        expected: CompactTarget,
        /// The header's.
        found: CompactTarget,
    },
    /// It is not after the median of the eleven blocks before it.
    #[error("time-too-old: time {time} is not after the median time past {median}")]
    TooOld {
        /// The header's time.
        time: u32,
        /// Median time past of the parent.
        median: u32,
    },
    /// It is the first of an interval and dated well before its parent (BIP94).
    #[error("time-timewarp-attack: time {time} of an interval's first block is before {earliest}")]
    Timewarp {
        /// The header's time.
        time: u32,
        /// The earliest allowed.
        earliest: u32,
    },
    /// It is too far ahead of the clock; it may become valid.
    #[error("time-too-new: time {time} is after {latest}")]
    TooNew {
        /// The header's time.
        time: u32,
        /// The latest allowed now.
        latest: u32,
    },
    /// Its version is one that a soft fork retired.
    #[error("bad-version({0:#010x}): rejected nVersion={0:#010x} block")]
    ObsoleteVersion(i32),
    /// This node keeps no more headers: not the header's fault.
    #[error("header-index-full: this node keeps at most {0} headers")]
    IndexFull(usize),
}

/// Why a transaction is refused wherever it stands; the mempool's own rules are in `mempool`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TxError {
    /// No inputs.
    #[error("bad-txns-vin-empty: no inputs")]
    NoInputs,
    /// No outputs.
    #[error("bad-txns-vout-empty: no outputs")]
    NoOutputs,
    /// Larger than a block may be.
    #[error("bad-txns-oversize: {0} bytes without witnesses")]
    Oversize(usize),
    /// An output below zero.
    #[error("bad-txns-vout-negative: output of {0}")]
    NegativeOutput(Amount),
    /// An output above all money.
    #[error("bad-txns-vout-toolarge: output of {0}")]
    OutputTooLarge(Amount),
    /// Outputs that sum to more than all money.
    #[error("bad-txns-txouttotal-toolarge: outputs sum to more than 21 million coins")]
    OutputTotalTooLarge,
    /// One output spent by two inputs.
    #[error("bad-txns-inputs-duplicate: {0} is spent twice")]
    DuplicateInput(OutPoint),
    /// A coinbase script of fewer than 2 or more than 100 bytes.
    #[error("bad-cb-length: coinbase script of {0} bytes")]
    CoinbaseScriptLength(usize),
    /// A null outpoint outside a coinbase.
    #[error("bad-txns-prevout-null: an input spends no output")]
    NullInput,
    /// A lock time or relative lock that has not passed.
    #[error("bad-txns-nonfinal: locked until later")]
    NonFinal,
    /// An output that does not exist or is spent.
    #[error("bad-txns-inputs-missingorspent: {0}")]
    MissingInput(OutPoint),
    /// A coinbase output that is too young.
    #[error("bad-txns-premature-spend-of-coinbase: tried to spend coinbase {outpoint} at depth {depth}")]
    ImmatureCoinbase {
        /// The output.
        outpoint: OutPoint,
        /// Blocks since it was made.
        depth: u32,
    },
    /// Inputs of more than all money.
    #[error("bad-txns-inputvalues-outofrange: inputs sum to more than 21 million coins")]
    InputValuesOutOfRange,
    /// Outputs worth more than the inputs.
    #[error("bad-txns-in-belowout: value in ({inputs}) < value out ({outputs})")]
    InputsBelowOutputs {
        /// Sum of the inputs.
        inputs: Amount,
        /// Sum of the outputs.
        outputs: Amount,
    },
    /// An input whose script fails.
    #[error("block-script-verify-flag-failed ({error}): input {input}")]
    Script {
        /// Index of the input.
        input: usize,
        /// What the interpreter says.
        error: ScriptError,
    },
}

/// Why a block is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Its header is.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Its transactions are not those that the header commits to.
    #[error("bad-txnmrklroot: merkle root {found}, where the header has {expected}")]
    MerkleRoot {
        /// The header's root.
        expected: MerkleRoot,
        /// The transactions' root.
        found: MerkleRoot,
    },
    /// Its transactions end with a repetition that leaves the root as it is (CVE-2012-2459).
    #[error("bad-txns-duplicate: duplicate transactions")]
    DuplicateTransactions,
    /// No transactions, or too many bytes without witnesses.
    #[error("bad-blk-length: {transactions} transactions, {size} bytes without witnesses")]
    Length {
        /// Number of transactions.
        transactions: usize,
        /// Bytes without witnesses.
        size: usize,
    },
    /// The first transaction is not a coinbase.
    #[error("bad-cb-missing: first tx is not coinbase")]
    CoinbaseMissing,
    /// A later transaction is a coinbase.
    #[error("bad-cb-multiple: more than one coinbase")]
    CoinbaseMultiple,
    /// A transaction is refused.
    #[error("{error} (transaction {txid})")]
    Transaction {
        /// The transaction.
        txid: Txid,
        /// Why.
        error: TxError,
    },
    /// Too many signature operations.
    #[error("bad-blk-sigops: signature operations cost {0}")]
    SigOps(usize),
    /// The coinbase does not begin with the height (BIP34).
    #[error("bad-cb-height: the coinbase does not begin with height {0}")]
    CoinbaseHeight(Height),
    /// The coinbase's witness is not one item of 32 bytes (BIP141).
    #[error("bad-witness-nonce-size: the coinbase's witness is not one item of 32 bytes")]
    WitnessNonceSize,
    /// The witnesses are not those that the coinbase commits to (BIP141).
    #[error("bad-witness-merkle-match: the coinbase commits to other witnesses")]
    WitnessMerkleMatch,
    /// Witnesses without a commitment to them (BIP141).
    #[error("unexpected-witness: witnesses without a commitment")]
    UnexpectedWitness,
    /// Above the weight limit.
    #[error("bad-blk-weight: weight {0}")]
    Weight(usize),
    /// Fees that sum to more than all money.
    #[error("bad-txns-accumulated-fee-outofrange: fees sum to more than 21 million coins")]
    AccumulatedFeeOutOfRange,
    /// The coinbase takes more than subsidy and fees.
    #[error("bad-cb-amount: coinbase pays too much (actual={actual} vs limit={limit})")]
    CoinbaseAmount {
        /// What it takes.
        actual: Amount,
        /// Subsidy and fees.
        limit: Amount,
    },
}

impl HeaderError {
    /// Core's reject reason.
    pub const fn reject_reason(&self) -> &'static str {
        match self {
            Self::HighHash { .. } => "high-hash",
            Self::UnknownParent(_) => "prev-blk-not-found",
            Self::InvalidParent(_) => "bad-prevblk",
            Self::KnownInvalid(_) => "duplicate-invalid",
            Self::WrongTarget { .. } => "bad-diffbits",
            Self::TooOld { .. } => "time-too-old",
            Self::Timewarp { .. } => "time-timewarp-attack",
            Self::TooNew { .. } => "time-too-new",
            Self::ObsoleteVersion(_) => "bad-version",
            Self::IndexFull(_) => "header-index-full",
        }
    }

    /// Whether the header will never be valid. The others depend on the clock, on what is known so far, or on this
    /// node's room.
    pub const fn is_permanent(&self) -> bool {
        !matches!(self, Self::UnknownParent(_) | Self::TooNew { .. } | Self::IndexFull(_))
    }
}

impl TxError {
    /// Core's reject reason.
    pub const fn reject_reason(&self) -> &'static str {
        match self {
            Self::NoInputs => "bad-txns-vin-empty",
            Self::NoOutputs => "bad-txns-vout-empty",
            Self::Oversize(_) => "bad-txns-oversize",
            Self::NegativeOutput(_) => "bad-txns-vout-negative",
            Self::OutputTooLarge(_) => "bad-txns-vout-toolarge",
            Self::OutputTotalTooLarge => "bad-txns-txouttotal-toolarge",
            Self::DuplicateInput(_) => "bad-txns-inputs-duplicate",
            Self::CoinbaseScriptLength(_) => "bad-cb-length",
            Self::NullInput => "bad-txns-prevout-null",
            Self::NonFinal => "bad-txns-nonfinal",
            Self::MissingInput(_) => "bad-txns-inputs-missingorspent",
            Self::ImmatureCoinbase { .. } => "bad-txns-premature-spend-of-coinbase",
            Self::InputValuesOutOfRange => "bad-txns-inputvalues-outofrange",
            Self::InputsBelowOutputs { .. } => "bad-txns-in-belowout",
            Self::Script { .. } => "block-script-verify-flag-failed",
        }
    }
}

impl BlockError {
    /// Core's reject reason.
    pub const fn reject_reason(&self) -> &'static str {
        match self {
            Self::Header(error) => error.reject_reason(),
            Self::MerkleRoot { .. } => "bad-txnmrklroot",
            Self::DuplicateTransactions => "bad-txns-duplicate",
            Self::Length { .. } => "bad-blk-length",
            Self::CoinbaseMissing => "bad-cb-missing",
            Self::CoinbaseMultiple => "bad-cb-multiple",
            Self::Transaction { error, .. } => error.reject_reason(),
            Self::SigOps(_) => "bad-blk-sigops",
            Self::CoinbaseHeight(_) => "bad-cb-height",
            Self::WitnessNonceSize => "bad-witness-nonce-size",
            Self::WitnessMerkleMatch => "bad-witness-merkle-match",
            Self::UnexpectedWitness => "unexpected-witness",
            Self::Weight(_) => "bad-blk-weight",
            Self::AccumulatedFeeOutOfRange => "bad-txns-accumulated-fee-outofrange",
            Self::CoinbaseAmount { .. } => "bad-cb-amount",
        }
    }

    /// Whether someone may have changed the block's bytes under way while its header stands: then the header must not
    /// be remembered as invalid (Core's `BLOCK_MUTATED`). A missing coinbase is among them: pairs of hashes can be passed
    /// off as transactions of 64 bytes.
    pub const fn is_mutation(&self) -> bool {
        matches!(
            self,
            Self::MerkleRoot { .. }
                | Self::DuplicateTransactions
                | Self::CoinbaseMissing
                | Self::WitnessNonceSize
                | Self::WitnessMerkleMatch
                | Self::UnexpectedWitness
        )
    }

    /// Whether the block will never be valid as it is.
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::Header(error) => error.is_permanent(),
            _ => true,
        }
    }
}
