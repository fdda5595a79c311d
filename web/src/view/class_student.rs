//! What a student's page shows of the class: what was announced, which name is the own, a button that stops the machine's
//! mining whatever the class does, and the screen that is frozen.

use super::format;
use super::ui::use_ui;
use super::when::When;
use super::words::{IntoViews as _, Part, holds, part, tr, words};
use crate::i18n::{fill, t};
use crate::room::{Link, Room, Said};
use crate::testid;
use leptos::html;
use leptos::prelude::*;
use terrarium_link::room::ClassWish;

/// The student's part of the panel.
#[component]
pub(crate) fn StudentBar(room: Room) -> impl IntoView {
    let class = room.state.class;
    let said = move || {
        let line = |(number, said): (u32, Said)| view! { <li data-number=number.to_string()>{words(move || in_words(&said))}</li> };
        class.said.get().into_iter().map(line).into_views()
    };
    let split = move || {
        let own = room.address().octets();
        class.lesson.with(|lesson| {
            let team = lesson.team_of(own).and_then(|at| lesson.teams.get(at));
            team.map_or_else(String::new, |team| fill(t().class_in_team, &[&team.name]))
        })
    };
    let clock = move || match class.clock_off.get() {
        0 => String::new(),
        seconds => fill(t().class_clock_off, &[&seconds]),
    };
    view! {
        <div class="student-bar">
            <ol class="said" role="log" aria-live="polite" aria-label=tr(|t| t.class_said) data-testid=testid::CLASS_SAID>
                {part(said)}
            </ol>
            <p class="in-team" data-testid=testid::CLASS_TEAM>{words(split)}</p>
            <p class="lost" data-testid=testid::CLASS_CLOCK>{words(clock)}</p>
            <Names room/>
            <StopButton room/>
        </div>
    }
}

/// Stops the mining of this browser, or goes by the class again.
#[component]
fn StopButton(room: Room) -> impl IntoView {
    let halted = room.state.class.halted;
    let act = move |_| if halted.get_untracked() { room.unhalt() } else { room.halt() };
    let word = move || if halted.get() { t().class_go_on } else { t().class_stop };
    view! {
        <button type="button" class="stop" data-testid=testid::CLASS_STOP on:click=act>
            {words(move || word().to_owned())}
        </button>
    }
}

/// The roster, for as long as no name of it is this browser's.
#[component]
fn Names(room: Room) -> impl IntoView {
    let roster = room.state.class.roster;
    let own = room.address().octets();
    let unnamed = Memo::new(move |_| {
        roster.with(|lines| !lines.is_empty() && !lines.iter().any(|line| line.held == Some(own)))
    });
    let is_there = move |address: [u8; 4]| {
        room.state.members.with(|members| members.iter().any(|member| member.address == address))
    };
    let names: Part = part(move || {
        let lines = roster.get().into_iter().enumerate();
        let button = |(at, line): (usize, terrarium_link::room::RosterLine)| {
            let taken = line.held.is_some_and(is_there);
            let pick = move |_| {
                if let Ok(at) = u16::try_from(at) {
                    room.wish(ClassWish::Pick(at));
                }
            };
            view! {
                <button type="button" class="chip" data-testid=testid::CLASS_PICK disabled=taken on:click=pick>
                    {line.name}
                </button>
            }
        };
        lines.map(button).into_views()
    });
    view! {
        <When holds=holds(move || unnamed.get())>
            <p><b>{tr(|t| t.class_who_are_you)}</b></p>
        </When>
        <div class="names" hidden=holds(move || !unnamed.get())>{names}</div>
    }
}

/// Over everything while the teacher has the screens frozen. The button that stops is still there.
#[component]
pub(crate) fn Frozen(room: Room) -> impl IntoView {
    let lesson = room.state.class.lesson;
    // Without the relay nobody could let the screen go again.
    let is_up = move || room.state.link.get() == Link::Up;
    let frozen = Memo::new(move |_| is_up() && lesson.with(|lesson| lesson.frozen));
    let ui = use_ui();
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = element.get() else { return };
        if frozen.get() {
            ui.dialog.set(None);
            if !dialog.open() {
                // It is in the document; there is no other reason to fail.
                let _ = dialog.show_modal();
            }
        } else {
            dialog.close();
        }
    });
    // A browser may close a dialog that its user insists on leaving: it comes back.
    let reopen = move |_| {
        if frozen.get_untracked()
            && let Some(dialog) = element.get_untracked()
        {
            let _ = dialog.show_modal();
        }
    };
    view! {
        <dialog node_ref=element class="frozen" aria-labelledby="frozen-title" data-testid=testid::CLASS_FROZEN
            on:cancel=move |event: web_sys::Event| event.prevent_default() on:close=reopen>
            <h2 id="frozen-title">{tr(|t| t.class_frozen)}</h2>
            <p>{tr(|t| t.class_frozen_about)}</p>
            <StopButton room/>
        </dialog>
    }
}

fn in_words(said: &Said) -> String {
    match said {
        Said::Mining(khs) => fill(t().room_mining, &[khs]),
        Said::NotMining => t().said_not_mining.to_owned(),
        Said::Locked => t().room_locked.to_owned(),
        Said::Unlocked => t().said_unlocked.to_owned(),
        Said::Split(team) => fill(t().said_split, &[team]),
        Said::Whole => t().said_whole.to_owned(),
        Said::Frozen => t().class_frozen.to_owned(),
        Said::Thawed => t().said_thawed.to_owned(),
        Said::Scenario(done, all) => fill(t().said_scenario, &[done, all]),
        Said::Given(coins) => fill(t().said_given, &[&format::coins(*coins)]),
        Said::ScenarioDone => t().said_scenario_done.to_owned(),
        Said::ScenarioFailed(why) => fill(t().said_scenario_failed, &[why]),
    }
}
