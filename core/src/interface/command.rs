//! What a node can be asked to do. Labels are resolved before a command is made: every address here is the text of
//! an address, which the node checks against its own network.
#![allow(
    missing_docs,
    reason = "a variant's doc names its fields; each on its own would only repeat the name"
)]

use super::id::NodeId;
use crate::primitives::{Amount, BlockHash, Height, Txid};
use serde::Deserialize;
use std::net::SocketAddr;

/// A command to a node; each is answered by exactly one [`Reply`](super::Reply) or
/// [`CommandError`](super::CommandError).
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub enum Command {
    /// Makes a key; without a label the address has none.
    CreateWallet { label: Option<String> },
    /// The wallet's addresses in the order in which they were made.
    ListAddresses,
    /// The private key of a wallet address, as WIF.
    DumpKey { address: String },
    /// Adds a private key (WIF) and rescans the chain for it.
    ImportKey { wif: String, label: Option<String> },
    /// Confirmed coins of any address, of this wallet or not.
    GetBalance { address: String },
    /// Pays; with `mine` the payment is mined on the spot, the reward going to `from`. `fee` is absolute, default 0
    /// where the network relays without fees.
    Send { from: String, to: String, amount: Amount, fee: Option<Amount>, mine: bool },
    /// The wallet's transactions, newest first.
    History,

    /// Makes a new chain whose genesis pays `address`, and uses it. `subsidy` defaults to the network's 50.
    CreateBlockchain { address: String, subsidy: Option<Amount> },
    /// The active chain from the tip back to genesis, with bodies.
    PrintChain,
    /// Rebuilds the coins from the blocks.
    ReindexUtxo,
    /// The chain as a file that another node can be given.
    ExportChain,
    /// Replaces this node's chain by that of a file; refused while the node runs.
    ImportChain { file: ChainFile },

    /// Joins the network.
    StartNode(StartOptions),
    /// Leaves the network; commands are still answered.
    StopNode,
    /// Sets when this node mines, and to which address (default: the wallet's first, made if there is none).
    SetMining { mode: MiningMode, address: Option<String> },
    /// Mines `blocks` blocks now, without a hash-rate budget.
    Generate { blocks: u32, address: Option<String> },

    /// Opens, keeps or forgets a connection by hand.
    AddNode { address: SocketAddr, action: AddNodeAction },
    /// Ends the connection to an address.
    DisconnectNode { address: SocketAddr },
    /// Adds or lifts a ban on an address; `seconds` defaults to a day.
    SetBan { address: SocketAddr, action: BanAction, seconds: Option<u32> },
    /// Adds an address to the node's book, for labs; as one that was spoken to if `tried`.
    AddPeerAddress { address: SocketAddr, tried: bool },

    /// Bitcoin Core's RPC of the same name, as are those below.
    GetBlockchainInfo,
    /// See [`Command::GetBlockchainInfo`].
    GetNetworkInfo,
    /// See [`Command::GetBlockchainInfo`].
    GetConnectionCount,
    /// See [`Command::GetBlockchainInfo`].
    GetPeerInfo,
    /// So many known addresses, one if none is given, all with 0.
    GetNodeAddresses { count: Option<u32> },
    /// See [`Command::GetBlockchainInfo`].
    GetAddrManInfo,
    /// Connections kept by hand: that to an address, or all.
    GetAddedNodeInfo { address: Option<SocketAddr> },
    /// See [`Command::GetBlockchainInfo`].
    ListBanned,
    /// `verbosity` 0 hex, 1 with txids, 2 with transactions.
    GetBlock { hash: BlockHash, verbosity: u8 },
    /// The header, as JSON or as hex.
    GetBlockHeader { hash: BlockHash, verbose: bool },
    /// A block's compact filter and filter header (BIP157, BIP158).
    GetBlockFilter { hash: BlockHash },
    /// The hash of the active chain's block at a height.
    GetBlockHash { height: Height },
    /// A transaction of the mempool, of the given block, or (found through the active chain) of any block.
    GetRawTransaction { txid: Txid, verbose: bool, block: Option<BlockHash> },
    /// Decodes a transaction given in hex.
    DecodeRawTransaction { hex: String },
    /// Submits a transaction given in hex.
    SendRawTransaction { hex: String },
    /// See [`Command::GetBlockchainInfo`].
    GetMempoolInfo,
    /// Txids, or entries by txid.
    GetRawMempool { verbose: bool },
    /// An unspent output, null if there is none.
    GetTxOut { txid: Txid, vout: u32, include_mempool: bool },
    /// A merkle proof (hex of a merkleblock) that transactions are in a block.
    GetTxOutProof { txids: Vec<Txid>, block: Option<BlockHash> },
    /// The txids that such a proof commits to, if its block is in the active chain.
    VerifyTxOutProof { proof: String },
    /// See [`Command::GetBlockchainInfo`].
    GetMiningInfo,
    /// See [`Command::GetBlockchainInfo`].
    GetBestBlockHash,
    /// The tip's height.
    GetBlockCount,
    /// How much harder a block is than Bitcoin's easiest.
    GetDifficulty,
    /// The ends of all branches that are known.
    GetChainTips,
    /// Hashes a second that the last `blocks` speak for; 120 if none is given.
    GetNetworkHashPs { blocks: Option<u32> },
    /// All coins, counted and hashed.
    GetTxOutSetInfo,
    /// What is indexed beyond the chain.
    GetIndexInfo,
    /// Whether a text is an address of this network, and of what kind.
    ValidateAddress { address: String },
    /// One transaction that waits.
    GetMempoolEntry { txid: Txid },
    /// What waits that a waiting transaction depends on: txids, or entries by txid.
    GetMempoolAncestors { txid: Txid, verbose: bool },
    /// What waits that depends on it.
    GetMempoolDescendants { txid: Txid, verbose: bool },
    /// Whether the mempool would take a transaction given in hex.
    TestMempoolAccept { hex: String },
    /// Seconds since the node was opened.
    Uptime,
    /// Bytes over all connections that there were.
    GetNetTotals,
    /// Pings every peer.
    Ping,
    /// Lifts all bans.
    ClearBanned,

    /// A block with fields and hex, for the page's block view; null fields where the body is absent.
    ShowBlock { hash: BlockHash },
    /// A transaction with fields and hex, for the page's transaction view.
    ShowTransaction { txid: Txid },
}

/// How a node joins the network.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct StartOptions {
    /// Mine to this address.
    pub miner: Option<String>,
    /// Connect to these and no others.
    pub connect: Vec<NodeId>,
    /// Ask these first for others.
    pub seed_nodes: Vec<NodeId>,
    /// Become a light node, which keeps headers alone.
    pub spv: bool,
    /// How a light node learns which blocks concern it.
    pub filters: LightFilter,
    /// How to sync; the node's configured way if none is given.
    pub sync: Option<SyncMode>,
    /// Connections that it opens by itself; 8 if none is given.
    pub max_outbound: Option<u16>,
    /// Connections that it lets in; 125 if none is given.
    pub max_inbound: Option<u16>,
    /// What to speak with peers.
    pub transport: TransportChoice,
}

/// What a node speaks with its peers (Core's `-v2transport`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportChoice {
    /// Encrypted with whom it can be, in the clear with the others.
    #[default]
    V2,
    /// In the clear.
    V1,
}

/// How a light node learns which blocks concern its wallet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LightFilter {
    /// It tells its peers by a bloom filter what it looks for, and they prove what they find (BIP37).
    #[default]
    Bloom,
    /// It fetches the filter of every block and looks for itself (BIP157).
    Compact,
}

/// The two ways to sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SyncMode {
    /// Bitcoin today: getheaders, headers, then blocks by getdata from several peers.
    #[default]
    Headers,
    /// The seeds, and Bitcoin before 0.10: getblocks, inv of up to 500, getdata.
    Blocks,
}

/// When a node mines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MiningMode {
    /// Never by itself.
    #[default]
    Off,
    /// Once two transactions wait, and on until none is left (the seeds' rule).
    WhenTwoWait,
    /// All the time.
    Always,
}

/// What `addnode` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AddNodeAction {
    /// Connect, and connect again whenever the connection is lost.
    Add,
    /// Forget an added node.
    Remove,
    /// Connect once.
    Onetry,
}

/// What `setban` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BanAction {
    /// Ban, and disconnect.
    Add,
    /// Lift a ban.
    Remove,
}

/// A chain as a file: the invitation (genesis block and parameters) and the blocks of the active chain in order.
/// Made and read by `chain::file`; whoever carries it need not look inside.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ChainFile(pub Vec<u8>);
