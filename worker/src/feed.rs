//! What the page hears of a node: events in order, gathered for some milliseconds, and snapshots at most ten times a
//! second. Pure: the host asks when something is due and posts it.

use terrarium_core::interface::{Event, WorkerMessage};

/// Events wait at most so long for company.
const EVENTS_MS: f64 = 30.0;
/// Snapshots are at least so far apart.
const SNAPSHOT_MS: f64 = 100.0;
/// A batch of events is sent early when it has so many.
const MOST_EVENTS: usize = 1_000;
/// `Message` events that a batch carries at most; the others are counted.
const MOST_MESSAGES: usize = 500;

/// Gathers what is to be posted.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    /// Bounded by `MOST_EVENTS`, at which [`Feed::take_events`] is due.
    events: Vec<Event>,
    /// `Message` events among them.
    messages: usize,
    /// `Message` events dropped since the last batch.
    dropped: u64,
    /// Sequence number of the next event.
    next: u64,
    wants_messages: bool,
    /// When the oldest event came.
    events_since: Option<f64>,
    /// Something may have changed since the last snapshot.
    changed: bool,
    last_snapshot: Option<f64>,
}

impl Feed {
    /// Says whether `Message` events are wanted.
    pub(crate) fn subscribe(&mut self, messages: bool) {
        self.wants_messages = messages;
    }

    /// Takes in an event.
    pub(crate) fn push(&mut self, event: Event, now_ms: f64) {
        if matches!(event, Event::Message { .. }) {
            if !self.wants_messages {
                return;
            }
            if self.messages >= MOST_MESSAGES {
                self.dropped += 1;
                return;
            }
            self.messages += 1;
        }
        self.events.push(event);
        self.events_since.get_or_insert(now_ms);
    }

    /// Notes that the node may look different now.
    pub(crate) fn touch(&mut self) {
        self.changed = true;
    }

    /// Lets the next snapshot go without waiting: the node joined or left the network.
    pub(crate) fn hurry(&mut self) {
        self.last_snapshot = None;
    }

    /// The events, if it is time for them.
    pub(crate) fn take_events(&mut self, now_ms: f64) -> Option<WorkerMessage> {
        let due = self.events_since? + EVENTS_MS <= now_ms || self.events.len() >= MOST_EVENTS;
        if due { self.flush_events() } else { None }
    }

    /// The events, if there are any: what happened before an answer is heard before it.
    pub(crate) fn flush_events(&mut self) -> Option<WorkerMessage> {
        self.events_since.take()?;
        let events = std::mem::take(&mut self.events);
        let first = self.next;
        self.next += events.len() as u64;
        self.messages = 0;
        Some(WorkerMessage::Events { first, events, dropped: std::mem::take(&mut self.dropped) })
    }

    /// Whether a snapshot is to be sent now; true resets the wait.
    pub(crate) fn take_snapshot_turn(&mut self, now_ms: f64) -> bool {
        let due = self.changed && self.last_snapshot.is_none_or(|last| last + SNAPSHOT_MS <= now_ms);
        if due {
            self.changed = false;
            self.last_snapshot = Some(now_ms);
        }
        due
    }

    /// When to ask again, on the clock that the other calls use.
    pub(crate) fn next_wakeup(&self) -> Option<f64> {
        let events = self.events_since.map(|since| since + EVENTS_MS);
        let snapshot = self.changed.then(|| self.last_snapshot.map_or(0.0, |last| last + SNAPSHOT_MS));
        match (events, snapshot) {
            (Some(events), Some(snapshot)) => Some(events.min(snapshot)),
            (events, snapshot) => events.or(snapshot),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrarium_core::interface::{Direction, LogLine, NodeId, PeerId};

    fn line(n: u16) -> Event {
        Event::Log(LogLine::Starting(NodeId(n)))
    }

    fn message() -> Event {
        Event::Message {
            peer: PeerId(1),
            address: NodeId(3001).local_address(),
            direction: Direction::Inbound,
            command: "ping".to_owned(),
            length: 8,
            subject: None,
        }
    }

    #[test]
    fn events_wait_for_company_and_are_numbered_without_gaps() {
        let mut feed = Feed::default();
        feed.push(line(1), 0.0);
        feed.push(line(2), 20.0);
        assert_eq!(feed.take_events(29.0), None);
        assert_eq!(feed.next_wakeup(), Some(30.0));
        let batch = WorkerMessage::Events { first: 0, events: vec![line(1), line(2)], dropped: 0 };
        assert_eq!(feed.take_events(30.0), Some(batch));
        assert_eq!(feed.take_events(100.0), None);
        feed.push(line(3), 100.0);
        let batch = WorkerMessage::Events { first: 2, events: vec![line(3)], dropped: 0 };
        assert_eq!(feed.flush_events(), Some(batch));
    }

    #[test]
    fn messages_go_only_to_who_subscribed_and_the_rest_is_counted() {
        let mut feed = Feed::default();
        feed.push(message(), 0.0);
        assert_eq!(feed.flush_events(), None);
        feed.subscribe(true);
        for _ in 0..MOST_MESSAGES + 7 {
            feed.push(message(), 0.0);
        }
        let Some(WorkerMessage::Events { events, dropped, .. }) = feed.flush_events() else { panic!() };
        assert_eq!((events.len(), dropped), (MOST_MESSAGES, 7));
    }

    #[test]
    fn a_full_batch_does_not_wait() {
        let mut feed = Feed::default();
        for _ in 0..MOST_EVENTS {
            feed.push(line(1), 0.0);
        }
        assert!(feed.take_events(0.0).is_some());
    }

    #[test]
    fn snapshots_are_at_least_a_tenth_of_a_second_apart() {
        let mut feed = Feed::default();
        assert!(!feed.take_snapshot_turn(0.0), "nothing has changed");
        feed.touch();
        assert!(feed.take_snapshot_turn(0.0));
        feed.touch();
        assert!(!feed.take_snapshot_turn(99.0));
        assert_eq!(feed.next_wakeup(), Some(100.0));
        assert!(feed.take_snapshot_turn(100.0));
        assert_eq!(feed.next_wakeup(), None);
    }
}
