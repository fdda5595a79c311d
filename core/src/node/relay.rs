//! Peers: lets the network work, judges the blocks and transactions that it received, and hands it what peers ask
//! for.

use super::Node;
use super::engine::Engine;
use super::io::Output;
use super::reads::{FilterReader, Reader};
use super::tip::Journey;
use crate::chain::{BlockOutcome, Keeps};
use crate::consensus::BlockError;
use crate::cost::Cost;
use crate::interface::{Event, LogLine, PeerId};
use crate::mempool::{FeeRate, MempoolEntry, MempoolError};
use crate::net::{NetOutput, Received, ServeRequest, TransactionVerdict, View};
use crate::primitives::{Amount, Block, BlockHash, MAX_MONEY, Transaction, Txid, Wtxid};
use std::sync::Arc;

/// Bytes waiting for the store above which no more blocks are downloaded.
const MAX_PENDING_BYTES: usize = 16 << 20;

impl Node {
    /// Works the peers' messages off, one of each in turn, unless the chain is changing branch: whoever asks then
    /// waits. True while messages are left.
    pub(super) fn work_peers(&mut self, budget: Cost) -> bool {
        self.watch_wallet();
        let now = self.now;
        let is_stored = self.persistence.failure().is_none();
        let Some(engine) = self.engine.as_mut().filter(|engine| engine.is_settled()) else { return false };
        let Engine { chain, mempool, orphans, network, .. } = engine;
        let may_download = is_stored && engine.journey != Journey::Stuck;
        network.pause_download(!may_download || chain.pending_bytes() > MAX_PENDING_BYTES);
        let floor = Amount::from_sat(mempool.min_fee(now.unix).to_sat_per_kvb() as i64);
        network.set_listeners(self.listens.messages, self.listens.log);
        network.set_fee_filter(floor.max(mempool.policy().min_relay_fee));
        // Without witnesses a wtxid is the txid, and an orphan with them is asked for once more at worst.
        let wallet = &self.wallet;
        let has_transaction = |txid: &Txid| {
            mempool.contains(txid)
                || orphans.contains(&Wtxid::from_bytes(*txid.as_bytes()))
                || wallet.is_waiting(txid)
        };
        let pool = |show: &mut dyn FnMut(&Wtxid, &Arc<Transaction>)| {
            mempool.iter().for_each(|entry| show(&entry.wtxid(), entry.transaction()));
            orphans.iter().for_each(|(wtxid, orphan)| show(wtxid, orphan));
        };
        let mut view = View { chain, has_transaction: &has_transaction, pool: &pool };
        let busy = network.step(&mut view, now, budget);
        if chain.is_full() && engine.journey == Journey::Arrived {
            // The chain says why it goes no further.
            engine.journey = Journey::Underway;
        }
        self.work_network();
        busy
    }

    /// Does what the network wants done.
    pub(super) fn work_network(&mut self) {
        let now = self.now;
        while let Some(output) = self.engine.as_mut().and_then(|engine| engine.network.poll(now)) {
            match output {
                NetOutput::Connect { address } => self.outputs.push_back(Output::Connect { address }),
                NetOutput::AskSeed { seed } => self.outputs.push_back(Output::AskSeed { seed }),
                NetOutput::Send { peer, bytes } => self.outputs.push_back(Output::Send { peer, bytes }),
                NetOutput::Disconnect { peer, reason } => {
                    let reason = reason.to_string();
                    self.outputs.push_back(Output::Disconnect { peer, reason });
                    self.forget_peer(peer);
                }
                NetOutput::Consumed { peer, bytes } => {
                    self.outputs.push_back(Output::Consumed { peer, bytes });
                }
                NetOutput::Event(event) => self.event(event),
                NetOutput::Received(Received::Block { peer, block }) => self.judge_block(peer, &block),
                NetOutput::Received(Received::FilteredBlock { peer, block, total }) => {
                    self.judge_filtered(peer, &block, total);
                }
                NetOutput::Received(Received::Transaction { peer, transaction }) => {
                    self.judge_transaction(peer, &transaction);
                }
                NetOutput::KeptBack(block) => self.kept_back(block),
                NetOutput::Serve { peer, request } => self.serve(peer, request),
                NetOutput::Delivered { txid, delivered: true, .. } => self.delivered(txid),
                NetOutput::Delivered { txid, delivered: false, .. } => self.undelivered(txid),
            }
        }
    }

    /// A connection that this node does not want.
    pub(super) fn refuse(&mut self, peer: PeerId) {
        let reason = "node is not on the network".to_owned();
        self.outputs.push_back(Output::Disconnect { peer, reason });
    }

    fn forget_peer(&mut self, peer: PeerId) {
        if let Some(engine) = &mut self.engine {
            engine.orphans.remove_peer(peer);
        }
    }

    /// A block of this node's own.
    pub(super) fn accept_own_block(&mut self, block: &Arc<Block>) -> Result<(), BlockError> {
        let now = self.now.unix;
        if let Some(engine) = &mut self.engine {
            engine.chain.accept_block(Arc::clone(block), now)?;
            engine.journey = Journey::Underway;
        }
        Ok(())
    }

    fn judge_block(&mut self, peer: PeerId, block: &Arc<Block>) {
        let now = self.now;
        let Some(engine) = &mut self.engine else { return };
        let outcome = engine.chain.accept_block(Arc::clone(block), now.unix);
        self.block_judged(peer, block.block_hash(), outcome);
    }

    /// What the chain says of a block that a peer sent.
    pub(super) fn block_judged(
        &mut self,
        peer: PeerId,
        hash: BlockHash,
        outcome: Result<BlockOutcome, BlockError>,
    ) {
        let now = self.now;
        let Some(engine) = &mut self.engine else { return };
        self.has_news = true;
        let Engine { chain, network, .. } = engine;
        network.block_processed(peer, hash, outcome.clone().map(drop), chain, now);
        match outcome {
            Ok(BlockOutcome::Known) => {}
            Ok(BlockOutcome::New) => engine.journey = Journey::Underway,
            Err(error) => self.log(LogLine::Refused(format!("block {hash}: {error}"))),
        }
    }

    fn judge_transaction(&mut self, peer: PeerId, transaction: &Arc<Transaction>) {
        match self.try_transaction(peer, transaction) {
            Ok(txid) => self.adopt_orphans(txid),
            Err(MempoolError::MissingInputs { .. }) => {}
            Err(error) if error.is_known() => {}
            Err(error) => self.log(LogLine::Refused(error.to_string())),
        }
    }

    /// Checks a peer's transaction, and tells the network what came of it; one whose parents are missing waits.
    fn try_transaction(
        &mut self,
        peer: PeerId,
        transaction: &Arc<Transaction>,
    ) -> Result<Txid, MempoolError> {
        let outcome = match self.is_foreign_spend(transaction) {
            true => Err(MempoolError::NotOurs(transaction.txid())),
            false => self.accept_transaction(transaction),
        };
        let Some(engine) = &mut self.engine else { return outcome };
        let verdict = match &outcome {
            Ok(_) => TransactionVerdict::Accepted,
            Err(error) if error.is_known() => TransactionVerdict::Known,
            Err(MempoolError::MissingInputs { parents }) => {
                engine.orphans.add(Arc::clone(transaction), peer);
                let here = |parent: &&Txid| engine.orphans.contains(&Wtxid::from_bytes(*parent.as_bytes()));
                TransactionVerdict::Orphan(parents.iter().filter(|parent| !here(parent)).copied().collect())
            }
            Err(_) => TransactionVerdict::Refused,
        };
        engine.network.transaction_processed(peer, transaction, verdict);
        outcome
    }

    /// Checks a transaction and takes it into mempool and wallet; a light node's has no mempool.
    pub(super) fn accept_transaction(
        &mut self,
        transaction: &Arc<Transaction>,
    ) -> Result<Txid, MempoolError> {
        let now = self.now.unix;
        self.has_news = true;
        if self.is_light() {
            return self.accept_for_wallet(transaction);
        }
        let Some(engine) = &mut self.engine else { return Err(MempoolError::Full) };
        let accepted = engine.mempool.accept(Arc::clone(transaction), &engine.chain, now);
        engine.mempool_revision += 1;
        self.others_left();
        let accepted = accepted?;
        self.wallet.tx_added(transaction, now);
        let rate = FeeRate::of(accepted.fee, accepted.vsize).to_sat_per_kvb() as i64;
        if let Some(engine) = &mut self.engine {
            engine.network.announce_transaction(transaction, Amount::from_sat(rate));
        }
        self.event(Event::Transaction { txid: accepted.txid });
        Ok(accepted.txid)
    }

    /// Tries again what waited for `parent`, and then for what that made possible.
    pub(super) fn adopt_orphans(&mut self, parent: Txid) {
        let mut parents = vec![parent];
        while let Some(parent) = parents.pop() {
            let Some(engine) = &mut self.engine else { return };
            for (peer, child) in engine.orphans.take_children(&parent) {
                parents.extend(self.try_transaction(peer, &child));
            }
        }
    }

    fn serve(&mut self, peer: PeerId, request: ServeRequest) {
        // What is answered out of memory makes room for the peer's next orders, and draws moments for what it announces.
        self.has_news = true;
        if let ServeRequest::Block(hash) = request {
            return self.deliver(Reader::Peer(peer), hash);
        }
        if let ServeRequest::Filter(hash) = request {
            return self.deliver_filter(FilterReader::Peer(peer), hash);
        }
        if let ServeRequest::Transaction(txid) = request {
            return self.serve_transaction(peer, txid);
        }
        let Some(Engine { chain, mempool, network, .. }) = &mut self.engine else { return };
        match request {
            ServeRequest::Block(_) | ServeRequest::Filter(_) | ServeRequest::Transaction(_) => {}
            ServeRequest::Mempool if chain.keeps() == Keeps::Headers => {
                let own = self.wallet.own_waiting();
                network.serve_mempool(peer, own.iter().map(|transaction| (&**transaction, MAX_MONEY)));
            }
            ServeRequest::Mempool => {
                let rate = |entry: &MempoolEntry| FeeRate::of(entry.fee(), entry.vsize()).to_sat_per_kvb();
                let entries = mempool.iter();
                let rates =
                    entries.map(|entry| (&**entry.transaction(), Amount::from_sat(rate(entry) as i64)));
                network.serve_mempool(peer, rates);
            }
        }
    }

    fn serve_transaction(&mut self, peer: PeerId, txid: Txid) {
        let transaction = self.waiting_transaction(&txid);
        let Some(Engine { network, .. }) = &mut self.engine else { return };
        match transaction {
            Some(transaction) => network.serve_transaction(peer, &transaction),
            None => network.serve_missing(peer, ServeRequest::Transaction(txid)),
        }
    }

    /// A block that a peer asked for; none if this node does not have it after all.
    pub(super) fn serve_block(&mut self, peer: PeerId, hash: BlockHash, block: Option<Arc<Block>>) {
        let Some(Engine { chain, network, .. }) = &mut self.engine else { return };
        match block {
            Some(block) => network.serve_block(peer, hash, &block, chain),
            None => network.serve_missing(peer, ServeRequest::Block(hash)),
        }
    }
}
