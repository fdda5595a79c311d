//! Locks in time: a transaction's lock time, and the relative locks of its inputs (BIP68).

use crate::primitives::{Height, Transaction, TxIn};
use crate::script::{
    LOCKTIME_THRESHOLD, SEQUENCE_LOCKTIME_DISABLE_FLAG, SEQUENCE_LOCKTIME_MASK, SEQUENCE_LOCKTIME_TYPE_FLAG,
};

/// A relative lock of time counts units of 2^9 seconds.
const SEQUENCE_LOCKTIME_GRANULARITY: u32 = 9;

/// Whether a transaction's lock time has passed for a block at `height` with the given cutoff: median time past of
/// the parent under BIP113, before that the block's own time (Core's `IsFinalTx`).
pub fn is_final_tx(tx: &Transaction, height: Height, cutoff: u32) -> bool {
    let limit = if tx.lock_time < LOCKTIME_THRESHOLD { height.0 } else { cutoff };
    tx.lock_time < limit || tx.inputs.iter().all(|input| input.sequence == TxIn::SEQUENCE_FINAL)
}

/// The last height and the last median time past at which a transaction may not be mined yet; none where nothing
/// locks (Core's `LockPoints`, whose -1 is none here).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SequenceLocks {
    /// The block must be higher than this.
    pub min_height: Option<u32>,
    /// The median time past before the block must be later than this.
    pub min_time: Option<u32>,
}

impl SequenceLocks {
    /// The relative locks of `tx` (Core's `CalculateSequenceLocks`). `coin_heights` are the heights of the coins it
    /// spends, in order; `median_time_before(h)` is the median time past of the block below height `h`.
    pub fn of(
        tx: &Transaction,
        coin_heights: impl Iterator<Item = Height>,
        median_time_before: impl Fn(Height) -> u32,
    ) -> Self {
        let mut locks = Self::default();
        // As an unsigned number, as BIP68 has it.
        if (tx.version as u32) < 2 {
            return locks;
        }
        for (input, coin_height) in tx.inputs.iter().zip(coin_heights) {
            let sequence = input.sequence;
            if sequence & SEQUENCE_LOCKTIME_DISABLE_FLAG != 0 {
                continue;
            }
            let value = sequence & SEQUENCE_LOCKTIME_MASK;
            if sequence & SEQUENCE_LOCKTIME_TYPE_FLAG != 0 {
                let from = median_time_before(coin_height);
                let until = from.saturating_add(value << SEQUENCE_LOCKTIME_GRANULARITY).checked_sub(1);
                locks.min_time = locks.min_time.max(until);
            } else {
                let until = coin_height.0.saturating_add(value).checked_sub(1);
                locks.min_height = locks.min_height.max(until);
            }
        }
        locks
    }

    /// Whether the locks have passed for a block at `height` whose parent has `median_time_past` (Core's
    /// `EvaluateSequenceLocks`).
    pub fn allow(&self, height: Height, median_time_past: u32) -> bool {
        self.min_height.is_none_or(|last| last < height.0)
            && self.min_time.is_none_or(|last| last < median_time_past)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::OutPoint;

    fn transaction(lock_time: u32, sequence: u32) -> Transaction {
        let input = TxIn { sequence, ..TxIn::spending(OutPoint::NULL) };
        Transaction { version: 2, inputs: vec![input], outputs: vec![], lock_time }
    }

    #[test]
    fn a_lock_time_passes_by_height_or_by_time_or_by_final_inputs() {
        let height = |lock_time| is_final_tx(&transaction(lock_time, 0), Height(100), 600_000_000);
        assert!(height(0) && height(99) && !height(100) && !height(LOCKTIME_THRESHOLD - 1));
        let time = |lock_time| is_final_tx(&transaction(lock_time, 0), Height(u32::MAX), 600_000_000);
        assert!(time(LOCKTIME_THRESHOLD) && time(599_999_999) && !time(600_000_000));
        let last = TxIn::SEQUENCE_FINAL;
        assert!(is_final_tx(&transaction(u32::MAX, last), Height(0), 0));
        assert!(!is_final_tx(&transaction(u32::MAX, last - 1), Height(0), 0));
    }

    #[test]
    fn relative_locks_count_from_the_coin() {
        let locks = |sequence| {
            let tx = transaction(0, sequence);
            SequenceLocks::of(&tx, std::iter::once(Height(10)), |height| 1_000 * height.0)
        };
        assert_eq!(locks(0), SequenceLocks { min_height: Some(9), min_time: None });
        assert_eq!(locks(5), SequenceLocks { min_height: Some(14), min_time: None });
        assert!(locks(5).allow(Height(15), 0) && !locks(5).allow(Height(14), u32::MAX));
        let timed = locks(SEQUENCE_LOCKTIME_TYPE_FLAG | 2);
        assert_eq!(timed, SequenceLocks { min_height: None, min_time: Some(10_000 + 1_023) });
        assert!(timed.allow(Height(0), 11_024) && !timed.allow(Height(u32::MAX), 11_023));
        assert_eq!(locks(SEQUENCE_LOCKTIME_DISABLE_FLAG | 5), SequenceLocks::default());
    }
}
