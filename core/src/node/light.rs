//! What a light node does in place of a full one: it keeps headers, believes proofs of what concerns its wallet, and
//! holds what waits in the wallet, for without coins there is no mempool that could judge it.

use super::Node;
use crate::chain::Keeps;
use crate::collections::BTreeSet;
use crate::consensus::check::check_transaction;
use crate::interface::{CommandError, Event, LogLine, MempoolSummary, PeerId, Role, SETTLED};
use crate::mempool::MempoolError;
use crate::primitives::{Block, BlockHash, Height, MAX_MONEY, Transaction, Txid};
use std::sync::Arc;

/// Waiting transactions that a snapshot lists.
const LISTED: usize = 24;

impl Node {
    /// Whether this node keeps headers alone.
    pub(super) fn is_light(&self) -> bool {
        self.engine.as_ref().is_some_and(|engine| engine.chain.keeps() == Keeps::Headers)
    }

    /// The error of a command that needs blocks or coins.
    pub(super) fn need_blocks(&self, what: &str) -> Result<(), CommandError> {
        if self.is_light() { Err(light(what)) } else { Ok(()) }
    }

    /// Makes this a light node: its blocks and coins are dropped.
    pub(super) fn become_light(&mut self) {
        self.config.role = Role::Spv;
        let chain = self.engine.as_ref().map(|engine| engine.chain.clone());
        if let Some(chain) = chain.filter(|chain| chain.keeps() == Keeps::Blocks) {
            self.adopt_chain(chain);
        }
    }

    /// Tells the network of every key that the wallet has, so that it hears of what concerns them.
    pub(super) fn watch_wallet(&mut self) {
        let Some(engine) = self.engine.as_mut().filter(|engine| engine.chain.keeps() == Keeps::Headers)
        else {
            return;
        };
        if engine.network.watched() < self.wallet.watched() {
            let elements: BTreeSet<Vec<u8>> = self.wallet.elements().collect();
            engine.network.watch(elements, self.wallet.scripts().cloned().collect());
        }
    }

    /// A peer has shown a block: it joins the chain as a whole one joins a full node's.
    pub(super) fn judge_filtered(&mut self, peer: PeerId, block: &Arc<Block>, total: u32) {
        let now = self.now;
        let Some(engine) = &mut self.engine else { return };
        let outcome = engine.chain.accept_filtered(Arc::clone(block), total, now.unix);
        self.block_judged(peer, block.block_hash(), outcome);
    }

    /// A transaction of a block that this node believed was kept back: from that block on the chain is looked through
    /// again.
    pub(super) fn kept_back(&mut self, block: BlockHash) {
        let Some(engine) = &mut self.engine else { return };
        let Some(height) = engine.chain.entry(&block).map(|entry| entry.height) else { return };
        let below = height.previous().unwrap_or_default();
        let to = if engine.chain.is_active(&block) { below } else { engine.chain.height() };
        engine.chain.rewind(to);
        self.has_news = true;
        self.scan_for_wallet(None);
    }

    /// Takes a transaction that concerns the wallet into it. Nothing is known of coins that are not the wallet's, so a
    /// payment to it is believed only as much as its confirmations say.
    pub(super) fn accept_for_wallet(&mut self, transaction: &Arc<Transaction>) -> Result<Txid, MempoolError> {
        check_transaction(transaction).map_err(MempoolError::Invalid)?;
        let txid = transaction.txid();
        if transaction.is_coinbase() {
            return Err(MempoolError::Coinbase);
        }
        if self.wallet.is_confirmed(&txid) {
            return Err(MempoolError::AlreadyKnown(txid));
        }
        if !self.wallet.tx_added(transaction, self.now.unix) {
            return Err(MempoolError::NotOurs(txid));
        }
        if let Some(engine) = &mut self.engine {
            engine.mempool_revision += 1;
            engine.network.announce_transaction(transaction, MAX_MONEY);
        }
        self.event(Event::Transaction { txid });
        Ok(txid)
    }

    /// Whether a peer's transaction spends coins of the wallet though no block has it and the wallet did not make it. A
    /// node that cannot check it does not believe it.
    pub(super) fn is_foreign_spend(&self, transaction: &Transaction) -> bool {
        self.is_light() && self.wallet.spends(transaction) && !self.wallet.is_waiting(&transaction.txid())
    }

    /// A transaction that waits in this node, wherever it does.
    pub(super) fn waiting_transaction(&self, txid: &Txid) -> Option<Arc<Transaction>> {
        let pooled = self.engine.as_ref().and_then(|engine| engine.mempool.get(txid));
        pooled.map(|entry| Arc::clone(entry.transaction())).or_else(|| self.wallet.waiting_transaction(txid))
    }

    /// With every block, a light node announces its payments again until one has them, and says which have settled.
    pub(super) fn follow_payments(&mut self, from: Height) {
        if !self.is_light() {
            return;
        }
        for txid in self.wallet.settled_between(from, self.height()) {
            self.log(LogLine::Settled { txid, confirmations: SETTLED });
        }
        let Some(engine) = &mut self.engine else { return };
        for transaction in self.wallet.own_waiting() {
            engine.network.announce_again(&transaction);
        }
    }

    /// What waits, in short.
    pub(super) fn mempool_summary(&self) -> MempoolSummary {
        match &self.engine {
            Some(engine) if engine.chain.keeps() == Keeps::Blocks => {
                engine.mempool.summary(engine.orphans.len())
            }
            Some(_) => {
                let waiting = self.wallet.waiting_transactions();
                MempoolSummary {
                    count: waiting.len(),
                    vsize: waiting.iter().map(|transaction| transaction.vsize()).sum(),
                    orphans: 0,
                    txids: waiting.iter().take(LISTED).map(|transaction| transaction.txid()).collect(),
                }
            }
            None => MempoolSummary::default(),
        }
    }
}

/// The error that says what a light node cannot do.
pub(super) fn light(what: &str) -> CommandError {
    CommandError::BadArgument(format!("a light node keeps headers alone: {what}"))
}
