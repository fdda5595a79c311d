//! Why connections end, and what a peer may do without losing its own.

use super::limits::{
    CONNECT_TIMEOUT, HANDSHAKE_TIMEOUT, MAX_ADDR_TO_SEND, MAX_HEADERS_RESULTS, MAX_INV_SZ, MAX_LOCATOR_SZ,
    MAX_RECEIVE_BUFFER, MIN_PEER_PROTO_VERSION,
};
use super::message::FrameError;
use super::v2::V2Error;
use crate::consensus::{BlockError, HeaderError};
use crate::primitives::{BlockHash, Txid};
use crate::spv::MerkleProofError;

/// Why this node ends a connection. Those that [discourage](Self::discourages) also keep the peer's address group from
/// coming back while this node lives.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisconnectReason {
    /// Bytes that are no message of this network.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Bytes that are not what an encrypted connection carries.
    #[error("v2 transport: {0}")]
    V2(#[from] V2Error),
    /// More bytes than this node reads.
    #[error("receive flood: more than {MAX_RECEIVE_BUFFER} unread bytes")]
    ReceiveFlood,
    /// A locator that is too long.
    #[error("locator of {0} hashes, at most {MAX_LOCATOR_SZ} are allowed")]
    LocatorTooLong(usize),
    /// No `verack` in time.
    #[error("no handshake within {} s", HANDSHAKE_TIMEOUT.as_millis() / 1_000)]
    HandshakeTimeout,
    /// The other side is this node.
    #[error("connected to itself")]
    SelfConnection,
    /// A protocol version that nobody speaks any more.
    #[error("obsolete protocol version {0}, at least {MIN_PEER_PROTO_VERSION} is needed")]
    ObsoleteVersion(u32),
    /// A neighbour that this node chose itself and that does not serve the chain.
    #[error("does not serve the chain")]
    LacksServices,
    /// Silent for too long.
    #[error("ping timeout: silent for {0} s")]
    PingTimeout(u64),
    /// `getheaders` or `getblocks` was not answered.
    #[error("headers timeout: getheaders was not answered within {0} s")]
    HeadersTimeout(u64),
    /// It held up the download window.
    #[error("peer is stalling block download: {0} did not come")]
    BlockStalling(BlockHash),
    /// A block took too long.
    #[error("timeout downloading block {0}")]
    BlockDownloadTimeout(BlockHash),
    /// There is a connection between the two nodes already.
    #[error("duplicate connection")]
    Duplicate,
    /// No room for another inbound connection, and none that would be given up for it.
    #[error("full: {0} inbound connections")]
    InboundFull(usize),
    /// Given up for another inbound connection.
    #[error("evicted: another connection took its place")]
    Evicted,
    /// It answered, which was all that was asked of it.
    #[error("tested")]
    Tested,
    /// It gave addresses, or had time to.
    #[error("asked for addresses")]
    AddressesFetched,
    /// No room for another connection of any kind.
    #[error("full: no more connections")]
    Full,
    /// Banned by hand.
    #[error("banned")]
    Banned,
    /// Discouraged earlier.
    #[error("discouraged")]
    Discouraged,
    /// `disconnectnode`.
    #[error("disconnected by hand")]
    ByHand,
    /// What the connection was made for is done.
    #[error("delivered")]
    Delivered,
    /// This node is not on the network, or leaves it.
    #[error("node is stopped")]
    Stopped,
    /// The connection opened too late.
    #[error("opened after {} s", CONNECT_TIMEOUT.as_millis() / 1_000)]
    OpenedLate,

    /// A header that can never be valid.
    #[error("invalid header: {0}")]
    InvalidHeader(HeaderError),
    /// Too many headers at once.
    #[error("headers message size = {0}, at most {MAX_HEADERS_RESULTS} are allowed")]
    TooManyHeaders(usize),
    /// Headers that do not follow each other.
    #[error("non-continuous headers sequence")]
    NonContinuousHeaders,
    /// An `inv`, `getdata` or `notfound` that is too long.
    #[error("{command} message size = {count}, at most {MAX_INV_SZ} are allowed")]
    TooMuchInventory {
        /// Which of them.
        command: &'static str,
        /// Its entries.
        count: usize,
    },
    /// Too many addresses at once.
    #[error("addr message size = {0}, at most {MAX_ADDR_TO_SEND} are allowed")]
    TooManyAddresses(usize),
    /// A bloom filter beyond the limits, an element beyond a script's, or one for a filter that was never loaded.
    #[error("bad {0} message")]
    BadFilter(&'static str),
    /// A compact block that no honest node makes, transactions that do not complete one, or a request for some that it
    /// does not have.
    #[error("bad {0} message")]
    BadCompactBlock(&'static str),
    /// Compact filters of an unknown kind, of blocks that are unknown or off the chain, or too many of them.
    #[error("bad {0} request")]
    BadFilterRequest(&'static str),
    /// A compact filter that is not what its sender said of it, or that leaves out what its block pays.
    #[error("false filter of block {0}")]
    FalseFilter(BlockHash),
    /// Compact filters were not sent.
    #[error("filter timeout: compact filters did not come within {0} s")]
    FilterTimeout(u64),
    /// A proof that does not lead to its header.
    #[error("bad proof for block {block}: {error}")]
    BadProof {
        /// The block.
        block: BlockHash,
        /// What is wrong.
        error: MerkleProofError,
    },
    /// A transaction that matches our filter was left out of a filtered block, as another peer proved.
    #[error("kept transaction {txid} of block {block} back")]
    KeptBack {
        /// The block.
        block: BlockHash,
        /// The transaction.
        txid: Txid,
    },
    /// An invalid or mutated block.
    #[error("invalid block {hash}: {error}")]
    InvalidBlock {
        /// The block.
        hash: BlockHash,
        /// The rule.
        error: Box<BlockError>,
    },
}

impl DisconnectReason {
    /// The kind of reason in one word, which stays the same when the words change.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Frame(_) => "bad-frame",
            Self::V2(_) => "bad-encryption",
            Self::ReceiveFlood => "receive-flood",
            Self::LocatorTooLong(_) => "locator-too-long",
            Self::HandshakeTimeout => "handshake-timeout",
            Self::SelfConnection => "self-connection",
            Self::ObsoleteVersion(_) => "obsolete-version",
            Self::LacksServices => "lacks-services",
            Self::PingTimeout(_) => "ping-timeout",
            Self::HeadersTimeout(_) => "headers-timeout",
            Self::BlockStalling(_) => "block-stalling",
            Self::BlockDownloadTimeout(_) => "block-download-timeout",
            Self::Duplicate => "duplicate",
            Self::InboundFull(_) => "inbound-full",
            Self::Evicted => "evicted",
            Self::Tested => "tested",
            Self::AddressesFetched => "addresses-fetched",
            Self::Full => "full",
            Self::Banned => "banned",
            Self::Discouraged => "discouraged",
            Self::ByHand => "by-hand",
            Self::Delivered => "delivered",
            Self::Stopped => "stopped",
            Self::OpenedLate => "opened-late",
            Self::InvalidHeader(_) => "invalid-header",
            Self::TooManyHeaders(_) => "too-many-headers",
            Self::NonContinuousHeaders => "non-continuous-headers",
            Self::TooMuchInventory { .. } => "too-much-inventory",
            Self::TooManyAddresses(_) => "too-many-addresses",
            Self::BadFilter(_) => "bad-filter",
            Self::BadCompactBlock(_) => "bad-compact-block",
            Self::BadFilterRequest(_) => "bad-filter-request",
            Self::FalseFilter(_) => "false-filter",
            Self::FilterTimeout(_) => "filter-timeout",
            Self::BadProof { .. } => "bad-proof",
            Self::KeptBack { .. } => "kept-back",
            Self::InvalidBlock { .. } => "invalid-block",
        }
    }

    /// Whether the peer broke a rule that no honest node breaks: its address group is refused from now on, unless it
    /// was added by hand.
    pub const fn discourages(&self) -> bool {
        matches!(
            self,
            Self::InvalidHeader(_)
                | Self::TooManyHeaders(_)
                | Self::NonContinuousHeaders
                | Self::TooMuchInventory { .. }
                | Self::TooManyAddresses(_)
                | Self::BadFilter(_)
                | Self::BadCompactBlock(_)
                | Self::BadProof { .. }
                | Self::FalseFilter(_)
                | Self::KeptBack { .. }
                | Self::InvalidBlock { .. }
        )
    }
}

/// What peers did that is tolerated, counted per peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tolerated {
    /// Payloads that did not hash to their checksum.
    pub bad_checksum: u64,
    /// Commands that this node does not know.
    pub unknown_command: u64,
    /// Payloads that did not decode.
    pub malformed: u64,
    /// Messages that make no sense where they came: before the handshake, twice, unasked for.
    pub out_of_place: u64,
    /// Headers and blocks that do not connect to ours.
    pub unconnecting: u64,
    /// Headers and blocks from the future.
    pub from_future: u64,
    /// Headers and blocks of chains with too little work to be kept.
    pub low_work: u64,
    /// Transactions that a rule refused.
    pub invalid_transactions: u64,
    /// Blocks that nobody asked for and that have less work than our chain.
    pub unwanted_blocks: u64,
    /// Invalid blocks that came by short ids, which are passed on before they are validated.
    pub invalid_blocks: u64,
}

impl Tolerated {
    /// All of them.
    pub const fn total(&self) -> u64 {
        self.bad_checksum
            + self.unknown_command
            + self.malformed
            + self.out_of_place
            + self.unconnecting
            + self.from_future
            + self.low_work
            + self.invalid_transactions
            + self.unwanted_blocks
            + self.invalid_blocks
    }
}
