//! Recording a node, and saving what was recorded.

use super::dialog::Modal;
use super::refusal::in_words;
use super::ui::use_ui;
use super::words::{holds, part, tr, words};
use crate::i18n::{fill, t};
use crate::lab::state::NodeView;
use crate::lab::trace::{Recorded, Recording};
use crate::lab::{Lab, LabError};
use crate::{browser, testid};
use leptos::prelude::*;
use terrarium_core::interface::{MAX_JOURNAL, NodeId};
use wasm_bindgen_futures::spawn_local;

/// What was last asked for here.
#[derive(Clone)]
enum Step {
    Rest,
    /// The node is being opened anew.
    Opening,
    /// The trace is in the file of this name.
    Saved(String),
    Failed(LabError),
}

/// The dialog; one for a node that is gone closes.
#[component]
pub(crate) fn TraceDialog(id: NodeId) -> impl IntoView {
    let lab: Lab = expect_context();
    let ui = use_ui();
    let Some(node) = untrack(|| lab.state.node(id)) else {
        ui.dialog.set(None);
        return ().into_any();
    };
    let step = RwSignal::new(Step::Rest);
    let title = Signal::derive(move || fill(t().trace_of, &[&node.title()]));
    view! {
        <Modal title>
            <p class="quiet">{words(|| fill(t().trace_about, &[&(MAX_JOURNAL / 1_000_000)]))}</p>
            <Record node step/>
            <Save node step/>
            <p role="status" data-testid=testid::TRACE_STATE>{words(move || told(node, &step.get()))}</p>
        </Modal>
    }
    .into_any()
}

fn told(node: NodeView, step: &Step) -> String {
    match step {
        Step::Opening => t().moving_working.to_owned(),
        Step::Saved(name) => fill(t().trace_saved, &[name]),
        Step::Failed(error) => in_words(error),
        Step::Rest => match node.trace.get() {
            None => t().trace_rest.to_owned(),
            Some(Recorded { state, bytes }) => {
                let text = match state {
                    Recording::On => t().trace_on,
                    Recording::Stopped => t().trace_stopped,
                    Recording::Failed => t().trace_failed,
                    Recording::Full => t().trace_full,
                };
                fill(text, &[&bytes.div_ceil(1_000)])
            }
        },
    }
}

/// One button with two meanings, so that it keeps the focus.
#[component]
fn Record(node: NodeView, step: RwSignal<Step>) -> impl IntoView {
    let lab: Lab = expect_context();
    let id = node.id;
    let is_on = Memo::new(move |_| {
        node.trace.with(|trace| trace.is_some_and(|recorded| recorded.state == Recording::On))
    });
    let has_one = Memo::new(move |_| node.trace.with(Option::is_some));
    let act = move |_| {
        if is_on.get_untracked() {
            step.set(lab.stop_recording(id).map_or_else(Step::Failed, |()| Step::Rest));
            return;
        }
        step.set(Step::Opening);
        spawn_local(async move {
            let outcome = lab.record(id).await;
            // The dialog may have been closed meanwhile; the node is recorded all the same.
            let _ = step.try_set(outcome.map_or_else(Step::Failed, |()| Step::Rest));
        });
    };
    let says = move || match (is_on.get(), has_one.get()) {
        (true, _) => t().trace_stop,
        (false, true) => t().trace_anew,
        (false, false) => t().trace_record,
    };
    let impossible =
        move || step.with(|step| matches!(step, Step::Opening)) || node.status.with(|status| status.viewer);
    view! {
        <div class="buttons">
            <button
                type="button"
                class="plain"
                data-testid=move || if is_on.get() { testid::TRACE_STOP } else { testid::TRACE_RECORD }
                disabled=holds(impossible)
                on:click=act
            >
                {words(move || says().to_owned())}
            </button>
        </div>
    }
}

/// Saving what there is, for whoever has read what it has in it.
#[component]
fn Save(node: NodeView, step: RwSignal<Step>) -> impl IntoView {
    let lab: Lab = expect_context();
    let knows = RwSignal::new(false);
    let has_one =
        Memo::new(move |_| node.trace.with(|trace| trace.is_some_and(|recorded| recorded.bytes > 0)));
    let save = move |_| {
        let saved = lab.trace(node.id).map(|text| {
            let name = format!("terrarium-{}-{}-{}.trace", lab.name(), node.id, browser::today());
            browser::download(&name, text.as_bytes());
            name
        });
        step.set(saved.map_or_else(Step::Failed, Step::Saved));
    };
    let parts = move || {
        has_one.get().then(|| {
            view! {
                <label class="check">
                    <input type="checkbox" data-testid=testid::TRACE_KEYS bind:checked=knows/>
                    <span>{tr(|t| t.moving_keys)}</span>
                </label>
                <p class="quiet">{tr(|t| t.trace_needs_keys)}</p>
                <div class="buttons">
                    <button
                        type="button"
                        class="primary"
                        data-testid=testid::TRACE_SAVE
                        disabled=holds(move || !knows.get())
                        on:click=save
                    >
                        {tr(|t| t.moving_save)}
                    </button>
                </div>
            }
        })
    };
    part(parts)
}
