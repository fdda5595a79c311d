//! What a console needs of the lab around it.

use crate::desk::Desk;
use std::cell::RefCell;
use terrarium_core::interface::{Command, CommandError, NodeId, NodeSnapshot, Reply, Role};

/// Why the lab refused; the text names the node and the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ERROR: {0}")]
pub struct HostError(pub String);

/// How a link between two nodes is to be; what is not given stays perfect.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkSettings {
    /// One way, milliseconds.
    pub latency_ms: f64,
    /// Up to this much more, milliseconds.
    pub jitter_ms: f64,
    /// Bytes a second; 0 is unlimited.
    pub bandwidth: f64,
    /// Nothing passes.
    pub cut: bool,
}

/// A lab as its consoles and scenarios see it. All calls are on one thread; none blocks.
#[expect(
    async_fn_in_trait,
    reason = "page and simulator are single-threaded: their futures need not be Send"
)]
pub trait Host {
    /// What the lab's terminals share.
    fn desk(&self) -> &RefCell<Desk>;
    /// The nodes of the lab, by id.
    fn nodes(&self) -> Vec<NodeId>;
    /// A node as of its last snapshot; none if there is no such node or it has not answered yet.
    fn snapshot(&self, node: NodeId) -> Option<NodeSnapshot>;
    /// The node's log so far (bounded by the host), oldest line first.
    fn log(&self, node: NodeId) -> Vec<String>;
    /// The host's clock, in milliseconds from any start; timeouts are measured with it.
    fn now_ms(&self) -> f64;
    /// Returns after a snapshot or a log changed, at the latest after `at_most_ms`.
    async fn next_change(&self, at_most_ms: f64);

    /// Carries out a command at a node.
    async fn execute(&self, node: NodeId, command: Command) -> Result<Reply, CommandError>;
    /// Makes a node that is not started; one that exists is left as it is.
    async fn add_node(&self, node: NodeId) -> Result<(), HostError>;
    /// Makes a node of a role and starts it, or opens a stopped, killed or crashed one again.
    async fn spawn(&self, node: NodeId, role: Role) -> Result<(), HostError>;
    /// Joins the network.
    async fn start(&self, node: NodeId) -> Result<(), HostError>;
    /// Leaves the network.
    async fn stop(&self, node: NodeId) -> Result<(), HostError>;
    /// Ends the node's worker at once.
    fn kill(&self, node: NodeId) -> Result<(), HostError>;
    /// Mines one block.
    async fn mine(&self, node: NodeId) -> Result<(), HostError>;
    /// Sets the miner's dial, in kH/s.
    fn set_hash_rate(&self, node: NodeId, khs: f64) -> Result<(), HostError>;
    /// Connects two nodes.
    async fn connect(&self, a: NodeId, b: NodeId) -> Result<(), HostError>;
    /// Sets the conditions between two nodes.
    fn link(&self, a: NodeId, b: NodeId, settings: LinkSettings) -> Result<(), HostError>;
    /// Cuts every link between different groups; nodes not named form one more group.
    fn partition(&self, groups: &[Vec<NodeId>]) -> Result<(), HostError>;
    /// Heals every cut.
    fn heal(&self);
    /// Stops the lab's clock.
    fn pause(&self);
    /// Lets it run on.
    fn resume(&self);
}
