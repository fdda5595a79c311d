//! Which transactions are asked of whom (Core's `TxRequestTracker`). Answers what `inv`, `notfound` and `tx` say of
//! transactions.
//!
//! A transaction is asked of one peer at a time, in the order in which they announced it; when that peer does not have
//! it, leaves, or takes too long, the next is asked.

use super::limits::{
    GETDATA_TX_INTERVAL, MAX_PEER_TX_ANNOUNCEMENTS, MAX_PEER_TX_REQUEST_IN_FLIGHT, MAX_RECENT_REJECTS,
};
use super::message::{Inventory, Message};
use super::outbox::Outbox;
use super::recent::RecentSet;
use crate::collections::{BTreeMap, BTreeSet, SerialMap};
use crate::interface::PeerId;
use crate::primitives::{Transaction, Txid, Wtxid};
use crate::time::Mono;
use std::collections::VecDeque;

/// A transaction that somebody has and we do not.
#[derive(Debug, Default)]
struct Wanted {
    /// Who announced it and was not asked yet, in that order; at most one entry for each peer.
    candidates: VecDeque<PeerId>,
    /// Who was asked, and when the answer is overdue.
    asked: Option<(PeerId, Mono)>,
}

impl Wanted {
    fn may_ask(&self, peer: PeerId) -> bool {
        self.asked.is_none() && self.candidates.contains(&peer)
    }
}

/// What is open with one peer.
#[derive(Debug)]
struct Announcer {
    witness: bool,
    /// With the place of each in the queue; at most `limits::MAX_PEER_TX_ANNOUNCEMENTS`.
    announced: BTreeMap<Txid, u64>,
    /// Those of `announced` that this peer may be asked for, by their place; some may be asked of another by now.
    queue: BTreeMap<u64, Txid>,
    /// The place of the next announcement.
    next_place: u64,
    /// At most `limits::MAX_PEER_TX_REQUEST_IN_FLIGHT`.
    in_flight: usize,
}

impl Announcer {
    const fn new(witness: bool) -> Self {
        Self { witness, announced: BTreeMap::new(), queue: BTreeMap::new(), next_place: 0, in_flight: 0 }
    }

    /// Notes an announcement; false if it is known or one too many.
    fn note(&mut self, txid: Txid) -> bool {
        if self.announced.contains_key(&txid) || self.announced.len() >= MAX_PEER_TX_ANNOUNCEMENTS {
            return false;
        }
        self.announced.insert(txid, self.next_place);
        self.queue.insert(self.next_place, txid);
        self.next_place += 1;
        true
    }

    /// Forgets an announcement, in the queue too; false if there was none.
    fn forget(&mut self, txid: &Txid) -> bool {
        let Some(place) = self.announced.remove(txid) else { return false };
        self.queue.remove(&place);
        true
    }

    /// May be asked for it again, in its old place.
    fn requeue(&mut self, txid: Txid) {
        if let Some(place) = self.announced.get(&txid) {
            self.queue.insert(*place, txid);
        }
    }
}

/// The requests for transactions.
#[derive(Debug)]
pub(crate) struct TxRequest {
    /// One for each ready peer.
    peers: SerialMap<PeerId, Box<Announcer>>,
    /// Bounded by the announcements of all peers.
    wanted: BTreeMap<Txid, Wanted>,
    /// Deadlines of what was asked, a subset of `wanted`.
    deadlines: BTreeSet<(Mono, Txid)>,
    /// Refused since the last block: not asked for again.
    rejects: RecentSet<Wtxid>,
}

impl TxRequest {
    pub(crate) const fn new() -> Self {
        Self {
            peers: SerialMap::new(),
            wanted: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            rejects: RecentSet::new(MAX_RECENT_REJECTS),
        }
    }

    pub(crate) fn peer_ready(&mut self, peer: PeerId, witness: bool) {
        self.peers.insert(peer, Box::new(Announcer::new(witness)));
    }

    /// What was asked of a peer that is gone is asked of the next.
    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        let Some(announcer) = self.peers.remove(&peer) else { return };
        for txid in announcer.announced.into_keys() {
            self.drop_announcement(peer, txid);
        }
    }

    /// A peer has a transaction that is not known here.
    pub(crate) fn announced(&mut self, peer: PeerId, txid: Txid) {
        let Some(announcer) = self.peers.get_mut(&peer) else { return };
        if self.rejects.contains(&Wtxid::from_bytes(*txid.as_bytes())) || !announcer.note(txid) {
            return;
        }
        self.wanted.entry(txid).or_default().candidates.push_back(peer);
    }

    /// A transaction came, or is known in another way: nobody is asked for it any more.
    pub(crate) fn known(&mut self, txid: &Txid) {
        let Some(wanted) = self.wanted.remove(txid) else { return };
        if let Some((peer, deadline)) = wanted.asked {
            self.deadlines.remove(&(deadline, *txid));
            if let Some(announcer) = self.peers.get_mut(&peer) {
                announcer.in_flight -= 1;
                announcer.forget(txid);
            }
        }
        for peer in wanted.candidates {
            if let Some(announcer) = self.peers.get_mut(&peer) {
                announcer.forget(txid);
            }
        }
    }

    /// A peer does not have what it was asked for.
    pub(crate) fn not_found(&mut self, peer: PeerId, txid: Txid) {
        if let Some(announcer) = self.peers.get_mut(&peer)
            && announcer.forget(&txid)
        {
            self.drop_announcement(peer, txid);
        }
    }

    /// A rule refused a transaction: it is not asked for again until the chain has changed. One with a witness is
    /// remembered by its wtxid, for under its txid it may come again with another witness, and be valid.
    pub(crate) fn refused(&mut self, transaction: &Transaction) {
        self.known(&transaction.txid());
        self.rejects.insert(transaction.wtxid(), ());
    }

    /// What was refused may now be valid.
    pub(crate) fn tip_changed(&mut self) {
        self.rejects.clear();
    }

    /// How many transactions a peer waits to be asked for.
    #[cfg(test)]
    pub(crate) fn queued(&self, peer: PeerId) -> usize {
        self.peers.get(&peer).map_or(0, |announcer| announcer.queue.len())
    }

    #[cfg(any(test, feature = "contract"))]
    pub(super) fn bounds(&self) -> [crate::bound::Bound; 4] {
        use crate::bound::Bound;
        let announced = self.peers.values().map(|announcer| announcer.announced.len());
        let in_flight = self.peers.values().map(|announcer| announcer.in_flight);
        let (most, all) = (MAX_PEER_TX_REQUEST_IN_FLIGHT, self.peers.len() * MAX_PEER_TX_ANNOUNCEMENTS);
        [
            Bound::of_fullest(
                "announcements (MAX_PEER_TX_ANNOUNCEMENTS)",
                announced,
                MAX_PEER_TX_ANNOUNCEMENTS,
            ),
            Bound::of_fullest("requests (MAX_PEER_TX_REQUEST_IN_FLIGHT)", in_flight, most),
            Bound::new("wanted transactions", self.wanted.len(), all),
            Bound::new("refused transactions (MAX_RECENT_REJECTS)", self.rejects.len(), MAX_RECENT_REJECTS),
        ]
    }

    /// Asks for what may be asked for.
    pub(crate) fn request(&mut self, now: Mono, outbox: &mut Outbox) {
        if self.wanted.is_empty() {
            return;
        }
        let deadline = now + GETDATA_TX_INTERVAL;
        for (&peer, announcer) in &mut self.peers {
            let mut batch = Vec::new();
            while announcer.in_flight < MAX_PEER_TX_REQUEST_IN_FLIGHT
                && let Some((_, txid)) = announcer.queue.pop_first()
            {
                let Some(wanted) = self.wanted.get_mut(&txid).filter(|wanted| wanted.may_ask(peer)) else {
                    continue;
                };
                wanted.candidates.retain(|candidate| *candidate != peer);
                wanted.asked = Some((peer, deadline));
                self.deadlines.insert((deadline, txid));
                announcer.in_flight += 1;
                batch.push(if announcer.witness { Inventory::WitnessTx(txid) } else { Inventory::Tx(txid) });
            }
            if !batch.is_empty() {
                outbox.send(peer, Message::GetData(batch));
            }
        }
    }

    pub(crate) fn next_wakeup(&self) -> Option<Mono> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Forgets requests that were not answered, and with them the announcement.
    pub(crate) fn expire(&mut self, now: Mono) {
        while let Some(&(deadline, txid)) = self.deadlines.first() {
            if deadline > now {
                return;
            }
            self.deadlines.pop_first();
            if let Some((peer, _)) = self.wanted.get(&txid).and_then(|wanted| wanted.asked) {
                self.not_found(peer, txid);
            }
        }
    }

    /// `peer` can no longer be asked for `txid`; if it was asked, the next one may be.
    fn drop_announcement(&mut self, peer: PeerId, txid: Txid) {
        let Some(wanted) = self.wanted.get_mut(&txid) else { return };
        wanted.candidates.retain(|candidate| *candidate != peer);
        if let Some((asked, deadline)) = wanted.asked
            && asked == peer
        {
            wanted.asked = None;
            self.deadlines.remove(&(deadline, txid));
            if let Some(announcer) = self.peers.get_mut(&peer) {
                announcer.in_flight -= 1;
            }
            if let Some(next) = wanted.candidates.front().and_then(|next| self.peers.get_mut(next)) {
                next.requeue(txid);
            }
        }
        if wanted.asked.is_none() && wanted.candidates.is_empty() {
            self.wanted.remove(&txid);
        }
    }
}
