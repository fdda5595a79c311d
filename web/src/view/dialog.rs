//! A modal dialog: the browser's own element, which keeps the focus inside, closes on Escape and gives the focus back.

use super::icon::{Icon, icon};
use super::ui::use_ui;
use super::words::tr;
use crate::testid;
use leptos::html;
use leptos::prelude::*;

/// A dialog that is open as long as it exists.
#[component]
pub(crate) fn Modal(
    /// Its heading.
    #[prop(into)]
    title: Signal<String>,
    children: Children,
) -> impl IntoView {
    let ui = use_ui();
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = element.get() {
            // It is in the document by now; a second call on an open dialog is the only failure.
            let _ = dialog.show_modal();
        }
    });
    // Whatever takes it away, it is closed first: that gives the focus back.
    on_cleanup(move || {
        if let Some(dialog) = element.try_get_untracked().flatten() {
            dialog.close();
        }
    });
    view! {
        <dialog node_ref=element class="modal" aria-labelledby="modal-title" on:close=move |_| ui.dialog.set(None)>
            <header>
                <h2 id="modal-title">{title}</h2>
                <button
                    type="button"
                    class="round"
                    aria-label=tr(|t| t.close)
                    data-testid=testid::DIALOG_CLOSE
                    on:click=move |_| ui.dialog.set(None)
                >
                    {icon(Icon::Close)}
                </button>
            </header>
            {children()}
        </dialog>
    }
}
