//! Connections come and go: who is let in, and who is told when one is gone.

use super::message::Message;
use super::network::Network;
use super::outbox::NetOutput;
use super::peer::{Newcomer, Purpose};
use super::reason::DisconnectReason;
use super::secret::Seed;
use super::session::Opening;
use crate::interface::{Direction, Event, LogLine, PeerId, PeerState};
use crate::primitives::Height;
use crate::time::Time;
use rand_chacha::rand_core::Rng as _;
use std::net::SocketAddr;

impl Network {
    /// A connection is up. `height` is our tip's.
    pub fn connected(
        &mut self,
        peer: PeerId,
        address: SocketAddr,
        direction: Direction,
        height: Height,
        now: Time,
    ) {
        match self.admit(peer, address, direction, now) {
            Err(reason) => self.outbox.push(NetOutput::Disconnect { peer, reason }),
            Ok(twin) => {
                if let Some(twin) = twin {
                    self.disconnect(twin, DisconnectReason::Duplicate, now);
                }
                self.tell(peer, PeerState::Handshaking, None);
                self.outbox.flush(peer);
                if direction == Direction::Outbound
                    && let Some(ours) = self.our_version(peer, height, now)
                {
                    self.outbox.send(peer, Message::Version(Box::new(ours)));
                }
            }
        }
    }

    /// A connection that was asked for could not be made.
    pub fn connect_failed(&mut self, address: SocketAddr, now: Time) {
        if self.connections.failed(address, now.mono, &mut self.outbox) {
            self.undelivered(address);
        }
    }

    /// An attempt came to nothing: what is to be delivered over such a connection fails, unless another is up.
    pub(super) fn undelivered(&mut self, address: SocketAddr) {
        if self.peers.with_address(address).is_none() {
            self.deliveries.failed(address, &mut self.outbox);
        }
    }

    /// A connection is gone.
    pub fn closed(&mut self, peer: PeerId, reason: &str, now: Time) {
        if let Some(entry) = self.peers.get(peer) {
            self.departures.closed(entry.address, reason, now.unix);
        }
        self.reconnect_v1(peer, now);
        self.forget(peer, reason, now);
    }

    /// Ends a connection.
    pub(super) fn disconnect(&mut self, peer: PeerId, reason: DisconnectReason, now: Time) {
        let Some(entry) = self.peers.get(peer) else { return };
        self.departures.ended(entry.address, &reason, now.unix);
        if reason.discourages() {
            let address = entry.address;
            self.connections.discourage(&address);
            self.outbox.log(LogLine::Note(format!("{address} is discouraged: {reason}")));
        }
        if reason == DisconnectReason::HandshakeTimeout {
            self.reconnect_v1(peer, now);
        }
        self.forget(peer, &reason.to_string(), now);
        self.outbox.push(NetOutput::Disconnect { peer, reason });
    }

    /// Tells that a connection changed its state.
    pub(super) fn tell(&mut self, peer: PeerId, state: PeerState, reason: Option<String>) {
        if let Some(entry) = self.peers.get(peer) {
            let event =
                Event::Peer { peer, address: entry.address, direction: entry.direction, state, reason };
            self.outbox.push(NetOutput::Event(event));
        }
    }

    fn admit(
        &mut self,
        peer: PeerId,
        address: SocketAddr,
        direction: Direction,
        now: Time,
    ) -> Result<Option<PeerId>, DisconnectReason> {
        let (purpose, v1) = match direction {
            Direction::Inbound if self.running => (Purpose::Inbound, false),
            Direction::Inbound => return Err(DisconnectReason::Stopped),
            Direction::Outbound => self.connections.opened(address).ok_or(DisconnectReason::OpenedLate)?,
        };
        if let Some(reason) = self.connections.refuses(&address, now.unix) {
            return Err(reason);
        }
        let nonce = self.rng.next_u64();
        let opening = self.draw_opening(v1);
        let newcomer = Newcomer { id: peer, address, purpose, nonce, opening };
        match self.peers.admit(newcomer, now) {
            Err(DisconnectReason::InboundFull(_)) if self.evict(now) => self.peers.admit(newcomer, now),
            admitted => admitted,
        }
    }

    fn draw_opening(&mut self, v1: bool) -> Opening {
        if v1 || !self.v2transport {
            return Opening::V1;
        }
        let mut seed = Seed([0; 32]);
        self.rng.fill_bytes(&mut seed.0);
        Opening::V2 { seed }
    }

    /// A connection ends over which the peer has not said a word, as one does that knows v1 alone: it is opened again
    /// with v1, unless it is not wanted any more (Core's `ShouldReconnectV1`).
    fn reconnect_v1(&mut self, peer: PeerId, now: Time) {
        let Some(entry) = self.peers.get(peer).filter(|entry| entry.session.should_reconnect_v1()) else {
            return;
        };
        let (address, purpose) = (entry.address, entry.purpose);
        let is_wanted = self.running || purpose == Purpose::Delivery;
        let has_other = self.peers.iter().any(|other| other.address == address && other.id != peer);
        if is_wanted && !has_other && self.connections.refuses(&address, now.unix).is_none() {
            self.connections.reopen_v1(address, purpose, now.mono, &mut self.outbox);
        }
    }

    /// Forgets a peer, and tells.
    pub(super) fn forget(&mut self, peer: PeerId, reason: &str, now: Time) {
        self.tell(peer, PeerState::Disconnected, Some(reason.to_owned()));
        let Some(gone) = self.peers.remove(peer) else { return };
        self.watch.crowd_changed();
        self.departed.add(&gone);
        self.headers.peer_gone(peer);
        self.getblocks.peer_gone(peer);
        self.download.peer_gone(peer);
        self.filtered.peer_gone(peer);
        self.compact.peer_gone(peer);
        self.compact_blocks.peer_gone(peer);
        self.transactions.peer_gone(peer);
        self.relay.peer_gone(peer);
        self.tip_relay.peer_gone(peer);
        self.serving.peer_gone(peer);
        self.addresses.peer_gone(peer);
        self.left(&gone, now);
        self.filters.peer_gone(peer);
        let has_other =
            self.peers.with_address(gone.address).is_some() || self.connections.is_opening(&gone.address);
        self.deliveries.peer_gone(peer, gone.address, has_other, &mut self.outbox);
        if gone.ready {
            self.outbox.log(LogLine::ConnectionTerminated);
        }
        self.connections.closed(gone.address, now.mono - gone.connected.mono, now.mono);
    }
}
