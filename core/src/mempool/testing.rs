//! A small network for the tests of mempool, miner and wallet: a real chain at the easiest target, a pool, one key.

use super::{AcceptedTx, Mempool, MempoolError, TipChange};
use crate::chain::{ActivateStep, Body, Chainstate, CoinLookup as _, Effects};
use crate::consensus::{ConsensusParams, Invitation, Network, NetworkParams, Preset, genesis};
use crate::crypto::{Address, PrivateKey};
use crate::mining::{BlockAssembler, search};
use crate::primitives::{Amount, Block, CompactTarget, Height, OutPoint, Script, Transaction, TxIn, TxOut};
use crate::script::sign::p2pkh_script_sig;
use crate::time::UnixTime;
use std::sync::Arc;

/// Chain, pool and the key that everything pays unless said otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Lab {
    pub(crate) chain: Chainstate,
    pub(crate) pool: Mempool,
    pub(crate) key: PrivateKey,
    pub(crate) now: UnixTime,
    pub(crate) extra_nonce: u64,
}

impl Lab {
    /// The classroom's rules at the easiest target, with a genesis block that can be spent.
    pub(crate) fn classroom() -> Self {
        Self::with_subsidy(Amount::from_coins(50))
    }

    /// As [`Lab::classroom`], with another subsidy.
    pub(crate) fn with_subsidy(subsidy: Amount) -> Self {
        let pow_limit = CompactTarget(0x207f_ffff);
        let consensus = ConsensusParams { pow_limit, ..ConsensusParams::scene(subsidy) };
        let time = UnixTime(1_700_000_000);
        let mut genesis = genesis::unsolved(&consensus, script_of(&lab_key()), time);
        let nonce = search(&genesis.header, &consensus.pow_limit_target(), 0, 1 << 32);
        genesis.header.nonce = nonce.expect("the easiest target");
        Self::on(Network::Custom(Box::new(Invitation { genesis, consensus })), time)
    }

    /// Bitcoin's regtest: fees, dust and maturity as Core has them.
    pub(crate) fn regtest() -> Self {
        let time = UnixTime(Preset::Regtest.genesis().header.time);
        Self::on(Network::Preset(Preset::Regtest), time)
    }

    fn on(network: Network, now: UnixTime) -> Self {
        let chain = Chainstate::create(network);
        let pool = Mempool::new(chain.params().policy);
        Self { chain, pool, key: lab_key(), now, extra_nonce: 0 }
    }

    pub(crate) fn params(&self) -> &NetworkParams {
        self.chain.params()
    }

    pub(crate) fn script(&self) -> Script {
        script_of(&self.key)
    }

    /// Mines a block of what waits, to the key.
    pub(crate) fn mine(&mut self) -> Arc<Block> {
        let script = self.script();
        self.mine_to(&script)
    }

    pub(crate) fn mine_to(&mut self, payout: &Script) -> Arc<Block> {
        self.now = UnixTime(self.now.0 + 5);
        self.extra_nonce += 1;
        let assembler = BlockAssembler::new(&self.chain, &self.pool);
        let block = Arc::new(assembler.assemble(payout, self.now, self.extra_nonce).mine());
        let (_, effects) = self.receive(&block);
        assert!(effects.failed.is_empty(), "{:?}", effects.failed);
        assert_eq!(self.chain.tip(), block.block_hash());
        block
    }

    pub(crate) fn mine_blocks(&mut self, count: usize) {
        for _ in 0..count {
            self.mine();
        }
    }

    /// Takes a block in as a node does.
    pub(crate) fn receive(&mut self, block: &Arc<Block>) -> (TipChange, Effects) {
        self.now = self.now.max(UnixTime(block.header.time));
        self.chain.accept_block(Arc::clone(block), self.now).expect("a block that may join the tree");
        while self.chain.activate(self.pool.script_cache()).expect("room") != ActivateStep::Done {}
        let effects = self.chain.take_effects();
        (self.pool.follow(&effects, &self.chain, self.now), effects)
    }

    /// A block of the active chain.
    pub(crate) fn block(&self, height: u32) -> Arc<Block> {
        let hash = self.chain.active_hash(Height(height)).expect("a height of the chain");
        match self.chain.body(&hash) {
            Body::Memory(block) => block,
            other => panic!("nothing is ever written here: {other:?}"),
        }
    }

    /// The output at `outpoint`, of the chain or of the pool.
    pub(crate) fn output(&self, outpoint: &OutPoint) -> TxOut {
        let view = super::CoinsViewMempool::new(&self.pool, &self.chain);
        view.coin(outpoint).expect("a coin").output
    }

    /// The key's coins of the chain that nothing in the pool spends and that the next block could spend.
    pub(crate) fn coins(&self) -> Vec<OutPoint> {
        let (script, next) = (self.script(), self.chain.height().next());
        let maturity = self.params().consensus.coinbase_maturity;
        let coins = self.chain.coins().iter();
        coins
            .filter(|(_, coin)| coin.output.script_pubkey == script)
            .filter(|(_, coin)| !coin.coinbase || next.0 - coin.height.0 >= maturity)
            .filter(|(outpoint, _)| self.pool.spender(outpoint).is_none())
            .map(|(outpoint, _)| *outpoint)
            .collect()
    }

    /// Spends outputs into `outputs` equal parts to the key, less `fee`.
    pub(crate) fn split(&self, spent: &[OutPoint], outputs: i64, fee: i64) -> Arc<Transaction> {
        let sum: i64 = spent.iter().map(|outpoint| self.output(outpoint).value.to_sat()).sum();
        let value = Amount::from_sat((sum - fee) / outputs);
        let rest = Amount::from_sat(sum - fee - value.to_sat() * (outputs - 1));
        let script_pubkey = self.script();
        let output = |value| TxOut { value, script_pubkey: script_pubkey.clone() };
        let mut made = vec![output(value); outputs as usize - 1];
        made.push(output(rest));
        Arc::new(self.sign(spent, made))
    }

    /// Spends one output into one, less `fee`.
    pub(crate) fn spend(&self, outpoint: OutPoint, fee: i64) -> Arc<Transaction> {
        self.split(&[outpoint], 1, fee)
    }

    /// A transaction with these inputs and outputs, every input signed with the key.
    pub(crate) fn sign(&self, spent: &[OutPoint], outputs: Vec<TxOut>) -> Transaction {
        let inputs = spent.iter().map(|outpoint| TxIn::spending(*outpoint)).collect();
        self.sign_all(Transaction { version: 2, inputs, outputs, lock_time: 0 })
    }

    pub(crate) fn sign_all(&self, mut tx: Transaction) -> Transaction {
        for index in 0..tx.inputs.len() {
            tx.inputs[index].script_sig = p2pkh_script_sig(&tx, index, &self.script(), &self.key);
        }
        tx
    }

    pub(crate) fn accept(&mut self, tx: &Arc<Transaction>) -> Result<AcceptedTx, MempoolError> {
        self.pool.accept(Arc::clone(tx), &self.chain, self.now)
    }
}

fn lab_key() -> PrivateKey {
    PrivateKey::from_bytes(&[0x42; 32], true).expect("in range")
}

fn script_of(key: &PrivateKey) -> Script {
    Address::P2pkh(key.public_key().pubkey_hash()).script_pubkey()
}
