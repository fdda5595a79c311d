//! `link`'s sessions as a transport: an endpoint, the links' conditions below it, and below them a wire.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU64;
use std::time::Duration;
use terrarium_core::collections::BTreeSet;
use terrarium_core::interface::{LinkCondition, NodeId};
use terrarium_core::time::Mono;
use terrarium_core::transport::{self, Now, OpenError, SendError, TransportEvent, Wakeup};
use terrarium_link::{Address, Conditions, Endpoint, Limits, Output, SessionId, Shaper, Shaping};

/// Bytes unsent to one peer at which it is given up; the node stops serving it long before.
const SEND_QUEUE: usize = 16 * 1024 * 1024;
/// Latencies above this are taken for it.
const MOST_LATENCY_MS: f64 = 3_600_000.0;

/// What carries whole frames from one address to another and promises nothing else: a frame may be lost, doubled or
/// late. What arrives goes to [`Sessions::receive`].
pub trait Wire {
    /// Whether there is a way to an address at all.
    fn reaches(&self, to: Address) -> bool;

    /// Sends a frame on its way; `now` is on the real clock.
    fn post(&mut self, now: Mono, to: Address, frame: Vec<u8>);

    /// Does what is due.
    fn tick(&mut self, _now: Mono) {}
}

/// All sessions of one node.
#[derive(Debug)]
pub struct Sessions<W> {
    endpoint: Endpoint,
    shaper: Shaper,
    wire: W,
    /// Peers whose link is not perfect; as many as the page lists.
    conditioned: BTreeSet<Address>,
}

impl<W: Wire> Sessions<W> {
    /// Sessions that a node has over `wire`. `entropy` is where session ids and jitter start; it must differ between the
    /// lives of a node.
    pub fn new(id: NodeId, entropy: u64, wire: W) -> Self {
        Self::at(Address::loopback(id.0), entropy, wire)
    }

    /// As [`Sessions::new`], for a node that is reached at `own`.
    pub fn at(own: Address, entropy: u64, wire: W) -> Self {
        let limits = Limits { send_queue: SEND_QUEUE, ..Limits::default() };
        let mut endpoint = Endpoint::new(own, entropy, limits);
        endpoint.stop_listening();
        let shaper = Shaper::new(entropy.rotate_left(32));
        Self { endpoint, shaper, wire, conditioned: BTreeSet::new() }
    }

    /// What carries the frames.
    pub fn wire(&self) -> &W {
        &self.wire
    }

    /// As [`Sessions::wire`], to change it.
    pub fn wire_mut(&mut self) -> &mut W {
        &mut self.wire
    }

    /// Takes in what came on this node's address, whatever it is.
    pub fn receive(&mut self, now: Now, frame: Vec<u8>) {
        self.endpoint.handle_frame(duration(now.real), frame);
    }

    /// How many frames were none, or not for this node.
    pub fn dropped(&self) -> u64 {
        let counters = self.endpoint.counters();
        counters.malformed + counters.misaddressed
    }

    /// Ends all sessions at once.
    pub fn close_all(&mut self) {
        self.endpoint.close_all();
    }

    /// Asks a node that has come up again for what it may not have been there to hear.
    pub fn ask_again(&mut self, node: SocketAddr) {
        if let Some(address) = link_address(node) {
            self.endpoint.ask_again(address);
        }
    }

    /// Ends all sessions with a node that is gone.
    pub fn abandon(&mut self, node: SocketAddr) {
        if let Some(address) = link_address(node) {
            self.endpoint.abandon(address);
        }
    }

    /// The address of a node of this browser.
    fn neighbour(&self, node: NodeId) -> Address {
        Address { port: node.0, ..self.endpoint.address() }
    }

    /// Cuts the link to a node of this browser: its sessions end, and none begins.
    pub fn cut(&mut self, node: NodeId) {
        let peer = self.neighbour(node);
        self.endpoint.cut(peer);
        self.shaper.clear(peer);
    }

    /// Mends a cut.
    pub fn heal(&mut self, node: NodeId) {
        self.endpoint.heal(self.neighbour(node));
    }

    /// Sets the conditions of all links; a link that is not listed is perfect.
    pub fn set_conditions(&mut self, list: &[LinkCondition]) {
        let listed: BTreeSet<Address> = list.iter().map(|link| self.neighbour(link.to)).collect();
        for peer in self.conditioned.difference(&listed) {
            self.endpoint.heal(*peer);
            self.shaper.set(*peer, Conditions::default());
        }
        for link in list {
            self.shaper.set(self.neighbour(link.to), conditions(link));
            if link.cut {
                self.cut(link.to);
            } else {
                self.heal(link.to);
            }
        }
        self.conditioned = listed;
    }
}

impl<W: Wire> transport::Transport for Sessions<W> {
    type Session = SessionId;

    fn listen(&mut self) {
        self.endpoint.listen();
    }

    fn stop_listening(&mut self) {
        self.endpoint.stop_listening();
    }

    fn open(&mut self, now: Now, to: SocketAddr) -> Result<SessionId, OpenError> {
        let address = link_address(to).filter(|address| self.wire.reaches(*address));
        let address = address.ok_or(OpenError::Unreachable(to))?;
        self.endpoint.open(duration(now.real), address).map_err(|error| match error {
            terrarium_link::OpenError::BadAddress(_) => OpenError::Unreachable(to),
            terrarium_link::OpenError::Cut(_) => OpenError::Cut(to),
            terrarium_link::OpenError::TooManySessions => OpenError::TooManySessions,
        })
    }

    fn send(&mut self, now: Now, session: SessionId, bytes: &[u8]) -> Result<(), SendError> {
        match self.endpoint.send(duration(now.real), session, bytes) {
            Ok(taken) if taken == bytes.len() => Ok(()),
            Ok(_) => Err(SendError::Full),
            Err(_) => Err(SendError::Ended),
        }
    }

    fn unsent(&self, session: SessionId) -> usize {
        self.endpoint.queued(session)
    }

    fn consume(&mut self, session: SessionId, bytes: usize) {
        self.endpoint.consume(session, bytes);
    }

    fn finish(&mut self, session: SessionId) {
        self.endpoint.finish(session);
    }

    fn close(&mut self, session: SessionId) {
        self.endpoint.close(session);
    }

    fn tick(&mut self, now: Now) {
        let real = duration(now.real);
        if self.endpoint.next_wakeup().is_some_and(|due| due <= real) {
            self.endpoint.handle_timeout(real);
        }
        while let Some((to, frame)) = self.shaper.poll(duration(now.lab)) {
            self.wire.post(now.real, to, frame);
        }
        self.wire.tick(now.real);
    }

    fn next_wakeup(&self) -> Wakeup {
        Wakeup { real: self.endpoint.next_wakeup().map(mono), lab: self.shaper.next_wakeup().map(mono) }
    }

    fn poll(&mut self, now: Now) -> Option<TransportEvent<SessionId>> {
        loop {
            return Some(match self.endpoint.poll()? {
                Output::Transmit { to, frame } => {
                    // A frame that finds its link full is lost like any other, and shows as a gap.
                    if let Ok(Shaping::Now(frame)) = self.shaper.shape(duration(now.lab), to, frame) {
                        self.wire.post(now.real, to, frame);
                    }
                    continue;
                }
                // Follows a send that was not taken whole, which ends its session here.
                Output::Writable { .. } => continue,
                Output::Opened { session } => TransportEvent::Opened { session },
                Output::Accepted { session, from } => {
                    TransportEvent::Accepted { session, from: SocketAddr::from((from.ip, from.port)) }
                }
                Output::Data { session, bytes } => TransportEvent::Data { session, bytes: bytes.into_vec() },
                Output::Closed { session, reason } => {
                    TransportEvent::Closed { session, reason: reason.to_string() }
                }
            });
        }
    }
}

/// Links know IPv4 alone.
fn link_address(address: SocketAddr) -> Option<Address> {
    match address.ip() {
        IpAddr::V4(ip) => Some(Address { ip: ip.octets(), port: address.port() }),
        IpAddr::V6(_) => None,
    }
}

fn duration(time: Mono) -> Duration {
    Duration::from_micros(time.0)
}

/// Rounded up, so that what is due has come by then.
fn mono(time: Duration) -> Mono {
    Mono(time.as_nanos().div_ceil(1_000).try_into().unwrap_or(u64::MAX))
}

fn conditions(link: &LinkCondition) -> Conditions {
    let millis = |value: f64| {
        let value = if value.is_finite() { value.clamp(0.0, MOST_LATENCY_MS) } else { 0.0 };
        Duration::from_secs_f64(value / 1_000.0)
    };
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates; no number becomes 0, which is unlimited"
    )]
    let bandwidth = NonZeroU64::new(link.bandwidth as u64);
    Conditions { latency: millis(link.latency_ms), jitter: millis(link.jitter_ms), bandwidth }
}
