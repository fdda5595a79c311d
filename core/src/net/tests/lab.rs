//! Nodes that consist of a network, a chain and the simplest mempool there can be, on wires without delay; and raw
//! peers, through which a test says whatever it likes.

pub(super) use super::blocks::{
    block_on, branch, extend, getblocks, hashes, headers, solve, spend, transaction, with_transactions,
};
pub(super) use super::node::{REFUSED_VERSION, TestNode};

use crate::consensus::{NetworkParams, Preset};
use crate::cost::Cost;
use crate::interface::{Direction, Event, PeerId, SyncMode};
use crate::net::message::{
    Checksums, Frame, Inventory, Message, NetAddress, Services, VersionMessage, encode,
};
use crate::net::secret::Seed;
use crate::net::session::{Opening, Session};
use crate::net::{DisconnectReason, Limits, NetOutput, seed_answer};
use crate::primitives::{Block, BlockHash, Transaction};
use crate::time::{Mono, Span, Time, UnixTime};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

/// When every lab begins: after the genesis block of regtest.
const BEGINNING: u32 = 1_700_000_000;

/// Regtest's, but that transactions are announced at once.
pub(super) fn params() -> NetworkParams {
    let mut params = Preset::Regtest.params();
    params.timing.inbound_broadcast = Span(0);
    params.timing.outbound_broadcast = Span(0);
    params
}

pub(super) fn address(node: usize) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 3000 + node as u16))
}

/// The address of a raw peer.
pub(super) fn stranger(number: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9000 + number))
}

/// Where a peer's bytes go.
enum Wire {
    Node(usize, PeerId),
    Raw(Box<Session>, Vec<Message>),
}

pub(super) struct Lab {
    pub(super) now: Time,
    pub(super) nodes: Vec<TestNode>,
    wires: BTreeMap<(usize, PeerId), Wire>,
    cuts: BTreeSet<(usize, usize)>,
    transit: VecDeque<(usize, PeerId, Vec<u8>)>,
    /// What raw peers heard in their handshake.
    greetings: BTreeMap<(usize, PeerId), Vec<Message>>,
    /// Connections that were asked for and are not up yet, while `hold` is set.
    opening: Vec<(usize, SocketAddr)>,
    pub(super) hold: bool,
    /// The host does not report that bytes have left.
    pub(super) stuck: bool,
    next_peer: u64,
    /// What the seeds answer from.
    pub(super) zone: Vec<SocketAddr>,
}

impl Lab {
    /// So many nodes, not started.
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            now: Time { mono: Mono(1_000_000), unix: UnixTime(BEGINNING) },
            nodes: (0..nodes).map(TestNode::new).collect(),
            wires: BTreeMap::new(),
            cuts: BTreeSet::new(),
            transit: VecDeque::new(),
            greetings: BTreeMap::new(),
            opening: Vec::new(),
            hold: false,
            stuck: false,
            next_peer: 1,
            zone: Vec::new(),
        }
    }

    /// So many nodes, all started, which find each other in the directory.
    pub(super) fn started(nodes: usize, sync: SyncMode) -> Self {
        let mut lab = Self::new(nodes);
        lab.start_all(sync);
        lab.run();
        lab
    }

    pub(super) fn start_all(&mut self, sync: SyncMode) {
        for node in 0..self.nodes.len() {
            self.start(node, sync, &[]);
        }
        self.announce_directory();
    }

    /// Starts a node, with the usual limits.
    pub(super) fn start(&mut self, node: usize, sync: SyncMode, connect: &[SocketAddr]) {
        let now = self.now;
        self.nodes[node].network.start(sync, connect, &[], Limits::default(), now);
    }

    /// Starts a node that opens at most so many connections by itself.
    pub(super) fn start_with(&mut self, node: usize, outbound: usize) {
        let (limits, now) = (Limits { outbound, ..Limits::default() }, self.now);
        self.nodes[node].network.start(SyncMode::Headers, &[], &[], limits, now);
    }

    /// So many nodes that wait for others, and one more that finds them.
    pub(super) fn with_seeker(others: usize) -> Self {
        let mut lab = Self::new(others + 1);
        (0..others).for_each(|node| lab.start_with(node, 0));
        lab.start(others, SyncMode::Headers, &[]);
        lab.announce_directory();
        lab.run();
        lab
    }

    /// Tells every node which nodes are up.
    pub(super) fn announce_directory(&mut self) {
        let up: Vec<SocketAddr> =
            (0..self.nodes.len()).filter(|node| self.nodes[*node].up).map(address).collect();
        for node in &mut self.nodes {
            node.network.set_directory(up.clone(), self.now);
        }
        self.zone = up;
    }

    /// Lets everything happen that happens without time passing.
    pub(super) fn run(&mut self) {
        for round in 0.. {
            assert!(round < 100_000, "the network never comes to rest");
            let mut busy = false;
            for node in 0..self.nodes.len() {
                busy |= self.work(node);
            }
            while let Some((node, peer, bytes)) = self.transit.pop_front() {
                self.nodes[node].network.bytes(peer, bytes, self.now);
                busy = true;
            }
            if !busy {
                return;
            }
        }
    }

    /// Lets time pass, from one wake-up to the next.
    pub(super) fn advance(&mut self, span: Span) {
        let end = self.now.mono + span;
        loop {
            self.run();
            let wakeup = self.nodes.iter().filter_map(|node| node.network.next_wakeup()).min();
            let Some(next) = wakeup.filter(|wakeup| *wakeup <= end) else { break };
            assert!(next > self.now.mono, "a wake-up that is over must be dealt with");
            self.set_time(next);
        }
        self.set_time(end);
        self.run();
    }

    /// Lets time pass in which no node runs.
    pub(super) fn sleep(&mut self, span: Span) {
        self.set_time(self.now.mono + span);
    }

    fn set_time(&mut self, mono: Mono) {
        let start = Mono(1_000_000);
        self.now = Time { mono, unix: UnixTime(BEGINNING + ((mono - start).as_millis() / 1_000) as u32) };
    }

    /// Adds blocks to a node's chain as if it had mined them.
    pub(super) fn mine(&mut self, node: usize, count: u32) {
        self.mine_salted(node, count, node as u32);
    }

    pub(super) fn mine_salted(&mut self, node: usize, count: u32, salt: u32) {
        for _ in 0..count {
            let tip = self.nodes[node].chain.tip_entry();
            let block = Arc::new(block_on(&tip.header.clone(), tip.height.0 + 1, salt));
            self.nodes[node].take_block(&block, self.now).expect("a valid block");
        }
        self.run();
    }

    /// Adds blocks to a node's chain.
    pub(super) fn give(&mut self, node: usize, blocks: &[Block]) {
        for block in blocks {
            self.nodes[node].take_block(&Arc::new(block.clone()), self.now).expect("a valid block");
        }
    }

    /// Adds a transaction to a node's mempool as if it were its own.
    pub(super) fn pay(&mut self, node: usize, transaction: &Arc<Transaction>) {
        let node = &mut self.nodes[node];
        node.pool.insert(transaction.txid(), Arc::clone(transaction));
        node.network.announce_transaction(transaction, node.fee_rate);
        self.run();
    }

    /// Cuts the link between two nodes: what crosses it is closed at both ends.
    pub(super) fn cut(&mut self, a: usize, b: usize) {
        self.cuts.insert((a.min(b), a.max(b)));
        let crossing = |(from, wire): (&(usize, PeerId), &Wire)| match wire {
            Wire::Node(to, _) if (from.0.min(*to), from.0.max(*to)) == (a.min(b), a.max(b)) => Some(*from),
            _ => None,
        };
        let ends: Vec<(usize, PeerId)> = self.wires.iter().filter_map(crossing).collect();
        for (node, peer) in ends {
            self.wires.remove(&(node, peer));
            self.nodes[node].network.closed(peer, "cut", self.now);
        }
        self.run();
    }

    pub(super) fn heal(&mut self) {
        self.cuts.clear();
    }

    /// A node's worker ends: its peers see their connections close, and nobody reaches it.
    pub(super) fn kill(&mut self, node: usize) {
        self.nodes[node].up = false;
        let peers: Vec<PeerId> = self.wires.keys().filter(|key| key.0 == node).map(|key| key.1).collect();
        for peer in peers {
            self.close_wire(node, peer);
        }
        self.nodes[node].network.stop(self.now);
        self.run();
    }

    /// How many connections there are between two nodes, as the first sees it.
    pub(super) fn links(&self, a: usize, b: usize) -> usize {
        self.nodes[a].peers().iter().filter(|peer| peer.address == address(b)).count()
    }

    /// A raw peer connects to a node, and speaks v1.
    pub(super) fn raw(&mut self, node: usize, from: SocketAddr) -> PeerId {
        let peer = self.new_peer();
        let session = Session::new(Opening::V1, Direction::Outbound, params().magic);
        self.wires.insert((node, peer), Wire::Raw(Box::new(session), Vec::new()));
        let height = self.nodes[node].chain.height();
        self.nodes[node].network.connected(peer, from, Direction::Inbound, height, self.now);
        peer
    }

    /// A raw peer that has introduced itself with a height.
    pub(super) fn greeted(&mut self, node: usize, from: SocketAddr, height: i32) -> PeerId {
        let peer = self.raw(node, from);
        self.say(node, peer, &version(from, height));
        self.say(node, peer, &Message::Verack);
        let greetings = self.heard(node, peer);
        assert!(greetings.contains(&Message::Verack), "the handshake");
        self.greetings.insert((node, peer), greetings);
        peer
    }

    /// A raw peer sends a message.
    pub(super) fn say(&mut self, node: usize, peer: PeerId, message: &Message) {
        let mut bytes = Vec::new();
        match self.wires.get_mut(&(node, peer)) {
            Some(Wire::Raw(session, _)) => {
                session.encode(message, &mut bytes, &mut Checksums::default());
            }
            _ => bytes = encode(params().magic, message),
        }
        self.say_bytes(node, peer, &bytes);
    }

    /// A raw peer sends bytes.
    pub(super) fn say_bytes(&mut self, node: usize, peer: PeerId, bytes: &[u8]) {
        self.nodes[node].network.bytes(peer, bytes, self.now);
        self.run();
    }

    /// What a raw peer has received since this was last asked.
    pub(super) fn heard(&mut self, node: usize, peer: PeerId) -> Vec<Message> {
        match self.wires.get_mut(&(node, peer)) {
            Some(Wire::Raw(_, inbox)) => std::mem::take(inbox),
            _ => Vec::new(),
        }
    }

    /// As `heard`, and not forgotten yet: for what came with the handshake.
    pub(super) fn heard_all(&mut self, node: usize, peer: PeerId) -> Vec<Message> {
        let mut all = self.greetings.remove(&(node, peer)).unwrap_or_default();
        all.extend(self.heard(node, peer));
        all
    }

    /// The blocks that a raw peer was asked for since it last heard something.
    pub(super) fn asked_blocks(&mut self, node: usize, peer: PeerId) -> Vec<BlockHash> {
        self.asked(node, peer).iter().filter_map(Inventory::block).collect()
    }

    /// How many transactions a raw peer was asked for since it last heard something.
    pub(super) fn asked_transactions(&mut self, node: usize, peer: PeerId) -> usize {
        self.asked(node, peer).iter().filter_map(Inventory::tx).count()
    }

    fn asked(&mut self, node: usize, peer: PeerId) -> Vec<Inventory> {
        let heard = self.heard(node, peer).into_iter();
        let requests = heard.filter_map(|message| match message {
            Message::GetData(items) => Some(items),
            _ => None,
        });
        requests.flatten().collect()
    }

    /// A raw peer sends blocks, asked or not.
    pub(super) fn deliver_blocks(&mut self, node: usize, peer: PeerId, blocks: &[Block]) {
        for block in blocks {
            self.say(node, peer, &Message::Block(Arc::new(block.clone())));
        }
    }

    /// Lets time pass while a raw peer answers every ping.
    pub(super) fn keep_alive(&mut self, node: usize, peer: PeerId, span: Span) {
        let end = self.now.mono + span;
        while self.now.mono < end {
            let next = (self.now.mono + Span::from_secs(30)).min(end);
            self.advance(next - self.now.mono);
            for message in self.heard_all(node, peer) {
                if let Message::Ping(nonce) = message {
                    self.say(node, peer, &Message::Pong(nonce));
                }
            }
        }
    }

    /// Whether a peer's connection is still up.
    pub(super) fn is_up(&self, node: usize, peer: PeerId) -> bool {
        self.nodes[node].peers().iter().any(|info| info.id == peer)
    }

    /// Ends a raw peer's connection from outside.
    pub(super) fn hang_up(&mut self, node: usize, peer: PeerId) {
        self.wires.remove(&(node, peer));
        self.nodes[node].network.closed(peer, "hung up", self.now);
        self.run();
    }

    /// Where the connections go that are held back.
    pub(super) fn opening(&self) -> Vec<SocketAddr> {
        self.opening.iter().map(|(_, to)| *to).collect()
    }

    /// How many connections are held back.
    pub(super) fn opening_count(&self) -> usize {
        self.opening.len()
    }

    /// A connection that a node asked for comes up with a raw peer at its end.
    pub(super) fn accept_raw(&mut self, node: usize, from: SocketAddr) -> PeerId {
        let peer = self.new_peer();
        let opening = Opening::V2 { seed: Seed([peer.0 as u8; 32]) };
        let session = Session::new(opening, Direction::Inbound, params().magic);
        self.wires.insert((node, peer), Wire::Raw(Box::new(session), Vec::new()));
        let height = self.nodes[node].chain.height();
        self.nodes[node].network.connected(peer, from, Direction::Outbound, height, self.now);
        self.run();
        peer
    }

    /// One step of a node, whose outputs are returned instead of done.
    pub(super) fn step_once(&mut self, node: usize) -> Vec<NetOutput> {
        let now = self.now;
        let node = &mut self.nodes[node];
        node.step(now, Cost(1_000_000));
        std::iter::from_fn(|| node.network.poll(now)).collect()
    }

    /// Adds blocks to a node's chain, of which its peers hear when the last is there.
    pub(super) fn give_at_once(&mut self, node: usize, blocks: &[Block]) {
        let node = &mut self.nodes[node];
        for block in blocks {
            node.chain.accept_block(Arc::new(block.clone()), self.now.unix).expect("a valid block");
        }
        node.activate(self.now);
        self.run();
    }

    /// Opens the connections that were held back.
    pub(super) fn release(&mut self) {
        self.hold = false;
        for (node, to) in std::mem::take(&mut self.opening) {
            self.open(node, to);
        }
        self.run();
    }

    fn new_peer(&mut self) -> PeerId {
        self.next_peer += 1;
        PeerId(self.next_peer)
    }

    /// One step of a node, and all that it wants done.
    fn work(&mut self, node: usize) -> bool {
        let now = self.now;
        let mut busy = self.nodes[node].step(now, Cost(20_000));
        while let Some(output) = self.nodes[node].network.poll(now) {
            busy = true;
            self.perform(node, output);
        }
        busy
    }

    fn perform(&mut self, node: usize, output: NetOutput) {
        let now = self.now;
        match output {
            NetOutput::Connect { address } if self.hold => self.opening.push((node, address)),
            NetOutput::Connect { address } => self.open(node, address),
            NetOutput::AskSeed { seed } => {
                let own = address(node);
                let up: Vec<SocketAddr> = self.zone.iter().copied().filter(|other| *other != own).collect();
                let mut draws = u64::from(seed);
                let answer = seed_answer(&up, || {
                    draws = draws.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(12_345);
                    draws >> 33
                });
                self.nodes[node].network.seed_answered(seed, &answer, now);
            }
            NetOutput::Send { peer, bytes } => self.carry(node, peer, bytes),
            NetOutput::Disconnect { peer, reason } => {
                self.nodes[node].ended.push(reason);
                self.close_wire(node, peer);
            }
            NetOutput::Consumed { .. } => {}
            NetOutput::Event(Event::Log(line)) => self.nodes[node].log.push(line.to_string()),
            NetOutput::Event(_) => {}
            NetOutput::Received(received) => self.nodes[node].judge(received, now),
            NetOutput::KeptBack(block) => self.nodes[node].kept_back.push(block),
            NetOutput::Serve { peer, request } => self.nodes[node].serve(peer, request),
            NetOutput::Delivered { txid, delivered, .. } => {
                self.nodes[node].delivered.push((txid, delivered));
            }
        }
    }

    fn open(&mut self, node: usize, to: SocketAddr) {
        let now = self.now;
        let target = usize::from(to.port()).wrapping_sub(3000);
        let reachable = target < self.nodes.len()
            && self.nodes[target].up
            && !self.cuts.contains(&(node.min(target), node.max(target)));
        if !reachable {
            self.nodes[node].network.connect_failed(to, now);
            return;
        }
        let (here, there) = (self.new_peer(), self.new_peer());
        self.wires.insert((node, here), Wire::Node(target, there));
        self.wires.insert((target, there), Wire::Node(node, here));
        let height = self.nodes[target].chain.height();
        self.nodes[target].network.connected(there, address(node), Direction::Inbound, height, now);
        let height = self.nodes[node].chain.height();
        self.nodes[node].network.connected(here, to, Direction::Outbound, height, now);
    }

    fn carry(&mut self, node: usize, peer: PeerId, bytes: Vec<u8>) {
        match self.wires.get_mut(&(node, peer)) {
            Some(Wire::Node(to, their_peer)) => self.transit.push_back((*to, *their_peer, bytes)),
            Some(Wire::Raw(session, inbox)) => {
                session.push(bytes);
                match read(session, inbox) {
                    Ok(answer) if answer.is_empty() => {}
                    Ok(answer) => self.transit.push_back((node, peer, answer)),
                    // What it cannot read is no reason to stay.
                    Err(_) => {
                        self.wires.remove(&(node, peer));
                        self.nodes[node].network.closed(peer, "closed by peer", self.now);
                    }
                }
            }
            None => {}
        }
        if !self.stuck {
            self.nodes[node].network.drained(peer, 0);
        }
    }

    fn close_wire(&mut self, node: usize, peer: PeerId) {
        if let Some(Wire::Node(to, their_peer)) = self.wires.remove(&(node, peer)) {
            self.wires.remove(&(to, their_peer));
            self.nodes[to].network.closed(their_peer, "closed by peer", self.now);
        }
    }
}

/// What a raw peer hears goes to its inbox; what its session answers by itself is returned.
fn read(session: &mut Session, inbox: &mut Vec<Message>) -> Result<Vec<u8>, DisconnectReason> {
    while let Some(taken) = session.take(&mut Checksums::default())? {
        match taken.frame {
            Some(Frame::Message { message, .. }) => inbox.push(message),
            Some(_) => panic!("our own messages"),
            None => {}
        }
    }
    let mut answer = Vec::new();
    session.take_output(&mut answer);
    Ok(answer)
}

/// A raw peer's introduction.
pub(super) fn version(from: SocketAddr, height: i32) -> Message {
    let services = Services::NETWORK | Services::WITNESS;
    Message::Version(Box::new(VersionMessage {
        version: 70_016,
        services,
        timestamp: 0,
        receiver: NetAddress { services, address: address(0) },
        sender: NetAddress { services, address: from },
        nonce: 0x1234_5678,
        user_agent: "/raw/".to_owned(),
        start_height: height,
        relay: true,
    }))
}

/// A millisecond less.
pub(super) fn just_under(span: Span) -> Span {
    Span(span.0 - 1_000)
}
