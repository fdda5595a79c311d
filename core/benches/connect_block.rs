//! How fast blocks are taken in and connected natively: what initial block download is made of, network and store
//! apart.

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use terrarium_core::chain::{ActivateStep, Chainstate, ScriptCache};
use terrarium_core::consensus::{
    ConsensusParams, Invitation, Network, bip34, block_subsidy, genesis, merkle,
};
use terrarium_core::crypto::PrivateKey;
use terrarium_core::primitives::{
    Amount, Block, CompactTarget, Header, MerkleRoot, OutPoint, Script, Target, Transaction, TxIn, TxOut,
};
use terrarium_core::script::sign::p2pkh_script_sig;
use terrarium_core::script::standard::p2pkh;
use terrarium_core::store::BatchId;
use terrarium_core::time::UnixTime;

/// Coinbase-only blocks of one round.
const BLOCKS: usize = 1_000;

/// Payments in the block that spends.
const SPENDS: u32 = 150;

/// Later than every block here.
const NOW: UnixTime = UnixTime(1_800_000_000);

fn key() -> PrivateKey {
    PrivateKey::from_bytes(&[7; 32], true).expect("in range")
}

fn script() -> Script {
    p2pkh(key().public_key().pubkey_hash())
}

/// A network at regtest's difficulty, whose coinbases can be spent in the next block.
fn new_chain() -> Chainstate {
    let consensus = ConsensusParams { pow_limit: CompactTarget(0x207f_ffff), ..ConsensusParams::CLASSROOM };
    let consensus = ConsensusParams { retarget: None, ..consensus };
    let mut genesis = genesis::unsolved(&consensus, script(), UnixTime(1_700_000_000));
    solve(&mut genesis);
    Chainstate::create(Network::from(Invitation { genesis, consensus }))
}

fn solve(block: &mut Block) {
    block.header.merkle_root = merkle::block_root(&block.transactions).0;
    let target = Target::from_compact(block.header.bits).expect("a target");
    while !target.is_met_by(&block.block_hash()) {
        block.header.nonce += 1;
    }
}

/// A block on the tip with `payments`, its coinbase paying `outputs` equal parts.
fn block_on_tip(chain: &Chainstate, payments: Vec<Transaction>, outputs: u32) -> Block {
    let tip = chain.tip_entry();
    let height = tip.height.next();
    let time = tip.header.time + 1;
    let part = block_subsidy(height, &chain.params().consensus).to_sat() / i64::from(outputs);
    let script_sig = bip34::height_script(height).push_data(b"bench");
    let coinbase = Transaction {
        version: 1,
        inputs: vec![TxIn { script_sig, ..TxIn::spending(OutPoint::NULL) }],
        outputs: (0..outputs)
            .map(|_| TxOut { value: Amount::from_sat(part), script_pubkey: script() })
            .collect(),
        lock_time: 0,
    };
    let header = Header {
        version: 4,
        prev_blockhash: tip.hash,
        merkle_root: MerkleRoot::ZERO,
        time,
        bits: chain.next_work_required(UnixTime(time)),
        nonce: 0,
    };
    let mut block = Block { header, transactions: std::iter::once(coinbase).chain(payments).collect() };
    solve(&mut block);
    block
}

fn add(chain: &mut Chainstate, block: Arc<Block>) {
    chain.accept_block(block, NOW).expect("a valid block");
    while chain.activate(&ScriptCache::default()).expect("room") != ActivateStep::Done {}
    assert!(chain.take_effects().failed.is_empty());
}

fn coinbase_only(c: &mut Criterion) {
    let mut chain = new_chain();
    let start = chain.clone();
    let blocks: Vec<Arc<Block>> = (0..BLOCKS)
        .map(|_| {
            let block = Arc::new(block_on_tip(&chain, vec![], 1));
            add(&mut chain, Arc::clone(&block));
            block
        })
        .collect();
    let mut group = c.benchmark_group("connect_block");
    group.sample_size(10);
    group.throughput(Throughput::Elements(BLOCKS as u64));
    group.bench_function("1000 coinbase-only blocks, with their batch", |b| {
        b.iter_batched_ref(
            || start.clone(),
            |chain| {
                for block in &blocks {
                    add(chain, Arc::clone(block));
                }
                chain.take_batch(BatchId(0))
            },
            BatchSize::LargeInput,
        );
    });
}

fn payments(c: &mut Criterion) {
    let mut chain = new_chain();
    let funding = Arc::new(block_on_tip(&chain, vec![], SPENDS));
    let funds = funding.transactions[0].clone();
    add(&mut chain, funding);
    let spends = (0..SPENDS).map(|vout| {
        let input = TxIn::spending(OutPoint::new(funds.txid(), vout));
        let output = TxOut { value: funds.outputs[vout as usize].value, script_pubkey: script() };
        let mut tx = Transaction { version: 2, inputs: vec![input], outputs: vec![output], lock_time: 0 };
        tx.inputs[0].script_sig = p2pkh_script_sig(&tx, 0, &script(), &key());
        tx
    });
    let block = Arc::new(block_on_tip(&chain, spends.collect(), 1));
    let mut group = c.benchmark_group("connect_block");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(SPENDS)));
    group.bench_function("150 one-input P2PKH spends, scripts and all", |b| {
        b.iter_batched_ref(|| chain.clone(), |chain| add(chain, Arc::clone(&block)), BatchSize::LargeInput);
    });
}

criterion_group!(benches, coinbase_only, payments);
criterion_main!(benches);
