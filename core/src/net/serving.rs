//! What this node gives. Answers `getdata`, `getblocks`, `getheaders` and `mempool`; what it gives of compact filters is in
//! `filter_serving`, of addresses in `addr_relay`.
//!
//! Headers and hashes come straight from the chain. Bodies are asked of the node a few at a time for each peer, and
//! not at all while the peer does not read what it was sent.

use super::compact_relay::Served;
use super::filters::Filters;
use super::limits::{
    MAX_GETBLOCKS_RESULTS, MAX_HEADERS_RESULTS, MAX_INV_SZ, MAX_LOCATOR_SZ, MAX_SERVING_PER_PEER,
};
use super::message::{
    BlockTransactions, BlockTransactionsRequest, CompactBlock, Inventory, LocatorRequest, Message,
};
use super::outbox::{NetOutput, Outbox, ServeRequest};
use super::reason::DisconnectReason;
use crate::chain::{BlockIndexEntry, BranchEnd, Chainstate};
use crate::collections::SerialMap;
use crate::cost::Cost;
use crate::encode::Encode;
use crate::interface::PeerId;
use crate::primitives::{Block, BlockHash, Transaction, Txid};
use std::collections::VecDeque;
use std::sync::Arc;

/// One thing that a peer asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Order {
    Item(Inventory),
    /// Single transactions of a block (BIP152).
    Transactions(BlockTransactionsRequest),
}

impl Order {
    /// What of it the network does not hold itself; none for what this node does not have in any case.
    const fn request(&self) -> Option<ServeRequest> {
        match self {
            Self::Item(Inventory::Tx(txid) | Inventory::WitnessTx(txid)) => {
                Some(ServeRequest::Transaction(*txid))
            }
            Self::Item(Inventory::Other { .. }) => None,
            Self::Item(
                Inventory::Block(hash)
                | Inventory::FilteredBlock(hash)
                | Inventory::CompactBlock(hash)
                | Inventory::WitnessBlock(hash),
            ) => Some(ServeRequest::Block(*hash)),
            Self::Transactions(request) => Some(ServeRequest::Block(request.block)),
        }
    }
}

/// What one peer is being given.
#[derive(Debug, Default)]
pub(super) struct Customer {
    /// What it asked for and did not get yet. No other message of the peer is read while there is something here,
    /// which bounds it by `limits::MAX_INV_SZ`.
    queue: VecDeque<Order>,
    /// Compact filters that it asked for and did not get yet, the next one first; bounded by
    /// `limits::MAX_GETCFILTERS_SIZE`, for nothing else is read while some are left.
    pub(super) filters: VecDeque<BlockHash>,
    /// How many of them were asked of the node; at most `limits::MAX_SERVING_PER_PEER`.
    pub(super) filters_pending: usize,
    /// Asked of the node; at most `limits::MAX_SERVING_PER_PEER`.
    pending: Vec<Order>,
    /// Of what it asked for in one go, what we do not have; bounded as the queue is.
    missing: Vec<Inventory>,
    /// The last block of a full answer to `getblocks`: when it is fetched the peer is told of the tip, so that it asks
    /// on (Core's `m_continuation_block`).
    continuation: Option<BlockHash>,
    /// What its last order cost beyond being taken, to be paid with its next turn.
    owed: Cost,
}

/// The serving of peers.
#[derive(Debug, Default)]
pub(crate) struct Serving {
    /// One for each peer that has not got all that it asked for, owes for it, or is to be told of the tip after it.
    customers: SerialMap<PeerId, Customer>,
}

impl Serving {
    pub(crate) const fn new() -> Self {
        Self { customers: SerialMap::new() }
    }

    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        self.customers.remove(&peer);
    }

    /// What a ready peer is being given.
    pub(super) fn customer(&mut self, peer: PeerId) -> &mut Customer {
        self.customers.get_or_insert_with(peer, Customer::default)
    }

    /// Does something about what a peer is being given, and forgets who has got everything; none if nothing was left.
    pub(super) fn attend<R>(&mut self, peer: PeerId, serve: impl FnOnce(&mut Customer) -> R) -> Option<R> {
        let customer = self.customers.get_mut(&peer)?;
        let served = serve(customer);
        if customer.has_all() {
            self.customers.remove(&peer);
        }
        Some(served)
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
        if !items.is_empty() {
            self.customer(peer).queue.extend(items.into_iter().map(Order::Item));
        }
        Ok(())
    }

    /// Takes an order for single transactions of a block.
    pub(crate) fn on_getblocktxn(&mut self, peer: PeerId, request: BlockTransactionsRequest) {
        self.customer(peer).queue.push_back(Order::Transactions(request));
    }

    /// Asks the node for the next bodies that a peer waits for; what that costs, none if there was nothing to do.
    /// Blocks that are to be filtered go one at a turn: that is work. Of what `is_secret` the peer has not been told yet:
    /// for it that is not there.
    pub(crate) fn serve(
        &mut self,
        peer: PeerId,
        is_secret: impl Fn(&Txid) -> bool,
        outbox: &mut Outbox,
    ) -> Option<Cost> {
        self.attend(peer, |customer| customer.serve(peer, is_secret, outbox)).flatten()
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

    /// A block that was asked of the node; `compact` makes it compact. After the last one of a list the peer is told of
    /// the tip.
    pub(crate) fn on_block(
        &mut self,
        peer: PeerId,
        served: &Served<'_>,
        filters: &mut Filters,
        compact: impl FnOnce(&Block) -> Arc<CompactBlock>,
        outbox: &mut Outbox,
    ) {
        self.attend(peer, |customer| customer.give_block(peer, served, filters, compact, outbox));
    }

    /// A transaction that was asked of the node.
    pub(crate) fn on_transaction(
        &mut self,
        peer: PeerId,
        transaction: &Arc<Transaction>,
        outbox: &mut Outbox,
    ) {
        let txid = transaction.txid();
        self.attend(peer, |customer| {
            let Some(order) = customer.take(ServeRequest::Transaction(txid)) else { return };
            let whole = matches!(order, Order::Item(Inventory::WitnessTx(_))) || !transaction.has_witness();
            let transaction = if whole { Arc::clone(transaction) } else { Arc::new(stripped(transaction)) };
            outbox.send(peer, Message::Tx(transaction));
            customer.settle(peer, outbox);
        });
    }

    /// The node does not have it either.
    pub(crate) fn on_missing(&mut self, peer: PeerId, request: ServeRequest, outbox: &mut Outbox) {
        self.attend(peer, |customer| {
            if let Some(order) = customer.take(request) {
                customer.lacks(order);
            }
            customer.settle(peer, outbox);
        });
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
        let hashes = chain.hashes_after(&request.locator, &request.stop, MAX_GETBLOCKS_RESULTS);
        let last = hashes.last().copied();
        if hashes.len() == MAX_GETBLOCKS_RESULTS {
            self.customer(peer).continuation = last;
        } else {
            self.attend(peer, |customer| customer.continuation = None);
        }
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
    ) -> Result<Option<BranchEnd>, DisconnectReason> {
        check_locator(request)?;
        let headers = if request.locator.is_empty() {
            chain.entry(&request.stop).map(|entry| entry.header).into_iter().collect()
        } else {
            chain.headers_after(&request.locator, &request.stop, MAX_HEADERS_RESULTS)
        };
        let last = headers.last().and_then(|last| chain.entry(&last.block_hash()));
        outbox.send(peer, Message::Headers(headers));
        Ok(last.map(BlockIndexEntry::branch))
    }
}

impl Customer {
    /// Whether it has got everything, and nothing is to be remembered of it.
    fn has_all(&self) -> bool {
        self.queue.is_empty()
            && self.filters.is_empty()
            && self.filters_pending == 0
            && self.pending.is_empty()
            && self.missing.is_empty()
            && self.continuation.is_none()
            && self.owed == Cost::ZERO
    }

    /// See [`Serving::serve`].
    fn serve(
        &mut self,
        peer: PeerId,
        is_secret: impl Fn(&Txid) -> bool,
        outbox: &mut Outbox,
    ) -> Option<Cost> {
        let owed = std::mem::take(&mut self.owed);
        let mut worked = owed > Cost(0);
        worked |= self.ask_filters(peer, outbox);
        let mut filtered = false;
        while !filtered
            && self.pending.len() < MAX_SERVING_PER_PEER
            && let Some(order) = self.queue.pop_front()
        {
            worked = true;
            filtered = matches!(order, Order::Item(Inventory::FilteredBlock(_)));
            let is_secret = |request: &ServeRequest| match request {
                ServeRequest::Transaction(txid) => is_secret(txid),
                _ => false,
            };
            match order.request().filter(|request| !is_secret(request)) {
                Some(request) => {
                    self.pending.push(order);
                    outbox.push(NetOutput::Serve { peer, request });
                }
                None => self.lacks(order),
            }
        }
        self.settle(peer, outbox);
        worked.then_some(Cost(1 + owed.0))
    }

    /// See [`Serving::on_block`].
    fn give_block(
        &mut self,
        peer: PeerId,
        served: &Served<'_>,
        filters: &mut Filters,
        compact: impl FnOnce(&Block) -> Arc<CompactBlock>,
        outbox: &mut Outbox,
    ) {
        let (hash, block) = (served.hash, served.block);
        let Some(order) = self.take(ServeRequest::Block(hash)) else { return };
        match order {
            Order::Item(Inventory::FilteredBlock(_)) => {
                self.owed.0 += filtering_cost(block);
                send_filtered(peer, block, filters, outbox);
            }
            Order::Item(Inventory::CompactBlock(_)) if served.goes_compact() => {
                outbox.send(peer, Message::CmpctBlock(compact(block)));
            }
            Order::Transactions(request) if served.goes_in_parts() => {
                outbox.send(peer, Message::BlockTxn(transactions_of(block, &request)));
            }
            Order::Item(Inventory::Block(_)) if block.transactions.iter().any(Transaction::has_witness) => {
                outbox.send(peer, Message::Block(Arc::new(without_witnesses(block))));
            }
            Order::Item(_) | Order::Transactions(_) => outbox.send(peer, Message::Block(Arc::clone(block))),
        }
        if self.continuation == Some(hash) {
            self.continuation = None;
            outbox.send(peer, Message::Inv(vec![Inventory::Block(served.tip)]));
        }
        self.settle(peer, outbox);
    }

    /// Takes an order off what was asked of the node.
    fn take(&mut self, request: ServeRequest) -> Option<Order> {
        let position = self.pending.iter().position(|order| order.request() == Some(request))?;
        Some(self.pending.remove(position))
    }

    /// Notes that an order cannot be met; `notfound` has no word for single transactions of a block.
    fn lacks(&mut self, order: Order) {
        if let Order::Item(item) = order {
            self.missing.push(item);
        }
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

/// Transactions of a block by their places, which were checked when they were asked for.
fn transactions_of(block: &Block, request: &BlockTransactionsRequest) -> BlockTransactions {
    let transactions = request.indexes.iter().filter_map(|index| block.transactions.get(usize::from(*index)));
    BlockTransactions { block: request.block, transactions: transactions.cloned().map(Arc::new).collect() }
}

fn stripped(transaction: &Transaction) -> Transaction {
    let mut transaction = transaction.clone();
    for input in &mut transaction.inputs {
        input.witness.clear();
    }
    transaction
}
