//! Answers to commands.
#![allow(
    missing_docs,
    reason = "a variant's doc names its fields; each on its own would only repeat the name"
)]

use super::command::ChainFile;
use super::event::LogLine;
use super::snapshot::BlockSummary;
use crate::primitives::{Amount, BlockHash, Height, Txid};

/// A command's answer when it succeeded.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Nothing to say.
    Done,
    /// `CreateWallet`, `ImportKey`.
    Address(AddressEntry),
    /// `ListAddresses`.
    Addresses(Vec<AddressEntry>),
    /// `DumpKey`: the key as WIF. Never logged.
    Key(String),
    /// `GetBalance`: confirmed coins.
    Balance(Amount),
    /// `Send`: the payment, how many payments were verified, and the block when it was mined on the spot.
    Sent { txid: Txid, verified: usize, mined: Option<BlockHash> },
    /// `History`.
    History(Vec<WalletTransaction>),
    /// `CreateBlockchain`: the genesis block's hash.
    ChainCreated(BlockHash),
    /// `PrintChain`: from the tip back.
    Chain(Vec<BlockDetail>),
    /// `ReindexUtxo`: how many transactions have unspent outputs.
    Reindexed { transactions: usize },
    /// `ExportChain`.
    ChainFile(ChainFile),
    /// `StartNode`: the lines that the seeds' program prints first.
    Started(Vec<LogLine>),
    /// `Generate`: the new blocks.
    Generated(Vec<BlockHash>),
    /// The RPCs: Bitcoin Core's JSON as `bitcoin-cli` prints it, a lone text bare and nothing for null.
    Json(String),
    /// `ShowBlock`.
    Block(Box<BlockDetail>),
    /// `ShowTransaction`.
    Transaction(Box<TransactionDetail>),
}

/// An address of the wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressEntry {
    /// The address as text.
    pub address: String,
    /// Its label, if it has one.
    pub label: Option<String>,
    /// Confirmed coins.
    pub balance: Amount,
}

/// Confirmations from which on a payment counts as settled, as the tutorials have it.
pub const SETTLED: u32 = 6;

/// A transaction as the wallet sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct WalletTransaction {
    /// Its id.
    pub txid: Txid,
    /// What the wallet gained (positive) or paid, fee included (negative).
    pub net: Amount,
    /// The addresses it pays, without change.
    pub to: Vec<String>,
    /// Whether it is a block reward.
    pub coinbase: bool,
    /// Confirmations: 0 while it waits in the mempool.
    pub confirmations: u32,
    /// The block that confirmed it.
    pub block: Option<BlockHash>,
    /// When this node first saw it, or its block's time; seconds since 1970.
    pub time: u32,
    /// It can no longer confirm: an input was spent by another transaction.
    pub conflicted: bool,
}

/// A block with all that a view of it shows.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockDetail {
    /// What the block is and where it stands.
    pub summary: BlockSummary,
    /// Whether it is in the active chain.
    pub active: bool,
    /// Header version.
    pub version: i32,
    /// Merkle root, as shown (reversed) hex.
    pub merkle_root: String,
    /// Compact target.
    pub bits: u32,
    /// Nonce.
    pub nonce: u32,
    /// Bytes of the whole block.
    pub size: usize,
    /// Transactions, coinbase first.
    pub transactions: Vec<TransactionDetail>,
    /// The whole block in hex.
    pub hex: String,
}

/// A transaction with all that a view of it shows.
#[derive(Clone, Debug, PartialEq)]
pub struct TransactionDetail {
    /// Its id.
    pub txid: Txid,
    /// The block that confirmed it, with its height; none while it waits.
    pub block: Option<(BlockHash, Height)>,
    /// Version.
    pub version: u32,
    /// The height or time before which it does not confirm.
    pub lock_time: u32,
    /// What it spends, in order.
    pub inputs: Vec<InputDetail>,
    /// What it pays, in order.
    pub outputs: Vec<OutputDetail>,
    /// The whole transaction in hex.
    pub hex: String,
}

/// An input of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputDetail {
    /// A coinbase's: it makes new coins. `script` is hex.
    NewCoins { script: String },
    /// Spends an output of an earlier transaction. `script` is the proof that it may, in hex.
    Spends { txid: Txid, vout: u32, script: String },
}

/// An output of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputDetail {
    /// How much it pays.
    pub value: Amount,
    /// The address that it pays, where there is one.
    pub address: Option<String>,
    /// Its condition as instructions.
    pub script: String,
}

/// Why a command failed. The message is the line that the console shows: the seeds' own where they have one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// An address that does not parse on this network.
    #[error("ERROR: Address is not valid")]
    InvalidAddress,
    /// As above, of `send -from`.
    #[error("ERROR: Sender address is not valid")]
    InvalidSender,
    /// As above, of `send -to`.
    #[error("ERROR: Recipient address is not valid")]
    InvalidRecipient,
    /// As above, of `startnode -miner`.
    #[error("Wrong miner address!")]
    WrongMinerAddress,
    /// The sender's coins do not cover amount and fee.
    #[error("ERROR: Not enough funds")]
    NotEnoughFunds,
    /// The sender's key is not in this wallet.
    #[error("ERROR: the key of '{0}' is not in this node's wallet")]
    UnknownKey(String),
    /// An amount that cannot be paid.
    #[error("ERROR: the amount {0} cannot be sent: it must be above 0 and at most 21000000")]
    InvalidAmount(Amount),
    /// `createblockchain` on a node that has a chain.
    #[error("Blockchain already exists.")]
    BlockchainExists,
    /// A command that needs a chain.
    #[error("No existing blockchain found. Create one first.")]
    NoBlockchain,
    /// As above, of a node whose stored chain cannot be opened: nobody but its owner decides what becomes of it.
    #[error(
        "ERROR: {0}; the blocks are kept as they are: copy a chain file onto this node, or remove the node"
    )]
    UnreadableChain(String),
    /// A command that is refused while the node runs.
    #[error("ERROR: node {0} is running: stop it first")]
    Running(super::NodeId),
    /// Nothing known by this id.
    #[error("ERROR: {what} {id} is not known to this node")]
    NotFound {
        /// The kind: block, transaction, address, peer.
        what: String,
        /// The id, as given.
        id: String,
    },
    /// A transaction or block that a rule refuses; `reason` starts with Bitcoin Core's reject reason.
    #[error("ERROR: {reason}")]
    Rejected {
        /// Reject reason, then details.
        reason: String,
    },
    /// An argument that does not parse.
    #[error("ERROR: {0}")]
    BadArgument(String),
    /// A file that is not a chain file, or whose chain is invalid.
    #[error("ERROR: chain file refused: {0}")]
    BadChainFile(String),
    /// The store refused the write; nothing was changed on disk.
    #[error("ERROR: the change could not be stored: {0}")]
    StoreFailed(String),
    /// The node to which the transaction was to go cannot be reached.
    #[error("{0} is not available")]
    NotAvailable(String),
    /// The command was given up before it was done; what it had done stays.
    #[error("ERROR: cancelled")]
    Cancelled,
    /// The node ended with the command unanswered.
    #[error("node {0} ended before it answered")]
    Ended(super::NodeId),
}
