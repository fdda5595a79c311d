//! The address manager (Core's `AddrMan`): the addresses that a node has heard of, in a table of those that are new to it,
//! and the ones that it has spoken to, in a table of those that it tried. An address's place is decided by a secret and by
//! who told of it, so that whoever tells of many cannot crowd the others out. Knows no connections.

mod book;
mod collisions;
mod entry;
#[cfg(any(test, feature = "contract"))]
pub(in crate::net) mod fuzz;
mod placement;
mod table;

#[cfg(test)]
mod tests;

pub use book::Book;
pub(crate) use entry::AddrInfo;
pub(crate) use placement::{PlacementKey, key_of};

use super::draw;
use super::message::{NetAddress, Services, TimedAddress};
use crate::collections::{BTreeMap, BTreeSet, sort};
use crate::time::UnixTime;
use entry::since;
use placement::Place;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;
use std::net::{IpAddr, SocketAddr};
use table::Table;

/// Buckets of addresses that were never spoken to (Core's `ADDRMAN_NEW_BUCKET_COUNT`).
pub(crate) const NEW_BUCKET_COUNT: u16 = 1_024;
/// Buckets of addresses that were (Core's `ADDRMAN_TRIED_BUCKET_COUNT`).
pub(crate) const TRIED_BUCKET_COUNT: u16 = 256;
/// Places of a bucket (Core's `ADDRMAN_BUCKET_SIZE`).
pub(crate) const BUCKET_SIZE: u8 = 64;
/// The most addresses: one for each place.
#[cfg(any(test, feature = "contract"))]
pub(crate) const MAX_ADDRESSES: usize =
    (NEW_BUCKET_COUNT as usize + TRIED_BUCKET_COUNT as usize) * BUCKET_SIZE as usize;
/// New buckets that one address may be in, told of by different sources (Core's `ADDRMAN_NEW_BUCKETS_PER_ADDRESS`).
const NEW_BUCKETS_PER_ADDRESS: usize = 8;
/// Addresses that wait for the one in whose place they want to be tested (Core's `ADDRMAN_SET_TRIED_COLLISION_SIZE`).
pub(crate) const MAX_TRIED_COLLISIONS: usize = 10;
/// How much older an address is taken to be than a stranger says.
pub(crate) const TIME_PENALTY: u32 = 2 * 60 * 60;
/// What changes within this time is no news, of an address that is up ...
const UPDATE_INTERVAL: u32 = 60 * 60;
/// ... and of one that may not be.
const UPDATE_INTERVAL_OFFLINE: u32 = 24 * 60 * 60;
/// Draws after which nothing is selected (ours; by then the chance of every address has grown to certainty).
const MAX_DRAWS: u32 = 200;

/// From which table to select.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// From either, as likely.
    Both,
    /// From those that were never spoken to.
    New,
}

/// How many addresses there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddressCounts {
    /// Never spoken to.
    pub new: usize,
    /// Spoken to.
    pub tried: usize,
}

/// The addresses.
#[derive(Clone, Debug)]
pub(crate) struct AddrMan {
    own: SocketAddr,
    key: PlacementKey,
    /// At most `MAX_ADDRESSES`, each with a place in a table.
    addresses: BTreeMap<SocketAddr, AddrInfo>,
    new: Table,
    tried: Table,
    /// At most `MAX_TRIED_COLLISIONS`.
    collisions: BTreeSet<SocketAddr>,
    /// When a connection last succeeded: failures before it say nothing of an address, but of this node.
    last_good: UnixTime,
    /// Counts up with every change that is to be stored.
    revision: u64,
}

impl AddrMan {
    /// No addresses; `own` is never one.
    pub(crate) const fn new(own: SocketAddr, key: PlacementKey) -> Self {
        Self {
            own,
            key,
            addresses: BTreeMap::new(),
            new: Table::new(),
            tried: Table::new(),
            collisions: BTreeSet::new(),
            last_good: UnixTime(1),
            revision: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.addresses.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    pub(crate) fn get(&self, address: &SocketAddr) -> Option<&AddrInfo> {
        self.addresses.get(address)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&SocketAddr, &AddrInfo)> {
        self.addresses.iter()
    }

    /// Counts up with every change that is to be stored.
    pub(crate) const fn revision(&self) -> u64 {
        self.revision
    }

    /// How many addresses there are of IPv4 and of IPv6.
    pub(crate) fn counts(&self) -> [AddressCounts; 2] {
        let mut counts = [AddressCounts::default(); 2];
        for (address, info) in self.addresses.iter() {
            let count = &mut counts[usize::from(address.is_ipv6())];
            match info.in_tried {
                true => count.tried += 1,
                false => count.new += 1,
            }
        }
        counts
    }

    /// Takes addresses that `source` tells of, each taken to be `penalty` seconds older than it says unless the source
    /// speaks of itself. How many were not known.
    pub(crate) fn add(
        &mut self,
        list: &[TimedAddress],
        source: SocketAddr,
        penalty: u32,
        now: UnixTime,
        rng: &mut ChaCha20Rng,
    ) -> usize {
        let before = self.addresses.len();
        for entry in list {
            self.add_single(entry, source, penalty, now, rng);
        }
        self.addresses.len().saturating_sub(before)
    }

    /// A connection to `address` succeeded: it goes to the tried table, or waits until the one in its place there is tested
    /// (Core's `Good`).
    pub(crate) fn good(&mut self, address: &SocketAddr, now: UnixTime) {
        self.last_good = self.last_good.max(now);
        let Some(info) = self.addresses.get_mut(address) else { return };
        info.last_success = Some(now);
        info.last_try = Some(now);
        info.attempts = 0;
        self.revision += 1;
        if info.in_tried {
            return;
        }
        let place = self.key.tried_place(address);
        if self.tried.get(place).is_none() {
            self.make_tried(*address, place, now);
        } else if self.collisions.len() < MAX_TRIED_COLLISIONS {
            self.collisions.insert(*address);
        }
    }

    /// A connection to `address` is tried. Its failure counts where `counts` says so: a node that reaches nobody has
    /// itself to blame (Core's `Attempt`).
    pub(crate) fn attempt(&mut self, address: &SocketAddr, counts: bool, now: UnixTime) {
        let last_good = self.last_good;
        let Some(info) = self.addresses.get_mut(address) else { return };
        if counts && info.last_count.is_none_or(|time| time < last_good) {
            info.last_count = Some(now);
            info.attempts += 1;
        }
        info.last_try = Some(now);
    }

    /// What `address` said of itself.
    pub(crate) fn introduced(&mut self, address: &SocketAddr, services: Services, version: u32) {
        if let Some(info) = self.addresses.get_mut(address) {
            info.services = services;
            info.version = version;
        }
    }

    /// A connection to `address` has ended, which was up until now (Core's `Connected`).
    pub(crate) fn connected(&mut self, address: &SocketAddr, now: UnixTime) {
        if let Some(info) = self.addresses.get_mut(address)
            && since(info.time, now) > 20 * 60
        {
            info.time = now;
        }
    }

    /// An address to connect to, at random (Core's `Select`).
    pub(crate) fn select(&self, from: From, now: UnixTime, rng: &mut ChaCha20Rng) -> Option<SocketAddr> {
        let use_tried = match from {
            From::New => false,
            From::Both if self.new.len() == 0 => true,
            From::Both => self.tried.len() > 0 && rng.next_u32() & 1 == 1,
        };
        let table = if use_tried { &self.tried } else { &self.new };
        let mut favour = 1.0;
        for _ in 0..MAX_DRAWS {
            let address = table.draw(rng)?;
            let chance = self.addresses.get(&address).map_or(0.0, |info| info.chance(now));
            if f64::from(rng.next_u32()) < favour * chance * 4_294_967_296.0 {
                return Some(address);
            }
            favour *= 1.2;
        }
        None
    }

    /// Of the addresses that were spoken to, the latest first: where a node that comes back looks first.
    pub(crate) fn latest(&self, count: usize) -> Vec<SocketAddr> {
        let tried = self.addresses.iter().filter(|(_, info)| info.in_tried);
        let mut tried: Vec<(Option<UnixTime>, SocketAddr)> =
            tried.map(|(address, info)| (info.last_success, *address)).collect();
        sort(&mut tried);
        tried.into_iter().rev().take(count).map(|(_, address)| address).collect()
    }

    /// So many addresses that are worth telling, at random (Core's `GetAddr`): at most `most`, and at most `share` in a
    /// hundred of all.
    pub(crate) fn get_addr(
        &self,
        most: usize,
        share: usize,
        now: UnixTime,
        rng: &mut ChaCha20Rng,
    ) -> Vec<TimedAddress> {
        let mut all: Vec<SocketAddr> = self.addresses.iter().map(|(address, _)| *address).collect();
        let count = (self.addresses.len() * share / 100).min(most);
        let mut told = Vec::with_capacity(count);
        while told.len() < count && !all.is_empty() {
            let address = all.swap_remove(draw::below(rng, all.len()));
            if let Some(info) = self.addresses.get(&address).filter(|info| !info.is_terrible(now)) {
                let node = NetAddress { services: info.services, address };
                told.push(TimedAddress { time: info.time.0, node });
            }
        }
        told
    }

    fn add_single(
        &mut self,
        entry: &TimedAddress,
        source: SocketAddr,
        penalty: u32,
        now: UnixTime,
        rng: &mut ChaCha20Rng,
    ) {
        let address = entry.node.address;
        if address == self.own || !is_routable(&address) {
            return;
        }
        let penalty = if address == source { 0 } else { penalty };
        let time = UnixTime(entry.time.saturating_sub(penalty));
        match self.addresses.get_mut(&address) {
            Some(info) => {
                let is_up = since(UnixTime(entry.time), now) < UPDATE_INTERVAL_OFFLINE;
                let interval = if is_up { UPDATE_INTERVAL } else { UPDATE_INTERVAL_OFFLINE };
                let is_news = info.time.0 < time.0.saturating_sub(interval);
                let is_later = entry.time > info.time.0;
                if is_news {
                    info.time = time;
                }
                info.services = info.services | entry.node.services;
                let places = info.places.len();
                if !is_later || info.in_tried || places >= NEW_BUCKETS_PER_ADDRESS {
                    return;
                }
                // Each further place is twice as hard to get.
                if !rng.next_u32().is_multiple_of(1 << places) {
                    return;
                }
            }
            None => {
                self.addresses.insert(address, AddrInfo::new(entry.node.services, time, source));
            }
        }
        self.place_new(address, self.key.new_place(&address, &source), now);
    }

    /// Puts a new address in a place, if that is free or held by one that can go; an address without a place is dropped.
    fn place_new(&mut self, address: SocketAddr, place: Place, now: UnixTime) {
        let held = self.new.get(place);
        if held == Some(address) {
            return;
        }
        let is_homeless = self.addresses.get(&address).is_some_and(|info| info.places.is_empty());
        let yields = |old: &AddrInfo| old.is_terrible(now) || (old.places.len() > 1 && is_homeless);
        if held.is_none_or(|held| self.addresses.get(&held).is_none_or(yields)) {
            self.clear_new(place);
            self.new.put(place, address);
            if let Some(info) = self.addresses.get_mut(&address) {
                info.places.push(place);
            }
            self.revision += 1;
        } else if is_homeless {
            self.addresses.remove(&address);
        }
    }

    /// Empties a place of the new table; who had no other is forgotten.
    fn clear_new(&mut self, place: Place) {
        let Some(held) = self.new.get(place) else { return };
        self.new.clear(place);
        if let Some(info) = self.addresses.get_mut(&held) {
            info.places.retain(|other| *other != place);
            if info.places.is_empty() {
                self.addresses.remove(&held);
                self.collisions.remove(&held);
            }
        }
    }

    /// Moves an address to its place in the tried table; who stands there goes back to the new one.
    fn make_tried(&mut self, address: SocketAddr, place: Place, now: UnixTime) {
        let Some(info) = self.addresses.get_mut(&address) else { return };
        info.in_tried = true;
        for place in std::mem::take(&mut info.places) {
            self.new.clear(place);
        }
        let old = self.tried.get(place);
        self.tried.put(place, address);
        self.revision += 1;
        let Some(old) = old else { return };
        if let Some(info) = self.addresses.get_mut(&old) {
            info.in_tried = false;
            let back = self.key.new_place(&old, &info.source);
            // It was worth a place until now: whoever is in the way gives way.
            self.clear_new(back);
            self.place_new(old, back, now);
        }
    }

    #[cfg(any(test, feature = "contract"))]
    pub(super) fn bounds(&self) -> [crate::bound::Bound; 4] {
        use crate::bound::Bound;
        let places = |buckets: u16| usize::from(buckets) * usize::from(BUCKET_SIZE);
        [
            Bound::new("addresses (MAX_ADDRESSES)", self.addresses.len(), MAX_ADDRESSES),
            Bound::new("new places (NEW_BUCKET_COUNT)", self.new.len(), places(NEW_BUCKET_COUNT)),
            Bound::new("tried places (TRIED_BUCKET_COUNT)", self.tried.len(), places(TRIED_BUCKET_COUNT)),
            Bound::new(
                "tried collisions (MAX_TRIED_COLLISIONS)",
                self.collisions.len(),
                MAX_TRIED_COLLISIONS,
            ),
        ]
    }
}

/// Whether an address can be anybody's: here 127/8 and 10/8 are (protocol.md).
pub(crate) fn is_routable(address: &SocketAddr) -> bool {
    let ip_is = match address.ip() {
        IpAddr::V4(ip) => !ip.is_unspecified() && !ip.is_broadcast() && !ip.is_multicast(),
        IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_multicast(),
    };
    ip_is && address.port() != 0
}
