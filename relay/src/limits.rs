//! What the relay allows, in one table.

use std::time::Duration;

/// The longest WebSocket message: a session frame with its kind.
pub(crate) const MAX_MESSAGE: usize = terrarium_link::MAX_FRAME_LEN + 1;

/// Bounds on one connection and on all.
#[derive(Clone, Debug)]
pub struct Limits {
    /// TCP connections at a time; more wait to be accepted.
    pub connections: usize,
    /// A request's head must have come by then.
    pub head: Duration,
    /// A connection that has become no WebSocket by then is closed, however much it asks for.
    pub conversation: Duration,
    /// The first message must have come by then.
    pub hello: Duration,
    /// How often a browser is pinged and told the time.
    pub ping: Duration,
    /// A browser that says nothing for so long is gone.
    pub silence: Duration,
    /// How long another tab, asked whether it is there, may take to answer.
    pub other_tab: Duration,
    /// How often relays that share a room tell each other that they are there; after three times without it they are not.
    pub heartbeat: Duration,
    /// A browser that takes nothing for so long, while there is something for it, is gone.
    pub slow: Duration,
    /// Bytes that wait for one browser; what comes beyond them is dropped, which ends the sessions concerned.
    pub queue_bytes: usize,
    /// Messages that wait for one browser.
    pub queue_messages: usize,
    /// Messages a second that one connection may send for long; it is not read faster.
    pub messages_per_second: u32,
    /// Bytes a second, likewise.
    pub bytes_per_second: u32,
    /// News of its nodes that one connection may send at once; they concern everybody in its room.
    pub news: u32,
    /// News a second that one connection may send for long; it is not read faster.
    pub news_per_second: u32,
    /// Messages that are none, after which a connection is closed.
    pub malformed: u32,
    /// Wrong codes that one address may try at once; one more is allowed every `try_again`.
    pub tries: u32,
    /// See `tries`.
    pub try_again: Duration,
    /// Browsers without a pass that one address may bring at once, a class behind one NAT; one more every `join_again`.
    pub joins: u32,
    /// See `joins`.
    pub join_again: Duration,
    /// How often at once a browser may come in by its pass; once more every `return_again`.
    pub returns: u32,
    /// See `returns`.
    pub return_again: Duration,
    /// Rooms that one address may make at once; one more every `room_again`.
    pub rooms: u32,
    /// See `rooms`.
    pub room_again: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            head: Duration::from_secs(10),
            conversation: Duration::from_secs(300),
            hello: Duration::from_secs(10),
            ping: Duration::from_secs(15),
            silence: Duration::from_secs(45),
            other_tab: Duration::from_secs(2),
            heartbeat: Duration::from_secs(1),
            slow: Duration::from_secs(10),
            queue_bytes: 8 * 1024 * 1024,
            queue_messages: 65_536,
            messages_per_second: 20_000,
            bytes_per_second: 64 * 1024 * 1024,
            news: 20,
            news_per_second: 5,
            malformed: 100,
            tries: 200,
            try_again: Duration::from_millis(500),
            joins: 200,
            join_again: Duration::from_millis(500),
            returns: 60,
            return_again: Duration::from_millis(500),
            rooms: 20,
            room_again: Duration::from_secs(30),
        }
    }
}

/// A bucket that fills by itself: how fast, how full at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    rate: f64,
    most: f64,
    level: f64,
    /// Seconds on the caller's clock.
    at: f64,
}

impl Bucket {
    /// A full bucket of `most` that gains `rate` a second.
    pub(crate) fn full(rate: f64, most: f64, now: f64) -> Self {
        Self { rate, most, level: most, at: now }
    }

    fn fill(&mut self, now: f64) {
        self.level = self.rate.mul_add((now - self.at).max(0.0), self.level).min(self.most);
        self.at = now;
    }

    /// Takes `amount`, below nothing if need be; the seconds until nothing is owed.
    pub(crate) fn spend(&mut self, amount: f64, now: f64) -> f64 {
        self.fill(now);
        self.level -= amount;
        (-self.level / self.rate).max(0.0)
    }

    /// Whether one is there to be taken.
    pub(crate) fn has_one(&mut self, now: f64) -> bool {
        self.fill(now);
        self.level >= 1.0
    }

    /// Whether it is as full as it gets.
    pub(crate) fn is_full(&mut self, now: f64) -> bool {
        self.fill(now);
        self.level >= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_lets_a_burst_through_and_then_its_rate() {
        let mut bucket = Bucket::full(10.0, 5.0, 0.0);
        assert_eq!(bucket.spend(5.0, 0.0), 0.0);
        assert!(!bucket.has_one(0.0));
        assert_eq!(bucket.spend(1.0, 0.0), 0.1);
        assert!(bucket.has_one(0.2));
        assert!(bucket.is_full(9.0));
    }
}
