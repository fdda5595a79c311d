//! The class: a room of the relay that serves this page. Opening one, joining one, and who is there.

use super::block_time::BlockTime;
use super::class_controls::ClassControls;
use super::class_student::StudentBar;
use super::class_view::{ClassView, everybody};
use super::dialog::Modal;
use super::words::{IntoViews as _, Part, part, tr, words};
use crate::i18n::{fill, t};
use crate::lab::scene::Scene;
use crate::room::{self, Failure, Link, Member, Room};
use crate::testid;
use leptos::prelude::*;
use std::net::Ipv4Addr;
use terrarium_link::room::{
    BLOCK_TIME, Beginning, End, MAX_NAME_CHARS, Refusal, RoomCode, Settings, clean_name,
};
use wasm_bindgen_futures::spawn_local;
use web_sys::SubmitEvent;

/// What a page in a room shows above everything else: the code, for the projector, and who is there.
#[component]
pub(crate) fn ClassPanel(room: Room) -> impl IntoView {
    let code = room.code;
    let state = room.state;
    let link = move || room::invitation(code, &state.urls.get());
    let picture = words(move || format!("qr.svg?text={}", js_sys::encode_uri_component(&link())));
    let own = room.address();
    let standing = words(move || standing(state.link.get(), own));
    let lost = move || state.link.get() != Link::Up;
    let role = if room.is_teacher() { testid::ROOM_TEACHER } else { testid::ROOM_STUDENT };
    view! {
        <section class="class-panel" class:student=!room.is_teacher() data-testid=role>
            <div class="invitation">
                <p class="quiet">{tr(|t| t.room_code)}</p>
                <p class="room-code" data-testid=testid::ROOM_CODE>{code.to_string()}</p>
                <p><a href=words(link) data-testid=testid::ROOM_LINK>{words(link)}</a></p>
            </div>
            {room.is_teacher().then(|| view! { <img class="qr" src=picture alt=tr(|t| t.room_qr) data-testid=testid::ROOM_QR/> })}
            <div class="who">
                <p class:lost=lost role="status" data-testid=testid::ROOM_STANDING>{standing}</p>
                {(!room.is_teacher()).then(|| view! { <ul data-testid=testid::ROOM_MEMBERS>{members(room)}</ul> })}
                <p class="quiet" data-testid=testid::ROOM_MINING_STATE>{words(move || mining(state.settings.get()))}</p>
                <p class="quiet" data-testid=testid::ROOM_BLOCK_TIME>{words(move || block_time(state.class.beginning.get()))}</p>
                <p class="quiet">{tr(|t| t.room_own_waits)}</p>
                <button type="button" class="plain" data-testid=testid::ROOM_LEAVE on:click=|_| room::leave()>
                    {tr(|t| t.room_leave)}
                </button>
            </div>
            {(!room.is_teacher()).then(|| view! { <StudentBar room/> })}
        </section>
        {room.is_teacher().then(|| view! { <ClassControls room/> <ClassView room/> })}
    }
}

fn members(room: Room) -> Part {
    part(move || {
        let own = room.address().octets();
        let members = everybody(room);
        let item = |member: Member| {
            let is_own = member.address == own;
            view! { <li class:own=is_own>{described(&member, is_own)}</li> }
        };
        members.into_iter().map(item).into_views()
    })
}

/// What everybody is told of mining.
fn mining(settings: Settings) -> String {
    let text = if settings.mining { t().room_mining } else { t().room_not_mining };
    fill(text, &[&settings.khs])
}

/// What everybody is told of the chain's pace.
fn block_time(beginning: Option<Beginning>) -> String {
    beginning.map_or_else(String::new, |beginning| fill(t().room_block_time, &[&beginning.block_time]))
}

/// A member in words: its name, else its address; what it is; its nodes.
fn described(member: &Member, is_own: bool) -> String {
    let mut text = match member.name.as_str() {
        "" => Ipv4Addr::from(member.address).to_string(),
        name => name.to_owned(),
    };
    if member.teacher {
        text = fill(t().room_teacher, &[&text]);
    }
    if is_own {
        text = fill(t().room_you, &[&text]);
    }
    let nodes: Vec<String> = member.nodes.iter().map(|node| node.port.to_string()).collect();
    if nodes.is_empty() { text } else { format!("{text} · {}", nodes.join(" ")) }
}

fn standing(link: Link, own: Ipv4Addr) -> String {
    match link {
        Link::Up => fill(t().room_up, &[&own]),
        Link::Lost(Some(Failure::Refused(reason))) => refusal(reason).to_owned(),
        Link::Lost(_) => t().room_lost.to_owned(),
        Link::Closed(reason) => refusal(reason).to_owned(),
        Link::Ended(End::Replaced) => t().room_other_tab.to_owned(),
        Link::Ended(End::Removed) => t().room_removed.to_owned(),
        Link::Ended(_) => t().room_closed.to_owned(),
    }
}

fn failure_text(failure: Failure) -> &'static str {
    match failure {
        Failure::Unreachable => t().room_unreachable,
        Failure::Refused(reason) => refusal(reason),
    }
}

fn refusal(reason: Refusal) -> &'static str {
    match reason {
        Refusal::Version | Refusal::Malformed => t().other_build,
        Refusal::NoRoom => t().room_unknown,
        Refusal::TooManyTries => t().room_too_many_tries,
        Refusal::RoomFull => t().room_full,
        Refusal::RelayFull => t().room_relay_full,
        Refusal::OtherTab => t().room_other_tab,
        Refusal::Locked => t().room_locked,
    }
}

/// The dialog: a code to join, or a class of one's own.
#[component]
pub(crate) fn ClassDialog(scene: Scene) -> impl IntoView {
    let title = Signal::derive(|| t().class.to_owned());
    let (code, name) = (RwSignal::new(String::new()), RwSignal::new(room::own_name()));
    let (failed, busy) = (RwSignal::new(None::<Refused>), RwSignal::new(false));
    let (by_hand, block_time) = (scene.network().is_none(), RwSignal::new(BLOCK_TIME));
    let enter = move |first: terrarium_link::room::ToRelay| {
        room::remember_name(&clean_name(&name.get_untracked()));
        busy.set(true);
        failed.set(None);
        spawn_local(async move {
            match room::enter(first).await {
                Ok(code) => room::go_to(code),
                Err(failure) => {
                    let _ = failed.try_set(Some(Refused::Relay(failure)));
                    let _ = busy.try_set(false);
                }
            }
        });
    };
    let join = move |event: SubmitEvent| {
        event.prevent_default();
        match code.get_untracked().parse::<RoomCode>() {
            Ok(code) => enter(room::joining(code, name.get_untracked())),
            Err(_) => failed.set(Some(Refused::NoCode)),
        }
    };
    let open = move |_| enter(room::creation(by_hand, block_time.get_untracked(), name.get_untracked()));
    let why = move || match failed.get() {
        None => String::new(),
        Some(Refused::NoCode) => t().room_no_code.to_owned(),
        Some(Refused::Relay(failure)) => failure_text(failure).to_owned(),
    };
    view! {
        <Modal title>
            <form class="class-form" on:submit=join>
                <p class="quiet">{tr(|t| t.class_leaves)}</p>
                <label>
                    {tr(|t| t.class_name)}
                    <input
                        data-testid=testid::CLASS_NAME
                        maxlength=MAX_NAME_CHARS.to_string()
                        prop:value=name
                        on:input=move |event| name.set(event_target_value(&event))
                    />
                </label>
                <label>
                    {tr(|t| t.room_code)}
                    <input
                        class="code"
                        data-testid=testid::CLASS_CODE
                        autocomplete="off"
                        prop:value=code
                        on:input=move |event| code.set(event_target_value(&event))
                    />
                </label>
                {(!by_hand).then(|| view! { <BlockTime chosen=block_time about=Signal::derive(|| t().block_time_of_new)/> })}
                <p class="failed" role="alert" data-testid=testid::CLASS_FAILED>{words(why)}</p>
                <div class="buttons">
                    <button type="submit" class="primary" data-testid=testid::CLASS_JOIN disabled=busy>
                        {tr(|t| t.class_join)}
                    </button>
                    <button type="button" class="plain" data-testid=testid::CLASS_OPEN disabled=busy on:click=open>
                        {tr(|t| t.class_open)}
                    </button>
                </div>
            </form>
        </Modal>
    }
}

/// Why the dialog's wish was not granted.
#[derive(Clone, Copy)]
enum Refused {
    NoCode,
    Relay(Failure),
}

/// The whole page where the room of its address cannot be entered.
#[component]
pub(crate) fn NoRoom(failure: Failure) -> impl IntoView {
    view! {
        <main class="no-room">
            <h1>{tr(|t| t.class)}</h1>
            <p role="alert" data-testid=testid::ROOM_REFUSED>{words(move || failure_text(failure).to_owned())}</p>
            <button type="button" class="primary" data-testid=testid::RELOAD on:click=|_| crate::browser::reload()>
                {tr(|t| t.reload)}
            </button>
            <button type="button" class="plain" data-testid=testid::ROOM_LEAVE on:click=|_| room::leave()>
                {tr(|t| t.room_leave)}
            </button>
        </main>
    }
}
