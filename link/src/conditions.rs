//! What a link is like: latency, jitter and bandwidth delay frames and keep their order; a cut is the endpoint's
//! matter ([`crate::Endpoint::cut`]) and only empties the link here.

use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::time::Duration;

use terrarium_collections::BTreeMap;

use crate::Address;

/// The most bytes that one link holds back; sessions' credit keeps an honest link far below it.
const MAX_HELD_BYTES: usize = 64 * 1024 * 1024;

/// The conditions of one direction of one link. The default is a link that delays nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Every frame takes at least this long.
    pub latency: Duration,
    /// And up to this much longer, drawn evenly.
    pub jitter: Duration,
    /// Bytes a second; none means unlimited.
    pub bandwidth: Option<NonZeroU64>,
}

/// What becomes of a frame that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shaping {
    /// It leaves now.
    Now(Vec<u8>),
    /// The shaper keeps it; [`Shaper::poll`] hands it out when it is due.
    Held,
}

/// The link holds as much as it may; the frame was dropped, which ends its session by a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the link to {0} holds too many bytes")]
pub struct ShaperFull(pub Address);

/// Holds back the frames of all links that one host sends on.
#[derive(Debug)]
pub struct Shaper {
    /// One entry for each link with conditions or with frames under way; bounded by the host, which sets them.
    links: BTreeMap<Address, Link>,
    random: SplitMix64,
}

#[derive(Debug, Default)]
struct Link {
    conditions: Conditions,
    /// Frames and when they are due, in order. Bounded by `MAX_HELD_BYTES`, which [`Shaper::shape`] enforces.
    held: VecDeque<(Duration, Vec<u8>)>,
    held_bytes: usize,
    /// Until when the bytes that were sent already fill the line.
    busy_until: Duration,
    /// When the last held frame is due.
    last_due: Duration,
}

impl Shaper {
    /// A shaper without conditions; `seed` decides the jitter.
    pub fn new(seed: u64) -> Self {
        Self { links: BTreeMap::new(), random: SplitMix64(seed) }
    }

    /// Sets the conditions for frames to `peer` from now on; frames that are held already keep their time.
    pub fn set(&mut self, peer: Address, conditions: Conditions) {
        self.links.entry(peer).or_default().conditions = conditions;
        self.forget_if_idle(peer);
    }

    /// The conditions for frames to `peer`.
    pub fn conditions(&self, peer: Address) -> Conditions {
        self.links.get(&peer).map(|link| link.conditions).unwrap_or_default()
    }

    /// Drops what is held for `peer`, as a cut does.
    pub fn clear(&mut self, peer: Address) {
        if let Some(link) = self.links.get_mut(&peer) {
            *link = Link { conditions: link.conditions, ..Link::default() };
        }
        self.forget_if_idle(peer);
    }

    /// Decides when a frame to `peer` leaves.
    ///
    /// # Errors
    /// [`ShaperFull`] where too much is under way on this link.
    pub fn shape(&mut self, now: Duration, peer: Address, frame: Vec<u8>) -> Result<Shaping, ShaperFull> {
        let Some(link) = self.links.get_mut(&peer) else { return Ok(Shaping::Now(frame)) };
        if link.held_bytes + frame.len() > MAX_HELD_BYTES {
            return Err(ShaperFull(peer));
        }
        let due = link.due(now, frame.len(), &mut self.random);
        link.held_bytes += frame.len();
        link.held.push_back((due, frame));
        Ok(Shaping::Held)
    }

    /// The next frame whose time has come.
    pub fn poll(&mut self, now: Duration) -> Option<(Address, Vec<u8>)> {
        let (due, peer) = self.first_due()?;
        if due > now {
            return None;
        }
        let link = self.links.get_mut(&peer)?;
        let (_, frame) = link.held.pop_front()?;
        link.held_bytes -= frame.len();
        self.forget_if_idle(peer);
        Some((peer, frame))
    }

    /// When to poll next.
    pub fn next_wakeup(&self) -> Option<Duration> {
        self.first_due().map(|(due, _)| due)
    }

    fn first_due(&self) -> Option<(Duration, Address)> {
        self.links.iter().filter_map(|(peer, link)| link.held.front().map(|(due, _)| (*due, *peer))).min()
    }

    /// A link that delays nothing and holds nothing needs no entry.
    fn forget_if_idle(&mut self, peer: Address) {
        let idle = |link: &Link| link.held.is_empty() && link.conditions == Conditions::default();
        if self.links.get(&peer).is_some_and(idle) {
            self.links.remove(&peer);
        }
    }
}

impl Link {
    /// When a frame of `len` bytes that is sent `now` arrives: after the line is free, after it has gone over the
    /// line, after the latency, and never before the frame ahead of it.
    fn due(&mut self, now: Duration, len: usize, random: &mut SplitMix64) -> Duration {
        let Conditions { latency, jitter, bandwidth } = self.conditions;
        let on_the_line = bandwidth.map_or(Duration::ZERO, |rate| {
            let nanos = len as u128 * 1_000_000_000 / u128::from(rate.get());
            Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
        });
        self.busy_until = self.busy_until.max(now).saturating_add(on_the_line);
        let arrival = self.busy_until.saturating_add(latency).saturating_add(random.up_to(jitter));
        self.last_due = self.last_due.max(arrival);
        self.last_due
    }
}

/// Steele, Lea and Flood's SplitMix64: enough for jitter, and the same everywhere.
#[derive(Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly between nothing and `most`.
    fn up_to(&mut self, most: Duration) -> Duration {
        let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        if nanos == 0 {
            return Duration::ZERO;
        }
        let scaled = (u128::from(self.next()) * (u128::from(nanos) + 1)) >> 64;
        Duration::from_nanos(u64::try_from(scaled).unwrap_or(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: Address = Address::loopback(3001);

    fn millis(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_link_without_conditions_holds_nothing() {
        let mut shaper = Shaper::new(1);
        assert_eq!(shaper.shape(millis(1), PEER, vec![1]), Ok(Shaping::Now(vec![1])));
        assert_eq!(shaper.next_wakeup(), None);
    }

    #[test]
    fn bandwidth_spaces_frames_and_latency_shifts_them() {
        let mut shaper = Shaper::new(1);
        let bandwidth = NonZeroU64::new(1_000);
        shaper.set(PEER, Conditions { latency: millis(50), bandwidth, ..Conditions::default() });
        for byte in 0..3 {
            assert_eq!(shaper.shape(millis(0), PEER, vec![byte; 100]), Ok(Shaping::Held));
        }
        assert_eq!(shaper.next_wakeup(), Some(millis(150)));
        assert_eq!(shaper.poll(millis(149)), None);
        assert_eq!(shaper.poll(millis(150)), Some((PEER, vec![0; 100])));
        assert_eq!(shaper.next_wakeup(), Some(millis(250)));
    }

    #[test]
    fn jitter_keeps_the_order() {
        let mut shaper = Shaper::new(7);
        shaper.set(PEER, Conditions { jitter: millis(1_000), ..Conditions::default() });
        for byte in 0..100 {
            shaper.shape(millis(u64::from(byte)), PEER, vec![byte]).unwrap();
        }
        let mut last = Duration::ZERO;
        for byte in 0..100 {
            let due = shaper.next_wakeup().unwrap();
            assert!(due >= last);
            last = due;
            assert_eq!(shaper.poll(due), Some((PEER, vec![byte])));
        }
    }

    #[test]
    fn a_link_made_fast_again_does_not_overtake_what_is_under_way() {
        let mut shaper = Shaper::new(7);
        shaper.set(PEER, Conditions { latency: millis(100), ..Conditions::default() });
        shaper.shape(millis(0), PEER, vec![1]).unwrap();
        shaper.set(PEER, Conditions::default());
        assert_eq!(shaper.shape(millis(1), PEER, vec![2]), Ok(Shaping::Held));
        assert_eq!(shaper.poll(millis(100)), Some((PEER, vec![1])));
        assert_eq!(shaper.poll(millis(100)), Some((PEER, vec![2])));
        assert_eq!(shaper.shape(millis(100), PEER, vec![3]), Ok(Shaping::Now(vec![3])));
    }

    #[test]
    fn a_link_holds_a_bounded_number_of_bytes() {
        let mut shaper = Shaper::new(7);
        shaper.set(PEER, Conditions { latency: millis(100), ..Conditions::default() });
        shaper.shape(millis(0), PEER, vec![0; MAX_HELD_BYTES]).unwrap();
        assert_eq!(shaper.shape(millis(0), PEER, vec![0]), Err(ShaperFull(PEER)));
        shaper.clear(PEER);
        assert_eq!(shaper.shape(millis(0), PEER, vec![0]), Ok(Shaping::Held));
    }
}
