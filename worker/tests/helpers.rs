//! A helper in a browser: what it says of Core's scripts is what they end with.
#![cfg(target_arch = "wasm32")]

#[cfg(vectors)]
mod files;
#[cfg(vectors)]
#[path = "../../core/tests/vectors/scripts.rs"]
#[allow(dead_code, reason = "transactions, which only the native vectors hold, read assembly with it")]
mod scripts;

use js_sys::{Array, Uint8Array};
use terrarium_core::chain::decode_verdict;
use terrarium_core::encode::{Encode as _, encode_vec};
use terrarium_core::primitives::{Transaction, TxOut};
use terrarium_core::script::{ScriptError, VerifyFlags};
use terrarium_worker::helpers;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// What a node's worker sends.
fn job(checks: &[u8]) -> JsValue {
    Array::of4(&"verify".into(), &1.into(), &7.into(), &Uint8Array::from(checks)).into()
}

/// The verdict of what the helper says.
fn verdict_of(answer: &JsValue) -> Vec<u8> {
    let answer: &Array = answer.unchecked_ref();
    assert_eq!(answer.get(0).as_string().as_deref(), Some("verified"));
    assert_eq!((answer.get(1).as_f64(), answer.get(2).as_f64()), (Some(1.0), Some(7.0)));
    answer.get(3).unchecked_into::<Uint8Array>().to_vec()
}

/// One check, as core's batches are written.
fn batch(spend: &Transaction, output: &TxOut, flags: VerifyFlags) -> Vec<u8> {
    let mut bytes = flags.to_bits().to_le_bytes().to_vec();
    bytes.push(1);
    spend.encode(&mut bytes);
    0_u32.encode(&mut bytes);
    encode_vec(std::slice::from_ref(output), &mut bytes);
    bytes
}

#[cfg_attr(not(vectors), allow(dead_code, reason = "the vectors are what it is for"))]
fn ask(spend: &Transaction, output: &TxOut, flags: VerifyFlags) -> Result<(), ScriptError> {
    let answer = helpers::answer(&job(&batch(spend, output, flags))).expect("a job");
    let verdict = decode_verdict(&verdict_of(&answer)).expect("a verdict");
    verdict.map_err(|failed| {
        assert_eq!(failed.check, 0);
        failed.error
    })
}

#[cfg(vectors)]
#[wasm_bindgen_test]
fn a_helper_ends_scripts_and_their_signatures_as_core_does() {
    if let Err(wrong) = scripts::script_tests_by(ask) {
        panic!("{}", wrong.message().unwrap_or_default());
    }
}

#[cfg(not(vectors))]
#[wasm_bindgen_test]
#[ignore = "no test vectors when this was built: set TERRARIUM_VECTORS or put them in ../shared/vectors"]
fn a_helper_ends_scripts_and_their_signatures_as_core_does() {}

#[wasm_bindgen_test]
fn what_is_no_batch_is_answered_without_a_verdict() {
    let answer = helpers::answer(&job(&[1, 2, 3])).expect("a job");
    assert!(verdict_of(&answer).is_empty());
}

#[wasm_bindgen_test]
fn a_message_of_the_page_makes_nobody_a_helper() {
    for message in
        [Uint8Array::from(&[0, 1, 2][..]).into(), Array::new().into(), "verify".into(), JsValue::NULL]
    {
        assert!(helpers::answer(&message).is_none(), "{message:?}");
    }
}
