//! A hash, address or other long text: shortened in the middle, copied whole on click.

use super::icon::{Icon, icon};
use super::words::words;
use crate::browser;
use crate::i18n::t;
use crate::testid;
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen_futures::spawn_local;

/// The longest text that is shown whole under the pointer: twice a hash.
const MAX_TITLE: usize = 128;

/// A long text that a click copies.
#[component]
pub(crate) fn Copyable(
    /// The whole text.
    text: String,
    /// What is shown of it.
    shown: String,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    // A whole block would fill the screen.
    let whole = if text.len() <= MAX_TITLE { text.clone() } else { shown.clone() };
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            if browser::copy(text).await {
                // What was copied may be out of sight by now.
                let _ = copied.try_set(true);
                let fade = move || {
                    let _ = copied.try_set(false);
                };
                set_timeout(fade, Duration::from_millis(1_200));
            }
        });
    };
    view! {
        <button type="button" class="copyable" class:done=copied title=whole data-testid=testid::COPY on:click=copy>
            <span class="mono">{shown}</span>
            {move || icon(if copied.get() { Icon::Done } else { Icon::Copy })}
            <span class="sr">{words(move || (if copied.get() { t().copied } else { t().copy }).to_owned())}</span>
        </button>
    }
}
