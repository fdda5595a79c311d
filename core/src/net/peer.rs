//! One connection: its stream, its handshake, its pings and its counters. Answers `version`, `verack`, `ping`, `pong`.

use super::budget::Budget;
use super::limits::{HANDSHAKE_TIMEOUT, MAX_SEND_BUFFER, MIN_PEER_PROTO_VERSION};
use super::message::{Message, Services, VersionMessage};
use super::outbox::Outbox;
use super::reason::{DisconnectReason, Tolerated};
use super::session::{Opening, Session};
use super::traffic::Meter;
use crate::consensus::TimingParams;
use crate::interface::{Direction, PeerId, PeerState};
use crate::time::{Mono, Span, Time};
use std::net::SocketAddr;

/// Bytes that are worked off before the host is told, where more messages wait.
const CREDIT_BATCH: usize = 64 * 1024;

/// Bytes that are worked off before the host is told at all: far less than any transport's window, and more than most
/// messages have.
pub(super) const CREDIT_LEAST: usize = 16 * 1024;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The peer opened it.
    Inbound,
    /// This node opened it to have neighbours.
    Automatic,
    /// It was asked for by name: `-connect`, `addnode`.
    ByHand,
    /// It carries one transaction and ends: nothing is synced over it.
    Delivery,
    /// It asks for addresses and ends (`-seednode`).
    AddrFetch,
    /// It sees whether anybody is there, and ends.
    Feeler,
}

impl Purpose {
    /// Whether anything is synced and relayed over such a connection.
    pub(crate) const fn is_full(self) -> bool {
        matches!(self, Self::Inbound | Self::Automatic | Self::ByHand)
    }
}

/// Round trips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ping {
    /// The ping that has no answer yet, and when it was sent.
    waiting: Option<(u64, Mono)>,
    /// When the last one was sent.
    sent: Option<Mono>,
    /// The last round trip.
    pub last: Option<Span>,
    /// The fastest one.
    pub fastest: Option<Span>,
}

impl Ping {
    /// Since when a ping waits for its answer.
    pub fn waiting_since(&self) -> Option<Mono> {
        self.waiting.map(|(_, since)| since)
    }
}

/// A connection. What every message touches lies together at the beginning: among thousands of peers each line of it is
/// waited for.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    /// Bytes that came and for which the host was not told yet that they are worked off.
    uncredited: usize,
    /// Bytes that are worked off, to be told with the next batch.
    worked_off: usize,
    /// Bytes that were sent and wait in the host.
    pub(crate) unsent: usize,
    /// There may be a whole message among the bytes that came.
    has_unread: bool,
    /// It is in the round of those who have something to do, or has its turn.
    pub(super) is_awake: bool,
    /// Both sides have sent `verack`.
    pub(crate) ready: bool,
    pub(crate) purpose: Purpose,
    pub(crate) direction: Direction,
    /// What is said over it, and the bytes that came and are not worked off.
    pub(crate) session: Session,
    /// What it may take of this node.
    pub(crate) budget: Budget,
    pub(crate) received: Meter,
    pub(crate) sent: Meter,
    pub(crate) address: SocketAddr,
    pub(crate) connected: Time,
    /// The number in our `version`.
    pub(crate) nonce: u64,
    /// The peer's.
    pub(crate) version: Option<VersionMessage>,
    pub(crate) ping: Ping,
    pub(crate) tolerated: Tolerated,
    /// When it last sent a block that was valid and new.
    pub(crate) last_block: Option<Time>,
    /// When it last sent a transaction that was taken.
    pub(crate) last_transaction: Option<Time>,
}

/// A connection that is up and wants in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newcomer {
    pub(crate) id: PeerId,
    pub(crate) address: SocketAddr,
    pub(crate) purpose: Purpose,
    /// The number for our `version`.
    pub(crate) nonce: u64,
    /// What it begins to speak.
    pub(crate) opening: Opening,
}

impl Newcomer {
    pub(crate) const fn direction(&self) -> Direction {
        match self.purpose {
            Purpose::Inbound => Direction::Inbound,
            _ => Direction::Outbound,
        }
    }
}

/// What the handshake of a peer came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// Its `version` is accepted.
    Greeted,
    /// It is over.
    Done,
    /// The message has no place here.
    OutOfPlace,
}

impl Peer {
    /// A connection that has just come up.
    pub(crate) fn new(new: Newcomer, magic: [u8; 4], now: Time) -> Self {
        Self {
            id: new.id,
            uncredited: 0,
            worked_off: 0,
            unsent: 0,
            has_unread: false,
            is_awake: false,
            ready: false,
            purpose: new.purpose,
            direction: new.direction(),
            session: Session::new(new.opening, new.direction(), magic),
            budget: Budget::new(now.mono),
            received: Meter::default(),
            sent: Meter::default(),
            address: new.address,
            connected: now,
            nonce: new.nonce,
            version: None,
            ping: Ping::default(),
            tolerated: Tolerated::default(),
            last_block: None,
            last_transaction: None,
        }
    }

    /// Takes bytes in.
    pub(crate) fn take_in(&mut self, bytes: Vec<u8>) {
        self.uncredited += bytes.len();
        self.has_unread = true;
        self.session.push(bytes);
    }

    /// A message of `bytes` is worked off; tells how many bytes the host is to be told of, in batches.
    pub(crate) fn credit(&mut self, bytes: usize) -> Option<usize> {
        // A long message was credited while it came in, or it would never have come in whole.
        let bytes = bytes.min(self.uncredited);
        self.uncredited -= bytes;
        self.worked_off += bytes;
        (self.worked_off >= CREDIT_BATCH).then(|| std::mem::take(&mut self.worked_off))
    }

    /// There is no whole message: everything that came may be followed by as much.
    pub(crate) fn credit_all(&mut self) -> Option<usize> {
        self.has_unread = false;
        self.worked_off += std::mem::take(&mut self.uncredited);
        (self.worked_off >= CREDIT_LEAST).then(|| std::mem::take(&mut self.worked_off))
    }

    /// Whether there may be a whole message of it.
    pub(crate) const fn has_unread(&self) -> bool {
        self.has_unread
    }

    /// Whether messages of this peer wait to be read, through no fault of its own: one that does not take what was
    /// sent to it is not read from either.
    pub(crate) const fn waits_for_us(&self) -> bool {
        self.has_unread && self.unsent <= MAX_SEND_BUFFER
    }

    pub(crate) const fn state(&self) -> PeerState {
        if self.ready { PeerState::Connected } else { PeerState::Handshaking }
    }

    /// What the peer offers; nothing before its `version`.
    pub(crate) fn services(&self) -> Services {
        self.version.as_ref().map_or(Services::NONE, |version| version.services)
    }

    /// The protocol version that both sides speak.
    pub(crate) fn protocol(&self) -> u32 {
        self.version.as_ref().map_or(0, |version| version.version)
    }

    /// Whether the peer said that it wants transactions announced.
    pub(crate) fn wants_transactions(&self) -> bool {
        self.version.as_ref().is_some_and(|version| version.relay)
    }

    /// Takes the peer's `version`; an inbound peer is greeted in turn with `ours`.
    pub(crate) fn on_version(
        &mut self,
        theirs: VersionMessage,
        ours: VersionMessage,
        outbox: &mut Outbox,
    ) -> Result<Handshake, DisconnectReason> {
        if self.version.is_some() {
            self.tolerated.out_of_place += 1;
            return Ok(Handshake::OutOfPlace);
        }
        if theirs.version < MIN_PEER_PROTO_VERSION {
            return Err(DisconnectReason::ObsoleteVersion(theirs.version));
        }
        self.version = Some(theirs);
        if self.direction == Direction::Inbound {
            outbox.send(self.id, Message::Version(Box::new(ours)));
        }
        outbox.send(self.id, Message::Verack);
        Ok(Handshake::Greeted)
    }

    /// Takes the peer's `verack`.
    pub(crate) fn on_verack(&mut self) -> Handshake {
        if self.version.is_none() || self.ready {
            self.tolerated.out_of_place += 1;
            return Handshake::OutOfPlace;
        }
        self.ready = true;
        Handshake::Done
    }

    /// Whether a ping waits for its answer.
    pub(crate) const fn is_pinged(&self) -> bool {
        self.ping.waiting.is_some()
    }

    /// Asks for a sign of life.
    pub(crate) fn send_ping(&mut self, nonce: u64, now: Mono, outbox: &mut Outbox) {
        // Zero would read as "no ping" in old programs.
        let nonce = nonce.max(1);
        self.ping.waiting = Some((nonce, now));
        self.ping.sent = Some(now);
        outbox.send(self.id, Message::Ping(nonce));
    }

    /// Takes a `pong`; returns whether it answers the ping that waits.
    pub(crate) fn on_pong(&mut self, nonce: u64, now: Mono) -> bool {
        match self.ping.waiting {
            Some((waiting, sent)) if waiting == nonce => {
                let trip = now - sent;
                self.ping.waiting = None;
                self.ping.last = Some(trip);
                self.ping.fastest = Some(self.ping.fastest.map_or(trip, |fastest| fastest.min(trip)));
                true
            }
            _ => {
                self.tolerated.out_of_place += 1;
                false
            }
        }
    }

    /// Whether a ping is due.
    pub(crate) fn wants_ping(&self, timing: &TimingParams, now: Mono) -> bool {
        self.ready && self.ping.waiting.is_none() && self.next_ping(timing) <= now
    }

    /// Why this connection must end now, if it must: a handshake that drags on, a peer that is silent.
    pub(crate) fn overdue(&self, timing: &TimingParams, now: Mono) -> Option<DisconnectReason> {
        if self.deadline(timing) > now {
            return None;
        }
        Some(if self.ready {
            DisconnectReason::PingTimeout((now - self.last_heard()).as_millis() / 1_000)
        } else {
            DisconnectReason::HandshakeTimeout
        })
    }

    /// When this connection next needs a ping or an end.
    pub(crate) fn next_wakeup(&self, timing: &TimingParams) -> Mono {
        let deadline = self.deadline(timing);
        if self.ready && self.ping.waiting.is_none() {
            deadline.min(self.next_ping(timing))
        } else {
            deadline
        }
    }

    fn next_ping(&self, timing: &TimingParams) -> Mono {
        self.ping.sent.map_or(self.connected.mono, |sent| sent + timing.ping_interval)
    }

    /// Silence ends a connection, and so does a ping without an answer, whatever else comes.
    fn deadline(&self, timing: &TimingParams) -> Mono {
        if !self.ready {
            return self.connected.mono + HANDSHAKE_TIMEOUT;
        }
        let silent = self.last_heard() + timing.dead_after;
        self.ping.waiting.map_or(silent, |(_, sent)| silent.min(sent + timing.dead_after))
    }

    fn last_heard(&self) -> Mono {
        self.received.last.map_or(self.connected.mono, |time| time.mono)
    }
}
