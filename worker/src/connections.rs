//! The node's connections in the node's own words: what it asks for goes in by peer, what it should hear comes out as
//! [`Input`]s.

use crate::transport::{Now, Transport};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use terrarium_core::interface::{Direction, PeerId};
use terrarium_core::node::Input;
use terrarium_link::{Address, Output, SessionId};

/// Which peer is which session.
pub(crate) struct Connections {
    transport: Transport,
    /// One entry for each session that the node knows of; bounded by the link's limits.
    sessions: BTreeMap<SessionId, State>,
    /// One entry for each open connection.
    peers: BTreeMap<PeerId, SessionId>,
    /// Peers with bytes that have not left yet, and how many when the node was last told.
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

impl Connections {
    pub(crate) fn new(transport: Transport) -> Self {
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
    pub(crate) fn transport(&mut self) -> &mut Transport {
        &mut self.transport
    }

    /// Asks for a connection; `PeerConnected` or `ConnectFailed` follows.
    pub(crate) fn connect(&mut self, now: Now, address: SocketAddr) {
        match self.transport.connect(now, address) {
            Ok(session) => drop(self.sessions.insert(session, State::Opening(address))),
            Err(error) => self.inputs.push_back(Input::ConnectFailed { address, reason: error.to_string() }),
        }
    }

    /// Sends bytes. A peer that is too far behind is given up, which the node hears.
    pub(crate) fn send(&mut self, now: Now, peer: PeerId, bytes: &[u8]) {
        let Some(&session) = self.peers.get(&peer) else { return };
        if self.transport.send(now, session, bytes) {
            self.unsent.insert(peer, self.transport.unsent(session));
        } else {
            self.transport.close(session);
            self.forget(peer);
            let reason = "too many bytes wait to be sent to it".to_owned();
            self.inputs.push_back(Input::PeerClosed { peer, reason });
        }
    }

    /// Ends a connection after what was sent; the node hears nothing more of it.
    pub(crate) fn disconnect(&mut self, peer: PeerId) {
        if let Some(session) = self.forget(peer) {
            self.transport.finish(session);
        }
    }

    /// The node has worked off so many bytes of a peer.
    pub(crate) fn consumed(&mut self, peer: PeerId, bytes: usize) {
        if let Some(session) = self.peers.get(&peer) {
            self.transport.consume(*session, bytes);
        }
    }

    /// The next thing that the node should hear.
    pub(crate) fn poll(&mut self, now: Now) -> Option<Input> {
        loop {
            if let Some(input) = self.inputs.pop_front() {
                return Some(input);
            }
            match self.transport.poll(now) {
                Some(output) => self.translate(output),
                None => return self.drained(),
            }
        }
    }

    fn translate(&mut self, output: Output) {
        match output {
            Output::Opened { session } => {
                if let Some(State::Opening(address)) = self.sessions.get(&session).copied() {
                    self.open(session, address, Direction::Outbound);
                }
            }
            Output::Accepted { session, from } => {
                self.open(session, socket_address(from), Direction::Inbound);
            }
            Output::Data { session, bytes } => {
                if let Some(State::Open(peer)) = self.sessions.get(&session).copied() {
                    self.inputs.push_back(Input::PeerBytes { peer, bytes: bytes.into_vec() });
                }
            }
            Output::Closed { session, reason } => match self.sessions.remove(&session) {
                Some(State::Opening(address)) => {
                    self.inputs.push_back(Input::ConnectFailed { address, reason: reason.to_string() });
                }
                Some(State::Open(peer)) => {
                    self.forget(peer);
                    self.inputs.push_back(Input::PeerClosed { peer, reason: reason.to_string() });
                }
                None => {}
            },
            // `drained` looks at all queues anyway; frames are posted by the transport.
            Output::Writable { .. } | Output::Transmit { .. } => {}
        }
    }

    fn open(&mut self, session: SessionId, address: SocketAddr, direction: Direction) {
        self.last_peer += 1;
        let peer = PeerId(self.last_peer);
        self.sessions.insert(session, State::Open(peer));
        self.peers.insert(peer, session);
        self.inputs.push_back(Input::PeerConnected { peer, address, direction });
    }

    fn forget(&mut self, peer: PeerId) -> Option<SessionId> {
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

fn socket_address(address: Address) -> SocketAddr {
    SocketAddr::from((address.ip, address.port))
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests;
