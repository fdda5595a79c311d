//! What is recorded of a node: its journal, as its worker sends it. Lives as long as the page and the node; it holds the
//! keys of the node's wallet.

use terrarium_core::interface::{JournalEnd, NodeId};

/// Pieces of the journal are put together up to so many bytes.
const PART: usize = 64 * 1024;

/// Where a recording stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recording {
    /// It goes on.
    On,
    /// It was stopped, or its node's worker was ended.
    Stopped,
    /// The node failed.
    Failed,
    /// It is as long as it may get.
    Full,
}

/// What the page shows of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) state: Recording,
    /// How long it is.
    pub(crate) bytes: usize,
}

/// A recording. Without `Debug`: it holds keys.
pub(crate) struct Trace {
    node: NodeId,
    state: Recording,
    /// Its text so far, whole lines. Bounded by the worker, which ends it at `MAX_JOURNAL`.
    parts: Vec<String>,
}

impl Trace {
    /// One that is to begin with the node's next worker.
    pub(crate) fn new(node: NodeId) -> Self {
        Trace { node, state: Recording::On, parts: Vec::new() }
    }

    /// Whether it has not begun.
    pub(crate) fn is_new(&self) -> bool {
        self.state == Recording::On && self.parts.is_empty()
    }

    /// Takes in what follows.
    pub(crate) fn push(&mut self, lines: String) {
        if self.state != Recording::On {
            return;
        }
        if lines.ends_with(&JournalEnd::Full.line(self.node)) {
            self.state = Recording::Full;
        }
        match self.parts.last_mut() {
            Some(last) if last.len() + lines.len() <= PART => last.push_str(&lines),
            _ => self.parts.push(lines),
        }
    }

    /// Ends it, unless it has ended.
    pub(crate) fn end(&mut self, state: Recording) {
        if self.state == Recording::On {
            self.state = state;
        }
    }

    /// What the page shows of it.
    pub(crate) fn summary(&self) -> Recorded {
        Recorded { state: self.state, bytes: self.parts.iter().map(String::len).sum() }
    }

    /// The journal up to now, with its last line; none before there is anything.
    pub(crate) fn text(&self) -> Option<String> {
        let end = match self.state {
            Recording::On | Recording::Stopped => Some(JournalEnd::Closed),
            Recording::Failed => Some(JournalEnd::Failed),
            // The worker has written it.
            Recording::Full => None,
        };
        let end = end.map(|end| end.line(self.node)).unwrap_or_default();
        (!self.parts.is_empty()).then(|| self.parts.concat() + &end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeId = NodeId(3000);

    fn trace(lines: &[&str]) -> Trace {
        let mut trace = Trace::new(NODE);
        lines.iter().for_each(|line| trace.push((*line).to_owned()));
        trace
    }

    #[test]
    fn a_recording_that_goes_on_is_saved_with_an_end() {
        assert_eq!(trace(&[]).text(), None);
        let trace = trace(&["a\n", "b\n"]);
        assert_eq!(trace.summary(), Recorded { state: Recording::On, bytes: 4 });
        assert_eq!(trace.text(), Some(format!("a\nb\n{}", JournalEnd::Closed.line(NODE))));
    }

    #[test]
    fn nothing_follows_the_end_of_a_recording() {
        let full = format!("b\n{}", JournalEnd::Full.line(NODE));
        let mut trace = trace(&["a\n", &full, "c\n"]);
        trace.end(Recording::Failed);
        assert_eq!(trace.summary().state, Recording::Full);
        assert_eq!(trace.text(), Some(format!("a\n{full}")));
    }

    #[test]
    fn the_recording_of_a_node_that_failed_says_so() {
        let mut trace = trace(&["a\n"]);
        trace.end(Recording::Failed);
        trace.end(Recording::Stopped);
        trace.push("b\n".to_owned());
        assert_eq!(trace.text(), Some(format!("a\n{}", JournalEnd::Failed.line(NODE))));
    }

    #[test]
    fn long_recordings_are_kept_in_parts_and_saved_whole() {
        let line = format!("{}\n", "x".repeat(PART / 3));
        let trace = trace(&[line.as_str(); 10]);
        assert_eq!(trace.parts.len(), 5);
        assert_eq!(trace.summary().bytes, 10 * line.len());
        assert!(trace.text().is_some_and(|text| text.starts_with(&line.repeat(10))));
    }
}
