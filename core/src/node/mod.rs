//! The node: the only door to core. A pure state machine: the host tells it what happened ([`Input`]) and what time
//! it is, lets it work, and does what it asks ([`Output`]).
//!
//! ```text
//! node.handle(input)                 takes an input in; cheap
//! while node.step(now, budget) {}    works: inputs, peers in turn, blocks, commands, mining, the store
//! while let Some(output) = node.poll() { ... }
//! set_timer(node.next_wakeup())
//! ```
//!
//! One concern a file: `commands` answers, `relay` judges what peers send, `tip` follows the chain to its new tip,
//! `walk` and `reads` read blocks on demand, `miner` and `mining` make blocks, `tasks` counts long work and gives it up,
//! `verification` has helpers check scripts, `persistence` keeps the order of writes and replies, `waiting` brings what
//! waits over a restart, `place` what ids mean in a relay's room, `bans` and `book` what is known of other nodes, `light` is what a node that keeps headers alone
//! does differently, `rpc`, `details` and `snapshot` show, `journal` is how all that goes in and comes out is written
//! down. Late inputs, for a peer, job, batch, read or check that is gone, are ignored and counted.

#[cfg(any(test, feature = "contract"))]
mod audit;
mod bans;
mod book;
mod commands;
mod details;
mod engine;
mod inputs;
mod io;
pub mod journal;
mod light;
mod miner;
mod mining;
mod persistence;
mod place;
mod reads;
mod relay;
mod rpc;
mod snapshot;
mod store;
mod tasks;
mod tip;
#[cfg(any(test, feature = "contract"))]
pub mod trace;
mod verification;
mod waiting;
mod walk;

#[cfg(any(test, feature = "contract"))]
pub use crate::bound::Bound;
pub use crate::cost::Cost;
#[cfg(any(test, feature = "contract"))]
pub use audit::Flaw;
pub use inputs::LateEvents;
pub use io::{Entropy, Input, JobId, LoadId, Loaded, MiningJob, Output, VerifyId};
pub use place::LinkPath;

use crate::collections::BTreeMap;
use crate::consensus::NetworkParams;
use crate::interface::{Command, Event, LogLine, NodeConfig, RequestId, RunState};
use crate::primitives::Txid;
use crate::time::{Mono, Time};
use crate::wallet::Wallet;
use bans::Bans;
use book::StoredBook;
use commands::Import;
use engine::Engine;
use miner::Miner;
use persistence::{Persistence, Ticket};
use place::Place;
use reads::Reads;
use std::collections::VecDeque;
use verification::Verification;
use walk::{Walk, WalkId};

/// Which events somebody listens for.
#[derive(Clone, Copy, Debug)]
struct Listens {
    messages: bool,
    log: bool,
}

/// One node.
pub struct Node {
    config: NodeConfig,
    place: Place,
    /// The chain's, or, before there is one, those that the wallet writes its addresses for.
    params: NetworkParams,
    /// When it was last let work.
    now: Time,
    /// When it was let work for the first time.
    opened: Option<Mono>,
    state: RunState,
    wallet: Wallet,
    /// What exists only with a chain.
    engine: Option<Engine>,
    /// Why the stored chain could not be opened: it stays in the store until another takes its place.
    unreadable: Option<String>,
    /// What a new chain's network draws its nonces from.
    network_seed: [u8; 32],
    miner: Miner,
    reads: Reads,
    /// Commands on their way through blocks; at most as many as there are open commands.
    walks: VecDeque<Walk>,
    last_walk: WalkId,
    /// The chain file that is being validated; commands wait until it is.
    import: Option<Import>,
    /// Payments on their way to the network's first node; at most as many as there are open commands.
    deliveries: BTreeMap<Txid, RequestId>,
    persistence: Persistence,
    /// Nothing is mined to a new key before it is safe.
    mining_key: Option<Ticket>,
    bans: Bans,
    book: StoredBook,
    /// What the host told and has not been looked at; emptied by every step.
    inputs: VecDeque<Input>,
    /// Commands that wait until the chain is settled; bounded by the host, which waits for answers.
    commands: VecDeque<(RequestId, Command)>,
    /// What the host has not taken; emptied by it after every step.
    outputs: VecDeque<Output>,
    verification: Verification,
    late: LateEvents,
    listens: Listens,
    /// See [`Node::keep_quiet`].
    quiet: bool,
    /// Something happened in this step that peers may have to be asked or told of in another.
    has_news: bool,
}

impl Node {
    /// From when it next joins the network this node sends no pings, takes nobody to be gone for being silent, and
    /// exchanges no addresses. For hosts that know who is up and name everyone's peers, as a simulation of thousands does.
    pub fn keep_quiet(&mut self) {
        self.quiet = true;
    }

    /// Takes an input in; it takes effect in the next step. Whether that is needed for it.
    pub fn handle(&mut self, input: Input) -> bool {
        match input {
            Input::PeerDrained { peer, queued } => self.drained(peer, queued),
            input => {
                self.inputs.push_back(input);
                true
            }
        }
    }

    /// Works: peers and chain for about `budget` each; true while there is more to do at once.
    pub fn step(&mut self, now: Time, budget: Cost) -> bool {
        self.now = now;
        self.opened.get_or_insert(now.mono);
        self.work_inputs();
        let mut busy = self.work_peers(budget);
        busy |= self.work_chain(budget);
        self.recall_batches();
        self.return_waiting();
        self.work_commands();
        busy |= self.work_import(budget);
        busy |= self.work_walks();
        self.work_expiry();
        self.work_rebroadcast();
        self.work_network();
        self.work_mining();
        self.note_book();
        self.work_store();
        busy | std::mem::take(&mut self.has_news)
    }

    /// The next thing that the host is to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When the node wants to be let work again though nothing happens; none if never.
    pub fn next_wakeup(&self) -> Option<Mono> {
        // While the chain changes branch peers wait, and what ends that is no timer.
        let settled = self.engine.as_ref().filter(|engine| engine.is_settled());
        let network = settled.and_then(|engine| engine.network.next_wakeup());
        let waiting = self.engine.as_ref().filter(|engine| !engine.mempool.is_empty());
        let expiry = waiting.map(|engine| engine.next_expiry);
        [
            network,
            expiry,
            self.next_mining_wakeup(),
            self.persistence.next_wakeup(),
            self.book.next_wakeup(self.now.mono),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether the node is on the network: while it is, the host lets connections in and announces it.
    pub fn state(&self) -> RunState {
        self.state
    }

    /// Whether nothing waits to be stored or answered: the host may end the node and lose nothing, but perhaps headers of
    /// blocks that were on their way.
    pub fn is_settled(&self) -> bool {
        let has_work = !self.commands.is_empty() || !self.walks.is_empty() || self.import.is_some();
        let waiting = self.engine.as_ref().is_some_and(Engine::has_waiting_changes);
        let [chain, wallet, peers] = self.dirty();
        let is_stored = (!chain || self.headers_may_wait()) && !wallet && !peers;
        self.persistence.is_idle() && is_stored && !waiting && !has_work
    }

    /// Whether the coins at the tip sum to what coinbases made, less fees, less what cannot be spent: true at every
    /// tip, or there is a fault in this program. Looks at every coin.
    pub fn supply_is_right(&self) -> bool {
        self.engine.as_ref().is_none_or(|engine| engine.chain.supply_is_right())
    }

    /// Inputs that came too late to mean anything.
    pub fn late_events(&self) -> LateEvents {
        self.late
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn log(&mut self, line: LogLine) {
        if self.listens.log {
            self.event(Event::Log(line));
        }
    }
}
