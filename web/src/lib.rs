//! Terrarium's page.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{MessageEvent, Worker};

/// The build that this module belongs to, set by `cargo xtask`; `dev` under a plain `trunk serve`.
pub const BUILD_ID: &str = match option_env!("TERRARIUM_BUILD") {
    Some(id) => id,
    None => "dev",
};

#[wasm_bindgen]
extern "C" {
    /// Starts a worker on the page's one compiled module; defined in index.html.
    #[wasm_bindgen(js_name = terrariumStartWorker)]
    fn start_worker(build: &str) -> Worker;
}

/// Mounts the page.
pub fn run() {
    leptos::mount::mount_to_body(Hello);
}

#[component]
fn Hello() -> impl IntoView {
    let (answer, set_answer) = signal(String::from("…"));
    let worker = start_worker(BUILD_ID);
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        set_answer.set(event.data().as_string().unwrap_or_default());
    });
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    let _ = worker.post_message(&JsValue::from("hello"));
    view! { <p id="answer">{answer}</p> }
}
