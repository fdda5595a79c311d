//! A node's connections: what is unusual about its peers as a whole, each peer with what it says of itself and what it may
//! take, and why connections ended.

use super::each::Each;
use super::format;
use super::parting;
use super::path::LinkPath;
use super::role::role_word;
use super::ui::{Panel, use_ui};
use super::warning::{self, a_second};
use super::words::{IntoViews as _, holds, part, tr, words};
use crate::i18n::{fill, t};
use crate::lab::Lab;
use crate::lab::state::{NodeView, Phase, name_of};
use crate::testid;
use leptos::prelude::*;
use std::net::SocketAddr;
use terrarium_core::interface::{
    BudgetSummary, Direction, EndedConnection, NodeId, NodeSnapshot, PeerState, PeerSummary, Role,
    TransportProtocol, WatchSummary,
};

/// The connections of a node.
#[component]
pub(crate) fn PeersPanel(id: NodeId) -> impl IntoView {
    let lab: Lab = expect_context();
    move || match lab.state.node(id) {
        Some(node) => view! { <Peers node/> }.into_any(),
        None => view! { <p class="quiet">{tr(|t| t.node_gone)}</p> }.into_any(),
    }
}

/// A value of the snapshot of a node whose worker is there: one that has ended has no peers, whatever it last said.
fn live<T: Default + 'static>(node: NodeView, f: fn(&NodeSnapshot) -> T) -> T {
    let up = node.status.with(|status| status.phase == Phase::Up);
    up.then(|| node.read(f)).flatten().unwrap_or_default()
}

#[component]
fn Peers(node: NodeView) -> impl IntoView {
    let peers = Memo::new(move |_| live(node, |snapshot| snapshot.peers.clone()));
    let none = move || (if peers.with(Vec::is_empty) { t().no_peers } else { "" }).to_owned();
    view! {
        <div class="headline"><b>{node.title()}</b></div>
        <Watch node/>
        <h3>{tr(|t| t.connections)}</h3>
        <ul class="list peers">
            <Each each=move || peers.get() key=|peer| peer.peer let:peer>
                <Peer peers peer/>
            </Each>
        </ul>
        <p class="quiet">{words(none)}</p>
        <Ended node/>
    }
}

/// A peer. It stays as its figures change.
#[component]
fn Peer(peers: Memo<Vec<PeerSummary>>, peer: PeerSummary) -> impl IntoView {
    let PeerSummary { peer: id, address, direction, .. } = peer;
    // What was last known of it, should it be gone by the time that a part of this is drawn.
    let last = StoredValue::new(peer);
    let now = Memo::new(move |_| {
        let found = peers.with(|peers| peers.iter().find(|peer| peer.peer == id).cloned());
        found.unwrap_or_else(|| last.get_value())
    });
    let read = move |f: fn(&PeerSummary) -> String| words(move || now.with(f));
    let way = move || match direction {
        Direction::Inbound => t().inbound.to_owned(),
        Direction::Outbound => t().outbound.to_owned(),
    };
    let parted = move || {
        now.with(|peer| {
            peer.last_disconnect.as_ref().map(|ended| {
                let text = parting::in_words(ended);
                view! { <dt>{tr(|t| t.last_time)}</dt><dd>{text}</dd> }
            })
        })
    };
    let is_over = move || now.with(|peer| peer.budget.is_over);
    view! {
        <li data-testid=testid::PEER data-peer=address.to_string() data-over=words(move || is_over().to_string())>
            <p class="peer">
                <PeerName address/>
                <span class="tag">{words(way)}</span>
                <span class="tag">{read(transport)}</span>
                <span class="tag">{read(standing)}</span>
            </p>
            <dl class="fields">
                <dt>{tr(|t| t.program)}</dt>
                <dd>{read(|peer| dash(&peer.user_agent))}</dd>
                <dt>{tr(|t| t.services)}</dt>
                <dd>{read(|peer| dash(&peer.services.join(" ")))}</dd>
                <dt>{tr(|t| t.height)}</dt>
                <dd>{read(|peer| peer.height.map_or_else(|| dash(""), |height| height.to_string()))}</dd>
                <dt>{tr(|t| t.ping)}</dt>
                <dd>{read(|peer| peer.ping_ms.map_or_else(|| dash(""), |ping| format!("{ping:.0} ms")))}</dd>
                <dt>{tr(|t| t.path)}</dt>
                <dd><LinkPath address=address.ip()/></dd>
                <dt>{tr(|t| t.traffic)}</dt>
                <dd>{read(traffic)}</dd>
                <dt>{tr(|t| t.budget)}</dt>
                <dd class:over=holds(is_over) title=read(budget_word)>{read(budget)}</dd>
                {part(parted)}
            </dl>
        </li>
    }
}

/// Who a peer is; the way to its own peers, if it is a node of this page.
#[component]
fn PeerName(address: SocketAddr) -> impl IntoView {
    let lab: Lab = expect_context();
    let ui = use_ui();
    let id = NodeId(address.port());
    let is_here = address.ip().is_loopback() && untrack(|| lab.state.node(id)).is_some();
    if !is_here {
        return view! { <b class="figure">{address.to_string()}</b> }.into_any();
    }
    view! {
        <button
            type="button"
            class="link figure"
            title=address.to_string()
            data-testid=testid::PEER_OPEN
            on:click=move |_| ui.show(Panel::Peers(id))
        >
            {format!("{id} {}", name_of(id)).trim_end().to_owned()}
        </button>
        <small class="figure quiet">{address.to_string()}</small>
    }
    .into_any()
}

fn dash(text: &str) -> String {
    (if text.is_empty() { "–" } else { text }).to_owned()
}

fn transport(peer: &PeerSummary) -> String {
    let text = match peer.transport {
        TransportProtocol::Detecting => "…",
        TransportProtocol::V1 => t().in_the_clear,
        TransportProtocol::V2 => t().encrypted,
    };
    text.to_owned()
}

/// What the peer is, once it has said so.
fn standing(peer: &PeerSummary) -> String {
    let serves = peer.services.iter().any(|service| service == "NETWORK");
    let text = match peer.state {
        PeerState::Connected if serves => role_word(Role::Full),
        PeerState::Connected => role_word(Role::Spv),
        _ => t().in_handshake,
    };
    text.to_owned()
}

fn traffic(peer: &PeerSummary) -> String {
    let (sent, received) = peer.bytes;
    fill(t().traffic_of, &[&format::count(sent), &format::count(received)])
}

fn budget(peer: &PeerSummary) -> String {
    let BudgetSummary { work, bytes, messages, .. } = peer.budget;
    let megabytes = |bytes: u64| format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10);
    fill(
        t().budget_of,
        &[
            &(work.0 / 1_000),
            &(work.1 / 1_000),
            &megabytes(bytes.0),
            &megabytes(bytes.1),
            &format::count(messages.0),
            &format::count(messages.1),
        ],
    )
}

fn budget_word(peer: &PeerSummary) -> String {
    (if peer.budget.is_over { t().over_budget } else { t().within_budget }).to_owned()
}

/// What the node sees of its peers as a whole.
#[component]
fn Watch(node: NodeView) -> impl IntoView {
    let watch = Memo::new(move |_| live(node, |snapshot| snapshot.watch.clone()));
    let read = move |f: fn(&WatchSummary) -> String| words(move || watch.with(f));
    let warnings = Memo::new(move |_| watch.with(|watch| watch.warnings.clone()));
    let listed = move || {
        let list = warnings.get().into_iter().map(|active| {
            let text = fill(
                t().parted_at,
                &[&format::clock_time(active.since), &warning::in_words(&active.warning)],
            );
            view! {
                <p class="notice" role="status" data-testid=testid::WATCH_WARNING data-kind=active.warning.code()>{text}</p>
            }
        });
        list.into_views()
    };
    let calm = move || (if warnings.with(Vec::is_empty) { t().nothing_unusual } else { "" }).to_owned();
    view! {
        <section class="watch" data-testid=testid::WATCH aria-label=tr(|t| t.watch)>
            <h3>{tr(|t| t.watch)}</h3>
            {part(listed)}
            <p class="quiet">{words(calm)}</p>
            <dl class="fields">
                <dt>{tr(|t| t.diversity)}</dt>
                <dd>{read(|watch| fill(t().diversity_of, &[&watch.peers, &watch.groups]))}</dd>
                <dt>{tr(|t| t.message_rate)}</dt>
                <dd>{read(|watch| fill(t().message_rate_of, &[&a_second(watch.messages), &a_second(watch.median)]))}</dd>
                <dt>{tr(|t| t.commonest_program)}</dt>
                <dd>{read(commonest)}</dd>
                <dt>{tr(|t| t.last_block)}</dt>
                <dd>{read(|watch| fill(t().seconds_ago, &[&watch.tip_age]))}</dd>
                <dt>{tr(|t| t.low_work)}</dt>
                <dd>{read(|watch| fill(t().in_ten_minutes, &[&watch.low_work_headers]))}</dd>
            </dl>
        </section>
    }
}

fn commonest(watch: &WatchSummary) -> String {
    match watch.of_it {
        0 => dash(""),
        of_it => fill(t().commonest_program_of, &[&watch.agent, &of_it, &watch.peers]),
    }
}

/// The last connections that ended.
#[component]
fn Ended(node: NodeView) -> impl IntoView {
    let ended = Memo::new(move |_| live(node, |snapshot| snapshot.ended.clone()));
    let lines = move || ended.get().into_iter().map(ended_line).into_views();
    let none = move || (if ended.with(Vec::is_empty) { t().none_ended } else { "" }).to_owned();
    view! {
        <h3>{tr(|t| t.ended_connections)}</h3>
        <ul class="list">{part(lines)}</ul>
        <p class="quiet">{words(none)}</p>
    }
}

fn ended_line(ended: EndedConnection) -> impl IntoView {
    let (address, code, reason) = (ended.address, ended.code.clone(), ended.reason.clone());
    view! {
        <li data-testid=testid::ENDED_CONNECTION data-code=code title=reason>
            <b class="figure">{address.to_string()}</b>
            <span>{parting::in_words(&ended)}</span>
        </li>
    }
}
