//! The arithmetic that differs in a browser: 32-bit limbs under the signatures, 128-bit vectors under the miner.
#![cfg(target_arch = "wasm32")]

#[cfg(vectors)]
mod files;
#[cfg(vectors)]
#[path = "../../core/tests/vectors/scripts.rs"]
#[allow(dead_code, reason = "transactions, which only the native vectors hold, read assembly with it")]
mod scripts;

use terrarium_core::mining::HeaderScanner;
use terrarium_core::primitives::{BlockHash, CompactTarget, Header, MerkleRoot, Target};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[cfg(vectors)]
#[wasm_bindgen_test]
fn scripts_and_their_signatures_end_as_in_core() {
    if let Err(wrong) = scripts::script_tests() {
        panic!("{}", wrong.message().unwrap_or_default());
    }
}

#[cfg(not(vectors))]
#[wasm_bindgen_test]
#[ignore = "no test vectors when this was built: set TERRARIUM_VECTORS or put them in ../shared/vectors"]
fn scripts_and_their_signatures_end_as_in_core() {}

#[wasm_bindgen_test]
fn four_lanes_find_what_one_by_one_finds() {
    for seed in 0..64_u8 {
        let header = Header {
            version: 4,
            prev_blockhash: BlockHash::from_bytes([seed; 32]),
            merkle_root: MerkleRoot::digest(&[seed]),
            time: u32::from(seed),
            bits: CompactTarget(0x207f_ffff),
            nonce: 0,
        };
        // About one nonce in 2, 256 and 65,536; the search begins at every place among the lanes.
        for (bits, count) in [(0x207f_ffff, 7), (0x2000_ffff, 600), (0x1f00_ffff, 3_001)] {
            let target = Target::from_compact(CompactTarget(bits)).expect("a target");
            let start = u32::from(seed) * 1_000_003;
            let meets = |nonce: &u32| target.is_met_by(&Header { nonce: *nonce, ..header }.block_hash());
            let wanted = (start..start + count).find(meets);
            assert_eq!(HeaderScanner::new(&header).scan(&target, start, u64::from(count)), wanted);
        }
    }
}
