//! Nodes that are killed and opened again, and stores that refuse.

use terrarium_core::consensus::Preset;
use terrarium_core::interface::{
    BanAction, Command, CommandError, MiningMode, NodeConfig, NodeId, Reply, RequestId, Role, StartOptions,
    SyncMode,
};
use terrarium_core::node::Node;
use terrarium_core::primitives::{Amount, Txid};
use terrarium_core::store::{BatchId, Database, Durability, Op, StoreBatch, Table};
use terrarium_core::time::Span;
use terrarium_tests::sim::World;

const A: NodeId = NodeId(3000);

/// What the first block of a chain pays.
const COINBASE: Amount = Amount::from_sat(50 * 100_000_000);

fn world(network: Option<Preset>) -> World {
    let mut world = World::new(11);
    world.add(NodeConfig { id: A, role: Role::Full, network, sync: SyncMode::Headers, connect: Vec::new() });
    world
}

fn address(world: &mut World, label: &str) -> String {
    match world.execute(A, Command::CreateWallet { label: Some(label.to_owned()) }) {
        Ok(Reply::Address(entry)) => entry.address,
        other => panic!("{other:?} is no address"),
    }
}

fn restart(world: &mut World) {
    world.kill(A);
    world.open(A);
    assert_eq!(world.host(A).repaired(), [] as [String; 0], "nothing is damaged by a kill");
    world.run_for(Span::from_secs(1));
}

fn height(world: &World) -> u32 {
    world.snapshot(A).chain.map_or(0, |chain| chain.height.0)
}

#[test]
fn of_two_tips_with_the_same_work_the_active_one_stays_over_a_restart() {
    let other = NodeId(3001);
    let mut world = world(Some(Preset::Regtest));
    let (role, network) = (Role::Full, Some(Preset::Regtest));
    world.add(NodeConfig { id: other, role, network, sync: SyncMode::Headers, connect: vec![A] });
    for id in [A, other] {
        world.execute(id, Command::Generate { blocks: 2, address: None }).expect("two blocks");
        world.execute(id, Command::StartNode(Default::default())).expect("the node starts");
    }
    let tip = |world: &World, id| world.snapshot(id).chain.map(|chain| chain.tip);
    let (own, rival) = (tip(&world, A), tip(&world, other));
    assert_ne!(own, rival);
    world.run_for(Span::from_secs(30));
    assert_eq!(world.snapshot(A).peers.len(), 1);
    for _ in 0..3 {
        restart(&mut world);
        world.execute(A, Command::StartNode(Default::default())).expect("the node starts");
        world.run_for(Span::from_secs(30));
        assert_eq!((tip(&world, A), tip(&world, other)), (own, rival));
    }
    world.execute(other, Command::Generate { blocks: 1, address: None }).expect("one more");
    assert!(world.run_until(Span::from_secs(60), |world| tip(world, A) == tip(world, other)));
}

#[test]
fn a_restarted_node_keeps_keys_labels_history_and_the_count_of_blocks_it_found() {
    let mut world = world(None);
    let alice = address(&mut world, "alice");
    let bob = address(&mut world, "bob");
    let create = Command::CreateBlockchain { address: alice.clone(), subsidy: None };
    world.execute(A, create).expect("the chain is made");
    let pay = |fee| Command::Send {
        from: alice.clone(),
        to: bob.clone(),
        amount: Amount::from_coins(10),
        fee,
        mine: true,
    };
    world.execute(A, pay(None)).expect("alice pays");
    world.execute(A, pay(Some(Amount::from_coins(1)))).expect("alice pays with a fee");
    let before = (world.snapshot(A), world.execute(A, Command::History));
    restart(&mut world);
    let after = (world.snapshot(A), world.execute(A, Command::History));
    assert_eq!(before.1, after.1);
    assert_eq!(before.0.chain, after.0.chain);
    assert_eq!(before.0.wallet.addresses, after.0.wallet.addresses);
    assert_eq!(before.0.wallet.balance, after.0.wallet.balance);
    assert_eq!((before.0.mining.blocks_found, after.0.mining.blocks_found), (2, 2));
}

/// What the test does to its node; the replies are held against what the store has afterwards.
fn story(world: &mut World) -> Vec<RequestId> {
    let wallet = |label: &str| Command::CreateWallet { label: Some(label.to_owned()) };
    let blocks = |blocks| Command::Generate { blocks, address: None };
    let commands = [wallet("alice"), wallet("bob"), blocks(3), wallet("carol"), blocks(2)];
    commands.into_iter().map(|command| world.submit(A, command)).collect()
}

/// That what a reply told is still there.
fn check(world: &World, reply: &Reply) {
    let snapshot = world.snapshot(A);
    match reply {
        Reply::Address(entry) => {
            assert!(snapshot.wallet.addresses.iter().any(|known| known.address == entry.address));
        }
        Reply::Generated(hashes) => {
            let recent = snapshot.chain.map(|chain| chain.recent).unwrap_or_default();
            assert!(hashes.iter().all(|hash| recent.iter().any(|block| block.hash == *hash)));
        }
        other => panic!("{other:?} was not asked for"),
    }
}

#[test]
fn a_kill_at_any_write_leaves_a_consistent_chain_and_everything_that_was_told() {
    for writes in 0.. {
        let mut world = world(Some(Preset::Classroom));
        let requests = story(&mut world);
        world.run_until(Span::from_secs(60), |world| world.host(A).disk().writes() >= writes);
        let replies: Vec<_> =
            requests.iter().filter_map(|request| world.host_mut(A).take_reply(*request)).collect();
        restart(&mut world);
        assert!(
            world.host(A).node().is_some_and(terrarium_core::node::Node::supply_is_right),
            "after {writes} writes"
        );
        for reply in &replies {
            check(&world, reply.as_ref().expect("the command succeeded"));
        }
        let more = world.execute(A, Command::Generate { blocks: 1, address: None });
        assert!(matches!(more, Ok(Reply::Generated(_))), "it goes on after {writes} writes");
        if replies.len() == requests.len() {
            assert!(writes > 5, "the story takes some writes, not {writes}");
            return;
        }
    }
}

#[test]
fn a_store_that_refuses_is_told_stops_mining_and_is_tried_again() {
    let mut world = world(Some(Preset::Classroom));
    world.execute(A, Command::StartNode(StartOptions::default())).expect("the node starts");
    world.execute(A, Command::SetMining { mode: MiningMode::Always, address: None }).expect("it mines");
    assert!(world.run_until(Span::from_secs(120), |world| height(world) >= 1));
    world.host_mut(A).disk_mut().set_full(true);
    let reply = world.execute(A, Command::CreateWallet { label: None });
    assert!(matches!(reply, Err(CommandError::StoreFailed(_))), "{reply:?}");
    let failing = world.snapshot(A);
    assert!(failing.store_failure.is_some() && !failing.mining.active, "{failing:?}");
    assert!(world.execute(A, Command::GetBlockchainInfo).is_ok(), "it goes on answering");
    let stuck = height(&world);
    world.host_mut(A).disk_mut().set_full(false);
    assert!(world.run_until(Span::from_secs(120), |world| height(world) > stuck), "it mines again");
    assert_eq!(world.snapshot(A).store_failure, None);
    world.run_for(Span::from_millis(10));
    restart(&mut world);
    assert!(height(&world) >= stuck);
}

#[test]
fn a_key_that_could_not_be_stored_is_not_offered_and_its_label_is_free() {
    let mut world = world(Some(Preset::Classroom));
    world.run_for(Span::from_secs(1));
    world.host_mut(A).disk_mut().set_full(true);
    let create = Command::CreateWallet { label: Some("alice".to_owned()) };
    let generate = Command::Generate { blocks: 1, address: None };
    for command in [generate, create] {
        let reply = world.execute(A, command);
        assert!(matches!(reply, Err(CommandError::StoreFailed(_))), "{reply:?}");
        assert_eq!(world.execute(A, Command::ListAddresses), Ok(Reply::Addresses(vec![])));
    }
    world.host_mut(A).disk_mut().set_full(false);
    world.run_for(Span::from_secs(60));
    assert_eq!(world.execute(A, Command::ListAddresses), Ok(Reply::Addresses(vec![])));
    let alice = address(&mut world, "alice");
    world.execute(A, Command::Generate { blocks: 1, address: None }).expect("a block, paid to alice");
    restart(&mut world);
    let Ok(Reply::Addresses(listed)) = world.execute(A, Command::ListAddresses) else { panic!("a list") };
    let listed: Vec<_> = listed.iter().map(|entry| (entry.address.as_str(), entry.balance)).collect();
    assert_eq!(listed, [(alice.as_str(), COINBASE)]);
}

/// A node of the classroom with a payment that waits.
fn world_with_payment() -> (World, Txid) {
    let mut world = world(Some(Preset::Classroom));
    world.execute(A, Command::StartNode(StartOptions::default())).expect("the node starts");
    let alice = address(&mut world, "alice");
    world.execute(A, Command::Generate { blocks: 3, address: Some(alice.clone()) }).expect("three blocks");
    let (from, to, amount) = (alice.clone(), alice, Amount::from_coins(20));
    let send = Command::Send { from, to, amount, fee: None, mine: false };
    let Ok(Reply::Sent { txid, .. }) = world.execute(A, send) else { panic!("a payment") };
    world.run_for(Span::from_secs(1));
    (world, txid)
}

fn assert_waits_and_is_mined(world: &mut World, payment: Txid) {
    world.run_for(Span::from_secs(120));
    assert_eq!(world.snapshot(A).mempool.count, 1, "it waits");
    world.execute(A, Command::Generate { blocks: 1, address: None }).expect("a block");
    let Ok(Reply::History(history)) = world.execute(A, Command::History) else { panic!("the history") };
    let entry = history.iter().find(|entry| entry.txid == payment).expect("the wallet knows it");
    assert!(entry.block.is_some(), "{entry:?} is mined");
}

#[test]
fn a_waiting_payment_returns_to_the_mempool_of_a_reopened_node_and_is_mined() {
    let (mut world, payment) = world_with_payment();
    restart(&mut world);
    assert_waits_and_is_mined(&mut world, payment);
}

/// Spoils records of a killed node's chain database.
fn spoil(world: &World, table: Table, keys: &[&[u8]]) {
    let put = |key: &&[u8]| Op::Put { table, key: key.to_vec(), value: vec![1, 2, 3] };
    let ops = keys.iter().map(put).collect();
    let (id, database, durability) = (BatchId(0), Database::Chain, Durability::Strict);
    let batch = StoreBatch { id, database, durability, ops };
    world.host(A).disk().store().apply(&batch).expect("it is written");
}

#[test]
fn a_chain_whose_network_nobody_can_tell_is_left_alone_and_its_keys_are_served() {
    let mut world = world(None);
    let alice = address(&mut world, "alice");
    let create = Command::CreateBlockchain { address: alice.clone(), subsidy: None };
    world.execute(A, create.clone()).expect("the chain is made");
    let Ok(Reply::ChainFile(file)) = world.execute(A, Command::ExportChain) else { panic!("a file") };
    world.kill(A);
    spoil(&world, Table::ChainMeta, &[b"network", b"network-copy"]);
    let before = world.host(A).disk().store().records(Database::Chain);
    world.open(A);
    assert_eq!(world.host(A).repaired().len(), 1, "the network is missed");
    assert!(matches!(world.execute(A, Command::DumpKey { address: alice.clone() }), Ok(Reply::Key(_))));
    for command in [Command::GetBlockchainInfo, create] {
        let error = world.execute(A, command).expect_err("nothing is done behind its owner's back");
        assert!(matches!(error, CommandError::UnreadableChain(_)), "{error:?}");
    }
    world.run_for(Span::from_secs(5));
    assert_eq!(world.host(A).disk().store().records(Database::Chain), before, "nothing was written");
    world.execute(A, Command::ImportChain { file }).expect("its owner may replace it");
    assert_eq!(world.execute(A, Command::GetBalance { address: alice }), Ok(Reply::Balance(COINBASE)));
}

#[test]
fn a_damaged_record_of_the_network_costs_a_built_in_network_no_block() {
    for spoilt in [&[&b"network"[..]][..], &[b"network", b"network-copy"]] {
        let (mut world, payment) = world_with_payment();
        let before = world.snapshot(A).chain;
        world.kill(A);
        spoil(&world, Table::ChainMeta, spoilt);
        world.open(A);
        assert_eq!(world.host(A).repaired().len(), 1, "{:?}", world.host(A).repaired());
        world.run_for(Span::from_secs(1));
        assert_eq!(world.snapshot(A).chain, before);
        assert_waits_and_is_mined(&mut world, payment);
        restart(&mut world);
    }
}

#[test]
fn a_waiting_payment_returns_to_the_mempool_though_the_record_of_the_tip_is_damaged() {
    let (mut world, payment) = world_with_payment();
    world.kill(A);
    spoil(&world, Table::ChainMeta, &[b"tip"]);
    world.open(A);
    assert_waits_and_is_mined(&mut world, payment);
}

#[test]
fn a_waiting_payment_returns_to_the_mempool_though_the_index_is_damaged() {
    let (mut world, payment) = world_with_payment();
    world.kill(A);
    spoil(&world, Table::Index, &[&0_u32.to_be_bytes()]);
    world.open(A);
    assert_waits_and_is_mined(&mut world, payment);
    restart(&mut world);
}

#[test]
fn bans_of_a_node_that_has_no_chain_yet_are_those_of_its_first() {
    let mut world = world(None);
    let alice = address(&mut world, "alice");
    let create = Command::CreateBlockchain { address: alice, subsidy: None };
    world.execute(A, create.clone()).expect("the chain is made");
    let address = NodeId(3001).local_address();
    let ban = Command::SetBan { address, action: BanAction::Add, seconds: None };
    world.execute(A, ban).expect("the ban is set");
    world.kill(A);
    let clear = |table: &Table| Op::Clear { table: *table };
    let ops = Table::of(Database::Chain).iter().map(clear).collect();
    let (id, database, durability) = (BatchId(0), Database::Chain, Durability::Strict);
    world
        .host(A)
        .disk()
        .store()
        .clone()
        .apply(&StoreBatch { id, database, durability, ops })
        .expect("it is written");
    world.open(A);
    world.execute(A, create).expect("another chain is made");
    assert_eq!(world.snapshot(A).banned, 1);
}

/// Two nodes, connected, whose first blocks have ended the initial sync.
fn synced_pair(other: NodeId) -> World {
    let mut world = world(Some(Preset::Regtest));
    let (role, network) = (Role::Full, Some(Preset::Regtest));
    world.add(NodeConfig { id: other, role, network, sync: SyncMode::Headers, connect: vec![A] });
    for id in [A, other] {
        world.execute(id, Command::StartNode(Default::default())).expect("the node starts");
    }
    for height in 1..=3 {
        world.execute(A, Command::Generate { blocks: 1, address: None }).expect("a block");
        let has = |world: &World| world.snapshot(other).chain.is_some_and(|chain| chain.height.0 == height);
        assert!(world.run_until(Span::from_secs(30), has));
    }
    world.run_for(Span::from_secs(1));
    world
}

#[test]
fn a_header_is_stored_with_its_block_in_one_write() {
    let other = NodeId(3001);
    let mut world = synced_pair(other);
    let before = world.host(other).disk().writes();
    world.execute(A, Command::Generate { blocks: 1, address: None }).expect("a block");
    let has = |world: &World| world.snapshot(other).chain.is_some_and(|chain| chain.height.0 == 4);
    assert!(world.run_until(Span::from_secs(30), has));
    world.run_for(Span::from_secs(1));
    // The wallet's beside the chain's.
    assert_eq!(world.host(other).disk().writes() - before, 2);
}

#[test]
fn a_node_may_end_while_the_blocks_of_its_headers_are_on_their_way() {
    let other = NodeId(3001);
    let mut world = synced_pair(other);
    // More than go as headers and compact blocks: they are asked for, and take a while.
    world.submit(A, Command::Generate { blocks: 20, address: None });
    let awaits = |world: &World| {
        world.snapshot(other).chain.is_some_and(|chain| chain.headers > chain.height)
            && world.host(other).node().is_some_and(Node::is_settled)
    };
    assert!(world.run_until(Span::from_secs(30), awaits));
}
