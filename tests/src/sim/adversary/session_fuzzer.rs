//! Follows the grammar of messages, and not their order.

use super::{Adversary, Manner, Scene};
use crate::sim::fault::Fault;
use std::sync::Arc;
use terrarium_core::interface::PeerId;
use terrarium_core::net::limits::PROTOCOL_VERSION;
use terrarium_core::net::message::{
    CheckpointRequest, FilterRequest, Inventory, LocatorRequest, Message, NetAddress, Services, TimedAddress,
    VersionMessage,
};
use terrarium_core::primitives::{Amount, BlockHash, OutPoint, Script, Transaction, TxIn, TxOut};
use terrarium_core::spv::{BloomFilter, MerkleBlock};

/// The most messages a turn.
const MESSAGES: u64 = 12;

/// Says anything at any time: two versions, none, a verack before it, blocks that nobody asked for, answers without
/// questions.
#[derive(Debug, Default)]
pub struct SessionFuzzer;

impl Adversary for SessionFuzzer {
    fn fault(&self) -> Fault {
        Fault::SessionFuzz
    }

    fn greets(&self) -> bool {
        false
    }

    fn met(&mut self, scene: &mut Scene<'_>, peer: PeerId) {
        // Now and then as everyone does, or it would never get beyond the handshake.
        if scene.dice.chance(0.7) {
            let version = version(scene);
            scene.say(peer, &version);
            scene.say(peer, &Message::Verack);
        }
    }

    fn heard(&mut self, scene: &mut Scene<'_>, peer: PeerId, message: &Message) -> Manner {
        if let Message::Ping(nonce) = message {
            scene.say(peer, &Message::Pong(*nonce));
        }
        Manner::Own
    }

    fn turn(&mut self, scene: &mut Scene<'_>) {
        if scene.peers().is_empty() {
            return;
        }
        for _ in 0..scene.dice.within(1, MESSAGES) {
            let peer = *scene.dice.pick(&scene.peers);
            let message = any_message(scene);
            scene.say(peer, &message);
            scene.deed();
        }
    }
}

fn any_message(scene: &mut Scene<'_>) -> Message {
    match scene.dice.below(4) {
        0 => of_handshake(scene),
        1 => of_blocks(scene),
        2 => of_transactions(scene),
        _ => of_light_nodes(scene),
    }
}

fn of_handshake(scene: &mut Scene<'_>) -> Message {
    let number = scene.dice.number();
    match scene.dice.below(8) {
        0 => version(scene),
        1 => Message::Verack,
        2 => Message::Ping(number),
        3 => Message::Pong(number),
        4 => Message::GetAddr,
        5 => Message::SendHeaders,
        6 => Message::FeeFilter(number as i64),
        _ => Message::Addr(vec![TimedAddress { time: number as u32, node: nowhere() }]),
    }
}

fn of_blocks(scene: &mut Scene<'_>) -> Message {
    let genesis = scene.chain.genesis_hash();
    let hash = some_block(scene);
    let request = LocatorRequest { version: PROTOCOL_VERSION, locator: vec![hash], stop: BlockHash::ZERO };
    match scene.dice.below(8) {
        0 => Message::GetHeaders(request),
        1 => Message::GetBlocks(request),
        2 => Message::Headers(Vec::new()),
        3 => Message::Headers(scene.chain.entry(&genesis).map(|entry| entry.header).into_iter().collect()),
        4 => Message::Inv(vec![Inventory::Block(hash)]),
        5 => Message::GetData(vec![Inventory::WitnessBlock(hash), Inventory::Block(genesis)]),
        6 => Message::NotFound(vec![Inventory::WitnessBlock(hash)]),
        _ => Message::Block(Arc::new(scene.chain.network().genesis())),
    }
}

fn of_transactions(scene: &mut Scene<'_>) -> Message {
    let txid = scene.random_txid();
    match scene.dice.below(5) {
        0 => Message::Inv(vec![Inventory::Tx(txid); 3]),
        1 => Message::GetData(vec![Inventory::WitnessTx(txid)]),
        2 => Message::NotFound(vec![Inventory::Tx(txid)]),
        3 => Message::Mempool,
        _ => Message::Tx(Arc::new(Transaction {
            version: 1,
            inputs: vec![TxIn::spending(OutPoint::new(txid, 1))],
            outputs: vec![TxOut { value: Amount::ZERO, script_pubkey: Script::new() }],
            lock_time: 0,
        })),
    }
}

fn of_light_nodes(scene: &mut Scene<'_>) -> Message {
    let stop = some_block(scene);
    let (kind, start) = (scene.dice.below(2) as u8, scene.dice.below(3) as u32);
    match scene.dice.below(8) {
        0 => Message::FilterLoad(Box::new(BloomFilter::for_elements(3, start))),
        1 => Message::FilterAdd(vec![7; scene.dice.below(400)]),
        2 => Message::FilterClear,
        3 => Message::GetCFilters(FilterRequest { kind, start, stop }),
        4 => Message::GetCFHeaders(FilterRequest { kind, start, stop }),
        5 => Message::GetCFCheckpt(CheckpointRequest { kind, stop }),
        6 => Message::GetData(vec![Inventory::FilteredBlock(stop)]),
        _ => Message::MerkleBlock(Box::new(MerkleBlock::new(&scene.chain.network().genesis(), |_| true))),
    }
}

/// The genesis block's hash, or one that no block has.
fn some_block(scene: &mut Scene<'_>) -> BlockHash {
    let unknown = BlockHash::from_bytes(*scene.random_txid().as_bytes());
    *scene.dice.pick(&[scene.chain.genesis_hash(), unknown])
}

fn version(scene: &mut Scene<'_>) -> Message {
    Message::Version(Box::new(VersionMessage {
        version: PROTOCOL_VERSION,
        services: Services::NETWORK | Services::WITNESS,
        timestamp: scene.dice.number() as i64,
        receiver: nowhere(),
        sender: nowhere(),
        nonce: scene.dice.number(),
        user_agent: "/fuzzer/".to_owned(),
        start_height: scene.dice.below(1_000) as i32,
        relay: scene.dice.chance(0.5),
    }))
}

fn nowhere() -> NetAddress {
    NetAddress { services: Services::NONE, address: ([127, 0, 0, 1], 1).into() }
}
