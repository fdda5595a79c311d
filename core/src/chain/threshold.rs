//! How much work a chain of headers must have to be worth keeping.

use super::chainstate::Chainstate;
use crate::primitives::{BlockHash, Header, Target, Work};
use ruint::aliases::U256;

/// Blocks of the tip's work that a chain may be behind ours (Core's `GetAntiDoSWorkThreshold`).
const BLOCKS_BEHIND: u64 = 144;

impl Chainstate {
    /// The least work of a chain whose headers are kept: what our tip has, less 144 blocks like it. Headers below it cost
    /// their sender next to nothing, and would fill the index (Core's `GetAntiDoSWorkThreshold`).
    pub fn least_work(&self) -> Work {
        let tip = self.tip_entry();
        let own = Target::from_compact(tip.header.bits).map_or(Work::ZERO, Target::work);
        Work(tip.chainwork.0.saturating_sub(own.0.saturating_mul(U256::from(BLOCKS_BEHIND))))
    }

    /// The work that the chain ending with `headers` claims to have; none where its parent is not known, or there are no
    /// headers.
    pub fn claimed_work(&self, headers: &[Header]) -> Option<Work> {
        let parent = self.entry(&headers.first()?.prev_blockhash)?;
        Some(Work(
            headers.iter().fold(parent.chainwork.0, |sum, header| sum.saturating_add(work_of(header).0)),
        ))
    }

    /// Whether headers on a parent that is known, the last of which has the hash `last`, are news of a chain without the
    /// [least work](Self::least_work).
    pub fn lacks_work(&self, headers: &[Header], last: &BlockHash) -> bool {
        let is_news = self.entry(last).is_none();
        is_news && self.claimed_work(headers).is_some_and(|work| work < self.least_work())
    }
}

/// The work that a header's target stands for.
fn work_of(header: &Header) -> Work {
    Target::from_compact(header.bits).map_or(Work::ZERO, Target::work)
}
