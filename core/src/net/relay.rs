//! Who is told of transactions, by `inv`. Answers `feefilter`. Blocks are announced in `tip_relay`.
//!
//! Transactions wait for a moment that nobody can foresee, so that who hears of one first cannot tell where it was made,
//! and go a few at a time; none is dropped for it.

use super::filters::Filters;
use super::inventory_queue::InventoryQueue;
use super::limits::{
    INVENTORY_BROADCAST_HURRY, INVENTORY_BROADCAST_MAX, INVENTORY_BROADCAST_TARGET, MAX_KNOWN_TRANSACTIONS,
};
use super::message::{Inventory, Message};
use super::outbox::Outbox;
use super::poisson;
use super::recent::RecentSet;
use crate::collections::SerialMap;
use crate::consensus::TimingParams;
use crate::interface::{Direction, PeerId};
use crate::primitives::{Amount, MAX_MONEY, Transaction, Txid};
use crate::time::{Mono, Span};
use rand_chacha::ChaCha20Rng;

/// What one peer wants to hear, and has heard.
#[derive(Debug)]
struct Listener {
    direction: Direction,
    /// Announce transactions at all (BIP37's relay field, and whether a filter was loaded or cleared since).
    transactions: bool,
    /// Do not announce transactions that pay less, per 1,000 virtual bytes (BIP133).
    fee_filter: Amount,
    /// Transactions that it has told us of or we have told it of.
    known: RecentSet<Txid>,
    /// To be announced.
    queue: InventoryQueue,
    /// When, for one that we connected to; none while nothing waits.
    due: Option<Mono>,
}

/// The announcements.
#[derive(Debug)]
pub(crate) struct Relay {
    /// Between announcements to all who connected to us, on average.
    inbound_interval: Span,
    /// Between announcements to one that we connected to, on average.
    outbound_interval: Span,
    /// One for each ready peer.
    listeners: SerialMap<PeerId, Listener>,
    /// Whether anything waits for anyone, or a moment is drawn for it; where it is not, neither is the case.
    waits: bool,
    /// When those who connected to us are told; none while nothing waits for any of them.
    inbound_due: Option<Mono>,
}

impl Relay {
    pub(crate) const fn new(timing: &TimingParams) -> Self {
        Self {
            inbound_interval: timing.inbound_broadcast,
            outbound_interval: timing.outbound_broadcast,
            listeners: SerialMap::new(),
            waits: false,
            inbound_due: None,
        }
    }

    pub(crate) fn peer_ready(&mut self, peer: PeerId, direction: Direction, transactions: bool) {
        self.listeners.insert(
            peer,
            Listener {
                direction,
                transactions,
                fee_filter: Amount::ZERO,
                known: RecentSet::new(MAX_KNOWN_TRANSACTIONS),
                queue: InventoryQueue::default(),
                due: None,
            },
        );
    }

    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        self.listeners.remove(&peer);
    }

    /// The peer wants no transactions that pay less than this per 1,000 virtual bytes; what is no amount of money is
    /// ignored, as Core does.
    pub(crate) fn on_fee_filter(&mut self, peer: PeerId, rate: i64) {
        let rate = Amount::from_sat(rate);
        if let Some(listener) = self.listeners.get_mut(&peer)
            && rate.is_money_range()
        {
            listener.fee_filter = rate;
        }
    }

    /// The peer has said by a filter what it wants to hear of.
    pub(crate) fn wants_transactions(&mut self, peer: PeerId) {
        if let Some(listener) = self.listeners.get_mut(&peer) {
            listener.transactions = true;
        }
    }

    /// Whether transactions are announced to a peer.
    pub(crate) fn announces_to(&self, peer: PeerId) -> bool {
        self.listeners.get(&peer).is_some_and(|listener| listener.transactions)
    }

    /// The fee filter of a peer.
    pub(crate) fn fee_filter(&self, peer: PeerId) -> Amount {
        self.listeners.get(&peer).map_or(Amount::ZERO, |listener| listener.fee_filter)
    }

    /// A peer has a transaction.
    pub(crate) fn peer_has(&mut self, peer: PeerId, txid: Txid) {
        if let Some(listener) = self.listeners.get_mut(&peer) {
            listener.known.insert(txid, ());
            listener.queue.forget(&txid);
        }
    }

    /// Whether a transaction waits to be announced to a peer: until then it is not given to it either, or who asks for
    /// everything would learn where a transaction was made (Core's `FindTxForGetData`).
    pub(crate) fn is_unannounced(&self, peer: PeerId, txid: &Txid) -> bool {
        self.listeners.get(&peer).is_some_and(|listener| listener.queue.contains(txid))
    }

    /// A transaction has left the mempool: nobody is told of it any more.
    pub(crate) fn forget(&mut self, txid: &Txid) {
        for listener in self.listeners.values_mut() {
            listener.queue.forget(txid);
        }
    }

    /// Has a transaction announced to everyone who wants it and does not have it; `fee_rate` is per 1,000 virtual
    /// bytes.
    pub(crate) fn announce_transaction(
        &mut self,
        transaction: &Transaction,
        fee_rate: Amount,
        filters: &mut Filters,
    ) {
        let txid = transaction.txid();
        self.waits = true;
        for (peer, listener) in &mut self.listeners {
            listener.announce(txid, fee_rate, || filters.wants(*peer, transaction));
        }
    }

    /// The same once more, also to those who have been told: nobody has said since that it has it.
    pub(crate) fn announce_again(&mut self, transaction: &Transaction, filters: &mut Filters) {
        for listener in self.listeners.values_mut() {
            listener.known.remove(&transaction.txid());
        }
        self.announce_transaction(transaction, MAX_MONEY, filters);
    }

    /// The same for one peer.
    pub(crate) fn announce_to(
        &mut self,
        peer: PeerId,
        transaction: &Transaction,
        fee_rate: Amount,
        filters: &mut Filters,
    ) {
        self.waits = true;
        if let Some(listener) = self.listeners.get_mut(&peer) {
            listener.announce(transaction.txid(), fee_rate, || filters.wants(peer, transaction));
        }
    }

    #[cfg(any(test, feature = "contract"))]
    pub(super) fn bounds(&self) -> [crate::bound::Bound; 1] {
        use crate::bound::Bound;
        let known = self.listeners.values().map(|listener| listener.known.len());
        [Bound::of_fullest("known to a peer (MAX_KNOWN_TRANSACTIONS)", known, MAX_KNOWN_TRANSACTIONS)]
    }

    /// Sends what is due of what waits to be announced, and draws the moments of what is not.
    pub(crate) fn flush(&mut self, now: Mono, rng: &mut ChaCha20Rng, outbox: &mut Outbox) {
        if !self.waits {
            return;
        }
        let (inbound, outbound) = (self.inbound_interval, self.outbound_interval);
        if self.listeners.values().any(Listener::waits_inbound) {
            let due = *self.inbound_due.get_or_insert_with(|| now + poisson::wait(inbound, rng));
            if due <= now {
                for (&peer, listener) in self.listeners.iter_mut().filter(|(_, other)| other.waits_inbound())
                {
                    listener.send(peer, inbound, outbox);
                }
                let is_left = self.listeners.values().any(Listener::waits_inbound);
                self.inbound_due = is_left.then(|| now + poisson::wait(inbound, rng));
            }
        } else {
            self.inbound_due = None;
        }
        let listeners = self.listeners.iter_mut();
        for (&peer, listener) in listeners.filter(|(_, other)| other.direction == Direction::Outbound) {
            if listener.queue.is_empty() {
                listener.due = None;
                continue;
            }
            let due = *listener.due.get_or_insert_with(|| now + poisson::wait(outbound, rng));
            if due <= now {
                listener.send(peer, outbound, outbox);
                let is_left = !listener.queue.is_empty();
                listener.due = is_left.then(|| now + poisson::wait(outbound, rng));
            }
        }
        self.waits = self.inbound_due.is_some() || self.listeners.values().any(|other| other.due.is_some());
    }

    /// When the next announcement is due.
    pub(crate) fn next_wakeup(&self) -> Option<Mono> {
        if !self.waits {
            return None;
        }
        self.listeners.values().filter_map(|listener| listener.due).chain(self.inbound_due).min()
    }
}

impl Listener {
    fn waits_inbound(&self) -> bool {
        self.direction == Direction::Inbound && !self.queue.is_empty()
    }

    /// Announces the first of the queue; all of it where announcements are not spread.
    fn send(&mut self, peer: PeerId, interval: Span, outbox: &mut Outbox) {
        let hurry = self.queue.len() / 1_000 * INVENTORY_BROADCAST_HURRY;
        let most = match interval {
            Span(0) => self.queue.len(),
            _ => (INVENTORY_BROADCAST_TARGET + hurry).min(INVENTORY_BROADCAST_MAX),
        };
        let mut items = Vec::new();
        while items.len() < most
            && let Some(txid) = self.queue.pop()
        {
            self.known.insert(txid, ());
            items.push(Inventory::Tx(txid));
        }
        outbox.send(peer, Message::Inv(items));
    }

    fn announce(&mut self, txid: Txid, fee_rate: Amount, matches: impl FnOnce() -> bool) {
        let wanted = self.transactions && fee_rate >= self.fee_filter && !self.known.contains(&txid);
        if wanted && matches() {
            self.queue.push(txid);
        }
    }
}
