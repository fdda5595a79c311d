//! A transport's sessions in the node's own words: what the node asks for goes in by peer, what it should hear comes out
//! as [`Input`]s.

use super::{Now, SendError, Transport, TransportEvent};
use crate::collections::BTreeMap;
use crate::interface::{Direction, PeerId};
use crate::node::Input;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// Which peer is which session.
#[derive(Debug)]
pub struct Connections<T: Transport> {
    transport: T,
    /// One entry for each session that the node knows of; bounded by the transport.
    sessions: BTreeMap<T::Session, State>,
    /// One entry for each open connection.
    peers: BTreeMap<PeerId, T::Session>,
    /// Peers with bytes that have not left yet, and how many when the node was last told; at most one entry a peer.
    unsent: BTreeMap<PeerId, usize>,
    /// What the node should hear; emptied by [`Connections::poll`].
    inputs: VecDeque<Input>,
    last_peer: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Opening(SocketAddr),
    Open(PeerId),
}

impl<T: Transport> Connections<T> {
    /// No connections yet, over a transport.
    pub fn new(transport: T) -> Self {
        Self {
            transport,
            sessions: BTreeMap::new(),
            peers: BTreeMap::new(),
            unsent: BTreeMap::new(),
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
        let Some(&session) = self.peers.get(&peer) else { return };
        match self.transport.send(now, session, bytes) {
            Ok(()) => drop(self.unsent.insert(peer, self.transport.unsent(session))),
            Err(SendError::Ended) => {}
            Err(error @ SendError::Full) => {
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
        if let Some(session) = self.peers.get(&peer) {
            self.transport.consume(*session, bytes);
        }
    }

    /// The next thing that the node should hear.
    pub fn poll(&mut self, now: Now) -> Option<Input> {
        loop {
            if let Some(input) = self.inputs.pop_front() {
                return Some(input);
            }
            match self.transport.poll(now) {
                Some(event) => self.translate(event),
                None => return self.drained(),
            }
        }
    }

    fn translate(&mut self, event: TransportEvent<T::Session>) {
        match event {
            TransportEvent::Opened { session } => {
                if let Some(State::Opening(address)) = self.sessions.get(&session).copied() {
                    self.open(session, address, Direction::Outbound);
                }
            }
            TransportEvent::Accepted { session, from } => self.open(session, from, Direction::Inbound),
            TransportEvent::Data { session, bytes } => {
                if let Some(State::Open(peer)) = self.sessions.get(&session).copied() {
                    self.inputs.push_back(Input::PeerBytes { peer, bytes });
                }
            }
            TransportEvent::Closed { session, reason } => match self.sessions.remove(&session) {
                Some(State::Opening(address)) => {
                    self.inputs.push_back(Input::ConnectFailed { address, reason });
                }
                Some(State::Open(peer)) => {
                    self.forget(peer);
                    self.inputs.push_back(Input::PeerClosed { peer, reason });
                }
                None => {}
            },
        }
    }

    fn open(&mut self, session: T::Session, address: SocketAddr, direction: Direction) {
        self.last_peer += 1;
        let peer = PeerId(self.last_peer);
        self.sessions.insert(session, State::Open(peer));
        self.peers.insert(peer, session);
        self.inputs.push_back(Input::PeerConnected { peer, address, direction });
    }

    fn forget(&mut self, peer: PeerId) -> Option<T::Session> {
        self.unsent.remove(&peer);
        let session = self.peers.remove(&peer)?;
        self.sessions.remove(&session);
        Some(session)
    }

    /// Tells the node of one peer whose queue has shrunk.
    fn drained(&mut self) -> Option<Input> {
        let (peer, queued) = self.unsent.iter().find_map(|(peer, told)| {
            let queued = self.transport.unsent(*self.peers.get(peer)?);
            (queued < *told || queued == 0).then_some((*peer, queued))
        })?;
        if queued == 0 {
            self.unsent.remove(&peer);
        } else {
            self.unsent.insert(peer, queued);
        }
        Some(Input::PeerDrained { peer, queued })
    }
}

#[cfg(test)]
mod tests;
