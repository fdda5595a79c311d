//! Writes down what goes into the nodes of a world and comes out of them.

use std::io::{self, Write};
use terrarium_core::interface::NodeId;
use terrarium_core::node::journal::{self, Entry, Line};

/// A journal that is being written.
pub(super) struct Recorder {
    to: Box<dyn Write>,
    /// The first failure; nothing is written after it.
    failure: Option<io::Error>,
}

impl Recorder {
    pub(super) fn new(to: Box<dyn Write>) -> Self {
        let mut recorder = Self { to, failure: None };
        recorder.write(&journal::head());
        recorder
    }

    pub(super) fn note(&mut self, node: NodeId, entries: Vec<Entry>) {
        for entry in entries {
            self.write(&Line { node, entry }.to_text());
        }
    }

    /// Ends the journal.
    pub(super) fn finish(mut self) -> io::Result<()> {
        match self.failure {
            Some(failure) => Err(failure),
            None => self.to.flush(),
        }
    }

    fn write(&mut self, line: &str) {
        if self.failure.is_none() {
            self.failure = writeln!(self.to, "{line}").err();
        }
    }
}
