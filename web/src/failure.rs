//! When the page itself fails: the panic's text is shown in plain HTML, in both languages, for nothing else works then.

use leptos::prelude::document;
use std::sync::atomic::{AtomicBool, Ordering};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// Ends every worker of the page; defined in index.html.
    #[wasm_bindgen(js_name = terrariumEndWorkers, catch)]
    fn end_workers() -> Result<(), JsValue>;
}

/// A page that has failed fails again with whatever it is told next; only the first time says why.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// Shows panics on the page and in the browser's console; the first ends the workers, for nobody hears them any more.
pub(crate) fn show_panics() {
    std::panic::set_hook(Box::new(|info| {
        let text = info.to_string();
        leptos::logging::error!("{text}");
        if !SHOWN.swap(true, Ordering::Relaxed) {
            show(&text);
            // Without them there is nothing to end.
            let _ = end_workers();
        }
    }));
}

fn show(text: &str) {
    let document = document();
    let Ok(note) = document.create_element("p") else { return };
    if let Some(loading) = document.get_element_by_id("loading") {
        loading.remove();
    }
    note.set_class_name("page-failed");
    let _ = note.set_attribute("role", "alert");
    let reload = "The page failed; reload it, the nodes' data is kept. 页面出错，请刷新，节点数据仍在。";
    note.set_text_content(Some(&format!("{reload} {text}")));
    if let Some(body) = document.body() {
        let _ = body.prepend_with_node_1(&note);
    }
}
