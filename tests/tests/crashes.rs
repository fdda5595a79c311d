//! A node that dies at any one of its writes, on its way through a sync, a payment and a reorganisation. A write that
//! landed without the node being told of it leaves the same store as one that came after it and was lost, so dying
//! after each number of writes is dying at every write in both ways.

use std::collections::BTreeSet;
use terrarium_core::chain::file;
use terrarium_core::consensus::{Network, Preset};
use terrarium_core::interface::{
    ChainFile, Command, NodeConfig, NodeId, Reply, RequestId, Role, StartOptions, SyncMode,
};
use terrarium_core::node::Node;
use terrarium_core::primitives::{Amount, BlockHash};
use terrarium_core::store::{Database, Table};
use terrarium_core::time::Span;
use terrarium_tests::fixture::Chain;
use terrarium_tests::sim::World;

/// The node that dies.
const A: NodeId = NodeId(3000);
/// Its peer.
const B: NodeId = NodeId(3001);

/// How long anything may take.
const PATIENCE: Span = Span::from_secs(600);

/// A life of node A that ends after a number of writes, or when its story is told.
struct Life {
    world: World,
    writes: u64,
    /// The addresses that A was asked for and told.
    told: Vec<String>,
}

/// The life is over.
struct Died;

impl Life {
    fn new(writes: u64) -> Self {
        let mut world = World::new(5);
        let config = |id| NodeConfig {
            id,
            role: Role::Full,
            network: Some(Preset::Classroom),
            sync: SyncMode::Headers,
            connect: Vec::new(),
        };
        world.add(config(B));
        world.execute(B, Command::Generate { blocks: 5, address: None }).expect("five blocks");
        world.execute(B, Command::StartNode(StartOptions::default())).expect("B starts");
        world.add(config(A));
        Self { world, writes, told: Vec::new() }
    }

    fn until(&mut self, mut done: impl FnMut(&World) -> bool) -> Result<(), Died> {
        let writes = self.writes;
        let dies = |world: &World| world.host(A).disk().writes() >= writes;
        let ended = self.world.run_until(PATIENCE, |world| dies(world) || done(world));
        assert!(ended, "the story goes on");
        if dies(&self.world) { Err(Died) } else { Ok(()) }
    }

    fn answer(&mut self, id: NodeId, request: RequestId) -> Result<Reply, Died> {
        self.until(|world| world.host(id).has_replied(request))?;
        let reply = self.world.host_mut(id).take_reply(request).expect("it has replied");
        Ok(reply.unwrap_or_else(|error| panic!("node {id}: {error}")))
    }

    fn execute(&mut self, id: NodeId, command: Command) -> Result<Reply, Died> {
        let request = self.world.submit(id, command);
        self.answer(id, request)
    }

    fn make_address(&mut self, label: &str) -> Result<String, Died> {
        match self.execute(A, Command::CreateWallet { label: Some(label.to_owned()) })? {
            Reply::Address(entry) => {
                self.told.push(entry.address.clone());
                Ok(entry.address)
            }
            other => panic!("{other:?} is no address"),
        }
    }

    fn tell(&mut self) -> Result<(), Died> {
        let alice = self.make_address("alice")?;
        self.execute(A, start())?;
        self.until(|world| height(world, A) == 5)?;
        self.execute(A, Command::Generate { blocks: 1, address: Some(alice.clone()) })?;
        self.until(agree)?;
        self.world.partition(&[&[A], &[B]]);
        let bob = self.make_address("bob")?;
        let amount = Amount::from_coins(10);
        self.execute(A, Command::Send { from: alice, to: bob, amount, fee: None, mine: false })?;
        self.execute(A, Command::Generate { blocks: 1, address: None })?;
        self.execute(B, Command::Generate { blocks: 3, address: None })?;
        self.world.heal();
        self.until(|world| agree(world) && height(world, A) == 9)?;
        self.execute(A, Command::Generate { blocks: 1, address: None })?;
        self.until(agree)?;
        // What is still on its way to the store.
        self.until(|world| world.host(A).node().is_some_and(Node::is_settled))
    }

    /// A opens again: nothing is damaged, coins and tip agree, no key is lost.
    fn reopen(&mut self) {
        let (world, writes) = (&mut self.world, self.writes);
        world.kill(A);
        world.heal();
        world.open(A);
        assert_eq!(world.host(A).repaired(), [] as [String; 0], "after {writes} writes");
        world.run_for(Span::from_secs(1));
        assert!(world.host(A).node().is_some_and(Node::supply_is_right), "after {writes} writes");
        let known: BTreeSet<String> = addresses(world).into_iter().collect();
        assert!(self.told.iter().all(|address| known.contains(address)), "after {writes} writes");
    }

    /// Both nodes find to one chain again, with the same coins.
    fn recover(&mut self) {
        let (world, writes) = (&mut self.world, self.writes);
        world.execute(A, start()).expect("A starts");
        let rest = |world: &World| agree(world) && !world.snapshot(B).mining.active;
        assert!(world.run_until(PATIENCE, rest), "the nodes agree again after {writes} writes");
        for address in addresses(world) {
            let balances = [A, B].map(|id| {
                world.execute(id, Command::GetBalance { address: address.clone() }).expect("a balance")
            });
            assert_eq!(balances[0], balances[1], "after {writes} writes");
        }
        let counts = [A, B].map(|id| world.execute(id, Command::ReindexUtxo).expect("a count"));
        assert_eq!(counts[0], counts[1], "after {writes} writes");
    }

    /// How many records of bodies, undo data and keys are stored.
    fn stored(&self) -> [usize; 3] {
        let keys: Vec<Vec<u8>> = (0..256_u32).map(|number| number.to_be_bytes().to_vec()).collect();
        [(Database::Chain, Table::Bodies), (Database::Chain, Table::Undo), (Database::Wallet, Table::Keys)]
            .map(|(database, table)| {
                let found = self.world.host(A).disk().store().lookup(database, table, &keys);
                found.expect("its own table").iter().flatten().count()
            })
    }
}

fn start() -> Command {
    Command::StartNode(StartOptions { connect: vec![B], ..StartOptions::default() })
}

fn addresses(world: &mut World) -> Vec<String> {
    match world.execute(A, Command::ListAddresses) {
        Ok(Reply::Addresses(entries)) => entries.into_iter().map(|entry| entry.address).collect(),
        other => panic!("{other:?} are no addresses"),
    }
}

fn tip(world: &World, id: NodeId) -> Option<BlockHash> {
    world.snapshot(id).chain.map(|chain| chain.tip)
}

fn height(world: &World, id: NodeId) -> u32 {
    world.snapshot(id).chain.map_or(0, |chain| chain.height.0)
}

fn agree(world: &World) -> bool {
    tip(world, A).is_some() && tip(world, A) == tip(world, B)
}

#[test]
fn a_node_that_dies_at_any_write_of_a_sync_and_a_reorganisation_loses_nothing_that_was_told() {
    let mut stored = Vec::new();
    for writes in 0.. {
        let mut life = Life::new(writes);
        let is_told = life.tell().is_ok();
        stored.push(life.stored());
        life.reopen();
        life.recover();
        if is_told {
            break;
        }
    }
    for (kind, name) in ["block", "undo data", "key"].into_iter().enumerate() {
        let is_hit = stored.windows(2).any(|pair| pair[0][kind] < pair[1][kind]);
        assert!(is_hit, "a death hit the write of a {name}");
    }
    assert!(stored.len() > 15, "the story takes some writes, not {}", stored.len());
}

/// Blocks of the long sync.
const BLOCKS: u32 = 200;

/// Two nodes of which one has a chain of [`BLOCKS`] blocks and the other, A, has nothing.
fn before_a_long_sync(chain: &ChainFile) -> World {
    let mut world = World::new(6);
    for id in [B, A] {
        let network = Some(Preset::Regtest);
        world.add(NodeConfig { id, role: Role::Full, network, sync: SyncMode::Headers, connect: Vec::new() });
    }
    world.execute(B, Command::ImportChain { file: chain.clone() }).expect("B has the chain");
    world.execute(B, Command::StartNode(StartOptions::default())).expect("B starts");
    world
}

/// Lets A sync until it has the chain in its store or, before that, has died at its `writes`th write from now; whether
/// it died.
fn sync_until_death(world: &mut World, writes: u64) -> bool {
    let last = world.host(A).disk().writes() + writes;
    world.submit(A, start());
    let dies = |world: &World| world.host(A).disk().writes() >= last;
    let is_done = |world: &World| agree(world) && world.host(A).node().is_some_and(Node::is_settled);
    assert!(world.run_until(PATIENCE, |world| dies(world) || is_done(world)), "the sync goes on");
    let died = dies(world);
    if died {
        world.kill(A);
        world.open(A);
        assert_eq!(world.host(A).repaired(), [] as [String; 0], "after {writes} writes");
        world.audit(A);
    }
    died
}

#[test]
fn a_node_that_dies_at_any_write_of_a_sync_of_200_blocks_goes_on_from_there() {
    let blocks = Chain::coinbase_only(BLOCKS);
    let chain = file::export(&Network::Preset(Preset::Regtest), blocks.blocks()[1..].iter());
    let mut deaths = 0;
    let mut deaths_in_recovery = 0;
    for writes in 0.. {
        let mut world = before_a_long_sync(&chain);
        if !sync_until_death(&mut world, writes) {
            break;
        }
        deaths += 1;
        // And once more, a write after it came back.
        deaths_in_recovery += u32::from(sync_until_death(&mut world, 1));
        world.submit(A, start());
        assert!(world.run_until(PATIENCE, agree), "A has the chain, dead after {writes} writes");
        world.audit(A);
        let coins = [A, B].map(|id| world.host(id).node().and_then(Node::coins_digest));
        assert_eq!(coins[0], coins[1], "after {writes} writes");
    }
    println!("{deaths} deaths, {deaths_in_recovery} of them followed by one during recovery");
    assert!(deaths > 20 && deaths_in_recovery > 20, "{deaths} deaths, {deaths_in_recovery} in recovery");
}
