//! How two nodes introduce themselves, and what is told and asked once they have.

use super::compact_blocks::sendcmpct;
use super::limits::{FEEFILTER_VERSION, PROTOCOL_VERSION, SENDHEADERS_VERSION, SHORT_IDS_BLOCKS_VERSION};
use super::message::{Inventory, Message, NetAddress, Services, VersionMessage};
use super::network::{Network, USER_AGENT};
use super::outbox::{NetOutput, ServeRequest};
use super::peer::Purpose;
use super::reason::DisconnectReason;
use crate::chain::{Chainstate, Keeps};
use crate::interface::{LogLine, PeerId, PeerState, SyncMode};
use crate::primitives::{Amount, Height};
use crate::time::Time;
use rand_chacha::rand_core::Rng as _;

impl Network {
    pub(super) fn on_version(
        &mut self,
        peer: PeerId,
        theirs: VersionMessage,
        chain: &Chainstate,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        if self.peers.is_own_nonce(theirs.nonce) {
            return Err(DisconnectReason::SelfConnection);
        }
        let Some(mut ours) = self.our_version(peer, chain.height(), now) else { return Ok(()) };
        ours.receiver.services = theirs.services;
        let Some(entry) = self.peers.get_mut(peer) else { return Ok(()) };
        if entry.purpose == Purpose::Automatic && !theirs.services.has(Services::NETWORK) {
            self.discovery.book.introduced(&entry.address, theirs.services, theirs.version);
            return Err(DisconnectReason::LacksServices);
        }
        entry.on_version(theirs, ours, &mut self.outbox).map(|_| ())
    }

    /// The handshake is over: the managers take the peer up, and it is told what this node wants.
    pub(super) fn on_ready(&mut self, peer: PeerId, now: Time) {
        let nonce = self.rng.next_u64();
        self.peers.greeted(peer);
        let Some(entry) = self.peers.get_mut(peer) else { return };
        let (address, purpose, direction) = (entry.address, entry.purpose, entry.direction);
        let (protocol, witness) = (entry.protocol(), entry.services().has(Services::WITNESS));
        let serves = entry.services().has(Services::NETWORK);
        let services = entry.services();
        let relay = entry.wants_transactions();
        let height = entry.version.as_ref().map_or(0, |version| version.start_height);
        self.watch.crowd_changed();
        self.outbox.log(LogLine::NewConnection);
        if !self.quiet {
            entry.send_ping(nonce, now.mono, &mut self.outbox);
        }
        self.tell(peer, PeerState::Connected, None);
        if self.deliveries.has(address) {
            self.deliveries.send(peer, address, nonce.wrapping_add(1), &mut self.outbox);
        }
        self.met(peer, now);
        if !purpose.is_full() {
            return;
        }
        let headers_first = self.sync == SyncMode::Headers;
        self.headers.peer_ready(peer, serves && headers_first);
        self.getblocks.peer_ready(peer, if serves { height } else { 0 });
        match self.keeps {
            Keeps::Blocks if witness => self.download.peer_ready(peer, Inventory::WitnessBlock),
            Keeps::Blocks => self.download.peer_ready(peer, Inventory::Block),
            Keeps::Headers => self.light_peer_ready(peer, services),
        }
        self.transactions.peer_ready(peer, witness);
        self.relay.peer_ready(peer, direction, relay);
        self.tip_relay.peer_ready(peer);
        self.compact_blocks.peer_ready(peer, direction);
        if headers_first && protocol >= SENDHEADERS_VERSION {
            self.outbox.send(peer, Message::SendHeaders);
        }
        if self.speaks_compact() && witness && protocol >= SHORT_IDS_BLOCKS_VERSION {
            self.outbox.send(peer, sendcmpct(false));
        }
        if self.fee_filter > Amount::ZERO && protocol >= FEEFILTER_VERSION {
            self.send_fee_filter(peer);
        }
        if relay {
            // What waits here may be news to the peer: two sides of a healed cut exchange their payments.
            self.outbox.push(NetOutput::Serve { peer, request: ServeRequest::Mempool });
        }
    }

    pub(super) fn on_pong(&mut self, peer: PeerId, nonce: u64, now: Time) {
        let Some(entry) = self.peers.get_mut(peer) else { return };
        let (address, purpose) = (entry.address, entry.purpose);
        if !self.deliveries.on_pong(peer, nonce, &mut self.outbox) {
            entry.on_pong(nonce, now.mono);
        } else if matches!(purpose, Purpose::Delivery | Purpose::Feeler) && !self.deliveries.has(address) {
            self.disconnect(peer, DisconnectReason::Delivered, now);
        }
    }

    /// What this node says of itself to a peer.
    pub(super) fn our_version(&self, peer: PeerId, height: Height, now: Time) -> Option<VersionMessage> {
        let peer = self.peers.get(peer)?;
        Some(VersionMessage {
            version: PROTOCOL_VERSION,
            services: self.services(),
            timestamp: i64::from(now.unix.0),
            receiver: NetAddress { services: peer.services(), address: peer.address },
            sender: NetAddress { services: self.services(), address: self.own },
            nonce: peer.nonce,
            user_agent: USER_AGENT.to_owned(),
            start_height: i32::try_from(height.0).unwrap_or(i32::MAX),
            // A light node says by its filter what it wants to hear of.
            relay: peer.purpose.is_full() && self.keeps == Keeps::Blocks,
        })
    }

    pub(super) fn send_fee_filter(&mut self, peer: PeerId) {
        let Some(entry) = self.peers.get(peer) else { return };
        if entry.protocol() >= FEEFILTER_VERSION {
            self.outbox.send(peer, Message::FeeFilter(self.fee_filter.to_sat()));
        }
    }
}
