//! A full node on regtest, with peers that speak in the clear and say whatever they are told to.

use crate::consensus::{Preset, bip34, merkle};
use crate::cost::Cost;
use crate::crypto::sha256d;
use crate::interface::{
    Command, Direction, NodeConfig, NodeId, PeerId, RequestId, Role, StartOptions, SyncMode,
};
use crate::net::limits::PROTOCOL_VERSION;
use crate::net::message::{self, COMMAND_SIZE, CommandName, Message, NetAddress, Services, VersionMessage};
use crate::node::{Entropy, Input, Loaded, Node, Output};
use crate::primitives::{
    Amount, Block, Header, Height, OutPoint, Script, Target, Transaction, TxIn, TxOut, Txid,
};
use crate::store::MemoryStore;
use crate::time::{Mono, Span, Time, UnixTime};
use std::net::SocketAddr;
use std::sync::Arc;

/// Regtest's.
pub(super) const MAGIC: [u8; 4] = [0xfa, 0xbf, 0xb5, 0xda];
/// When a scene begins, well after regtest's genesis block.
const BEGINNING: u32 = 1_700_000_000;
/// When the first blocks are dated.
const FIRST_TIME: u32 = 1_699_000_000;
/// Connections of a scene.
const MAX_PEERS: usize = 6;
/// Steps after which a node that still has work is broken.
const MAX_STEPS: u32 = 20_000;

/// A node and its peers.
pub(super) struct Scene {
    node: Node,
    store: MemoryStore,
    now: Mono,
    peers: Vec<PeerId>,
    last_peer: u64,
    requests: u32,
    /// The next batch is not stored.
    pub(super) fails_next_batch: bool,
    /// Headers that peers speak of, and their heights; the genesis block's first.
    pub(super) headers: Vec<(Header, u32)>,
    /// Blocks that exist: a long branch and a short one.
    pub(super) blocks: Vec<Block>,
    /// What of them has been told of compactly, for `blocktxn`.
    pub(super) transactions: Vec<Arc<Transaction>>,
}

impl Scene {
    pub(super) fn new() -> Self {
        let id = NodeId(3000);
        let (role, network) = (Role::Full, Some(Preset::Regtest));
        let config = NodeConfig { id, role, network, sync: SyncMode::Headers, connect: Vec::new() };
        let entropy = Entropy { node: [1; 32], wallet: [2; 32] };
        let (node, _) = Node::new(config, entropy, Loaded::default()).expect("an empty store opens");
        let genesis = Preset::Regtest.genesis().header;
        let mut blocks = branch(&genesis, 12, 1);
        blocks.extend(branch(&genesis, 4, 2));
        let mut scene = Self {
            node,
            store: MemoryStore::new(),
            now: Mono(1_000_000),
            peers: Vec::new(),
            last_peer: 0,
            requests: 0,
            fails_next_batch: false,
            headers: vec![(genesis, 0)],
            blocks,
            transactions: (0..6).map(transaction).collect(),
        };
        scene.command(Command::StartNode(StartOptions::default()));
        scene.work();
        scene
    }

    pub(super) fn command(&mut self, command: Command) {
        self.requests += 1;
        self.node.handle(Input::Command { id: RequestId(self.requests), command });
    }

    /// A peer connects to the node, and introduces itself if it is `polite`.
    pub(super) fn connect(&mut self, port: u16, polite: bool) {
        if self.peers.len() >= MAX_PEERS {
            return;
        }
        self.last_peer += 1;
        let peer = PeerId(self.last_peer);
        let address = SocketAddr::from(([127, 0, 0, 1], 9_000 + port % 100));
        self.peers.push(peer);
        self.node.handle(Input::PeerConnected { peer, address, direction: Direction::Inbound });
        let place = self.peers.len() - 1;
        if polite {
            self.say(place, &version(address));
            self.say(place, &Message::Verack);
        }
    }

    /// How many peers are connected.
    pub(super) fn peer_count(&self) -> usize {
        self.peers.len()
    }

    pub(super) fn say(&mut self, peer: usize, message: &Message) {
        self.say_bytes(peer, message::encode(MAGIC, message));
    }

    /// Any payload under any command, framed as it should be.
    pub(super) fn say_payload(&mut self, peer: usize, command: &str, payload: &[u8]) {
        self.say_bytes(peer, frame(command, payload));
    }

    pub(super) fn say_bytes(&mut self, peer: usize, bytes: Vec<u8>) {
        if let Some(&peer) = self.peers.get(peer) {
            self.node.handle(Input::PeerBytes { peer, bytes });
        }
    }

    pub(super) fn close(&mut self, peer: usize) {
        if peer < self.peers.len() {
            let peer = self.peers.remove(peer);
            self.node.handle(Input::PeerClosed { peer, reason: "gone".to_owned() });
        }
    }

    pub(super) fn handle(&mut self, input: Input) {
        self.node.handle(input);
    }

    /// Lets time pass, from one wake-up to the next.
    pub(super) fn wait(&mut self, span: Span) {
        let end = self.now + span;
        for _ in 0..100 {
            let Some(next) = self.node.next_wakeup().filter(|next| *next <= end) else { break };
            self.now = next.max(self.now);
            self.work();
        }
        self.now = end;
    }

    /// Lets the node work until it has nothing to do.
    pub(super) fn work(&mut self) {
        for _ in 0..MAX_STEPS {
            let seconds = (self.now.0 / 1_000_000) as u32;
            let now = Time { mono: self.now, unix: UnixTime(BEGINNING + seconds) };
            let mut is_busy = self.node.step(now, Cost(50_000));
            while let Some(output) = self.node.poll() {
                is_busy |= self.obey(output);
            }
            if !is_busy {
                return;
            }
        }
        panic!("the node never comes to rest");
    }

    /// Looks for what must never be.
    pub(super) fn check(&self) {
        if let Err(flaw) = self.node.audit() {
            panic!("{flaw}");
        }
        assert!(self.node.supply_is_right());
    }

    /// Does what the node asks; whether it is told something at once.
    fn obey(&mut self, output: Output) -> bool {
        let answer = match output {
            Output::Connect { address } => {
                Input::ConnectFailed { address, reason: "nobody is there".to_owned() }
            }
            Output::AskSeed { seed } => Input::SeedAnswer { seed, addresses: Vec::new() },
            Output::Commit(batch) if std::mem::take(&mut self.fails_next_batch) => {
                Input::BatchFailed { id: batch.id, reason: "full".to_owned() }
            }
            Output::Commit(batch) => match self.store.apply(&batch) {
                Ok(()) => Input::BatchCommitted { id: batch.id },
                Err(error) => Input::BatchFailed { id: batch.id, reason: error.to_string() },
            },
            Output::Load { id, database, table, keys } => {
                let values = self.store.lookup(database, table, &keys).unwrap_or_default();
                Input::Loaded { id, values }
            }
            Output::Disconnect { peer, .. } => {
                self.peers.retain(|other| *other != peer);
                return false;
            }
            _ => return false,
        };
        self.node.handle(answer);
        true
    }
}

fn version(address: SocketAddr) -> Message {
    let node = NetAddress { services: Services::NETWORK | Services::WITNESS, address };
    Message::Version(Box::new(VersionMessage {
        version: PROTOCOL_VERSION,
        services: node.services,
        timestamp: i64::from(BEGINNING),
        receiver: node,
        sender: node,
        nonce: u64::from(address.port()),
        user_agent: "/fuzz/".to_owned(),
        start_height: 12,
        relay: true,
    }))
}

/// A frame around any payload.
pub(super) fn frame(command: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(CommandName::of(command).as_bytes());
    debug_assert!(bytes.len() == 4 + COMMAND_SIZE);
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&sha256d(payload)[..4]);
    bytes.extend_from_slice(payload);
    bytes
}

/// A transaction like no other, whose inputs nobody knows.
pub(super) fn transaction(number: u32) -> Arc<Transaction> {
    let mut input = TxIn::spending(OutPoint::new(Txid::from_bytes([number as u8; 32]), number));
    input.witness = vec![vec![number as u8]; (number % 2) as usize];
    let output = TxOut { value: Amount::from_sat(1), script_pubkey: Script::from_bytes(vec![0x51; 40]) };
    Arc::new(Transaction { version: 2, inputs: vec![input], outputs: vec![output], lock_time: 0 })
}

/// A block of these transactions, which is valid nowhere.
pub(super) fn block_with(transactions: Vec<Transaction>) -> Block {
    let mut header = Preset::Regtest.genesis().header;
    header.merkle_root = merkle::block_root(&transactions).0;
    Block { header, transactions }
}

/// Blocks on a header; such of different `salt` differ.
fn branch(parent: &Header, length: u32, salt: u32) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for height in 1..=length {
        let parent = blocks.last().map_or(parent, |block| &block.header);
        let mut coinbase = TxIn::spending(OutPoint::NULL);
        coinbase.script_sig = bip34::height_script(Height(height)).push_int(i64::from(salt) + 1_000);
        let output = TxOut { value: Amount::ZERO, script_pubkey: Script::from_bytes(vec![0x51]) };
        let coinbase =
            Transaction { version: 1, inputs: vec![coinbase], outputs: vec![output], lock_time: 0 };
        let transactions = vec![coinbase];
        let header = Header {
            version: 4,
            prev_blockhash: parent.block_hash(),
            merkle_root: merkle::block_root(&transactions).0,
            time: (parent.time + 1).max(FIRST_TIME),
            bits: parent.bits,
            nonce: 0,
        };
        blocks.push(Block { header: solve(header), transactions });
    }
    blocks
}

/// A header that meets its target, if that can be met within a few tries, as regtest's can.
pub(super) fn solve(mut header: Header) -> Header {
    let Ok(target) = Target::from_compact(header.bits) else { return header };
    for _ in 0..64 {
        if target.is_met_by(&header.block_hash()) {
            break;
        }
        header.nonce = header.nonce.wrapping_add(1);
    }
    header
}
