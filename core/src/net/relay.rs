//! Who is told of what: new blocks by `headers` or `inv`, transactions by `inv`. Answers `sendheaders` and `feefilter`.

use super::filters::Filters;
use super::limits::{MAX_BLOCKS_TO_ANNOUNCE, MAX_KNOWN_TRANSACTIONS, MAX_TX_TO_ANNOUNCE};
use super::message::{Inventory, Message};
use super::outbox::Outbox;
use super::recent::RecentSet;
use crate::chain::Chainstate;
use crate::collections::BTreeMap;
use crate::interface::PeerId;
use crate::primitives::{Amount, BlockHash, Header, Height, MAX_MONEY, Transaction, Txid};

/// What one peer wants to hear, and has heard.
#[derive(Debug)]
struct Listener {
    /// Announce blocks as headers (BIP130).
    headers: bool,
    /// Announce transactions at all (BIP37's relay field, and whether a filter was loaded or cleared since).
    transactions: bool,
    /// Do not announce transactions that pay less, per 1,000 virtual bytes (BIP133).
    fee_filter: Amount,
    /// The last block that this node told it of (Core's `pindexBestHeaderSent`).
    told: Option<BlockHash>,
    /// Transactions that it has told us of or we have told it of.
    known: RecentSet<Txid>,
    /// To be announced with the next `inv`; at most `limits::MAX_TX_TO_ANNOUNCE`.
    queue: Vec<Txid>,
}

/// The announcements.
#[derive(Debug, Default)]
pub(crate) struct Relay {
    /// One for each ready peer.
    listeners: BTreeMap<PeerId, Listener>,
}

impl Relay {
    pub(crate) const fn new() -> Self {
        Self { listeners: BTreeMap::new() }
    }

    pub(crate) fn peer_ready(&mut self, peer: PeerId, transactions: bool) {
        self.listeners.insert(
            peer,
            Listener {
                headers: false,
                transactions,
                fee_filter: Amount::ZERO,
                told: None,
                known: RecentSet::new(MAX_KNOWN_TRANSACTIONS),
                queue: Vec::new(),
            },
        );
    }

    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        self.listeners.remove(&peer);
    }

    /// The peer wants blocks announced as headers.
    pub(crate) fn on_sendheaders(&mut self, peer: PeerId) {
        if let Some(listener) = self.listeners.get_mut(&peer) {
            listener.headers = true;
        }
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

    /// A peer was sent headers up to this one.
    pub(crate) fn told(&mut self, peer: PeerId, hash: BlockHash) {
        if let Some(listener) = self.listeners.get_mut(&peer) {
            listener.told = Some(hash);
        }
    }

    /// A peer has a transaction.
    pub(crate) fn peer_has(&mut self, peer: PeerId, txid: Txid) {
        if let Some(listener) = self.listeners.get_mut(&peer) {
            listener.known.insert(txid, ());
        }
    }

    /// Announces the tip to everyone who does not have it; `has(peer, hash, height)` tells who is known to. A few
    /// blocks go as headers to those who asked for that, if the headers connect to what they have; else the tip goes
    /// as `inv` (Core's `SendMessages`).
    pub(crate) fn announce_tip(
        &mut self,
        chain: &Chainstate,
        has: impl Fn(PeerId, &BlockHash, Height) -> bool,
        outbox: &mut Outbox,
    ) {
        let tip = chain.tip_entry();
        for (&peer, listener) in &mut self.listeners {
            let told = listener.told;
            let knows = |hash: &BlockHash, height: Height| {
                has(peer, hash, height)
                    || told.is_some_and(|told| chain.ancestor(&told, height) == Some(*hash))
            };
            if knows(&tip.hash, tip.height) {
                continue;
            }
            let headers = if listener.headers { unknown_headers(chain, knows) } else { None };
            outbox.send(
                peer,
                match headers {
                    Some(headers) => Message::Headers(headers),
                    None => Message::Inv(vec![Inventory::Block(tip.hash)]),
                },
            );
            listener.told = Some(tip.hash);
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
        if let Some(listener) = self.listeners.get_mut(&peer) {
            listener.announce(transaction.txid(), fee_rate, || filters.wants(peer, transaction));
        }
    }

    #[cfg(any(test, feature = "contract"))]
    pub(super) fn bounds(&self) -> [crate::bound::Bound; 2] {
        use crate::bound::Bound;
        let known = self.listeners.values().map(|listener| listener.known.len());
        let queued = self.listeners.values().map(|listener| listener.queue.len());
        [
            Bound::of_fullest("known to a peer (MAX_KNOWN_TRANSACTIONS)", known, MAX_KNOWN_TRANSACTIONS),
            Bound::of_fullest("to be announced (MAX_TX_TO_ANNOUNCE)", queued, MAX_TX_TO_ANNOUNCE),
        ]
    }

    /// Sends what waits to be announced.
    pub(crate) fn flush(&mut self, outbox: &mut Outbox) {
        for (&peer, listener) in &mut self.listeners {
            if !listener.queue.is_empty() {
                let items = listener.queue.drain(..).map(Inventory::Tx).collect();
                outbox.send(peer, Message::Inv(items));
            }
        }
    }
}

impl Listener {
    fn announce(&mut self, txid: Txid, fee_rate: Amount, matches: impl FnOnce() -> bool) {
        let wanted =
            self.transactions && fee_rate >= self.fee_filter && self.queue.len() < MAX_TX_TO_ANNOUNCE;
        if wanted && matches() && self.known.insert(txid, ()) {
            self.queue.push(txid);
        }
    }
}

/// The headers of the active chain above what a peer knows, if they are few and it knows the one below them.
fn unknown_headers(chain: &Chainstate, knows: impl Fn(&BlockHash, Height) -> bool) -> Option<Vec<Header>> {
    let mut headers = Vec::new();
    let mut next = chain.tip_entry();
    while !knows(&next.hash, next.height) {
        if headers.len() == MAX_BLOCKS_TO_ANNOUNCE {
            return None;
        }
        headers.push(next.header);
        next = chain.entry(&next.header.prev_blockhash)?;
    }
    headers.reverse();
    Some(headers)
}
