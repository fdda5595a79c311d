//! A fixed run of two nodes whose every output is hashed: the same on every machine, or determinism is lost. Natively
//! and on wasm32 a test compares the hash with [`EXPECTED`].

use super::{Cost, Entropy, Input, Loaded, MiningJob, Node, Output};
use crate::consensus::Preset;
use crate::encode::hex;
use crate::interface::{
    Command, CommandError, Direction, NodeConfig, NodeId, PeerId, Reply, RequestId, Role, StartOptions,
    SyncMode,
};
use crate::mining;
use crate::primitives::Amount;
use crate::store::MemoryStore;
use crate::time::{Mono, Time, UnixTime};
use sha2::{Digest as _, Sha256};

/// The hash of the run, as hex. It changes whenever anything changes that a node does; never between machines.
pub const EXPECTED: &str = "73dad11882dbd30e100a99ac56f5eedc6192b48f31c1190f5023aa7c0bcac970";

/// Rounds after which a command must have been answered.
const MAX_ROUNDS: u32 = 10_000;

/// What passes in one round, in microseconds.
const ROUND: u64 = 10_000;

/// The two nodes; each is the other's only peer.
struct Pair {
    sides: [Side; 2],
    now: Mono,
    requests: u32,
    hasher: Sha256,
}

struct Side {
    node: Node,
    store: MemoryStore,
    /// What it will be told in the next round.
    mail: Vec<Input>,
    replies: Vec<(RequestId, Result<Reply, CommandError>)>,
}

/// Runs the two nodes: wallets, mining, sync, a payment, another block. The hash of all that they put out, as hex.
///
/// # Panics
/// If a command fails: then the run is not the one that it is meant to be.
pub fn hash() -> String {
    let mut pair = Pair {
        sides: [side(NodeId(3000), 1), side(NodeId(3001), 2)],
        now: Mono(0),
        requests: 0,
        hasher: Sha256::new(),
    };
    let miner = pair.address(0);
    let payee = pair.address(1);
    pair.run(0, Command::Generate { blocks: 3, address: Some(miner.clone()) });
    pair.run(0, Command::StartNode(StartOptions::default()));
    let connect = StartOptions { connect: vec![NodeId(3000)], ..StartOptions::default() };
    pair.run(1, Command::StartNode(connect));
    pair.rounds(200);
    let amount = Amount::from_coins(7);
    pair.run(0, Command::Send { from: miner, to: payee, amount, fee: None, mine: false });
    pair.rounds(50);
    pair.run(1, Command::Generate { blocks: 1, address: None });
    pair.rounds(50);
    let tips = [0, 1].map(|at| pair.sides[at].node.snapshot().chain.map(|chain| chain.tip));
    assert_eq!(tips[0], tips[1], "both nodes end at one tip");
    hex::encode(&pair.hasher.finalize())
}

fn side(id: NodeId, seed: u8) -> Side {
    let network = Some(Preset::Classroom);
    let config = NodeConfig { id, role: Role::Full, network, sync: SyncMode::Headers, connect: Vec::new() };
    let entropy = Entropy { node: [seed; 32], wallet: [seed + 100; 32] };
    let (node, _) = Node::new(config, entropy, Loaded::default()).expect("an empty store opens");
    Side { node, store: MemoryStore::new(), mail: Vec::new(), replies: Vec::new() }
}

impl Pair {
    fn address(&mut self, at: usize) -> String {
        match self.run(at, Command::CreateWallet { label: None }) {
            Reply::Address(entry) => entry.address,
            other => panic!("{other:?} is no address"),
        }
    }

    fn run(&mut self, at: usize, command: Command) -> Reply {
        self.requests += 1;
        let id = RequestId(self.requests);
        self.sides[at].mail.push(Input::Command { id, command });
        for _ in 0..MAX_ROUNDS {
            self.rounds(1);
            if let Some(found) = self.sides[at].replies.iter().position(|(reply, _)| *reply == id) {
                return self.sides[at].replies.remove(found).1.expect("the command succeeds");
            }
        }
        panic!("command {} was not answered", id.0);
    }

    fn rounds(&mut self, count: u32) {
        for _ in 0..count {
            self.now = Mono(self.now.0 + ROUND);
            for at in 0..self.sides.len() {
                self.round(at);
            }
        }
    }

    fn round(&mut self, at: usize) {
        let now = Time { mono: self.now, unix: UnixTime(1_767_225_600 + (self.now.0 / 1_000_000) as u32) };
        let side = &mut self.sides[at];
        for input in std::mem::take(&mut side.mail) {
            side.node.handle(input);
        }
        while side.node.step(now, Cost(10_000)) {}
        let outputs: Vec<Output> = std::iter::from_fn(|| side.node.poll()).collect();
        for output in outputs {
            self.hasher.update(format!("{at} {output:?}\n"));
            self.obey(at, output);
        }
    }

    fn obey(&mut self, at: usize, output: Output) {
        let address = |at: usize| NodeId(3000 + at as u16).local_address();
        let (own, other) = (at, 1 - at);
        let peer = PeerId(1);
        match output {
            Output::Connect { .. } => {
                let (ours, theirs) = (Direction::Outbound, Direction::Inbound);
                self.tell(own, Input::PeerConnected { peer, address: address(other), direction: ours });
                self.tell(other, Input::PeerConnected { peer, address: address(own), direction: theirs });
            }
            Output::Send { bytes, .. } => self.tell(other, Input::PeerBytes { peer, bytes }),
            Output::Disconnect { reason, .. } => self.tell(other, Input::PeerClosed { peer, reason }),
            Output::Commit(batch) => {
                let id = batch.id;
                let stored = self.sides[own].store.apply(&batch);
                self.tell(
                    own,
                    match stored {
                        Ok(()) => Input::BatchCommitted { id },
                        Err(error) => Input::BatchFailed { id, reason: error.to_string() },
                    },
                );
            }
            Output::Load { id, database, table, keys } => {
                let values = self.sides[own].store.lookup(database, table, &keys).unwrap_or_default();
                self.tell(own, Input::Loaded { id, values });
            }
            Output::Mine(MiningJob { id: job, header, target, .. }) => {
                let nonce = mining::search(&header, &target, header.nonce, 1 << 32);
                self.tell(
                    own,
                    match nonce {
                        Some(nonce) => Input::NonceFound { job, nonce },
                        None => Input::NoncesExhausted { job },
                    },
                );
            }
            Output::Verify { id, .. } => self.tell(own, Input::Unverified { id }),
            Output::Reply { id, result } => self.sides[own].replies.push((id, result)),
            Output::AskSeed { seed } => {
                // Nobody is up whom a seed could name.
                self.tell(own, Input::SeedAnswer { seed, addresses: Vec::new() });
            }
            Output::CancelMine | Output::CancelVerify | Output::Event(_) | Output::Consumed { .. } => {}
        }
    }

    fn tell(&mut self, at: usize, input: Input) {
        self.sides[at].mail.push(input);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_inputs_give_the_same_outputs_on_every_machine() {
        assert_eq!(hash(), EXPECTED);
    }
}
