//! Proof of work: what a header must reach, and what the next one must.

use ruint::aliases::U256;

use super::error::HeaderError;
use super::params::{ConsensusParams, Retarget};
use crate::primitives::{BlockHash, CompactTarget, Header, Height, Target};
use crate::time::UnixTime;

/// A retarget moves by at most this factor, either way.
const MAX_ADJUSTMENT: u32 = 4;

/// What the difficulty of a block's children depends on: three facts of its header and the rule's own memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DifficultyState {
    /// The block's height.
    pub height: Height,
    /// The block's time.
    pub time: u32,
    /// The target that the block's interval asks for, whether or not the block took the exception for late blocks.
    /// Bitcoin's testnet finds it by walking back to the last block that did not take the exception; with an interval
    /// of 16 there may be none, so it is carried along (and counts for retargets, which is BIP94's rule).
    pub interval_target: CompactTarget,
    /// The time of the first block of the block's interval.
    pub interval_start: u32,
}

impl DifficultyState {
    /// The state at the genesis block.
    pub fn genesis(header: &Header, consensus: &ConsensusParams) -> Self {
        Self {
            height: Height::GENESIS,
            time: header.time,
            interval_target: consensus.first_target.unwrap_or(header.bits),
            interval_start: header.time,
        }
    }

    /// The state at a child that is dated `time`.
    pub fn child(&self, time: u32, consensus: &ConsensusParams) -> Self {
        let height = self.height.next();
        let interval_target = next_interval_target(self, consensus);
        let interval_start = if starts_interval(height, consensus) { time } else { self.interval_start };
        Self { height, time, interval_target, interval_start }
    }
}

/// The target that a child of `parent` dated `time` must have, in compact form (Core's `GetNextWorkRequired`).
///
/// Unlike on Bitcoin's testnet the exception for late blocks holds for the first block of an interval too: else a
/// class whose hash power is gone would wait for ever at one block in 16. What the interval asks for is not touched by
/// the exception, so the block after a late one is as hard as before.
pub fn next_work_required(
    parent: &DifficultyState,
    time: UnixTime,
    consensus: &ConsensusParams,
) -> CompactTarget {
    let late_after = consensus.retarget.and_then(|rule| rule.min_difficulty_after);
    let is_late = late_after.is_some_and(|spacings| {
        let limit = u64::from(consensus.spacing) * u64::from(spacings);
        u64::from(time.0) > u64::from(parent.time) + limit
    });
    if is_late { consensus.pow_limit } else { next_interval_target(parent, consensus) }
}

/// The earliest time of a child of `parent` under BIP94's rule against time warps: the first block of an interval is
/// dated at most one spacing before its parent (Core's `MAX_TIMEWARP`, ten minutes). None elsewhere.
pub fn timewarp_limit(parent: &DifficultyState, consensus: &ConsensusParams) -> Option<UnixTime> {
    let guarded = starts_interval(parent.height.next(), consensus);
    guarded.then(|| UnixTime(parent.time.saturating_sub(consensus.spacing)))
}

/// Checks that a header's target is allowed at all and that its hash meets it (Core's `CheckProofOfWork`).
pub fn check_proof_of_work(
    header: &Header,
    hash: BlockHash,
    consensus: &ConsensusParams,
) -> Result<(), HeaderError> {
    let limit = consensus.pow_limit_target();
    match Target::from_compact(header.bits) {
        Ok(target) if !target.0.is_zero() && target <= limit && target.is_met_by(&hash) => Ok(()),
        _ => Err(HeaderError::HighHash { hash, bits: header.bits }),
    }
}

fn starts_interval(height: Height, consensus: &ConsensusParams) -> bool {
    consensus.retarget.is_some_and(|rule| height.0.is_multiple_of(rule.interval.max(1)))
}

fn next_interval_target(parent: &DifficultyState, consensus: &ConsensusParams) -> CompactTarget {
    match consensus.retarget {
        Some(rule) if starts_interval(parent.height.next(), consensus) => retarget(parent, rule, consensus),
        _ => parent.interval_target,
    }
}

/// The target for the interval after the one that `last` ends (Core's `CalculateNextWorkRequired`).
fn retarget(last: &DifficultyState, rule: Retarget, consensus: &ConsensusParams) -> CompactTarget {
    let wanted = u64::from(rule.interval) * u64::from(consensus.spacing);
    let taken = u64::from(last.time.saturating_sub(last.interval_start));
    let taken = taken.clamp(wanted / u64::from(MAX_ADJUSTMENT), wanted * u64::from(MAX_ADJUSTMENT)).max(1);
    let limit = consensus.pow_limit_target();
    let Ok(old) = Target::from_compact(last.interval_target) else { return consensus.pow_limit };
    // Divided first where the product would not fit: such a target is above every limit of ours anyway.
    let scaled = match old.0.checked_mul(U256::from(taken)) {
        Some(product) => product / U256::from(wanted),
        None => (old.0 / U256::from(wanted)).saturating_mul(U256::from(taken)),
    };
    // No hash meets a target of zero: the chain would end there.
    Target(scaled.max(U256::ONE)).min(limit).to_compact()
}
