//! Opening a node from what its store held, and keeping the store up to date: what is committed, what is read.

use super::engine::Engine;
use super::io::{Entropy, LoadId, Loaded, Output};
use super::persistence::Persistence;
use super::place::Place;
use super::reads::{FilterReader, Reader, Reads};
use super::tip::Journey;
use super::verification::Verification;
use super::walk::replaced;
use super::{LateEvents, Listens, Node};
use crate::chain::{Body, Chainstate, Keeps, LoadError, StoredFilter};
use crate::collections::BTreeMap;
use crate::consensus::{ClassParams, Invitation, Network as ChainNetwork, Preset};
use crate::crypto::sha256;
use crate::interface::{LogLine, NodeConfig, Role, RunState};
use crate::mempool::StoredTransaction;
use crate::mining;
use crate::net::Network;
use crate::primitives::{Block, BlockHash};
use crate::store::{BatchId, Database, Durability, Record, StoreBatch};
use crate::time::Time;
use crate::wallet::{KeySource, Wallet};
use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What became of a wish for a body.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// Here it is.
    Here(Arc<Block>),
    /// It is being read, and will be delivered.
    Later,
    /// This node does not have it.
    Absent,
}

impl Node {
    /// Opens a node from what its store held, empty for a new one. Also one line for each record that was not believed
    /// and is rebuilt or lost.
    pub fn new(
        config: NodeConfig,
        entropy: Entropy,
        loaded: Loaded,
    ) -> Result<(Self, Vec<String>), LoadError> {
        Self::at(Ipv4Addr::LOCALHOST, None, config, entropy, loaded)
    }

    /// As [`Node::new`], for a node that others reach at `host`: in a relay's room the address that its browser was given. An
    /// empty store of the classroom network begins with the chain of `class`, if there is one.
    pub fn at(
        host: Ipv4Addr,
        class: Option<ClassParams>,
        config: NodeConfig,
        entropy: Entropy,
        loaded: Loaded,
    ) -> Result<(Self, Vec<String>), LoadError> {
        let (wallet, mut notes) = Wallet::load(&loaded.wallet, KeySource::new(entropy.wallet));
        let params = config.network.unwrap_or(Preset::Classroom).params();
        let mut node = Self {
            config,
            place: Place::new(host),
            params,
            now: Time::default(),
            opened: None,
            state: RunState::Stopped,
            wallet,
            engine: None,
            unreadable: None,
            network_seed: entropy.node,
            miner: Default::default(),
            reads: Reads::default(),
            walks: VecDeque::new(),
            last_walk: Default::default(),
            bans: Default::default(),
            book: Default::default(),
            import: None,
            mining_key: None,
            deliveries: BTreeMap::new(),
            persistence: Persistence::default(),
            inputs: VecDeque::new(),
            commands: VecDeque::new(),
            outputs: VecDeque::new(),
            verification: Verification::default(),
            late: LateEvents::default(),
            listens: Listens { messages: true, log: true },
            quiet: false,
            has_news: false,
        };
        notes.extend(node.restore_bans(&loaded.peers));
        notes.extend(node.restore_book(&loaded.peers));
        let (waiting, dropped) = StoredTransaction::read_all(&loaded.chain);
        if let Some(chain) = node.open_chain(loaded.chain, class, &mut notes) {
            node.adopt_chain(chain);
            node.remember_waiting(waiting, dropped.is_empty());
            notes.extend(dropped);
        }
        Ok((node, notes))
    }

    /// The stored chain, or, where none is stored, the one that the configured network begins with. Where nobody can
    /// say whose blocks are stored, they stay as they are, and the keys are served without them.
    fn open_chain(
        &mut self,
        records: Vec<Record>,
        class: Option<ClassParams>,
        notes: &mut Vec<String>,
    ) -> Option<Chainstate> {
        match Chainstate::load(records) {
            Ok(loaded) => {
                notes.extend(loaded.repairs);
                Some(loaded.chain)
            }
            Err(LoadError::Empty) => {
                let begins = |preset: Preset| match class.filter(|_| preset == Preset::Classroom) {
                    Some(class) => chain_of(class),
                    None => preset.into(),
                };
                self.config.network.map(begins).map(Chainstate::create)
            }
            Err(error) => {
                notes.push(format!("{error}: its blocks are out of sight"));
                self.unreadable = Some(error.to_string());
                None
            }
        }
    }

    /// Takes a chain for this node's own, in place of any other. Those who follow the chain look at it once it rests.
    pub(super) fn adopt_chain(&mut self, mut chain: Chainstate) {
        self.end_walks();
        for request in self.reads.clear() {
            self.reply(request, Err(replaced()));
        }
        if self.config.role == Role::Spv {
            chain.keep_headers();
        }
        if chain.keeps() == Keeps::Headers {
            self.config.role = Role::Spv;
        }
        self.params = chain.params().clone();
        let local = self.place.own(self.config.id);
        let mut network = Network::new(local, &self.params, chain.keeps(), self.network_seed);
        // The next network must not draw the same secrets.
        self.network_seed = sha256(&self.network_seed);
        for ban in self.take_bans() {
            network.ban(ban, self.now);
        }
        if let Some(book) = self.take_book() {
            network.restore_book(book);
        }
        self.book.stored_up_to(network.book_revision());
        self.leave_network();
        self.engine = Some(Engine::new(chain, network));
        self.forget_batches();
        self.tell_helpers();
        self.unreadable = None;
        self.watch_wallet();
    }

    /// Asks for a body on behalf of a reader.
    pub(super) fn ask_body(&mut self, hash: BlockHash, reader: Reader) -> Answer {
        let Some(engine) = &self.engine else { return Answer::Absent };
        match engine.chain.body(&hash) {
            Body::Memory(block) => Answer::Here(block),
            Body::Absent => Answer::Absent,
            Body::Stored(key) => {
                self.outputs.extend(self.reads.body(key, reader, hash));
                Answer::Later
            }
        }
    }

    /// Hands a block's filter to a reader, now or when it has been read.
    pub(super) fn deliver_filter(&mut self, reader: FilterReader, hash: BlockHash) {
        let Some(engine) = &mut self.engine else { return };
        let filter = match engine.chain.filter(&hash) {
            StoredFilter::Memory(filter) => Some(filter),
            StoredFilter::Absent => None,
            StoredFilter::Stored(key) => {
                return self.outputs.extend(self.reads.body(key, Reader::Filter(reader), hash));
            }
        };
        match reader {
            FilterReader::Peer(peer) => engine.network.serve_filter(peer, hash, filter.as_ref()),
            FilterReader::Command(id) => self.show_filter(id, &hash, filter.as_ref()),
        }
    }

    /// Hands a body to a reader, now or when it has been read.
    pub(super) fn deliver(&mut self, reader: Reader, hash: BlockHash) {
        if let Reader::Filter(reader) = reader {
            return self.deliver_filter(reader, hash);
        }
        let block = match self.ask_body(hash, reader) {
            Answer::Here(block) => Some(block),
            Answer::Absent => None,
            Answer::Later => return,
        };
        match (reader, block) {
            (Reader::Peer(peer), block) => self.serve_block(peer, hash, block),
            (Reader::Walk(walk), block) => self.body_came(walk, hash, block),
            (Reader::Recent, Some(block)) => self.recent_came(&block),
            (Reader::Recent, None) | (Reader::Filter(_), _) => {}
        }
    }

    /// Records have been read: the chain takes them, then whoever waited is served.
    pub(super) fn loaded(&mut self, id: LoadId, values: Vec<Option<Vec<u8>>>) {
        let Some(keys) = self.reads.done(id) else {
            self.late.loads += 1;
            return;
        };
        let Some(engine) = &mut self.engine else { return };
        for (key, value) in keys.iter().zip(values) {
            engine.chain.supply_record(key, value.as_deref());
        }
        let has_read = engine.journey == Journey::Reading && self.reads.is_idle();
        // A body of the active chain may have turned out damaged: then the coins are built anew.
        let rests = matches!(engine.journey, Journey::Arrived | Journey::Verifying);
        let must_go_on = rests && engine.chain.needs_activation();
        if has_read || must_go_on {
            engine.journey = Journey::Underway;
        }
        for key in keys {
            for (reader, hash) in self.reads.take_readers(&key) {
                self.deliver(reader, hash);
            }
        }
    }

    /// Which databases have changes that no batch has taken yet.
    pub(super) fn dirty(&self) -> [bool; 3] {
        Database::ALL.map(|database| match (database, &self.engine) {
            (Database::Chain, Some(engine)) => engine.chain.has_changes(),
            (Database::Peers, _) => self.bans.is_dirty() || self.book_is_due(),
            (Database::Wallet, _) => self.wallet.is_dirty(),
            (Database::Chain, None) => false,
        })
    }

    /// Sends what may be sent to the store, and answers what need not wait any longer.
    pub(super) fn work_store(&mut self) {
        for database in Database::ALL {
            let may_wait = database == Database::Chain && self.headers_may_wait();
            if !may_wait && self.persistence.is_ready(database, self.now.mono) {
                self.send_batch(database);
            }
        }
        let released = self.persistence.release();
        self.reply_all(released);
    }

    /// Whether headers are all that the chain's next batch would hold, and blocks are on their way: one batch takes both,
    /// unless somebody waits for it. What a light node makes of a block is in its headers, so they do not wait.
    pub(super) fn headers_may_wait(&self) -> bool {
        let Some(engine) = &self.engine else { return false };
        engine.chain.keeps() == Keeps::Blocks
            && engine.network.awaits_blocks()
            && !engine.chain.has_changes_beside_headers()
            && !engine.has_waiting_changes()
            && self.persistence.failure().is_none()
            && !self.persistence.is_awaited()
            && self.mining_key.is_none_or(|ticket| self.persistence.is_stored(&ticket))
    }

    fn send_batch(&mut self, database: Database) {
        let id = self.persistence.next_id();
        let batch = match (database, &mut self.engine) {
            (Database::Wallet, _) => self.wallet.take_batch(id),
            (Database::Chain, Some(engine)) => engine.take_batch(id),
            (Database::Peers, Some(engine)) => {
                let mut ops = self.bans.take_ops(engine.network.bans(), self.now.unix);
                ops.extend(self.book.take_ops(&engine.network, self.now.mono));
                let durability = Durability::Relaxed;
                (!ops.is_empty()).then_some(StoreBatch { id, database, durability, ops })
            }
            (Database::Chain | Database::Peers, None) => None,
        };
        match batch {
            Some(batch) => {
                self.persistence.sent(database, id);
                self.outputs.push_back(Output::Commit(batch));
            }
            None => self.persistence.nothing_to_send(database, self.now.mono),
        }
    }

    /// A batch is in the store.
    pub(super) fn batch_committed(&mut self, id: BatchId) {
        let had_failed = self.persistence.failure().is_some();
        match (self.persistence.committed(id), &mut self.engine) {
            (Some(Database::Wallet), _) => self.wallet.committed(id),
            (Some(Database::Chain), Some(engine)) => engine.chain.committed(id),
            (Some(_), _) => {}
            (None, _) => self.late.batches += 1,
        }
        if had_failed && self.persistence.failure().is_none() {
            self.log(LogLine::Note("storage takes writes again".to_owned()));
        }
    }

    /// A batch is not in the store: what it held stays pending, and is tried again.
    pub(super) fn batch_failed(&mut self, id: BatchId, reason: &str) {
        let Some((database, failed)) = self.persistence.failed(id, reason, self.now.mono) else {
            self.late.batches += 1;
            return;
        };
        match (database, &mut self.engine) {
            (Database::Wallet, _) => {
                self.wallet.failed(id);
                self.mining_key = None;
            }
            (Database::Chain, Some(engine)) => {
                engine.chain.failed(id);
                engine.mempool.rewrite();
            }
            (Database::Peers, _) => {
                self.bans.changed();
                self.book.lost();
            }
            (Database::Chain, None) => {}
        }
        self.log(LogLine::Note(format!("storage refuses writes: {reason}")));
        self.reply_all(failed);
    }
}

/// The chain of a class, whose first block every node of it finds alike.
fn chain_of(class: ClassParams) -> ChainNetwork {
    let (consensus, mut genesis) = (class.consensus(), class.unsolved_genesis());
    let target = consensus.pow_limit_target();
    loop {
        if let Some(nonce) = mining::search(&genesis.header, &target, 0, 1 << 32) {
            genesis.header.nonce = nonce;
            return Invitation { genesis, consensus }.into();
        }
        genesis.header.time = genesis.header.time.wrapping_add(1);
    }
}
