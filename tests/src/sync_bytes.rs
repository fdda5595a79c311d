//! What a full node and light nodes exchange to sync one chain, by message type. Every byte on the wire counts, both ways.

use crate::fixture::Chain;
use crate::sim::World;
use serde_json::Value;
use std::collections::BTreeMap;
use terrarium_core::chain::file;
use terrarium_core::consensus::{Network, Preset};
use terrarium_core::crypto::PrivateKey;
use terrarium_core::interface::{
    Command, LightFilter, NodeConfig, NodeId, Reply, Role, StartOptions, SyncMode,
};
use terrarium_core::primitives::Amount;
use terrarium_core::script::standard::p2pkh;
use terrarium_core::time::Span;

/// Has the chain; the others sync from it alone.
const SOURCE: NodeId = NodeId(3000);
/// Virtual time that a sync may take.
const PATIENCE: Span = Span::from_secs(1_800);

/// A chain of spends in which a wallet is paid now and then.
#[derive(Clone, Copy, Debug)]
pub struct Chains {
    /// Blocks with spends.
    pub blocks: u32,
    /// Spends in each.
    pub spends: u32,
    /// Payments to the wallet, evenly among the blocks.
    pub payments: u32,
}

/// What went over a connection, both ways.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// Bytes of messages by command.
    pub by_command: BTreeMap<String, u64>,
    /// Bytes that belong to no message: keys and garbage of the encrypted transport, as much in a long sync as in a short one.
    pub transport: u64,
}

impl Exchange {
    /// Bytes of all messages.
    pub fn messages(&self) -> u64 {
        self.by_command.values().sum()
    }

    /// In all.
    pub fn total(&self) -> u64 {
        self.messages() + self.transport
    }
}

/// What nodes of three kinds exchange for the same chain.
#[derive(Clone, Debug)]
pub struct SyncBytes {
    /// A full node.
    pub full: Exchange,
    /// A light node by bloom filter.
    pub bloom: Exchange,
    /// A light node by compact filters.
    pub compact: Exchange,
}

impl SyncBytes {
    /// Syncs a full node and both kinds of light nodes with the wallet from a node that has the chain.
    ///
    /// # Panics
    /// If one of them does not come to the tip, or a wallet does not find every payment.
    pub fn measure(chains: Chains) -> Self {
        let Chains { blocks, spends, payments } = chains;
        let payee = PrivateKey::from_bytes(&[9; 32], true).expect("a valid key");
        let script = p2pkh(payee.public_key().pubkey_hash());
        let chain = Chain::paying(blocks, spends, payments, &script);
        let mut world = World::new(14);
        add(&mut world, SOURCE, Role::Full);
        let file = file::export(&Network::Preset(Preset::Regtest), chain.blocks()[1..].iter());
        world.execute(SOURCE, Command::ImportChain { file }).expect("the chain is taken");
        execute(&mut world, SOURCE, Command::StartNode(StartOptions::default()));
        let wif = payee.to_wif(&Preset::Regtest.params().address);
        let balance = Amount::from_sat(Chain::share(spends, payments).to_sat() * i64::from(payments));
        let mut sync = |id, role, filters| {
            add(&mut world, id, role);
            execute(&mut world, id, Command::ImportKey { wif: wif.clone(), label: None });
            execute(&mut world, id, Command::StartNode(StartOptions { filters, ..StartOptions::default() }));
            let is_synced = |world: &World| {
                let snapshot = world.snapshot(id);
                let height = snapshot.chain.map_or(0, |chain| chain.height.0);
                height as usize == chain.height() && snapshot.wallet.balance == balance
            };
            assert!(world.run_until(PATIENCE, is_synced), "node {id} has not synced");
            let exchange = exchange(&mut world, id);
            world.kill(id);
            exchange
        };
        Self {
            full: sync(NodeId(3001), Role::Full, LightFilter::Bloom),
            bloom: sync(NodeId(3002), Role::Spv, LightFilter::Bloom),
            compact: sync(NodeId(3003), Role::Spv, LightFilter::Compact),
        }
    }
}

fn add(world: &mut World, id: NodeId, role: Role) {
    let connect = if id == SOURCE { Vec::new() } else { vec![SOURCE] };
    world.add(NodeConfig { id, role, network: Some(Preset::Regtest), sync: SyncMode::Headers, connect });
}

fn execute(world: &mut World, id: NodeId, command: Command) -> Reply {
    world.execute(id, command).unwrap_or_else(|error| panic!("node {id}: {error}"))
}

/// What a node has exchanged over its one connection.
fn exchange(world: &mut World, id: NodeId) -> Exchange {
    let Reply::Json(text) = execute(world, id, Command::GetPeerInfo) else { panic!("no JSON") };
    let peers: Value = serde_json::from_str(&text).expect("JSON");
    let [peer] = peers.as_array().map_or(&[][..], Vec::as_slice) else { panic!("one peer: {peers}") };
    let mut exchange = Exchange::default();
    for (total, by_command) in [("bytessent", "bytessent_per_msg"), ("bytesrecv", "bytesrecv_per_msg")] {
        exchange.transport += peer[total].as_u64().unwrap_or_default();
        for (command, count) in peer[by_command].as_object().into_iter().flatten() {
            let count = count.as_u64().unwrap_or_default();
            *exchange.by_command.entry(command.clone()).or_insert(0) += count;
            exchange.transport -= count;
        }
    }
    exchange
}
