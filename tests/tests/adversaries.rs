//! Each adversary alone, among a few honest nodes: what it does leads to nothing, and what is done about it.

use terrarium_core::consensus::{Network, Preset};
use terrarium_core::interface::{
    Command, NodeConfig, NodeId, PeerState, Reply, Role, StartOptions, SyncMode,
};
use terrarium_core::net::limits::MAX_INBOUND_CONNECTIONS;
use terrarium_core::node::Node;
use terrarium_core::primitives::{Amount, BlockHash};
use terrarium_core::time::Span;
use terrarium_tests::sim::adversary::{
    AddrFlooder, Adversary, BlockMutator, BlockStaller, DoubleSpender, Eclipser, HeaderSpammer, InvFlooder,
    OrphanFlooder, SelfishMiner, SessionFuzzer, SpvLiar,
};
use terrarium_tests::sim::{Fault, Link, World};

const A: NodeId = NodeId(3000);
const B: NodeId = NodeId(3001);
const C: NodeId = NodeId(3002);
const HONEST: [NodeId; 3] = [A, B, C];
const LIGHT: NodeId = NodeId(3010);
const VILLAIN: NodeId = NodeId(4000);

/// How long an adversary has its way.
const WHILE: Span = Span::from_secs(40);

/// Blocks that pay the light node.
const PAYMENTS: u32 = 6;

/// How long honest nodes may take to agree beside it.
const PATIENCE: Span = Span::from_secs(60);

/// Three honest nodes that know each other, and have a few blocks.
fn honest(seed: u64) -> World {
    let mut world = World::new(seed);
    for id in HONEST {
        add(&mut world, id, Role::Full, HONEST.into_iter().filter(|other| *other != id).collect());
        start(&mut world, id);
    }
    generate(&mut world, A, 3);
    assert!(world.run_until(PATIENCE, agree));
    world
}

fn add(world: &mut World, id: NodeId, role: Role, connect: Vec<NodeId>) {
    let network = Some(Preset::Regtest);
    world.add(NodeConfig { id, role, network, sync: SyncMode::Headers, connect });
}

fn start(world: &mut World, id: NodeId) {
    world.execute(id, Command::StartNode(StartOptions::default())).expect("the node starts");
}

fn generate(world: &mut World, id: NodeId, blocks: u32) {
    world.execute(id, Command::Generate { blocks, address: None }).expect("blocks");
}

fn enter(world: &mut World, id: NodeId, targets: &[NodeId], adversary: impl Adversary + 'static) {
    world.add_adversary(id, Network::Preset(Preset::Regtest), targets, Box::new(adversary));
}

fn tip(world: &World, id: NodeId) -> Option<BlockHash> {
    world.snapshot(id).chain.map(|chain| chain.tip)
}

fn agree(world: &World) -> bool {
    HONEST.iter().all(|id| tip(world, *id) == tip(world, A))
}

fn is_connected(world: &World, id: NodeId, to: NodeId) -> bool {
    let peers = world.snapshot(id).peers;
    peers.iter().any(|peer| peer.address == to.local_address() && peer.state == PeerState::Connected)
}

fn is_refused(world: &World, id: NodeId) -> bool {
    world.host(id).node().is_some_and(|node| node.refuses(&VILLAIN.local_address()))
}

/// Lets an adversary loose on the honest nodes for a while in which they find blocks; then they must agree, and hold
/// what must hold.
fn withstand(fault: Fault, adversary: impl Adversary + 'static) -> World {
    let mut world = honest(fault as u64);
    enter(&mut world, VILLAIN, &HONEST, adversary);
    for round in 0..8 {
        world.run_for(Span(WHILE.0 / 8));
        generate(&mut world, HONEST[round % HONEST.len()], 1);
        HONEST.iter().for_each(|id| world.audit(*id));
    }
    assert!(world.faults().of(fault) > 0, "{fault:?} happened");
    assert!(world.run_until(PATIENCE, agree), "the honest agree in spite of {fault:?}");
    HONEST.iter().for_each(|id| world.audit(*id));
    world
}

#[test]
fn whoever_sends_headers_without_work_is_kept_away() {
    let world = withstand(Fault::HeaderSpam, HeaderSpammer);
    for id in HONEST {
        assert!(is_refused(&world, id) && !is_connected(&world, id, VILLAIN), "by {id}");
    }
}

#[test]
fn whoever_announces_blocks_and_withholds_them_is_let_go_and_holds_nobody_up() {
    let world = withstand(Fault::BlockStalled, BlockStaller);
    let height = world.snapshot(A).chain.map(|chain| chain.height.0);
    assert_eq!(height, Some(11), "the blocks of the honest are there");
}

#[test]
fn whoever_sends_mutated_blocks_is_kept_away_and_the_blocks_are_taken_from_others() {
    let world = withstand(Fault::BlockMutated, BlockMutator::default());
    assert_eq!(world.snapshot(A).chain.map(|chain| chain.height.0), Some(11));
    assert!(HONEST.iter().any(|id| is_refused(&world, *id)));
}

#[test]
fn orphans_of_a_flood_keep_to_their_peers_share() {
    let world = withstand(Fault::OrphanFlood, OrphanFlooder);
    for id in HONEST {
        let bounds = world.host(id).node().map(Node::bounds).unwrap_or_default();
        let share = bounds.iter().find(|bound| bound.name.contains("MAX_ORPHAN_WEIGHT_PER_PEER"));
        let share = share.expect("a bound");
        assert!(share.holds() && share.held * 10 > share.most * 8, "{share:?} is filled to the brim");
    }
}

#[test]
fn announcements_of_a_flood_keep_to_their_bound_and_too_many_at_once_are_the_last() {
    let world = withstand(Fault::InvFlood, InvFlooder::default());
    assert!(HONEST.iter().any(|id| is_refused(&world, *id)), "more than MAX_INV_SZ at once");
}

#[test]
fn addresses_of_a_flood_lead_nowhere_and_too_many_at_once_are_the_last() {
    let world = withstand(Fault::AddrFlood, AddrFlooder::default());
    assert!(HONEST.iter().any(|id| is_refused(&world, *id)), "more than MAX_ADDR_TO_SEND at once");
    for id in HONEST {
        assert!(HONEST.iter().all(|other| other == &id || is_connected(&world, id, *other)));
    }
}

#[test]
fn two_hundred_identities_take_no_connection_that_a_victim_opens_by_itself() {
    let mut world = honest(1);
    for identity in 0..Eclipser::IDENTITIES {
        enter(&mut world, NodeId(VILLAIN.0 + identity), &[C], Eclipser::default());
    }
    world.run_for(WHILE);
    assert!(world.faults().of(Fault::Eclipse) > 100, "many got in");
    assert!(world.snapshot(C).peers.len() <= MAX_INBOUND_CONNECTIONS + HONEST.len());
    assert!(is_connected(&world, C, A) && is_connected(&world, C, B));
    generate(&mut world, A, 1);
    assert!(world.run_until(PATIENCE, agree));
    world.audit(C);
}

#[test]
fn a_light_node_learns_from_an_honest_peer_what_a_liar_keeps_from_it() {
    let mut world = honest(2);
    add(&mut world, LIGHT, Role::Spv, vec![VILLAIN, A, B]);
    let Ok(Reply::Address(own)) = world.execute(LIGHT, Command::CreateWallet { label: None }) else {
        panic!("the light node makes a key")
    };
    // The liar hears of blocks first, and is the first to tell of them.
    for id in [A, B] {
        world.set_link(LIGHT, id, Link { latency: Span::from_millis(400), ..Link::default() });
    }
    enter(&mut world, VILLAIN, &[A, LIGHT], SpvLiar);
    start(&mut world, LIGHT);
    world.run_for(Span::from_secs(10));
    for _ in 0..PAYMENTS {
        let pay = Command::Generate { blocks: 1, address: Some(own.address.clone()) };
        world.execute(A, pay).expect("the light node is paid");
        world.run_for(Span::from_secs(5));
    }
    let all = Amount::from_coins(50 * PAYMENTS);
    let found = world.run_until(PATIENCE, |world| world.snapshot(LIGHT).wallet.immature == all);
    assert!(world.faults().of(Fault::SpvLie) > 0, "it was lied to");
    assert!(found, "{:?}", world.snapshot(LIGHT).wallet);
}

#[test]
fn of_two_spends_of_one_coin_every_mempool_has_one_and_the_chain_too() {
    let mut world = honest(3);
    // Until the spender's first coin is mature.
    enter(&mut world, VILLAIN, &HONEST, DoubleSpender::new(1));
    world.run_for(Span::from_secs(20));
    generate(&mut world, A, 100);
    let is_told = |world: &World| world.faults().of(Fault::DoubleSpend) > 0;
    assert!(world.run_until(PATIENCE, is_told), "a coin was spent twice");
    world.run_for(Span::from_secs(5));
    let waiting = HONEST.map(|id| world.snapshot(id).mempool.count);
    assert!(waiting.iter().all(|count| *count > 0), "{waiting:?}");
    HONEST.iter().for_each(|id| world.audit(*id));
    generate(&mut world, B, 1);
    assert!(world.run_until(PATIENCE, agree));
    HONEST.iter().for_each(|id| world.audit(*id));
}

#[test]
fn blocks_that_a_selfish_miner_publishes_are_followed_where_they_have_most_work() {
    let world = withstand(Fault::SelfishMining, SelfishMiner::default());
    assert!(HONEST.iter().all(|id| !is_refused(&world, *id)), "it breaks no rule of the protocol");
}

#[test]
fn messages_out_of_all_order_change_nothing() {
    let world = withstand(Fault::SessionFuzz, SessionFuzzer);
    assert_eq!(world.snapshot(A).chain.map(|chain| chain.height.0), Some(11));
}
