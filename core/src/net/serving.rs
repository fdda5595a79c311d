//! What this node gives. Answers `getdata`, `getblocks`, `getheaders`, `mempool` and `getaddr`; what it gives of compact
//! filters is in `filter_serving`.
//!
//! Headers and hashes come straight from the chain. Bodies are asked of the node a few at a time for each peer, and
//! not at all while the peer does not read what it was sent.

use super::filters::Filters;
use super::limits::{
    MAX_ADDR_TO_SEND, MAX_GETBLOCKS_RESULTS, MAX_HEADERS_RESULTS, MAX_INV_SZ, MAX_LOCATOR_SZ,
    MAX_SERVING_PER_PEER,
};
use super::message::{Inventory, LocatorRequest, Message, NetAddress, Services, TimedAddress};
use super::outbox::{NetOutput, Outbox, ServeRequest};
use super::reason::DisconnectReason;
use crate::chain::Chainstate;
use crate::collections::BTreeMap;
use crate::cost::Cost;
use crate::encode::Encode;
use crate::interface::PeerId;
use crate::primitives::{Block, BlockHash, Header, Transaction};
use crate::time::UnixTime;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

/// What one peer is being given.
#[derive(Debug, Default)]
pub(super) struct Customer {
    /// What it asked for and did not get yet. No other message of the peer is read while there is something here,
    /// which bounds it by `limits::MAX_INV_SZ`.
    queue: VecDeque<Inventory>,
    /// Compact filters that it asked for and did not get yet, the next one first; bounded by
    /// `limits::MAX_GETCFILTERS_SIZE`, for nothing else is read while some are left.
    pub(super) filters: VecDeque<BlockHash>,
    /// How many of them were asked of the node; at most `limits::MAX_SERVING_PER_PEER`.
    pub(super) filters_pending: usize,
    /// Asked of the node; at most `limits::MAX_SERVING_PER_PEER`.
    pending: Vec<Inventory>,
    /// Of what it asked for in one go, what we do not have; bounded as the queue is.
    missing: Vec<Inventory>,
    /// The last block of a full answer to `getblocks`: when it is fetched the peer is told of the tip, so that it asks
    /// on (Core's `m_continuation_block`).
    continuation: Option<BlockHash>,
    /// What its last order cost beyond being taken, to be paid with its next turn.
    owed: Cost,
    /// It has had our addresses once.
    addresses_sent: bool,
}

/// The serving of peers.
#[derive(Debug, Default)]
pub(crate) struct Serving {
    /// One for each ready peer.
    pub(super) customers: BTreeMap<PeerId, Customer>,
}

impl Serving {
    pub(crate) const fn new() -> Self {
        Self { customers: BTreeMap::new() }
    }

    pub(crate) fn peer_ready(&mut self, peer: PeerId) {
        self.customers.insert(peer, Customer::default());
    }

    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        self.customers.remove(&peer);
    }

    /// Whether a peer still waits for what it asked for.
    pub(crate) fn is_busy(&self, peer: PeerId) -> bool {
        self.customers
            .get(&peer)
            .is_some_and(|customer| !customer.queue.is_empty() || !customer.filters.is_empty())
    }

    /// Takes an order.
    pub(crate) fn on_getdata(&mut self, peer: PeerId, items: Vec<Inventory>) -> Result<(), DisconnectReason> {
        if items.len() > MAX_INV_SZ {
            return Err(DisconnectReason::TooMuchInventory { command: "getdata", count: items.len() });
        }
        if let Some(customer) = self.customers.get_mut(&peer) {
            customer.queue.extend(items);
        }
        Ok(())
    }

    /// Asks the node for the next bodies that a peer waits for; what that costs, none if there was nothing to do.
    /// Blocks that are to be filtered go one at a turn: that is work.
    pub(crate) fn serve(&mut self, peer: PeerId, outbox: &mut Outbox) -> Option<Cost> {
        let customer = self.customers.get_mut(&peer)?;
        let owed = std::mem::take(&mut customer.owed);
        let mut worked = owed > Cost(0);
        worked |= customer.ask_filters(peer, outbox);
        let mut filtered = false;
        while !filtered
            && customer.pending.len() < MAX_SERVING_PER_PEER
            && let Some(item) = customer.queue.pop_front()
        {
            worked = true;
            filtered = matches!(item, Inventory::FilteredBlock(_));
            let request = match item {
                Inventory::Block(hash) | Inventory::FilteredBlock(hash) | Inventory::WitnessBlock(hash) => {
                    ServeRequest::Block(hash)
                }
                Inventory::Tx(txid) | Inventory::WitnessTx(txid) => ServeRequest::Transaction(txid),
                Inventory::Other { .. } => {
                    customer.missing.push(item);
                    continue;
                }
            };
            customer.pending.push(item);
            outbox.push(NetOutput::Serve { peer, request });
        }
        customer.settle(peer, outbox);
        worked.then_some(Cost(1 + owed.0))
    }

    #[cfg(any(test, feature = "contract"))]
    pub(super) fn bounds(&self) -> [crate::bound::Bound; 2] {
        use crate::bound::Bound;
        let queued = self.customers.values().map(|customer| customer.queue.len());
        let pending = self.customers.values().map(|customer| customer.pending.len());
        [
            Bound::of_fullest("what a peer asked for (MAX_INV_SZ)", queued, MAX_INV_SZ),
            Bound::of_fullest("bodies for a peer (MAX_SERVING_PER_PEER)", pending, MAX_SERVING_PER_PEER),
        ]
    }

    /// A block that was asked of the node. After the last one of a list the peer is told of the `tip`.
    pub(crate) fn on_block(
        &mut self,
        peer: PeerId,
        hash: BlockHash,
        block: &Arc<Block>,
        tip: BlockHash,
        filters: &mut Filters,
        outbox: &mut Outbox,
    ) {
        let Some(customer) = self.customers.get_mut(&peer) else { return };
        let Some(item) = customer.take(|item| item.block() == Some(hash)) else { return };
        if let Inventory::FilteredBlock(_) = item {
            customer.owed.0 += filtering_cost(block);
            send_filtered(peer, block, filters, outbox);
        } else {
            let whole = matches!(item, Inventory::WitnessBlock(_))
                || !block.transactions.iter().any(Transaction::has_witness);
            let block = if whole { Arc::clone(block) } else { Arc::new(without_witnesses(block)) };
            outbox.send(peer, Message::Block(block));
        }
        if customer.continuation == Some(hash) {
            customer.continuation = None;
            outbox.send(peer, Message::Inv(vec![Inventory::Block(tip)]));
        }
        customer.settle(peer, outbox);
    }

    /// A transaction that was asked of the node.
    pub(crate) fn on_transaction(
        &mut self,
        peer: PeerId,
        transaction: &Arc<Transaction>,
        outbox: &mut Outbox,
    ) {
        let txid = transaction.txid();
        let Some(customer) = self.customers.get_mut(&peer) else { return };
        let Some(item) = customer.take(|item| item.tx() == Some(txid)) else { return };
        let whole = matches!(item, Inventory::WitnessTx(_)) || !transaction.has_witness();
        let transaction = if whole { Arc::clone(transaction) } else { Arc::new(stripped(transaction)) };
        outbox.send(peer, Message::Tx(transaction));
        customer.settle(peer, outbox);
    }

    /// The node does not have it either.
    pub(crate) fn on_missing(&mut self, peer: PeerId, request: ServeRequest, outbox: &mut Outbox) {
        let Some(customer) = self.customers.get_mut(&peer) else { return };
        let item = customer.take(|item| match request {
            ServeRequest::Block(hash) => item.block() == Some(hash),
            ServeRequest::Transaction(txid) => item.tx() == Some(txid),
            ServeRequest::Filter(_) | ServeRequest::Mempool => false,
        });
        customer.missing.extend(item);
        customer.settle(peer, outbox);
    }

    /// Lists the blocks of the active chain after a locator.
    pub(crate) fn on_getblocks(
        &mut self,
        peer: PeerId,
        request: &LocatorRequest,
        chain: &Chainstate,
        outbox: &mut Outbox,
    ) -> Result<(), DisconnectReason> {
        check_locator(request)?;
        let Some(customer) = self.customers.get_mut(&peer) else { return Ok(()) };
        let hashes = chain.hashes_after(&request.locator, &request.stop, MAX_GETBLOCKS_RESULTS);
        customer.continuation = hashes.last().copied().filter(|_| hashes.len() == MAX_GETBLOCKS_RESULTS);
        if !hashes.is_empty() {
            outbox.send(peer, Message::Inv(hashes.into_iter().map(Inventory::Block).collect()));
        }
        Ok(())
    }

    /// Gives the headers of the active chain after a locator; without a locator, the one header that `stop` names.
    /// Returns the last of them.
    pub(crate) fn on_getheaders(
        &mut self,
        peer: PeerId,
        request: &LocatorRequest,
        chain: &Chainstate,
        outbox: &mut Outbox,
    ) -> Result<Option<BlockHash>, DisconnectReason> {
        check_locator(request)?;
        let headers = if request.locator.is_empty() {
            chain.entry(&request.stop).map(|entry| entry.header).into_iter().collect()
        } else {
            chain.headers_after(&request.locator, &request.stop, MAX_HEADERS_RESULTS)
        };
        let last = headers.last().map(Header::block_hash);
        outbox.send(peer, Message::Headers(headers));
        Ok(last)
    }

    /// Gives the addresses that this node knows, once for each connection.
    pub(crate) fn on_getaddr(
        &mut self,
        peer: PeerId,
        known: impl Iterator<Item = SocketAddr>,
        now: UnixTime,
        outbox: &mut Outbox,
    ) {
        let Some(customer) = self.customers.get_mut(&peer) else { return };
        if std::mem::replace(&mut customer.addresses_sent, true) {
            return;
        }
        let services = Services::NETWORK | Services::WITNESS;
        let entry = |address| TimedAddress { time: now.0, node: NetAddress { services, address } };
        outbox.send(peer, Message::Addr(known.take(MAX_ADDR_TO_SEND).map(entry).collect()));
    }
}

impl Customer {
    /// Takes an item off what was asked of the node.
    fn take(&mut self, wanted: impl Fn(&Inventory) -> bool) -> Option<Inventory> {
        let position = self.pending.iter().position(wanted)?;
        Some(self.pending.remove(position))
    }

    /// Once everything is answered, says what was not there.
    fn settle(&mut self, peer: PeerId, outbox: &mut Outbox) {
        if self.queue.is_empty() && self.pending.is_empty() && !self.missing.is_empty() {
            outbox.send(peer, Message::NotFound(std::mem::take(&mut self.missing)));
        }
    }
}

/// The proof of what matches the peer's filter, and then those transactions; nothing to a peer that has no filter, as
/// in Core.
fn send_filtered(peer: PeerId, block: &Block, filters: &mut Filters, outbox: &mut Outbox) {
    let Some((proof, transactions)) = filters.filtered(peer, block) else { return };
    outbox.send(peer, Message::MerkleBlock(Box::new(proof)));
    for transaction in transactions {
        outbox.send(peer, Message::Tx(Arc::new(stripped(transaction))));
    }
}

/// Hashing what each script pushes, with as many functions as a filter may have.
fn filtering_cost(block: &Block) -> u64 {
    block.encoded_len() as u64 / 10
}

fn check_locator(request: &LocatorRequest) -> Result<(), DisconnectReason> {
    match request.locator.len() {
        count if count > MAX_LOCATOR_SZ => Err(DisconnectReason::LocatorTooLong(count)),
        _ => Ok(()),
    }
}

/// The block as it was before witnesses (BIP144).
fn without_witnesses(block: &Block) -> Block {
    Block { header: block.header, transactions: block.transactions.iter().map(stripped).collect() }
}

fn stripped(transaction: &Transaction) -> Transaction {
    let mut transaction = transaction.clone();
    for input in &mut transaction.inputs {
        input.witness.clear();
    }
    transaction
}
