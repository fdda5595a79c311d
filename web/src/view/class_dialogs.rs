//! The teacher's dialogs: the roster, a scenario for everybody, a name, a new beginning.

use super::block_time::{BlockTime, first_choice};
use super::class_view::everybody;
use super::confirm::Confirm;
use super::dialog::Modal;
use super::ui::use_ui;
use super::words::{tr, words};
use crate::i18n::{fill, t};
use crate::room::{Room, RosterError, for_node, parse_roster};
use crate::testid;
use leptos::prelude::*;
use terrarium_console::Scenario;
use terrarium_core::interface::NodeId;
use terrarium_link::room::{ClassWish, Label, MAX_NAME_CHARS, MAX_SCENARIO, clean_name};
use web_sys::SubmitEvent;

/// A list to paste.
#[component]
pub(crate) fn RosterDialog(room: Room) -> impl IntoView {
    let ui = use_ui();
    let title = Signal::derive(|| t().class_roster.to_owned());
    let known = room.state.class.roster.get_untracked();
    let known: Vec<String> = known.iter().map(|line| format!("{}\t{}", line.number, line.name)).collect();
    let (text, failed) = (RwSignal::new(known.join("\n")), RwSignal::new(None::<RosterError>));
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        match parse_roster(&text.get_untracked()) {
            Ok(lines) => {
                room.wish(ClassWish::Roster(lines));
                ui.dialog.set(None);
            }
            Err(error) => failed.set(Some(error)),
        }
    };
    let why = move || match failed.get() {
        None => String::new(),
        Some(RosterError::TooMany) => t().roster_too_many.to_owned(),
        Some(RosterError::TooLong(line)) => fill(t().roster_too_long, &[&line]),
        Some(RosterError::NoName(line)) => fill(t().roster_no_name, &[&line]),
        Some(RosterError::Twice(line)) => fill(t().roster_twice, &[&line]),
    };
    view! {
        <Modal title>
            <form class="class-form" on:submit=save>
                <p class="quiet">{tr(|t| t.roster_about)}</p>
                <textarea
                    rows="10"
                    data-testid=testid::ROSTER_TEXT
                    aria-label=tr(|t| t.class_roster)
                    prop:value=text
                    on:input=move |event| text.set(event_target_value(&event))
                ></textarea>
                <p class="failed" role="alert" data-testid=testid::ROSTER_FAILED>{words(why)}</p>
                <div class="buttons">
                    <button type="submit" class="primary" data-testid=testid::ROSTER_SAVE>{tr(|t| t.roster_save)}</button>
                </div>
            </form>
        </Modal>
    }
}

/// A scenario that every page runs.
#[component]
pub(crate) fn ScenarioDialog(room: Room) -> impl IntoView {
    let ui = use_ui();
    let title = Signal::derive(|| t().class_scenario.to_owned());
    let (text, failed) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let push = move |event: SubmitEvent| {
        event.prevent_default();
        let text = text.get_untracked();
        // What no page can read is not sent to thirty.
        match for_node(&text, NodeId(3000)).parse::<Scenario>() {
            Ok(_) if text.len() <= MAX_SCENARIO => {
                room.wish(ClassWish::Scenario(text));
                ui.dialog.set(None);
            }
            Ok(_) => failed.set(Some(t().scenario_too_long.to_owned())),
            Err(error) => failed.set(Some(error.to_string())),
        }
    };
    view! {
        <Modal title>
            <form class="class-form" on:submit=push>
                <p class="quiet">{tr(|t| t.scenario_about)}</p>
                <textarea
                    rows="10"
                    class="mono"
                    data-testid=testid::SCENARIO_TEXT
                    placeholder="terrarium-scenario 1"
                    aria-label=tr(|t| t.class_scenario)
                    prop:value=text
                    on:input=move |event| text.set(event_target_value(&event))
                ></textarea>
                <p class="failed" role="alert" data-testid=testid::SCENARIO_FAILED>
                    {words(move || failed.get().unwrap_or_default())}
                </p>
                <div class="buttons">
                    <button type="submit" class="primary" data-testid=testid::SCENARIO_PUSH>{tr(|t| t.scenario_push)}</button>
                </div>
            </form>
        </Modal>
    }
}

/// Another name for somebody.
#[component]
pub(crate) fn RenameDialog(room: Room, address: [u8; 4]) -> impl IntoView {
    let ui = use_ui();
    let title = Signal::derive(|| t().class_rename.to_owned());
    let known = untrack(|| everybody(room)).into_iter().find(|member| member.address == address);
    let name = RwSignal::new(known.map(|member| member.name).unwrap_or_default());
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        let of = |label: &&Label| label.address == address;
        let hidden = room
            .state
            .class
            .labels
            .with_untracked(|labels| labels.iter().find(of).is_some_and(|label| label.hidden));
        room.wish(ClassWish::Label(Label { address, name: clean_name(&name.get_untracked()), hidden }));
        ui.dialog.set(None);
    };
    view! {
        <Modal title>
            <form class="class-form" on:submit=save>
                <label>
                    {tr(|t| t.class_new_name)}
                    <input
                        data-testid=testid::RENAME_NAME
                        maxlength=MAX_NAME_CHARS.to_string()
                        prop:value=name
                        on:input=move |event| name.set(event_target_value(&event))
                    />
                </label>
                <div class="buttons">
                    <button type="submit" class="primary" data-testid=testid::RENAME_SAVE>{tr(|t| t.class_rename)}</button>
                </div>
            </form>
        </Modal>
    }
}

/// Whether the class is to begin anew, and at which pace.
#[component]
pub(crate) fn ResetDialog(room: Room) -> impl IntoView {
    let beginning = room.state.class.beginning.get_untracked();
    let block_time = RwSignal::new(first_choice(beginning));
    let reset = Callback::new(move |()| room.wish(ClassWish::Reset(block_time.get_untracked())));
    let title = Signal::derive(|| t().class_reset.to_owned());
    let text = Signal::derive(|| t().class_reset_asks.to_owned());
    let yes = Signal::derive(|| t().class_reset_yes.to_owned());
    let about = Signal::derive(|| t().block_time_of_reset);
    let choice = (!room.is_by_hand())
        .then(|| view! { <div class="class-form"><BlockTime chosen=block_time about/></div> });
    view! { <Confirm title text yes on_yes=reset>{choice}</Confirm> }
}
