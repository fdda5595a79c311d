//! What only the teacher's page has: everything that is decided for all.

use super::class_view::{everybody, with_class};
use super::ui::{Dialog, use_ui};
use super::words::{tr, words};
use crate::i18n::{fill, t};
use crate::lab::{Lab, LabError};
use crate::room::{self, CsvWords, Room, overview};
use crate::testid;
use leptos::prelude::*;
use terrarium_core::collections::sort_by_key;
use terrarium_core::interface::CommandError;
use terrarium_core::primitives::Amount;
use terrarium_link::room::{ClassWish, Settings, Team};
use wasm_bindgen_futures::spawn_local;

/// What the teacher may set each node's dial to, in kH/s.
const BUDGETS: [u16; 6] = [1, 2, 5, 10, 20, 32];

/// Into how many teams a class can be split.
const TEAMS: [usize; 3] = [2, 3, 4];

/// The bar of controls.
#[component]
pub(crate) fn ClassControls(room: Room) -> impl IntoView {
    let ui = use_ui();
    let (settings, lesson) = (room.state.settings, room.state.class.lesson);
    let mine = move |_| {
        let now = settings.get_untracked();
        room.set(Settings { mining: !now.mining, ..now });
    };
    let lock = move |_| {
        let now = settings.get_untracked();
        room.set(Settings { locked: !now.locked, ..now });
    };
    let budget = move |event| {
        if let Ok(khs) = event_target_value(&event).parse::<u16>() {
            room.set(Settings { khs, ..settings.get_untracked() });
        }
    };
    let budgets = BUDGETS.map(|khs| {
        let chosen = move || settings.get().khs == khs;
        view! { <option value=khs.to_string() prop:selected=chosen>{fill(t().khs, &[&khs])}</option> }
    });
    let frozen = move || lesson.with(|lesson| lesson.frozen);
    let mine_word = move || if settings.get().mining { t().room_pause_mining } else { t().room_start_mining };
    let lock_word = move || if settings.get().locked { t().room_unlock } else { t().room_lock };
    let freeze_word = move || if frozen() { t().class_thaw } else { t().class_freeze };
    view! {
        <section class="panel class-controls" aria-label=tr(|t| t.class_controls)>
            <div class="buttons">
                <button type="button" class="primary" data-testid=testid::ROOM_MINING on:click=mine>
                    {words(move || mine_word().to_owned())}
                </button>
                <select data-testid=testid::ROOM_BUDGET aria-label=tr(|t| t.hash_power) on:change=budget>{budgets}</select>
                <Splitting room/>
                <button type="button" class="plain" data-testid=testid::CLASS_FREEZE on:click=move |_| room.freeze(!untrack(frozen))>
                    {words(move || freeze_word().to_owned())}
                </button>
            </div>
            <Giving room/>
            <div class="buttons">
                <button type="button" class="plain" data-testid=testid::CLASS_ROSTER on:click=move |_| ui.ask(Dialog::Roster)>
                    {tr(|t| t.class_roster)}
                </button>
                <button type="button" class="plain" data-testid=testid::CLASS_SCENARIO on:click=move |_| ui.ask(Dialog::Scenario)>
                    {tr(|t| t.class_scenario)}
                </button>
                <button type="button" class="plain" data-testid=testid::ROOM_LOCK on:click=lock>
                    {words(move || lock_word().to_owned())}
                </button>
                <button type="button" class="plain" data-testid=testid::CLASS_RESET on:click=move |_| ui.ask(Dialog::ResetClass)>
                    {tr(|t| t.class_reset)}
                </button>
                <a class="plain" download="class.csv" data-testid=testid::ROOM_LIST href=words(move || list(room))>{tr(|t| t.room_list)}</a>
            </div>
        </section>
    }
}

/// The list of the class as an address that can be downloaded.
fn list(room: Room) -> String {
    let t = t();
    let head = [
        t.class_number,
        t.class_student,
        t.class_present,
        t.address,
        t.class_node,
        t.height,
        t.balance,
        t.blocks_found,
    ];
    let csv_words = CsvWords { head, here: t.class_yes, absent: t.class_no };
    let text = with_class(room, |known| room::csv(csv_words, &overview::rows(known), known.roster));
    format!("data:text/csv;charset=utf-8,{}", js_sys::encode_uri_component(&text))
}

/// One button with two meanings: split the class into teams, or join it again.
#[component]
fn Splitting(room: Room) -> impl IntoView {
    let lesson = room.state.class.lesson;
    let is_split = move || lesson.with(|lesson| !lesson.teams.is_empty());
    let count = RwSignal::new(TEAMS[0]);
    let act = move |_| {
        let teams = if untrack(is_split) { Vec::new() } else { teams(room, count.get_untracked()) };
        room.split(teams);
    };
    let word = move || if is_split() { t().class_heal } else { t().class_split };
    let choose = move |event| {
        let chosen = event_target_value(&event);
        if let Some(teams) = TEAMS.into_iter().find(|teams| teams.to_string() == chosen) {
            count.set(teams);
        }
    };
    let options = TEAMS.map(|teams| {
        view! { <option value=teams.to_string()>{words(move || fill(t().class_teams, &[&teams]))}</option> }
    });
    view! {
        <span class="joined">
            <button type="button" class="plain" data-testid=testid::CLASS_SPLIT on:click=act>
                {words(move || word().to_owned())}
            </button>
            <select data-testid=testid::CLASS_TEAMS aria-label=tr(|t| t.class_teams_about) on:change=choose disabled=is_split>
                {options}
            </select>
        </span>
    }
}

/// Everybody in turn to one team after the other, so that they are about equal; the teacher is in the first.
fn teams(room: Room, count: usize) -> Vec<Team> {
    let names = [t().team_red, t().team_blue, t().team_green, t().team_yellow];
    let mut teams: Vec<Team> = names
        .into_iter()
        .take(count)
        .map(|name| Team { name: name.to_owned(), members: Vec::new() })
        .collect();
    let mut members = untrack(|| everybody(room));
    sort_by_key(&mut members, |member| !member.teacher);
    for (at, member) in members.into_iter().enumerate() {
        teams[at % count].members.push(member.address);
    }
    teams
}

/// Coins for everybody, from the teacher's node.
#[component]
fn Giving(room: Room) -> impl IntoView {
    let lab: Lab = expect_context();
    let amount = RwSignal::new("5".to_owned());
    let (busy, said) = (RwSignal::new(false), RwSignal::new(Given::Nothing));
    let give = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Ok(amount) = Amount::parse_coins(amount.get_untracked().trim()) else {
            return said.set(Given::NoAmount);
        };
        busy.set(true);
        spawn_local(async move {
            said.set(give_all(room, lab, amount).await);
            busy.set(false);
        });
    };
    let text = move || match said.get() {
        Given::Nothing => String::new(),
        Given::NoAmount => t().amount_unreadable.to_owned(),
        Given::Paid { paid, without, failed: None } => fill(t().class_given, &[&paid, &without]),
        Given::Paid { paid, failed: Some(why), .. } => fill(t().class_given_in_part, &[&paid, &why]),
    };
    view! {
        <form class="buttons" on:submit=give>
            <label>
                {tr(|t| t.class_give_each)} " "
                <input
                    class="short"
                    inputmode="decimal"
                    data-testid=testid::CLASS_AMOUNT
                    prop:value=amount
                    on:input=move |event| amount.set(event_target_value(&event))
                />
            </label>
            <button type="submit" class="plain" data-testid=testid::CLASS_GIVE disabled=busy>
                {tr(|t| t.class_give)}
            </button>
            <span class="quiet" role="status" data-testid=testid::CLASS_GIVEN>{words(text)}</span>
        </form>
    }
}

/// What came of giving coins out.
#[derive(Clone)]
enum Given {
    Nothing,
    NoAmount,
    /// So many were paid; so many have no address; why it went no further.
    Paid {
        paid: usize,
        without: usize,
        failed: Option<String>,
    },
}

/// Pays every student, each with a payment of its own; the first that fails ends it.
async fn give_all(room: Room, lab: Lab, amount: Amount) -> Given {
    let own = room.address().octets();
    let rows = untrack(|| with_class(room, overview::rows));
    let students = rows.into_iter().filter(|row| row.address != own);
    let addresses: Vec<Option<String>> = students.map(|row| row.node.and_then(|node| node.address)).collect();
    let mut without = addresses.iter().filter(|address| address.is_none()).count();
    let payer = lab.nodes(|nodes| nodes.keys().next().copied());
    let (mut paid, mut failed) = (0, None);
    for address in addresses.into_iter().flatten() {
        let Some(payer) = payer else { break };
        match room::pay(lab, payer, address, amount).await {
            Ok(()) => paid += 1,
            // What a student's page calls its address nobody has checked.
            Err(LabError::Command(CommandError::InvalidRecipient)) => without += 1,
            Err(error) => {
                failed = Some(super::refusal::in_words(&error));
                break;
            }
        }
    }
    if paid > 0 {
        room.wish(ClassWish::Given(amount.to_sat().unsigned_abs()));
    }
    Given::Paid { paid, without, failed }
}
