//! From the page's `Boot` to a running node: ownership first, then the store, then the node.

use crate::BUILD_ID;
use crate::host::{Host, Parts};
use crate::ownership::{self, Asked, Ownership};
use crate::page;
use crate::store::{IndexedStore, NodeStore};
use crate::watch::{self, Viewer};
use crate::{journal, js};
use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::rc::Rc;
use terrarium_core::consensus::ClassParams;
use terrarium_core::interface::{self, Clock, NodeConfig, PageMessage, Storage, WorkerMessage};
use terrarium_core::node::journal::{Opening, RecordedNode};
use terrarium_core::node::{Entropy, Loaded};
use terrarium_core::store::{Database, MemoryStore, Store};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

/// Where only an owner's own signs tell of it, a viewer looks for them so often.
const SILENCE_MS: f64 = 2_000.0;

/// Where a worker stands in its life.
pub(crate) enum Stage {
    /// It waits for `Boot`.
    Fresh,
    /// It gets what a node needs; what the page says meanwhile waits here. Bounded by the page, which waits for `Ready`.
    Booting(Vec<PageMessage>),
    /// Another tab runs the node.
    Watching(Viewer),
    /// It runs the node.
    Running(Rc<RefCell<Host>>),
}

/// What `Boot` says.
struct Request {
    config: NodeConfig,
    lab: String,
    owner: String,
    clock: Clock,
    host: Ipv4Addr,
    record: bool,
    class: Option<ClassParams>,
}

/// Takes in a message of the page, whatever the stage.
pub(crate) fn hear(stage: &Rc<RefCell<Stage>>, message: PageMessage) {
    match (&mut *stage.borrow_mut(), message) {
        (now @ Stage::Fresh, PageMessage::Boot { config, lab, owner, clock, host, class, record, .. }) => {
            *now = Stage::Booting(Vec::new());
            let stage = Rc::clone(stage);
            spawn_local(async move {
                let request = Request { config, lab, owner, clock, host, class, record };
                if let Err(text) = boot(&stage, request).await {
                    page::fail(text);
                }
            });
        }
        (Stage::Fresh, _) => page::fail("the page's first message must be Boot".to_owned()),
        (Stage::Booting(early), message) => early.push(message),
        (Stage::Watching(viewer), message) => viewer.handle(message),
        (Stage::Running(host), message) => host.borrow_mut().hear_page(message),
    }
}

async fn boot(stage: &Rc<RefCell<Stage>>, request: Request) -> Result<(), String> {
    let Request { config, lab, owner, clock, host, class, record } = request;
    let id = config.id;
    let (store, storage, ownership) = own(stage, &lab, &owner, &config).await?;
    let loaded = Loaded {
        chain: load(&store, Database::Chain).await?,
        wallet: load(&store, Database::Wallet).await?,
        peers: load(&store, Database::Peers).await?,
    };
    let random = || js::random_bytes().map_err(|error| format!("no random numbers: {error}"));
    let entropy = Entropy { node: random()?, wallet: random()? };
    let opening = Opening { host, class, config, entropy, loaded };
    // Whoever asked for a journal has not waited for another tab to go.
    let record = record && matches!(&*stage.borrow(), Stage::Booting(_));
    let opened = RecordedNode::open(opening, record.then(journal::begin));
    let (node, repaired) = opened.map_err(|error| error.to_string())?;
    let [a, b, c, d, e, f, g, h, ..] = random()?;
    let entropy = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    let said = match &mut *stage.borrow_mut() {
        Stage::Booting(early) => std::mem::take(early),
        Stage::Watching(viewer) => viewer.take_settings(),
        Stage::Fresh | Stage::Running(_) => Vec::new(),
    };
    // The clock may have been set anew since `Boot`, long ago where another tab ran the node.
    let clock = said.iter().rev().find_map(clock_of).unwrap_or(clock);
    let parts = Parts { id, lab, host, clock, node, store, ownership, entropy };
    page::post(&ready(storage, interface::Ownership::Owner, repaired));
    let host = Host::start(parts).map_err(|error| js::error_text(&error))?;
    stage.replace(Stage::Running(Rc::clone(&host)));
    for message in said {
        host.borrow_mut().hear_page(message);
    }
    Ok(())
}

fn clock_of(message: &PageMessage) -> Option<Clock> {
    match message {
        PageMessage::Clock(clock) => Some(*clock),
        _ => None,
    }
}

/// Makes this worker the node's owner, watching for as long as another one is, and opens the store.
async fn own(
    stage: &Rc<RefCell<Stage>>,
    lab: &str,
    owner: &str,
    config: &NodeConfig,
) -> Result<(NodeStore, Storage, Ownership), String> {
    let lock = lock(stage, lab, config).await?;
    let mut store = match IndexedStore::open(lab, config.id).await {
        Ok(store) => store,
        Err(error) => {
            let ownership = match lock {
                Some(lock) => lock,
                None => await_silence(stage, lab, config).await?,
            };
            let store = NodeStore::Memory(MemoryStore::new());
            return Ok((store, Storage::Memory(error.to_string()), ownership));
        }
    };
    let ownership = match lock {
        Some(lock) => lock,
        None => claim(stage, lab, owner, config, &mut store).await?,
    };
    Ok((NodeStore::Indexed(store), Storage::Durable, ownership))
}

/// Ownership by Web Lock; none where the browser has or gives no locks.
async fn lock(
    stage: &Rc<RefCell<Stage>>,
    lab: &str,
    config: &NodeConfig,
) -> Result<Option<Ownership>, String> {
    let Some(locks) = js::lock_manager() else { return Ok(None) };
    let mut asked = ownership::lock(&locks, lab, config.id, false).await;
    if matches!(asked, Asked::Taken) {
        watch(stage, lab, config)?;
        asked = ownership::lock(&locks, lab, config.id, true).await;
    }
    match asked {
        Asked::Granted(lock) => Ok(Some(lock)),
        Asked::Denied => Ok(None),
        Asked::Taken => Err("the browser refused the node's lock".to_owned()),
    }
}

/// Ownership without Web Locks.
async fn claim(
    stage: &Rc<RefCell<Stage>>,
    lab: &str,
    owner: &str,
    config: &NodeConfig,
    store: &mut IndexedStore,
) -> Result<Ownership, String> {
    let text = |error: terrarium_core::store::StoreError| error.to_string();
    let mut claimed = ownership::claim(store, owner, false).await.map_err(text)?;
    if claimed.is_none() {
        watch(stage, lab, config)?;
        claimed = ownership::claim(store, owner, true).await.map_err(text)?;
    }
    claimed.ok_or_else(|| "the node's lease could not be had".to_owned())
}

/// Ownership with neither locks nor databases: watches for as long as another worker shows itself.
async fn await_silence(
    stage: &Rc<RefCell<Stage>>,
    lab: &str,
    config: &NodeConfig,
) -> Result<Ownership, String> {
    let is_run = async || {
        watch::is_run_elsewhere(lab, config.id).await.map_err(|error: JsValue| js::error_text(&error))
    };
    if is_run().await? {
        watch(stage, lab, config)?;
        while is_run().await? {
            ownership::sleep(SILENCE_MS).await;
        }
    }
    Ok(Ownership::Memory)
}

/// Becomes a viewer until the owner goes.
fn watch(stage: &Rc<RefCell<Stage>>, lab: &str, config: &NodeConfig) -> Result<(), String> {
    let viewer = Viewer::start(lab, config.id).map_err(|error: JsValue| js::error_text(&error))?;
    page::post(&ready(Storage::Durable, interface::Ownership::Viewer, Vec::new()));
    let early = stage.replace(Stage::Watching(viewer));
    if let Stage::Booting(early) = early {
        for message in early {
            hear(stage, message);
        }
    }
    Ok(())
}

async fn load(store: &NodeStore, database: Database) -> Result<Vec<terrarium_core::store::Record>, String> {
    store.load(database).await.map_err(|error| format!("the node's data cannot be read: {error}"))
}

fn ready(storage: Storage, ownership: interface::Ownership, repaired: Vec<String>) -> WorkerMessage {
    WorkerMessage::Ready { build: BUILD_ID.to_owned(), storage, ownership, repaired }
}
