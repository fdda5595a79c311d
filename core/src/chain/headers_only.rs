//! A chain of headers: what a light node keeps. Bodies pass through it, as much of them as a proof shows, and are
//! forgotten once whoever follows the chain has seen them; coins and undo data there are none.
//!
//! A block joins the active chain once it has been looked through, as a full node's does once its body is here, so that
//! everything that follows a chain follows this one the same way.

use super::accept::BlockOutcome;
use super::chainstate::{Chainstate, Keeps};
use super::coins::CoinsCache;
use super::index::{BlockStatus, EntryId};
use super::pack::Packs;
use super::persist::Flush;
use super::supply::Supply;
use crate::consensus::{BlockError, HeaderError};
use crate::primitives::{Amount, Block, BlockHash, Height};
use crate::time::UnixTime;
use std::sync::Arc;

impl Chainstate {
    /// Makes this a chain of headers: bodies, coins and undo data are dropped, and every block is to be looked through
    /// again. The next batch replaces what the store holds.
    pub fn keep_headers(&mut self) {
        if self.keeps == Keeps::Headers {
            return;
        }
        self.keeps = Keeps::Headers;
        self.coins = CoinsCache::default();
        self.supply = Supply::default();
        self.bodies = Packs::default();
        self.undo = Packs::default();
        self.flush = Flush::new();
        self.rebuild = None;
        self.recovery = None;
        self.effects = Default::default();
        let ids: Vec<EntryId> = self.index.iter().map(|(id, _)| id).collect();
        for id in ids {
            let entry = self.index.get_mut(id);
            (entry.body, entry.undo, entry.filter) = (None, None, None);
        }
        self.rewind(Height::GENESIS);
    }

    /// Takes in what a proof shows of a block that has `total` transactions: its header, checked as any, and those of
    /// its transactions that were asked for.
    pub fn accept_filtered(
        &mut self,
        block: Arc<Block>,
        total: u32,
        now: UnixTime,
    ) -> Result<BlockOutcome, BlockError> {
        self.accept_header(&block.header, now)?;
        let hash = block.block_hash();
        let id = self.index.id(&hash).ok_or(HeaderError::UnknownParent(block.header.prev_blockhash))?;
        if self.keeps == Keeps::Blocks || self.index.get(id).has_body() {
            return Ok(BlockOutcome::Known);
        }
        self.index.get_mut(id).n_tx = total;
        self.passing.insert(id, block);
        self.link(id);
        Ok(BlockOutcome::New)
    }

    /// Blocks of the best header's chain above the tip's place in it that have not been looked through, lowest first: at
    /// most `max`.
    pub fn not_looked_through(&self, max: usize) -> Vec<BlockHash> {
        let entries = self.header_chain.iter().skip(self.common_height() + 1).map(|id| self.index.get(*id));
        entries.filter(|entry| !entry.has_body()).take(max).map(|entry| entry.hash).collect()
    }

    /// Goes back to a height, so that the blocks above it are looked through again. A chain that keeps blocks stays
    /// where it is: its blocks are here.
    pub fn rewind(&mut self, height: Height) {
        if self.keeps == Keeps::Blocks {
            return;
        }
        self.active.truncate(height.0 as usize + 1);
        self.passing.clear();
        let entries = self.index.iter().filter(|(_, entry)| entry.has_body());
        let above: Vec<EntryId> = entries.map(|(id, _)| id).filter(|id| !self.is_active_id(*id)).collect();
        for id in above {
            self.forget_look(id);
        }
        self.candidates.clear();
        self.candidates.insert(self.candidate(self.tip_id()));
    }

    /// Puts a block that has been looked through on the tip. False if what it showed is gone: then it is asked for
    /// again.
    pub(super) fn connect_header(&mut self, id: EntryId) -> bool {
        let Some(block) = self.passing.remove(&id) else {
            self.lose_body(id);
            return false;
        };
        self.active.push(id);
        let entry = self.index.get_mut(id);
        entry.status = BlockStatus::Valid;
        let (hash, height) = (entry.hash, entry.height);
        self.effects.connect(hash, &block, height, Amount::ZERO);
        true
    }

    /// Takes the tip off. Should its branch come back, it is looked through again.
    pub(super) fn disconnect_header(&mut self, id: EntryId) -> bool {
        self.active.pop();
        self.candidates.remove(&self.candidate(id));
        self.forget_look(id);
        let entry = self.index.get(id);
        let block = Block { header: entry.header, transactions: Vec::new() };
        self.effects.disconnect(entry.hash, &Arc::new(block));
        true
    }

    fn forget_look(&mut self, id: EntryId) {
        let entry = self.index.get_mut(id);
        entry.n_tx = 0;
        entry.linked = false;
        if !entry.status.is_invalid() {
            entry.status = BlockStatus::HeaderValid;
        }
    }
}
