//! Which connections this node wants: those asked for by name, and neighbours (`neighbours`). Opens them, opens them again
//! when they are lost, and knows who is not to come back.
//!
//! The host's directory says who is up; it names nobody to connect to, but an address that is known and listed is tried
//! again sooner, and at once when it is newly listed.

use super::discovery::Discovery;
use super::group::AddressGroup;
use super::limits::{
    CONNECT_RETRY_MAX, CONNECT_RETRY_MAX_BOOK, CONNECT_RETRY_MAX_LISTED, CONNECT_RETRY_MIN,
    CONNECT_RETRY_MIN_BOOK, CONNECT_TIMEOUT, CONNECTION_PROVEN, MAX_BACKOFFS, MAX_DIRECTORY, MAX_DISCOURAGED,
    MAX_OUTBOUND_CONNECTIONS, MAX_WANTED_BY_HAND,
};
use super::outbox::{NetOutput, Outbox};
use super::peer::Purpose;
use super::peers::Peers;
use super::reason::DisconnectReason;
use super::recent::RecentSet;
use crate::collections::{BTreeMap, BTreeSet};
use crate::interface::LogLine;
use crate::time::{Mono, Span, Time, UnixTime};
use rand_chacha::ChaCha20Rng;
use std::net::SocketAddr;

/// An attempt on the way.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    purpose: Purpose,
    /// Begin with v1: the peer did not understand v2 the last time.
    v1: bool,
    deadline: Mono,
}

/// The pause before a wanted address is tried again.
#[derive(Clone, Copy, Debug)]
struct Backoff {
    pause: Span,
    next: Mono,
    /// The log has said that it is not available.
    reported: bool,
}

/// A ban set by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ban {
    /// The address that was banned, and with it its group.
    pub address: SocketAddr,
    /// When it was set.
    pub created: UnixTime,
    /// When the ban ends.
    pub until: UnixTime,
}

/// The connections wanted.
#[derive(Debug)]
pub(crate) struct Connections {
    own: SocketAddr,
    /// Whether any are; a delivery is made all the same.
    active: bool,
    /// `-connect`: those by hand and no others.
    only_by_hand: bool,
    /// Connections that this node opens by itself.
    pub(super) max_outbound: usize,
    /// In the order in which they were named; at most `limits::MAX_WANTED_BY_HAND`.
    by_hand: Vec<SocketAddr>,
    /// Nodes that the host says are up; at most `limits::MAX_DIRECTORY`.
    directory: BTreeSet<SocketAddr>,
    /// At most one for each address that is wanted or delivered to.
    attempts: BTreeMap<SocketAddr, Attempt>,
    /// At most `limits::MAX_BACKOFFS`.
    backoffs: BTreeMap<SocketAddr, Backoff>,
    discouraged: RecentSet<AddressGroup>,
    /// Set by hand alone.
    bans: BTreeMap<AddressGroup, Ban>,
    /// When `dial` has something to do; none until something changes.
    wakeup: Option<Mono>,
    /// When the next address of a large book is chosen.
    pub(super) next_choice: Mono,
}

impl Connections {
    pub(crate) const fn new(own: SocketAddr) -> Self {
        Self {
            own,
            active: false,
            only_by_hand: false,
            max_outbound: MAX_OUTBOUND_CONNECTIONS,
            by_hand: Vec::new(),
            directory: BTreeSet::new(),
            attempts: BTreeMap::new(),
            backoffs: BTreeMap::new(),
            discouraged: RecentSet::new(MAX_DISCOURAGED),
            bans: BTreeMap::new(),
            wakeup: None,
            next_choice: Mono(0),
        }
    }

    /// From now on connections are wanted: to `connect` alone where any are named, else to neighbours, of whom this node
    /// opens `max_outbound` by itself.
    pub(crate) fn start(&mut self, connect: &[SocketAddr], max_outbound: usize) {
        self.active = true;
        self.only_by_hand = !connect.is_empty();
        self.max_outbound = max_outbound;
        self.by_hand.clear();
        self.backoffs.clear();
        for &address in connect {
            self.add(address);
        }
        self.look_again();
    }

    /// No connections are wanted any more.
    pub(crate) fn stop(&mut self) {
        self.active = false;
        self.attempts.retain(|_, attempt| attempt.purpose == Purpose::Delivery);
        self.backoffs.clear();
    }

    /// Keeps a connection to `address` from now on; false if too many are kept.
    pub(crate) fn add(&mut self, address: SocketAddr) -> bool {
        if self.by_hand.contains(&address) {
            return true;
        }
        if self.by_hand.len() >= MAX_WANTED_BY_HAND {
            return false;
        }
        self.by_hand.push(address);
        self.look_again();
        true
    }

    /// Forgets an added address; false if it was not.
    pub(crate) fn forget(&mut self, address: SocketAddr) -> bool {
        let before = self.by_hand.len();
        self.by_hand.retain(|other| *other != address);
        self.backoffs.retain(|other, _| *other != address);
        self.by_hand.len() < before
    }

    /// Which nodes are up, in place of the last list. Returns how many are new. One that is new, or up again, is
    /// tried at once.
    pub(crate) fn set_directory(&mut self, addresses: impl IntoIterator<Item = SocketAddr>) -> usize {
        let listed: BTreeSet<SocketAddr> =
            addresses.into_iter().filter(|address| *address != self.own).take(MAX_DIRECTORY).collect();
        let fresh: Vec<SocketAddr> = listed.difference(&self.directory).copied().collect();
        self.directory = listed;
        for address in &fresh {
            self.backoffs.remove(address);
        }
        self.look_again();
        fresh.len()
    }

    /// Addresses to which connections are kept by hand.
    pub(crate) fn added(&self) -> impl Iterator<Item = SocketAddr> {
        self.by_hand.iter().copied()
    }

    /// Addresses to which connections are being opened for a purpose.
    pub(super) fn opening(&self, purpose: Purpose) -> impl Iterator<Item = SocketAddr> {
        let attempts = self.attempts.iter().filter(move |(_, attempt)| attempt.purpose == purpose);
        attempts.map(|(address, _)| *address)
    }

    /// Opens one connection that is not kept.
    pub(crate) fn open_once(
        &mut self,
        address: SocketAddr,
        purpose: Purpose,
        now: Mono,
        outbox: &mut Outbox,
    ) {
        self.attempt(address, Attempt { purpose, v1: false, deadline: now + CONNECT_TIMEOUT }, outbox);
    }

    /// Opens a connection again over which the peer did not understand v2 (Core's `m_reconnections`).
    pub(crate) fn reopen_v1(
        &mut self,
        address: SocketAddr,
        purpose: Purpose,
        now: Mono,
        outbox: &mut Outbox,
    ) {
        self.attempt(address, Attempt { purpose, v1: true, deadline: now + CONNECT_TIMEOUT }, outbox);
    }

    fn attempt(&mut self, address: SocketAddr, attempt: Attempt, outbox: &mut Outbox) {
        self.wake_at(attempt.deadline);
        if self.attempts.insert(address, attempt).is_none() {
            outbox.push(NetOutput::Connect { address });
        }
    }

    /// Whether a connection to `address` is on its way.
    pub(crate) fn is_opening(&self, address: &SocketAddr) -> bool {
        self.attempts.contains_key(address)
    }

    /// A connection that this node asked for is up: what it is for, and whether it is to begin with v1. None if nobody
    /// waits for it any more.
    pub(crate) fn opened(&mut self, address: SocketAddr) -> Option<(Purpose, bool)> {
        let attempt = self.attempts.remove(&address)?;
        if let Some(backoff) = self.backoffs.get_mut(&address) {
            backoff.reported = false;
        }
        Some((attempt.purpose, attempt.v1))
    }

    /// A connection could not be made; false if nobody waits for it any more.
    pub(crate) fn failed(&mut self, address: SocketAddr, now: Mono, outbox: &mut Outbox) -> bool {
        let Some(attempt) = self.attempts.remove(&address) else { return false };
        let is_news = !self.backoffs.get(&address).is_some_and(|backoff| backoff.reported);
        // Of what strangers tell of, much is not there.
        let is_asked_for = matches!(attempt.purpose, Purpose::Delivery | Purpose::ByHand);
        if is_news && (is_asked_for || self.is_wanted(&address)) {
            outbox.log(LogLine::NotAvailable(address.to_string()));
        }
        if self.active && attempt.purpose != Purpose::Delivery {
            self.push_back(address, true, now);
        }
        self.look_again();
        true
    }

    /// A connection that was up for `lived` has ended.
    pub(crate) fn closed(&mut self, address: SocketAddr, lived: Span, now: Mono) {
        if lived >= CONNECTION_PROVEN {
            self.backoffs.remove(&address);
        }
        if self.active {
            self.push_back(address, false, now);
        }
        self.look_again();
    }

    /// Opens what is wanted and missing, and gives up attempts that drag on. Tells which were given up.
    pub(crate) fn dial(
        &mut self,
        now: Time,
        peers: &Peers,
        discovery: &mut Discovery,
        rng: &mut ChaCha20Rng,
        outbox: &mut Outbox,
    ) -> Vec<SocketAddr> {
        if self.wakeup.is_none_or(|wakeup| wakeup > now.mono) {
            return Vec::new();
        }
        let given_up = self.expired(now.mono);
        for address in &given_up {
            self.failed(*address, now.mono, outbox);
        }
        self.wakeup = None;
        if self.active {
            for address in self.by_hand.clone() {
                if self.is_due(&address, now, peers) {
                    self.open_once(address, Purpose::ByHand, now.mono, outbox);
                }
            }
            if !self.only_by_hand {
                self.dial_neighbours(now, peers, discovery, rng, outbox);
            }
        }
        self.wakeup = self.next_event(now, peers).into_iter().chain(self.wakeup).min();
        given_up
    }

    /// When `dial` is to be called next.
    pub(crate) const fn next_wakeup(&self) -> Option<Mono> {
        self.wakeup
    }

    /// Why a connection with `address` is refused, if it is.
    pub(crate) fn refuses(&self, address: &SocketAddr, now: UnixTime) -> Option<DisconnectReason> {
        let group = AddressGroup::of(address);
        if self.bans.get(&group).is_some_and(|ban| ban.until > now) {
            return Some(DisconnectReason::Banned);
        }
        (self.discouraged.contains(&group) && !self.by_hand.contains(address))
            .then_some(DisconnectReason::Discouraged)
    }

    /// Keeps `address`'s group away while this node lives; those added by hand are exempt.
    pub(crate) fn discourage(&mut self, address: &SocketAddr) {
        if !self.by_hand.contains(address) {
            self.discouraged.insert(AddressGroup::of(address), ());
        }
    }

    /// Bans `address`'s group.
    pub(crate) fn ban(&mut self, ban: Ban) {
        self.bans.insert(AddressGroup::of(&ban.address), ban);
        self.look_again();
    }

    /// Lifts a ban and a discouragement; false if there was none.
    pub(crate) fn unban(&mut self, address: &SocketAddr) -> bool {
        let group = AddressGroup::of(address);
        self.look_again();
        let discouraged = self.discouraged.remove(&group).is_some();
        self.bans.remove(&group).is_some() || discouraged
    }

    /// Lifts all bans.
    pub(crate) fn clear_bans(&mut self) {
        self.look_again();
        self.bans.clear();
    }

    /// The bans, ended ones too.
    pub(crate) fn bans(&self) -> impl Iterator<Item = Ban> {
        self.bans.values().copied()
    }

    /// Groups that are banned or discouraged.
    pub(crate) fn refused(&self) -> usize {
        let both = self.bans.keys().filter(|group| self.discouraged.contains(group)).count();
        self.bans.len() + self.discouraged.len() - both
    }

    #[cfg(any(test, feature = "contract"))]
    pub(super) fn bounds(&self) -> [crate::bound::Bound; 4] {
        use crate::bound::Bound;
        [
            Bound::new("addresses by hand (MAX_WANTED_BY_HAND)", self.by_hand.len(), MAX_WANTED_BY_HAND),
            Bound::new("listed addresses (MAX_DIRECTORY)", self.directory.len(), MAX_DIRECTORY),
            Bound::new("pauses between attempts (MAX_BACKOFFS)", self.backoffs.len(), MAX_BACKOFFS),
            Bound::new("discouraged groups (MAX_DISCOURAGED)", self.discouraged.len(), MAX_DISCOURAGED),
        ]
    }

    pub(super) fn is_due(&self, address: &SocketAddr, now: Time, peers: &Peers) -> bool {
        *address != self.own
            && self.backoffs.get(address).is_none_or(|backoff| backoff.next <= now.mono)
            && !self.attempts.contains_key(address)
            && peers.with_address(*address).is_none()
            && self.refuses(address, now.unix).is_none()
    }

    fn is_wanted(&self, address: &SocketAddr) -> bool {
        self.active && (self.by_hand.contains(address) || self.directory.contains(address))
    }

    /// Lengthens the pause before `address` is tried again.
    fn push_back(&mut self, address: SocketAddr, reported: bool, now: Mono) {
        let (first, longest) = if self.directory.contains(&address) {
            (CONNECT_RETRY_MIN, CONNECT_RETRY_MAX_LISTED)
        } else if self.by_hand.contains(&address) {
            (CONNECT_RETRY_MIN, CONNECT_RETRY_MAX)
        } else {
            (CONNECT_RETRY_MIN_BOOK, CONNECT_RETRY_MAX_BOOK)
        };
        let pause = match self.backoffs.get(&address) {
            Some(backoff) => Span(backoff.pause.0 * 2).min(longest),
            None => first,
        };
        if self.backoffs.len() >= MAX_BACKOFFS
            && let Some((_, over)) =
                self.backoffs.iter().map(|(address, backoff)| (backoff.next, *address)).min()
        {
            self.backoffs.remove(&over);
        }
        self.backoffs.insert(address, Backoff { pause, next: now + pause, reported });
    }

    fn expired(&self, now: Mono) -> Vec<SocketAddr> {
        self.attempts
            .iter()
            .filter(|(_, attempt)| attempt.deadline <= now)
            .map(|(address, _)| *address)
            .collect()
    }

    /// The next end of an attempt, of a pause or of a wanted address's ban. An address that is not tried although its
    /// pause is over (there is no room) waits for something to change.
    fn next_event(&self, now: Time, peers: &Peers) -> Option<Mono> {
        let attempts = self.attempts.values().map(|attempt| attempt.deadline);
        let pauses = self.backoffs.iter().filter(|(address, backoff)| {
            backoff.next > now.mono
                && peers.with_address(**address).is_none()
                && !self.attempts.contains_key(address)
        });
        attempts.chain(pauses.map(|(_, backoff)| backoff.next)).chain(self.ends_of_bans(now)).min()
    }

    /// When wanted addresses may be dialled again.
    fn ends_of_bans(&self, now: Time) -> impl Iterator<Item = Mono> {
        let wanted = self.by_hand.iter().chain(&self.directory).filter(|address| self.is_wanted(address));
        let bans = wanted.filter_map(|address| self.bans.get(&AddressGroup::of(address)));
        let left = bans.map(move |ban| u64::from(ban.until.0.saturating_sub(now.unix.0)));
        left.filter(|seconds| *seconds > 0).map(move |seconds| now.mono + Span::from_secs(seconds))
    }

    /// Something changed: `dial` is to look again.
    pub(super) const fn look_again(&mut self) {
        self.wakeup = Some(Mono(0));
    }

    pub(super) fn wake_at(&mut self, at: Mono) {
        self.wakeup = Some(self.wakeup.map_or(at, |wakeup| wakeup.min(at)));
    }
}
