//! The worker's end of the page: posting messages, reading them, and the last words of a panic.

use crate::{journal, js};
use js_sys::Uint8Array;
use std::sync::atomic::{AtomicBool, Ordering};
use terrarium_core::interface::{PageMessage, WorkerMessage, from_bytes, to_bytes};
use wasm_bindgen::JsValue;

/// Posts a message to the page.
pub(crate) fn post(message: &WorkerMessage) {
    // A scope that is closing refuses; there is nobody left to tell.
    let _ = js::scope().post_message(&Uint8Array::from(&*to_bytes(message)));
}

/// Reads a message of the page.
///
/// # Errors
/// It is none, as when page and worker were built from different sources.
pub(crate) fn read(value: &JsValue) -> Result<PageMessage, String> {
    let bytes = js::bytes_of(value, usize::MAX).ok_or("the page sent what is no message")?;
    from_bytes(&bytes).map_err(|error| format!("the page sent what is no message: {error}"))
}

/// Says that this worker cannot go on. Only the first reason counts.
pub(crate) fn fail(text: String) {
    static FAILED: AtomicBool = AtomicBool::new(false);
    if FAILED.swap(true, Ordering::Relaxed) {
        return;
    }
    journal::post();
    post(&WorkerMessage::Failed { text });
}

/// Lets a panic post its text before the instance traps; after that it must not be called again, and the page ends it.
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|panic| fail(panic.to_string())));
}
