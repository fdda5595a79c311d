//! What a scenario is made of.

use crate::host::LinkSettings;
use terrarium_core::interface::{NodeId, Role};

/// A scenario: steps in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub(super) steps: Vec<Step>,
}

/// A step and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// Its line, counted from 1.
    pub(super) line: usize,
    /// Its text, as written.
    pub(super) text: String,
    pub(super) action: Action,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// `[3000] command -> name`, with the lines that it must print.
    Run {
        node: NodeId,
        command: String,
        bind: Option<String>,
        expected: Vec<Expected>,
    },
    /// `log 3001`, with lines that the log must have.
    Log {
        node: NodeId,
        patterns: Vec<String>,
    },
    /// `wait ...`.
    Wait {
        node: NodeId,
        condition: Condition,
    },
    /// `timeout N`, in seconds, for the waits that follow.
    Timeout {
        seconds: f64,
    },
    Start(NodeId),
    Stop(NodeId),
    Kill(NodeId),
    Spawn(NodeId, Role),
    Mine(NodeId),
    HashRate(NodeId, f64),
    Connect(NodeId, NodeId),
    Link(NodeId, NodeId, LinkSettings),
    Partition(Vec<Vec<NodeId>>),
    Heal,
    Pause,
    Resume,
}

/// An indented line under a command.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expected {
    /// A line of its output.
    Line(String),
    /// `fails TEXT`: it fails with this message.
    Failure(String),
}

/// What `wait` waits for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// `height N`: the tip is at least that high.
    Height(u32),
    /// `mempool N`: that many transactions wait.
    Mempool(usize),
    /// `tip M`: the tip is node M's.
    Tip(NodeId),
    /// `balance A N`: an address has N confirmed coins.
    Balance { address: String, amount: String },
}
