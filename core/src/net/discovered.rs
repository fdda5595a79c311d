//! Finding nodes and keeping what is known of them: what connections and messages mean for the address book, and what is
//! asked of it from outside.

use super::addrman::{AddrInfo, AddrMan, AddressCounts, Book};
use super::limits::ADDR_FETCH_TIMEOUT;
use super::message::{NetAddress, Services, TimedAddress};
use super::network::Network;
use super::peer::{Peer, Purpose};
use super::reason::DisconnectReason;
use crate::interface::{Direction, LogLine, PeerId};
use crate::time::{Mono, Time, UnixTime};
use std::net::SocketAddr;

/// An address that a node knows, for `getnodeaddresses`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownAddress {
    /// When it was last seen up.
    pub time: UnixTime,
    /// What it offers.
    pub services: Services,
    /// The address.
    pub address: SocketAddr,
}

/// A connection that is kept by hand, for `getaddednodeinfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddedNode {
    /// To whom.
    pub address: SocketAddr,
    /// Who opened the connection that is up, if one is.
    pub connected: Option<Direction>,
}

impl Network {
    /// A seed has answered; with nothing if it is dead.
    pub fn seed_answered(&mut self, seed: u8, addresses: &[SocketAddr], now: Time) {
        let fresh = self.discovery.answered(seed, addresses, now, &mut self.rng);
        self.book_grew(fresh);
    }

    /// What is known of other nodes, to be stored.
    pub fn book(&self) -> Book {
        self.discovery.book.book(self.magic)
    }

    /// Counts up with every change of what [`Network::book`] gives.
    pub const fn book_revision(&self) -> u64 {
        self.discovery.book.revision()
    }

    /// How many addresses [`Network::book`] gives.
    pub fn book_size(&self) -> usize {
        self.discovery.book.len()
    }

    /// Takes what was stored; nothing if it is of another network.
    pub fn restore_book(&mut self, book: Book) {
        if book.magic() == self.magic {
            self.discovery.book = AddrMan::restore(self.own, book);
        }
    }

    /// So many known addresses at random, without those that are refused; all if `count` is none.
    pub fn known_addresses(&mut self, count: Option<usize>, now: Time) -> Vec<KnownAddress> {
        let most = count.unwrap_or(usize::MAX);
        let mut list = self.discovery.book.get_addr(usize::MAX, 100, now.unix, &mut self.rng);
        list.retain(|entry| self.connections.refuses(&entry.node.address, now.unix).is_none());
        let known = |entry: TimedAddress| KnownAddress {
            time: UnixTime(entry.time),
            services: entry.node.services,
            address: entry.node.address,
        };
        list.into_iter().take(most).map(known).collect()
    }

    /// How many addresses are known, of IPv4 and of IPv6.
    pub fn address_counts(&self) -> [AddressCounts; 2] {
        self.discovery.book.counts()
    }

    /// Adds an address to the book, as one that was tried where `tried` is asked for; false if it found no place.
    pub fn add_peer_address(&mut self, address: SocketAddr, tried: bool, now: Time) -> bool {
        let node = NetAddress { services: Services::NETWORK | Services::WITNESS, address };
        let entry = TimedAddress { time: now.unix.0, node };
        let added = self.discovery.book.add(&[entry], address, 0, now.unix, &mut self.rng) > 0;
        if added && tried {
            self.discovery.book.good(&address, now.unix);
        }
        self.connections.look_again();
        added && (!tried || self.discovery.book.get(&address).is_some_and(|info: &AddrInfo| info.in_tried))
    }

    /// Takes what a peer tells of others.
    pub(super) fn on_addr(
        &mut self,
        peer: PeerId,
        list: Vec<TimedAddress>,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        let (connections, count) = (&self.connections, list.len());
        let refused = |address: &SocketAddr| connections.refuses(address, now.unix).is_some();
        let book = &mut self.discovery.book;
        let fresh = self.addresses.on_addr(peer, list, book, refused, now, &mut self.rng)?;
        self.book_grew(fresh);
        // One alone is what the peer says of itself.
        let is_fetched = self.peers.get(peer).is_some_and(|peer| peer.purpose == Purpose::AddrFetch);
        if is_fetched && count > 1 { Err(DisconnectReason::AddressesFetched) } else { Ok(()) }
    }

    /// The handshake with a peer is over: what that means for the book, and what it is asked.
    pub(super) fn met(&mut self, peer: PeerId, now: Time) {
        let Some(entry) = self.peers.get(peer) else { return };
        let (address, direction, purpose) = (entry.address, entry.direction, entry.purpose);
        if direction == Direction::Outbound {
            self.discovery.book.introduced(&address, entry.services(), entry.protocol());
            self.discovery.book.good(&address, now.unix);
        }
        if !self.quiet && (purpose.is_full() || purpose == Purpose::AddrFetch) {
            self.addresses.peer_ready(peer, address, direction, now, &mut self.outbox);
        }
        if purpose == Purpose::Feeler && !self.deliveries.has(address) {
            self.disconnect(peer, DisconnectReason::Tested, now);
        }
    }

    /// A peer is gone.
    pub(super) fn left(&mut self, gone: &Peer, now: Time) {
        if gone.ready && gone.direction == Direction::Outbound {
            self.discovery.book.connected(&gone.address, now.unix);
            self.discovery.lost_connection(now.mono);
        }
    }

    /// Looks for nodes.
    pub(super) fn discover(&mut self, now: Time) {
        let wanted = self.connections.max_outbound;
        let (to_ask, has_grown) =
            self.discovery.work(&self.peers, wanted, now, &mut self.rng, &mut self.outbox);
        for address in to_ask {
            if self.peers.with_address(address).is_none() && !self.connections.is_opening(&address) {
                self.connections.open_once(address, Purpose::AddrFetch, now.mono, &mut self.outbox);
            }
        }
        if has_grown || self.discovery.next_wakeup().is_some_and(|due| due <= now.mono) {
            self.connections.look_again();
        }
        let is_over = |peer: &&Peer| peer.connected.mono + ADDR_FETCH_TIMEOUT <= now.mono;
        let over: Vec<PeerId> = self.peers.fetched().filter(is_over).map(|peer| peer.id).collect();
        for peer in over {
            self.disconnect(peer, DisconnectReason::AddressesFetched, now);
        }
    }

    /// When a connection that asks for addresses has had its time.
    pub(super) fn fetches_end(&self) -> Option<Mono> {
        self.peers.fetched().map(|peer| peer.connected.mono + ADDR_FETCH_TIMEOUT).min()
    }

    /// Addresses were learned that were not known: there may be somebody to connect to.
    fn book_grew(&mut self, by: usize) {
        if by > 0 {
            self.connections.look_again();
            self.outbox.log(LogLine::KnownNodes(self.discovery.book.len()));
        }
    }
}
