//! The functions that `cargo xtask bench` measures in a worker, compiled as the worker is. No part of the product.

use std::hint::black_box;

use terrarium_core::{
    consensus::Preset,
    crypto::{PrivateKey, ecdsa_check},
    interface::{
        ChainFile, Clock, Command, Event, NodeConfig, NodeId, NodeSnapshot, PageMessage, RequestId, Role,
        StartOptions, Storage, SyncMode, WorkerMessage, from_bytes, to_bytes,
    },
    mining::HeaderScanner,
    primitives::{CompactTarget, Target},
};
use terrarium_worker::accelerator;
use wasm_bindgen::prelude::wasm_bindgen;

fn main() {}

/// Searches `count` nonces in vain, as the miner does.
#[wasm_bindgen]
pub fn hash_headers(count: u32) {
    let header = Preset::Regtest.genesis().header;
    // One: no hash is that small.
    let unreachable = Target::from_compact(CompactTarget(0x0300_0001)).expect("a valid target");
    let found = HeaderScanner::new(black_box(&header)).scan(&unreachable, 0, u64::from(count));
    assert!(found.is_none(), "no hash is that small");
}

/// As many signatures as are checked at once.
const BATCH: u32 = 64;

/// Checks `count` good signatures, many at once as the node does for a block, and where this browser has no accelerator one
/// by one.
#[wasm_bindgen]
pub fn verify_signatures(count: u32) {
    let key = PrivateKey::from_bytes(&[7; 32], true).expect("a valid key");
    let (public_key, digest) = (key.public_key(), [9; 32]);
    let signature = key.sign(&digest);
    let check = ecdsa_check(&digest, &signature, public_key.as_bytes()).expect("a valid key");
    let accelerator = accelerator::find();
    for start in (0..count).step_by(BATCH as usize) {
        let batch = BATCH.min(count - start) as usize;
        let good = match accelerator {
            Some(accelerate) => accelerate(black_box(&check.repeat(batch))),
            None => (0..batch).map(|_| black_box(&public_key).verify(&digest, &signature)).collect(),
        };
        assert_eq!(good, vec![true; batch], "a good signature is refused");
    }
}

/// The message that makes a regtest node; `now` is the wall clock in milliseconds.
#[wasm_bindgen]
pub fn boot(id: u16, lab: String, now: f64) -> Vec<u8> {
    let config = NodeConfig {
        id: NodeId(id),
        role: Role::Full,
        network: Some(Preset::Regtest),
        sync: SyncMode::Headers,
        connect: Vec::new(),
    };
    let clock = Clock { wall_ms: now, lab_ms: now, speed: 1.0, dates_stand: false };
    let (build, owner) = ("bench".to_owned(), "bench".to_owned());
    let host = std::net::Ipv4Addr::LOCALHOST;
    to_bytes(&PageMessage::Boot { config, lab, build, owner, clock, host, class: None, record: false })
}

/// The message that gives a node a chain.
#[wasm_bindgen]
pub fn import_chain(request: u32, file: Vec<u8>) -> Vec<u8> {
    command(request, Command::ImportChain { file: ChainFile(file) })
}

/// The message that starts a node, which connects to these.
#[wasm_bindgen]
pub fn start_node(request: u32, connect: &[u16]) -> Vec<u8> {
    let connect = connect.iter().copied().map(NodeId).collect();
    command(request, Command::StartNode(StartOptions { connect, ..StartOptions::default() }))
}

fn command(request: u32, command: Command) -> Vec<u8> {
    to_bytes(&PageMessage::Command { id: RequestId(request), command })
}

/// What a message of a worker says, as far as it is measured.
#[wasm_bindgen(getter_with_clone)]
#[derive(Default)]
pub struct Heard {
    /// Why the worker or the command failed.
    pub failure: Option<String>,
    /// Whether the node that is ready keeps its data in IndexedDB.
    pub durable: Option<bool>,
    /// The command that was answered.
    pub answered: Option<u32>,
    /// The height that the chain has come to.
    pub height: Option<u32>,
    /// Bytes that wait to be stored.
    pub pending: Option<usize>,
}

/// Reads a message of a worker.
#[wasm_bindgen]
pub fn hear(message: &[u8]) -> Heard {
    match from_bytes::<WorkerMessage>(message) {
        Ok(WorkerMessage::Ready { storage, .. }) => {
            Heard { durable: Some(storage == Storage::Durable), ..Heard::default() }
        }
        Ok(WorkerMessage::Reply { id, result }) => Heard {
            answered: Some(id.0),
            failure: result.err().map(|error| error.to_string()),
            ..Heard::default()
        },
        Ok(WorkerMessage::Events { events, .. }) => {
            let heights = events.iter().filter_map(|event| match event {
                Event::Block { height, .. } => Some(height.0),
                _ => None,
            });
            Heard { height: heights.max(), ..Heard::default() }
        }
        Ok(WorkerMessage::Snapshot { bytes }) => match from_bytes::<NodeSnapshot>(&bytes) {
            Ok(state) => Heard {
                height: state.chain.as_ref().map(|chain| chain.height.0),
                pending: Some(state.pending_bytes),
                ..Heard::default()
            },
            Err(error) => Heard { failure: Some(error.to_string()), ..Heard::default() },
        },
        Ok(WorkerMessage::Failed { text }) => Heard { failure: Some(text), ..Heard::default() },
        Ok(WorkerMessage::Ended | WorkerMessage::Journal { .. }) => Heard::default(),
        Err(error) => Heard { failure: Some(error.to_string()), ..Heard::default() },
    }
}
