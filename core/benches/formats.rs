//! How fast the formats are natively: encoding, merkle roots, signature checks and header grinding.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use terrarium_core::consensus::merkle;
use terrarium_core::crypto::{PrivateKey, sha256d};
use terrarium_core::encode::{deserialize, serialize};
use terrarium_core::mining::HeaderScanner;
use terrarium_core::primitives::{
    Amount, Block, BlockHash, CompactTarget, Header, MerkleRoot, OutPoint, Script, Target, Transaction, TxIn,
    TxOut, Txid,
};
use terrarium_core::script::sign::p2pkh_script_sig;
use terrarium_core::script::standard::p2pkh;
use terrarium_core::script::{
    PrecomputedTransactionData, TransactionSignatureChecker, VerifyFlags, verify_script,
};

/// Spends of a block as the sync bench has them.
const SPENDS: u32 = 150;

/// Nonces of one call of the miner.
const NONCES: u64 = 100_000;

fn key() -> PrivateKey {
    PrivateKey::from_bytes(&[7; 32], true).expect("in range")
}

fn script() -> Script {
    p2pkh(key().public_key().pubkey_hash())
}

fn spend(vout: u32) -> Transaction {
    let input = TxIn::spending(OutPoint::new(Txid::digest(b"funding"), vout));
    let output = TxOut { value: Amount::from_coins(1), script_pubkey: script() };
    let mut tx = Transaction { version: 2, inputs: vec![input], outputs: vec![output], lock_time: 0 };
    tx.inputs[0].script_sig = p2pkh_script_sig(&tx, 0, &script(), &key());
    tx
}

fn block() -> Block {
    let header = Header {
        version: 4,
        prev_blockhash: BlockHash::ZERO,
        merkle_root: MerkleRoot::ZERO,
        time: 1_300_000_000,
        bits: CompactTarget(0x1d00_ffff),
        nonce: 0,
    };
    Block { header, transactions: (0..SPENDS).map(spend).collect() }
}

fn encode(c: &mut Criterion) {
    let block = block();
    let raw = serialize(&block);
    let mut group = c.benchmark_group("encode");
    group.throughput(Throughput::Bytes(raw.len() as u64));
    group.bench_function("serialize a block", |b| b.iter(|| serialize(black_box(&block))));
    group.bench_function("deserialize a block", |b| b.iter(|| deserialize::<Block>(black_box(&raw))));
    group.finish();
}

fn merkle_root(c: &mut Criterion) {
    let block = block();
    let mut group = c.benchmark_group("merkle");
    group.throughput(Throughput::Elements(u64::from(SPENDS)));
    group.bench_function("root over a block's ids", |b| {
        b.iter(|| merkle::block_root(black_box(&block.transactions)));
    });
    group.finish();
}

fn verify(c: &mut Criterion) {
    let (tx, script) = (spend(0), script());
    let digest = sha256d(b"digest");
    let (public, signature) = (key().public_key(), key().sign(&digest));
    let mut group = c.benchmark_group("verify");
    group.throughput(Throughput::Elements(1));
    group.bench_function("ECDSA", |b| b.iter(|| public.verify(black_box(&digest), &signature)));
    group.bench_function("a P2PKH input", |b| {
        b.iter(|| {
            let precomputed = PrecomputedTransactionData::new(black_box(&tx));
            let checker =
                TransactionSignatureChecker::new(&tx, 0, Amount::ZERO, &precomputed).expect("input 0");
            verify_script(&tx.inputs[0].script_sig, &script, &[], VerifyFlags::CONSENSUS, &checker)
        });
    });
    group.finish();
}

fn grind(c: &mut Criterion) {
    let header = block().header;
    let scanner = HeaderScanner::new(&header);
    let never = Target::from_compact(CompactTarget(0x0300_0001)).expect("valid");
    let mut group = c.benchmark_group("grind");
    group.throughput(Throughput::Elements(NONCES));
    group.bench_function("four lanes over a midstate", |b| {
        b.iter(|| scanner.scan(black_box(&never), 0, NONCES));
    });
    group.bench_function("one header after the other", |b| {
        b.iter(|| {
            (0..NONCES as u32).find(|&nonce| never.is_met_by(&Header { nonce, ..header }.block_hash()))
        });
    });
    group.finish();
}

criterion_group!(benches, encode, merkle_root, verify, grind);
criterion_main!(benches);
