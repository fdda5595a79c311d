//! A host's connections: the very sessions of the browser's transport, over lines that fail.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use terrarium_core::interface::{Direction, NodeId, PeerId};
use terrarium_core::node::Input;
use terrarium_core::time::Mono;
use terrarium_link::{Address, Endpoint, Limits, Output, SessionId};

/// What a host's connections want.
pub(super) enum Heard {
    /// That the node is told this.
    Input(Input),
    /// That this frame goes on its way.
    Frame {
        /// To whom.
        to: NodeId,
        /// The frame.
        frame: Vec<u8>,
    },
}

/// Which peer is which session.
pub(super) struct Connections {
    endpoint: Endpoint,
    sessions: BTreeMap<SessionId, State>,
    peers: BTreeMap<PeerId, SessionId>,
    /// Peers with bytes that have not left yet, and how many when the node was last told.
    unsent: BTreeMap<PeerId, usize>,
    last_peer: u64,
}

#[derive(Clone, Copy)]
enum State {
    Opening(SocketAddr),
    Open(PeerId),
}

impl Connections {
    pub(super) fn new(node: NodeId, entropy: u64) -> Self {
        let mut endpoint = Endpoint::new(Address::loopback(node.0), entropy, Limits::default());
        endpoint.stop_listening();
        Self {
            endpoint,
            sessions: BTreeMap::new(),
            peers: BTreeMap::new(),
            unsent: BTreeMap::new(),
            last_peer: 0,
        }
    }

    pub(super) fn listen(&mut self, listens: bool) {
        match listens {
            true => self.endpoint.listen(),
            false => self.endpoint.stop_listening(),
        }
    }

    pub(super) fn connect(&mut self, now: Mono, address: SocketAddr) -> Option<Input> {
        let failed = |reason: String| Some(Input::ConnectFailed { address, reason });
        let IpAddr::V4(ip) = address.ip() else { return failed("no IPv4 address".to_owned()) };
        match self.endpoint.open(duration(now), Address { ip: ip.octets(), port: address.port() }) {
            Ok(session) => {
                self.sessions.insert(session, State::Opening(address));
                None
            }
            Err(error) => failed(error.to_string()),
        }
    }

    pub(super) fn send(&mut self, now: Mono, peer: PeerId, bytes: &[u8]) -> Option<Input> {
        let session = *self.peers.get(&peer)?;
        if self.endpoint.send(duration(now), session, bytes) == Ok(bytes.len()) {
            self.unsent.insert(peer, self.endpoint.queued(session));
            return None;
        }
        self.endpoint.close(session);
        self.forget(peer);
        Some(Input::PeerClosed { peer, reason: "too many bytes wait to be sent to it".to_owned() })
    }

    pub(super) fn disconnect(&mut self, peer: PeerId) {
        if let Some(session) = self.forget(peer) {
            self.endpoint.finish(session);
        }
    }

    pub(super) fn consumed(&mut self, peer: PeerId, bytes: usize) {
        if let Some(session) = self.peers.get(&peer) {
            self.endpoint.consume(*session, bytes);
        }
    }

    pub(super) fn cut(&mut self, node: NodeId) {
        self.endpoint.cut(Address::loopback(node.0));
    }

    pub(super) fn heal(&mut self, node: NodeId) {
        self.endpoint.heal(Address::loopback(node.0));
    }

    pub(super) fn abandon(&mut self, node: NodeId) {
        self.endpoint.abandon(Address::loopback(node.0));
    }

    pub(super) fn receive(&mut self, now: Mono, frame: Vec<u8>) {
        self.endpoint.handle_frame(duration(now), frame);
    }

    pub(super) fn handle_timeout(&mut self, now: Mono) {
        self.endpoint.handle_timeout(duration(now));
    }

    pub(super) fn next_wakeup(&self) -> Option<Mono> {
        self.endpoint.next_wakeup().map(|at| Mono(at.as_micros() as u64))
    }

    /// The next thing that they want.
    pub(super) fn poll(&mut self) -> Option<Heard> {
        while let Some(output) = self.endpoint.poll() {
            if let Some(heard) = self.translate(output) {
                return Some(heard);
            }
        }
        self.drained().map(Heard::Input)
    }

    fn translate(&mut self, output: Output) -> Option<Heard> {
        let input = match output {
            Output::Transmit { to, frame } => return Some(Heard::Frame { to: NodeId(to.port), frame }),
            Output::Opened { session } => match self.sessions.get(&session).copied()? {
                State::Opening(address) => self.open(session, address, Direction::Outbound),
                State::Open(_) => return None,
            },
            Output::Accepted { session, from } => {
                self.open(session, SocketAddr::from((from.ip, from.port)), Direction::Inbound)
            }
            Output::Data { session, bytes } => match self.sessions.get(&session).copied()? {
                State::Open(peer) => Input::PeerBytes { peer, bytes: bytes.into_vec() },
                State::Opening(_) => return None,
            },
            Output::Closed { session, reason } => match self.sessions.remove(&session)? {
                State::Opening(address) => Input::ConnectFailed { address, reason: reason.to_string() },
                State::Open(peer) => {
                    self.forget(peer);
                    Input::PeerClosed { peer, reason: reason.to_string() }
                }
            },
            Output::Writable { .. } => return None,
        };
        Some(Heard::Input(input))
    }

    fn open(&mut self, session: SessionId, address: SocketAddr, direction: Direction) -> Input {
        self.last_peer += 1;
        let peer = PeerId(self.last_peer);
        self.sessions.insert(session, State::Open(peer));
        self.peers.insert(peer, session);
        Input::PeerConnected { peer, address, direction }
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
            let queued = self.endpoint.queued(*self.peers.get(peer)?);
            (queued < *told || queued == 0).then_some((*peer, queued))
        })?;
        match queued {
            0 => drop(self.unsent.remove(&peer)),
            _ => drop(self.unsent.insert(peer, queued)),
        }
        Some(Input::PeerDrained { peer, queued })
    }
}

fn duration(now: Mono) -> Duration {
    Duration::from_micros(now.0)
}
