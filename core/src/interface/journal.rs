//! What page and worker know of the journal that is kept of a node; its lines are the node's affair.

use super::id::NodeId;
use serde::Deserialize;

/// Bytes of text at which a worker ends the journal of its node. What page and worker exchange has room for it.
pub const MAX_JOURNAL: u32 = 32_000_000;

/// How the journal of a node ends: its last line says it, so that one that was cut short is told from a whole one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum JournalEnd {
    /// No more was to be written down.
    Closed,
    /// The node failed. What it did in its last step may be missing.
    Failed,
    /// It is as long as a journal may get. What the node did in its last step may be missing.
    Full,
}

impl JournalEnd {
    /// The last line of a node's journal, with its end.
    pub fn line(self, node: NodeId) -> String {
        format!("{{\"node\":{node},\"entry\":{{\"End\":\"{self:?}\"}}}}\n")
    }
}
