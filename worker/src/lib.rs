//! Terrarium's worker crate: one Web Worker is one node.

#![warn(missing_docs)]

mod js;
pub mod store;

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// The build that this module belongs to, set by `cargo xtask`; `dev` under a plain `trunk serve`.
pub const BUILD_ID: &str = match option_env!("TERRARIUM_BUILD") {
    Some(id) => id,
    None => "dev",
};

/// Starts the node. Installs its message listener before it returns, because `boot.js` then hands over what came early.
pub fn run() {
    let scope: DedicatedWorkerGlobalScope = js_sys_global();
    let reply = scope.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let text = event.data().as_string().unwrap_or_default();
        // A scope that is closing refuses; there is nobody left to tell.
        let _ = reply.post_message(&JsValue::from(format!("{text} from build {BUILD_ID}")));
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
}

fn js_sys_global() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}
