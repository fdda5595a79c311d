//! Peers and hosts that do what they should not.

use proptest::prelude::*;
use terrarium_core::consensus::Preset;
use terrarium_core::interface::{
    Command, Direction, MiningMode, NodeConfig, NodeId, PeerId, RequestId, Role, RunState, StartOptions,
    SyncMode,
};
use terrarium_core::mining;
use terrarium_core::net::message::{Inventory, Message, NetAddress, Services, VersionMessage, encode};
use terrarium_core::node::{
    Cost, Entropy, Input, JobId, LateEvents, LoadId, Loaded, MiningJob, Node, Output, VerifyId,
};
use terrarium_core::primitives::{Header, MerkleRoot, Target, Txid};
use terrarium_core::store::BatchId;
use terrarium_core::time::{Mono, Time, UnixTime};

const PEER: PeerId = PeerId(1);

/// A running node with one inbound connection.
fn connected() -> Node {
    let config = NodeConfig {
        id: NodeId(3000),
        role: Role::Full,
        network: Some(Preset::Classroom),
        sync: SyncMode::Headers,
        connect: Vec::new(),
    };
    let entropy = Entropy { node: [1; 32], wallet: [2; 32] };
    let (mut node, _) = Node::new(config, entropy, Loaded::default()).expect("an empty store opens");
    node.handle(Input::Command { id: RequestId(1), command: Command::StartNode(StartOptions::default()) });
    work(&mut node);
    let address = NodeId(3001).local_address();
    node.handle(Input::PeerConnected { peer: PEER, address, direction: Direction::Inbound });
    work(&mut node);
    assert_eq!(node.state(), RunState::Running);
    node
}

fn work(node: &mut Node) -> Vec<Output> {
    let now = Time { mono: Mono(1_000_000), unix: UnixTime(1_767_225_600) };
    for _ in 0..10_000 {
        if !node.step(now, Cost(1_000_000)) {
            return std::iter::from_fn(|| node.poll()).collect();
        }
    }
    panic!("the node works without end");
}

/// A frame of our network with any command and any payload.
fn frame(command: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = encode(Preset::Classroom.params().magic, &Message::Verack);
    let mut name = [0; 12];
    name[..command.len()].copy_from_slice(command.as_bytes());
    bytes[4..16].copy_from_slice(&name);
    bytes[16..20].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes[20..24].copy_from_slice(&terrarium_core::crypto::sha256d(payload)[..4]);
    bytes.extend_from_slice(payload);
    bytes
}

fn tell(node: &mut Node, bytes: Vec<u8>) {
    node.handle(Input::PeerBytes { peer: PEER, bytes });
    work(node);
}

/// Introduces the peer.
fn greet(node: &mut Node) {
    let nobody = NetAddress { services: Services::NONE, address: NodeId(3001).local_address() };
    let version = VersionMessage {
        version: 70_016,
        services: Services::NONE,
        timestamp: 1_767_225_600,
        receiver: nobody,
        sender: nobody,
        nonce: 7,
        user_agent: "/hostile:1/".to_owned(),
        start_height: 0,
        relay: false,
    };
    for message in [Message::Version(Box::new(version)), Message::Verack] {
        tell(node, encode(Preset::Classroom.params().magic, &message));
    }
}

fn is_alive(node: &mut Node) -> bool {
    node.handle(Input::Command { id: RequestId(99), command: Command::GetBlockchainInfo });
    work(node).iter().any(|output| matches!(output, Output::Reply { id: RequestId(99), result: Ok(_) }))
}

const COMMANDS: [&str; 30] = [
    "version",
    "verack",
    "addr",
    "getaddr",
    "ping",
    "pong",
    "inv",
    "getdata",
    "notfound",
    "getblocks",
    "getheaders",
    "headers",
    "block",
    "tx",
    "mempool",
    "feefilter",
    "filterload",
    "filteradd",
    "filterclear",
    "merkleblock",
    "getcfilters",
    "cfilter",
    "getcfheaders",
    "cfheaders",
    "getcfcheckpt",
    "cfcheckpt",
    "sendcmpct",
    "cmpctblock",
    "getblocktxn",
    "blocktxn",
];

fn some_bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

#[test]
fn orders_of_any_number_are_answered_though_nothing_else_happens() {
    let mut node = connected();
    greet(&mut node);
    let unknown: Vec<Txid> = (1..=40).map(|byte| Txid::from_bytes([byte; 32])).collect();
    let getdata = Message::GetData(unknown.iter().copied().map(Inventory::Tx).collect());
    node.handle(Input::PeerBytes { peer: PEER, bytes: encode(Preset::Classroom.params().magic, &getdata) });
    let sent: Vec<u8> = work(&mut node)
        .into_iter()
        .flat_map(|output| if let Output::Send { bytes, .. } = output { bytes } else { Vec::new() })
        .collect();
    let is_answered = |txid: &&Txid| sent.windows(32).any(|window| window == txid.as_bytes());
    assert_eq!(unknown.iter().filter(is_answered).count(), 40);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_from_a_peer_leave_the_node_alive(chunks in prop::collection::vec(some_bytes(400), 0..8)) {
        let mut node = connected();
        for bytes in chunks {
            tell(&mut node, bytes);
        }
        prop_assert!(is_alive(&mut node));
    }

    #[test]
    fn any_payload_of_any_message_leaves_the_node_alive(
        messages in prop::collection::vec((0..COMMANDS.len(), some_bytes(300)), 0..12),
        greets in any::<bool>(),
    ) {
        let mut node = connected();
        if greets {
            let hello = [&70_016_u32.to_le_bytes()[..], &[0; 81]].concat();
            tell(&mut node, frame("version", &hello));
            tell(&mut node, frame("verack", &[]));
        }
        for (command, payload) in messages {
            tell(&mut node, frame(COMMANDS[command], &payload));
        }
        prop_assert!(is_alive(&mut node));
    }
}

/// What the node gives to its miner, all that it writes being stored.
fn next_job(node: &mut Node) -> MiningJob {
    for _ in 0..10 {
        let mut found = None;
        for output in work(node) {
            match output {
                Output::Mine(job) => found = Some(job),
                Output::Commit(batch) => {
                    node.handle(Input::BatchCommitted { id: batch.id });
                }
                _ => {}
            }
        }
        if let Some(job) = found {
            return job;
        }
    }
    panic!("the node does not mine");
}

/// Headers with their work but without bodies, on top of `tip`.
fn bodiless(mut tip: Header, count: usize) -> Vec<Header> {
    let target = Target::from_compact(tip.bits).expect("a target");
    let mut headers = Vec::new();
    for _ in 0..count {
        let merkle_root = MerkleRoot::from_bytes([7; 32]);
        tip = Header { prev_blockhash: tip.block_hash(), merkle_root, time: tip.time + 5, ..tip };
        tip.nonce = mining::search(&tip, &target, 0, 1 << 32).expect("the easiest target");
        headers.push(tip);
    }
    headers
}

#[test]
fn headers_without_bodies_do_not_end_the_mining_of_a_node_that_has_caught_up() {
    let mut node = connected();
    let hello = [&70_016_u32.to_le_bytes()[..], &[0; 81]].concat();
    tell(&mut node, frame("version", &hello));
    tell(&mut node, frame("verack", &[]));
    let mine = Command::SetMining { mode: MiningMode::Always, address: None };
    node.handle(Input::Command { id: RequestId(3), command: mine });
    // What it wrote before this test looked is stored.
    for id in 0..10 {
        node.handle(Input::BatchCommitted { id: BatchId(id) });
    }
    let first = next_job(&mut node);
    let nonce = mining::search(&first.header, &first.target, 0, 1 << 32).expect("the easiest target");
    node.handle(Input::NonceFound { job: first.id, nonce });
    let parent = Header { nonce, ..first.header };
    assert_eq!(next_job(&mut node).header.prev_blockhash, parent.block_hash(), "it mines on");
    let headers = bodiless(parent, 8);
    let payload = encode(Preset::Classroom.params().magic, &Message::Headers(headers)).split_off(24);
    node.handle(Input::PeerBytes { peer: PEER, bytes: frame("headers", &payload) });
    let outputs = work(&mut node);
    assert_eq!(node.snapshot().chain.map(|chain| chain.headers.0), Some(9), "the headers are taken");
    assert!(!outputs.iter().any(|output| matches!(output, Output::CancelMine)), "{outputs:?}");
    assert!(node.snapshot().mining.active);
}

#[test]
fn late_events_are_ignored_and_counted() {
    let mut node = connected();
    let gone = PeerId(77);
    node.handle(Input::PeerBytes { peer: gone, bytes: vec![1, 2, 3] });
    node.handle(Input::PeerDrained { peer: gone, queued: 0 });
    node.handle(Input::PeerClosed { peer: gone, reason: "late".to_owned() });
    node.handle(Input::NonceFound { job: JobId(77), nonce: 0 });
    node.handle(Input::NoncesExhausted { job: JobId(78) });
    node.handle(Input::BatchCommitted { id: BatchId(77) });
    node.handle(Input::BatchFailed { id: BatchId(78), reason: "late".to_owned() });
    node.handle(Input::Loaded { id: LoadId(77), values: vec![None] });
    node.handle(Input::Verified { id: VerifyId(77), result: Ok(()) });
    node.handle(Input::Unverified { id: VerifyId(78) });
    work(&mut node);
    assert_eq!(node.late_events(), LateEvents { peers: 3, jobs: 2, batches: 2, loads: 1, checks: 2 });
    assert!(is_alive(&mut node));
}

#[test]
fn a_stopped_node_lets_nobody_in() {
    let is_disconnected = |outputs: &[Output], gone: PeerId| {
        outputs.iter().any(|output| matches!(output, Output::Disconnect { peer, .. } if *peer == gone))
    };
    let mut node = connected();
    node.handle(Input::Command { id: RequestId(2), command: Command::StopNode });
    assert!(is_disconnected(&work(&mut node), PEER));
    let (peer, address) = (PeerId(2), NodeId(3002).local_address());
    node.handle(Input::PeerConnected { peer, address, direction: Direction::Inbound });
    assert!(is_disconnected(&work(&mut node), peer));
}
