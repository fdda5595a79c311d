//! The large buttons: what a visitor does first.

use super::format;
use super::icon::{Icon, icon};
use super::ui::{Dialog, use_ui};
use crate::i18n::t;
use crate::lab::Lab;
use crate::lab::links::Links;
use crate::lab::split::balanced_split;
use crate::lab::state::NodeView;
use crate::testid;
use leptos::prelude::*;
use terrarium_core::interface::MiningMode;

/// Send coins, Cut the network or Heal, Add a node.
#[component]
pub(crate) fn Actions() -> impl IntoView {
    let lab: Lab = expect_context();
    let ui = use_ui();
    let is_cut = Memo::new(move |_| lab.state.links.with(Links::any_cut));
    let cut_or_heal = move || {
        if is_cut.get() {
            let heal = Callback::new(move |()| lab.heal());
            big(Icon::Heal, || t().heal, || t().heal_about, testid::HEAL_NETWORK, "heal", heal).into_any()
        } else {
            let cut = Callback::new(move |()| cut_in_two(lab));
            big(Icon::Cut, || t().cut, || t().cut_about, testid::CUT_NETWORK, "", cut).into_any()
        }
    };
    let send = Callback::new(move |()| ui.ask(Dialog::Send));
    let add = Callback::new(move |()| ui.ask(Dialog::AddNode));
    view! {
        <div class="actions">
            {big(Icon::Send, || t().send, || t().send_about, testid::SEND_COINS, "", send)}
            {cut_or_heal}
            {big(Icon::Add, || t().add_node, || t().add_node_about, testid::ADD_NODE, "", add)}
        </div>
    }
}

fn big(
    picture: Icon,
    title: impl Fn() -> &'static str + Send + 'static,
    about: impl Fn() -> &'static str + Send + 'static,
    testid: &'static str,
    kind: &'static str,
    act: Callback<()>,
) -> impl IntoView {
    view! {
        <button type="button" class=format!("big {kind}") data-testid=testid on:click=move |_| act.run(())>
            <span class="picture">{icon(picture)}</span>
            <span><b>{title}</b><span class="quiet">{about}</span></span>
        </button>
    }
}

/// Cuts the network where both sides can go on mining.
fn cut_in_two(lab: Lab) {
    let power = |node: &NodeView| {
        let mines = |snapshot: &terrarium_core::interface::NodeSnapshot| match snapshot.mining.mode {
            MiningMode::Off => 0.0,
            MiningMode::WhenTwoWait | MiningMode::Always => snapshot.mining.budget_khs,
        };
        (node.id, node.read(mines).unwrap_or(0.0))
    };
    let nodes: Vec<_> = untrack(|| lab.state.nodes.with(|nodes| nodes.iter().map(power).collect()));
    let links = untrack(|| lab.state.connections());
    let (left, right) = balanced_split(&nodes, &links);
    lab.partition(vec![left, right]);
}

/// The scene's own line under the buttons of a cut network: who is on which side, and how far each has come.
#[component]
pub(crate) fn CutSides() -> impl IntoView {
    let lab: Lab = expect_context();
    let groups = Memo::new(move |_| lab.state.links.with(|links| links.groups().to_vec()));
    let side = move |index: usize| {
        let ids = groups.with(|groups| groups.get(index).cloned().unwrap_or_default());
        let nodes: Vec<NodeView> = ids.iter().filter_map(|&id| lab.state.node(id)).collect();
        let best = nodes.iter().filter_map(|node| {
            node.read(|snapshot| snapshot.chain.as_ref().map(|chain| (chain.height, chain.tip))).flatten()
        });
        let best = best.max().map(|(height, tip)| {
            let tip = tip.to_string();
            view! {
                <span class="swatch" style=format::hue_style(&tip)></span>
                <span class="mono">{format!("{height} {}", format::short(&tip))}</span>
            }
        });
        let movers = nodes.into_iter().map(|node| {
            let label = move || crate::i18n::fill(t().move_to_other_side, &[&node.title()]);
            view! {
                <button
                    type="button"
                    class="chip"
                    data-testid=testid::CUT_SIDE
                    data-node=node.id.to_string()
                    title=label
                    aria-label=label
                    on:click=move |_| change_side(lab, node)
                >
                    {node.title()}
                </button>
            }
        });
        view! { <div class="side">{movers.collect_view()} <span class="best">{best}</span></div> }
    };
    view! {
        <Show when=move || groups.with(|groups| groups.len() == 2)>
            <section class="cut-sides" aria-label=move || t().two_sides>
                {move || side(0)} <span class="scissors">{icon(Icon::Cut)}</span> {move || side(1)}
            </section>
        </Show>
    }
}

/// Moves a node to the other side; the last of a side stays.
fn change_side(lab: Lab, node: NodeView) {
    let mut groups = lab.links(|links| links.groups().to_vec());
    let Some(own) = groups.iter().position(|group| group.contains(&node.id)) else { return };
    if groups.len() == 2 && groups[own].len() > 1 {
        groups[own].retain(|&id| id != node.id);
        groups[1 - own].push(node.id);
        lab.partition(groups);
    }
}
