//! A [`World`] as consoles and scenarios see it: every await is answered at once, by letting virtual time pass.

use crate::sim::{Link, World};
use std::cell::{RefCell, RefMut};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use terrarium_console::{Desk, Host, HostError, LinkSettings, Report, Scenario};
use terrarium_core::consensus::Preset;
use terrarium_core::interface::{
    AddNodeAction, Command, CommandError, NodeConfig, NodeId, NodeSnapshot, Reply, Role, StartOptions,
    SyncMode,
};
use terrarium_core::time::Span;

/// How far time goes before a host looks again whether something changed.
const GLANCE: Span = Span::from_millis(50);

/// A lab in virtual time.
pub struct Lab {
    world: RefCell<World>,
    desk: RefCell<Desk>,
    network: Option<Preset>,
}

impl Lab {
    /// An empty lab whose nodes begin with the built-in genesis of `network`, or wait for `createblockchain`.
    pub fn new(seed: u64, network: Option<Preset>) -> Self {
        Self { world: RefCell::new(World::new(seed)), desk: RefCell::default(), network }
    }

    /// The world, to look at or to change.
    pub fn world(&self) -> RefMut<'_, World> {
        self.world.borrow_mut()
    }

    /// Runs a scenario to its end.
    ///
    /// # Panics
    /// If the text is no scenario.
    pub fn run(&self, text: &str) -> Report {
        let scenario = text.parse::<Scenario>().expect("a scenario");
        at_once(scenario.run(self, |_| {}))
    }

    fn config(&self, id: NodeId, role: Role) -> NodeConfig {
        NodeConfig { id, role, network: self.network, sync: SyncMode::Headers, connect: Vec::new() }
    }

    fn known(&self, node: NodeId) -> Result<(), HostError> {
        match self.world().ids().contains(&node) {
            true => Ok(()),
            false => Err(HostError(format!("there is no node {node}"))),
        }
    }

    fn carry_out(&self, node: NodeId, command: Command) -> Result<Reply, HostError> {
        self.known(node)?;
        self.world().execute(node, command).map_err(|error| HostError(error.to_string()))
    }
}

impl Host for Lab {
    fn desk(&self) -> &RefCell<Desk> {
        &self.desk
    }

    fn nodes(&self) -> Vec<NodeId> {
        self.world().ids()
    }

    fn snapshot(&self, node: NodeId) -> Option<NodeSnapshot> {
        self.known(node).ok()?;
        self.world().host(node).node().map(terrarium_core::node::Node::snapshot)
    }

    fn log(&self, node: NodeId) -> Vec<String> {
        self.world().host(node).log()
    }

    fn now_ms(&self) -> f64 {
        self.world().time().mono.0 as f64 / 1_000.0
    }

    async fn next_change(&self, at_most_ms: f64) {
        let at_most = Span((at_most_ms * 1_000.0) as u64);
        self.world().run_for(at_most.min(GLANCE).max(Span(1)));
    }

    async fn execute(&self, node: NodeId, command: Command) -> Result<Reply, CommandError> {
        self.world().execute(node, command)
    }

    async fn add_node(&self, node: NodeId) -> Result<(), HostError> {
        if self.known(node).is_err() {
            self.world().add(self.config(node, Role::Full));
        }
        Ok(())
    }

    async fn spawn(&self, node: NodeId, role: Role) -> Result<(), HostError> {
        if self.known(node).is_err() {
            self.world().add(self.config(node, role));
        } else if self.world().host(node).node().is_none() {
            self.world().open(node);
        }
        self.start(node).await
    }

    async fn start(&self, node: NodeId) -> Result<(), HostError> {
        self.carry_out(node, Command::StartNode(StartOptions::default())).map(drop)
    }

    async fn stop(&self, node: NodeId) -> Result<(), HostError> {
        self.carry_out(node, Command::StopNode).map(drop)
    }

    fn kill(&self, node: NodeId) -> Result<(), HostError> {
        self.known(node)?;
        self.world().kill(node);
        Ok(())
    }

    async fn mine(&self, node: NodeId) -> Result<(), HostError> {
        self.carry_out(node, Command::Generate { blocks: 1, address: None }).map(drop)
    }

    fn set_hash_rate(&self, node: NodeId, khs: f64) -> Result<(), HostError> {
        self.known(node)?;
        self.world().host_mut(node).set_hash_rate(khs * 1_000.0);
        Ok(())
    }

    async fn connect(&self, a: NodeId, b: NodeId) -> Result<(), HostError> {
        let command = Command::AddNode { address: b.local_address(), action: AddNodeAction::Add };
        self.carry_out(a, command).map(drop)
    }

    fn link(&self, a: NodeId, b: NodeId, settings: LinkSettings) -> Result<(), HostError> {
        let latency = Span((settings.latency_ms * 1_000.0) as u64);
        self.world().set_link(a, b, Link { latency, cut: settings.cut, ..Link::default() });
        Ok(())
    }

    fn partition(&self, groups: &[Vec<NodeId>]) -> Result<(), HostError> {
        let groups: Vec<&[NodeId]> = groups.iter().map(Vec::as_slice).collect();
        self.world().partition(&groups);
        Ok(())
    }

    fn heal(&self) {
        self.world().heal();
    }

    /// Virtual time only passes while something is waited for.
    fn pause(&self) {}

    fn resume(&self) {}
}

/// The outcome of a future that never waits, as those of a [`Lab`] do not.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("a lab answers at once"),
    }
}
