//! A transport's sessions in the node's own words: what the node asks for goes in by peer, what it should hear comes out
//! as [`Input`]s.

use super::{Now, SendError, Transport, TransportEvent};
use crate::collections::SerialMap;
use crate::interface::{Direction, PeerId};
use crate::node::Input;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// Which peer is which session.
#[derive(Debug)]
pub struct Connections<T: Transport> {
    transport: T,
    /// One entry for each session that the node knows of; bounded by the transport.
    sessions: SerialMap<T::Session, State>,
    /// One entry for each open connection.
    peers: SerialMap<PeerId, Open<T::Session>>,
    /// Peers with bytes that had not left when the node was last told; at most one entry a peer.
    unsent: VecDeque<PeerId>,
    /// What the node should hear; emptied by [`Connections::poll`].
    inputs: VecDeque<Input>,
    last_peer: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Opening(SocketAddr),
    Open(PeerId),
}

/// An open connection.
#[derive(Clone, Copy, Debug)]
struct Open<S> {
    session: S,
    /// Bytes that had not left when the node was last told.
    unsent: usize,
    /// Whether the node is to be told once they have.
    is_listed: bool,
}

impl<T: Transport> Connections<T> {
    /// No connections yet, over a transport.
    pub fn new(transport: T) -> Self {
        Self {
            transport,
            sessions: SerialMap::new(),
            peers: SerialMap::new(),
            unsent: VecDeque::new(),
            inputs: VecDeque::new(),
            last_peer: 0,
        }
    }

    /// What carries them.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// As [`Connections::transport`], to change it.
    pub fn transport_mut(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Asks for a connection; `PeerConnected` or `ConnectFailed` follows.
    pub fn connect(&mut self, now: Now, address: SocketAddr) {
        match self.transport.open(now, address) {
            Ok(session) => drop(self.sessions.insert(session, State::Opening(address))),
            Err(error) => self.inputs.push_back(Input::ConnectFailed { address, reason: error.to_string() }),
        }
    }

    /// Sends bytes. A peer that is too far behind is given up, which the node hears.
    pub fn send(&mut self, now: Now, peer: PeerId, bytes: &[u8]) {
        let Some(open) = self.peers.get_mut(&peer) else { return };
        match self.transport.send(now, open.session, bytes) {
            Ok(()) => {
                open.unsent = self.transport.unsent(open.session);
                if !std::mem::replace(&mut open.is_listed, true) {
                    self.unsent.push_back(peer);
                }
            }
            Err(SendError::Ended) => {}
            Err(error @ SendError::Full) => {
                let session = open.session;
                self.transport.close(session);
                self.forget(peer);
                self.inputs.push_back(Input::PeerClosed { peer, reason: error.to_string() });
            }
        }
    }

    /// Ends a connection after what was sent; the node hears nothing more of it.
    pub fn disconnect(&mut self, peer: PeerId) {
        if let Some(session) = self.forget(peer) {
            self.transport.finish(session);
        }
    }

    /// The node has worked off so many bytes of a peer.
    pub fn consumed(&mut self, peer: PeerId, bytes: usize) {
        if let Some(open) = self.peers.get(&peer) {
            self.transport.consume(open.session, bytes);
        }
    }

    /// The next thing that the node should hear.
    pub fn poll(&mut self, now: Now) -> Option<Input> {
        loop {
            if let Some(input) = self.inputs.pop_front() {
                return Some(input);
            }
            let Some(event) = self.transport.poll(now) else { return self.drained() };
            if let Some(input) = self.translate(event) {
                return Some(input);
            }
        }
    }

    fn translate(&mut self, event: TransportEvent<T::Session>) -> Option<Input> {
        match event {
            TransportEvent::Opened { session } => match self.sessions.get(&session).copied() {
                Some(State::Opening(address)) => Some(self.open(session, address, Direction::Outbound)),
                _ => None,
            },
            TransportEvent::Accepted { session, from } => Some(self.open(session, from, Direction::Inbound)),
            TransportEvent::Data { session, bytes } => match self.sessions.get(&session) {
                Some(State::Open(peer)) => Some(Input::PeerBytes { peer: *peer, bytes }),
                _ => None,
            },
            TransportEvent::Closed { session, reason } => match self.sessions.remove(&session)? {
                State::Opening(address) => Some(Input::ConnectFailed { address, reason }),
                State::Open(peer) => {
                    self.forget(peer);
                    Some(Input::PeerClosed { peer, reason })
                }
            },
        }
    }

    fn open(&mut self, session: T::Session, address: SocketAddr, direction: Direction) -> Input {
        self.last_peer += 1;
        let peer = PeerId(self.last_peer);
        self.sessions.insert(session, State::Open(peer));
        self.peers.insert(peer, Open { session, unsent: 0, is_listed: false });
        Input::PeerConnected { peer, address, direction }
    }

    fn forget(&mut self, peer: PeerId) -> Option<T::Session> {
        self.unsent.retain(|other| *other != peer);
        let session = self.peers.remove(&peer)?.session;
        self.sessions.remove(&session);
        Some(session)
    }

    /// Tells the node of one peer whose queue has shrunk.
    fn drained(&mut self) -> Option<Input> {
        let (peers, transport) = (&mut self.peers, &self.transport);
        let shrunk = self.unsent.iter().enumerate().find_map(|(place, peer)| {
            let open = peers.get_mut(peer)?;
            let queued = transport.unsent(open.session);
            let has_shrunk = queued < std::mem::replace(&mut open.unsent, queued) || queued == 0;
            open.is_listed = queued > 0;
            has_shrunk.then_some((place, queued))
        });
        let (place, queued) = shrunk?;
        let peer = match queued {
            0 => self.unsent.remove(place)?,
            _ => *self.unsent.get(place)?,
        };
        Some(Input::PeerDrained { peer, queued })
    }
}

#[cfg(test)]
mod tests;
