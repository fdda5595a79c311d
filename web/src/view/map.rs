//! The network map: nodes, links, cuts, and what travels; beneath it the live log, its twin in words.

use super::circle::on_circle;
use super::each::Each;
use super::focus;
use super::format;
use super::warning;
use super::words::{holds, part, tr, words};
use crate::i18n::{fill, t};
use crate::lab::Lab;
use crate::lab::state::{NodeView, name_of};
use crate::lab::traffic::{Cargo, Flight, Line, News};
use crate::{browser, testid};
use leptos::html;
use leptos::prelude::*;
use terrarium_core::collections::BTreeSet;
use terrarium_core::interface::NodeId;

/// The drawing's size.
const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 290.0;

/// Nearer to its end than this, in CSS pixels, the live log follows what comes.
const NEAR_THE_END: i32 = 30;

/// How far along a link its padlock stands.
const LOCK_AT: f64 = 0.36;

/// A place on the map.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    x: f64,
    y: f64,
}

/// Map and live log.
#[component]
pub(crate) fn NetworkMap() -> impl IntoView {
    let lab: Lab = expect_context();
    let rate = message_rate(lab);
    view! {
        <section class="panel map" data-testid=testid::MAP>
            <h2>
                <span>{tr(|t| t.network)}</span>
                <span class="grow"></span>
                <span class="figure">{words(move || fill(t().messages_a_second, &[&rate.get()]))}</span>
            </h2>
            <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="group" aria-label=tr(|t| t.map_about)>
                <Links/>
                <Flights/>
                <Nodes/>
            </svg>
            <LiveLog/>
        </section>
    }
}

/// Where each node stands: four on a diamond as in the first scene, more on an ellipse, from the top.
fn places(nodes: &[NodeId]) -> Vec<(NodeId, Point)> {
    let order: Vec<usize> = match nodes.len() {
        // Top, left, right, bottom.
        4 => vec![0, 3, 1, 2],
        3 => vec![0, 2, 1],
        n => (0..n).collect(),
    };
    let (rx, ry) = if nodes.len() > 6 { (176.0, 96.0) } else { (148.0, 90.0) };
    let count = nodes.len().max(1) as f64;
    nodes
        .iter()
        .zip(order)
        .map(|(&id, step)| {
            let (cos, sin) = on_circle(step as f64 / count - 0.25);
            (id, Point { x: WIDTH / 2.0 + rx * cos, y: HEIGHT / 2.0 - 4.0 + ry * sin })
        })
        .collect()
}

fn place_of(lab: &Lab, id: NodeId) -> Option<Point> {
    let ids: Vec<NodeId> = lab.state.nodes.with(|nodes| nodes.iter().map(|node| node.id).collect());
    places(&ids).into_iter().find(|(other, _)| *other == id).map(|(_, at)| at)
}

#[component]
fn Links() -> impl IntoView {
    let lab: Lab = expect_context();
    let focused = RwSignal::new(None);
    // A cut link has no connection any more; those that were cut one by one, or were seen before the cut, stay on the map
    // until it heals, and the one that has the focus for as long as it has it: what was healed takes a moment to connect
    // again.
    let links = Memo::new(move |before: Option<&BTreeSet<(NodeId, NodeId)>>| {
        let mut links = lab.state.connections();
        let cut = |&&(a, b): &&(NodeId, NodeId)| lab.state.links.with(|links| links.is_cut(a, b));
        links.extend(before.into_iter().flatten().filter(cut).copied());
        let is_shown = |id: &NodeId| lab.state.node(*id).is_some();
        lab.state.links.with(|all| {
            links.extend(all.cut_singly().filter(|(a, b)| is_shown(a) && is_shown(b)));
        });
        let is_there = |id: &NodeId| lab.state.node(*id).is_some_and(|node| node.is_running());
        links.extend(focused.get().filter(|(a, b)| is_there(a) && is_there(b)));
        links
    });
    view! {
        <Each each=move || links.get() key=|link| *link let:link>
            {link_line(lab, link, focused)}
        </Each>
    }
}

/// A link, which a click cuts or heals; `focused` is told when it gets and loses the focus.
fn link_line(lab: Lab, (a, b): (NodeId, NodeId), focused: RwSignal<Option<(NodeId, NodeId)>>) -> AnyView {
    let cut = Memo::new(move |_| lab.state.links.with(|links| links.is_cut(a, b)));
    let ends = Memo::new(move |_| Some((place_of(&lab, a)?, place_of(&lab, b)?)));
    let path = move || {
        let path =
            ends.get().map(|(from, to)| format!("M{:.1} {:.1}L{:.1} {:.1}", from.x, from.y, to.x, to.y));
        path.unwrap_or_default()
    };
    let mark = move || {
        let (from, to) = ends.get().filter(|_| cut.get())?;
        let at = format!("translate({:.1} {:.1})", (from.x + to.x) / 2.0, (from.y + to.y) / 2.0);
        Some(view! {
            <g class="cut-mark" transform=at>
                <circle r="9"></circle>
                <path d="M-4 -4L4 4M4 -4L-4 4"></path>
            </g>
        })
    };
    let encrypted = Memo::new(move |_| !cut.get() && lab.state.is_encrypted(a, b));
    let lock = move || {
        let (from, to) = ends.get().filter(|_| encrypted.get())?;
        // Not in the middle, where the lines of a small network cross.
        let along = |from: f64, to: f64| from + (to - from) * LOCK_AT;
        let at = format!("translate({:.1} {:.1})", along(from.x, to.x), along(from.y, to.y));
        Some(view! {
            <g class="link-lock" transform=at>
                <path d="M-2.5 -1V-3.5a2.5 2.5 0 0 1 5 0V-1"></path>
                <rect x="-4" y="-1" width="8" height="6" rx="1.5"></rect>
            </g>
        })
    };
    let act = move || lab.toggle_link(a, b);
    let label = move || {
        let act = fill(if cut.get() { t().heal_link } else { t().cut_link }, &[&a, &b]);
        if encrypted.get() { format!("{act} · {}", t().encrypted_link) } else { act }
    };
    view! {
        <g
            class="map-link"
            role="button"
            tabindex="0"
            aria-label=words(label)
            data-testid=testid::MAP_LINK
            data-link=format!("{a}-{b}")
            data-cut=words(move || cut.get().to_string())
            data-encrypted=words(move || encrypted.get().to_string())
            on:click=move |_| act()
            on:keydown=move |event| on_press(&event, act)
            on:focus=move |_| focused.set(Some((a, b)))
            on:blur=move |_| focused.set(None)
        >
            <title>{words(label)}</title>
            <path class="link-reach" d=words(path)></path>
            <path class="link-line" class:cut=cut d=words(path)></path>
            {part(lock)}
            {part(mark)}
        </g>
    }
    .into_any()
}

/// Enter and the space bar press what has the focus, as they do for buttons.
fn on_press(event: &web_sys::KeyboardEvent, act: impl Fn()) {
    if event.key() == "Enter" || event.key() == " " {
        event.prevent_default();
        act();
    }
}

#[component]
fn Nodes() -> impl IntoView {
    let lab: Lab = expect_context();
    view! {
        <Each each=move || lab.state.nodes.get() key=|node| node.id let:node>
            <MapNode node/>
        </Each>
    }
}

#[component]
fn MapNode(node: NodeView) -> impl IntoView {
    let lab: Lab = expect_context();
    let place = Memo::new(move |_| place_of(&lab, node.id));
    let at = move || place.get().map(|at| format!("translate({:.1} {:.1})", at.x, at.y));
    let above = move || place.get().is_none_or(|at| at.y < HEIGHT * 0.7);
    let tip = Memo::new(move |_| node.tip().map(|tip| tip.to_string()));
    let ring = move || tip.with(|tip| tip.as_deref().map(format::hue_style));
    let label = move || {
        let role = super::role::role_word(super::role::present_role(node));
        let name = name_of(node.id);
        if name.is_empty() { role.to_owned() } else { format!("{name} · {role}") }
    };
    let running = Memo::new(move |_| node.is_running());
    let go = move || reveal_card(node.id);
    view! {
        <g
            class="map-node"
            class:idle=holds(move || !running.get())
            class:chainless=holds(move || tip.with(Option::is_none))
            transform=at
            style=ring
            role="button"
            tabindex="0"
            aria-label=words(move || format!("{} {}", node.title(), label()))
            data-testid=testid::MAP_NODE
            data-node=node.id.to_string()
            on:click=move |_| go()
            on:keydown=move |event| on_press(&event, go)
        >
            <circle r="27"></circle>
            <text class="mono" y="4.5">{node.id.to_string()}</text>
            <text class="name" y=move || if above() { "-36" } else { "45" }>{label}</text>
        </g>
    }
}

/// Brings a node's card into sight.
fn reveal_card(id: NodeId) {
    if let Some(card) = document().get_element_by_id(&format!("node-{id}")) {
        card.scroll_into_view();
        focus::give(Some(card));
    }
}

#[component]
fn Flights() -> impl IntoView {
    let lab: Lab = expect_context();
    if browser::wants_less_motion() {
        // The live log tells the same without motion.
        return ().into_any();
    }
    let flights =
        move || lab.state.traffic.with(|traffic| traffic.flights.iter().cloned().collect::<Vec<_>>());
    view! {
        <Each each=flights key=|flight| flight.number let:flight>
            {flying(&lab, flight)}
        </Each>
    }
    .into_any()
}

fn flying(lab: &Lab, flight: Flight) -> Option<AnyView> {
    let (from, to) = untrack(|| Some((place_of(lab, flight.from)?, place_of(lab, flight.to)?)))?;
    let subject = flight.subject.unwrap_or_default();
    let style = format!(
        "--x0:{:.1}px;--y0:{:.1}px;--x1:{:.1}px;--y1:{:.1}px;{}",
        from.x,
        from.y,
        to.x,
        to.y,
        format::hue_style(&subject)
    );
    let label = (!subject.is_empty()).then(|| format!("{} {}", flight.command, format::short(&subject)));
    let body = match flight.cargo {
        Cargo::Block => view! {
            <rect class="cargo-block" x="-8" y="-8" width="16" height="16" rx="4"></rect>
            <text y="-13">{label}</text>
        }
        .into_any(),
        Cargo::Transaction => view! {
            <path class="cargo-tx" d="M0-7L7 0 0 7-7 0Z"></path>
            <text y="-11">{label}</text>
        }
        .into_any(),
        Cargo::Talk => {
            view! { <rect class="cargo-talk" x="-5" y="-3" width="10" height="6" rx="2"></rect> }.into_any()
        }
    };
    Some(view! { <g class="flight" style=style>{body}</g> }.into_any())
}

/// The map in words. The last lines are in sight; whoever scrolls back to older ones stays there.
#[component]
fn LiveLog() -> impl IntoView {
    let lab: Lab = expect_context();
    let lines = move || lab.state.traffic.with(|traffic| traffic.lines.iter().cloned().collect::<Vec<_>>());
    let list = NodeRef::<html::Ol>::new();
    let follows = StoredValue::new(true);
    let on_scroll = move |_| {
        if let Some(list) = list.get_untracked() {
            let below = list.scroll_height() - list.client_height() - list.scroll_top();
            follows.set_value(below < NEAR_THE_END);
        }
    };
    Effect::new(move |_| {
        lab.state.traffic.track();
        if let Some(list) = list.get().filter(|_| follows.get_value()) {
            list.set_scroll_top(list.scroll_height());
        }
    });
    view! {
        <ol
            class="live-log"
            node_ref=list
            tabindex="0"
            role="log"
            aria-live="off"
            aria-label=tr(|t| t.live_log)
            data-testid=testid::LIVE_LOG
            on:scroll=on_scroll
        >
            <Each each=lines key=|line| line.number let:line>
                {told(line)}
            </Each>
        </ol>
    }
}

fn told(line: Line) -> impl IntoView {
    let weighty = !matches!(line.news, News::Message { .. });
    view! { <li class:weighty=weighty>{words(move || in_words(&line.news))}</li> }
}

fn in_words(news: &News) -> String {
    match news {
        News::Message { from, to, command, length } => format!("{from} → {to}  {command} · {length} B"),
        News::Transaction { at, txid } => fill(t().took_in_transaction, &[at, &format::short(txid)]),
        News::Block { at, height, hash } => fill(t().accepted_block, &[at, height, &format::short(hash)]),
        News::Reorg { at, disconnected, connected, returned } => {
            fill(t().reorganised, &[at, disconnected, connected, returned])
        }
        News::Peer { at, peer, connected: true } => fill(t().peer_came, &[at, peer]),
        News::Peer { at, peer, connected: false } => fill(t().peer_went, &[at, peer]),
        News::Warning { at, warning, active: true } => fill(t().warned, &[at, &warning::in_words(warning)]),
        News::Warning { at, warning, active: false } => {
            fill(t().warning_over, &[at, &warning::in_words(warning)])
        }
        News::Cut { parts } => fill(t().was_cut, &[parts]),
        News::Healed => t().was_healed.to_owned(),
        News::Link { a, b, cut: true } => fill(t().link_was_cut, &[a, b]),
        News::Link { a, b, cut: false } => fill(t().link_was_healed, &[a, b]),
    }
}

/// Messages in the last second.
fn message_rate(lab: Lab) -> ReadSignal<u64> {
    let (rate, set_rate) = signal(0);
    let last = StoredValue::new(0_u64);
    let count = move || {
        let total = lab.state.traffic.with_untracked(|traffic| traffic.messages);
        set_rate.set(total.saturating_sub(last.get_value()));
        last.set_value(total);
    };
    if let Ok(timer) = set_interval_with_handle(count, std::time::Duration::from_secs(1)) {
        on_cleanup(move || timer.clear());
    }
    rate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_never_stand_on_one_another_nor_outside() {
        for count in 1..=30 {
            let nodes: Vec<NodeId> = (0..count).map(|n| NodeId(3000 + n)).collect();
            let places = places(&nodes);
            assert_eq!(places.len(), nodes.len());
            for (i, (_, a)) in places.iter().enumerate() {
                assert!((30.0..WIDTH - 30.0).contains(&a.x) && (30.0..HEIGHT - 30.0).contains(&a.y));
                assert!(places[..i].iter().all(|(_, b)| (a.x - b.x).hypot(a.y - b.y) > 10.0));
            }
        }
    }
}
