//! The envelope between a page and a worker, in both directions.

use super::command::{Command, SyncMode};
use super::event::Event;
use super::id::{NodeId, Role};
use super::reply::{CommandError, Reply};
use crate::consensus::{ClassParams, Preset};
use serde::Deserialize;
use std::net::Ipv4Addr;

/// Names a command, so that its reply finds back; the page counts them up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub u32);

/// What a node is made of when it is made.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct NodeConfig {
    /// Its id.
    pub id: NodeId,
    /// Its role.
    pub role: Role,
    /// The preset network whose built-in genesis an empty store starts with; none waits for `createblockchain` or
    /// `copy`.
    pub network: Option<Preset>,
    /// How it syncs unless `startnode` says otherwise.
    pub sync: SyncMode,
    /// The only nodes that it connects to unless `startnode` says otherwise; none means that it finds them itself.
    pub connect: Vec<NodeId>,
}

/// Page to worker.
#[derive(Clone, Debug, PartialEq)]
pub enum PageMessage {
    /// The first message: makes the node.
    Boot {
        /// The node.
        config: NodeConfig,
        /// The lab that its databases, locks and channels are named after.
        lab: String,
        /// What the page was built as; the worker answers with its own.
        build: String,
        /// Names the page that owns the node, for the lease where there are no Web Locks.
        owner: String,
        /// The lab's clock.
        clock: Clock,
        /// Where others reach the node: 127.0.0.1, or in a relay's room the address that this browser was given.
        host: Ipv4Addr,
        /// Whether a journal of the node is kept: its lines come as [`WorkerMessage::Journal`]. A worker that has to wait
        /// for another tab keeps none.
        record: bool,
        /// What was chosen of the chain that nodes of the classroom network begin with in this room; none begins with the
        /// preset's.
        class: Option<ClassParams>,
    },
    /// A command; answered by [`WorkerMessage::Reply`] with the same id.
    Command {
        /// Names it.
        id: RequestId,
        /// What to do.
        command: Command,
    },
    /// Gives a command up. One that is still open is answered by `Cancelled`; what it has done stays.
    Cancel {
        /// The command's id.
        id: RequestId,
    },
    /// The miner's dial, in thousands of hashes a second; 0 stops it.
    SetHashRate {
        /// kH/s.
        khs: f64,
    },
    /// The lab clock was paused, resumed or set to another speed.
    Clock(Clock),
    /// The present conditions of all links of this node that differ from a perfect link; replaces the last ones.
    Conditions(Vec<LinkCondition>),
    /// Whether `Message` events are wanted.
    Subscribe {
        /// From now on.
        messages: bool,
    },
    /// Commit what is pending, give the id free, end.
    Shutdown,
    /// Keep no journal of the node any longer.
    StopRecording,
}

/// Worker to page.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerMessage {
    /// The node is up; answers `Boot`.
    Ready {
        /// What the worker was built as.
        build: String,
        /// Where the node keeps its data.
        storage: Storage,
        /// Whether this worker runs the node.
        ownership: Ownership,
        /// Records that failed their checksum and were rebuilt or dropped, one line each.
        repaired: Vec<String>,
    },
    /// Answers a command.
    Reply {
        /// The command's id.
        id: RequestId,
        /// Its outcome.
        result: Result<Reply, CommandError>,
    },
    /// Events in order; the first has number `first`.
    Events {
        /// Sequence number of the first.
        first: u64,
        /// The events.
        events: Vec<Event>,
        /// `Message` events dropped since the last batch.
        dropped: u64,
    },
    /// The node's state.
    Snapshot {
        /// A [`NodeSnapshot`](super::NodeSnapshot) as bytes. A worker that only watches passes them on unread, and any script of
        /// the origin may have posted them: what is no snapshot, or another node's, says nothing.
        bytes: Vec<u8>,
    },
    /// The node cannot go on (the text says why); the page ends the worker.
    Failed {
        /// The panic's text, or what the browser lacks.
        text: String,
    },
    /// `Shutdown` is done.
    Ended,
    /// What follows in the node's journal. Where the journal is full, the last line says so.
    Journal {
        /// Whole lines, and whole steps unless the node failed.
        lines: String,
    },
}

/// Where a node keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// IndexedDB.
    Durable,
    /// Memory alone: gone with the page. The text is the browser's reason.
    Memory(String),
}

/// Whether a worker runs its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It does.
    Owner,
    /// Another tab does; this one only watches.
    Viewer,
}

/// The lab clock: lab time = `lab_ms` + (wall clock - `wall_ms`) x `speed`, or `lab_ms` where dates stand still.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// Wall clock (milliseconds since 1970) at which this setting began.
    pub wall_ms: f64,
    /// Lab clock (milliseconds since 1970) at that moment.
    pub lab_ms: f64,
    /// Lab seconds per second; 0 is a pause.
    pub speed: f64,
    /// Whether the time by which blocks are dated stands still, while timers go on.
    pub dates_stand: bool,
}

/// How a link to another node differs from a perfect one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkCondition {
    /// The node at the other end.
    pub to: NodeId,
    /// One way, milliseconds.
    pub latency_ms: f64,
    /// Up to this much more, drawn anew for each frame, milliseconds.
    pub jitter_ms: f64,
    /// Bytes a second; 0 is unlimited.
    pub bandwidth: f64,
    /// Nothing passes.
    pub cut: bool,
}
