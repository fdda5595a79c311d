//! What the page shows: one store of signals keyed by node id. Views read it; only `lab::port` holds the halves that
//! write.

use super::clock::LabClock;
use super::links::Links;
use super::trace::Recorded;
use super::traffic::Traffic;
use super::tree::BlockTree;
use leptos::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;
use terrarium_core::collections::BTreeSet;
use terrarium_core::interface::{
    NodeId, NodeSnapshot, PeerState, PeerSummary, RequestId, Role, RunState, Task, TransportProtocol,
};
use terrarium_core::primitives::{Amount, BlockHash, Txid};

/// Names for the nodes 3000, 3001, and so on.
const NAMES: [&str; 26] = [
    "Ada", "Bo", "Chen", "Dao", "Emi", "Fei", "Gus", "Han", "Ida", "Jun", "Kai", "Lin", "Mei", "Noa", "Oki",
    "Pan", "Qin", "Rui", "Sol", "Tao", "Uma", "Vic", "Wei", "Xia", "Yan", "Zoe",
];

/// The name by which people call a node; empty for ids outside the named range.
pub(crate) fn name_of(id: NodeId) -> &'static str {
    id.0.checked_sub(3000).and_then(|n| NAMES.get(usize::from(n)).copied()).unwrap_or("")
}

/// Where a node's worker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It was asked to start and has not answered yet.
    Starting,
    /// It answers.
    Up,
    /// It was ended by hand.
    Killed,
    /// It failed, and is not started again by itself.
    Crashed,
}

/// All that is unusual, or not, about a node.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Status {
    /// Where its worker stands.
    pub(crate) phase: Phase,
    /// What the worker said when it last failed.
    pub(crate) crash: Option<String>,
    /// Why the node keeps its data in memory alone, if it does.
    pub(crate) memory_only: Option<String>,
    /// Another tab runs the node; this one watches.
    pub(crate) viewer: bool,
    /// Records that were rebuilt or dropped when it started.
    pub(crate) repaired: Vec<String>,
}

impl Status {
    /// A node whose worker was just asked to start.
    pub(crate) fn starting() -> Self {
        Status { phase: Phase::Starting, crash: None, memory_only: None, viewer: false, repaired: Vec::new() }
    }
}

/// A line of a node's log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LogEntry {
    /// Counts up within the node.
    pub(crate) number: u64,
    /// The line.
    pub(crate) text: Arc<str>,
}

/// What the page shows of one node.
#[derive(Clone, Copy)]
pub(crate) struct NodeView {
    /// Its id.
    pub(crate) id: NodeId,
    /// What it is for.
    pub(crate) role: Role,
    /// Its worker.
    pub(crate) status: ReadSignal<Status>,
    /// Its last snapshot; none until the first.
    pub(crate) snapshot: ReadSignal<Option<Arc<NodeSnapshot>>>,
    /// The end of its log.
    pub(crate) log: ReadSignal<VecDeque<LogEntry>>,
    /// What is recorded of it.
    pub(crate) trace: ReadSignal<Option<Recorded>>,
}

/// The writing halves of a [`NodeView`].
#[derive(Clone, Copy)]
pub(super) struct NodeWriter {
    pub(super) status: WriteSignal<Status>,
    pub(super) snapshot: WriteSignal<Option<Arc<NodeSnapshot>>>,
    pub(super) log: WriteSignal<VecDeque<LogEntry>>,
    pub(super) trace: WriteSignal<Option<Recorded>>,
}

impl NodeView {
    /// The signals of a new node.
    pub(super) fn create(id: NodeId, role: Role) -> (Self, NodeWriter) {
        let (status, set_status) = signal(Status::starting());
        let (snapshot, set_snapshot) = signal(None);
        let (log, set_log) = signal(VecDeque::new());
        let (trace, set_trace) = signal(None);
        let writer =
            NodeWriter { status: set_status, snapshot: set_snapshot, log: set_log, trace: set_trace };
        (NodeView { id, role, status, snapshot, log, trace }, writer)
    }

    /// A value of the snapshot, recomputed with it; none before the first.
    pub(crate) fn read<T: 'static>(&self, f: impl FnOnce(&NodeSnapshot) -> T) -> Option<T> {
        self.snapshot.with(|snapshot| snapshot.as_deref().map(f))
    }

    /// Whether it is on the network.
    pub(crate) fn is_running(&self) -> bool {
        self.status.with(|status| status.phase == Phase::Up)
            && self.read(|snapshot| snapshot.state == RunState::Running).unwrap_or(false)
    }

    /// Its tip, once it has a chain.
    pub(crate) fn tip(&self) -> Option<BlockHash> {
        self.read(|snapshot| snapshot.chain.as_ref().map(|chain| chain.tip)).flatten()
    }

    /// How far the work of a command has come, where it is long work and under way.
    pub(crate) fn task_of(&self, request: RequestId) -> Option<Task> {
        let of = |snapshot: &NodeSnapshot| {
            snapshot.tasks.iter().find(|task| task.request == Some(request)).copied()
        };
        self.read(of).flatten()
    }

    /// The id with the name: `3000 Ada`.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.id, name_of(self.id)).trim_end().to_owned()
    }
}

/// A payment whose way into the chain the visitor follows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FollowedPayment {
    /// Who pays.
    pub(crate) from: NodeId,
    /// What the recipient is called: a node's title or an address.
    pub(crate) to: String,
    /// How much.
    pub(crate) amount: Amount,
    /// The transaction.
    pub(crate) txid: Txid,
}

/// What the visitor must know of the lab as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The first scene could not be set up, and why.
    SetUpFailed(String),
    /// Another tab has emptied the lab: this page shows what is gone.
    EmptiedElsewhere,
    /// Emptying the lab loads the page anew, and its server does not answer: nothing was deleted.
    NoServer,
    /// Page and workers are of different builds, and a reload has not helped.
    OtherBuild,
    /// The address names a scene that there is none of.
    UnknownScene(String),
    /// The address names a lab by what is no plain word.
    BadLabName(String),
}

/// All that the page shows.
#[derive(Clone, Copy)]
pub(crate) struct LabState {
    /// The nodes, by id.
    pub(crate) nodes: ReadSignal<Vec<NodeView>>,
    /// Every block that a node has shown.
    pub(crate) tree: ReadSignal<BlockTree>,
    /// What travels, and the live log.
    pub(crate) traffic: ReadSignal<Traffic>,
    /// Cuts and other conditions of links.
    pub(crate) links: ReadSignal<Links>,
    /// The lab's clock.
    pub(crate) clock: ReadSignal<LabClock>,
    /// What the visitor must know; at most one of each kind.
    pub(crate) notices: ReadSignal<Vec<Notice>>,
}

/// The writing halves of the [`LabState`].
#[derive(Clone, Copy)]
pub(super) struct LabWriter {
    pub(super) nodes: WriteSignal<Vec<NodeView>>,
    pub(super) tree: WriteSignal<BlockTree>,
    pub(super) traffic: WriteSignal<Traffic>,
    pub(super) links: WriteSignal<Links>,
    pub(super) clock: WriteSignal<LabClock>,
    pub(super) notices: WriteSignal<Vec<Notice>>,
}

impl LabState {
    /// An empty lab.
    pub(super) fn create(clock: LabClock, links: Links) -> (Self, LabWriter) {
        let (nodes, set_nodes) = signal(Vec::new());
        let (tree, set_tree) = signal(BlockTree::default());
        let (traffic, set_traffic) = signal(Traffic::default());
        let (links, set_links) = signal(links);
        let (clock, set_clock) = signal(clock);
        let (notices, set_notices) = signal(Vec::new());
        let writer = LabWriter {
            nodes: set_nodes,
            tree: set_tree,
            traffic: set_traffic,
            links: set_links,
            clock: set_clock,
            notices: set_notices,
        };
        (LabState { nodes, tree, traffic, links, clock, notices }, writer)
    }

    /// A node by its id.
    pub(crate) fn node(&self, id: NodeId) -> Option<NodeView> {
        self.nodes.with(|nodes| nodes.iter().find(|node| node.id == id).copied())
    }

    /// The connections that are up, each once, the lower id first.
    pub(crate) fn connections(&self) -> BTreeSet<(NodeId, NodeId)> {
        let ids: BTreeSet<NodeId> = self.nodes.with(|nodes| nodes.iter().map(|node| node.id).collect());
        let of = |node: &NodeView| {
            let connected = |snapshot: &NodeSnapshot| {
                let up = snapshot.peers.iter().filter(|peer| peer.state == PeerState::Connected);
                up.map(|peer| NodeId(peer.address.port())).collect::<Vec<_>>()
            };
            let peers = if node.is_running() { node.read(connected).unwrap_or_default() } else { Vec::new() };
            let id = node.id;
            peers.into_iter().filter(move |&peer| peer != id).map(move |peer| (id.min(peer), id.max(peer)))
        };
        let all: BTreeSet<_> = self.nodes.with(|nodes| nodes.iter().flat_map(of).collect());
        all.into_iter().filter(|(a, b)| ids.contains(a) && ids.contains(b)).collect()
    }

    /// Whether what two nodes say to each other is encrypted, as either of them tells.
    pub(crate) fn is_encrypted(&self, a: NodeId, b: NodeId) -> bool {
        let tells = |at: NodeId, of: NodeId| {
            let encrypts = |peer: &PeerSummary| {
                peer.address.port() == of.0
                    && peer.state == PeerState::Connected
                    && peer.transport == TransportProtocol::V2
            };
            let node = self.node(at).filter(NodeView::is_running);
            node.and_then(|node| node.read(|snapshot| snapshot.peers.iter().any(encrypts)))
                .unwrap_or_default()
        };
        tells(a, b) || tells(b, a)
    }
}
