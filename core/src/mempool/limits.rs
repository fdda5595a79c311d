//! What keeps the pool within its bounds: eviction of what pays least, a fee floor that rises with it and sinks
//! again, expiry.

use super::entry::MempoolEntry;
use super::fee_rate::FeeRate;
use super::pool::Mempool;
use super::{RemovalReason, Removed};
use crate::primitives::{Amount, Txid};
use crate::time::UnixTime;

/// Seconds in which the fee floor sinks to half, once a block has come (Core's `ROLLING_FEE_HALFLIFE`); a half of
/// that while the pool is under half full, a quarter while it is under a quarter full.
const ROLLING_FEE_HALFLIFE: u32 = 12 * 60 * 60;

/// The fee rate that a pool which had to evict asks of whatever wants in (Core's `rollingMinimumFeeRate`).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RollingFloor {
    rate: FeeRate,
    since: UnixTime,
    /// A block came since the floor last rose, so it may sink.
    may_sink: bool,
}

impl RollingFloor {
    fn raise(&mut self, rate: FeeRate, now: UnixTime) {
        if rate > self.rate {
            *self = Self { rate, since: now, may_sink: false };
        }
    }

    /// A block came.
    pub(super) fn block_connected(&mut self, now: UnixTime) {
        if !self.may_sink {
            *self = Self { may_sink: true, since: now, ..*self };
        }
    }

    /// Halves the rate for every half-life that has passed; below half of `least` it is nothing.
    fn sink(&mut self, now: UnixTime, halflife: u32, least: FeeRate) {
        if !self.may_sink || self.rate == FeeRate::ZERO {
            return;
        }
        let halvings = now.0.saturating_sub(self.since.0) / halflife;
        self.rate = FeeRate::from_sat_per_kvb(self.rate.to_sat_per_kvb().checked_shr(halvings).unwrap_or(0));
        self.since = UnixTime(self.since.0.saturating_add(halvings.saturating_mul(halflife)));
        if self.rate.to_sat_per_kvb() < least.to_sat_per_kvb() / 2 {
            self.rate = FeeRate::ZERO;
        }
    }
}

impl Mempool {
    /// The fee rate that the pool asks for because it was full (Core's `GetMinFee`); zero while it has room. The relay
    /// fee is asked for besides.
    pub fn min_fee(&self, now: UnixTime) -> FeeRate {
        let mut floor = self.floor;
        floor.sink(now, self.halflife(), self.incremental_fee());
        if floor.rate == FeeRate::ZERO { FeeRate::ZERO } else { floor.rate.max(self.incremental_fee()) }
    }

    /// A block was connected: the floor may sink from `now` on.
    pub(super) fn note_block(&mut self, now: UnixTime) {
        self.floor.block_connected(now);
    }

    fn incremental_fee(&self) -> FeeRate {
        FeeRate::per_kvb(self.policy.incremental_relay_fee)
    }

    fn halflife(&self) -> u32 {
        match self.usage {
            usage if usage < self.policy.max_mempool_bytes / 4 => ROLLING_FEE_HALFLIFE / 4,
            usage if usage < self.policy.max_mempool_bytes / 2 => ROLLING_FEE_HALFLIFE / 2,
            _ => ROLLING_FEE_HALFLIFE,
        }
    }

    /// Evicts what pays least, with its descendants, until the pool is within its bound (Core's `TrimToSize`). What
    /// comes after must pay more than what went; but where relay is free and what went paid nothing, nothing is asked
    /// of what comes: it will be the latest, and goes first.
    pub(super) fn trim_to_size(&mut self, now: UnixTime) -> Vec<Removed> {
        let (halflife, least) = (self.halflife(), self.incremental_fee());
        self.floor.sink(now, halflife, least);
        let mut evicted = Vec::new();
        while self.usage > self.policy.max_mempool_bytes {
            let Some((_, &txid)) = self.eviction_order.first_key_value() else { break };
            let package = self.get(&txid).map(|entry| *entry.with_descendants()).unwrap_or_default();
            let paid = FeeRate::of(package.fee, package.vsize);
            if paid > FeeRate::ZERO || self.policy.min_relay_fee > Amount::ZERO {
                self.floor.raise(paid.saturating_add(least), now);
            }
            evicted.extend(self.remove_as(&txid, RemovalReason::Evicted));
        }
        evicted
    }

    /// Removes what has waited for longer than the policy allows, with its descendants. Looks at every entry: to be
    /// called once a minute or so.
    pub fn expire(&mut self, now: UnixTime) -> Vec<Removed> {
        let expired = |time: UnixTime| {
            u64::from(now.0.saturating_sub(time.0)) * 1_000 > self.policy.mempool_expiry.as_millis()
        };
        let txids: Vec<Txid> =
            self.iter().filter(|entry| expired(entry.time())).map(MempoolEntry::txid).collect();
        txids.iter().flat_map(|txid| self.remove_as(txid, RemovalReason::Expired)).collect()
    }

    /// Removes an entry with its descendants, naming why.
    pub(super) fn remove_as(&mut self, txid: &Txid, reason: RemovalReason) -> Vec<Removed> {
        let removed = self.remove_with_descendants(txid).into_iter();
        removed
            .map(|entry| Removed { transaction: entry.transaction, txid: entry.txid, reason: reason.clone() })
            .collect()
    }
}
