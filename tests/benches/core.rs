//! Criterion's native benches of core: `cargo bench -p terrarium-tests`.

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use terrarium_core::{
    chain::{ActivateStep, Chainstate, ScriptCache},
    consensus::{Network, Preset, merkle},
    crypto::PrivateKey,
    encode::{deserialize, serialize},
    primitives::Block,
    time::UnixTime,
};
use terrarium_tests::fixture::Chain;

/// Spends in the measured block.
const SPENDS: u32 = 150;

fn full_block() -> Block {
    let chain = Chain::spending(1, SPENDS);
    chain.blocks()[chain.height()].clone()
}

fn encode(criterion: &mut Criterion) {
    let block = full_block();
    let bytes = serialize(&block);
    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("a block of 150 spends", |bencher| bencher.iter(|| serialize(black_box(&block))));
    group.bench_function("the same, decoded", |bencher| {
        bencher.iter(|| deserialize::<Block>(black_box(&bytes)).expect("what was encoded"));
    });
    group.finish();
}

fn merkle_root(criterion: &mut Criterion) {
    let block = full_block();
    let mut group = criterion.benchmark_group("merkle");
    group.throughput(Throughput::Elements(block.transactions.len() as u64));
    group.bench_function("root of 151 transactions", |bencher| {
        bencher.iter(|| merkle::block_root(black_box(&block.transactions)));
    });
    group.finish();
}

fn verify(criterion: &mut Criterion) {
    let key = PrivateKey::from_bytes(&[7; 32], true).expect("a valid key");
    let (public_key, digest) = (key.public_key(), [9; 32]);
    let signature = key.sign(&digest);
    criterion.bench_function("verify one signature", |bencher| {
        bencher.iter(|| black_box(&public_key).verify(black_box(&digest), &signature));
    });
}

/// A whole chain, header by header and block by block, up to its tip.
fn connect(blocks: &[Arc<Block>]) -> Chainstate {
    let mut chain = Chainstate::create(Network::from(Preset::Regtest));
    let verified = ScriptCache::default();
    for block in blocks {
        let now = UnixTime(block.header.time);
        chain.accept_block(Arc::clone(block), now).expect("a valid block");
        while chain.activate(&verified).expect("room") != ActivateStep::Done {}
    }
    assert_eq!(chain.height().0 as usize, blocks.len());
    chain
}

fn connect_block(criterion: &mut Criterion) {
    let shared = |chain: &Chain| chain.blocks()[1..].iter().cloned().map(Arc::new).collect::<Vec<_>>();
    let (empty, full) = (shared(&Chain::coinbase_only(1_000)), shared(&Chain::spending(10, SPENDS)));
    let mut group = criterion.benchmark_group("connect_block");
    group.sample_size(10);
    group.throughput(Throughput::Elements(empty.len() as u64));
    group.bench_function("coinbase-only blocks", |bencher| bencher.iter(|| connect(&empty)));
    group.throughput(Throughput::Elements(u64::from(10 * SPENDS)));
    group.bench_function("10 blocks of 150 spends, counted in inputs", |bencher| {
        bencher.iter(|| connect(&full))
    });
    group.finish();
}

criterion_group!(benches, encode, merkle_root, verify, connect_block);
criterion_main!(benches);
