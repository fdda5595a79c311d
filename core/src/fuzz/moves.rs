//! Sequences of what can happen to a node, each move chosen and filled in by the fuzzer.

use super::formats::COMMANDS;
use super::scene::{Scene, solve};
use crate::choices::Choices;
use crate::interface::{Command, MiningMode};
use crate::net::message::{
    BlockTransactions, CMPCTBLOCKS_VERSION, CompactBlock, Inventory, LocatorRequest, Message, SendCompact,
};
use crate::node::Input;
use crate::primitives::{BlockHash, CompactTarget, Header};
use crate::time::Span;
use std::net::SocketAddr;
use std::sync::Arc;

/// Moves of one run, so that none takes long.
const MAX_MOVES: usize = 120;
/// Headers that a scene remembers.
const MAX_HEADERS: usize = 3_000;

type Move = fn(&mut Scene, &mut Choices<'_>);

/// Peers give headers: good ones, such as do not connect, have other targets or other times, in any order.
pub fn header_sync(data: &[u8]) {
    play(data, &[connect, extend_headers, wait, close, ask_headers, announce_header, give_block]);
}

/// Peers give compact blocks, whole or not, and what was missing, right or wrong.
pub fn compact_block(data: &[u8]) {
    play(
        data,
        &[connect, give_compact, give_missing, give_transaction, give_headers, give_block, wish, wait, say],
    );
}

/// Whatever can happen to a node.
pub fn node_inputs(data: &[u8]) {
    const MOVES: [Move; 18] = [
        connect,
        say,
        say_noise,
        close,
        wait,
        give_headers,
        give_block,
        give_transaction,
        announce,
        ask,
        give_compact,
        give_missing,
        wish,
        command,
        fail_batch,
        hear_late,
        extend_headers,
        ask_headers,
    ];
    play(data, &MOVES);
}

fn play(data: &[u8], moves: &[Move]) {
    let mut choices = Choices::new(data);
    let mut scene = Scene::new();
    for _ in 0..MAX_MOVES {
        if choices.is_over() {
            break;
        }
        moves[choices.below(moves.len())](&mut scene, &mut choices);
        scene.work();
    }
    scene.check();
}

fn peer(scene: &Scene, choices: &mut Choices<'_>) -> usize {
    choices.below(scene.peer_count())
}

fn connect(scene: &mut Scene, choices: &mut Choices<'_>) {
    let (port, polite) = (choices.byte(), choices.flag());
    scene.connect(port.into(), polite);
}

fn close(scene: &mut Scene, choices: &mut Choices<'_>) {
    let peer = peer(scene, choices);
    scene.close(peer);
}

fn wait(scene: &mut Scene, choices: &mut Choices<'_>) {
    let tenths = choices.u16();
    scene.wait(Span::from_millis(u64::from(tenths) * 100));
}

/// Any payload under any command.
fn say(scene: &mut Scene, choices: &mut Choices<'_>) {
    let (peer, command) = (peer(scene, choices), COMMANDS[choices.below(COMMANDS.len())]);
    let length = usize::from(choices.u16() % 600);
    scene.say_payload(peer, command, choices.bytes(length));
}

/// Bytes that may be no message.
fn say_noise(scene: &mut Scene, choices: &mut Choices<'_>) {
    let peer = peer(scene, choices);
    let length = choices.byte().into();
    scene.say_bytes(peer, choices.bytes(length).to_vec());
}

fn give_headers(scene: &mut Scene, choices: &mut Choices<'_>) {
    let peer = peer(scene, choices);
    let (from, count) = (choices.below(scene.blocks.len()), choices.below(scene.blocks.len() + 1));
    let headers = scene.blocks.iter().skip(from).take(count).map(|block| block.header).collect();
    scene.say(peer, &Message::Headers(headers));
}

fn give_block(scene: &mut Scene, choices: &mut Choices<'_>) {
    let (peer, which) = (peer(scene, choices), choices.below(scene.blocks.len()));
    let mut block = scene.blocks[which].clone();
    match choices.byte() {
        1 => block.transactions.push((*scene.transactions[0]).clone()),
        2 => block.transactions.clear(),
        3 => block.transactions.extend(block.transactions.clone()),
        _ => {}
    }
    scene.say(peer, &Message::Block(Arc::new(block)));
}

fn give_transaction(scene: &mut Scene, choices: &mut Choices<'_>) {
    let (peer, which) = (peer(scene, choices), choices.below(scene.transactions.len()));
    let transaction = Arc::clone(&scene.transactions[which]);
    scene.say(peer, &Message::Tx(transaction));
}

/// An item of an `inv` or a `getdata`.
fn item(scene: &Scene, choices: &mut Choices<'_>) -> Inventory {
    let block = scene.blocks[choices.below(scene.blocks.len())].block_hash();
    let txid = scene.transactions[choices.below(scene.transactions.len())].txid();
    match choices.byte() % 7 {
        0 => Inventory::Block(block),
        1 => Inventory::WitnessBlock(block),
        2 => Inventory::FilteredBlock(block),
        3 => Inventory::CompactBlock(block),
        4 => Inventory::Tx(txid),
        5 => Inventory::WitnessTx(txid),
        _ => Inventory::Other { kind: choices.u32(), hash: *block.as_bytes() },
    }
}

fn items(scene: &Scene, choices: &mut Choices<'_>) -> Vec<Inventory> {
    (0..=choices.below(8)).map(|_| item(scene, choices)).collect()
}

fn announce(scene: &mut Scene, choices: &mut Choices<'_>) {
    let (peer, items) = (peer(scene, choices), items(scene, choices));
    scene.say(peer, &Message::Inv(items));
}

fn ask(scene: &mut Scene, choices: &mut Choices<'_>) {
    let (peer, items) = (peer(scene, choices), items(scene, choices));
    scene.say(peer, &Message::GetData(items));
}

/// Of whichever block, under whichever number, short ids and prefilled transactions taken away or doubled.
fn give_compact(scene: &mut Scene, choices: &mut Choices<'_>) {
    let (peer, which) = (peer(scene, choices), choices.below(scene.blocks.len()));
    let mut block = scene.blocks[which].clone();
    for _ in 0..choices.below(4) {
        block.transactions.push((*scene.transactions[choices.below(scene.transactions.len())]).clone());
    }
    if choices.flag() {
        // A block of its own: its root fits, and most likely it is invalid.
        block.header.merkle_root = crate::consensus::merkle::block_root(&block.transactions).0;
        block.header = solve(block.header);
        if scene.blocks.len() < 40 {
            scene.blocks.push(block.clone());
        }
    }
    let mut compact = CompactBlock::new(&block, choices.byte().into());
    match choices.byte() {
        1 => drop(compact.short_ids.pop()),
        2 => compact.short_ids.extend(compact.short_ids.first().copied()),
        3 => compact.prefilled.clear(),
        4 => compact.prefilled.iter_mut().for_each(|prefilled| prefilled.index = choices.u16()),
        _ => {}
    }
    scene.say(peer, &Message::CmpctBlock(Arc::new(compact)));
}

fn give_missing(scene: &mut Scene, choices: &mut Choices<'_>) {
    let (peer, which) = (peer(scene, choices), choices.below(scene.blocks.len()));
    let known = scene.blocks[which].transactions.iter().skip(1).cloned().map(Arc::new);
    let mut transactions: Vec<_> = known.collect();
    match choices.byte() {
        1 => drop(transactions.pop()),
        2 => transactions.extend(scene.transactions.first().cloned()),
        3 => transactions.reverse(),
        _ => {}
    }
    let block = scene.blocks[which].block_hash();
    scene.say(peer, &Message::BlockTxn(BlockTransactions { block, transactions }));
}

fn wish(scene: &mut Scene, choices: &mut Choices<'_>) {
    let peer = peer(scene, choices);
    let (announce, version) = (choices.flag(), CMPCTBLOCKS_VERSION + u64::from(choices.byte() / 200));
    scene.say(peer, &Message::SendCmpct(SendCompact { announce, version }));
}

/// Headers on any that was ever spoken of; the first choices say what is wrong with them, mostly nothing.
fn extend_headers(scene: &mut Scene, choices: &mut Choices<'_>) {
    let peer = peer(scene, choices);
    let (mut parent, mut height) = scene.headers[choices.below(scene.headers.len())];
    let (count, flaw) = (choices.u16() % 2_010, choices.byte());
    let step = u32::from(choices.byte());
    let mut given: Vec<Header> = Vec::new();
    for number in 0..count {
        let mut header = Header {
            version: 4,
            prev_blockhash: parent.block_hash(),
            merkle_root: Default::default(),
            time: parent.time.saturating_add(step),
            bits: parent.bits,
            nonce: u32::from(number),
        };
        if number + 1 == count {
            match flaw {
                1 => header.bits = CompactTarget(choices.u32()),
                2 => header.prev_blockhash = BlockHash::from_bytes([choices.byte(); 32]),
                3 => header.time = choices.u32(),
                4 => header.version = choices.u32() as i32,
                _ => {}
            }
        }
        if flaw != 5 {
            header = solve(header);
        }
        height += 1;
        if scene.headers.len() < MAX_HEADERS {
            scene.headers.push((header, height));
        }
        given.push(header);
        parent = header;
    }
    scene.say(peer, &Message::Headers(given));
}

fn locator(scene: &Scene, choices: &mut Choices<'_>) -> LocatorRequest {
    let mut hash = || match choices.flag() {
        true => scene.blocks[choices.below(scene.blocks.len())].block_hash(),
        false => scene.headers[choices.below(scene.headers.len())].0.block_hash(),
    };
    let (first, second, stop) = (hash(), hash(), hash());
    LocatorRequest { version: choices.u32(), locator: vec![first, second], stop }
}

fn ask_headers(scene: &mut Scene, choices: &mut Choices<'_>) {
    let (peer, request) = (peer(scene, choices), locator(scene, choices));
    let message = match choices.flag() {
        true => Message::GetHeaders(request),
        false => Message::GetBlocks(request),
    };
    scene.say(peer, &message);
}

fn announce_header(scene: &mut Scene, choices: &mut Choices<'_>) {
    let peer = peer(scene, choices);
    let header = scene.headers[choices.below(scene.headers.len())].0;
    let message = match choices.flag() {
        true => Message::Headers(vec![header]),
        false => Message::Inv(vec![Inventory::Block(header.block_hash())]),
    };
    scene.say(peer, &message);
}

fn command(scene: &mut Scene, choices: &mut Choices<'_>) {
    let address = SocketAddr::from(([127, 0, 0, 1], 9_000 + u16::from(choices.byte()) % 100));
    let command = match choices.byte() % 12 {
        0 => Command::GetPeerInfo,
        1 => Command::GetBlockchainInfo,
        2 => Command::PrintChain,
        3 => Command::ReindexUtxo,
        4 => Command::StopNode,
        5 => Command::StartNode(Default::default()),
        6 => Command::DisconnectNode { address },
        7 => Command::SetBan { address, action: crate::interface::BanAction::Add, seconds: Some(60) },
        8 => Command::GetRawMempool { verbose: choices.flag() },
        9 => Command::CreateWallet { label: None },
        10 => Command::SetMining { mode: MiningMode::Always, address: None },
        _ => Command::StartNode(crate::interface::StartOptions { spv: true, ..Default::default() }),
    };
    scene.command(command);
}

fn fail_batch(scene: &mut Scene, _: &mut Choices<'_>) {
    scene.fails_next_batch = true;
}

/// Of peers, jobs, reads and checks that are gone or never were.
fn hear_late(scene: &mut Scene, choices: &mut Choices<'_>) {
    use crate::interface::PeerId;
    use crate::node::{JobId, LoadId, VerifyId};
    let number = u32::from(choices.byte());
    scene.handle(match choices.byte() % 7 {
        0 => Input::PeerBytes { peer: PeerId(number.into()), bytes: choices.bytes(9).to_vec() },
        1 => Input::PeerDrained { peer: PeerId(number.into()), queued: choices.u16().into() },
        2 => Input::NonceFound { job: JobId(number.into()), nonce: choices.u32() },
        3 => Input::NoncesExhausted { job: JobId(number.into()) },
        4 => Input::Loaded { id: LoadId(number.into()), values: vec![None; choices.below(3)] },
        5 => Input::Unverified { id: VerifyId(number.into()) },
        _ => Input::Cancel { id: crate::interface::RequestId(number) },
    });
}
