//! A node's state as the page shows it, whole each time; the host sends at most ten a second.

use super::command::{MiningMode, SyncMode};
use super::event::{Direction, PeerState, TransportProtocol};
use super::id::{NodeId, PeerId, Role};
use super::port::RequestId;
use super::reply::AddressEntry;
use super::watch::WatchSummary;
use crate::primitives::{Amount, BlockHash, Height, Txid};
use std::net::SocketAddr;

/// All that a node's card shows.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSnapshot {
    /// Which node.
    pub id: NodeId,
    /// What it is for.
    pub role: Role,
    /// Whether it is on the network.
    pub state: RunState,
    /// Its chain; none until one is created, copied or configured.
    pub chain: Option<ChainSummary>,
    /// Its connections, in the order in which they were made.
    pub peers: Vec<PeerSummary>,
    /// Connections that ended, the last one first; at most 8.
    pub ended: Vec<EndedConnection>,
    /// What it sees of its peers as a whole, and what of that is unusual.
    pub watch: WatchSummary,
    /// What waits to be mined.
    pub mempool: MempoolSummary,
    /// Its wallet.
    pub wallet: WalletSummary,
    /// Its miner.
    pub mining: MiningSummary,
    /// Addresses that are banned or discouraged.
    pub banned: usize,
    /// Bytes that wait to be committed to the store.
    pub pending_bytes: usize,
    /// Why the store no longer takes writes, if so; the node then neither mines nor downloads.
    pub store_failure: Option<String>,
    /// Long work under way; at most one for each open command, and the node's own.
    pub tasks: Vec<Task>,
}

/// Long work, with its count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// The command that waits for it; none where nobody does.
    pub request: Option<RequestId>,
    /// What is done.
    pub kind: TaskKind,
    /// Blocks done.
    pub done: u32,
    /// Blocks in all, as far as is known.
    pub total: u32,
}

/// What kind of long work it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskKind {
    /// Blocks are mined for a command.
    Mine,
    /// Blocks are read for a command.
    Read,
    /// The wallet looks through blocks for its transactions.
    Rescan,
    /// The coins are built anew from the blocks.
    Reindex,
    /// The blocks of a chain file are validated.
    Import,
}

impl TaskKind {
    /// Whether cancelling ends the work; else only the command's wait for it ends, for the node needs its outcome.
    pub fn ends_when_cancelled(self) -> bool {
        matches!(self, TaskKind::Mine | TaskKind::Read | TaskKind::Import)
    }
}

/// Whether a node is on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It answers commands, and is not on the network.
    Stopped,
    /// It is on the network.
    Running,
}

/// The chain as a node sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainSummary {
    /// The network's name: classroom, regtest, custom.
    pub network: String,
    /// The genesis block's hash: two nodes are on one network when it is equal and their magic is.
    pub genesis: BlockHash,
    /// Network magic, as eight hex digits in wire order.
    pub magic: String,
    /// Height of the tip.
    pub height: Height,
    /// Hash of the tip.
    pub tip: BlockHash,
    /// Total work, 64 hex digits.
    pub chainwork: String,
    /// Height of the best header, above `height` while syncing.
    pub headers: Height,
    /// The next block's compact target.
    pub next_bits: u32,
    /// Hashes that a block takes on average at that target.
    pub hashes_per_block: f64,
    /// Seconds that the network wants between blocks.
    pub block_spacing: u32,
    /// The last blocks of the active chain, oldest first, at most 24.
    pub recent: Vec<BlockSummary>,
}

/// A block in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockSummary {
    /// Its hash.
    pub hash: BlockHash,
    /// Its parent's hash.
    pub previous: BlockHash,
    /// Its height.
    pub height: Height,
    /// Header time, seconds since 1970.
    pub time: u32,
    /// Number of transactions, coinbase included.
    pub transactions: usize,
    /// The address that its coinbase pays, where there is one.
    pub miner: Option<String>,
}

/// A connection in short.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerSummary {
    /// Which connection.
    pub peer: PeerId,
    /// The other side's address; its port is the node id.
    pub address: SocketAddr,
    /// Who opened it.
    pub direction: Direction,
    /// Where it stands.
    pub state: PeerState,
    /// The peer's user agent.
    pub user_agent: String,
    /// What the peer offers, by Core's names.
    pub services: Vec<String>,
    /// The best height that the peer is known to have.
    pub height: Option<Height>,
    /// Last ping's round trip, in milliseconds.
    pub ping_ms: Option<f64>,
    /// Bytes sent and received.
    pub bytes: (u64, u64),
    /// How this node syncs from it.
    pub sync: SyncMode,
    /// Whether what is said over it is encrypted.
    pub transport: TransportProtocol,
    /// What it may take of this node.
    pub budget: BudgetSummary,
    /// Why the last connection with its address ended, if there was one.
    pub last_disconnect: Option<EndedConnection>,
}

/// What is left of a peer's budgets, each with what may be saved up; a debt shows as nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetSummary {
    /// Work, in microseconds of a worker.
    pub work: (u64, u64),
    /// Bytes.
    pub bytes: (u64, u64),
    /// Messages.
    pub messages: (u64, u64),
    /// All the work that its messages have made.
    pub spent: u64,
    /// Whether it is over one of them, and waits for the others.
    pub is_over: bool,
}

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedConnection {
    /// With whom.
    pub address: SocketAddr,
    /// When, seconds since 1970.
    pub time: u32,
    /// The kind of reason, as `net::DisconnectReason::code` has it; `closed` where the other side or the host ended it.
    pub code: String,
    /// The reason in words.
    pub reason: String,
}

/// The mempool in short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MempoolSummary {
    /// Transactions.
    pub count: usize,
    /// Their virtual size, bytes.
    pub vsize: usize,
    /// Transactions that wait for a parent.
    pub orphans: usize,
    /// The first of them in mining order, at most 24.
    pub txids: Vec<Txid>,
}

/// The wallet in short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WalletSummary {
    /// Confirmed coins that can be spent now.
    pub balance: Amount,
    /// What unconfirmed transactions add to it or take from it.
    pub pending: Amount,
    /// Block rewards that are not mature yet.
    pub immature: Amount,
    /// Addresses in the order in which they were made, with confirmed balances, at most 100.
    pub addresses: Vec<AddressEntry>,
    /// The address that can pay most now; none where nothing can be spent.
    pub payer: Option<Payer>,
    /// Counts up whenever the history changes, so that a view knows when to ask for it again.
    pub revision: u64,
}

/// Who can pay, and how much: one payment spends coins of one address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payer {
    /// As text.
    pub address: String,
    /// Mature coins that no waiting payment spends, and change of the wallet's own waiting ones.
    pub spendable: Amount,
}

/// The miner in short.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MiningSummary {
    /// When it mines.
    pub mode: MiningMode,
    /// It has a job now.
    pub active: bool,
    /// Where rewards go.
    pub address: Option<String>,
    /// Blocks that this node found, since it was made.
    pub blocks_found: u64,
    /// Measured hashes a second, filled in by the host.
    pub hashes_per_second: f64,
    /// The dial: thousands of hashes a second at most, filled in by the host.
    pub budget_khs: f64,
}
