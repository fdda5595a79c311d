//! Addresses travel: who is asked for them, who is told, and how many are taken from whom. Answers `addr` and `getaddr`.
//!
//! Caps and rates are Bitcoin Core's: an `addr` of more than a thousand ends the connection, a peer's addresses are taken
//! at one in ten seconds and a thousand at once, `getaddr` is answered once to whoever connected to us, and few addresses
//! in one message travel on, to peers that a keyed hash chooses anew each day.

use super::addrman::{AddrMan, TIME_PENALTY, is_routable, key_of};
use super::draw;
use super::group::AddressGroup;
use super::limits::{
    ADDR_TOKEN, AVG_ADDRESS_BROADCAST_INTERVAL, AVG_LOCAL_ADDRESS_BROADCAST_INTERVAL, GETADDR_CACHE,
    MAX_ADDR_PROCESSING_TOKENS, MAX_ADDR_TO_FORWARD, MAX_ADDR_TO_SEND, MAX_KNOWN_ADDRESSES,
    MAX_PCT_ADDR_TO_SEND, SMALL_BOOK,
};
use super::message::{Message, NetAddress, Services, TimedAddress};
use super::outbox::Outbox;
use super::poisson;
use super::reason::DisconnectReason;
use super::recent::RecentSet;
use super::secret::HashKey;
use crate::collections::{SerialMap, sort};
use crate::interface::{Direction, PeerId};
use crate::spv::siphash;
use crate::time::{Mono, Span, Time, UnixTime};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;
use std::net::SocketAddr;

/// An address dated further in the future than this is taken to be old.
const FUTURE: u32 = 10 * 60;
/// No node was up before (Core's bound).
const EARLIEST: u32 = 100_000_000;
/// How old an address with a date that cannot be is taken to be.
const OLD: u32 = 5 * 24 * 60 * 60;
/// An address seen within this time travels on.
const FRESH: u32 = 10 * 60;
/// The peers to whom an address travels on are others the next day.
const DAY: u32 = 24 * 60 * 60;

/// One peer's part.
#[derive(Debug)]
struct Gossip {
    address: SocketAddr,
    direction: Direction,
    /// It takes part: we opened the connection, or it sent `addr` or `getaddr` (Core's `m_addr_relay_enabled`).
    takes_part: bool,
    /// It was asked by `getaddr` and the answer may still come.
    asked: bool,
    /// Its `getaddr` was answered.
    answered: bool,
    /// What it may still tell us: time saved up, of which each address costs `ADDR_TOKEN`.
    allowance: Span,
    /// When that was last counted.
    counted: Mono,
    /// What it told us or was told; of a fixed size.
    known: RecentSet<SocketAddr>,
    /// What it is to be told; at most `MAX_ADDR_TO_SEND`.
    pending: Vec<TimedAddress>,
    /// When it is told; none while there is nothing.
    due: Option<Mono>,
    processed: u64,
    rate_limited: u64,
}

/// What the gossip of one peer came to, for `getpeerinfo`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddrStats {
    /// Whether addresses are exchanged with it.
    pub relay_enabled: bool,
    /// Addresses that were taken from it.
    pub processed: u64,
    /// Addresses that were dropped because they came too fast.
    pub rate_limited: u64,
}

/// The exchange of addresses.
#[derive(Debug)]
pub(crate) struct AddrRelay {
    /// What this node says of itself; none where nobody can use it.
    own: Option<NetAddress>,
    own_address: SocketAddr,
    /// Chooses who is told of which address.
    key: HashKey,
    /// One for each ready peer that syncs or is asked for addresses.
    peers: SerialMap<PeerId, Gossip>,
    /// The answer to `getaddr`, which is the same for everyone for a while; at most `MAX_ADDR_TO_SEND`.
    cache: Option<(Mono, Vec<TimedAddress>)>,
    /// When this node tells everyone of itself again.
    announce: Option<Mono>,
}

impl AddrRelay {
    /// For a node at `own_address` that offers `services`.
    pub(crate) fn new(own_address: SocketAddr, services: Services, key: HashKey) -> Self {
        let mut relay =
            Self { own: None, own_address, key, peers: SerialMap::new(), cache: None, announce: None };
        relay.offer(services);
        relay
    }

    /// What this node offers from now on.
    pub(crate) fn offer(&mut self, services: Services) {
        let own = NetAddress { services, address: self.own_address };
        self.own = services.has(Services::NETWORK).then_some(own);
    }

    /// A peer has introduced itself: one that we connected to is told of us and asked for what it knows.
    pub(crate) fn peer_ready(
        &mut self,
        peer: PeerId,
        address: SocketAddr,
        direction: Direction,
        now: Time,
        outbox: &mut Outbox,
    ) {
        let is_asked = direction == Direction::Outbound;
        let mut gossip = Gossip {
            address,
            direction,
            takes_part: is_asked,
            asked: is_asked,
            answered: false,
            allowance: ADDR_TOKEN,
            counted: now.mono,
            known: RecentSet::new(MAX_KNOWN_ADDRESSES),
            pending: Vec::new(),
            due: None,
            processed: 0,
            rate_limited: 0,
        };
        if is_asked {
            // The answer to our question may be long.
            gossip.allowance = Span(gossip.allowance.0 + ADDR_TOKEN.0 * MAX_ADDR_TO_SEND as u64);
            if let Some(own) = self.own {
                outbox.send(peer, Message::Addr(vec![TimedAddress { time: now.unix.0, node: own }]));
            }
            outbox.send(peer, Message::GetAddr);
        }
        self.peers.insert(peer, gossip);
    }

    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        self.peers.remove(&peer);
    }

    /// Takes addresses into `book`; those that are `refused` are not. How many were not known.
    pub(crate) fn on_addr(
        &mut self,
        peer: PeerId,
        mut list: Vec<TimedAddress>,
        book: &mut AddrMan,
        refused: impl Fn(&SocketAddr) -> bool,
        now: Time,
        rng: &mut ChaCha20Rng,
    ) -> Result<usize, DisconnectReason> {
        if list.len() > MAX_ADDR_TO_SEND {
            return Err(DisconnectReason::TooManyAddresses(list.len()));
        }
        let Some(gossip) = self.peers.get_mut(&peer) else { return Ok(0) };
        gossip.takes_part = true;
        gossip.refill(now.mono);
        let (source, travels) = (gossip.address, !gossip.asked && list.len() <= MAX_ADDR_TO_FORWARD);
        if list.len() < MAX_ADDR_TO_SEND {
            gossip.asked = false;
        }
        shuffle(&mut list, rng);
        let mut taken = Vec::new();
        for mut entry in list {
            if !gossip.spend() {
                continue;
            }
            if entry.time <= EARLIEST || entry.time > now.unix.0.saturating_add(FUTURE) {
                entry.time = now.unix.0.saturating_sub(OLD);
            }
            gossip.known.insert(entry.node.address, ());
            if entry.node.services.has(Services::NETWORK)
                && is_routable(&entry.node.address)
                && !refused(&entry.node.address)
            {
                gossip.processed += 1;
                taken.push(entry);
            }
        }
        let is_fresh = |entry: &TimedAddress| entry.time > now.unix.0.saturating_sub(FRESH);
        for entry in taken.iter().filter(|entry| travels && is_fresh(entry)) {
            self.forward(peer, *entry, now, rng);
        }
        // Of others' networks nothing is kept: nobody here could call there.
        taken.retain(|entry| AddressGroup::reaches(&self.own_address, &entry.node.address));
        Ok(book.add(&taken, source, TIME_PENALTY, now.unix, rng))
    }

    /// Tells one who connected to us, once, what we know: of a small book all, of a large one a share, and none that are
    /// `refused`.
    pub(crate) fn on_getaddr(
        &mut self,
        peer: PeerId,
        book: &AddrMan,
        refused: impl Fn(&SocketAddr) -> bool,
        now: Time,
        rng: &mut ChaCha20Rng,
        outbox: &mut Outbox,
    ) {
        let Some(gossip) = self.peers.get_mut(&peer) else { return };
        if gossip.direction == Direction::Outbound || std::mem::replace(&mut gossip.answered, true) {
            return;
        }
        gossip.takes_part = true;
        let mut list = answer(&mut self.cache, book, now, rng);
        list.retain(|entry| entry.node.address != gossip.address && !refused(&entry.node.address));
        if let Some(own) = self.own {
            list.truncate(MAX_ADDR_TO_SEND - 1);
            list.push(TimedAddress { time: now.unix.0, node: own });
        }
        for entry in &list {
            gossip.known.insert(entry.node.address, ());
        }
        outbox.send(peer, Message::Addr(list));
    }

    /// Sends what is due.
    pub(crate) fn flush(&mut self, now: Time, rng: &mut ChaCha20Rng, outbox: &mut Outbox) {
        if self.peers.is_empty() {
            self.announce = None;
            return;
        }
        let announce = *self.announce.get_or_insert(next_announcement(now.mono, rng));
        if announce <= now.mono {
            self.announce = Some(next_announcement(now.mono, rng));
            let own = self.own.map(|node| TimedAddress { time: now.unix.0, node });
            for (peer, gossip) in self.peers.iter_mut().filter(|(_, gossip)| gossip.takes_part) {
                outbox_send(*peer, gossip, own.into_iter().collect(), outbox);
            }
        }
        for (peer, gossip) in self.peers.iter_mut() {
            if gossip.due.is_some_and(|due| due <= now.mono) {
                gossip.due = None;
                let mut list = std::mem::take(&mut gossip.pending);
                // It may have told us of them meanwhile, or have been queued twice.
                list.retain(|entry| gossip.known.insert(entry.node.address, ()));
                outbox_send(*peer, gossip, list, outbox);
            }
        }
    }

    /// When [`AddrRelay::flush`] has something to do.
    pub(crate) fn next_wakeup(&self) -> Option<Mono> {
        self.peers.values().filter_map(|gossip| gossip.due).chain(self.announce).min()
    }

    /// What the gossip of a peer came to.
    pub(crate) fn stats(&self, peer: PeerId) -> AddrStats {
        self.peers.get(&peer).map_or_else(AddrStats::default, |gossip| AddrStats {
            relay_enabled: gossip.takes_part,
            processed: gossip.processed,
            rate_limited: gossip.rate_limited,
        })
    }

    /// Passes an address on to one or two others, the same ones all day however often it comes (Core's `RelayAddress`).
    fn forward(&mut self, from: PeerId, entry: TimedAddress, now: Time, rng: &mut ChaCha20Rng) {
        let key = key_of(&entry.node.address);
        let hash = siphash(self.key.0, &key);
        let day = (now.unix.0.wrapping_add(hash as u32) / DAY).to_le_bytes();
        let reaches = AddressGroup::reaches(&self.own_address, &entry.node.address);
        let count = if reaches || hash & 1 == 1 { 2 } else { 1 };
        let listeners = self.peers.iter().filter(|(peer, gossip)| **peer != from && gossip.takes_part);
        let mut ranked: Vec<(u64, PeerId)> = listeners
            .map(|(peer, _)| (siphash(self.key.0, &[&key[..], &day, &peer.0.to_le_bytes()].concat()), *peer))
            .collect();
        sort(&mut ranked);
        for (_, peer) in ranked.into_iter().rev().take(count) {
            if let Some(gossip) = self.peers.get_mut(&peer) {
                gossip.queue(entry, now.mono, rng);
            }
        }
    }

    #[cfg(any(test, feature = "contract"))]
    pub(super) fn bounds(&self) -> [crate::bound::Bound; 3] {
        use crate::bound::Bound;
        let pending = self.peers.values().map(|gossip| gossip.pending.len());
        let known = self.peers.values().map(|gossip| gossip.known.len());
        let cached = self.cache.as_ref().map_or(0, |(_, list)| list.len());
        [
            Bound::of_fullest("addresses to tell a peer (MAX_ADDR_TO_SEND)", pending, MAX_ADDR_TO_SEND),
            Bound::of_fullest("addresses a peer knows (MAX_KNOWN_ADDRESSES)", known, MAX_KNOWN_ADDRESSES),
            Bound::new("the answer to getaddr (MAX_ADDR_TO_SEND)", cached, MAX_ADDR_TO_SEND),
        ]
    }
}

impl Gossip {
    /// Adds what was saved up since the last time.
    fn refill(&mut self, now: Mono) {
        let most = Span(ADDR_TOKEN.0 * MAX_ADDR_PROCESSING_TOKENS);
        if self.allowance < most {
            self.allowance = Span(self.allowance.0 + (now - self.counted).0).min(most);
        }
        self.counted = now;
    }

    /// Pays for one address; false if the peer has told too many.
    fn spend(&mut self) -> bool {
        if self.allowance < ADDR_TOKEN {
            self.rate_limited += 1;
            return false;
        }
        self.allowance = Span(self.allowance.0 - ADDR_TOKEN.0);
        true
    }

    /// Puts an address among what the peer is told next, unless it knows it.
    fn queue(&mut self, entry: TimedAddress, now: Mono, rng: &mut ChaCha20Rng) {
        if self.known.contains(&entry.node.address) || entry.node.address == self.address {
            return;
        }
        match self.pending.len() {
            MAX_ADDR_TO_SEND.. => {
                let at = draw::below(rng, self.pending.len());
                self.pending[at] = entry;
            }
            _ => self.pending.push(entry),
        }
        if self.due.is_none() {
            self.due = Some(now + poisson::wait(AVG_ADDRESS_BROADCAST_INTERVAL, rng));
        }
    }
}

/// The answer to `getaddr`: drawn once in a while, or whoever asks again and again would soon know all that we know.
fn answer(
    cache: &mut Option<(Mono, Vec<TimedAddress>)>,
    book: &AddrMan,
    now: Time,
    rng: &mut ChaCha20Rng,
) -> Vec<TimedAddress> {
    if let Some((until, list)) = cache
        && *until > now.mono
    {
        return list.clone();
    }
    let share = if book.len() < SMALL_BOOK { 100 } else { MAX_PCT_ADDR_TO_SEND };
    let list = book.get_addr(MAX_ADDR_TO_SEND, share, now.unix, rng);
    // To go through an empty book again is no work, and it may not be empty for long.
    *cache = (!book.is_empty()).then(|| (now.mono + GETADDR_CACHE, list.clone()));
    list
}

/// Tells a peer what it does not know yet.
fn outbox_send(peer: PeerId, gossip: &mut Gossip, list: Vec<TimedAddress>, outbox: &mut Outbox) {
    if !list.is_empty() {
        for entry in &list {
            gossip.known.insert(entry.node.address, ());
        }
        outbox.send(peer, Message::Addr(list));
    }
}

fn next_announcement(now: Mono, rng: &mut ChaCha20Rng) -> Mono {
    now + poisson::wait(AVG_LOCAL_ADDRESS_BROADCAST_INTERVAL, rng)
}

/// Fisher and Yates's.
pub(super) fn shuffle<T>(list: &mut [T], rng: &mut ChaCha20Rng) {
    for at in (1..list.len()).rev() {
        list.swap(at, draw::below(rng, at + 1));
    }
}

/// How long ago a seed's addresses are taken to have been seen: three to seven days (Core's).
pub(super) fn seed_age(rng: &mut ChaCha20Rng, now: UnixTime) -> u32 {
    now.0.saturating_sub(3 * DAY + rng.next_u32() % (4 * DAY))
}
