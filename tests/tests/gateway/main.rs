//! A node of Bitcoin's own regtest, reached by TCP through a relay's gateway, is a peer of a room's nodes: they sync from
//! it, and it syncs from them.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test that asked for it")]

mod peer;

use peer::{BitcoinNode, mined};
use terrarium_core::consensus::Preset;
use terrarium_core::interface::{AddNodeAction, Command, StartOptions};
use terrarium_relay::{Options, Relay, Site};
use terrarium_tests::member::{Member, Place};
use tokio::sync::oneshot;

/// A relay with a gateway to a node, until the sender is dropped; its host.
async fn relay(node: &BitcoinNode) -> (String, oneshot::Sender<()>) {
    let gateway = format!("10.255.0.1:18444={}", node.address()).parse().unwrap();
    let options =
        Options { bind: [127, 0, 0, 1].into(), port: 0, gateways: vec![gateway], ..Options::default() };
    let site = Site::of([("index.html".to_owned(), Vec::<u8>::new().into())]);
    let relay = Relay::bind(options, site).await.unwrap();
    let host = relay.address().to_string();
    let (end, ended) = oneshot::channel();
    tokio::spawn(relay.serve(async move { drop(ended.await) }));
    (host, end)
}

async fn member(relay: &str, network: Preset) -> Member {
    Member::join(Place { relay: relay.to_owned(), code: None, port: 3_000, network }).await
}

async fn start(member: &Member) {
    member.execute(Command::StartNode(StartOptions::default())).await.unwrap();
}

/// Connects to the gateway, which is there once the room knows the node's network.
async fn connect(member: &Member) {
    member.wait(|standing| standing.others == 1).await;
    let address = ([10, 255, 0, 1], 18_444).into();
    member.execute(Command::AddNode { address, action: AddNodeAction::Add }).await.unwrap();
}

#[tokio::test]
async fn a_room_syncs_from_a_bitcoin_node() {
    let chain = mined(120);
    let tip = chain.last().unwrap().block_hash().to_string();
    let node = BitcoinNode::start(chain).await;
    let (relay, _end) = relay(&node).await;
    let member = member(&relay, Preset::Regtest).await;
    start(&member).await;
    connect(&member).await;
    let standing = member.wait(|standing| standing.height == 120).await;
    assert_eq!(standing.tip.unwrap().to_string(), tip);
}

#[tokio::test]
async fn a_bitcoin_node_syncs_from_a_room() {
    let mut node = BitcoinNode::start(mined(0)).await;
    let (relay, _end) = relay(&node).await;
    let member = member(&relay, Preset::Regtest).await;
    member.execute(Command::Generate { blocks: 120, address: None }).await.unwrap();
    let tip = member.wait(|standing| standing.height == 120).await.tip.unwrap().to_string();
    start(&member).await;
    connect(&member).await;
    assert_eq!(node.wait_for_height(120).await, tip);
    member.execute(Command::Generate { blocks: 1, address: None }).await.unwrap();
    let tip = member.wait(|standing| standing.height == 121).await.tip.unwrap().to_string();
    assert_eq!(node.wait_for_height(121).await, tip, "it hears of blocks that are found later");
}

#[tokio::test]
async fn a_room_of_another_network_has_no_gateway() {
    let node = BitcoinNode::start(mined(3)).await;
    let (relay, _end) = relay(&node).await;
    let teacher = member(&relay, Preset::Classroom).await;
    start(&teacher).await;
    let second = Place { relay, code: Some(teacher.code()), port: 3_001, network: Preset::Classroom };
    let student = Member::join(second).await;
    start(&student).await;
    student.wait(|standing| !standing.peers.is_empty()).await;
    assert_eq!((teacher.standing().others, student.standing().others), (1, 1));
}
