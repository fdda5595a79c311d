//! What goes in and what comes out.
#![allow(
    missing_docs,
    reason = "a variant's doc names its fields; each on its own would only repeat the name"
)]

use super::place::LinkPath;
use crate::chain::Verdict;
use crate::cost::Cost;
use crate::interface::{Command, CommandError, Direction, Event, PeerId, Reply, RequestId};
use crate::primitives::{Header, Target};
use crate::store::{BatchId, Database, Record, StoreBatch, Table, Values};
use serde::Deserialize;
use std::net::{Ipv4Addr, SocketAddr};

/// Randomness for a node's life, from the host's secure generator; the simulator gives its own.
#[derive(Clone, Deserialize)]
pub struct Entropy {
    /// Seeds the node's generator: nonces, peer choice.
    pub node: [u8; 32],
    /// Seeds wallet keys, separately, so that nothing else ever touches it.
    pub wallet: [u8; 32],
}

/// What the three databases held when the node was opened: every record of their eager tables.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Loaded {
    /// Database `Chain`.
    pub chain: Vec<Record>,
    /// Database `Wallet`.
    pub wallet: Vec<Record>,
    /// Database `Peers`.
    pub peers: Vec<Record>,
}

/// Names a mining job; a new job replaces the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct JobId(pub u64);

/// Names a read from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct LoadId(pub u64);

/// Names a batch of script checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct VerifyId(pub u64);

/// A header to grind. When the host has tried all 2^32 nonces it says [`Input::NoncesExhausted`], and the node rolls
/// the extra nonce and sends another job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MiningJob {
    /// Names it.
    pub id: JobId,
    /// The header; its nonce is where the search starts.
    pub header: Header,
    /// The hash must not be above this.
    pub target: Target,
    /// Whether the host's hash-rate budget applies (mining all the time) or not (a block on demand).
    pub budgeted: bool,
}

/// Something happened.
#[derive(Clone, Debug, Deserialize)]
pub enum Input {
    /// A connection is up: one that we asked for (`Outbound`) or one that came. `peer` is new.
    PeerConnected { peer: PeerId, address: SocketAddr, direction: Direction },
    /// A connection that we asked for could not be made.
    ConnectFailed { address: SocketAddr, reason: String },
    /// Bytes from a peer, in order.
    PeerBytes {
        peer: PeerId,
        #[serde(deserialize_with = "crate::encode::hex::from_text")]
        bytes: Vec<u8>,
    },
    /// Bytes that were sent to a peer have left: `queued` are still waiting in the host.
    PeerDrained { peer: PeerId, queued: usize },
    /// A connection is gone.
    PeerClosed { peer: PeerId, reason: String },
    /// The nodes that are up on this node's network, itself left out; replaces the last list. What the node knows of them
    /// is tried again sooner; addresses that it does not know it learns from seeds and peers alone.
    Directory { up: Vec<SocketAddr> },
    /// The nodes that are up in this node's room, on whatever network; replaces the last list. Ids in commands mean these.
    Room { nodes: Vec<SocketAddr> },
    /// How links to another browser of the room go from now on, for whoever asks; it changes nothing of what the node does.
    Path { host: Ipv4Addr, path: LinkPath },
    /// What a seed answers, as `net::seed_answer` says; nothing if it is dead.
    SeedAnswer { seed: u8, addresses: Vec<SocketAddr> },
    /// A command; its reply carries the same id.
    Command { id: RequestId, command: Command },
    /// A command is given up: if it is still open it is answered by `CommandError::Cancelled`.
    Cancel { id: RequestId },
    /// The nonce that solves a job.
    NonceFound { job: JobId, nonce: u32 },
    /// No nonce solves it.
    NoncesExhausted { job: JobId },
    /// A batch is in the store.
    BatchCommitted { id: BatchId },
    /// A batch is not, and nothing of it is.
    BatchFailed { id: BatchId, reason: String },
    /// Records that were asked for, in the order of the keys; none where there is no such record.
    Loaded { id: LoadId, values: Values },
    /// From now on helpers check the scripts of a block in which these cost so much at least; none where there are no
    /// helpers, as until this is said: then the node checks all of them itself.
    Helpers { least: Option<Cost> },
    /// From now on the host has use for events that tell of messages, and for lines of the log, or has none; for both,
    /// until this is said.
    Listens { messages: bool, log: bool },
    /// A helper has checked a batch, and found this.
    Verified { id: VerifyId, result: Verdict },
    /// No helper checks a batch: it never began, it ended, it failed. The node does it itself.
    Unverified { id: VerifyId },
}

/// Something to do.
#[derive(Clone, Debug)]
pub enum Output {
    /// Open a connection; answered by `PeerConnected` or `ConnectFailed` with this address.
    Connect { address: SocketAddr },
    /// Ask a seed for addresses; answered by `SeedAnswer`, late or never if it is dead.
    AskSeed { seed: u8 },
    /// Send bytes, in order.
    Send { peer: PeerId, bytes: Vec<u8> },
    /// End a connection, after what was sent; no `PeerClosed` follows.
    Disconnect { peer: PeerId, reason: String },
    /// So many more of a peer's bytes have been worked off: the host lets it send as many again. Told once it is worth
    /// it: for up to 16 kB that were worked off none has come yet, or 64 kB while more of the peer's bytes wait.
    Consumed { peer: PeerId, bytes: usize },
    /// Write; answered by `BatchCommitted` or `BatchFailed`. One batch per database is in flight at a time.
    Commit(StoreBatch),
    /// Read; answered by `Loaded`.
    Load { id: LoadId, database: Database, table: Table, keys: Vec<Vec<u8>> },
    /// Have a helper run `verify_batch` on these bytes, which need nothing beside them; answered by `Verified` or
    /// `Unverified`, in any order.
    Verify { id: VerifyId, checks: Vec<u8> },
    /// Have no batch checked that came before this: nobody waits for them, and none of them need be answered.
    CancelVerify,
    /// Grind this job instead of any other.
    Mine(MiningJob),
    /// Grind nothing.
    CancelMine,
    /// Tell whoever watches.
    Event(Event),
    /// Answer a command.
    Reply { id: RequestId, result: Result<Reply, CommandError> },
}
