//! A host of canned answers, for the tests of terminal and scenario.

use crate::desk::Desk;
use crate::host::{Host, HostError, LinkSettings};
use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use terrarium_core::collections::BTreeMap;
use terrarium_core::interface::{
    AddressEntry, ChainFile, Command, CommandError, LogLine, MempoolSummary, MiningSummary, NodeId,
    NodeSnapshot, Reply, Role, RunState, WalletSummary, WatchSummary,
};
use terrarium_core::primitives::{Amount, Txid};

/// Records every command; addresses are `A1`, `A2` ..., balances 50.
#[derive(Default)]
pub(crate) struct FakeHost {
    desk: RefCell<Desk>,
    nodes: RefCell<BTreeMap<NodeId, NodeSnapshot>>,
    addresses: Cell<u32>,
    clock: Cell<f64>,
    pub(crate) commands: RefCell<Vec<(NodeId, Command)>>,
    pub(crate) calls: RefCell<Vec<String>>,
    pub(crate) log: RefCell<Vec<String>>,
}

/// Runs a future whose every await is ready.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the fake host never waits"),
    }
}

fn snapshot(id: NodeId, role: Role) -> NodeSnapshot {
    NodeSnapshot {
        id,
        role,
        state: RunState::Stopped,
        chain: None,
        peers: Vec::new(),
        ended: Vec::new(),
        watch: WatchSummary::default(),
        mempool: MempoolSummary::default(),
        wallet: WalletSummary::default(),
        mining: MiningSummary::default(),
        banned: 0,
        pending_bytes: 0,
        store_failure: None,
        tasks: Vec::new(),
    }
}

impl FakeHost {
    fn called(&self, call: String) -> Result<(), HostError> {
        self.calls.borrow_mut().push(call);
        Ok(())
    }
}

impl Host for FakeHost {
    fn desk(&self) -> &RefCell<Desk> {
        &self.desk
    }

    fn nodes(&self) -> Vec<NodeId> {
        self.nodes.borrow().keys().copied().collect()
    }

    fn snapshot(&self, node: NodeId) -> Option<NodeSnapshot> {
        self.nodes.borrow().get(&node).cloned()
    }

    fn log(&self, _node: NodeId) -> Vec<String> {
        self.log.borrow().clone()
    }

    fn now_ms(&self) -> f64 {
        self.clock.get()
    }

    async fn next_change(&self, at_most_ms: f64) {
        self.clock.set(self.clock.get() + at_most_ms);
    }

    async fn execute(&self, node: NodeId, command: Command) -> Result<Reply, CommandError> {
        self.commands.borrow_mut().push((node, command.clone()));
        match command {
            Command::CreateWallet { label } => {
                self.addresses.set(self.addresses.get() + 1);
                let address = format!("A{}", self.addresses.get());
                Ok(Reply::Address(AddressEntry { address, label, balance: Amount::ZERO }))
            }
            Command::GetBalance { address } if address.starts_with('A') => {
                Ok(Reply::Balance(Amount::from_coins(50)))
            }
            Command::GetBalance { .. } => Err(CommandError::InvalidAddress),
            Command::ExportChain => Ok(Reply::ChainFile(ChainFile(vec![1, 2, 3]))),
            Command::StartNode(_) => Ok(Reply::Started(vec![LogLine::Starting(node)])),
            Command::Send { .. } => Ok(Reply::Sent { txid: Txid::ZERO, verified: 1, mined: None }),
            _ => Ok(Reply::Done),
        }
    }

    async fn add_node(&self, node: NodeId) -> Result<(), HostError> {
        let role = if node == NodeId(3002) { Role::Miner } else { Role::Full };
        self.nodes.borrow_mut().entry(node).or_insert_with(|| snapshot(node, role));
        Ok(())
    }

    async fn spawn(&self, node: NodeId, role: Role) -> Result<(), HostError> {
        self.called(format!("spawn {node} {role:?}"))
    }

    async fn start(&self, node: NodeId) -> Result<(), HostError> {
        self.called(format!("start {node}"))
    }

    async fn stop(&self, node: NodeId) -> Result<(), HostError> {
        self.called(format!("stop {node}"))
    }

    fn kill(&self, node: NodeId) -> Result<(), HostError> {
        self.called(format!("kill {node}"))
    }

    async fn mine(&self, node: NodeId) -> Result<(), HostError> {
        self.called(format!("mine {node}"))
    }

    fn set_hash_rate(&self, node: NodeId, khs: f64) -> Result<(), HostError> {
        self.called(format!("hashrate {node} {khs}"))
    }

    async fn connect(&self, a: NodeId, b: NodeId) -> Result<(), HostError> {
        self.called(format!("connect {a} {b}"))
    }

    fn link(&self, a: NodeId, b: NodeId, settings: LinkSettings) -> Result<(), HostError> {
        self.called(format!("link {a} {b} {}", settings.latency_ms))
    }

    fn partition(&self, groups: &[Vec<NodeId>]) -> Result<(), HostError> {
        self.called(format!("partition {}", groups.len()))
    }

    fn heal(&self) {
        self.calls.borrow_mut().push("heal".to_owned());
    }

    fn pause(&self) {
        self.calls.borrow_mut().push("pause".to_owned());
    }

    fn resume(&self) {
        self.calls.borrow_mut().push("resume".to_owned());
    }
}
