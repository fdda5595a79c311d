//! Moving house: the lab goes into a file, and a file becomes the lab.

use super::dialog::Modal;
use super::refusal::moving_in_words;
use super::ui::use_ui;
use super::words::{part, tr, words};
use crate::i18n::{fill, t};
use crate::lab::Lab;
use crate::lab::lab_file::LabFile;
use crate::lab::moving::{self, Keys, MovingError};
use crate::{browser, testid};
use leptos::html;
use leptos::prelude::*;
use std::sync::Arc;
use wasm_bindgen_futures::spawn_local;

/// How far it has come.
#[derive(Clone)]
enum Step {
    Rest,
    Working,
    /// The lab is in the file of this name.
    Saved(String),
    /// Whoever saved it asks to clear it, which is to be agreed to.
    Clearing,
    /// A file of this name was chosen, which takes the lab's place once that is agreed to.
    Chosen(String, Arc<LabFile>),
    /// The file of this name is the lab now.
    Opened(String),
    /// The browser could not read what was chosen.
    Unread,
    Failed(MovingError),
}

/// The dialog.
#[component]
pub(crate) fn Moving() -> impl IntoView {
    let step = RwSignal::new_local(Step::Rest);
    let title = Signal::derive(|| t().moving.to_owned());
    view! {
        <Modal title>
            <Save step/>
            <Open step/>
            <p role="status" data-testid=testid::MOVING_STATE>{words(move || step.with(told))}</p>
        </Modal>
    }
}

fn told(step: &Step) -> String {
    match step {
        Step::Rest | Step::Chosen(..) => String::new(),
        Step::Working => t().moving_working.to_owned(),
        Step::Clearing => t().new_network_asks.to_owned(),
        Step::Saved(name) => fill(t().moving_saved, &[name]),
        Step::Opened(name) => fill(t().moving_opened, &[name]),
        Step::Unread => t().moving_unread.to_owned(),
        Step::Failed(error) => moving_in_words(error),
    }
}

fn is_working(step: RwSignal<Step, LocalStorage>) -> bool {
    step.with(|step| matches!(step, Step::Working))
}

/// Saving, and clearing what was saved.
#[component]
fn Save(step: RwSignal<Step, LocalStorage>) -> impl IntoView {
    let lab: Lab = expect_context();
    let with_keys = RwSignal::new(false);
    let save = move |_| {
        let keys = if with_keys.get_untracked() { Keys::With } else { Keys::Without };
        step.set(Step::Working);
        spawn_local(async move {
            let outcome = moving::save(lab, keys).await.map(|file| {
                let name = file_name(&lab.name());
                browser::download(&name, &file.to_bytes());
                name
            });
            // The dialog may have been closed meanwhile; the file is saved all the same.
            let _ = step.try_set(outcome.map_or_else(Step::Failed, Step::Saved));
        });
    };
    // The button stays, and keeps the focus, while what it says changes.
    let is_saved = Memo::new(move |_| step.with(|step| matches!(step, Step::Saved(_) | Step::Clearing)));
    let asks = move || step.with(|step| matches!(step, Step::Clearing));
    let clear = move |_| {
        if untrack(asks) {
            spawn_local(async move { lab.new_network().await });
        } else {
            step.set(Step::Clearing);
        }
    };
    let button = move || {
        is_saved.get().then(|| {
            view! {
                <button type="button" class="danger" data-testid=testid::MOVING_CLEAR on:click=clear>
                    {words(move || if asks() { t().new_network_yes } else { t().moving_clear }.to_owned())}
                </button>
            }
        })
    };
    view! {
        <p class="quiet">{tr(|t| t.moving_save_about)}</p>
        <label class="check">
            <input type="checkbox" data-testid=testid::MOVING_KEYS bind:checked=with_keys/>
            <span>{tr(|t| t.moving_keys)}</span>
        </label>
        <div class="buttons">
            {part(button)}
            <button
                type="button"
                class="primary"
                data-testid=testid::MOVING_SAVE
                disabled=move || is_working(step)
                on:click=save
            >
                {tr(|t| t.moving_save)}
            </button>
        </div>
    }
}

/// Choosing a file, and agreeing to what it replaces.
#[component]
fn Open(step: RwSignal<Step, LocalStorage>) -> impl IntoView {
    let lab: Lab = expect_context();
    let ui = use_ui();
    let input = NodeRef::<html::Input>::new();
    let choose = move |_| {
        let Some(input) = input.get_untracked() else { return };
        spawn_local(async move {
            let Some((name, bytes)) = browser::chosen_file(&input).await else { return };
            let chosen = match bytes.map(|bytes| LabFile::from_bytes(&bytes, browser::now_ms())) {
                None => Step::Unread,
                Some(Ok(file)) => Step::Chosen(name, Arc::new(file)),
                Some(Err(error)) => Step::Failed(error.into()),
            };
            let _ = step.try_set(chosen);
        });
    };
    let open = move |_| {
        let Step::Chosen(name, file) = step.get_untracked() else { return };
        step.set(Step::Working);
        spawn_local(async move {
            let outcome = moving::open(lab, &file).await;
            // A payment of the lab that was here.
            ui.followed.set(None);
            let _ = step.try_set(outcome.map_or_else(Step::Failed, |()| Step::Opened(name)));
        });
    };
    let agree = move || {
        let name =
            step.with(|step| if let Step::Chosen(name, _) = step { Some(name.clone()) } else { None })?;
        Some(view! {
            <div class="buttons">
                <button type="button" class="danger" data-testid=testid::MOVING_OPEN on:click=open>
                    {words(move || fill(t().moving_open, &[&name]))}
                </button>
            </div>
        })
    };
    view! {
        <p class="quiet">{tr(|t| t.moving_open_about)}</p>
        <input
            node_ref=input
            type="file"
            accept=".lab"
            aria-label=tr(|t| t.moving_choose)
            data-testid=testid::MOVING_FILE
            disabled=move || is_working(step)
            on:change=choose
        />
        {part(agree)}
    }
}

/// `terrarium-first-2026-11-27.lab`
fn file_name(lab: &str) -> String {
    format!("terrarium-{lab}-{}.lab", browser::today())
}
