//! Light nodes beside full ones.

use serde_json::Value;
use terrarium_core::consensus::Preset;
use terrarium_core::interface::{
    Command, CommandError, LightFilter, NodeConfig, NodeId, Reply, Role, StartOptions, SyncMode,
};
use terrarium_core::primitives::{Amount, BlockHash, Height};
use terrarium_core::store::Database;
use terrarium_core::time::Span;
use terrarium_tests::Lab;
use terrarium_tests::sim::World;
use terrarium_tests::sync_bytes::{Chains, Exchange, SyncBytes};

const A: NodeId = NodeId(3000);
const B: NodeId = NodeId(3001);
const LIGHT: NodeId = NodeId(3003);

#[test]
fn a_light_node_is_paid_pays_and_follows_a_reorganisation() {
    let report = Lab::new(2, None).run(include_str!("../scenarios/spv.txt"));
    assert_eq!(report.failure(), None);
}

fn add(world: &mut World, id: NodeId, role: Role, connect: &[NodeId]) {
    let network = Some(Preset::Regtest);
    world.add(NodeConfig { id, role, network, sync: SyncMode::Headers, connect: connect.to_vec() });
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

fn generate(world: &mut World, id: NodeId, blocks: u32, address: Option<String>) {
    let reply = world.execute(id, Command::Generate { blocks, address });
    assert!(matches!(reply, Ok(Reply::Generated(_))), "{reply:?}");
}

fn height(world: &World, id: NodeId) -> u32 {
    world.snapshot(id).chain.map_or(0, |chain| chain.height.0)
}

fn is_at(world: &mut World, id: NodeId, wanted: u32) -> bool {
    world.run_until(Span::from_secs(120), |world| height(world, id) == wanted)
}

#[test]
fn a_light_node_that_is_killed_in_a_sync_goes_on_near_where_it_was() {
    let mut world = World::new(11);
    add(&mut world, A, Role::Full, &[]);
    add(&mut world, LIGHT, Role::Spv, &[A]);
    address(&mut world, LIGHT);
    generate(&mut world, A, 600, None);
    start(&mut world, A);
    start(&mut world, LIGHT);
    assert!(world.run_until(Span::from_secs(60), |world| height(world, LIGHT) >= 300));
    let reached = height(&world, LIGHT);
    assert!(reached < 600, "the sync is not over");
    world.kill(LIGHT);
    world.open(LIGHT);
    assert!(height(&world, LIGHT) + 100 >= reached, "{} of {reached} are stored", height(&world, LIGHT));
}

/// A full node with a chain that pays a light node in its first block, the two connected.
fn paid(blocks: u32) -> (World, String) {
    let mut world = World::new(11);
    add(&mut world, A, Role::Full, &[]);
    add(&mut world, LIGHT, Role::Spv, &[A]);
    let own = address(&mut world, LIGHT);
    generate(&mut world, A, 1, Some(own.clone()));
    generate(&mut world, A, blocks - 1, None);
    start(&mut world, A);
    start(&mut world, LIGHT);
    assert!(is_at(&mut world, LIGHT, blocks), "the light node is at {}", height(&world, LIGHT));
    (world, own)
}

#[test]
fn a_light_node_finds_its_payments_and_stores_less_than_120_bytes_a_block() {
    let (mut world, own) = paid(600);
    world.run_for(Span::from_secs(5));
    let balance = world.execute(LIGHT, Command::GetBalance { address: own });
    assert_eq!(balance, Ok(Reply::Balance(Amount::from_coins(50))));
    let records = world.host(LIGHT).disk().store().records(Database::Chain);
    let bytes: usize = records.iter().map(|record| record.key.len() + record.value.len()).sum();
    assert!(bytes < 120 * 600, "{} bytes a block", bytes / 600);
    let snapshot = world.snapshot(LIGHT);
    assert_eq!(snapshot.role, Role::Spv);
    assert!(snapshot.chain.is_some_and(|chain| chain.recent.iter().all(|block| block.transactions == 1)));
}

#[test]
fn a_light_node_opens_where_it_was() {
    let (mut world, own) = paid(120);
    world.run_for(Span::from_secs(5));
    world.kill(LIGHT);
    world.open(LIGHT);
    assert_eq!(world.host(LIGHT).repaired(), [] as [String; 0]);
    assert_eq!((height(&world, LIGHT), world.snapshot(LIGHT).role), (120, Role::Spv));
    let balance = world.execute(LIGHT, Command::GetBalance { address: own });
    assert_eq!(balance, Ok(Reply::Balance(Amount::from_coins(50))));
    start(&mut world, LIGHT);
    generate(&mut world, A, 1, None);
    assert!(is_at(&mut world, LIGHT, 121));
}

#[test]
fn a_key_that_is_imported_is_looked_for_in_the_whole_chain() {
    let (mut world, own) = paid(110);
    let Ok(Reply::Key(wif)) = world.execute(LIGHT, Command::DumpKey { address: own.clone() }) else {
        panic!("the light node has the key")
    };
    add(&mut world, B, Role::Spv, &[A]);
    start(&mut world, B);
    assert!(is_at(&mut world, B, 110));
    world.execute(B, Command::ImportKey { wif, label: None }).expect("the key is taken");
    let found = world
        .run_until(Span::from_secs(60), |world| world.snapshot(B).wallet.balance == Amount::from_coins(50));
    assert!(found && height(&world, B) == 110, "at {}", height(&world, B));
}

#[test]
fn a_light_node_refuses_what_needs_blocks_by_name() {
    let (mut world, _) = paid(3);
    let foreign = address(&mut world, A);
    let light = |what: &str| CommandError::BadArgument(format!("a light node keeps headers alone: {what}"));
    for (command, what) in [
        (Command::GetBalance { address: foreign }, "it knows the coins of its own addresses alone"),
        (Command::Generate { blocks: 1, address: None }, "it does not mine"),
        (Command::ReindexUtxo, "it has no coins to build anew"),
        (Command::ExportChain, "it has no chain to copy"),
        (Command::PrintChain, "it has no blocks to print"),
    ] {
        assert_eq!(world.execute(LIGHT, command), Err(light(what)));
    }
    let Ok(Reply::Json(info)) = world.execute(LIGHT, Command::GetBlockchainInfo) else {
        panic!("it answers")
    };
    let info: Value = serde_json::from_str(&info).expect("JSON");
    assert_eq!((&info["blocks"], &info["headers"], &info["pruned"]), (&3.into(), &3.into(), &true.into()));
}

#[test]
fn a_full_node_shows_the_filter_of_any_block_also_from_its_store() {
    let mut world = World::new(12);
    add(&mut world, A, Role::Full, &[]);
    generate(&mut world, A, 3, None);
    world.run_for(Span::from_secs(5));
    world.kill(A);
    world.open(A);
    for height in 0..=3 {
        let hash = world.execute(A, Command::GetBlockHash { height: Height(height) });
        let Ok(Reply::Json(hash)) = hash else { panic!("{hash:?}") };
        let hash = hash.parse().expect("a hash");
        let filter = world.execute(A, Command::GetBlockFilter { hash });
        let Ok(Reply::Json(filter)) = filter else { panic!("{filter:?}") };
        let filter: Value = serde_json::from_str(&filter).expect("JSON");
        let header = filter["header"].as_str().unwrap_or_default();
        assert!(header.len() == 64 && filter["filter"].as_str().is_some_and(|hex| hex.len() > 2), "{filter}");
    }
    let unknown = Command::GetBlockFilter { hash: BlockHash::ZERO };
    assert!(matches!(world.execute(A, unknown), Err(CommandError::NotFound { .. })));
}

#[test]
fn a_light_node_that_goes_by_compact_filters_finds_pays_and_follows() {
    let mut world = World::new(13);
    for (id, connect) in [(A, &[][..]), (B, &[A][..])] {
        add(&mut world, id, Role::Full, connect);
    }
    add(&mut world, LIGHT, Role::Spv, &[A, B]);
    let own = address(&mut world, LIGHT);
    let other = address(&mut world, B);
    generate(&mut world, A, 2, Some(own.clone()));
    generate(&mut world, A, 118, None);
    start(&mut world, A);
    start(&mut world, B);
    let options = StartOptions { filters: LightFilter::Compact, ..StartOptions::default() };
    world.execute(LIGHT, Command::StartNode(options)).expect("the node starts");
    assert!(is_at(&mut world, LIGHT, 120), "the light node is at {}", height(&world, LIGHT));
    let balance = Command::GetBalance { address: own.clone() };
    assert_eq!(world.execute(LIGHT, balance.clone()), Ok(Reply::Balance(Amount::from_coins(100))));

    let amount = Amount::from_coins(30);
    let pay = Command::Send { from: own, to: other.clone(), amount, fee: None, mine: false };
    assert!(matches!(world.execute(LIGHT, pay), Ok(Reply::Sent { .. })));
    assert!(world.run_until(Span::from_secs(30), |world| world.snapshot(A).mempool.count == 1));
    generate(&mut world, A, 1, None);
    assert!(is_at(&mut world, LIGHT, 121));
    assert_eq!(world.execute(B, Command::GetBalance { address: other }), Ok(Reply::Balance(amount)));
    let left = match world.execute(LIGHT, balance) {
        Ok(Reply::Balance(left)) => left,
        reply => panic!("{reply:?} is no balance"),
    };
    assert!(left < Amount::from_coins(70) && left > Amount::from_coins(69), "{left}");

    world.partition(&[&[B]]);
    generate(&mut world, A, 1, None);
    assert!(is_at(&mut world, LIGHT, 122));
    generate(&mut world, B, 2, None);
    world.heal();
    assert!(is_at(&mut world, LIGHT, 123));
    assert_eq!(tip(&world, LIGHT), tip(&world, B));
}

fn tip(world: &World, id: NodeId) -> Option<BlockHash> {
    world.snapshot(id).chain.map(|chain| chain.tip)
}

/// What `exchange` comes to over 2,000 blocks of 150 spends with ten payments: each block adds what the 20 between a short
/// chain and a longer one add, and each payment what it adds to the longer one. `cargo xtask bench` measures the whole.
fn bytes_for_2000_blocks(exchange: impl Fn(&SyncBytes) -> &Exchange, measured: &[SyncBytes; 3]) -> u64 {
    let [short, long, paid] = measured.each_ref().map(|bytes| exchange(bytes).messages());
    short + 1_998 * (long - short) / 20 + (paid - long) + exchange(&measured[0]).transport
}

#[test]
fn a_wallet_syncs_under_1_percent_of_a_full_nodes_bytes_by_bloom_filter_and_6_percent_by_compact_filters() {
    let measure = |blocks, payments| SyncBytes::measure(Chains { blocks, spends: 150, payments });
    let measured = [measure(2, 0), measure(22, 0), measure(22, 10)];
    let full = bytes_for_2000_blocks(|bytes| &bytes.full, &measured);
    let bloom = bytes_for_2000_blocks(|bytes| &bytes.bloom, &measured);
    let compact = bytes_for_2000_blocks(|bytes| &bytes.compact, &measured);
    println!("{full} bytes in full, {bloom} by bloom filter, {compact} by compact filters");
    assert!(bloom * 100 < full, "{bloom} of {full}");
    assert!(compact * 100 < 6 * full, "{compact} of {full}");
}
