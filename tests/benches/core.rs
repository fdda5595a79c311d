//! Criterion's native benches of core: `cargo bench -p terrarium-tests`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use terrarium_core::{
    consensus::merkle,
    crypto::PrivateKey,
    encode::{deserialize, serialize},
    primitives::Block,
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

criterion_group!(benches, encode, merkle_root, verify);
criterion_main!(benches);
