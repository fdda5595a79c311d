//! The lab as consoles and scenarios see it: commands and steps of `terrarium-console`, carried out by the port.

use super::files::{self, Files};
use super::links::LinkSettings;
use super::port::{Lab, LabError};
use super::roster::RosterEntry;
use super::scene::{DEFAULT_KHS, Scene};
use crate::browser;
use crate::room::{GENESIS_FILE, Room};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use terrarium_console::{ConsoleError, Desk, Host, HostError, create_wallet};
use terrarium_core::consensus::Preset;
use terrarium_core::interface::{
    AddressEntry, ChainFile, Command, CommandError, MiningMode, NodeId, NodeSnapshot, Reply, RequestId, Role,
    Task,
};

/// The page's side of every console, terminal and scenario.
#[derive(Clone)]
pub(crate) struct PageHost {
    lab: Lab,
    scene: Scene,
    room: Option<Room>,
    desk: Rc<RefCell<Desk>>,
    /// The desk's files as they are remembered.
    kept: Rc<RefCell<Files>>,
    /// The command that was last given to a node, and to which; one for each console.
    given: Rc<Cell<Option<(NodeId, RequestId)>>>,
}

impl PageHost {
    /// The host of a lab, which may be in a room.
    pub(crate) fn new(lab: Lab, scene: Scene, room: Option<Room>) -> Self {
        let kept = files::load(&lab.name());
        let desk = Desk { files: kept.clone(), ..Desk::default() };
        let desk = Rc::new(RefCell::new(desk));
        PageHost { lab, scene, room, desk, kept: Rc::new(RefCell::new(kept)), given: Rc::default() }
    }

    /// The same host for one console more.
    pub(crate) fn for_console(&self) -> Self {
        PageHost { given: Rc::default(), ..self.clone() }
    }

    /// How far the command that was last given has come, where it is long work.
    pub(crate) fn task(&self) -> Option<Task> {
        let (node, request) = self.given.get()?;
        self.lab.state.node(node)?.task_of(request)
    }

    /// Remembers the desk's files for the next visit, where a line has changed them.
    pub(crate) fn keep_files(&self) {
        let files = &self.desk.borrow().files;
        let mut kept = self.kept.borrow_mut();
        if *kept != *files && !self.lab.is_emptied() {
            kept.clone_from(files);
            files::save(&self.lab.name(), files);
        }
        if let (Some(room), Some(file)) = (&self.room, files.get(GENESIS_FILE)) {
            room.share(file);
        }
    }

    /// Puts a chain file on the desk, in place of one of the same name.
    pub(crate) fn put_file(&self, name: &str, file: ChainFile) {
        self.desk.borrow_mut().files.insert(name.to_owned(), file);
        self.keep_files();
    }

    /// Teaches the address book the labels of all wallets.
    pub(crate) fn learn_labels(&self) {
        let book = &mut self.desk.borrow_mut().book;
        self.lab.nodes(|nodes| {
            let wallets = nodes.values().filter_map(|node| node.snapshot()).map(|snapshot| &snapshot.wallet);
            wallets.flat_map(|wallet| &wallet.addresses).for_each(|entry| book.learn(entry));
        });
    }

    /// Makes an address of a node's wallet, as `createwallet` does: labels are one name space for the whole lab.
    pub(crate) async fn create_address(
        &self,
        node: NodeId,
        label: Option<String>,
    ) -> Result<AddressEntry, LabError> {
        self.learn_labels();
        create_wallet(self, node, label).await.map_err(|error| match error {
            ConsoleError::LabelTaken(label) => LabError::LabelTaken(label),
            ConsoleError::Command(error) => LabError::Command(error),
            other => LabError::Command(CommandError::BadArgument(other.to_string())),
        })
    }

    /// Makes a node for a person or a script: a miner mines, and it finds its peers itself.
    pub(crate) fn make(&self, id: NodeId, role: Role) -> RosterEntry {
        let entry = self.scene.entry(id, role, Vec::new());
        // Regtest has no pace: at its target a block is found at every other hash.
        if self.scene.network() != Some(Preset::Classroom) {
            return entry;
        }
        let mining = if role == Role::Miner { MiningMode::Always } else { MiningMode::Off };
        RosterEntry { mining, khs: DEFAULT_KHS, ..entry }
    }
}

impl From<LabError> for HostError {
    fn from(error: LabError) -> Self {
        let text = error.to_string();
        HostError(text.strip_prefix("ERROR: ").map_or_else(|| text.clone(), str::to_owned))
    }
}

impl Host for PageHost {
    fn desk(&self) -> &RefCell<Desk> {
        &self.desk
    }

    fn nodes(&self) -> Vec<NodeId> {
        self.lab.nodes(|nodes| nodes.keys().copied().collect())
    }

    fn snapshot(&self, node: NodeId) -> Option<NodeSnapshot> {
        self.lab.nodes(|nodes| nodes.get(&node)?.snapshot().cloned())
    }

    fn log(&self, node: NodeId) -> Vec<String> {
        let lines = |nodes: &super::port::Nodes| {
            nodes.get(&node).map(|node| node.log_lines().map(str::to_owned).collect())
        };
        self.lab.nodes(lines).unwrap_or_default()
    }

    fn now_ms(&self) -> f64 {
        browser::now_ms()
    }

    async fn next_change(&self, at_most_ms: f64) {
        self.lab.next_change(at_most_ms.clamp(0.0, f64::from(i32::MAX)) as i32).await;
    }

    async fn execute(&self, node: NodeId, command: Command) -> Result<Reply, CommandError> {
        let given = |request| self.given.set(Some((node, request)));
        self.lab.exec_named(node, command, &given).await.map_err(|error| match error {
            LabError::Command(error) => error,
            other => CommandError::BadArgument(other.to_string()),
        })
    }

    async fn add_node(&self, node: NodeId) -> Result<(), HostError> {
        if !self.lab.nodes(|nodes| nodes.contains_key(&node)) {
            let mut entry = self.scene.entry(node, Role::Full, Vec::new());
            entry.config.network = self.scene.network_of_stopped();
            self.lab.spawn(entry);
        }
        Ok(self.lab.ready(node).await?)
    }

    async fn spawn(&self, node: NodeId, role: Role) -> Result<(), HostError> {
        if !self.lab.nodes(|nodes| nodes.contains_key(&node)) {
            self.lab.spawn(self.make(node, role));
        }
        Ok(self.lab.start(node, None).await?)
    }

    async fn start(&self, node: NodeId) -> Result<(), HostError> {
        Ok(self.lab.start(node, None).await?)
    }

    async fn stop(&self, node: NodeId) -> Result<(), HostError> {
        Ok(self.lab.stop(node).await?)
    }

    fn kill(&self, node: NodeId) -> Result<(), HostError> {
        Ok(self.lab.kill(node)?)
    }

    async fn mine(&self, node: NodeId) -> Result<(), HostError> {
        Ok(self.lab.mine(node).await.map(drop)?)
    }

    fn set_hash_rate(&self, node: NodeId, khs: f64) -> Result<(), HostError> {
        Ok(self.lab.set_hash_rate(node, khs)?)
    }

    async fn connect(&self, a: NodeId, b: NodeId) -> Result<(), HostError> {
        Ok(self.lab.connect(a, b).await?)
    }

    fn link(&self, a: NodeId, b: NodeId, settings: terrarium_console::LinkSettings) -> Result<(), HostError> {
        let terrarium_console::LinkSettings { latency_ms, jitter_ms, bandwidth, cut } = settings;
        Ok(self.lab.set_link(a, b, LinkSettings { latency_ms, jitter_ms, bandwidth, cut })?)
    }

    fn partition(&self, groups: &[Vec<NodeId>]) -> Result<(), HostError> {
        Ok(self.lab.partition(groups.to_vec())?)
    }

    fn heal(&self) {
        self.lab.heal();
    }

    fn pause(&self) {
        self.lab.pause();
    }

    fn resume(&self) {
        self.lab.resume();
    }
}
