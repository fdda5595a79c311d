//! The class on the projector: who is there with what their pages tell, how far they agree, and how they are connected.

use super::class_map::ClassMap;
use super::each::Each;
use super::format;
use super::ui::{Dialog, use_ui};
use super::words::{IntoViews as _, holds, part, tr, words};
use crate::i18n::{fill, t};
use crate::room::overview::{self, Known, Row, Trouble};
use crate::room::{self, Member, NodeReport, Path, Room};
use crate::testid;
use leptos::prelude::*;
use std::net::Ipv4Addr;
use terrarium_core::collections::sort_by_key;
use terrarium_link::room::{Label, clean_name};

/// What is known of the class, for `f`.
pub(super) fn with_class<T>(room: Room, f: impl FnOnce(Known<'_>) -> T) -> T {
    let class = room.state.class;
    let members = everybody(room);
    class.reports.with(|reports| {
        class.roster.with(|roster| {
            class.labels.with(|labels| {
                class.lesson.with(|lesson| f(Known { members: &members, reports, roster, labels, lesson }))
            })
        })
    })
}

/// Everybody in the room, this browser too.
pub(super) fn everybody(room: Room) -> Vec<Member> {
    let (address, teacher) = (room.address().octets(), room.is_teacher());
    let name = room.state.class.called.get().unwrap_or_else(|| clean_name(&room::own_name()));
    let own = Member { address, teacher, name, nodes: Vec::new() };
    let mut members = room.state.members.get();
    members.push(own);
    sort_by_key(&mut members, |member| member.address);
    members
}

/// Table and map of the class.
#[component]
pub(crate) fn ClassView(room: Room) -> impl IntoView {
    let rows = Memo::new(move |_| with_class(room, overview::rows));
    let tips = Memo::new(move |_| room.state.class.reports.with(overview::tips));
    let count = move || tips.with(|tips| tips.iter().map(|tip| tip.nodes).sum::<usize>());
    let agreement = move || {
        tips.with(|tips| match tips.as_slice() {
            [] => t().class_no_tips.to_owned(),
            [tip] => {
                fill(t().class_agrees, &[&tip.nodes, &tip.height, &format::short(&tip.hash.to_string())])
            }
            tips => fill(t().class_differs, &[&tips.len(), &count()]),
        })
    };
    let forked = holds(move || tips.with(|tips| tips.len() > 1));
    let swatches = move || {
        let swatch = |tip: overview::Tip| {
            let hash = tip.hash.to_string();
            view! {
                <span class="tip">
                    <span class="swatch" style=format::hue_style(&hash)></span>
                    <span class="mono">{format!("{} {}", tip.height, format::short(&hash))}</span>
                    " × "
                    <b>{tip.nodes.to_string()}</b>
                </span>
            }
        };
        tips.get().into_iter().take(6).map(swatch).into_views()
    };
    let found = move || {
        let found = with_class(room, overview::last_found);
        found.map_or_else(String::new, |(height, hash, name)| {
            let name = name.unwrap_or_else(|| t().class_somebody.to_owned());
            fill(t().class_last_block, &[&height, &format::short(&hash.to_string()), &name])
        })
    };
    let absent = move || {
        let names = with_class(room, overview::absent);
        if names.is_empty() {
            String::new()
        } else {
            fill(t().class_absent, &[&names.len(), &names.join(" ")])
        }
    };
    view! {
        <section class="panel class-view" data-testid=testid::CLASS_VIEW>
            <h2>
                <span>{words(move || fill(t().class_here, &[&rows.with(Vec::len)]))}</span>
                <span class="agrees" class:forked=forked role="status" data-testid=testid::CLASS_AGREEMENT>
                    {words(agreement)}
                </span>
                <span class="grow"></span>
                <span data-testid=testid::CLASS_LAST_BLOCK>{words(found)}</span>
            </h2>
            <p class="tips">{part(swatches)}</p>
            <div class="class-body">
                <div class="class-scroll" tabindex="0" role="group" aria-label=tr(|t| t.class_table)>
                    <Table room rows/>
                </div>
                <ClassMap rows/>
            </div>
            <p class="quiet" data-testid=testid::CLASS_ABSENT>{words(absent)}</p>
            <p class="quiet">{tr(|t| t.class_as_told)}</p>
        </section>
    }
}

#[component]
fn Table(room: Room, rows: Memo<Vec<Row>>) -> impl IntoView {
    view! {
        <table class="class-table">
            <thead>
                <tr>
                    <th>{tr(|t| t.class_student)}</th>
                    <th>{tr(|t| t.class_node)}</th>
                    <th>{tr(|t| t.height)}</th>
                    <th class="number">{tr(|t| t.hash_power)}</th>
                    <th class="number">{tr(|t| t.balance)}</th>
                    <th class="number">{tr(|t| t.blocks_found)}</th>
                    <th>{tr(|t| t.peers)}</th>
                    <th></th>
                </tr>
            </thead>
            <tbody data-testid=testid::ROOM_MEMBERS>
                <Each each=move || rows.get() key=|row| Ipv4Addr::from(row.address) let:row>
                    {line(room, rows, row.address)}
                </Each>
            </tbody>
        </table>
    }
}

/// A row, which stays as what it shows changes.
fn line(room: Room, rows: Memo<Vec<Row>>, address: [u8; 4]) -> AnyView {
    let row = Memo::new(move |_| rows.with(|rows| rows.iter().find(|row| row.address == address).cloned()));
    let show =
        move |f: fn(&Row) -> String| words(move || row.with(|row| row.as_ref().map(f).unwrap_or_default()));
    let node = move |f: fn(&NodeReport) -> String| {
        words(move || {
            row.with(|row| row.as_ref().and_then(|row| row.node.as_ref()).map(f).unwrap_or_default())
        })
    };
    let tip = move || row.with(|row| row.as_ref()?.node.as_ref()?.tip.map(|tip| tip.to_string()));
    let swatch =
        move || tip().map(|tip| view! { <span class="swatch" style=format::hue_style(&tip)></span> });
    let tail = move || tip().map(|tip| format::short(&tip)).unwrap_or_default();
    let troubled =
        holds(move || row.with(|row| row.as_ref().is_some_and(|row| row.trouble != Trouble::None)));
    let hidden = move || row.with(|row| row.as_ref().is_some_and(|row| row.hidden));
    let is_teacher = row.with_untracked(|row| row.as_ref().is_some_and(|row| row.teacher));
    let team =
        move || row.with(|row| row.as_ref().and_then(|row| row.team).map(|team| format!("team team-{team}")));
    view! {
        <tr>
            <td>
                {part(move || team().map(|class| view! { <i class=class></i> }))}
                <b class:hidden-name=hidden>{show(named)}</b>
                <span class="quiet">{show(|row| row.number.clone())}</span>
                <span class="trouble" class:troubled=troubled>{show(|row| trouble(row.trouble))}</span>
            </td>
            <td class="mono">{node(|node| node.id.to_string())}</td>
            <td>
                {part(swatch)}
                <span class="mono">{node(|node| node.height.to_string())} " " {words(tail)}</span>
            </td>
            <td class="number">{node(|node| fill(t().khs, &[&format::khs(f64::from(node.rate) / 1_000.0)]))}</td>
            <td class="number">{show(|row| format::coins(row.balance))}</td>
            <td class="number">{show(|row| row.found.to_string())}</td>
            <td>{node(paths)}</td>
            <td class="acts">{(!is_teacher).then(|| acts(room, address, row))}</td>
        </tr>
    }
    .into_any()
}

fn named(row: &Row) -> String {
    if row.teacher { fill(t().room_teacher, &[&row.name]) } else { row.name.clone() }
}

/// Connections by the path that they take.
fn paths(node: &NodeReport) -> String {
    let count = |wanted: Path| node.peers.iter().filter(|(_, path)| *path == wanted).count();
    let words = [
        (count(Path::Relay), t().class_by_relay),
        (count(Path::Direct), t().class_direct),
        (count(Path::Own), t().class_in_browser),
    ];
    let words = words.into_iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = words.map(|(count, text)| fill(text, &[&count])).collect();
    if words.is_empty() { "0".to_owned() } else { words.join(" · ") }
}

/// What is wrong, with what to do.
fn trouble(trouble: Trouble) -> String {
    match trouble {
        Trouble::None => String::new(),
        Trouble::Silent => t().trouble_silent.to_owned(),
        Trouble::Failed => t().trouble_failed.to_owned(),
        Trouble::Stopped => t().trouble_stopped.to_owned(),
        Trouble::Hidden => t().trouble_hidden.to_owned(),
        Trouble::ClockOff(seconds) => fill(t().trouble_clock, &[&seconds]),
    }
}

/// What the teacher can do with somebody.
fn acts(room: Room, address: [u8; 4], row: Memo<Option<Row>>) -> impl IntoView {
    let ui = use_ui();
    let hidden = move || row.with(|row| row.as_ref().is_some_and(|row| row.hidden));
    let hide = move |_| {
        let is = untrack(hidden);
        let name = room.state.class.labels.with_untracked(|labels| {
            let label = labels.iter().find(|label| label.address == address);
            label.map(|label| label.name.clone()).unwrap_or_default()
        });
        room.wish(terrarium_link::room::ClassWish::Label(Label { address, name, hidden: !is }));
    };
    let hide_word = move || if hidden() { t().class_show } else { t().class_hide };
    view! {
        <button type="button" class="plain" data-testid=testid::CLASS_RENAME on:click=move |_| ui.ask(Dialog::Rename(address))>
            {tr(|t| t.class_rename)}
        </button>
        <button type="button" class="plain" data-testid=testid::CLASS_HIDE on:click=hide>
            {words(move || hide_word().to_owned())}
        </button>
        <button type="button" class="plain" data-testid=testid::ROOM_REMOVE on:click=move |_| room.remove(address)>
            {tr(|t| t.room_remove)}
        </button>
    }
}
