//! The way of the chain to its new tip, and what a new tip does to everything that follows it. Branches change in
//! steps; mempool, wallet, miner and page see only where the chain comes to rest.

use super::Node;
use super::details::{block_summary, header_summary};
use super::engine::Engine;
use super::reads::Reader;
use super::snapshot::RECENT_BLOCKS;
use crate::chain::{ActivateStep, ChainError, Connected, Effects};
use crate::cost::Cost;
use crate::interface::{Event, LogLine, Reply};
use crate::mempool::{RemovalReason, Removed};
use crate::primitives::{Block, BlockHash, Height};
use crate::time::Span;

/// How often the mempool is looked through for what has waited for too long.
const EXPIRY_PERIOD: Span = Span::from_secs(60);

/// Where the chain is on its way to the best tip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Journey {
    /// At the best tip that it knows.
    Arrived,
    /// There may be a better one.
    Underway,
    /// It needs records that are being read.
    Reading,
    /// Helpers check the next block, and those who follow the chain have seen the tip.
    Verifying,
    /// As `Verifying`, in the midst of a change of branch, of which nobody sees anything yet.
    VerifyingBranch,
    /// It goes no further: a bound of this node is reached.
    Stuck,
}

impl Node {
    /// Lets the chain go on towards the best tip, for about `budget`; true if it can go further at once.
    pub(super) fn work_chain(&mut self, budget: Cost) -> bool {
        let mut spent = Cost::ZERO;
        while self.engine.as_ref().is_some_and(|engine| engine.journey == Journey::Underway) {
            if spent >= budget {
                return true;
            }
            spent += self.step_chain();
        }
        false
    }

    fn step_chain(&mut self) -> Cost {
        let Some(engine) = &mut self.engine else { return Cost::ZERO };
        match engine.chain.activate(engine.mempool.script_cache()) {
            Ok(ActivateStep::More(cost)) => return cost,
            Ok(ActivateStep::Done) => self.settle(Journey::Arrived),
            Ok(ActivateStep::NeedRecords(keys)) => {
                engine.journey = Journey::Reading;
                self.outputs.extend(self.reads.records(keys));
            }
            Ok(ActivateStep::Verify(batches)) => self.wait_for_helpers(batches),
            Err(error) => self.stop_chain(error),
        }
        Cost::ZERO
    }

    fn stop_chain(&mut self, error: ChainError) {
        self.log(LogLine::Note(error.to_string()));
        if let Some(engine) = &mut self.engine {
            engine.bound = Some(error);
        }
        self.settle(Journey::Stuck);
    }

    /// The chain rests: everything that follows it learns what happened since it last did.
    pub(super) fn settle(&mut self, journey: Journey) {
        let now = self.now;
        let Some(engine) = &mut self.engine else { return };
        engine.journey = journey;
        engine.note_progress();
        let mut effects = engine.chain.take_effects();
        effects.rescan |= std::mem::take(&mut engine.is_unseen);
        let waiting = std::mem::take(&mut engine.reindexing);
        // It looks at every coin, so only where somebody asked.
        let transactions = if waiting.is_empty() { 0 } else { engine.chain.utxo_transactions() };
        for (hash, error) in &effects.failed {
            engine.network.block_failed(*hash, error.clone(), now);
        }
        for (hash, error) in &effects.failed {
            self.log(LogLine::Refused(format!("block {hash}: {error}")));
        }
        for repair in &effects.repairs {
            self.log(LogLine::Note(repair.clone()));
        }
        if effects.rescan || !effects.connected.is_empty() || !effects.disconnected.is_empty() {
            self.follow(&effects);
        }
        for id in waiting {
            self.reply_when_stored(id, Reply::Reindexed { transactions });
        }
    }

    /// The tip has moved.
    fn follow(&mut self, effects: &Effects) {
        self.has_news = true;
        let (joined, left) = (effects.connected.len() as u32, effects.disconnected.len() as u32);
        let from = Height((self.height().0 + left).saturating_sub(joined));
        self.follow_with_wallet(effects);
        self.follow_payments(from);
        let returned = self.follow_with_mempool(effects);
        self.tell(effects, returned);
        self.refresh_recent(effects);
        if let Some(Engine { chain, network, .. }) = &mut self.engine {
            network.tip_changed(chain, effects.connected.len());
        }
        let waits = |node: &Self| node.engine.as_ref().is_some_and(|engine| !engine.orphans.is_empty());
        let blocks = effects.connected.iter().filter_map(|connected| connected.block.as_ref());
        for tx in blocks.flat_map(|block| &block.transactions) {
            if waits(self) {
                self.adopt_orphans(tx.txid());
            }
        }
    }

    /// Once a minute, drops from the mempool what has waited for too long.
    pub(super) fn work_expiry(&mut self) {
        let now = self.now;
        let Some(engine) = &mut self.engine else { return };
        if engine.mempool.is_empty() || now.mono < engine.next_expiry {
            return;
        }
        engine.next_expiry = now.mono + EXPIRY_PERIOD;
        let removed = engine.mempool.expire(now.unix);
        if !removed.is_empty() {
            self.transactions_left(&removed);
        }
    }

    fn follow_with_wallet(&mut self, effects: &Effects) {
        self.wallet.follow(effects, &self.params);
        if effects.rescan {
            self.scan_for_wallet(None);
        }
    }

    /// Confirmed transactions leave the mempool, those of disconnected blocks return; how many did.
    fn follow_with_mempool(&mut self, effects: &Effects) -> usize {
        let now = self.now.unix;
        let Some(Engine { chain, mempool, orphans, .. }) = &mut self.engine else { return 0 };
        let change = mempool.follow(effects, chain, now);
        for block in effects.connected.iter().filter_map(|connected| connected.block.as_ref()) {
            orphans.remove_for_block(block);
        }
        self.transactions_left(&change.removed);
        change.returned.len()
    }

    /// Transactions have left the mempool: the wallet learns of those that no block has.
    pub(super) fn transactions_left(&mut self, removed: &[Removed]) {
        let Some(engine) = &mut self.engine else { return };
        engine.mempool_revision += 1;
        for removed in removed {
            engine.network.forget_transaction(&removed.txid);
        }
        let is_empty = engine.mempool.is_empty();
        let is_void = |removed: &&Removed| !matches!(removed.reason, RemovalReason::Confirmed(_));
        let void: Vec<&Removed> = removed.iter().filter(is_void).collect();
        for removed in &void {
            self.wallet.tx_removed(&removed.txid);
        }
        if is_empty && !void.is_empty() && self.miner.is_active() {
            self.log(LogLine::AllInvalid);
        }
    }

    fn tell(&mut self, effects: &Effects, returned: usize) {
        if let Some(top) = effects.disconnected.first() {
            self.event(Event::Reorg {
                from: top.hash,
                to: self.tip(),
                disconnected: effects.disconnected.iter().map(|disconnected| disconnected.hash).collect(),
                connected: effects.connected.iter().map(|connected| connected.hash).collect(),
                returned,
            });
        }
        for connected in &effects.connected {
            self.event(Event::Block { hash: connected.hash, height: connected.height });
            self.log(LogLine::AddedBlock(connected.hash));
        }
    }

    fn tip(&self) -> BlockHash {
        self.engine.as_ref().map(Engine::tip).unwrap_or_default()
    }

    /// The height of the tip; zero before there is a chain.
    pub(super) fn height(&self) -> Height {
        self.engine.as_ref().map(|engine| engine.chain.height()).unwrap_or_default()
    }

    /// Brings the list of the last blocks up to date; bodies that only the store has are read.
    pub(super) fn refresh_recent(&mut self, effects: &Effects) {
        let Some(engine) = &mut self.engine else { return };
        let params = engine.chain.params();
        let mut known = std::mem::take(&mut engine.recent);
        let fresh = effects.connected.iter().rev().take(RECENT_BLOCKS);
        let summary = |connected: &Connected| {
            let (block, entry) = (connected.block.as_ref()?, engine.chain.entry(&connected.hash)?);
            let is_whole = entry.n_tx as usize == block.transactions.len();
            is_whole.then(|| block_summary(block, connected.height, params))
        };
        known.extend(fresh.filter_map(summary));
        let tip = engine.chain.height().0;
        let first = (tip + 1).saturating_sub(RECENT_BLOCKS as u32);
        let mut unknown = Vec::new();
        for entry in (first..=tip).filter_map(|height| engine.chain.active_entry(Height(height))) {
            let summary = known.iter().position(|summary| summary.hash == entry.hash);
            engine.recent.push_back(summary.and_then(|place| known.swap_remove_front(place)).unwrap_or_else(
                || {
                    unknown.push(entry.hash);
                    header_summary(entry)
                },
            ));
        }
        for hash in unknown {
            self.deliver(Reader::Recent, hash);
        }
    }

    /// A body for the list of the last blocks has come.
    pub(super) fn recent_came(&mut self, block: &Block) {
        let Some(engine) = &mut self.engine else { return };
        let hash = block.block_hash();
        let params = engine.chain.params();
        if let Some(summary) = engine.recent.iter_mut().find(|summary| summary.hash == hash) {
            *summary = block_summary(block, summary.height, params);
        }
    }
}
