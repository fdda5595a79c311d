//! What waits for a block, over a restart and for as long as it takes: the mempool comes back from the store, then the
//! wallet's payments, and those are announced again from time to time until a block has them.

use super::Node;
use super::engine::Engine;
use super::walk::Walk;
use crate::chain::Keeps;
use crate::interface::LogLine;
use crate::mempool::{MempoolError, RemovalReason, Removed, StoredTransaction};
use crate::store::{BatchId, Database, Durability, StoreBatch};
use std::sync::Arc;

impl Node {
    /// What of the mempool the store holds; `is_whole` says whether all of it could be read.
    pub(super) fn remember_waiting(&mut self, waiting: Vec<StoredTransaction>, is_whole: bool) {
        let Some(engine) = &mut self.engine else { return };
        if !waiting.is_empty() || !is_whole {
            engine.mempool.rewrite();
        }
        engine.stored_mempool = waiting;
    }

    /// Gives what waited before to the mempool again, once the chain rests and the wallet knows it: first what the store
    /// holds of the mempool, then the wallet's waiting transactions. What of these is refused is void.
    pub(super) fn return_waiting(&mut self) {
        let Some(engine) = self.engine.as_mut().filter(|engine| engine.is_settled()) else { return };
        if self.walks.iter().any(Walk::is_scan) || !std::mem::take(&mut engine.waiting_due) {
            return;
        }
        for stored in std::mem::take(&mut engine.stored_mempool) {
            self.restore(&stored);
        }
        for transaction in self.wallet.waiting_transactions() {
            match self.accept_transaction(&transaction) {
                Ok(_) | Err(MempoolError::AlreadyInMempool(_)) => {}
                Err(_) => self.wallet.tx_removed(&transaction.txid()),
            }
        }
    }

    /// Checks a transaction that waited before a restart and takes it in; one that is not valid any more is forgotten.
    fn restore(&mut self, stored: &StoredTransaction) {
        let now = self.now.unix;
        let Some(Engine { chain, mempool, mempool_revision, .. }) = &mut self.engine else { return };
        let transaction = Arc::clone(&stored.transaction);
        let accepted = mempool.accept_stored(transaction, chain, now, stored.since);
        *mempool_revision += 1;
        self.others_left();
        if accepted.is_ok() {
            self.wallet.tx_added(&stored.transaction, stored.since);
        }
    }

    /// A transaction came to the mempool: those that made room for it have left.
    pub(super) fn others_left(&mut self) {
        let Some(engine) = &mut self.engine else { return };
        let left = engine.mempool.take_left();
        if left.is_empty() {
            return;
        }
        self.transactions_left(&left);
        for Removed { txid, reason, .. } in left {
            if let RemovalReason::Replaced { by } = reason {
                self.log(LogLine::Replaced { txid, by });
            }
        }
    }

    /// Announces the wallet's own payments again, if it is time: those who heard of them may have lost them.
    pub(super) fn work_rebroadcast(&mut self) {
        let now = self.now;
        // A light node does so with every block.
        let Some(engine) = self.engine.as_mut().filter(|engine| engine.chain.keeps() == Keeps::Blocks) else {
            return;
        };
        if engine.network.is_rebroadcast_due(!engine.mempool.is_empty(), now) {
            for transaction in self.wallet.own_waiting() {
                engine.network.announce_again(&transaction);
            }
            self.has_news = true;
        }
    }
}

impl Engine {
    /// Whether the store holds another mempool than this node does.
    pub(super) fn has_waiting_changes(&self) -> bool {
        self.stored_mempool.is_empty() && self.mempool.has_changes()
    }

    /// What changed of the chain and of what waits on it, as one batch; none if nothing did. What the store holds of the
    /// mempool stays there until it has come back.
    pub(super) fn take_batch(&mut self, id: BatchId) -> Option<StoreBatch> {
        let chain = self.chain.take_batch(id);
        let waiting = match self.stored_mempool.is_empty() {
            true => self.mempool.take_changes(),
            false => Vec::new(),
        };
        match chain {
            Some(batch) => Some(StoreBatch { ops: batch.ops.into_iter().chain(waiting).collect(), ..batch }),
            None if waiting.is_empty() => None,
            None => {
                let (database, durability) = (Database::Chain, Durability::Relaxed);
                Some(StoreBatch { id, database, durability, ops: waiting })
            }
        }
    }
}
