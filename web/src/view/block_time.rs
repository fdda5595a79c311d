//! The block time of a class, chosen when it begins.

use super::words::{tr, words};
use crate::i18n::{fill, t};
use crate::testid;
use leptos::prelude::*;
use terrarium_link::room::{BLOCK_TIME, Beginning};

/// What the teacher may choose, in seconds.
const BLOCK_TIMES: [u16; 4] = [5, 10, 20, 60];

/// What is chosen at first: as the class has it, where that is offered.
pub(super) fn first_choice(beginning: Option<Beginning>) -> u16 {
    let now = beginning.map(|beginning| beginning.block_time);
    now.filter(|seconds| BLOCK_TIMES.contains(seconds)).unwrap_or(BLOCK_TIME)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_begins_anew_at_its_block_time_or_where_that_is_not_offered_at_the_usual_one() {
        let first = |block_time| first_choice(Some(Beginning { block_time, khs: 400, unix: 0 }));
        assert_eq!([5, 60, 7, 600].map(first), [5, 60, BLOCK_TIME, BLOCK_TIME]);
        assert_eq!(first_choice(None), BLOCK_TIME);
    }
}
