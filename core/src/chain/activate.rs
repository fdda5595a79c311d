//! Changing the active chain to the one of most work, in steps (Core's `ActivateBestChain`).
//!
//! Coins and tip agree after every step, so each may be committed. Those who follow the chain take the effects once
//! it says `Done`: what they see then is the way from the last tip that they saw to the present one, whatever was tried
//! in between.

use crate::collections::BTreeSet;
use std::sync::Arc;

use super::chainstate::{Chainstate, Keeps, RecordKey, record_key};
use super::coins::MAX_COINS;
use super::connect::{ConnectedBlock, Place, connect_block, disconnect_block, fees_of};
use super::effects::Effects;
use super::error::ChainError;
use super::helpers::Standing;
use super::index::{BlockStatus, EntryId};
use super::script_check::{ScriptCache, ScriptCheck, block_script_flags};
use super::supply::Supply;
use super::undo::BlockUndo;
use crate::consensus::BlockError;
use crate::consensus::check::CheckedBlock;
use crate::cost::Cost;
use crate::primitives::{Amount, Height};
use crate::store::Table;

/// Blocks that one step connects or disconnects.
const MAX_STEP: usize = 32;

/// Bytes of blocks that one step takes from the store, one block apart.
const MAX_STEP_BYTES: usize = 8 * 1024 * 1024;

/// Work that one step does, one block apart: scripts may take a second for a single block.
const MAX_STEP_COST: Cost = Cost(4_000);

/// Connecting or disconnecting a block, scripts and transactions apart.
const MOVE: Cost = Cost(10);

/// Moving the coins of one transaction.
const TRANSACTION: Cost = Cost(5);

/// Where activation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivateStep {
    /// The tip is the best there is. Effects may be taken.
    Done,
    /// There is more to do; this step cost so much.
    More(Cost),
    /// Load these records, give each to [`Chainstate::supply_record`], and go on.
    NeedRecords(Vec<RecordKey>),
    /// Have each of these batches checked by a helper ([`verify_batch`](super::verify_batch)), give every verdict to
    /// [`Chainstate::batch_checked`], and go on once that says so. None where they are out already.
    Verify(Vec<Vec<u8>>),
}

/// What a move came to.
enum Moved {
    /// It is done; the next one can follow.
    On,
    /// It is not, or has changed what comes next: the moves must be planned anew.
    Off,
    /// Helpers check its scripts, those in these batches from now on.
    Waits(Vec<Vec<u8>>),
}

/// How far a block's connecting came.
enum Connecting {
    /// It is connected; its transactions pay these fees.
    Done(Amount),
    /// Its scripts are handed out in these batches, and the coins are as they were.
    Out(Vec<Vec<u8>>),
}

/// One block of a step.
#[derive(Clone, Copy)]
enum Move {
    Disconnect(EntryId),
    Connect(EntryId),
}

impl Chainstate {
    /// What happened since this was last called. To be taken at `Done`.
    pub fn take_effects(&mut self) -> Effects {
        std::mem::take(&mut self.effects)
    }

    /// Takes the tip one step towards the best block there is. `verified` knows transactions whose scripts need not run
    /// again.
    pub fn activate(&mut self, verified: &ScriptCache) -> Result<ActivateStep, ChainError> {
        if let Some(recovery) = self.recovery.take() {
            return Ok(self.recover(recovery));
        }
        let Some(&(_, _, best)) = self.candidates.last() else { return self.settle() };
        if best == self.tip_id() {
            return self.settle();
        }
        let moves = self.plan(best);
        self.recall(moves.first());
        let missing = self.missing_records(&moves);
        if !missing.is_empty() {
            return Ok(ActivateStep::NeedRecords(missing));
        }
        let mut cost = Cost::ZERO;
        let mut step = None;
        for next in moves {
            cost += self.move_cost(next);
            let moved = match (next, self.keeps) {
                (Move::Disconnect(id), Keeps::Blocks) => Moved::of(self.disconnect_tip(id)),
                (Move::Disconnect(id), Keeps::Headers) => Moved::of(self.disconnect_header(id)),
                (Move::Connect(id), Keeps::Blocks) => self.connect_tip(id, verified, &mut cost)?,
                (Move::Connect(id), Keeps::Headers) => Moved::of(self.connect_header(id)),
            };
            match moved {
                Moved::On if cost < MAX_STEP_COST => {}
                Moved::On | Moved::Off => break,
                Moved::Waits(batches) => {
                    step = Some(ActivateStep::Verify(batches));
                    break;
                }
            }
        }
        self.bodies.require([]);
        self.undo.require([]);
        Ok(step.unwrap_or(ActivateStep::More(cost)))
    }

    /// Gives up the scripts that are out, unless they are those of the next block to connect.
    fn recall(&mut self, next: Option<&Move>) {
        let block = match next {
            Some(Move::Connect(id)) => Some(self.index.get(*id).hash),
            Some(Move::Disconnect(_)) | None => None,
        };
        self.helpers.keep_only(block);
    }

    /// Whether blocks have left the active chain, or the coins are built anew: then the present tip is one that nobody
    /// should look at.
    pub fn is_changing_branch(&self) -> bool {
        self.rebuild.is_some() || !self.effects.disconnected.is_empty()
    }

    /// What a move costs without the scripts.
    fn move_cost(&self, next: Move) -> Cost {
        let (Move::Disconnect(id) | Move::Connect(id)) = next;
        MOVE + TRANSACTION * self.index.get(id).n_tx as usize
    }

    /// Whether [`Chainstate::activate`] has something to do.
    pub fn needs_activation(&self) -> bool {
        self.rebuild.is_some()
            || self.recovery.is_some()
            || self.candidates.last().is_some_and(|(_, _, best)| *best != self.tip_id())
    }

    /// Nothing is better than the tip: what is worse is a candidate no more.
    fn settle(&mut self) -> Result<ActivateStep, ChainError> {
        self.recall(None);
        let tip = self.candidate(self.tip_id());
        self.candidates = self.candidates.split_off(&tip);
        self.candidates.insert(tip);
        if let Some(before) = self.rebuild.take()
            && !self.active.starts_with(&before)
        {
            self.effects.start_over();
        }
        self.prune_side_bodies();
        if self.is_full { Err(ChainError::HeadersFull(self.max_headers)) } else { Ok(ActivateStep::Done) }
    }

    /// The first moves from the tip towards `best`.
    fn plan(&self, best: EntryId) -> Vec<Move> {
        let branch = self.index.branch(Some(best)).map(|(id, _)| id);
        let mut up: Vec<EntryId> = branch.take_while(|id| !self.is_active_id(*id)).collect();
        up.reverse();
        let fork = self.index.get(best).height.0 as usize - up.len();
        let down = self.active[fork + 1..].iter().rev();
        let moves = down.map(|id| Move::Disconnect(*id)).chain(up.into_iter().map(Move::Connect));
        let mut bytes = 0;
        let mut planned = Vec::new();
        for next in moves.take(MAX_STEP) {
            let (Move::Disconnect(id) | Move::Connect(id)) = next;
            bytes += self.index.get(id).body.map_or(0, |location| location.length as usize);
            if bytes > MAX_STEP_BYTES && !planned.is_empty() {
                break;
            }
            planned.push(next);
        }
        planned
    }

    /// The records that hold what the moves need and memory has not.
    fn missing_records(&mut self, moves: &[Move]) -> Vec<RecordKey> {
        let ids = |wanted: fn(&Move) -> Option<EntryId>| moves.iter().filter_map(wanted).collect::<Vec<_>>();
        let bodies = ids(|(Move::Disconnect(id) | Move::Connect(id))| Some(*id));
        let undos = ids(|next| match next {
            Move::Disconnect(id) => Some(*id),
            Move::Connect(_) => None,
        });
        let mut missing = BTreeSet::new();
        for id in bodies.iter().filter(|id| self.bodies.get(**id).is_none()) {
            missing.extend(self.index.get(*id).body.map(|at| record_key(Table::Bodies, at)));
        }
        for id in undos.iter().filter(|id| self.undo.get(**id).is_none()) {
            missing.extend(self.index.get(*id).undo.map(|at| record_key(Table::Undo, at)));
        }
        if !missing.is_empty() {
            self.bodies.require(bodies);
            self.undo.require(undos);
        }
        missing.into_iter().collect()
    }

    /// Connects a block to the tip, adding to `cost` what its scripts take here. If it proves invalid it is remembered as
    /// that and the tip stays, as it does while helpers are at its scripts.
    fn connect_tip(
        &mut self,
        id: EntryId,
        verified: &ScriptCache,
        cost: &mut Cost,
    ) -> Result<Moved, ChainError> {
        let Some(block) = self.bodies.get(id).cloned() else {
            self.lose_body(id);
            return Ok(Moved::Off);
        };
        let outputs: usize = block.block().transactions.iter().map(|tx| tx.outputs.len()).sum();
        if self.coins.len() + outputs > MAX_COINS {
            return Err(ChainError::CoinsFull(MAX_COINS));
        }
        let connected = match self.helpers.ask(block.hash(), MAX_STEP_COST, cost) {
            Standing::Here => self.connect_checked(id, &block, verified, cost),
            Standing::Out => return Ok(Moved::Waits(Vec::new())),
            Standing::Returned => return Ok(Moved::Off),
            Standing::Done(Ok(())) => self.connect_verified(id, &block),
            Standing::Done(Err(error)) => Err(error),
        };
        match connected {
            Ok(Connecting::Done(fees)) => {
                let height = self.index.get(id).height;
                self.active.push(id);
                self.supply.connect(Supply::of_block(block.block(), fees));
                self.index.get_mut(id).status = BlockStatus::Valid;
                let was_there = self.rebuild.as_ref().and_then(|before| before.get(height.0 as usize));
                if was_there != Some(&id) {
                    self.effects.connect(block.hash(), block.block(), height, fees);
                }
                Ok(Moved::On)
            }
            Ok(Connecting::Out(batches)) => Ok(Moved::Waits(batches)),
            Err(error) => {
                self.effects.failed.push((block.hash(), error));
                self.invalidate(id);
                Ok(Moved::Off)
            }
        }
    }

    /// Moves the coins and runs the scripts (Core's `ConnectBlock`), or hands them out and leaves the coins. Scripts of a
    /// block that was connected before are not run again: its branch, and so what it spends, is the same.
    fn connect_checked(
        &mut self,
        id: EntryId,
        block: &Arc<CheckedBlock>,
        verified: &ScriptCache,
        cost: &mut Cost,
    ) -> Result<Connecting, BlockError> {
        if self.index.get(id).status == BlockStatus::Valid {
            return self.connect_verified(id, block);
        }
        let flags = block_script_flags(self.index.get(id).height, &self.params.consensus);
        self.coins.begin_trial();
        let connected = self.move_coins(id, block).and_then(|(undo, fees)| {
            let checks = unknown_checks(ScriptCheck::of_block(block, &undo, flags), verified);
            if self.helpers.want(&checks) {
                return Ok((Connecting::Out(self.helpers.hand_out(block.hash(), checks)), undo));
            }
            let verified = ScriptCheck::verify_all(&checks, self.helpers.accelerator, cost);
            verified.map(|()| (Connecting::Done(fees), undo))
        });
        match connected {
            Ok((Connecting::Done(fees), undo)) => {
                self.coins.end_trial();
                self.keep_undo(id, block, undo);
                Ok(Connecting::Done(fees))
            }
            Ok((out, _)) => {
                self.coins.roll_back();
                Ok(out)
            }
            Err(error) => {
                self.coins.roll_back();
                Err(error)
            }
        }
    }

    /// Moves the coins of a block whose scripts are known to pass.
    fn connect_verified(&mut self, id: EntryId, block: &CheckedBlock) -> Result<Connecting, BlockError> {
        let (undo, fees) = self.move_coins(id, block)?;
        self.keep_undo(id, block, undo);
        Ok(Connecting::Done(fees))
    }

    /// Moves the coins as a block on the tip says: its undo data, and the fees of its transactions.
    fn move_coins(
        &mut self,
        id: EntryId,
        block: &CheckedBlock,
    ) -> Result<(Arc<BlockUndo>, Amount), BlockError> {
        let (index, active) = (&self.index, &self.active);
        let median_time_before = |height: Height| {
            let below = active.get(height.0.saturating_sub(1) as usize);
            below.map_or(0, |id| index.get(*id).median_time_past)
        };
        let place = Place {
            height: self.index.get(id).height,
            median_time_past: self.index.get(self.tip_id()).median_time_past,
            median_time_before: &median_time_before,
            consensus: &self.params.consensus,
        };
        let ConnectedBlock { undo, fees } = connect_block(&mut self.coins, block, &place)?;
        Ok((Arc::new(undo), fees))
    }

    /// Keeps what connecting a block left behind, unless it is here from an earlier time.
    fn keep_undo(&mut self, id: EntryId, block: &CheckedBlock, mut undo: Arc<BlockUndo>) {
        let entry = self.index.get(id);
        let has_undo = entry.undo.is_some() || self.undo.get(id).is_some();
        if has_undo && entry.filter.is_some() {
            return;
        }
        // The checks that shared it are done.
        Arc::make_mut(&mut undo).make_filter(block.block());
        let filter = undo.filter.hash();
        self.index_filter(id, filter);
        let old = self.index.get_mut(id).undo.take();
        self.undo.remove(id, old);
        self.undo.add(id, undo);
    }

    /// Takes the tip off. False if its undo data is missing or not its own: then the coins are built anew.
    fn disconnect_tip(&mut self, id: EntryId) -> bool {
        let (Some(block), Some(undo)) = (self.bodies.get(id).cloned(), self.undo.get(id).cloned()) else {
            self.build_coins_anew("undo data is missing");
            return false;
        };
        let fees = fees_of(&block, &undo);
        if disconnect_block(&mut self.coins, &block, (*undo).clone()).is_err() {
            self.build_coins_anew("undo data is of another block");
            return false;
        }
        self.active.pop();
        self.supply.disconnect(Supply::of_block(block.block(), fees));
        self.effects.disconnect(block.hash(), block.block());
        true
    }

    /// Builds the coins anew from the blocks: `activate` until it is done (the seeds' `reindexutxo`).
    pub fn reindex(&mut self) {
        if self.keeps == Keeps::Headers {
            return self.rewind(Height::GENESIS);
        }
        if self.rebuild.is_none() {
            self.rebuild = Some(self.active.clone());
        }
        self.active.truncate(1);
        self.coins.clear();
        self.flush.rewrite_coins();
        self.add_genesis_coins();
        let linked = self.index.iter().filter(|(_, entry)| entry.linked && !entry.status.is_invalid());
        let ids: Vec<EntryId> = linked.map(|(id, _)| id).collect();
        self.candidates = ids.into_iter().map(|id| self.candidate(id)).collect();
    }

    /// While the coins are built anew: how many blocks have theirs, and how many there are.
    pub fn rebuilding(&self) -> Option<(Height, Height)> {
        let above_genesis = |count: usize| Height(u32::try_from(count).unwrap_or(u32::MAX).saturating_sub(1));
        let before = self.rebuild.as_ref()?;
        Some((above_genesis(self.active.len()), above_genesis(before.len())))
    }

    pub(super) fn build_coins_anew(&mut self, why: &str) {
        self.effects.repairs.push(format!("{why}: the coins are built anew from the blocks"));
        self.reindex();
    }
}

impl Moved {
    fn of(went_on: bool) -> Self {
        if went_on { Self::On } else { Self::Off }
    }
}

/// The checks of all transactions but those that are known to pass.
fn unknown_checks(checks: impl Iterator<Item = ScriptCheck>, verified: &ScriptCache) -> Vec<ScriptCheck> {
    let is_known =
        |check: &ScriptCheck| !verified.is_empty() && verified.contains(&check.transaction().wtxid());
    checks.filter(|check| !is_known(check)).collect()
}
