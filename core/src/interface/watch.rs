//! What a node sees of attacks on it, from its own peers alone, and what it does about them.
#![allow(
    missing_docs,
    reason = "a variant's doc names its fields; each on its own would only repeat the name"
)]

use std::fmt;

/// Something unusual that may be an attack. Its `Display` is the line of `warnings` in RPCs and of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkWarning {
    /// The peers are of fewer than half as many address groups, as in an eclipse attack. So many seeds were asked for
    /// others.
    LowDiversity { groups: u32, peers: u32, asked: u32 },
    /// Over ten times as many messages as usual; in ten seconds, in the busiest and in the median of ten minutes. So many
    /// peers are over their budgets, and wait for the others.
    MessageRate { messages: u32, median: u32, waiting: u32 },
    /// More than 80 % of the peers have come to run one program, as in a Sybil attack. So many seeds were asked for
    /// others.
    UniformAgents { agent: String, of_it: u32, peers: u32, asked: u32 },
    /// No new tip for far longer than the network takes for a block. So many peers were asked for their headers.
    StaleTip { seconds: u32, asked: u32 },
    /// Many headers without work in ten minutes. None was kept; so many peers were cut off for theirs.
    LowWorkHeaders { headers: u32, cut_off: u32 },
}

impl NetworkWarning {
    /// The kind in one word, which stays the same when figures and words change.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LowDiversity { .. } => "low-diversity",
            Self::MessageRate { .. } => "message-rate",
            Self::UniformAgents { .. } => "uniform-agents",
            Self::StaleTip { .. } => "stale-tip",
            Self::LowWorkHeaders { .. } => "low-work-headers",
        }
    }
}

impl fmt::Display for NetworkWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LowDiversity { groups, peers, asked } => {
                write!(f, "{peers} peers are of {groups} address groups: asked {asked} seeds for others")
            }
            Self::MessageRate { messages, median, waiting } => write!(
                f,
                "{} messages a second, usually {}: {waiting} peers are over their budgets and wait",
                tenths(*messages),
                tenths(*median)
            ),
            Self::UniformAgents { agent, of_it, peers, asked } => {
                write!(
                    f,
                    "{of_it} of {peers} peers have come to run {agent:?}: asked {asked} seeds for others"
                )
            }
            Self::StaleTip { seconds, asked } => {
                write!(f, "no new block for {seconds} s: asked {asked} peers for their headers")
            }
            Self::LowWorkHeaders { headers, cut_off } => {
                write!(f, "{headers} headers without work: kept none, cut off {cut_off} peers")
            }
        }
    }
}

/// Messages of ten seconds as messages a second, with one decimal.
fn tenths(messages: u32) -> String {
    format!("{}.{}", messages / 10, messages % 10)
}

/// A warning that holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveWarning {
    /// Since when, seconds since 1970.
    pub since: u32,
    /// What it says.
    pub warning: NetworkWarning,
}

/// What a node sees of its peers as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchSummary {
    /// Peers whose handshake is over.
    pub peers: u32,
    /// The address groups that they are of.
    pub groups: u32,
    /// The program that most of them run; empty without peers.
    pub agent: String,
    /// How many of them run it.
    pub of_it: u32,
    /// Messages that came in the last full ten seconds, without blocks and filters that were asked for.
    pub messages: u32,
    /// The median of the last ten minutes, by ten seconds.
    pub median: u32,
    /// Seconds since the tip last changed.
    pub tip_age: u32,
    /// Headers without work in the last ten minutes.
    pub low_work_headers: u32,
    /// What is unusual now, at most one of each kind.
    pub warnings: Vec<ActiveWarning>,
}
