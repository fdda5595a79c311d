//! What surrounds an adversary: its sessions, and the part of an honest peer that it plays.

use super::{Adversary, Manner, Scene};
use crate::sim::dice::Dice;
use crate::sim::transport::{self, Connections};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use terrarium_core::chain::{ActivateStep, Body, Chainstate, ScriptCache};
use terrarium_core::consensus::Network;
use terrarium_core::interface::{NodeId, PeerId};
use terrarium_core::net::limits::{MAX_HEADERS_RESULTS, PROTOCOL_VERSION};
use terrarium_core::net::message::{
    Frame, Inventory, LocatorRequest, Message, MessageDecoder, NetAddress, Services, VersionMessage,
};
use terrarium_core::node::Input;
use terrarium_core::primitives::{Block, BlockHash};
use terrarium_core::time::{Mono, Time};
use terrarium_core::transport::{Now, Transport};

/// The host of an adversary.
pub(in crate::sim) struct Villain {
    id: NodeId,
    pub(in crate::sim) connections: Connections,
    /// Whom it keeps connections to.
    targets: Vec<NodeId>,
    /// Connections that were asked for; at most one for each target.
    opening: BTreeSet<SocketAddr>,
    /// One for each open connection.
    peers: BTreeMap<PeerId, Acquaintance>,
    chain: Chainstate,
    adversary: Box<dyn Adversary>,
    dice: Dice,
    deeds: u64,
    /// What was said and has not left; emptied after every call.
    said: Vec<(PeerId, Vec<u8>)>,
    /// When the sessions' timer is set to fire.
    pub(in crate::sim) session_wake: Option<Mono>,
}

/// A peer as an adversary knows it.
struct Acquaintance {
    address: SocketAddr,
    decoder: MessageDecoder,
    has_greeted: bool,
}

impl Villain {
    pub(super) fn new(
        id: NodeId,
        network: Network,
        targets: &[NodeId],
        adversary: Box<dyn Adversary>,
        seed: u64,
    ) -> Self {
        let mut dice = Dice::new(seed, &format!("adversary {id}"));
        let mut connections = transport::connections(id, dice.number());
        connections.transport_mut().listen();
        Self {
            id,
            connections,
            targets: targets.to_vec(),
            opening: BTreeSet::new(),
            peers: BTreeMap::new(),
            chain: Chainstate::create(network),
            adversary,
            dice,
            deeds: 0,
            said: Vec::new(),
            session_wake: None,
        }
    }

    pub(super) fn adversary(&self) -> &dyn Adversary {
        &*self.adversary
    }

    /// How many deeds it has done since this was last asked.
    pub(super) fn take_deeds(&mut self) -> u64 {
        std::mem::take(&mut self.deeds)
    }

    /// Half a second has passed: lost connections are opened again, and the adversary acts.
    pub(super) fn turn(&mut self, now: Time) {
        for target in self.targets.clone() {
            let address = target.local_address();
            let is_connected = self.peers.values().any(|peer| peer.address == address);
            if !is_connected && self.opening.insert(address) {
                self.connections.connect(Now::both(now.mono), address);
            }
        }
        self.act(now, |adversary, scene| adversary.turn(scene));
    }

    /// Carries out what its sessions want until they want nothing; frames go to `carry`.
    pub(super) fn pump(&mut self, now: Time, mut carry: impl FnMut(NodeId, Vec<u8>)) {
        loop {
            for (peer, bytes) in std::mem::take(&mut self.said) {
                self.connections.send(Now::both(now.mono), peer, &bytes);
            }
            match self.connections.poll(Now::both(now.mono)) {
                Some(input) => self.take_in(input, now),
                None if self.said.is_empty() => break,
                None => {}
            }
        }
        while let Some((to, frame)) = self.connections.transport_mut().wire_mut().take() {
            carry(to, frame);
        }
    }

    fn take_in(&mut self, input: Input, now: Time) {
        match input {
            Input::PeerConnected { peer, address, .. } => {
                self.opening.remove(&address);
                let decoder = MessageDecoder::new(self.chain.params().magic);
                self.peers.insert(peer, Acquaintance { address, decoder, has_greeted: false });
                if self.adversary.greets() {
                    let version = self.version(address, now);
                    self.say(peer, &Message::Version(Box::new(version)), now);
                } else {
                    self.act(now, |adversary, scene| adversary.met(scene, peer));
                }
            }
            Input::PeerBytes { peer, bytes } => {
                self.connections.consumed(peer, bytes.len());
                if let Some(acquaintance) = self.peers.get_mut(&peer) {
                    acquaintance.decoder.push(bytes);
                }
                self.read(peer, now);
            }
            Input::ConnectFailed { address, .. } => drop(self.opening.remove(&address)),
            Input::PeerClosed { peer, .. } => drop(self.peers.remove(&peer)),
            _ => {}
        }
    }

    fn read(&mut self, peer: PeerId, now: Time) {
        while let Some(acquaintance) = self.peers.get_mut(&peer) {
            let frame = match acquaintance.decoder.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                // It knows v1 alone: what is encrypted ends the connection, and comes again in v1.
                Err(_) => {
                    self.connections.disconnect(peer);
                    self.peers.remove(&peer);
                    break;
                }
            };
            let Frame::Message { message, .. } = frame else { continue };
            if !self.adversary.greets() {
                self.act(now, |adversary, scene| adversary.heard(scene, peer, &message));
                continue;
            }
            match message {
                Message::Version(_) => self.say(peer, &Message::Verack, now),
                Message::Verack => self.greeted(peer, now),
                message => {
                    let manner = self.act(now, |adversary, scene| adversary.heard(scene, peer, &message));
                    if manner == Manner::Honest {
                        self.behave(peer, message, now);
                    }
                }
            }
        }
    }

    fn greeted(&mut self, peer: PeerId, now: Time) {
        let Some(acquaintance) = self.peers.get_mut(&peer) else { return };
        acquaintance.has_greeted = true;
        self.say(peer, &Message::SendHeaders, now);
        self.ask_headers(peer, now);
        self.act(now, |adversary, scene| adversary.met(scene, peer));
    }

    /// What an honest peer does with a message.
    fn behave(&mut self, peer: PeerId, message: Message, now: Time) {
        match message {
            Message::Ping(nonce) => self.say(peer, &Message::Pong(nonce), now),
            Message::Headers(headers) => {
                let mut missing = Vec::new();
                for header in &headers {
                    match self.chain.accept_header(header, now.unix) {
                        Ok(_) if !self.chain.has_body(&header.block_hash()) => {
                            missing.push(Inventory::WitnessBlock(header.block_hash()));
                        }
                        Ok(_) => {}
                        Err(_) => return self.ask_headers(peer, now),
                    }
                }
                if !missing.is_empty() {
                    self.say(peer, &Message::GetData(missing), now);
                }
            }
            Message::Inv(items) => {
                let is_news = |hash: BlockHash| self.chain.entry(&hash).is_none();
                if items.iter().filter_map(Inventory::block).any(is_news) {
                    self.ask_headers(peer, now);
                }
            }
            Message::Block(block) => adopt(&mut self.chain, &block, now),
            Message::GetHeaders(request) => {
                let headers = self.chain.headers_after(&request.locator, &request.stop, MAX_HEADERS_RESULTS);
                self.say(peer, &Message::Headers(headers), now);
            }
            Message::GetData(items) => {
                for item in &items {
                    match body(&self.chain, item) {
                        Some(block) => self.say(peer, &Message::Block(block), now),
                        None => self.say(peer, &Message::NotFound(vec![*item]), now),
                    }
                }
            }
            _ => {}
        }
    }

    fn ask_headers(&mut self, peer: PeerId, now: Time) {
        let best = self.chain.best_header();
        let from = if best.height.0 == 0 { best.hash } else { best.header.prev_blockhash };
        let locator = self.chain.locator(&from);
        let request = LocatorRequest { version: PROTOCOL_VERSION, locator, stop: BlockHash::ZERO };
        self.say(peer, &Message::GetHeaders(request), now);
    }

    fn say(&mut self, peer: PeerId, message: &Message, now: Time) {
        self.act(now, |_, scene| scene.say(peer, message));
    }

    fn act<T>(&mut self, now: Time, act: impl FnOnce(&mut dyn Adversary, &mut Scene<'_>) -> T) -> T {
        let greets = self.adversary.greets();
        let known = self.peers.iter().filter(|(_, peer)| peer.has_greeted || !greets);
        let peers = known.map(|(peer, _)| *peer).collect();
        let (chain, dice) = (&mut self.chain, &mut self.dice);
        let mut scene = Scene { now, chain, dice, peers, said: &mut self.said, deeds: &mut self.deeds };
        act(&mut *self.adversary, &mut scene)
    }

    fn version(&mut self, to: SocketAddr, now: Time) -> VersionMessage {
        let services = Services::NETWORK | Services::BLOOM | Services::WITNESS | Services::COMPACT_FILTERS;
        VersionMessage {
            version: PROTOCOL_VERSION,
            services,
            timestamp: i64::from(now.unix.0),
            receiver: NetAddress { services, address: to },
            sender: NetAddress { services, address: self.id.local_address() },
            nonce: self.dice.number(),
            user_agent: "/adversary/".to_owned(),
            start_height: self.chain.height().0 as i32,
            relay: true,
        }
    }
}

/// Adds a block to a chain and lets the chain follow it.
pub(super) fn adopt(chain: &mut Chainstate, block: &Arc<Block>, now: Time) {
    if chain.accept_block(Arc::clone(block), now.unix).is_ok() {
        let verified = ScriptCache::default();
        while let Ok(ActivateStep::More(_)) = chain.activate(&verified) {}
        chain.take_effects();
    }
}

/// The body of the block that an item names, if the chain has it in memory.
pub(super) fn body(chain: &Chainstate, item: &Inventory) -> Option<Arc<Block>> {
    match chain.body(&item.block()?) {
        Body::Memory(block) => Some(block),
        Body::Stored(_) | Body::Absent => None,
    }
}
