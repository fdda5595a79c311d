//! The table of connections: who is let in, which of two crossing connections stays, who is silent for too long.

use super::limits::{CROSSING_WINDOW, MAX_CONNECTIONS, MAX_INBOUND_CONNECTIONS};
use super::peer::{Newcomer, Peer, Purpose};
use super::reason::DisconnectReason;
use crate::collections::{BTreeSet, SerialMap};
use crate::consensus::TimingParams;
use crate::interface::{Direction, PeerId};
use crate::time::{Mono, Time};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The connections.
#[derive(Debug)]
pub(crate) struct Peers {
    own: SocketAddr,
    magic: [u8; 4],
    timing: TimingParams,
    /// Nobody is pinged, and nobody taken to be gone for being silent.
    quiet: bool,
    /// Connections that are let in.
    max_inbound: usize,
    /// At most `limits::MAX_CONNECTIONS`; boxed, so that a peer is found without touching the others.
    table: SerialMap<PeerId, Box<Peer>>,
    /// Those with bytes to be read or orders to be served, in turn: who is awake in `table`, each once, but for the one
    /// whose turn it is, and perhaps some who are gone.
    awake: VecDeque<PeerId>,
    /// Those who were over their budgets when they last had their turn; some of `table`.
    over: BTreeSet<PeerId>,
    /// Those whose handshake is not over; some of `table`.
    greeting: BTreeSet<PeerId>,
    /// Those who are asked for addresses; some of `table`.
    fetched: BTreeSet<PeerId>,
}

impl Peers {
    pub(crate) const fn new(own: SocketAddr, magic: [u8; 4], timing: TimingParams) -> Self {
        let max_inbound = MAX_INBOUND_CONNECTIONS;
        Self {
            own,
            magic,
            timing,
            quiet: false,
            max_inbound,
            table: SerialMap::new(),
            awake: VecDeque::new(),
            over: BTreeSet::new(),
            greeting: BTreeSet::new(),
            fetched: BTreeSet::new(),
        }
    }

    #[cfg(any(test, feature = "contract"))]
    pub(crate) const fn max_inbound(&self) -> usize {
        self.max_inbound
    }

    pub(crate) const fn set_quiet(&mut self, quiet: bool) {
        self.quiet = quiet;
    }

    pub(crate) const fn set_max_inbound(&mut self, most: usize) {
        self.max_inbound = most;
    }

    pub(crate) fn get(&self, id: PeerId) -> Option<&Peer> {
        self.table.get(&id).map(|peer| &**peer)
    }

    pub(crate) fn get_mut(&mut self, id: PeerId) -> Option<&mut Peer> {
        self.table.get_mut(&id).map(|peer| &mut **peer)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.table.values().map(|peer| &**peer)
    }

    #[cfg(any(test, feature = "contract"))]
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Bytes of a peer came.
    pub(crate) fn take_in(&mut self, id: PeerId, bytes: Vec<u8>) -> Option<&Peer> {
        let peer = self.table.get_mut(&id)?;
        peer.take_in(bytes);
        if !std::mem::replace(&mut peer.is_awake, true) {
            self.awake.push_back(id);
        }
        Some(peer)
    }

    /// The peer whose turn it is among those who may have something to do. It leaves the round until it is said to
    /// [wait](Self::wait) or to [rest](Self::rest).
    pub(crate) fn next_turn(&mut self) -> Option<&mut Peer> {
        while let Some(id) = self.awake.pop_front() {
            if self.table.contains_key(&id) {
                return self.get_mut(id);
            }
        }
        None
    }

    /// A peer has more to do: its next turn comes after everyone else's.
    pub(crate) fn wait(&mut self, id: PeerId) {
        self.awake.push_back(id);
    }

    /// How many may have something to do, at most.
    pub(crate) fn awake(&self) -> usize {
        self.awake.len()
    }

    /// A peer has nothing to do before more bytes of it come.
    pub(crate) fn rest(&mut self, id: PeerId) {
        if let Some(peer) = self.table.get_mut(&id) {
            peer.is_awake = false;
        }
    }

    /// The handshake of a peer is over.
    pub(crate) fn greeted(&mut self, id: PeerId) {
        self.greeting.remove(&id);
    }

    /// Those who are asked for addresses.
    pub(crate) fn fetched(&self) -> impl Iterator<Item = &Peer> {
        self.fetched.iter().filter_map(|id| self.get(*id))
    }

    pub(crate) fn ids(&self) -> Vec<PeerId> {
        self.table.keys().copied().collect()
    }

    /// Those whose handshake is over and that sync: without those that deliver, ask for addresses or test.
    pub(crate) fn ready(&self) -> impl Iterator<Item = &Peer> {
        self.iter().filter(|peer| peer.ready && peer.purpose.is_full())
    }

    pub(crate) fn with_address(&self, address: SocketAddr) -> Option<&Peer> {
        self.iter().find(|peer| peer.address == address)
    }

    pub(crate) fn count(&self, purpose: Purpose) -> usize {
        self.iter().filter(|peer| peer.purpose == purpose).count()
    }

    /// Lets a connection in, or says why not. Where there is one to the same address already, the table decides which
    /// of the two stays; the one that must go is returned, to be ended.
    pub(crate) fn admit(&mut self, new: Newcomer, now: Time) -> Result<Option<PeerId>, DisconnectReason> {
        let twin = self.with_address(new.address);
        if twin.is_some_and(|twin| !self.replaces(&new, twin, now.mono)) {
            return Err(DisconnectReason::Duplicate);
        }
        let adds_inbound = twin.is_none_or(|twin| twin.purpose != Purpose::Inbound);
        let twin = twin.map(|twin| twin.id);
        if twin.is_none() && self.table.len() >= MAX_CONNECTIONS {
            return Err(DisconnectReason::Full);
        }
        if adds_inbound && new.purpose == Purpose::Inbound && self.count(Purpose::Inbound) >= self.max_inbound
        {
            return Err(DisconnectReason::InboundFull(self.max_inbound));
        }
        self.table.insert(new.id, Box::new(Peer::new(new, self.magic, now)));
        self.greeting.insert(new.id);
        if new.purpose == Purpose::AddrFetch {
            self.fetched.insert(new.id);
        }
        Ok(twin)
    }

    /// Whether a second connection to the same address takes the place of the first. Two that crossed on the way are
    /// settled alike on both sides: the one that the lower address opened stays. Otherwise whoever opens a second one
    /// has lost the first, of which this side has not heard yet.
    fn replaces(&self, new: &Newcomer, old: &Peer, now: Mono) -> bool {
        let direction = new.direction();
        if direction == old.direction || now - old.connected.mono > CROSSING_WINDOW {
            return direction == Direction::Inbound;
        }
        let opener = if direction == Direction::Outbound { self.own } else { new.address };
        opener == self.own.min(new.address)
    }

    pub(crate) fn remove(&mut self, id: PeerId) -> Option<Peer> {
        for set in [&mut self.over, &mut self.greeting, &mut self.fetched] {
            set.remove(&id);
        }
        self.table.remove(&id).map(|peer| *peer)
    }

    /// Whether `nonce` stands in a `version` that this node sent over another connection: then it speaks to itself.
    pub(crate) fn is_own_nonce(&self, nonce: u64) -> bool {
        self.iter().any(|peer| peer.direction == Direction::Outbound && peer.nonce == nonce)
    }

    /// A peer has used up its budget.
    pub(crate) fn note_over(&mut self, id: PeerId) {
        self.over.insert(id);
    }

    /// How many of the ready ones are over their budgets.
    pub(crate) fn count_over(&mut self, now: Mono) -> usize {
        let table = &self.table;
        self.over.retain(|id| table.get(id).is_some_and(|peer| peer.budget.as_of(now).is_over()));
        let syncs = |peer: &Peer| peer.ready && peer.purpose.is_full();
        self.over.iter().filter(|id| self.get(**id).is_some_and(syncs)).count()
    }

    /// Whether somebody who may have something to do is over its budget.
    pub(crate) fn any_awake_is_over(&self) -> bool {
        self.awake.iter().filter_map(|id| self.get(*id)).any(|peer| peer.budget.is_over())
    }

    /// Those of whom there are messages that this node has not read yet.
    pub(crate) fn unread(&self) -> BTreeSet<PeerId> {
        self.iter().filter(|peer| peer.waits_for_us()).map(|peer| peer.id).collect()
    }

    /// Who must go now, and why.
    pub(crate) fn overdue(&self, now: Mono) -> Vec<(PeerId, DisconnectReason)> {
        let watched = self.watched();
        watched.filter_map(|peer| Some((peer.id, peer.overdue(&self.timing, now)?))).collect()
    }

    /// Who is to be pinged now.
    pub(crate) fn to_ping(&self, now: Mono) -> Vec<PeerId> {
        self.watched().filter(|peer| peer.wants_ping(&self.timing, now)).map(|peer| peer.id).collect()
    }

    pub(crate) fn next_wakeup(&self) -> Option<Mono> {
        self.watched().map(|peer| peer.next_wakeup(&self.timing)).min()
    }

    /// Those of whom signs of life are expected.
    fn watched(&self) -> impl Iterator<Item = &Peer> {
        let all = if self.quiet { None } else { Some(self.iter()) };
        let some = if self.quiet { Some(self.greeting.iter().filter_map(|id| self.get(*id))) } else { None };
        all.into_iter().flatten().chain(some.into_iter().flatten())
    }
}
