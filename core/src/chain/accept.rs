//! Taking in headers and blocks: checked, put into the tree, not yet connected.

use crate::collections::BTreeSet;
use std::cmp::Reverse;
use std::sync::Arc;

use super::chainstate::{Chainstate, Keeps, MAX_SIDE_HEADERS};
use super::index::{BlockStatus, EntryId};
use crate::consensus::check::{CheckedBlock, check_block, check_block_at};
use crate::consensus::{BlockError, HeaderError, pow};
use crate::encode::Encode as _;
use crate::primitives::{Block, BlockHash, Header, Work};
use crate::time::UnixTime;

/// What became of a header that is not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It joined the tree.
    New,
    /// It was there.
    Known,
}

/// What became of a block that is not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockOutcome {
    /// Its body is new; `activate` will look at it.
    New,
    /// Its body was here.
    Known,
}

impl Chainstate {
    /// Takes a header into the tree if the rules allow it there (Core's `AcceptBlockHeader`). `now` is for the limit on
    /// headers from the future.
    pub fn accept_header(&mut self, header: &Header, now: UnixTime) -> Result<Accepted, HeaderError> {
        self.accept_hashed_header(header, header.block_hash(), now)
    }

    /// The same for a header whose hash is known already.
    pub fn accept_hashed_header(
        &mut self,
        header: &Header,
        hash: BlockHash,
        now: UnixTime,
    ) -> Result<Accepted, HeaderError> {
        if let Some(id) = self.index.id(&hash) {
            let is_invalid = self.index.get(id).status.is_invalid();
            return if is_invalid { Err(HeaderError::KnownInvalid(hash)) } else { Ok(Accepted::Known) };
        }
        pow::check_proof_of_work(header, hash, &self.params.consensus)?;
        let parent = self.index.id(&header.prev_blockhash);
        let parent = parent.ok_or(HeaderError::UnknownParent(header.prev_blockhash))?;
        self.check_header_at(header, parent, now)?;
        if self.index.len() >= self.max_headers {
            self.is_full = true;
            return Err(HeaderError::IndexFull(self.max_headers));
        }
        let id = self.index.insert(*header, hash, Some(parent), &self.params.consensus);
        self.consider_best_header(id);
        self.prune_side_headers();
        Ok(Accepted::New)
    }

    /// Core's `ContextualCheckBlockHeader`, on a parent that is known.
    fn check_header_at(&self, header: &Header, parent: EntryId, now: UnixTime) -> Result<(), HeaderError> {
        let consensus = &self.params.consensus;
        let parent = self.index.get(parent);
        if parent.status.is_invalid() {
            return Err(HeaderError::InvalidParent(parent.hash));
        }
        let expected = pow::next_work_required(&parent.difficulty, UnixTime(header.time), consensus);
        if header.bits != expected {
            return Err(HeaderError::WrongTarget { expected, found: header.bits });
        }
        if header.time <= parent.median_time_past {
            return Err(HeaderError::TooOld { time: header.time, median: parent.median_time_past });
        }
        if let Some(UnixTime(earliest)) = pow::timewarp_limit(&parent.difficulty, consensus)
            && header.time < earliest
        {
            return Err(HeaderError::Timewarp { time: header.time, earliest });
        }
        let latest = now.0.saturating_add(consensus.future_limit);
        if header.time > latest {
            return Err(HeaderError::TooNew { time: header.time, latest });
        }
        let height = parent.height.next();
        let retired = [(2, consensus.bip34_height), (3, consensus.bip66_height), (4, consensus.bip65_height)];
        if retired.iter().any(|(version, from)| header.version < *version && height >= *from) {
            return Err(HeaderError::ObsoleteVersion(header.version));
        }
        Ok(())
    }

    /// Takes in a block: header, then all that can be said without coins; its body then waits for `activate` (Core's
    /// `AcceptBlock`). A block that breaks a rule is remembered as invalid unless someone else may have changed it.
    pub fn accept_block(&mut self, block: Arc<Block>, now: UnixTime) -> Result<BlockOutcome, BlockError> {
        let hash = block.block_hash();
        self.accept_hashed_header(&block.header, hash, now)?;
        let id = self.index.id(&hash).ok_or(HeaderError::UnknownParent(block.header.prev_blockhash))?;
        if self.index.get(id).has_body() {
            return Ok(BlockOutcome::Known);
        }
        let checked = check_block(block, &self.params.consensus).and_then(|block| {
            let entry = self.index.get(id);
            let parent = entry.parent.map_or(0, |parent| self.index.get(parent).median_time_past);
            check_block_at(&block, entry.height, parent, &self.params.consensus).map(|()| block)
        });
        match checked {
            Ok(block) => {
                self.index.get_mut(id).n_tx = block.txids().len() as u32;
                self.take_body(id, block);
                self.link(id);
                Ok(BlockOutcome::New)
            }
            Err(error) => {
                if !error.is_mutation() {
                    self.invalidate(id);
                }
                Err(error)
            }
        }
    }

    /// Keeps a body, or lets it pass.
    fn take_body(&mut self, id: EntryId, block: CheckedBlock) {
        match self.keeps {
            Keeps::Blocks => {
                self.new_bodies += block.block().encoded_len();
                self.bodies.add(id, Arc::new(block));
            }
            Keeps::Headers => drop(self.passing.insert(id, Arc::clone(block.block()))),
        }
    }

    /// A body arrived: if all below it are here, it and those that waited for it may become the tip (Core's
    /// `ReceivedBlockTransactions`).
    pub(super) fn link(&mut self, id: EntryId) {
        let mut waiting = vec![id];
        while let Some(id) = waiting.pop() {
            let entry = self.index.get(id);
            let parent_linked = entry.parent.is_none_or(|parent| self.index.get(parent).linked);
            if !entry.has_body() || entry.linked || !parent_linked || entry.status.is_invalid() {
                continue;
            }
            let sequence = self.next_sequence;
            self.next_sequence += 1;
            let entry = self.index.get_transient_mut(id);
            entry.linked = true;
            entry.sequence = sequence;
            if self.candidate(id) > self.candidate(self.tip_id()) {
                self.candidates.insert(self.candidate(id));
            }
            waiting.extend(self.index.children(id));
        }
    }

    /// Remembers a block as invalid, and all that build on it.
    pub(super) fn invalidate(&mut self, id: EntryId) {
        let descendants = self.index.descendants(id);
        for (id, status) in std::iter::once((id, BlockStatus::Invalid))
            .chain(descendants.into_iter().map(|id| (id, BlockStatus::InvalidAncestor)))
        {
            self.candidates.remove(&self.candidate(id));
            self.index.get_mut(id).status = status;
            self.drop_data(id);
        }
        if self.index.get(self.best_header_id()).status.is_invalid() {
            self.choose_best_header();
        }
    }

    /// Forgets body and undo data of a block off the active chain.
    pub(super) fn drop_data(&mut self, id: EntryId) {
        let entry = self.index.get_mut(id);
        entry.n_tx = 0;
        entry.linked = false;
        entry.filter = None;
        let (body, undo) = (entry.body.take(), entry.undo.take());
        self.bodies.remove(id, body);
        self.undo.remove(id, undo);
        self.passing.remove(&id);
    }

    fn consider_best_header(&mut self, id: EntryId) {
        if self.index.get(id).chainwork > self.best_header().chainwork {
            self.set_best_header(id);
        }
    }

    /// The header of most work that is not invalid; of several the one of the lowest id, for the index does not know
    /// which was seen first.
    pub(super) fn choose_best_header(&mut self) {
        let valid = self.index.iter().filter(|(_, entry)| !entry.status.is_invalid());
        if let Some((id, _)) = valid.max_by_key(|(id, entry)| (entry.chainwork, Reverse(*id))) {
            self.set_best_header(id);
        }
    }

    fn set_best_header(&mut self, id: EntryId) {
        let branch = self.index.branch(Some(id));
        let new: Vec<EntryId> = branch
            .take_while(|(id, entry)| self.header_chain.get(entry.height.0 as usize) != Some(id))
            .map(|(id, _)| id)
            .collect();
        let height = self.index.get(id).height.0 as usize;
        self.header_chain.truncate(height + 1 - new.len());
        self.header_chain.extend(new.into_iter().rev());
    }

    /// Drops headers of least work, leaves first, from those off the active chain and off the best header's.
    fn prune_side_headers(&mut self) {
        let main = self.active.len() + self.header_chain.len() - (self.common_height() + 1);
        if self.index.len() - main <= MAX_SIDE_HEADERS {
            return;
        }
        let ids = self.index.iter().map(|(id, _)| id);
        let leaves = ids.filter(|id| self.is_side(*id) && self.index.children(*id).next().is_none());
        let mut leaves: BTreeSet<(Work, EntryId)> =
            leaves.map(|id| (self.index.get(id).chainwork, id)).collect();
        while self.index.len() - main > MAX_SIDE_HEADERS - MAX_SIDE_HEADERS / 20 {
            let Some((_, id)) = leaves.pop_first() else { return };
            let parent = self.index.get(id).parent;
            self.forget(id);
            if let Some(parent) = parent
                && self.is_side(parent)
                && self.index.children(parent).next().is_none()
            {
                leaves.insert((self.index.get(parent).chainwork, parent));
            }
        }
    }

    fn forget(&mut self, id: EntryId) {
        self.candidates.remove(&self.candidate(id));
        self.drop_data(id);
        self.index.remove(id);
    }
}
