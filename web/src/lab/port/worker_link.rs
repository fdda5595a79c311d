//! One worker and the commands that wait for its answer.

use super::LabError;
use futures_channel::oneshot;
use js_sys::Uint8Array;
use terrarium_core::collections::BTreeMap;
use terrarium_core::interface::{
    Command, CommandError, PageMessage, Reply, RequestId, WorkerMessage, from_bytes, to_bytes,
};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ErrorEvent, MessageEvent, Worker};

/// The build that this module belongs to, set by `cargo xtask`; `dev` under a plain `trunk serve`.
pub(crate) const BUILD_ID: &str = match option_env!("TERRARIUM_BUILD") {
    Some(id) => id,
    None => "dev",
};

#[wasm_bindgen]
extern "C" {
    /// Starts a worker on the page's one compiled module; defined in index.html.
    #[wasm_bindgen(js_name = terrariumStartWorker, catch)]
    fn start_worker(build: &str) -> Result<Worker, JsValue>;
}

/// What a command comes to.
pub(super) type Outcome = Result<Reply, CommandError>;

/// A running worker. Dropping it ends the worker; who waits for an answer then learns that none comes.
pub(super) struct WorkerLink {
    worker: Worker,
    /// Commands without an answer, bounded by what the page asks at a time.
    pending: BTreeMap<RequestId, oneshot::Sender<Outcome>>,
    next_request: u32,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(ErrorEvent)>,
}

impl WorkerLink {
    /// Starts a worker; `receive` gets all that it says, its failures included.
    pub(super) fn start(receive: impl Fn(WorkerMessage) + Clone + 'static) -> Result<Self, LabError> {
        let worker = start_worker(BUILD_ID).map_err(|error| LabError::Worker(describe(&error)))?;
        let on_error = {
            let receive = receive.clone();
            Closure::new(move |event: ErrorEvent| {
                event.prevent_default();
                receive(WorkerMessage::Failed { text: event.message() });
            })
        };
        let on_message = Closure::new(move |event: MessageEvent| {
            // What is no array of bytes is read as an empty one, which is no message either.
            let bytes = event.data().dyn_ref().map(Uint8Array::to_vec).unwrap_or_default();
            let message = from_bytes(&bytes);
            receive(message.unwrap_or_else(|error| WorkerMessage::Failed {
                text: format!("the worker sent what the page cannot read: {error}"),
            }));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(WorkerLink {
            worker,
            pending: BTreeMap::new(),
            next_request: 0,
            _on_message: on_message,
            _on_error: on_error,
        })
    }

    /// Sends a message that has no answer of its own.
    pub(super) fn post(&self, message: &PageMessage) {
        // A worker that has ended cannot be told anything; its owner learns of the end by other ways.
        let _ = self.worker.post_message(&Uint8Array::from(&*to_bytes(message)));
    }

    /// Sends a command; the receiver gets its answer, or the news that there will be none.
    pub(super) fn ask(&mut self, command: Command) -> (RequestId, oneshot::Receiver<Outcome>) {
        let id = RequestId(self.next_request);
        self.next_request = self.next_request.wrapping_add(1);
        let (sender, receiver) = oneshot::channel();
        self.pending.insert(id, sender);
        self.post(&PageMessage::Command { id, command });
        (id, receiver)
    }

    /// Hands an answer to who asked.
    pub(super) fn answer(&mut self, id: RequestId, outcome: Outcome) {
        if let Some(sender) = self.pending.remove(&id) {
            // Who asked may have gone; then nobody misses the answer.
            let _ = sender.send(outcome);
        }
    }
}

impl Drop for WorkerLink {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// A JavaScript error as a person reads it.
fn describe(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => format!("{error:?}"),
    }
}
