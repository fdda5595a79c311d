//! The port to the workers: the only module that speaks with them and the only one that writes the page's state.
//!
//! What a worker says is taken in at once (answers, waits and scripts depend on it, also in a hidden tab), and shown
//! once per animation frame.

mod class;
mod inbox;
mod lifecycle;
mod network;
mod node;
mod recording;
mod worker_link;

pub(crate) use lifecycle::delete;
pub(crate) use network::MAX_KHS;
pub(crate) use node::Node;

use super::clock::{self, LabClock, Steps};
use super::links::{self, Links};
use super::roster::{self, RosterEntry};
use super::state::{LabState, LabWriter, Notice, Phase};
use super::traffic::Traffic;
use crate::browser;
use futures_channel::oneshot;
use leptos::prelude::*;
use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::rc::Rc;
use terrarium_core::collections::BTreeMap;
use terrarium_core::consensus::ClassParams;
use terrarium_core::interface::{
    Command, CommandError, Event, MiningMode, NodeId, PageMessage, Reply, RequestId,
};
use terrarium_core::primitives::BlockHash;

/// How long a worker may take to start, in milliseconds.
const READY_MS: i32 = 30_000;

/// Why the page cannot do what was asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum LabError {
    /// No node has this id.
    #[error("there is no node {0}")]
    UnknownNode(NodeId),
    /// The node's worker has ended.
    #[error("node {0} has no worker: start it first")]
    NoWorker(NodeId),
    /// The node's worker did not come up in time.
    #[error("node {0} did not start within {seconds} seconds", seconds = READY_MS / 1000)]
    NotReady(NodeId),
    /// The node's worker went before the node was on the network.
    #[error("node {0} did not come onto the network")]
    NotStarted(NodeId),
    /// The browser refused to start a worker.
    #[error("a worker could not be started: {0}")]
    Worker(String),
    /// Another tab runs the node.
    #[error("another tab runs node {0}: do it there, or close that tab")]
    RunsElsewhere(NodeId),
    /// There is no recording of the node.
    #[error("nothing of node {0} is recorded")]
    NothingRecorded(NodeId),
    /// Another address of the lab has this label.
    #[error("the label '{0}' is taken in this lab")]
    LabelTaken(String),
    /// The node refused.
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// What happens at a node, for whoever observes.
pub(crate) enum Happening<'a> {
    /// An event of the node.
    Event(&'a Event),
    /// Its worker failed.
    Crash(&'a str),
}

/// Who is told of everything that happens.
pub(crate) type Observer = Rc<dyn Fn(NodeId, &Happening<'_>)>;

/// The nodes of the page, by id.
pub(crate) type Nodes = BTreeMap<NodeId, Node>;

/// A condition that someone waits for.
struct Watch {
    holds: Box<dyn Fn(&Nodes) -> bool>,
    /// Taken by whichever comes first, the condition or the timeout.
    done: Rc<RefCell<Option<oneshot::Sender<bool>>>>,
}

struct Inner {
    lab: String,
    /// Where others reach this lab's nodes: on this machine, or in a relay's room.
    host: Ipv4Addr,
    /// What was chosen of the chain that nodes of the classroom network begin with, in a relay's room.
    class: Option<ClassParams>,
    /// Names this page to the workers, for the ownership of node ids.
    owner: String,
    nodes: Nodes,
    links: Links,
    clock: LabClock,
    traffic: Traffic,
    /// Tips that nodes have left since the last frame, with how many transactions came back.
    left_tips: Vec<(BlockHash, usize)>,
    /// Waits in progress.
    watches: Vec<Watch>,
    observers: BTreeMap<u64, Observer>,
    next_observer: u64,
    /// Whether scripts listen for messages, so that they flow in a hidden tab too.
    scripts_want_messages: bool,
    frame_requested: bool,
    /// Counts what workers said.
    heard: u64,
    /// The steps in progress.
    steps: Steps,
    /// The lab is being emptied, here or in another tab: nothing more is remembered of it.
    emptied: bool,
    writer: LabWriter,
    /// What owns the signals of nodes: the page, not whichever dialog a node was added by.
    scope: Owner,
}

/// The lab: state to read, and everything that can be done to it. A handle, cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Lab {
    /// What views read.
    pub(crate) state: LabState,
    inner: StoredValue<RefCell<Inner>, LocalStorage>,
}

impl Lab {
    /// An empty lab of this name, whose nodes others reach at `host`, and begin with the chain of a class if there is one.
    pub(crate) fn open(lab: String, host: Ipv4Addr, class: Option<ClassParams>) -> Self {
        let set = clock::load(&lab);
        let clock = LabClock::open(browser::now_ms(), clock::saved(&lab), set);
        if set.is_some_and(|set| set != clock) {
            clock::put(&lab, &clock);
        }
        let links = links::load(&lab).unwrap_or_default();
        let (state, writer) = LabState::create(clock, links.clone());
        let inner = Inner {
            lab,
            host,
            class,
            owner: owner_name(),
            nodes: BTreeMap::new(),
            links,
            clock,
            traffic: Traffic::default(),
            left_tips: Vec::new(),
            watches: Vec::new(),
            observers: BTreeMap::new(),
            next_observer: 0,
            scripts_want_messages: false,
            frame_requested: false,
            heard: 0,
            steps: Steps::default(),
            emptied: false,
            writer,
            scope: Owner::current().unwrap_or_default(),
        };
        Lab { state, inner: StoredValue::new_local(RefCell::new(inner)) }
    }

    /// The lab's name, after which its databases are called.
    pub(crate) fn name(&self) -> String {
        self.with(|inner| inner.lab.clone())
    }

    /// Whether the lab was emptied, so that nothing more may be remembered of it.
    pub(crate) fn is_emptied(&self) -> bool {
        self.with(|inner| inner.emptied)
    }

    /// Looks at the nodes as they are now.
    pub(crate) fn nodes<T>(&self, f: impl FnOnce(&Nodes) -> T) -> T {
        self.with(|inner| f(&inner.nodes))
    }

    /// The nodes of the lab, those too that only other tabs show.
    pub(crate) fn ids(&self) -> Vec<NodeId> {
        self.with(Inner::ids)
    }

    /// Looks at the links as they are now.
    pub(crate) fn links<T>(&self, f: impl FnOnce(&Links) -> T) -> T {
        self.with(|inner| f(&inner.links))
    }

    /// Tells `observer` of everything that happens from now on, until it is taken back by the number.
    pub(crate) fn observe(&self, observer: Observer) -> u64 {
        self.change(|inner| {
            inner.next_observer += 1;
            inner.observers.insert(inner.next_observer, observer);
            inner.next_observer
        })
    }

    /// Tells this observer nothing more.
    pub(crate) fn unobserve(&self, number: u64) {
        self.change(|inner| inner.observers.remove(&number));
    }

    /// Runs a command at a node, once its worker is up. Whoever drops the future gives the command up.
    pub(crate) async fn exec(&self, id: NodeId, command: Command) -> Result<Reply, LabError> {
        self.exec_named(id, command, &|_| {}).await
    }

    /// As [`Lab::exec`]; `named` is told by what name the command went to the node.
    pub(crate) async fn exec_named(
        &self,
        id: NodeId,
        command: Command,
        named: &dyn Fn(RequestId),
    ) -> Result<Reply, LabError> {
        self.ready(id).await?;
        let wish = Wish::of(&command);
        let (request, answer) = self.change(|inner| {
            let node = inner.nodes.get_mut(&id).ok_or(LabError::UnknownNode(id))?;
            let link = node.link.as_mut().ok_or(LabError::NoWorker(id))?;
            Ok::<_, LabError>(link.ask(command))
        })?;
        named(request);
        let mut open = OpenCommand { lab: *self, node: id, request: Some(request) };
        let outcome = answer.await;
        open.request = None;
        let reply = outcome.unwrap_or(Err(CommandError::Ended(id)))?;
        self.change(|inner| {
            let Some(node) = inner.nodes.get_mut(&id) else { return };
            let before = node.entry.clone();
            wish.grant(node);
            if node.entry != before {
                inner.remember(id);
            }
        });
        Ok(reply)
    }

    /// Gives a command up: the node answers it by `Cancelled`, if it is still open.
    pub(crate) fn cancel(&self, node: NodeId, request: RequestId) {
        self.with(|inner| {
            if let Some(link) = inner.nodes.get(&node).and_then(|node| node.link.as_ref()) {
                link.post(&PageMessage::Cancel { id: request });
            }
        });
    }

    /// Tells the visitor something of the lab as a whole.
    pub(crate) fn notify(&self, notice: Notice) {
        self.with(|inner| inner.writer.notices).update(|notices| {
            if !notices.contains(&notice) {
                notices.push(notice);
            }
        });
    }

    /// Resolves once the node's worker answers.
    pub(crate) async fn ready(&self, id: NodeId) -> Result<(), LabError> {
        let phase = move |nodes: &Nodes| nodes.get(&id).map(|node| node.status.phase);
        self.wait(READY_MS, move |nodes| phase(nodes) != Some(Phase::Starting)).await;
        match self.nodes(phase) {
            None => Err(LabError::UnknownNode(id)),
            Some(Phase::Up) => Ok(()),
            Some(Phase::Starting) => Err(LabError::NotReady(id)),
            Some(Phase::Killed | Phase::Crashed) => Err(LabError::NoWorker(id)),
        }
    }

    /// Resolves to true once the condition holds, to false when it does not within `ms` milliseconds.
    pub(crate) async fn wait(&self, ms: i32, holds: impl Fn(&Nodes) -> bool + 'static) -> bool {
        if self.nodes(&holds) {
            return true;
        }
        let (sender, receiver) = oneshot::channel();
        let done = Rc::new(RefCell::new(Some(sender)));
        let watch = Watch { holds: Box::new(holds), done: done.clone() };
        self.change(|inner| inner.watches.push(watch));
        wasm_bindgen_futures::spawn_local(async move {
            browser::sleep(ms).await;
            if let Some(sender) = done.borrow_mut().take() {
                let _ = sender.send(false);
            }
        });
        receiver.await.unwrap_or(false)
    }

    /// Resolves once a worker said anything, at the latest after `ms` milliseconds.
    pub(crate) async fn next_change(&self, ms: i32) {
        let heard = self.with(|inner| inner.heard);
        let lab = *self;
        self.wait(ms, move |_| lab.inner.with_value(|inner| inner.borrow().heard) != heard).await;
    }

    fn with<T>(&self, f: impl FnOnce(&Inner) -> T) -> T {
        self.inner.with_value(|inner| f(&inner.borrow()))
    }

    fn change<T>(&self, f: impl FnOnce(&mut Inner) -> T) -> T {
        self.inner.with_value(|inner| f(&mut inner.borrow_mut()))
    }
}

impl Inner {
    /// Remembers for the next visit what was asked of a node. Of one that another tab runs that tab remembers it.
    fn remember(&self, id: NodeId) {
        if let (false, Some(node)) = (self.emptied, self.nodes.get(&id))
            && !node.status.viewer
        {
            roster::put(&self.lab, &node.entry);
        }
    }

    /// Remembers all nodes but those that other tabs run.
    fn remember_own(&self) {
        self.nodes.keys().for_each(|&id| self.remember(id));
    }

    /// Takes over what other tabs ask of the nodes that they run, and remembers what this page runs where they do not
    /// know of it. Returns the nodes that are on no list any more.
    fn follow(&mut self, entries: &[RosterEntry]) -> Vec<NodeId> {
        let mut gone = Vec::new();
        for (&id, node) in &mut self.nodes {
            let listed = entries.iter().find(|entry| entry.config.id == id);
            match (node.runs_here(), listed) {
                (true, None) if !self.emptied => roster::put(&self.lab, &node.entry),
                (false, None) => gone.push(id),
                (false, Some(entry)) => node.entry = entry.clone(),
                (true, _) => {}
            }
        }
        gone
    }

    /// The nodes of the lab, those too that only other tabs show.
    fn ids(&self) -> Vec<NodeId> {
        let listed = roster::load(&self.lab).unwrap_or_default();
        let elsewhere = listed.iter().map(|entry| entry.config.id).filter(|id| !self.nodes.contains_key(id));
        self.nodes.keys().copied().chain(elsewhere).collect()
    }

    /// Remembers the links for other tabs and the next visit.
    fn remember_links(&self) {
        if !self.emptied {
            links::save(&self.lab, &self.links);
        }
    }

    /// Remembers lab time for the next visit.
    fn remember_clock(&self) {
        if !self.emptied {
            clock::save(&self.lab, &self.clock);
        }
    }

    /// Whether what the clock is set to is the lab's own: a class goes by its room's time.
    fn has_own_clock(&self) -> bool {
        !self.emptied && self.host.is_loopback()
    }

    /// Remembers lab time, and what the clock is set to, for other tabs and the next visit.
    fn remember_setting(&self) {
        self.remember_clock();
        if self.has_own_clock() {
            clock::put(&self.lab, &self.clock);
        }
    }

    fn post_all(&self, message: &PageMessage) {
        self.nodes.values().filter_map(|node| node.link.as_ref()).for_each(|link| link.post(message));
    }
}

/// A command without an answer yet. Dropped so, it is given up.
struct OpenCommand {
    lab: Lab,
    node: NodeId,
    request: Option<RequestId>,
}

impl Drop for OpenCommand {
    fn drop(&mut self) {
        if let Some(request) = self.request {
            self.lab.cancel(self.node, request);
        }
    }
}

/// What a command that succeeds means for how its node is started the next time.
enum Wish {
    Start(terrarium_core::interface::StartOptions),
    Stop,
    Mine(MiningMode, Option<String>),
    Nothing,
}

impl Wish {
    fn of(command: &Command) -> Self {
        match command {
            Command::StartNode(options) => Wish::Start(options.clone()),
            Command::StopNode => Wish::Stop,
            Command::SetMining { mode, address } => Wish::Mine(*mode, address.clone()),
            _ => Wish::Nothing,
        }
    }

    fn grant(self, node: &mut Node) {
        let entry = &mut node.entry;
        match self {
            Wish::Start(options) => {
                entry.start = options;
                entry.running = true;
            }
            Wish::Stop => entry.running = false,
            Wish::Mine(mode, address) => {
                entry.mining = mode;
                entry.reward = address;
            }
            Wish::Nothing => {}
        }
    }
}

/// A name that no other page has.
fn owner_name() -> String {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => format!("{:016x}", u64::from_be_bytes(bytes)),
        Err(_) => format!("{}", browser::now_ms()),
    }
}
