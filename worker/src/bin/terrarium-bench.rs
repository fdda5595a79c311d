//! The functions that `cargo xtask bench` measures in a worker, compiled as the worker is. No part of the product.

use std::hint::black_box;

use terrarium_core::{
    consensus::Preset,
    crypto::{PrivateKey, lanes::HeaderScanner},
    primitives::{CompactTarget, Target},
};
use wasm_bindgen::prelude::wasm_bindgen;

fn main() {}

/// Searches `count` nonces in vain, as the miner does.
#[wasm_bindgen]
pub fn hash_headers(count: u32) {
    let header = Preset::Regtest.genesis().header;
    // One: no hash is that small.
    let unreachable = Target::from_compact(CompactTarget(0x0300_0001)).expect("a valid target");
    let found = HeaderScanner::new(black_box(&header)).scan(&unreachable, 0, u64::from(count));
    assert!(found.is_none(), "no hash is that small");
}

/// Checks one good signature `count` times, as the script machine does.
#[wasm_bindgen]
pub fn verify_signatures(count: u32) {
    let key = PrivateKey::from_bytes(&[7; 32], true).expect("a valid key");
    let (public_key, digest) = (key.public_key(), [9; 32]);
    let signature = key.sign(&digest);
    for _ in 0..count {
        assert!(black_box(&public_key).verify(&digest, &signature), "a good signature is refused");
    }
}
