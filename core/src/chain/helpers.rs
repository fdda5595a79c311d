//! Scripts of a block that helpers check: handed out as batches, answered in any order, and done here where a helper
//! gave its batch back. What the answers come to does not depend on their order: of several checks that fail the first
//! of the block counts, as it does where all are done here.

use super::chainstate::Chainstate;
use super::script_batch::{FailedCheck, Verdict, encode_batch};
use super::script_check::ScriptCheck;
use crate::consensus::{BlockError, TxError};
use crate::cost::Cost;
use crate::crypto::EcdsaAccelerator;
use crate::primitives::BlockHash;

/// What a batch costs, a check more or less.
const BATCH: Cost = Cost(4_000);

/// The most parts that the checks of one transaction are split into: each holds the transaction whole.
const MAX_PARTS: u64 = 4;

/// Who checks scripts.
#[derive(Clone, Debug, Default)]
pub(super) struct Helpers {
    /// The least that the scripts of a block must cost for helpers to check them; where there are none everything is
    /// checked here.
    least: Option<Cost>,
    /// Checks signatures faster.
    pub(super) accelerator: Option<EcdsaAccelerator>,
    out: Option<HandedOut>,
}

/// The scripts of one block on their way; as many as a block may have.
#[derive(Clone, Debug)]
struct HandedOut {
    block: BlockHash,
    /// In the order of the block.
    batches: Vec<Batch>,
}

#[derive(Clone, Debug)]
struct Batch {
    checks: Vec<ScriptCheck>,
    state: State,
}

/// Where a batch stands.
#[derive(Clone, Debug)]
enum State {
    Out,
    /// No helper does it.
    Returned,
    Done(Result<(), BlockError>),
}

/// Where the scripts of a block stand.
pub(super) enum Standing {
    /// They were not handed out.
    Here,
    /// Helpers are at work.
    Out,
    /// There are batches left that no helper does; some are done now.
    Returned,
    /// What inline checking would have said.
    Done(Result<(), BlockError>),
}

impl Helpers {
    /// Whether helpers should do these checks.
    pub(super) fn want(&self, checks: &[ScriptCheck]) -> bool {
        let cost = || checks.iter().map(ScriptCheck::cost).sum::<Cost>();
        self.least.is_some_and(|least| !checks.is_empty() && cost() >= least)
    }

    /// Hands out the checks of a block, those in order, as batches of bytes.
    pub(super) fn hand_out(&mut self, block: BlockHash, checks: Vec<ScriptCheck>) -> Vec<Vec<u8>> {
        let batches = batches(checks);
        let bytes = batches.iter().map(|batch| encode_batch(&batch.checks)).collect();
        self.out = Some(HandedOut { block, batches });
        bytes
    }

    /// Nobody waits for the scripts of any block but this one any more.
    pub(super) fn keep_only(&mut self, block: Option<BlockHash>) {
        self.out.take_if(|out| Some(out.block) != block);
    }

    /// Where the scripts of a block stand, after doing a batch that was given back, and more until `cost` is `most`; adds
    /// to `cost` what that took. Told how they ended, it forgets them.
    pub(super) fn ask(&mut self, block: BlockHash, most: Cost, cost: &mut Cost) -> Standing {
        let Some(out) = self.out.as_mut().filter(|out| out.block == block) else { return Standing::Here };
        out.work(most, self.accelerator, cost);
        if let Some(result) = out.result() {
            self.out = None;
            return Standing::Done(result);
        }
        if out.is_returned() { Standing::Returned } else { Standing::Out }
    }
}

impl HandedOut {
    /// Does batches that were given back, in order: one at least, as what `cost` holds already may be all of `most`.
    fn work(&mut self, most: Cost, accelerator: Option<EcdsaAccelerator>, cost: &mut Cost) {
        let returned = |batch: &&mut Batch| matches!(batch.state, State::Returned);
        for batch in self.batches.iter_mut().filter(returned) {
            batch.state = State::Done(ScriptCheck::verify_all(&batch.checks, accelerator, cost));
            if *cost >= most {
                return;
            }
        }
    }

    /// How the block's scripts end, once it is known: by the first batch that is not done, or by its failure.
    fn result(&self) -> Option<Result<(), BlockError>> {
        for batch in &self.batches {
            match &batch.state {
                State::Done(Ok(())) => {}
                State::Done(failed) => return Some(failed.clone()),
                State::Out | State::Returned => return None,
            }
        }
        Some(Ok(()))
    }

    fn is_returned(&self) -> bool {
        self.batches.iter().any(|batch| matches!(batch.state, State::Returned))
    }
}

impl Batch {
    /// What a helper's verdict means; a failure of what is not in the batch is none.
    fn judge(&self, verdict: Verdict) -> State {
        let Err(FailedCheck { check, error }) = verdict else { return State::Done(Ok(())) };
        let mut check = check as usize;
        for part in &self.checks {
            let inputs = part.inputs();
            if check < inputs.len() {
                let input = inputs.start + check;
                return State::Done(Err(part.blame(TxError::Script { input, error })));
            }
            check -= inputs.len();
        }
        State::Returned
    }
}

impl Chainstate {
    /// Says that there are helpers for the scripts of blocks in which these cost so much at least, or (none) that there
    /// are no helpers. What is out still has to be answered.
    pub fn set_helpers(&mut self, least: Option<Cost>) {
        self.helpers.least = least;
    }

    /// Has signatures of blocks checked by an accelerator, or (none) here. What a block comes to is the same.
    pub fn set_accelerator(&mut self, accelerator: Option<EcdsaAccelerator>) {
        self.helpers.accelerator = accelerator;
    }

    /// Whether a block waits for scripts that were handed out.
    pub fn awaits_helpers(&self) -> bool {
        self.helpers.out.is_some()
    }

    /// Takes the verdict on a batch of those that [`ActivateStep::Verify`](super::ActivateStep::Verify) named last, by
    /// its number there; none where no helper does it. Whether [`Chainstate::activate`] can go on now.
    pub fn batch_checked(&mut self, batch: usize, verdict: Option<Verdict>) -> bool {
        let Some(out) = &mut self.helpers.out else { return false };
        if let Some(batch) = out.batches.get_mut(batch).filter(|batch| matches!(batch.state, State::Out)) {
            batch.state = verdict.map_or(State::Returned, |verdict| batch.judge(verdict));
        }
        out.is_returned() || out.result().is_some()
    }
}

/// Puts checks into batches of about the same cost.
fn batches(checks: Vec<ScriptCheck>) -> Vec<Batch> {
    let mut batches = Vec::new();
    let (mut next, mut cost) = (Vec::new(), Cost::ZERO);
    for check in checks {
        let parts = check.cost().0.div_ceil(BATCH.0).clamp(1, MAX_PARTS);
        for part in check.split(parts as usize) {
            cost += part.cost();
            next.push(part);
            if cost >= BATCH {
                batches.push(Batch { checks: std::mem::take(&mut next), state: State::Out });
                cost = Cost::ZERO;
            }
        }
    }
    if !next.is_empty() {
        batches.push(Batch { checks: next, state: State::Out });
    }
    batches
}
