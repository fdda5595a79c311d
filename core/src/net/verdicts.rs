//! What the node says: how it judged blocks and transactions, where its tip is, and the bodies that peers wait for.

use super::compact_relay::Served;
use super::network::Network;
use super::outbox::ServeRequest;
use super::reason::DisconnectReason;
use crate::chain::{Chainstate, Keeps};
use crate::consensus::{BlockError, HeaderError};
use crate::interface::PeerId;
use crate::primitives::{Amount, Block, BlockHash, Transaction, Txid};
use crate::spv::BlockFilter;
use crate::time::Time;
use std::sync::Arc;

/// What the node says of a transaction that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionVerdict {
    /// It is in the mempool now.
    Accepted,
    /// It was known before, so the peer has brought nothing.
    Known,
    /// It waits for these, which are asked of the peer.
    Orphan(Vec<Txid>),
    /// A rule refused it.
    Refused,
}

impl Network {
    /// The node has judged a block that [`NetOutput::Received`](super::NetOutput::Received) gave it. What is invalid or mutated ends the
    /// connection it came over.
    pub fn block_processed(
        &mut self,
        peer: PeerId,
        hash: BlockHash,
        result: Result<(), BlockError>,
        chain: &Chainstate,
        now: Time,
    ) {
        self.download.judged(&hash);
        match result {
            Ok(()) => {
                if let Some(peer) = self.peers.get_mut(peer) {
                    peer.last_block = Some(now);
                }
                self.download.peer_has(peer, hash, chain);
                self.getblocks.on_block(peer, &hash, chain, now.mono, &mut self.outbox);
            }
            Err(error) if error.is_permanent() => self.blame(peer, hash, error, now),
            Err(error) => {
                if let Some(peer) = self.peers.get_mut(peer) {
                    match error {
                        BlockError::Header(HeaderError::TooNew { .. }) => peer.tolerated.from_future += 1,
                        // This node has no room: the peer is not to blame.
                        BlockError::Header(HeaderError::IndexFull(_)) => {}
                        _ => peer.tolerated.unconnecting += 1,
                    }
                }
            }
        }
    }

    /// The chain found a block invalid when it came to connecting it.
    pub fn block_failed(&mut self, hash: BlockHash, error: BlockError, now: Time) {
        if let Some(peer) = self.download.sender(&hash) {
            self.blame(peer, hash, error, now);
        }
    }

    /// The node has judged a transaction that [`NetOutput::Received`](super::NetOutput::Received) gave it. An invalid one is counted, and not
    /// asked for again before the next block.
    pub fn transaction_processed(
        &mut self,
        peer: PeerId,
        transaction: &Transaction,
        verdict: TransactionVerdict,
    ) {
        match verdict {
            TransactionVerdict::Accepted => {
                self.transactions.known(&transaction.txid());
                if let Some(peer) = self.peers.get_mut(peer) {
                    peer.last_transaction = peer.received.last;
                }
            }
            TransactionVerdict::Known => self.transactions.known(&transaction.txid()),
            TransactionVerdict::Orphan(parents) => {
                for parent in parents {
                    self.transactions.announced(peer, parent);
                }
            }
            TransactionVerdict::Refused => {
                self.transactions.refused(transaction);
                if let Some(peer) = self.peers.get_mut(peer) {
                    peer.tolerated.invalid_transactions += 1;
                }
            }
        }
    }

    /// The active chain has a new tip, `connected` blocks having joined it: whoever does not have it is told, by a node
    /// that has its block to give.
    pub fn tip_changed(&mut self, chain: &Chainstate, connected: usize) {
        for _ in 0..connected {
            self.download.connected();
        }
        self.transactions.tip_changed();
        self.watch.tip_changed();
        if self.keeps == Keeps::Headers {
            return;
        }
        if connected > 0
            && !self.download.is_busy()
            && let Some(first) = self.download.sender(&chain.tip())
        {
            self.compact_blocks.promote(first, &mut self.outbox);
        }
        let message = self.compact_tip(chain);
        let (download, partners) = (&self.download, &self.compact_blocks);
        let has = |peer, hash: &BlockHash, height| download.is_known_to(peer, hash, height, chain);
        let compact = |peer| message.as_ref().filter(|_| partners.wants_at_once(peer)).cloned();
        self.tip_relay.announce(chain, has, compact, &mut self.outbox);
    }

    /// A transaction entered the mempool: whoever wants it and does not have it is told. `fee_rate` is per 1,000
    /// virtual bytes.
    pub fn announce_transaction(&mut self, transaction: &Transaction, fee_rate: Amount) {
        self.transactions.known(&transaction.txid());
        self.relay.announce_transaction(transaction, fee_rate, &mut self.filters);
    }

    /// A transaction left the mempool: nobody is told of it any more.
    pub fn forget_transaction(&mut self, txid: &Txid) {
        self.relay.forget(txid);
    }

    /// Answers [`ServeRequest::Block`].
    pub fn serve_block(&mut self, peer: PeerId, hash: BlockHash, block: &Arc<Block>, chain: &Chainstate) {
        let served = Served::new(hash, block, chain);
        let compact = |block: &Block| self.compact_blocks.compact(block, &mut self.rng);
        self.serving.on_block(peer, &served, &mut self.filters, compact, &mut self.outbox);
    }

    /// Answers [`ServeRequest::Transaction`].
    pub fn serve_transaction(&mut self, peer: PeerId, transaction: &Arc<Transaction>) {
        self.serving.on_transaction(peer, transaction, &mut self.outbox);
    }

    /// Answers [`ServeRequest::Filter`]; with none if this node does not have it after all.
    pub fn serve_filter(&mut self, peer: PeerId, block: BlockHash, filter: Option<&BlockFilter>) {
        self.serving.on_filter(peer, block, filter, &mut self.outbox);
    }

    /// Answers [`ServeRequest::Mempool`] with transactions and their fee rates per 1,000 virtual bytes.
    pub fn serve_mempool<'a>(
        &mut self,
        peer: PeerId,
        transactions: impl IntoIterator<Item = (&'a Transaction, Amount)>,
    ) {
        for (transaction, fee_rate) in transactions {
            self.relay.announce_to(peer, transaction, fee_rate, &mut self.filters);
        }
    }

    /// Answers a request for a body that this node does not have.
    pub fn serve_missing(&mut self, peer: PeerId, request: ServeRequest) {
        self.serving.on_missing(peer, request, &mut self.outbox);
    }

    /// The sender of an invalid block must go, unless it came by short ids: such blocks are passed on before they are
    /// validated (BIP152).
    fn blame(&mut self, peer: PeerId, hash: BlockHash, error: BlockError, now: Time) {
        if self.compact_blocks.is_relayed(&hash) {
            if let Some(peer) = self.peers.get_mut(peer) {
                peer.tolerated.invalid_blocks += 1;
            }
            return;
        }
        self.disconnect(peer, DisconnectReason::InvalidBlock { hash, error: Box::new(error) }, now);
    }
}
