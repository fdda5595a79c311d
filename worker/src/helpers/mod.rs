//! Helpers: workers inside this worker that check the scripts of large blocks. They run this same module on the page's one
//! compilation of it; what makes one a helper is its first message, a JavaScript array, where a page sends bytes.
//!
//! ```text
//! node's worker to helper    ["verify", helper, batch, Uint8Array]
//! back                       ["verified", helper, batch, Uint8Array]     empty: it is not checked
//! ```
//!
//! Each node has its own, whatever others run on the same machine. They are started when the first large block comes, and
//! ended when none has come for long. Where one fails, or cannot be started, all of the node's are ended, and it checks
//! scripts itself from then on.

mod roster;
#[cfg(all(test, target_arch = "wasm32"))]
mod tests;

use crate::{accelerator, js};
use js_sys::{Array, Function, Reflect, Uint8Array};
use roster::{Job, Roster};
use terrarium_core::chain::{Verdict, decode_verdict, encode_verdict, verify_batch};
use terrarium_core::node::{Cost, VerifyId};
use wasm_bindgen::prelude::*;
use web_sys::Worker;

/// The scripts of a block that costs less are checked by the node itself: as much as 64 signatures, 3 to 7 ms.
pub(crate) const LEAST: Cost = Cost(64 * Cost::SIGNATURE_CHECK.0);
/// The most helpers of a node. It does not know how many nodes share the machine: four of them have eight at most.
const MOST: usize = 2;
/// Cores that a node leaves to the page and to itself, though other nodes may be there.
const LEFT: usize = 2;

const VERIFY: &str = "verify";
const VERIFIED: &str = "verified";

#[wasm_bindgen]
extern "C" {
    /// Starts a worker on this worker's own script and module; defined in boot.js.
    #[wasm_bindgen(js_name = terrariumStartHelper, catch)]
    fn start_helper() -> Result<Worker, JsValue>;
}

/// The answer to a message that makes this worker a helper; none where it is no such message.
pub fn answer(message: &JsValue) -> Option<JsValue> {
    let message = parts(message, VERIFY)?;
    let verdict = message.bytes.and_then(|bytes| verify_batch(&bytes, accelerator::find()).ok());
    let verdict = verdict.map(|verdict| encode_verdict(&verdict)).unwrap_or_default();
    Some(compose(VERIFIED, message.helper, message.batch, &verdict))
}

/// What a helper said.
pub(crate) struct Answer {
    pub(crate) id: VerifyId,
    /// None where it could not check the batch.
    pub(crate) verdict: Option<Verdict>,
}

/// The helpers of one node.
pub(crate) struct Helpers {
    /// How many it may have.
    most: usize,
    workers: Vec<Worker>,
    roster: Roster,
    on_message: Function,
    on_error: Function,
}

impl Helpers {
    /// Helpers to be started when there is work; `on_message` hears what they say, `on_error` how they fail.
    pub(crate) fn new(on_message: Function, on_error: Function) -> Self {
        let most = count(js::scope().navigator().hardware_concurrency());
        Self { most, workers: Vec::new(), roster: Roster::default(), on_message, on_error }
    }

    /// From which cost on a block is worth their while; none where there are no cores for them.
    pub(crate) fn least(&self) -> Option<Cost> {
        (self.most > 0).then_some(LEAST)
    }

    /// Takes in a batch.
    pub(crate) fn add(&mut self, id: VerifyId, checks: Vec<u8>) {
        self.roster.add(Job { id, checks });
    }

    /// Forgets the batches that no helper has: nobody waits for them. What helpers have they finish.
    pub(crate) fn cancel(&mut self) {
        self.roster.forget_waiting();
    }

    /// Hands batches to helpers, starts them for the first, ends them when they have long been idle.
    ///
    /// # Errors
    /// They cannot be started, or one of them has died. Then [`Helpers::give_up`] is all that is left.
    pub(crate) fn work(&mut self, now: f64) -> Result<(), String> {
        if self.roster.has_waiting() && !self.roster.is_open() {
            self.start().map_err(|error| js::error_text(&error))?;
        }
        while let Some((helper, Job { id, checks })) = self.roster.assign(now) {
            let message = compose(VERIFY, helper as f64, id.0 as f64, &checks);
            let posted = self.workers[helper].post_message(&message);
            posted.map_err(|error| js::error_text(&error))?;
        }
        if self.roster.loses_patience(now) {
            return Err("one of them does not answer".to_owned());
        }
        if self.roster.is_idle(now) {
            self.end();
            self.roster.close();
        }
        Ok(())
    }

    /// Takes in what a helper said; none where nobody waits for it.
    ///
    /// # Errors
    /// It is no answer, as when a helper has panicked.
    pub(crate) fn hear(&mut self, message: &JsValue, now: f64) -> Result<Option<Answer>, String> {
        let Some(Parts { helper, batch, bytes }) = parts(message, VERIFIED) else {
            return Err("one of them failed".to_owned());
        };
        let id = VerifyId(batch as u64);
        let verdict = bytes.and_then(|bytes| decode_verdict(&bytes).ok());
        Ok(self.roster.answered(helper as usize, id, now).then_some(Answer { id, verdict }))
    }

    /// A batch that no helper has begun, for a node that has nothing else to do.
    pub(crate) fn take_back(&mut self) -> Option<VerifyId> {
        self.roster.take_back()
    }

    /// Ends all of them for good: the batches that nobody checks now.
    pub(crate) fn give_up(&mut self) -> Vec<VerifyId> {
        self.most = 0;
        self.end();
        self.roster.close()
    }

    /// When [`Helpers::work`] has something to do though nobody said anything.
    pub(crate) fn next_wakeup(&self) -> Option<f64> {
        self.roster.next_wakeup()
    }

    fn start(&mut self) -> Result<(), JsValue> {
        for _ in 0..self.most {
            let worker = start_helper()?;
            worker.set_onmessage(Some(&self.on_message));
            worker.set_onerror(Some(&self.on_error));
            self.workers.push(worker);
        }
        self.roster.open(self.most);
        Ok(())
    }

    fn end(&mut self) {
        self.workers.drain(..).for_each(|worker| worker.terminate());
    }
}

/// How many helpers one node has on a machine with so many cores.
fn count(cores: f64) -> usize {
    (cores as usize).saturating_sub(LEFT).min(MOST)
}

/// A message between a node's worker and a helper.
struct Parts {
    helper: f64,
    batch: f64,
    /// None where there are no bytes.
    bytes: Option<Vec<u8>>,
}

fn compose(kind: &str, helper: f64, batch: f64, bytes: &[u8]) -> JsValue {
    Array::of4(&kind.into(), &helper.into(), &batch.into(), &Uint8Array::from(bytes)).into()
}

/// Reads a message of a kind; none where it is none.
fn parts(message: &JsValue, kind: &str) -> Option<Parts> {
    let message = message.dyn_ref::<Array>()?;
    if js::text_of(&message.get(0), kind.len()).as_deref() != Some(kind) {
        return None;
    }
    let bytes = js::bytes_of(&message.get(3), usize::MAX);
    Some(Parts { helper: message.get(1).as_f64()?, batch: message.get(2).as_f64()?, bytes })
}

/// What an error event of a worker says; one that could not be loaded says nothing.
pub(crate) fn describe(event: &JsValue) -> String {
    let message = Reflect::get(event, &"message".into()).ok().and_then(|message| message.as_string());
    message.unwrap_or_else(|| "one of them cannot be loaded".to_owned())
}

#[cfg(test)]
mod counts {
    use super::count;

    #[test]
    fn two_cores_are_left_to_page_and_node_and_two_helpers_are_the_most() {
        let counts = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 16.0].map(count);
        assert_eq!(counts, [0, 0, 0, 1, 2, 2, 2]);
    }
}
