//! What the page knows of a node at this moment, ahead of the signals, which follow once per animation frame.

use super::worker_link::WorkerLink;
use crate::lab::roster::RosterEntry;
use crate::lab::state::{LogEntry, NodeView, NodeWriter, Phase, Status};
use crate::lab::trace::Trace;
use std::collections::VecDeque;
use std::sync::Arc;
use terrarium_core::interface::{NodeSnapshot, RunState};
use terrarium_core::primitives::{BlockHash, Height};

/// Lines of a node's log that the page keeps.
const MAX_LOG: usize = 500;

/// A node of this page.
pub(crate) struct Node {
    /// How it was made and what it was last asked to do: what it is started with again.
    pub(crate) entry: RosterEntry,
    pub(super) view: NodeView,
    pub(super) writer: NodeWriter,
    pub(super) link: Option<WorkerLink>,
    pub(super) status: Status,
    pub(super) snapshot: Option<Arc<NodeSnapshot>>,
    /// Tip as of the last block event, which comes before the snapshot.
    pub(super) tip: Option<(Height, BlockHash)>,
    /// The end of its log, at most [`MAX_LOG`] lines.
    pub(super) log: VecDeque<LogEntry>,
    pub(super) next_line: u64,
    /// What is recorded of it.
    pub(super) trace: Option<Trace>,
    /// It failed once since a person started it.
    pub(super) restarted: bool,
    /// What the signals do not show yet.
    pub(super) stale: Stale,
}

/// Which signals lag behind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stale {
    pub(super) status: bool,
    pub(super) snapshot: bool,
    pub(super) log: bool,
    pub(super) trace: bool,
}

impl Node {
    /// A node whose worker is not started yet.
    pub(super) fn new(entry: RosterEntry, view: NodeView, writer: NodeWriter) -> Self {
        Node {
            entry,
            view,
            writer,
            link: None,
            status: Status::starting(),
            snapshot: None,
            tip: None,
            log: VecDeque::new(),
            next_line: 0,
            trace: None,
            restarted: false,
            stale: Stale::default(),
        }
    }

    /// Its last snapshot.
    pub(crate) fn snapshot(&self) -> Option<&NodeSnapshot> {
        self.snapshot.as_deref()
    }

    /// Its tip as far as the page knows.
    pub(crate) fn tip(&self) -> Option<(Height, BlockHash)> {
        self.tip
    }

    /// Its log's lines, oldest first.
    pub(crate) fn log_lines(&self) -> impl Iterator<Item = &str> {
        self.log.iter().map(|entry| &*entry.text)
    }

    /// Whether its worker answers and it is on the network.
    pub(crate) fn is_running(&self) -> bool {
        self.status.phase == Phase::Up
            && self.snapshot().is_some_and(|snapshot| snapshot.state == RunState::Running)
    }

    /// Whether another tab runs it.
    pub(crate) fn is_viewer(&self) -> bool {
        self.status.viewer
    }

    /// Whether this page's worker runs it.
    pub(super) fn runs_here(&self) -> bool {
        self.status.phase == Phase::Up && !self.status.viewer
    }

    /// One word for what it does now, as scripts see it.
    pub(crate) fn state_word(&self) -> &'static str {
        match self.status.phase {
            Phase::Starting => "starting",
            Phase::Killed => "killed",
            Phase::Crashed => "crashed",
            Phase::Up if self.status.viewer => "viewer",
            Phase::Up if self.is_running() => "running",
            Phase::Up => "stopped",
        }
    }

    /// Adds a line to its log.
    pub(super) fn log(&mut self, text: &str) {
        if self.log.len() == MAX_LOG {
            self.log.pop_front();
        }
        self.next_line += 1;
        self.log.push_back(LogEntry { number: self.next_line, text: text.into() });
        self.stale.log = true;
    }
}
