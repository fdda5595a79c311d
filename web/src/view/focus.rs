//! Where the keyboard's focus goes when what had it goes away.

use leptos::prelude::{document, request_animation_frame};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// Gives the focus to an element; one that takes none leaves it where it is.
pub(crate) fn give(element: Option<Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Gives the focus to the element with this test id once what has it now is gone. Who has gone on to something else by
/// then is left alone.
pub(crate) fn catch(testid: &'static str) {
    request_animation_frame(move || {
        let lost = document().active_element().is_none_or(|element| element.tag_name() == "BODY");
        if lost {
            give(document().query_selector(&format!("[data-testid='{testid}']")).ok().flatten());
        }
    });
}
