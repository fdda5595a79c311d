//! Connections that a node opens by itself: to addresses of its book, drawn at random, few of one group, of versions that
//! it has not where there is a choice; now and then one that only tests an address.

use super::addrman::{AddrInfo, AddrMan, From};
use super::connections::Connections;
use super::discovery::Discovery;
use super::group::AddressGroup;
use super::limits::{
    ENOUGH_OUTBOUND, LOOKED_THROUGH, MAX_DRAWS_PER_CONNECTION, MAX_OUTBOUND_PER_GROUP,
    OPEN_CONNECTIONS_INTERVAL,
};
use super::message::Services;
use super::outbox::Outbox;
use super::peer::Purpose;
use super::peers::Peers;
use crate::collections::BTreeMap;
use crate::time::Time;
use rand_chacha::ChaCha20Rng;
use std::net::SocketAddr;

impl Connections {
    /// Opens what is missing of the connections that this node wants by itself.
    pub(super) fn dial_neighbours(
        &mut self,
        now: Time,
        peers: &Peers,
        discovery: &mut Discovery,
        rng: &mut ChaCha20Rng,
        outbox: &mut Outbox,
    ) {
        let mut taken = Taken::new(self, peers);
        let mut room = self.max_outbound.saturating_sub(taken.count);
        if room == 0 && self.max_outbound > 0 {
            self.test_an_address(now, peers, discovery, rng, outbox);
            return;
        }
        discovery.rest_feelers();
        if room == 0 || !self.has_choice(now, peers, discovery) {
            return;
        }
        if discovery.book.len() > LOOKED_THROUGH {
            // Whoever fills the book with addresses of nobody could have us dial without end.
            if self.next_choice > now.mono {
                return self.wake_at(self.next_choice);
            }
            self.next_choice = now.mono + OPEN_CONNECTIONS_INTERVAL;
            self.wake_at(self.next_choice);
            room = 1;
        }
        while room > 0 {
            let Some(address) = self.choose(now, peers, &taken, discovery, rng) else { break };
            taken.add(address);
            room -= 1;
            // A node that reaches nobody has itself to blame.
            let enough = ENOUGH_OUTBOUND.min(self.max_outbound - 1);
            let counts = peers.count(Purpose::Automatic) >= enough;
            discovery.book.attempt(&address, counts, now.unix);
            self.open_once(address, Purpose::Automatic, now.mono, outbox);
        }
    }

    /// Whether the book holds an address that may be tried now; a large book is taken to.
    fn has_choice(&self, now: Time, peers: &Peers, discovery: &Discovery) -> bool {
        let book = &discovery.book;
        let is_possible = |(address, info): (&SocketAddr, &AddrInfo)| {
            info.services.has(Services::NETWORK) && self.is_due(address, now, peers)
        };
        book.len() > LOOKED_THROUGH || book.iter().any(is_possible)
    }

    /// An address that worked last time; else one drawn from the book, or, of two, the one whose version is rarer among
    /// those that this node has.
    fn choose(
        &self,
        now: Time,
        peers: &Peers,
        taken: &Taken,
        discovery: &mut Discovery,
        rng: &mut ChaCha20Rng,
    ) -> Option<SocketAddr> {
        let may_serve = |book: &AddrMan, address: &SocketAddr| {
            book.get(address).is_some_and(|info| info.services.has(Services::NETWORK))
        };
        let is_possible = |book: &AddrMan, address: &SocketAddr| {
            taken.has_room(address) && may_serve(book, address) && self.is_due(address, now, peers)
        };
        while let Some(anchor) = discovery.next_anchor() {
            if is_possible(&discovery.book, &anchor) {
                return Some(anchor);
            }
        }
        let book = &discovery.book;
        let is_possible = |address: &SocketAddr| is_possible(book, address);
        let mut draw = || {
            let drawn = (0..MAX_DRAWS_PER_CONNECTION).map(|_| book.select(From::Both, now.unix, rng));
            drawn.map_while(|address| address).find(|address| is_possible(address))
        };
        let first = match book.len() {
            0..=LOOKED_THROUGH => {
                let mut possible = book.iter().map(|(address, _)| *address).filter(is_possible);
                match (possible.next()?, possible.next()) {
                    (only, None) => return Some(only),
                    (one, Some(_)) => draw().unwrap_or(one),
                }
            }
            _ => draw()?,
        };
        let second = draw().unwrap_or(first);
        let version = |address: &SocketAddr| book.get(address).map_or(0, |info| info.version);
        let commonness = |address: &SocketAddr| {
            let version = version(address);
            peers.ready().filter(|peer| version > 0 && peer.protocol() == version).count()
        };
        Some(if commonness(&second) < commonness(&first) { second } else { first })
    }

    fn test_an_address(
        &mut self,
        now: Time,
        peers: &Peers,
        discovery: &mut Discovery,
        rng: &mut ChaCha20Rng,
        outbox: &mut Outbox,
    ) {
        let Some(address) = discovery.feeler(now, rng) else { return };
        if self.is_due(&address, now, peers) {
            discovery.book.attempt(&address, true, now.unix);
            self.open_once(address, Purpose::Feeler, now.mono, outbox);
        }
    }
}

/// The connections that a node has opened or is opening by itself.
struct Taken {
    count: usize,
    /// How many go to each group; at most one entry for each connection.
    groups: BTreeMap<AddressGroup, usize>,
}

impl Taken {
    fn new(connections: &Connections, peers: &Peers) -> Self {
        let mut taken = Self { count: 0, groups: BTreeMap::new() };
        let open = peers.iter().filter(|peer| peer.purpose == Purpose::Automatic).map(|peer| peer.address);
        open.chain(connections.opening(Purpose::Automatic)).for_each(|address| taken.add(address));
        taken
    }

    fn add(&mut self, address: SocketAddr) {
        self.count += 1;
        *self.groups.entry(AddressGroup::of(&address)).or_default() += 1;
    }

    fn has_room(&self, address: &SocketAddr) -> bool {
        self.groups.get(&AddressGroup::of(address)).is_none_or(|count| *count < MAX_OUTBOUND_PER_GROUP)
    }
}
