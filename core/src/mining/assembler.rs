//! Choosing what goes into the next block (Core's `BlockAssembler`).

use super::template::{BlockTemplate, Contents};
use crate::chain::Chainstate;
use crate::consensus::block_subsidy;
use crate::consensus::check::{MAX_BLOCK_SIGOPS_COST, MAX_BLOCK_WEIGHT};
use crate::mempool::{Mempool, MempoolEntry};
use crate::primitives::{Amount, Header, MerkleRoot, Script};
use crate::time::UnixTime;

/// Weight kept free for header, count and coinbase, weight units (Core's `DEFAULT_BLOCK_RESERVED_WEIGHT`).
pub const RESERVED_WEIGHT: usize = 8_000;
/// Signature operations kept free for the coinbase, cost units (Core's `coinbase_output_max_additional_sigops`).
pub const RESERVED_SIGOPS_COST: usize = 400;

/// Packages in a row that may turn out too large before an almost full block is left as it is (Core's
/// `MAX_CONSECUTIVE_FAILURES`).
const MAX_CONSECUTIVE_MISFITS: usize = 1_000;
/// What "almost full" leaves free, weight units.
const ALMOST_FULL: usize = 4_000;

/// Block version that signals no soft fork (BIP9).
const VERSION: i32 = 0x2000_0000;

/// Makes templates of the next block.
#[derive(Clone, Copy, Debug)]
pub struct BlockAssembler<'a> {
    chain: &'a Chainstate,
    mempool: &'a Mempool,
}

/// Transactions chosen so far and what they come to.
struct Selection<'a> {
    entries: Vec<&'a MempoolEntry>,
    weight: usize,
    sigops_cost: usize,
    fees: Amount,
}

impl<'a> BlockAssembler<'a> {
    /// For the block on top of this tip, out of this pool.
    pub fn new(chain: &'a Chainstate, mempool: &'a Mempool) -> Self {
        Self { chain, mempool }
    }

    /// A block with the transactions that pay best, its reward to `payout`, dated `now` or as early after as the
    /// rules allow. `extra_nonce` tells apart what would else be the same template; see
    /// [`BlockTemplate::roll_extra_nonce`].
    pub fn assemble(&self, payout: &Script, now: UnixTime, extra_nonce: u64) -> BlockTemplate {
        let chain = self.chain;
        let height = chain.height().next();
        let selection = self.select();
        let subsidy = block_subsidy(height, &chain.params().consensus);
        let time = chain.minimum_time().max(now);
        let header = Header {
            version: VERSION,
            prev_blockhash: chain.tip(),
            merkle_root: MerkleRoot::ZERO,
            time: time.0,
            bits: chain.next_work_required(time),
            nonce: 0,
        };
        BlockTemplate::new(Contents {
            header,
            height,
            payout: payout.clone(),
            subsidy,
            fees: selection.fees,
            transactions: selection.entries.iter().map(|entry| (**entry.transaction()).clone()).collect(),
            extra_nonce,
        })
    }

    /// Takes packages in the order of mining as long as they fit.
    fn select(&self) -> Selection<'a> {
        let mut selection = Selection {
            entries: Vec::new(),
            weight: RESERVED_WEIGHT,
            sigops_cost: RESERVED_SIGOPS_COST,
            fees: Amount::ZERO,
        };
        let mut packages = self.mempool.packages();
        let mut misfits = 0;
        while let Some(package) = packages.offer() {
            let weight = selection.weight + package.weight();
            let sigops_cost = selection.sigops_cost + package.sigops_cost();
            let fees = package.entries.iter().map(|entry| entry.fee());
            let fees = Amount::checked_sum(fees.chain([selection.fees]));
            let fits = weight <= MAX_BLOCK_WEIGHT && sigops_cost <= MAX_BLOCK_SIGOPS_COST;
            let Some(fees) = fees.filter(|fees| fits && fees.is_money_range()) else {
                misfits += 1;
                if misfits > MAX_CONSECUTIVE_MISFITS && selection.weight > MAX_BLOCK_WEIGHT - ALMOST_FULL {
                    break;
                }
                continue;
            };
            misfits = 0;
            packages.include(&package);
            (selection.weight, selection.sigops_cost, selection.fees) = (weight, sigops_cost, fees);
            selection.entries.extend(package.entries);
        }
        selection
    }
}
