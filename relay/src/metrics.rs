//! What is counted, and how Prometheus reads it.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// All counters of a relay.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// WebSockets that were opened.
    pub(crate) opened: Counter,
    /// Of those, the ones that have closed.
    pub(crate) closed: Counter,
    /// Frames passed on.
    pub(crate) frames: Counter,
    /// Their bytes.
    pub(crate) bytes: Counter,
    /// Signals passed on, by which browsers introduce themselves to each other.
    pub(crate) signals: Counter,
    /// Messages that were none.
    pub(crate) malformed: Counter,
    /// Frames from an address that was not the sender's.
    pub(crate) foreign: Counter,
    /// Frames and signals to an address that nobody has.
    pub(crate) nobody: Counter,
    /// Frames and signals to another part of a class that is split.
    pub(crate) split: Counter,
    /// Frames and signals to a browser for which too much was waiting.
    pub(crate) overflow: Counter,
    /// Commands of a teacher from one who is none.
    pub(crate) forbidden: Counter,
    /// Browsers that were not let into a room.
    pub(crate) refused: Counter,
    /// Pages of foreign sites that were not let in.
    pub(crate) origins: Counter,
}

impl Metrics {
    /// The page of numbers that Prometheus reads.
    pub(crate) fn text(&self, rooms: usize, browsers: usize) -> String {
        let mut text = String::new();
        let mut line = |name: &str, kind: &str, help: &str, values: &[(&str, u64)]| {
            // Writing to a String cannot fail.
            let _ =
                writeln!(text, "# HELP terrarium_relay_{name} {help}\n# TYPE terrarium_relay_{name} {kind}");
            for (label, value) in values {
                let _ = writeln!(text, "terrarium_relay_{name}{label} {value}");
            }
        };
        let open = self.opened.get().saturating_sub(self.closed.get());
        line("rooms", "gauge", "Rooms that exist.", &[("", rooms as u64)]);
        line("browsers", "gauge", "Browsers in rooms.", &[("", browsers as u64)]);
        line("websockets", "gauge", "WebSockets that are open.", &[("", open)]);
        line("websockets_total", "counter", "WebSockets opened.", &[("", self.opened.get())]);
        line("frames_total", "counter", "Frames passed on.", &[("", self.frames.get())]);
        line("bytes_total", "counter", "Bytes of frames passed on.", &[("", self.bytes.get())]);
        line("signals_total", "counter", "Signals passed on.", &[("", self.signals.get())]);
        let dropped = [
            ("{reason=\"malformed\"}", self.malformed.get()),
            ("{reason=\"foreign_address\"}", self.foreign.get()),
            ("{reason=\"nobody\"}", self.nobody.get()),
            ("{reason=\"split\"}", self.split.get()),
            ("{reason=\"queue_full\"}", self.overflow.get()),
            ("{reason=\"not_the_teacher\"}", self.forbidden.get()),
        ];
        line("dropped_total", "counter", "Messages dropped.", &dropped);
        let refused =
            [("{reason=\"room\"}", self.refused.get()), ("{reason=\"origin\"}", self.origins.get())];
        line("refused_total", "counter", "Browsers refused.", &refused);
        text
    }
}
