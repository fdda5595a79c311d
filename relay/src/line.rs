//! What waits to be sent to one browser: a bounded queue with one reader, the connection's writer.

use axum::body::Bytes;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use terrarium_link::room::End;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The way to one browser.
#[derive(Debug)]
pub(crate) struct Line {
    queue: Mutex<Queue>,
    news: Notify,
    began: Instant,
    /// When the browser was last heard, in milliseconds since `began`.
    heard: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    /// Bounded by `Limits::{queue_messages, queue_bytes}`, which [`Line::push`] enforces.
    messages: VecDeque<Bytes>,
    bytes: usize,
    ping: bool,
    end: Option<End>,
}

/// What the writer is to do next.
#[derive(Debug)]
pub(crate) enum Work {
    /// Send these.
    Send(VecDeque<Bytes>),
    /// Ask the browser whether it is there.
    Ping,
    /// Say why, and close.
    End(End),
}

impl Line {
    pub(crate) fn new() -> Self {
        let began = Instant::now();
        Self { queue: Mutex::default(), news: Notify::new(), began, heard: AtomicU64::new(0) }
    }

    /// Puts a message at the end; false where it would be too much.
    pub(crate) fn push(&self, message: Bytes, limits: &crate::Limits) -> bool {
        {
            let mut queue = self.queue();
            let bytes = queue.bytes + message.len();
            let full = queue.messages.len() >= limits.queue_messages || bytes > limits.queue_bytes;
            if full || queue.end.is_some() {
                return false;
            }
            queue.bytes = bytes;
            queue.messages.push_back(message);
        }
        self.news.notify_one();
        true
    }

    /// Ends the connection; what waits is not sent any more. The first reason counts.
    pub(crate) fn end(&self, reason: End) {
        self.queue().end.get_or_insert(reason);
        self.news.notify_one();
    }

    /// Whether the connection is to end.
    pub(crate) fn has_ended(&self) -> bool {
        self.queue().end.is_some()
    }

    /// Asks the browser for a sign of life.
    pub(crate) fn ping(&self) {
        self.queue().ping = true;
        self.news.notify_one();
    }

    /// The browser was heard.
    pub(crate) fn hear(&self) {
        self.heard.store(self.now(), Ordering::Relaxed);
    }

    /// Whether the browser was heard since a moment of [`Line::now`].
    pub(crate) fn was_heard_since(&self, moment: u64) -> bool {
        self.heard.load(Ordering::Relaxed) >= moment
    }

    /// Milliseconds for which the browser has been silent.
    pub(crate) fn silent_ms(&self) -> u64 {
        self.now().saturating_sub(self.heard.load(Ordering::Relaxed))
    }

    /// Milliseconds since the line was made.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// What there is to do, once there is something. For one caller at a time.
    pub(crate) async fn next(&self) -> Work {
        loop {
            if let Some(work) = self.take() {
                return work;
            }
            self.news.notified().await;
        }
    }

    fn take(&self) -> Option<Work> {
        let mut queue = self.queue();
        if let Some(reason) = queue.end {
            return Some(Work::End(reason));
        }
        if std::mem::take(&mut queue.ping) {
            return Some(Work::Ping);
        }
        if queue.messages.is_empty() {
            return None;
        }
        queue.bytes = 0;
        Some(Work::Send(std::mem::take(&mut queue.messages)))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it holds the lock; if something did, what is in there is still whole.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[test]
    fn what_waits_for_one_browser_is_bounded() {
        let limits = Limits { queue_bytes: 10, queue_messages: 3, ..Limits::default() };
        let line = Line::new();
        assert!(line.push(Bytes::from_static(b"12345"), &limits));
        assert!(!line.push(Bytes::from_static(b"123456"), &limits));
        assert!(line.push(Bytes::from_static(b"1"), &limits));
        assert!(line.push(Bytes::from_static(b"2"), &limits));
        assert!(!line.push(Bytes::from_static(b"3"), &limits));
        assert!(matches!(line.take(), Some(Work::Send(messages)) if messages.len() == 3));
        assert!(line.push(Bytes::from_static(b"1234567890"), &limits));
    }

    #[test]
    fn an_end_comes_before_all_that_waits_and_nothing_after_it() {
        let line = Line::new();
        assert!(line.push(Bytes::from_static(b"1"), &Limits::default()));
        assert!(!line.has_ended());
        line.end(End::TooSlow);
        line.end(End::Shutdown);
        assert!(line.has_ended());
        assert!(matches!(line.take(), Some(Work::End(End::TooSlow))));
        assert!(!line.push(Bytes::from_static(b"2"), &Limits::default()));
    }
}
