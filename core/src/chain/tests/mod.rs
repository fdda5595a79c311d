//! The chainstate against rules, branches, crashes and random trees; `Lab` makes the blocks.

mod accelerator;
mod branches;
mod filters;
mod headers;
mod helpers;
mod limits;
mod random;
mod repair;
mod rules;
mod storage;

use std::sync::Arc;

use super::{ActivateStep, BlockOutcome, Body, Chainstate, Effects, RecordKey, ScriptCache};
use crate::consensus::{
    BlockError, ConsensusParams, Invitation, Network, bip34, block_subsidy, genesis, merkle, pow, witness,
};
use crate::primitives::{
    Amount, Block, BlockHash, CompactTarget, Header, Height, OutPoint, Script, Target, Transaction, TxIn,
    TxOut,
};
use crate::store::{BatchId, Database, MemoryStore, StoreBatch};
use crate::time::UnixTime;

/// When the labs' genesis blocks were made.
const GENESIS_TIME: u32 = 1_700_000_000;

/// The clock of all labs: late enough for every block that they date.
const NOW: UnixTime = UnixTime(GENESIS_TIME + 50_000_000);

/// Rules under which a block takes a few hashes and a coinbase is spendable in the next block.
fn easy_rules() -> ConsensusParams {
    ConsensusParams {
        pow_limit: CompactTarget(0x207f_ffff),
        spendable_genesis: true,
        retarget: None,
        ..ConsensusParams::CLASSROOM
    }
}

/// A script that anyone satisfies.
fn anyone() -> Script {
    Script::from_bytes(vec![0x51])
}

/// The network of `consensus`, with a genesis block that pays anyone.
fn network(consensus: ConsensusParams) -> Network {
    let mut genesis = genesis::unsolved(&consensus, anyone(), UnixTime(GENESIS_TIME));
    solve(&mut genesis);
    Network::from(Invitation { genesis, consensus })
}

/// Finds a nonce, and first the merkle root.
fn solve(block: &mut Block) {
    block.header.merkle_root = merkle::block_root(&block.transactions).0;
    solve_header(&mut block.header);
}

fn solve_header(header: &mut Header) {
    let target = Target::from_compact(header.bits).expect("a target");
    while !target.is_met_by(&header.block_hash()) {
        header.nonce += 1;
    }
}

/// A transaction that spends outputs which anyone may, and pays anyone.
fn spend(outpoints: &[OutPoint], values: &[i64]) -> Transaction {
    Transaction {
        version: 2,
        inputs: outpoints.iter().map(|outpoint| TxIn::spending(*outpoint)).collect(),
        outputs: values.iter().map(|value| pay(*value)).collect(),
        lock_time: 0,
    }
}

fn pay(value: i64) -> TxOut {
    TxOut { value: Amount::from_sat(value), script_pubkey: anyone() }
}

/// The first output of a block's coinbase.
fn reward(block: &Block) -> OutPoint {
    OutPoint::new(block.transactions[0].txid(), 0)
}

/// A chain with a store, and what it takes to make blocks for it.
struct Lab {
    chain: Chainstate,
    store: MemoryStore,
    verified: ScriptCache,
    batches: Vec<StoreBatch>,
    helpers: helpers::Crew,
    /// Makes each coinbase unlike all others.
    salt: u32,
}

impl Lab {
    fn new() -> Self {
        Self::with_rules(easy_rules())
    }

    fn with_rules(consensus: ConsensusParams) -> Self {
        Self::on(Chainstate::create(network(consensus)), MemoryStore::new())
    }

    fn on(chain: Chainstate, store: MemoryStore) -> Self {
        Self {
            chain,
            store,
            verified: ScriptCache::default(),
            batches: Vec::new(),
            helpers: helpers::Crew::default(),
            salt: 0,
        }
    }

    fn consensus(&self) -> ConsensusParams {
        self.chain.params().consensus
    }

    /// An unsolved block on `parent`, a header of which is known, dated a second after it.
    fn template(&mut self, parent: BlockHash, transactions: Vec<Transaction>, reward: i64) -> Block {
        let parent = self.chain.entry(&parent).expect("the parent is known");
        let (height, time) = (parent.height.next(), parent.header.time + 1);
        let bits = pow::next_work_required(&parent.difficulty, UnixTime(time), &self.consensus());
        let prev_blockhash = parent.hash;
        self.salt += 1;
        let script_sig = bip34::height_script(height).push_data(&self.salt.to_le_bytes());
        let coinbase = Transaction {
            version: 1,
            inputs: vec![TxIn { script_sig, ..TxIn::spending(OutPoint::NULL) }],
            outputs: vec![pay(reward)],
            lock_time: 0,
        };
        let transactions = std::iter::once(coinbase).chain(transactions).collect();
        let merkle_root = Default::default();
        let header = Header { version: 4, prev_blockhash, merkle_root, time, bits, nonce: 0 };
        Block { header, transactions }
    }

    /// A solved block on `parent` that takes the subsidy and no fees.
    fn block_on(&mut self, parent: BlockHash, transactions: Vec<Transaction>) -> Arc<Block> {
        let height = self.chain.entry(&parent).expect("the parent is known").height.next();
        let subsidy = block_subsidy(height, &self.consensus()).to_sat();
        let mut block = self.template(parent, transactions, subsidy);
        solve(&mut block);
        Arc::new(block)
    }

    /// Takes a block in and lets the chain settle; the error with which it was refused, then or later.
    fn add(&mut self, block: &Arc<Block>) -> Result<Effects, BlockError> {
        self.chain.accept_block(Arc::clone(block), NOW)?;
        let effects = self.settle();
        let hash = block.block_hash();
        match effects.failed.iter().find(|(failed, _)| *failed == hash) {
            Some((_, error)) => Err(error.clone()),
            None => Ok(effects),
        }
    }

    /// A block on the tip, added.
    fn mine(&mut self, transactions: Vec<Transaction>) -> Arc<Block> {
        let block = self.block_on(self.chain.tip(), transactions);
        let effects = self.add(&block);
        assert!(effects.is_ok(), "the block is refused: {effects:?}");
        assert_eq!(self.chain.tip(), block.block_hash());
        block
    }

    /// A branch of `count` blocks on `parent`, whose headers and bodies are given to the chain without activation.
    fn branch(&mut self, parent: BlockHash, count: usize) -> Vec<Arc<Block>> {
        let mut tip = parent;
        let mut blocks = Vec::new();
        for _ in 0..count {
            let block = self.block_on(tip, vec![]);
            assert_eq!(self.chain.accept_block(Arc::clone(&block), NOW), Ok(BlockOutcome::New));
            tip = block.block_hash();
            blocks.push(block);
        }
        blocks
    }

    /// Activates until it is done, with records from the store.
    fn settle(&mut self) -> Effects {
        loop {
            match self.chain.activate(&self.verified).expect("the chain fits into memory") {
                ActivateStep::Done => return self.chain.take_effects(),
                ActivateStep::More(_) => {}
                ActivateStep::Verify(batches) => self.helpers.hear(batches, &mut self.chain),
                ActivateStep::NeedRecords(keys) => {
                    for key in keys {
                        self.supply(&key);
                    }
                }
            }
        }
    }

    /// Gives the chain a record of the store.
    fn supply(&mut self, key: &RecordKey) {
        let values = self.store.lookup(Database::Chain, key.table, std::slice::from_ref(&key.key));
        let values = values.expect("a table of the chain");
        self.chain.supply_record(key, values[0].as_deref());
    }

    /// Blocks of the best header's chain whose bodies are not here, lowest first.
    fn missing_bodies(&self) -> Vec<BlockHash> {
        let entries = self.chain.header_chain.iter().map(|id| self.chain.index.get(*id));
        entries.filter(|entry| !entry.has_body()).map(|entry| entry.hash).collect()
    }

    /// Writes what is pending.
    fn commit(&mut self) {
        let id = BatchId(self.batches.len() as u64);
        if let Some(batch) = self.chain.take_batch(id) {
            self.store.apply(&batch).expect("the store takes it");
            self.chain.committed(id);
            self.batches.push(batch);
        }
    }

    /// The node dies and opens again from its store.
    fn reopen(self) -> (Self, Vec<String>) {
        let loaded = Chainstate::load(self.store.records(Database::Chain)).expect("the store holds a chain");
        let mut lab = Self::on(loaded.chain, self.store);
        lab.salt = self.salt;
        let effects = lab.settle();
        assert!(effects.connected.is_empty() || loaded.repairs.is_empty(), "nobody saw an older tip");
        let repairs = [loaded.repairs, effects.repairs].concat();
        (lab, repairs)
    }

    /// A block's body, from memory or from the store.
    fn body(&mut self, hash: &BlockHash) -> Option<Arc<Block>> {
        match self.chain.body(hash) {
            Body::Memory(block) => Some(block),
            Body::Absent => None,
            Body::Stored(key) => {
                self.supply(&key);
                match self.chain.body(hash) {
                    Body::Memory(block) => Some(block),
                    _ => None,
                }
            }
        }
    }

    fn assert_consistent(&self) {
        assert!(
            self.chain.supply_is_right(),
            "supply {:?} at height {} with coins of {}",
            self.chain.supply(),
            self.chain.height(),
            self.chain.total_coins()
        );
    }

    fn height(&self) -> u32 {
        self.chain.height().0
    }
}

/// All coins of a chain, to compare.
fn coins_of(chain: &Chainstate) -> Vec<(OutPoint, super::Coin)> {
    chain.coins().iter().map(|(outpoint, coin)| (*outpoint, coin.clone())).collect()
}
