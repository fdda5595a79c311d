//! How fast core connects blocks natively: `cargo bench -p terrarium-tests`.

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use terrarium_core::{
    chain::{ActivateStep, Chainstate, ScriptCache},
    consensus::{Network, Preset},
    primitives::Block,
    time::UnixTime,
};
use terrarium_tests::fixture::Chain;

/// Spends in each of the full blocks.
const SPENDS: u32 = 150;

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
        bencher.iter(|| connect(&full));
    });
    group.finish();
}

criterion_group!(benches, connect_block);
criterion_main!(benches);
