//! When the page itself fails: the panic's text is shown in plain HTML, in both languages, for nothing else works then.

use leptos::prelude::document;

/// Shows panics on the page and in the browser's console.
pub(crate) fn show_panics() {
    std::panic::set_hook(Box::new(|info| {
        let text = info.to_string();
        leptos::logging::error!("{text}");
        show(&text);
    }));
}

fn show(text: &str) {
    let document = document();
    let Ok(note) = document.create_element("p") else { return };
    note.set_class_name("page-failed");
    let _ = note.set_attribute("role", "alert");
    let reload = "The page failed; reload it, the nodes' data is kept. 页面出错，请刷新，节点数据仍在。";
    note.set_text_content(Some(&format!("{reload} {text}")));
    if let Some(body) = document.body() {
        let _ = body.prepend_with_node_1(&note);
    }
}
