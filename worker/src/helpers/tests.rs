//! A node's end of its helpers, with stand-ins for them.

use super::*;
use wasm_bindgen_test::wasm_bindgen_test;

/// Makes what boot.js makes in a real worker: helpers that keep what they are told in `had` and do nothing.
fn stand_ins() {
    let start = Function::new_no_args(
        "return { had: [], postMessage(message) { this.had.push(message); }, terminate() { this.ended = true; } };",
    );
    Reflect::set(&js_sys::global(), &"terrariumStartHelper".into(), &start).expect("a global");
}

fn helpers(most: usize) -> Helpers {
    let nothing = Function::new_no_args("");
    Helpers { most, ..Helpers::new(nothing.clone(), nothing) }
}

/// A batch without checks, which passes.
const EMPTY: [u8; 5] = [0; 5];

fn had(worker: &Worker) -> Vec<JsValue> {
    let had = Reflect::get(worker, &"had".into()).expect("a stand-in");
    had.unchecked_into::<Array>().to_vec()
}

#[wasm_bindgen_test]
fn helpers_start_with_the_first_batch_and_what_they_answer_is_the_verdict() {
    stand_ins();
    let mut helpers = helpers(2);
    helpers.work(0.0).expect("nothing to do");
    assert!(helpers.workers.is_empty());
    (1..=3).for_each(|id| helpers.add(VerifyId(id), EMPTY.to_vec()));
    helpers.work(0.0).expect("they start");
    assert_eq!(helpers.workers.iter().map(|worker| had(worker).len()).collect::<Vec<_>>(), [2, 1]);
    let answer = answer(&had(&helpers.workers[1])[0]).expect("a job");
    let Answer { id, verdict } = helpers.hear(&answer, 1.0).expect("an answer").expect("it is waited for");
    assert_eq!((id, verdict), (VerifyId(2), Some(Ok(()))));
    assert!(helpers.hear(&answer, 1.0).expect("an answer").is_none(), "once is enough");
}

#[wasm_bindgen_test]
fn helpers_that_cannot_be_started_give_everything_back() {
    Reflect::delete_property(&js_sys::global(), &"terrariumStartHelper".into()).expect("a global");
    let mut helpers = helpers(2);
    helpers.add(VerifyId(1), EMPTY.to_vec());
    assert!(helpers.work(0.0).is_err());
    assert_eq!(helpers.give_up(), [VerifyId(1)]);
    assert_eq!(helpers.least(), None);
}

#[wasm_bindgen_test]
fn a_helper_that_dies_in_silence_or_speaks_of_its_end_gives_everything_back() {
    stand_ins();
    let mut helpers = helpers(1);
    (1..=3).for_each(|id| helpers.add(VerifyId(id), EMPTY.to_vec()));
    helpers.work(0.0).expect("it starts");
    let first = helpers.next_wakeup().expect("it is looked after");
    helpers.work(first).expect("it has more time");
    let second = helpers.next_wakeup().expect("it is looked after");
    helpers.work(second - 1.0).expect("it has time");
    assert!(helpers.work(second).is_err());
    // The last words of a panic are bytes for a page.
    assert!(helpers.hear(&Uint8Array::new_with_length(3), 1.0).is_err());
    let worker = helpers.workers[0].clone();
    assert_eq!(helpers.give_up(), [VerifyId(1), VerifyId(2), VerifyId(3)]);
    assert_eq!(Reflect::get(&worker, &"ended".into()), Ok(JsValue::TRUE));
}

#[wasm_bindgen_test]
fn batches_that_are_cancelled_reach_no_helper() {
    stand_ins();
    let mut helpers = helpers(1);
    (1..=3).for_each(|id| helpers.add(VerifyId(id), EMPTY.to_vec()));
    helpers.work(0.0).expect("it starts");
    helpers.cancel();
    let first = answer(&had(&helpers.workers[0])[0]).expect("a job");
    helpers.hear(&first, 1.0).expect("an answer");
    helpers.work(1.0).expect("it goes on");
    assert_eq!(had(&helpers.workers[0]).len(), 2);
    assert_eq!(helpers.take_back(), None);
}

#[wasm_bindgen_test]
fn idle_helpers_are_ended_and_start_again() {
    stand_ins();
    let mut helpers = helpers(1);
    helpers.add(VerifyId(1), EMPTY.to_vec());
    helpers.work(0.0).expect("it starts");
    let first = answer(&had(&helpers.workers[0])[0]).expect("a job");
    helpers.hear(&first, 5.0).expect("an answer");
    let due = helpers.next_wakeup().expect("idle helpers are ended");
    helpers.work(due).expect("it is ended");
    assert!(helpers.workers.is_empty() && helpers.next_wakeup().is_none());
    helpers.add(VerifyId(2), EMPTY.to_vec());
    helpers.work(due + 1.0).expect("it starts again");
    assert_eq!(helpers.workers.len(), 1);
}
