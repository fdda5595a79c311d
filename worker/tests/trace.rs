//! The fixed run of two nodes puts out the same bytes here as natively.
#![cfg(target_arch = "wasm32")]

use terrarium_core::node::trace;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
fn the_same_inputs_give_the_same_outputs_as_natively() {
    assert_eq!(trace::hash(), trace::EXPECTED);
}
