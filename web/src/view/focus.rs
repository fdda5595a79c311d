//! Where the keyboard's focus goes when what had it goes away.

use leptos::prelude::{document, request_animation_frame};
use terrarium_core::interface::NodeId;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// Gives the focus to an element; one that takes none leaves it where it is.
pub(crate) fn give(element: Option<Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Gives the focus to the element that a selector finds, once what has just been asked for is drawn.
pub(crate) fn move_to(selector: &'static str) {
    request_animation_frame(move || give(document().query_selector(selector).ok().flatten()));
}

/// Gives the focus to the element with this test id, a node's own where one is named, once what has it now is gone. Who
/// has gone on to something else by then is left alone.
pub(crate) fn catch(testid: &'static str, node: Option<NodeId>) {
    let of_node = node.map(|id| format!("[data-node='{id}']")).unwrap_or_default();
    let selector = format!("[data-testid='{testid}']{of_node}");
    request_animation_frame(move || {
        let lost = document().active_element().is_none_or(|element| element.tag_name() == "BODY");
        if lost {
            give(document().query_selector(&selector).ok().flatten());
        }
    });
}
