//! Connections over BroadcastChannel: one channel for each node of the lab, named after it, with `link`'s sessions on
//! top and the links' conditions below them.

use crate::js;
use js_sys::Uint8Array;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU64;
use std::time::Duration;
use terrarium_core::interface::{LinkCondition, NodeId};
use terrarium_link::{
    Address, Conditions, Endpoint, Limits, MAX_FRAME_LEN, OpenError, Output, SessionId, Shaper, Shaping,
};
use wasm_bindgen::JsValue;
use web_sys::BroadcastChannel;

/// A channel that was not written to for so long is closed: whoever has it open gets a copy of all that others post.
const IDLE_CHANNEL: Duration = Duration::from_secs(1);
/// Bytes unsent to one peer at which it is given up; the node stops serving it long before.
const SEND_QUEUE: usize = 16 * 1024 * 1024;
/// Latencies above this are taken for it.
const MOST_LATENCY_MS: f64 = 3_600_000.0;

/// The time on the clocks that connections need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Sessions live by the real clock, so that a pause breaks none.
    pub(crate) real: Duration,
    /// Latency and bandwidth are the lab's.
    pub(crate) lab: Duration,
}

/// Why no connection can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConnectError {
    /// Only nodes of this machine are reachable.
    #[error("{0} is not an address of this lab")]
    NotLocal(SocketAddr),
    /// See [`OpenError`].
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// All connections of one node.
pub(crate) struct Transport {
    /// What channel names start with.
    prefix: String,
    endpoint: Endpoint,
    shaper: Shaper,
    /// Channels of other nodes and when each was last written to; bounded by [`IDLE_CHANNEL`].
    channels: BTreeMap<u16, (BroadcastChannel, Duration)>,
    /// Peers whose link is not perfect.
    conditioned: BTreeSet<Address>,
    /// Messages of the inbox that were no bytes, or too many.
    strange: u64,
}

impl Transport {
    /// A transport that refuses connections until it is told to [`Transport::listen`].
    pub(crate) fn new(lab: &str, id: NodeId, entropy: u64) -> Self {
        let limits = Limits { send_queue: SEND_QUEUE, ..Limits::default() };
        let mut endpoint = Endpoint::new(Address::loopback(id.0), entropy, limits);
        endpoint.stop_listening();
        Self {
            prefix: format!("terrarium/{lab}/node/"),
            endpoint,
            shaper: Shaper::new(entropy.rotate_left(32)),
            channels: BTreeMap::new(),
            conditioned: BTreeSet::new(),
            strange: 0,
        }
    }

    /// The channel on which others reach this node.
    ///
    /// # Errors
    /// The browser has no BroadcastChannel, or refuses.
    pub(crate) fn inbox(&self) -> Result<BroadcastChannel, JsValue> {
        BroadcastChannel::new(&self.channel_name(self.endpoint.address().port))
    }

    /// Accepts connections.
    pub(crate) fn listen(&mut self) {
        self.endpoint.listen();
    }

    /// Refuses connections.
    pub(crate) fn stop_listening(&mut self) {
        self.endpoint.stop_listening();
    }

    /// Asks for a connection; [`Output::Opened`] or [`Output::Closed`] follows.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub(crate) fn connect(&mut self, now: Now, to: SocketAddr) -> Result<SessionId, ConnectError> {
        match to.ip() {
            IpAddr::V4(ip) if ip.is_loopback() => {
                Ok(self.endpoint.open(now.real, Address { ip: ip.octets(), port: to.port() })?)
            }
            _ => Err(ConnectError::NotLocal(to)),
        }
    }

    /// Queues bytes; false where the peer is so far behind that it must be given up.
    #[must_use]
    pub(crate) fn send(&mut self, now: Now, session: SessionId, bytes: &[u8]) -> bool {
        self.endpoint.send(now.real, session, bytes) == Ok(bytes.len())
    }

    /// Bytes that have not left yet.
    pub(crate) fn unsent(&self, session: SessionId) -> usize {
        self.endpoint.queued(session)
    }

    /// Lets the other end send as many bytes more.
    pub(crate) fn consume(&mut self, session: SessionId, bytes: usize) {
        self.endpoint.consume(session, bytes);
    }

    /// Ends a connection after what was sent.
    pub(crate) fn finish(&mut self, session: SessionId) {
        self.endpoint.finish(session);
    }

    /// Ends a connection at once.
    pub(crate) fn close(&mut self, session: SessionId) {
        self.endpoint.close(session);
    }

    /// Ends all connections at once.
    pub(crate) fn close_all(&mut self) {
        self.endpoint.close_all();
    }

    /// Ends all connections with a node that is gone.
    pub(crate) fn abandon(&mut self, node: NodeId) {
        self.endpoint.abandon(Address::loopback(node.0));
    }

    /// Takes in a message of the inbox, whatever it is.
    pub(crate) fn receive(&mut self, now: Now, message: &JsValue) {
        // What is no bytes, or too long to be a frame, is not even copied.
        match js::bytes_of(message, MAX_FRAME_LEN) {
            Some(frame) => self.endpoint.handle_frame(now.real, frame),
            None => self.strange += 1,
        }
    }

    /// How many messages of the inbox were no frames for this node.
    pub(crate) fn dropped(&self) -> u64 {
        let counters = self.endpoint.counters();
        self.strange + counters.malformed + counters.misaddressed
    }

    /// Sets the conditions of all links; a link that is not listed is perfect.
    pub(crate) fn set_conditions(&mut self, list: &[LinkCondition]) {
        let listed: BTreeSet<Address> = list.iter().map(|link| Address::loopback(link.to.0)).collect();
        for peer in self.conditioned.difference(&listed) {
            self.endpoint.heal(*peer);
            self.shaper.set(*peer, Conditions::default());
        }
        for link in list {
            let peer = Address::loopback(link.to.0);
            self.shaper.set(peer, conditions(link));
            if link.cut {
                self.endpoint.cut(peer);
                self.shaper.clear(peer);
            } else {
                self.endpoint.heal(peer);
            }
        }
        self.conditioned = listed;
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self, now: Now) {
        if self.endpoint.next_wakeup().is_some_and(|due| due <= now.real) {
            self.endpoint.handle_timeout(now.real);
        }
        while let Some((to, frame)) = self.shaper.poll(now.lab) {
            self.post(now, to, &frame);
        }
        self.channels.retain(|_, (channel, used)| {
            let keep = *used + IDLE_CHANNEL > now.real;
            if !keep {
                channel.close();
            }
            keep
        });
    }

    /// The next thing that the node should hear; frames leave on the way.
    pub(crate) fn poll(&mut self, now: Now) -> Option<Output> {
        loop {
            match self.endpoint.poll()? {
                Output::Transmit { to, frame } => match self.shaper.shape(now.lab, to, frame) {
                    Ok(Shaping::Now(frame)) => self.post(now, to, &frame),
                    // A frame that finds its link full is lost like any other, and shows as a gap.
                    Ok(Shaping::Held) | Err(_) => {}
                },
                output => return Some(output),
            }
        }
    }

    /// When sessions want a tick, on the real clock.
    pub(crate) fn next_real_wakeup(&self) -> Option<Duration> {
        self.endpoint.next_wakeup()
    }

    /// When links want a tick, on the lab's clock.
    pub(crate) fn next_lab_wakeup(&self) -> Option<Duration> {
        self.shaper.next_wakeup()
    }

    fn post(&mut self, now: Now, to: Address, frame: &[u8]) {
        if !self.channels.contains_key(&to.port) {
            // Without a channel the frame is lost, and its session ends as any does that hears nothing.
            let Ok(channel) = BroadcastChannel::new(&self.channel_name(to.port)) else { return };
            self.channels.insert(to.port, (channel, now.real));
        }
        if let Some((channel, used)) = self.channels.get_mut(&to.port) {
            *used = now.real;
            // Bytes can always be cloned; the channel is open.
            let _ = channel.post_message(&Uint8Array::from(frame));
        }
    }

    fn channel_name(&self, port: u16) -> String {
        format!("{}{port}", self.prefix)
    }
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
