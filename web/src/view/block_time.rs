//! The block time of a class, chosen when it begins.

use super::words::{tr, words};
use crate::i18n::{fill, t};
use crate::testid;
use leptos::prelude::*;

/// What the teacher may choose, in seconds.
const BLOCK_TIMES: [u16; 4] = [5, 10, 20, 60];

/// A choice of block times.
#[component]
pub(super) fn BlockTime(
    /// In seconds.
    chosen: RwSignal<u16>,
    /// What is said below.
    about: Signal<&'static str>,
) -> impl IntoView {
    let choose = move |event| {
        if let Ok(seconds) = event_target_value(&event).parse() {
            chosen.set(seconds);
        }
    };
    let options = BLOCK_TIMES.map(|seconds| {
        let selected = move || chosen.get() == seconds;
        view! { <option value=seconds.to_string() prop:selected=selected>{words(move || fill(t().seconds, &[&seconds]))}</option> }
    });
    view! {
        <label>
            {tr(|t| t.block_time)}
            <select data-testid=testid::BLOCK_TIME on:change=choose>{options}</select>
            <span class="quiet">{words(move || about.get().to_owned())}</span>
        </label>
    }
}
