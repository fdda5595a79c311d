//! Where a node looks for others: nodes named by `-seednode` are asked at once; meanwhile it tries, in this order, the
//! addresses that worked last time, all others in its book, nine seeds, fixed nodes; and when none answers, it begins again.
//! Owns the address book.
//!
//! Core's `ThreadDNSAddressSeed` and `ThreadOpenConnections`, without threads: seeds are asked where the book is empty, or
//! where what it knows did not lead to two connections in eleven seconds.

use super::addr_relay::{seed_age, shuffle};
use super::addrman::{AddrMan, From, PlacementKey};
use super::limits::{
    DIRECTORY_HINT_DELAY, DNSSEEDS_DELAY_FEW_PEERS, DNSSEEDS_TO_QUERY_AT_ONCE, ENOUGH_OUTBOUND,
    FEELER_INTERVAL, MAX_OUTBOUND_CONNECTIONS, MAX_WANTED_BY_HAND, SEED_ROUND_MAX, SEED_TIMEOUT,
};
use super::message::{NetAddress, Services, TimedAddress};
use super::outbox::{NetOutput, Outbox};
use super::peers::Peers;
use super::poisson;
use super::seeds::{self, FIXED_NODES, seed_source};
use crate::collections::BTreeMap;
use crate::interface::Direction;
use crate::time::{Mono, Span, Time, UnixTime};
use rand_chacha::ChaCha20Rng;
use std::net::SocketAddr;

/// The search for nodes.
#[derive(Debug)]
pub(crate) struct Discovery {
    /// Nodes that are tried where nothing is known.
    fixed_nodes: &'static [SocketAddr],
    pub(crate) book: AddrMan,
    /// Whether nodes are looked for.
    active: bool,
    /// Nodes that are asked for others; at most `limits::MAX_WANTED_BY_HAND`.
    seed_nodes: Vec<SocketAddr>,
    /// Those of them that are to be asked in this round.
    unasked_nodes: Vec<SocketAddr>,
    /// Addresses that worked last time and were not tried yet, the latest last; at most `limits::MAX_OUTBOUND_CONNECTIONS`.
    anchors: Vec<SocketAddr>,
    /// Seeds that were not asked in this round, the next one last; at most `limits::DNS_SEEDS`.
    unasked: Vec<u8>,
    /// Seeds that were asked and have not answered, and until when they may; at most `limits::DNS_SEEDS`.
    asked: BTreeMap<u8, Mono>,
    /// When to see whether seeds are to be asked; none while there are connections enough.
    next: Option<Mono>,
    /// How long this round's end is waited for.
    pause: Span,
    /// When an address is tested next, once there is no room for more connections.
    feeler: Option<Mono>,
}

impl Discovery {
    pub(crate) fn new(own: SocketAddr, key: [u64; 2]) -> Self {
        Self {
            book: AddrMan::new(own, PlacementKey(key)),
            // A room has other nodes under other addresses.
            fixed_nodes: if own.ip().is_loopback() { &FIXED_NODES } else { &[] },
            active: false,
            seed_nodes: Vec::new(),
            unasked_nodes: Vec::new(),
            anchors: Vec::new(),
            unasked: Vec::new(),
            asked: BTreeMap::new(),
            next: None,
            pause: DNSSEEDS_DELAY_FEW_PEERS,
            feeler: None,
        }
    }

    /// Looks for nodes from now on.
    pub(crate) fn start(&mut self, seed_nodes: &[SocketAddr], now: Time, rng: &mut ChaCha20Rng) {
        self.active = true;
        self.seed_nodes = seed_nodes.iter().take(MAX_WANTED_BY_HAND).copied().collect();
        self.anchors = self.book.latest(MAX_OUTBOUND_CONNECTIONS);
        self.anchors.reverse();
        self.pause = DNSSEEDS_DELAY_FEW_PEERS;
        self.asked.clear();
        for address in self.seed_nodes.clone() {
            self.add_known(address, address, now, rng);
        }
        self.begin_round(rng);
        let is_empty = self.book.is_empty() || self.book.len() <= self.seed_nodes.len();
        self.next = Some(if is_empty { now.mono } else { now.mono + DNSSEEDS_DELAY_FEW_PEERS });
    }

    /// Looks for none any more.
    pub(crate) fn stop(&mut self) {
        self.active = false;
        self.next = None;
        self.feeler = None;
        self.asked.clear();
        self.anchors.clear();
        self.unasked_nodes.clear();
    }

    /// The host's directory lists new nodes. One that is alone sees whether seeds know them.
    pub(crate) fn heard_of_news(&mut self, peers: &Peers, now: Mono, rng: &mut ChaCha20Rng) {
        if !self.active || peers.ready().next().is_some() {
            return;
        }
        if self.unasked.is_empty() {
            self.begin_round(rng);
        }
        self.next =
            Some(self.next.map_or(now + DIRECTORY_HINT_DELAY, |next| next.min(now + DIRECTORY_HINT_DELAY)));
    }

    /// A connection is gone: if others are missing too, seeds will be asked.
    pub(crate) fn lost_connection(&mut self, now: Mono) {
        if self.active && self.next.is_none() {
            self.next = Some(now + DNSSEEDS_DELAY_FEW_PEERS);
        }
    }

    /// Asks seeds where that is due, for a node that opens `wanted` connections by itself. Returns nodes that are to be
    /// asked for addresses, and whether the book has grown.
    pub(crate) fn work(
        &mut self,
        peers: &Peers,
        wanted: usize,
        now: Time,
        rng: &mut ChaCha20Rng,
        outbox: &mut Outbox,
    ) -> (Vec<SocketAddr>, bool) {
        self.asked.retain(|_, deadline| *deadline > now.mono);
        let to_ask = std::mem::take(&mut self.unasked_nodes);
        if !self.active || self.next.is_none_or(|next| next > now.mono) {
            return (to_ask, false);
        }
        let outbound = peers.ready().filter(|peer| peer.direction == Direction::Outbound).count();
        if outbound >= ENOUGH_OUTBOUND.min(wanted) {
            self.next = None;
            self.pause = DNSSEEDS_DELAY_FEW_PEERS;
            return (to_ask, false);
        }
        if self.unasked.is_empty() {
            return (to_ask, self.end_round(now, rng));
        }
        let count = if self.book.is_empty() { self.unasked.len() } else { DNSSEEDS_TO_QUERY_AT_ONCE };
        for _ in 0..count {
            let Some(seed) = self.unasked.pop() else { break };
            self.asked.insert(seed, now.mono + SEED_TIMEOUT);
            outbox.push(NetOutput::AskSeed { seed });
        }
        let wait = if self.unasked.is_empty() { SEED_TIMEOUT } else { DNSSEEDS_DELAY_FEW_PEERS };
        self.next = Some(now.mono + wait);
        (to_ask, false)
    }

    /// Asks some seeds though connections are not missing: others are wanted. How many were asked, none where no nodes are
    /// looked for.
    pub(crate) fn ask_more(&mut self, now: Mono, rng: &mut ChaCha20Rng, outbox: &mut Outbox) -> u32 {
        if !self.active {
            return 0;
        }
        if self.unasked.is_empty() {
            self.begin_round(rng);
        }
        let mut count = 0;
        while count < DNSSEEDS_TO_QUERY_AT_ONCE as u32
            && let Some(seed) = self.unasked.pop()
        {
            self.asked.insert(seed, now + SEED_TIMEOUT);
            outbox.push(NetOutput::AskSeed { seed });
            count += 1;
        }
        count
    }

    /// A seed has answered; none if it is dead. How many of its addresses were not known.
    pub(crate) fn answered(
        &mut self,
        seed: u8,
        addresses: &[SocketAddr],
        now: Time,
        rng: &mut ChaCha20Rng,
    ) -> usize {
        if self.asked.remove(&seed).is_none() {
            return 0;
        }
        let most = addresses.len().min(super::limits::MAX_SEED_ANSWER);
        let list: Vec<TimedAddress> = addresses[..most]
            .iter()
            .map(|address| self.told_by_seed(*address, UnixTime(seed_age(rng, now.unix))))
            .collect();
        self.book.add(&list, seed_source(seed), 0, now.unix, rng)
    }

    /// The next address that worked last time.
    pub(crate) fn next_anchor(&mut self) -> Option<SocketAddr> {
        self.anchors.pop()
    }

    /// An address to test, now that there is no room for more connections: one whose place in the book another wants, or
    /// one that nobody here has ever spoken to.
    pub(crate) fn feeler(&mut self, now: Time, rng: &mut ChaCha20Rng) -> Option<SocketAddr> {
        let due = *self.feeler.get_or_insert_with(|| now.mono + poisson::wait(FEELER_INTERVAL, rng));
        if due > now.mono {
            return None;
        }
        self.feeler = Some(now.mono + poisson::wait(FEELER_INTERVAL, rng));
        self.book.resolve_collisions(now.unix);
        let collision = self.book.select_tried_collision(rng);
        collision.or_else(|| self.book.select(From::New, now.unix, rng))
    }

    /// No address is tested while connections are missing.
    pub(crate) const fn rest_feelers(&mut self) {
        self.feeler = None;
    }

    /// When [`Discovery::work`] or [`Discovery::feeler`] has something to do.
    pub(crate) fn next_wakeup(&self) -> Option<Mono> {
        self.next.into_iter().chain(self.feeler).min()
    }

    fn begin_round(&mut self, rng: &mut ChaCha20Rng) {
        self.unasked = seeds::all();
        shuffle(&mut self.unasked, rng);
        self.unasked_nodes.clone_from(&self.seed_nodes);
    }

    /// All seeds were asked, and that led nowhere: fixed nodes are tried where nothing else is known, and after a pause
    /// everyone is asked again. Whether the book has grown.
    fn end_round(&mut self, now: Time, rng: &mut ChaCha20Rng) -> bool {
        let has_nothing = self.book.is_empty();
        if has_nothing {
            for &address in self.fixed_nodes {
                self.add_known(address, address, now, rng);
            }
        }
        self.begin_round(rng);
        self.next = Some(now.mono + self.pause);
        self.pause = Span(self.pause.0 * 2).min(SEED_ROUND_MAX);
        has_nothing
    }

    /// A seed says nothing of services: what a node said of itself stays.
    fn told_by_seed(&self, address: SocketAddr, time: UnixTime) -> TimedAddress {
        let mut told = entry(address, time);
        if let Some(info) = self.book.get(&address) {
            told.node.services = info.services;
        }
        told
    }

    fn add_known(&mut self, address: SocketAddr, source: SocketAddr, now: Time, rng: &mut ChaCha20Rng) {
        self.book.add(&[entry(address, now.unix)], source, 0, now.unix, rng);
    }

    #[cfg(any(test, feature = "contract"))]
    pub(super) fn bounds(&self) -> Vec<crate::bound::Bound> {
        use super::limits::DNS_SEEDS;
        use crate::bound::Bound;
        let seeds = self.unasked.len() + self.asked.len();
        let mut bounds = vec![
            Bound::new(
                "nodes to ask for others (MAX_WANTED_BY_HAND)",
                self.seed_nodes.len(),
                MAX_WANTED_BY_HAND,
            ),
            Bound::new(
                "addresses that worked (MAX_OUTBOUND_CONNECTIONS)",
                self.anchors.len(),
                MAX_OUTBOUND_CONNECTIONS,
            ),
            Bound::new("seeds to ask and asked (DNS_SEEDS twice)", seeds, 2 * usize::from(DNS_SEEDS)),
        ];
        bounds.extend(self.book.bounds());
        bounds
    }
}

/// An address of a node that is taken to serve the chain until it says what it serves.
fn entry(address: SocketAddr, time: UnixTime) -> TimedAddress {
    let services = Services::NETWORK | Services::WITNESS;
    TimedAddress { time: time.0, node: NetAddress { services, address } }
}
