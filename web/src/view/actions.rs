//! The large buttons: what a visitor does first.

use super::each::Each;
use super::focus;
use super::format;
use super::icon::{Icon, icon};
use super::ui::{Dialog, use_ui};
use super::when::When;
use super::words::{holds, part, tr, words};
use crate::i18n::{Texts, t};
use crate::lab::Lab;
use crate::lab::links::Links;
use crate::lab::split::balanced_split;
use crate::lab::state::NodeView;
use crate::room::{self, Room};
use crate::testid;
use leptos::prelude::*;
use terrarium_core::interface::{MiningMode, NodeId};

/// Send coins, Cut the network or Heal, Add a node; where a relay serves the page, the class.
#[component]
pub(crate) fn Actions() -> impl IntoView {
    let lab: Lab = expect_context();
    let ui = use_ui();
    let is_cut = Memo::new(move |_| lab.state.links.with(Links::any_cut));
    let send = move || ui.ask(Dialog::Send);
    // One button with two meanings, so that it keeps the focus.
    let cut_or_heal = move || if is_cut.get_untracked() { lab.heal() } else { cut_in_two(lab) };
    let meaning = move || if is_cut.get() { HEAL } else { CUT };
    let add = move || ui.ask(Dialog::AddNode);
    let in_room = expect_context::<Option<Room>>().is_some();
    // Where no relay serves the page there are no classes.
    let class = (!in_room && room::socket_url().is_some()).then(|| {
        let open = move || ui.ask(Dialog::Class);
        view! { <Big meaning=|| CLASS act=open/> }
    });
    view! {
        <div class="actions"><Big meaning=|| SEND act=send/> <Big meaning act=cut_or_heal/> <Big meaning=|| ADD act=add/> {class}</div>
    }
}

/// What a large button says and is.
#[derive(Clone, Copy)]
struct Meaning {
    picture: Icon,
    title: fn(&Texts) -> &'static str,
    about: fn(&Texts) -> &'static str,
    testid: &'static str,
}

const SEND: Meaning =
    Meaning { picture: Icon::Send, title: |t| t.send, about: |t| t.send_about, testid: testid::SEND_COINS };
const CUT: Meaning =
    Meaning { picture: Icon::Cut, title: |t| t.cut, about: |t| t.cut_about, testid: testid::CUT_NETWORK };
const HEAL: Meaning =
    Meaning { picture: Icon::Heal, title: |t| t.heal, about: |t| t.heal_about, testid: testid::HEAL_NETWORK };
const ADD: Meaning = Meaning {
    picture: Icon::Add,
    title: |t| t.add_node,
    about: |t| t.add_node_about,
    testid: testid::ADD_NODE,
};

const CLASS: Meaning =
    Meaning { picture: Icon::Class, title: |t| t.class, about: |t| t.class_about, testid: testid::CLASS };

#[component]
fn Big(
    meaning: impl Fn() -> Meaning + Copy + Send + Sync + 'static,
    act: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="big"
            class:heal=holds(move || meaning().testid == testid::HEAL_NETWORK)
            data-testid=move || meaning().testid
            on:click=move |_| act()
        >
            <span class="picture">{move || icon(meaning().picture)}</span>
            <span>
                <b>{words(move || (meaning().title)(t()).to_owned())}</b>
                <span class="quiet">{words(move || (meaning().about)(t()).to_owned())}</span>
            </span>
        </button>
    }
}

/// Cuts the network where both sides can go on mining.
fn cut_in_two(lab: Lab) {
    let power = |id: NodeId| {
        let mines = |snapshot: &terrarium_core::interface::NodeSnapshot| match snapshot.mining.mode {
            MiningMode::Off => 0.0,
            MiningMode::WhenTwoWait | MiningMode::Always => snapshot.mining.budget_khs,
        };
        // Nodes that only another tab shows count as well: they are on one of the sides.
        (id, lab.state.node(id).and_then(|node| node.read(mines)).unwrap_or(0.0))
    };
    let nodes: Vec<_> = untrack(|| lab.ids().into_iter().map(power).collect());
    let links = untrack(|| lab.state.connections());
    let (left, right) = balanced_split(&nodes, &links);
    cut(lab, vec![left, right]);
}

fn cut(lab: Lab, groups: Vec<Vec<NodeId>>) {
    // A node that was removed at this very moment makes the cut void; the button can be pressed again.
    if let Err(error) = lab.partition(groups) {
        leptos::logging::warn!("{error}");
    }
}

/// The line under the buttons of a cut network: who is on which side, and how far each has come.
#[component]
pub(crate) fn CutSides() -> impl IntoView {
    let lab: Lab = expect_context();
    let groups = Memo::new(move |_| lab.state.links.with(|links| links.groups().to_vec()));
    // What a side's best node has comes and goes with each block; the buttons stay.
    let members = move |index: usize| {
        let ids = groups.with(|groups| groups.get(index).cloned().unwrap_or_default());
        ids.into_iter().filter_map(|id| lab.state.node(id)).collect::<Vec<NodeView>>()
    };
    let best = move |index: usize| {
        let tip = |node: NodeView| {
            node.read(|snapshot| snapshot.chain.as_ref().map(|chain| (chain.height, chain.tip))).flatten()
        };
        let (height, tip) = members(index).into_iter().filter_map(tip).max()?;
        let tip = tip.to_string();
        Some(view! {
            <span class="swatch" style=format::hue_style(&tip)></span>
            <span class="mono">{format!("{height} {}", format::short(&tip))}</span>
        })
    };
    let side = move |index: usize| {
        view! {
            <div class="side">
                <Each each=move || members(index) key=|node| node.id let:node>
                    {mover(lab, node)}
                </Each>
                <span class="best">{part(move || best(index))}</span>
            </div>
        }
    };
    view! {
        <When holds=holds(move || groups.with(|groups| groups.len() == 2))>
            <section class="cut-sides" aria-label=tr(|t| t.two_sides)>
                {side(0)} <span class="scissors">{icon(Icon::Cut)}</span> {side(1)}
            </section>
        </When>
    }
}

/// The button that moves a node to the other side, where its successor takes the focus.
fn mover(lab: Lab, node: NodeView) -> impl IntoView {
    let label = move || crate::i18n::fill(t().move_to_other_side, &[&node.title()]);
    let change = move |_| {
        change_side(lab, node);
        focus::catch(testid::CUT_SIDE, Some(node.id));
    };
    view! {
        <button
            type="button"
            class="chip"
            data-testid=testid::CUT_SIDE
            data-node=node.id.to_string()
            title=label
            aria-label=label
            on:click=change
        >
            {words(move || node.title())}
        </button>
    }
}

/// Moves a node to the other side; the last of a side stays.
fn change_side(lab: Lab, node: NodeView) {
    let mut groups = lab.links(|links| links.groups().to_vec());
    let Some(own) = groups.iter().position(|group| group.contains(&node.id)) else { return };
    if groups.len() == 2 && groups[own].len() > 1 {
        groups[own].retain(|&id| id != node.id);
        groups[1 - own].push(node.id);
        cut(lab, groups);
    }
}
