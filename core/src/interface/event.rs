//! What a node tells as it happens.
#![allow(
    missing_docs,
    reason = "a variant's doc names its fields; each on its own would only repeat the name"
)]

use super::id::{NodeId, PeerId};
use super::watch::NetworkWarning;
use crate::primitives::{BlockHash, Height, Txid};
use serde::Deserialize;
use std::fmt;
use std::net::SocketAddr;

/// Something that happened in a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A block joined the active chain.
    Block { hash: BlockHash, height: Height },
    /// A transaction entered the mempool.
    Transaction { txid: Txid },
    /// The active chain changed branch; `disconnected` from the old tip down, `connected` from the fork up.
    Reorg {
        from: BlockHash,
        to: BlockHash,
        disconnected: Vec<BlockHash>,
        connected: Vec<BlockHash>,
        returned: usize,
    },
    /// A connection changed state; `reason` says why it ended.
    Peer { peer: PeerId, address: SocketAddr, direction: Direction, state: PeerState, reason: Option<String> },
    /// A message was sent or received; `length` is the payload's, in bytes. `subject` is the block or transaction
    /// hash that it carries or announces, where there is just one.
    Message {
        peer: PeerId,
        address: SocketAddr,
        direction: Direction,
        command: String,
        length: usize,
        subject: Option<String>,
    },
    /// Something unusual began that may be an attack, or is over; with what was done about it so far.
    Warning { warning: NetworkWarning, active: bool },
    /// A line of the node's log.
    Log(LogLine),
}

/// Which way a message went, or who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the peer to us.
    Inbound,
    /// From us to the peer.
    Outbound,
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// We asked for it.
    Connecting,
    /// Bytes flow, versions are being exchanged.
    Handshaking,
    /// Both sides have sent verack.
    Connected,
    /// It is gone.
    Disconnected,
}

/// How bytes travel over a connection (Core's `TransportProtocolType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportProtocol {
    /// Not certain yet.
    Detecting,
    /// In the clear.
    V1,
    /// Encrypted (BIP324).
    V2,
}

impl TransportProtocol {
    /// Core's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Detecting => "detecting",
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

/// What an inventory lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InventoryKind {
    /// Blocks.
    Block,
    /// Transactions.
    Tx,
}

/// A line of a node's log; its `Display` is the seeds' text, which is the same in every language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogLine {
    /// The node joined the network.
    Starting(NodeId),
    /// It mines to this address.
    MiningOn(String),
    /// A message came.
    Received(String),
    /// An inventory came.
    ReceivedInventory { count: usize, kind: InventoryKind },
    /// A block came that this node did not have.
    ReceivedBlock,
    /// A block was connected.
    AddedBlock(BlockHash),
    /// This node found a block.
    BlockMined,
    /// The miner dropped what it had: no transaction was valid any more.
    AllInvalid,
    /// A connection could not be made.
    NotAvailable(String),
    /// The number of nodes known changed.
    KnownNodes(usize),
    /// A connection was made.
    NewConnection,
    /// A connection ended.
    ConnectionTerminated,
    /// A payment has so many confirmations that it counts as settled.
    Settled { txid: Txid, confirmations: u32 },
    /// A transaction that waited gave way to another that spends the same coins and pays more.
    Replaced { txid: Txid, by: Txid },
    /// A block or transaction was refused, with the rule and the value.
    Refused(String),
    /// Anything else worth a line: storage, limits, peers.
    Note(String),
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogLine::Starting(id) => write!(f, "Starting node {id}"),
            // Two spaces, as the seeds' program prints it.
            LogLine::MiningOn(address) => {
                write!(f, "Mining is on. Address to receive rewards:  {address}")
            }
            LogLine::Received(command) => write!(f, "Received {command} command"),
            LogLine::ReceivedInventory { count, kind } => {
                let kind = match kind {
                    InventoryKind::Block => "block",
                    InventoryKind::Tx => "tx",
                };
                write!(f, "Received inventory with {count} {kind}")
            }
            LogLine::ReceivedBlock => f.write_str("Received a new block!"),
            LogLine::AddedBlock(hash) => write!(f, "Added block {hash}"),
            LogLine::BlockMined => f.write_str("New block is mined!"),
            LogLine::AllInvalid => f.write_str("All transactions are invalid! Waiting for new ones..."),
            LogLine::NotAvailable(address) => write!(f, "{address} is not available"),
            LogLine::KnownNodes(count) => write!(f, "There are {count} known nodes now!"),
            LogLine::NewConnection => f.write_str("Added new connection!"),
            LogLine::ConnectionTerminated => f.write_str("A connection has terminated!"),
            LogLine::Settled { txid, confirmations } => {
                write!(f, "Payment {txid} is settled: {confirmations} confirmations")
            }
            LogLine::Replaced { txid, by } => write!(f, "Transaction {txid} was replaced by {by}"),
            LogLine::Refused(why) => write!(f, "Refused: {why}"),
            LogLine::Note(text) => f.write_str(text),
        }
    }
}
