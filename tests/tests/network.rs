//! Several nodes on one network: cuts, reorganisations, sync.

use terrarium_core::consensus::Preset;
use terrarium_core::interface::{
    Command, Event, MiningMode, NodeConfig, NodeId, Reply, Role, StartOptions, SyncMode,
};
use terrarium_core::primitives::{Amount, Height};
use terrarium_core::time::Span;
use terrarium_tests::sim::World;

const A: NodeId = NodeId(3000);
const B: NodeId = NodeId(3001);
const C: NodeId = NodeId(3002);

fn config(id: NodeId, network: Preset, connect: &[NodeId], sync: SyncMode) -> NodeConfig {
    NodeConfig { id, role: Role::Full, network: Some(network), sync, connect: connect.to_vec() }
}

fn start(world: &mut World, id: NodeId) {
    world.execute(id, Command::StartNode(StartOptions::default())).expect("the node starts");
}

fn address(world: &mut World, id: NodeId) -> String {
    match world.execute(id, Command::CreateWallet { label: None }) {
        Ok(Reply::Address(entry)) => entry.address,
        other => panic!("{other:?} is no address"),
    }
}

fn generate(world: &mut World, id: NodeId, blocks: u32) {
    let reply = world.execute(id, Command::Generate { blocks, address: None });
    assert!(matches!(&reply, Ok(Reply::Generated(hashes)) if hashes.len() == blocks as usize), "{reply:?}");
}

fn height(world: &World, id: NodeId) -> u32 {
    world.snapshot(id).chain.map_or(0, |chain| chain.height.0)
}

fn agree(world: &World, ids: &[NodeId]) -> bool {
    let tips: Vec<_> = ids.iter().map(|id| world.snapshot(*id).chain.map(|chain| chain.tip)).collect();
    tips.windows(2).all(|pair| pair[0] == pair[1])
}

/// Three nodes of the classroom, B and C connected to A.
fn classroom(seed: u64) -> World {
    let mut world = World::new(seed);
    world.add(config(A, Preset::Classroom, &[], SyncMode::Headers));
    world.add(config(B, Preset::Classroom, &[A], SyncMode::Headers));
    world.add(config(C, Preset::Classroom, &[A], SyncMode::Headers));
    for id in [A, B, C] {
        start(&mut world, id);
    }
    assert!(world.run_until(Span::from_secs(10), |world| world.snapshot(A).peers.len() == 2));
    world
}

#[test]
fn a_cut_network_grows_on_both_sides_and_the_side_with_less_work_gives_way_when_it_heals() {
    let mut world = classroom(1);
    let (from, to) = (address(&mut world, C), address(&mut world, A));
    generate(&mut world, C, 3);
    assert!(world.run_until(Span::from_secs(30), |world| agree(world, &[A, B, C])));

    world.partition(&[&[C]]);
    let pay = Command::Send { from, to: to.clone(), amount: Amount::from_coins(5), fee: None, mine: true };
    let Ok(Reply::Sent { txid, mined: Some(stale), .. }) = world.execute(C, pay) else {
        panic!("C pays and mines on its side");
    };
    generate(&mut world, B, 3);
    assert!(world.run_until(Span::from_secs(30), |world| agree(world, &[A, B])));
    assert!(!agree(&world, &[A, C]));

    world.heal();
    assert!(world.run_until(Span::from_secs(30), |world| agree(world, &[A, B, C])), "the network heals");
    assert_eq!(height(&world, C), 6);
    let reorg = world.host(C).events().iter().rev().find_map(|event| match event {
        Event::Reorg { from, disconnected, connected, returned, .. } => {
            Some((*from, disconnected.clone(), connected.len(), *returned))
        }
        _ => None,
    });
    assert_eq!(reorg, Some((stale, vec![stale], 3, 1)), "C gives way, and its payment waits again");
    assert_eq!(world.snapshot(C).mempool.txids, [txid]);

    generate(&mut world, C, 1);
    assert!(world.run_until(Span::from_secs(30), |world| agree(world, &[A, B, C])));
    let balance = world.execute(B, Command::GetBalance { address: to });
    assert_eq!(balance, Ok(Reply::Balance(Amount::from_coins(5))));
    assert_eq!(world.snapshot(C).mempool.count, 0, "a confirmed transaction leaves every mempool");
}

#[test]
fn miners_that_mine_all_the_time_agree() {
    let mut world = classroom(2);
    for id in [A, B, C] {
        world.host_mut(id).set_hash_rate(4_000.0);
        let command = Command::SetMining { mode: MiningMode::Always, address: None };
        world.execute(id, command).expect("the node mines");
    }
    assert!(world.run_until(Span::from_secs(600), |world| height(world, A) >= 12), "blocks are found");
    for id in [A, B, C] {
        world.execute(id, Command::SetMining { mode: MiningMode::Off, address: None }).expect("it rests");
    }
    world.run_for(Span::from_secs(5));
    generate(&mut world, B, 1);
    assert!(world.run_until(Span::from_secs(30), |world| agree(world, &[A, B, C])));
    let found: u64 = [A, B, C].iter().map(|id| world.snapshot(*id).mining.blocks_found).sum();
    assert!(found >= u64::from(height(&world, A)), "every block was found by one of them");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || {
        let mut world = classroom(7);
        world.begin_trace();
        generate(&mut world, B, 2);
        world.run_for(Span::from_secs(20));
        world.trace()
    };
    assert_eq!(run(), run());
}

/// A new node syncs 2,000 blocks from one that has them.
fn sync_two_thousand_blocks(sync: SyncMode) {
    let mut world = World::new(3);
    world.add(config(A, Preset::Regtest, &[], sync));
    generate(&mut world, A, 2_000);
    world.add(config(B, Preset::Regtest, &[A], sync));
    start(&mut world, A);
    start(&mut world, B);
    let is_synced =
        |world: &World| world.snapshot(B).chain.is_some_and(|chain| chain.height == Height(2_000));
    assert!(world.run_until(Span::from_secs(300), is_synced), "B is at {}", height(&world, B));
    assert!(agree(&world, &[A, B]));
    assert_eq!(world.snapshot(B).chain.map(|chain| chain.recent.len()), Some(24));
}

#[test]
fn a_new_node_syncs_two_thousand_blocks_by_headers() {
    sync_two_thousand_blocks(SyncMode::Headers);
}

#[test]
fn a_new_node_syncs_two_thousand_blocks_by_getblocks() {
    sync_two_thousand_blocks(SyncMode::Blocks);
}

#[test]
fn nodes_that_only_the_directory_lists_find_each_other() {
    let mut world = World::new(4);
    for id in [A, B, C] {
        world.add(config(id, Preset::Classroom, &[], SyncMode::Headers));
        start(&mut world, id);
    }
    generate(&mut world, A, 2);
    assert!(world.run_until(Span::from_secs(30), |world| agree(world, &[A, B, C])));
    assert!([A, B, C].iter().all(|id| !world.snapshot(*id).peers.is_empty()));
}

#[test]
fn a_reorganisation_deeper_than_a_step_reads_what_it_needs_from_the_store() {
    let mut world = World::new(5);
    world.add(config(A, Preset::Regtest, &[], SyncMode::Headers));
    world.add(config(B, Preset::Regtest, &[A], SyncMode::Headers));
    generate(&mut world, A, 80);
    generate(&mut world, B, 120);
    // Opened again, A has its blocks in its store alone.
    world.kill(A);
    world.open(A);
    start(&mut world, A);
    start(&mut world, B);
    assert!(world.run_until(Span::from_secs(60), |world| agree(world, &[A, B])));
    let reorgs = world.host(A).events().iter().filter_map(|event| match event {
        Event::Reorg { disconnected, connected, .. } => Some((disconnected.len(), connected.len())),
        _ => None,
    });
    let reorgs: Vec<(usize, usize)> = reorgs.collect();
    assert!(matches!(reorgs[..], [(80, 81..=120)]), "one change of branch, told once: {reorgs:?}");
}

/// The classroom, once A has looked at both its peers.
fn watching(seed: u64) -> World {
    let mut world = classroom(seed);
    assert!(world.run_until(Span::from_secs(10), |world| world.snapshot(A).watch.peers == 2));
    world
}

/// What a command prints, as JSON.
fn json(world: &mut World, id: NodeId, command: Command) -> serde_json::Value {
    match world.execute(id, command) {
        Ok(Reply::Json(text)) => serde_json::from_str(&text).expect("JSON"),
        other => panic!("{other:?} is no JSON"),
    }
}

#[test]
fn warnings_stand_where_bitcoin_core_has_them_and_what_the_watch_sees_beside_them() {
    let mut world = watching(5);
    generate(&mut world, A, 1);
    let calm = json(&mut world, A, Command::GetNetworkInfo);
    assert_eq!(
        (calm["warnings"].as_array().map(Vec::len), calm["watch"]["peers"].as_u64()),
        (Some(0), Some(2))
    );
    assert_eq!(calm["watch"]["address_groups"], 2);
    assert_eq!(calm["watch"]["commonest_subver_share"], 1.0);
    // Nobody mines for a minute.
    assert!(world.run_until(Span::from_secs(70), |world| !world.snapshot(A).watch.warnings.is_empty()));
    let warned = json(&mut world, A, Command::GetNetworkInfo);
    assert_eq!(warned["watch"]["active"][0]["code"], "stale-tip");
    let text = warned["warnings"][0].as_str().unwrap_or_default().to_owned();
    assert!(
        text.starts_with("no new block for ") && text.ends_with("asked 2 peers for their headers"),
        "{text}"
    );
    for command in [Command::GetBlockchainInfo, Command::GetMiningInfo] {
        assert_eq!(json(&mut world, A, command)["warnings"].as_array().map(Vec::len), Some(1));
    }
    generate(&mut world, A, 1);
    assert!(world.run_until(Span::from_secs(3), |world| world.snapshot(A).watch.warnings.is_empty()));
    let told = world.host(A).events().iter().filter_map(|event| match event {
        Event::Warning { warning, active } => Some((warning.code(), *active)),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [("stale-tip", true), ("stale-tip", false)]);
}

#[test]
fn every_peer_has_its_budgets_in_getpeerinfo() {
    let mut world = watching(6);
    let peers = json(&mut world, A, Command::GetPeerInfo);
    for peer in peers.as_array().expect("a list") {
        let budget = &peer["budget"];
        assert_eq!((budget["over"].as_bool(), budget["work"]["most"].as_u64()), (Some(false), Some(100_000)));
        assert!(budget["work_spent"].as_u64() > Some(0));
        assert!(budget["messages"]["left"].as_i64() <= Some(2_000));
    }
    assert_eq!(peers.as_array().map(Vec::len), Some(2));
}
