//! How nodes find each other, and keep each other, in virtual time.

use std::collections::BTreeSet;
use terrarium_core::consensus::{Network, Preset};
use terrarium_core::interface::{
    Command, Direction, NodeConfig, NodeId, PeerState, Reply, Role, StartOptions, SyncMode,
};
use terrarium_core::net::limits::{DNS_SEEDS, MAX_INBOUND_CONNECTIONS, MAX_OUTBOUND_CONNECTIONS};
use terrarium_core::time::Span;
use terrarium_tests::sim::World;
use terrarium_tests::sim::adversary::Eclipser;

/// Where identities of an eclipse begin.
const VILLAIN: u16 = 5_000;

fn add(world: &mut World, id: u16) {
    let network = Some(Preset::Regtest);
    let id = NodeId(id);
    world.add(NodeConfig { id, role: Role::Full, network, sync: SyncMode::Headers, connect: Vec::new() });
}

fn start(world: &mut World, id: u16) {
    start_with(world, id, StartOptions::default());
}

fn start_with(world: &mut World, id: u16, options: StartOptions) {
    world.execute(NodeId(id), Command::StartNode(options)).expect("the node starts");
}

/// Nodes that are up and connected, none of which is a fixed one.
fn network(seed: u64, ids: std::ops::Range<u16>) -> World {
    let mut world = World::new(seed);
    for id in ids.clone() {
        add(&mut world, id);
        start(&mut world, id);
    }
    world.run_for(Span::from_secs(30));
    for id in ids {
        assert!(!connected(&world, id, None).is_empty(), "{id} is connected");
    }
    world
}

/// Whom a node is connected to, over connections that were opened by a side.
fn connected(world: &World, id: u16, direction: Option<Direction>) -> BTreeSet<u16> {
    let peers = world.snapshot(NodeId(id)).peers;
    let up = peers.iter().filter(|peer| {
        peer.state == PeerState::Connected && direction.is_none_or(|direction| peer.direction == direction)
    });
    up.map(|peer| peer.address.port()).collect()
}

fn outbound(world: &World, id: u16) -> BTreeSet<u16> {
    connected(world, id, Some(Direction::Outbound))
}

fn json(world: &mut World, id: u16, command: Command) -> String {
    match world.execute(NodeId(id), command) {
        Ok(Reply::Json(text)) => text,
        other => panic!("{other:?} is no JSON"),
    }
}

#[test]
fn one_seed_of_nine_that_answers_is_enough() {
    let mut world = network(1, 3100..3110);
    world.set_dead_seeds((0..DNS_SEEDS).filter(|seed| *seed != 4));
    add(&mut world, 3200);
    start(&mut world, 3200);
    assert!(world.run_until(Span::from_secs(30), |world| outbound(world, 3200).len() >= 5));
}

#[test]
fn without_any_seed_a_running_network_goes_on_and_an_old_node_comes_back_from_its_book() {
    let mut world = network(2, 3100..3110);
    world.run_for(Span::from_secs(30));
    world.set_dead_seeds(0..DNS_SEEDS);
    let before = connected(&world, 3105, None);
    world.kill(NodeId(3100));
    world.kill(NodeId(3109));
    world.run_for(Span::from_secs(30));
    assert!(connected(&world, 3105, None).len() >= before.len() - 2, "the others stay together");
    world.open(NodeId(3109));
    start(&mut world, 3109);
    assert!(world.run_until(Span::from_secs(10), |world| outbound(world, 3109).len() >= 2));

    // One that never was there finds nobody: no seed answers, and at the fixed addresses there is nobody.
    add(&mut world, 3300);
    start(&mut world, 3300);
    world.run_for(Span::from_secs(60));
    assert!(connected(&world, 3300, None).is_empty());
    // Until a seed is there again: discovery starts over.
    world.set_dead_seeds([]);
    assert!(world.run_until(Span::from_secs(300), |world| !connected(world, 3300, None).is_empty()));
}

#[test]
fn where_no_seed_answers_a_new_node_finds_the_fixed_ones() {
    let mut world = World::new(3);
    world.set_dead_seeds(0..DNS_SEEDS);
    for id in [3001, 3100] {
        add(&mut world, id);
        start(&mut world, id);
    }
    assert!(world.run_until(Span::from_secs(60), |world| connected(world, 3100, None).contains(&3001)));
}

#[test]
fn a_departed_peer_is_replaced() {
    let mut world = network(4, 3100..3116);
    add(&mut world, 3200);
    start(&mut world, 3200);
    let has_all = |world: &World| outbound(world, 3200).len() == MAX_OUTBOUND_CONNECTIONS;
    assert!(world.run_until(Span::from_secs(30), has_all));
    let gone = *outbound(&world, 3200).first().expect("a peer");
    world.kill(NodeId(gone));
    assert!(!has_all(&world));
    assert!(world.run_until(Span::from_secs(30), has_all));
    assert!(!outbound(&world, 3200).contains(&gone));
}

#[test]
fn a_node_that_is_told_to_opens_and_lets_in_fewer() {
    let mut world = network(5, 3100..3112);
    add(&mut world, 3200);
    let options = StartOptions { max_outbound: Some(3), max_inbound: Some(2), ..StartOptions::default() };
    start_with(&mut world, 3200, options);
    world.run_for(Span::from_secs(60));
    assert_eq!(outbound(&world, 3200).len(), 3);
    assert!(connected(&world, 3200, Some(Direction::Inbound)).len() <= 2);
}

#[test]
fn two_hundred_identities_that_tell_of_each_other_do_not_get_all_connections_that_a_victim_opens() {
    let honest = 3100..3112;
    let mut world = network(6, honest.clone());
    let victim = 3105;
    for identity in 0..Eclipser::IDENTITIES {
        let id = NodeId(VILLAIN + identity);
        let network = Network::Preset(Preset::Regtest);
        world.add_adversary(id, network, &[NodeId(victim)], Box::new(Eclipser::telling(VILLAIN)));
    }
    world.run_for(Span::from_secs(60));
    let inbound = connected(&world, victim, Some(Direction::Inbound));
    assert!(inbound.len() <= MAX_INBOUND_CONNECTIONS);
    assert!(inbound.iter().any(|id| *id >= VILLAIN), "many got in");
    world.audit(NodeId(victim));
    let told = json(&mut world, victim, Command::GetNodeAddresses { count: Some(0) });
    assert!(told.contains("\"port\": 50"), "and were heard of");

    // The victim loses all its connections, and opens new ones.
    world.kill(NodeId(victim));
    world.open(NodeId(victim));
    start(&mut world, victim);
    for _ in 0..10 {
        world.run_for(Span::from_secs(12));
        let chosen = connected(&world, victim, None);
        assert!(chosen.iter().any(|id| honest.contains(id)), "{:?}", outbound(&world, victim));
    }
    assert!(outbound(&world, victim).iter().any(|id| honest.contains(id)), "{:?}", outbound(&world, victim));
    world.execute(NodeId(3100), Command::Generate { blocks: 1, address: None }).expect("a block");
    let tip = |world: &World, id: u16| world.snapshot(NodeId(id)).chain.map(|chain| chain.tip);
    assert!(world.run_until(Span::from_secs(30), |world| tip(world, victim) == tip(world, 3100)));
}

#[test]
fn the_rpcs_show_the_book_the_bans_and_the_kept_connections() {
    let mut world = network(7, 3100..3103);
    let info = json(&mut world, 3101, Command::GetAddrManInfo);
    assert!(info.contains("\"all_networks\"") && info.contains("\"total\": 2"), "{info}");
    let address = NodeId(4321).local_address();
    let added = json(&mut world, 3101, Command::AddPeerAddress { address, tried: true });
    assert!(added.contains("\"success\": true"), "{added}");
    let again = json(&mut world, 3101, Command::AddPeerAddress { address, tried: true });
    assert!(again.contains("\"success\": false"), "{again}");
    let known = json(&mut world, 3101, Command::GetNodeAddresses { count: Some(0) });
    for field in ["\"time\"", "\"services\"", "\"port\": 4321", "\"network\": \"ipv4\""] {
        assert!(known.contains(field), "{known}");
    }
    let action = terrarium_core::interface::AddNodeAction::Add;
    world.execute(NodeId(3101), Command::AddNode { address, action }).expect("it is kept");
    let kept = json(&mut world, 3101, Command::GetAddedNodeInfo { address: Some(address) });
    assert!(kept.contains("\"addednode\": \"127.0.0.1:4321\"") && kept.contains("\"connected\": false"));
    let action = terrarium_core::interface::BanAction::Add;
    let ban = Command::SetBan { address, action, seconds: Some(1_000) };
    world.execute(NodeId(3101), ban).expect("it is banned");
    world.kill(NodeId(3101));
    world.open(NodeId(3101));
    let banned = json(&mut world, 3101, Command::ListBanned);
    assert!(banned.contains("\"ban_duration\": 1000") && banned.contains("127.0.0.1:4321"), "{banned}");
}
