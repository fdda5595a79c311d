//! What is known of one address.

use super::placement::Place;
use crate::net::message::Services;
use crate::time::UnixTime;
use std::net::SocketAddr;

/// An address that was not seen for so long is worth nothing (Core's `ADDRMAN_HORIZON`).
const HORIZON: u32 = 30 * 24 * 60 * 60;
/// Tries of an address that never answered, after which it is worth nothing (Core's `ADDRMAN_RETRIES`).
const RETRIES: u32 = 3;
/// Tries of one that did once (Core's `ADDRMAN_MAX_FAILURES`) ...
const MAX_FAILURES: u32 = 10;
/// ... unless it did within this time (Core's `ADDRMAN_MIN_FAIL`).
const MIN_FAIL: u32 = 7 * 24 * 60 * 60;
/// How far in the future an address may claim to have been seen.
const FUTURE: u32 = 10 * 60;
/// One tried within this time is not judged.
const JUST_TRIED: u32 = 60;
/// One tried within this time is drawn a hundred times less often.
const LATELY_TRIED: u32 = 10 * 60;
/// Failures that lessen an address's chance.
const COUNTED_FAILURES: u32 = 8;

/// An address and what is known of it (Core's `AddrInfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AddrInfo {
    pub(crate) services: Services,
    /// When it was last seen up, as far as anybody said.
    pub(crate) time: UnixTime,
    /// Who told of it first.
    pub(crate) source: SocketAddr,
    /// When a connection last succeeded; none if never.
    pub(crate) last_success: Option<UnixTime>,
    /// When one was last tried.
    pub(crate) last_try: Option<UnixTime>,
    /// When a failure was last counted.
    pub(super) last_count: Option<UnixTime>,
    /// Failures since it last succeeded.
    pub(crate) attempts: u32,
    /// The protocol version that it spoke; 0 if it was never spoken to.
    pub(crate) version: u32,
    pub(crate) in_tried: bool,
    /// Its places in the new table; at most `NEW_BUCKETS_PER_ADDRESS`, none while it is in the other.
    pub(super) places: Vec<Place>,
}

impl AddrInfo {
    pub(super) const fn new(services: Services, time: UnixTime, source: SocketAddr) -> Self {
        Self {
            services,
            time,
            source,
            last_success: None,
            last_try: None,
            last_count: None,
            attempts: 0,
            version: 0,
            in_tried: false,
            places: Vec::new(),
        }
    }

    /// Whether it may be dropped for another, and is told to nobody (Core's `IsTerrible`).
    pub(super) fn is_terrible(&self, now: UnixTime) -> bool {
        if self.last_try.is_some_and(|time| since(time, now) <= JUST_TRIED) {
            return false;
        }
        self.time.0 > now.0.saturating_add(FUTURE)
            || since(self.time, now) > HORIZON
            || (self.last_success.is_none() && self.attempts >= RETRIES)
            || (self.attempts >= MAX_FAILURES
                && self.last_success.is_none_or(|time| since(time, now) > MIN_FAIL))
    }

    /// How likely it is to be taken when it is drawn, from 0 to 1 (Core's `GetChance`).
    pub(super) fn chance(&self, now: UnixTime) -> f64 {
        let lately = self.last_try.is_some_and(|time| since(time, now) < LATELY_TRIED);
        let failures = self.attempts.min(COUNTED_FAILURES);
        (0..failures).fold(if lately { 0.01 } else { 1.0 }, |chance, _| chance * 0.66)
    }
}

/// Seconds from `time` to `now`; none if that is to come.
pub(super) const fn since(time: UnixTime, now: UnixTime) -> u32 {
    now.0.saturating_sub(time.0)
}
