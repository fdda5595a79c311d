//! What one address may do only so often: a bucket for each that has done it lately.

use crate::limits::Bucket;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Addresses that are remembered.
const MAX_ADDRESSES: usize = 10_000;

/// The patience with every address for one thing. Times are seconds on the caller's clock.
#[derive(Debug)]
pub(crate) struct Patience {
    at_once: f64,
    per_second: f64,
    /// Bounded by [`MAX_ADDRESSES`], which [`Patience::spend`] enforces.
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

impl Patience {
    /// Allows `at_once`, and one more every `again`.
    pub(crate) fn new(at_once: u32, again: Duration) -> Self {
        Self { at_once: f64::from(at_once), per_second: 1.0 / again.as_secs_f64(), buckets: Mutex::default() }
    }

    /// Whether an address may do it now.
    pub(crate) fn allows(&self, from: IpAddr, now: f64) -> bool {
        self.buckets().get_mut(&household(from)).is_none_or(|bucket| bucket.has_one(now))
    }

    /// An address does it. False where it may not, or where there are too many to be remembered.
    pub(crate) fn spend(&self, from: IpAddr, now: f64) -> bool {
        let (from, mut buckets) = (household(from), self.buckets());
        if buckets.len() >= MAX_ADDRESSES {
            buckets.retain(|_, bucket| !bucket.is_full(now));
        }
        if buckets.len() >= MAX_ADDRESSES && !buckets.contains_key(&from) {
            return false;
        }
        let fresh = || Bucket::full(self.per_second, self.at_once, now);
        let bucket = buckets.entry(from).or_insert_with(fresh);
        let allowed = bucket.has_one(now);
        if allowed {
            bucket.spend(1.0, now);
        }
        allowed
    }

    /// What an address has done does not count.
    #[cfg(feature = "nats")]
    pub(crate) fn give_back(&self, from: IpAddr, now: f64) {
        if let Some(bucket) = self.buckets().get_mut(&household(from)) {
            bucket.spend(-1.0, now);
        }
    }

    fn buckets(&self) -> MutexGuard<'_, HashMap<IpAddr, Bucket>> {
        // Nothing panics while it holds the lock; if something did, what is in there is still whole.
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What counts as one address: of IPv6 the network, in which every machine has as many addresses as it likes.
fn household(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(u128::from(ip) >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn an_address_may_do_it_so_often_at_once_and_then_one_by_one() {
        let patience = Patience::new(3, Duration::from_secs(10));
        let allowed = |now| patience.spend(address(1), now);
        assert_eq!([0.0, 0.0, 0.0, 0.0, 9.0].map(allowed), [true, true, true, false, false]);
        assert!(!patience.allows(address(1), 9.0) && patience.allows(address(1), 10.0));
        assert_eq!([10.0, 10.0, 19.0, 20.0].map(allowed), [true, false, false, true]);
        assert_eq!(
            [1_000.0; 4].map(allowed),
            [true, true, true, false],
            "no more is saved than at the start"
        );
    }

    #[test]
    fn one_address_uses_up_nothing_of_anothers() {
        let patience = Patience::new(1, Duration::from_secs(10));
        assert!(patience.spend(address(1), 0.0) && !patience.spend(address(1), 0.0));
        assert!(patience.spend(address(2), 0.0));
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address_and_ipv4_in_ipv6_as_ipv4() {
        let patience = Patience::new(1, Duration::from_secs(10));
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(patience.spend(ip("2001:db8:1:2::1"), 0.0));
        assert!(!patience.allows(ip("2001:db8:1:2:ffff::2"), 0.0));
        assert!(patience.allows(ip("2001:db8:1:3::1"), 0.0));
        assert!(patience.spend(ip("::ffff:10.0.0.1"), 0.0));
        assert!(!patience.allows(address(1), 0.0) && patience.allows(address(2), 0.0));
    }

    #[test]
    fn no_more_addresses_are_remembered_than_there_is_place_for() {
        let patience = Patience::new(2, Duration::from_secs(10));
        for number in 0..MAX_ADDRESSES {
            let number = u32::try_from(number).unwrap();
            assert!(patience.spend(IpAddr::V4((0x0a00_0000 + number).into()), 0.0));
        }
        let late = IpAddr::from([192, 168, 0, 1]);
        assert!(!patience.spend(late, 0.0));
        assert!(patience.spend(address(1), 0.0), "who is remembered goes on");
        assert!(patience.spend(late, 11.0), "who has waited long enough is forgotten");
    }
}
