//! What a lab begins with: the scenes that the page's address can name.

use super::port::{Lab, LabError};
use super::roster::{self, RosterEntry};
use super::state::{Notice, name_of};
use crate::browser;
use crate::room::{self, Room};
use futures_channel::oneshot;
use terrarium_core::consensus::Preset;
use terrarium_core::interface::{
    Command, MiningMode, NodeConfig, NodeId, Reply, Role, StartOptions, SyncMode,
};
use terrarium_core::primitives::BlockHash;
use wasm_bindgen_futures::spawn_local;

/// A node that people add mines at this rate, in kH/s, once it mines.
pub(crate) const DEFAULT_KHS: f64 = 4.0;

/// Nodes of the seeds' scenes and of scripts mine as fast as the dial goes: nobody there waits for a block to be
/// found at a steady pace.
pub(crate) const SCRIPT_KHS: f64 = super::port::MAX_KHS;

/// Blocks that each node of the first scene mines before it shows.
const FIRST_BLOCKS: u32 = 2;

/// The id of a room's first node, the teacher's.
const FIRST_ID: u16 = 3_000;

/// How long one node may take to hear of another's first blocks, in milliseconds.
const PATIENCE_MS: i32 = 3_000;

/// A scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    /// Four named nodes with coins, mining.
    First,
    /// No nodes.
    Empty,
    /// Two nodes on Bitcoin's regtest, which mine on demand.
    Regtest,
    /// Seed 000: a central node, a wallet node, a miner; no chain yet.
    Seed000,
    /// Seed 001: two nodes, no chain yet.
    Seed001,
    /// A relay's room, on the chain that every page has built in.
    Room,
    /// A relay's room whose chain is made by hand.
    RoomByHand,
}

impl Scene {
    /// Every scene, in the order in which the page offers them.
    pub(crate) const ALL: [Scene; 5] =
        [Scene::First, Scene::Seed000, Scene::Seed001, Scene::Regtest, Scene::Empty];

    /// The room that the page's address names, else the scene that it names; the first scene for a name that is none.
    pub(crate) fn from_address() -> Self {
        let record = room::asked().and_then(|asked| room::Record::load(asked.code));
        match record {
            Some(record) if record.by_hand => return Scene::RoomByHand,
            Some(_) => return Scene::Room,
            None => {}
        }
        browser::query("scene").and_then(|name| Scene::named(&name)).unwrap_or(Scene::First)
    }

    fn named(name: &str) -> Option<Self> {
        Scene::ALL.into_iter().find(|scene| scene.name() == name)
    }

    /// Its name in the page's address.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Scene::First => "first",
            Scene::Empty => "empty",
            Scene::Regtest => "regtest",
            Scene::Seed000 => "seed-000",
            Scene::Seed001 => "seed-001",
            Scene::Room | Scene::RoomByHand => "room",
        }
    }

    /// The height up to which blocks set the scene up.
    pub(crate) fn set_up_blocks(self) -> u32 {
        match self {
            Scene::First => FIRST_BLOCKS * self.nodes().len() as u32,
            Scene::Empty
            | Scene::Regtest
            | Scene::Seed000
            | Scene::Seed001
            | Scene::Room
            | Scene::RoomByHand => 0,
        }
    }

    /// The network that a node added to this scene is on; none where the chain is made by hand.
    pub(crate) fn network(self) -> Option<Preset> {
        match self {
            Scene::First | Scene::Empty | Scene::Room => Some(Preset::Classroom),
            Scene::Regtest => Some(Preset::Regtest),
            Scene::Seed000 | Scene::Seed001 | Scene::RoomByHand => None,
        }
    }

    /// The network of a node that is made without being started, by a terminal or a scenario: where the lab was empty, its
    /// chain is made by hand (`createblockchain`, `copy`).
    pub(crate) fn network_of_stopped(self) -> Option<Preset> {
        match self {
            Scene::Empty => None,
            other => other.network(),
        }
    }

    /// How a node added to this scene syncs.
    pub(crate) fn sync(self) -> SyncMode {
        match self {
            Scene::First | Scene::Empty | Scene::Regtest | Scene::Room => SyncMode::Headers,
            Scene::Seed000 | Scene::Seed001 | Scene::RoomByHand => SyncMode::Blocks,
        }
    }

    /// The nodes of an untouched lab.
    fn nodes(self) -> Vec<RosterEntry> {
        match self {
            Scene::First => vec![
                self.central(2.0),
                self.mining(3001, Role::Wallet, &[3000], 0.0),
                self.mining(3002, Role::Miner, &[3000, 3001], 8.0),
                self.mining(3003, Role::Miner, &[3001, 3002], 3.1),
            ],
            Scene::Empty | Scene::Room | Scene::RoomByHand => Vec::new(),
            Scene::Regtest => vec![self.started(3000, &[]), self.started(3001, &[3000])],
            Scene::Seed000 => vec![
                self.stopped(3000, Role::Central, &[]),
                self.stopped(3001, Role::Wallet, &[3000]),
                self.stopped(3002, Role::Miner, &[3000]),
            ],
            Scene::Seed001 => {
                vec![self.stopped(3000, Role::Central, &[]), self.stopped(3001, Role::Full, &[3000])]
            }
        }
    }

    /// A new node of this scene, not on the network; `connect` names the only nodes that it connects to, none lets it
    /// find them itself.
    pub(crate) fn entry(self, id: NodeId, role: Role, connect: Vec<NodeId>) -> RosterEntry {
        let config = NodeConfig { id, role, network: self.network(), sync: self.sync(), connect };
        RosterEntry {
            config,
            start: StartOptions::default(),
            running: false,
            mining: MiningMode::Off,
            reward: None,
            khs: SCRIPT_KHS,
        }
    }

    /// The node of the first scene that the others connect to: it opens no connections itself, so that the map begins as it
    /// is drawn.
    fn central(self, khs: f64) -> RosterEntry {
        let start = StartOptions { max_outbound: Some(0), ..StartOptions::default() };
        RosterEntry { start, ..self.mining(3000, Role::Central, &[], khs) }
    }

    fn mining(self, id: u16, role: Role, connect: &[u16], khs: f64) -> RosterEntry {
        RosterEntry { khs, ..self.stopped(id, role, connect) }
    }

    fn started(self, id: u16, connect: &[u16]) -> RosterEntry {
        RosterEntry { running: true, ..self.stopped(id, Role::Full, connect) }
    }

    fn stopped(self, id: u16, role: Role, connect: &[u16]) -> RosterEntry {
        self.entry(NodeId(id), role, connect.iter().copied().map(NodeId).collect())
    }
}

/// The lab's name: its room's, `?lab=` where that is a plain word, else the scene's.
pub(crate) fn lab_name(scene: Scene) -> String {
    if let Some(asked) = room::asked() {
        return room::lab_name(asked.code);
    }
    let plain = |name: &String| is_plain(name);
    browser::query("lab").filter(plain).unwrap_or_else(|| scene.name().to_owned())
}

fn is_plain(name: &str) -> bool {
    let fits = (1..=32).contains(&name.len());
    fits && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Says so where the page's address names a scene or a lab that cannot be.
fn check_address(lab: Lab) {
    if let Some(name) = browser::query("scene").filter(|name| Scene::named(name).is_none()) {
        lab.notify(Notice::UnknownScene(name));
    }
    if let Some(name) = browser::query("lab").filter(|name| !is_plain(name)) {
        lab.notify(Notice::BadLabName(name));
    }
}

/// The node that a browser brings to a room, under an id that no other browser's has: the first address is the teacher's,
/// and its node is 3000. It does not mine. Phones bring a light node.
fn own_node(scene: Scene, room: Room) -> RosterEntry {
    let [.., high, low] = room.address().octets();
    let id = NodeId(FIRST_ID.saturating_add(u16::from_be_bytes([high, low]).saturating_sub(1)));
    let role = match id.0 {
        FIRST_ID => Role::Central,
        _ if browser::is_phone() => Role::Spv,
        _ => Role::Full,
    };
    let running = scene.network().is_some();
    RosterEntry { running, khs: DEFAULT_KHS, ..scene.entry(id, role, Vec::new()) }
}

/// Brings the lab's nodes up: those of the last visit, else the scene's. The receiver is told once all are listed,
/// which is before they have started.
pub(crate) fn open(lab: Lab, scene: Scene, room: Option<Room>) -> oneshot::Receiver<()> {
    let (listed, receiver) = oneshot::channel();
    check_address(lab);
    let saved = roster::load(&lab.name());
    let fresh = saved.is_none();
    let untouched = || room.map_or_else(|| scene.nodes(), |room| vec![own_node(scene, room)]);
    for entry in saved.unwrap_or_else(untouched) {
        lab.spawn(entry);
    }
    let _ = listed.send(());
    if scene == Scene::First && (fresh || roster::is_being_set_up(&lab.name())) {
        roster::set_up(&lab.name(), false);
        spawn_local(async move {
            if !fresh && is_watched(lab).await {
                return;
            }
            match first_blocks(lab).await {
                Ok(()) => roster::set_up(&lab.name(), true),
                Err(error) => lab.notify(Notice::SetUpFailed(error.to_string())),
            }
        });
    }
    receiver
}

/// Whether another tab runs this lab, and sets it up.
async fn is_watched(lab: Lab) -> bool {
    let ids: Vec<NodeId> = lab.nodes(|nodes| nodes.keys().copied().collect());
    for id in ids {
        // A node that does not come up tells why when it is started.
        let _ = lab.ready(id).await;
    }
    lab.nodes(|nodes| nodes.values().any(super::port::Node::is_viewer))
}

/// Gives every node a wallet of its name, with coins, node by node, each mining on what the last one found; then all
/// mine at their own pace. What an earlier visit left unfinished is taken up: its wallets are used again.
async fn first_blocks(lab: Lab) -> Result<(), LabError> {
    let ids: Vec<NodeId> = lab.nodes(|nodes| nodes.keys().copied().collect());
    for &id in &ids {
        lab.start(id, None).await?;
    }
    for &id in &ids {
        let Some(address) = first_wallet(lab, id).await? else { continue };
        let generate = Command::Generate { blocks: FIRST_BLOCKS, address: Some(address) };
        if let Reply::Generated(blocks) = lab.exec(id, generate).await? {
            hear(lab, blocks.last().copied()).await;
        }
    }
    for &id in &ids {
        let khs = lab.nodes(|nodes| nodes.get(&id).map_or(0.0, |node| node.entry.khs));
        lab.set_hash_rate(id, khs)?;
    }
    Ok(())
}

/// The address of a node's first wallet, which is made where there is none.
async fn first_wallet(lab: Lab, id: NodeId) -> Result<Option<String>, LabError> {
    let first = |nodes: &super::port::Nodes| {
        Some(nodes.get(&id)?.snapshot()?.wallet.addresses.first()?.address.clone())
    };
    if let Some(address) = lab.nodes(first) {
        return Ok(Some(address));
    }
    let label = Some(name_of(id).to_lowercase());
    match lab.exec(id, Command::CreateWallet { label }).await? {
        Reply::Address(wallet) => Ok(Some(wallet.address)),
        _ => Ok(None),
    }
}

/// Waits until every node's tip is this block.
async fn hear(lab: Lab, block: Option<BlockHash>) {
    let Some(block) = block else { return };
    let everywhere = move |nodes: &super::port::Nodes| {
        nodes.values().all(|node| node.tip().is_some_and(|(_, tip)| tip == block))
    };
    lab.wait(PATIENCE_MS, everywhere).await;
}
