//! The chain view: the last blocks of all nodes as one tree, height across, branches as lanes, each node's tip named.

use super::each::Each;
use super::format;
use super::ui::{Panel, use_ui};
use super::when::When;
use super::words::{holds, part, tr, words};
use crate::i18n::{fill, t};
use crate::lab::Lab;
use crate::lab::state::name_of;
use crate::lab::tree::{PlacedBlock, Standing, TreeLayout};
use crate::room::Room;
use crate::testid;
use leptos::prelude::*;
use leptos::{ev, html};
use terrarium_core::interface::NodeId;

/// Heights in sight, the rest to be scrolled to.
const COLUMNS: u32 = 24;

/// A column's width and a lane's height, in CSS pixels; the style sheet knows the same.
const COLUMN: u32 = 86;
const LANE: u32 = 118;

/// Names under a tip before the rest is counted.
const NAMES: usize = 4;

/// The chain of all nodes.
#[component]
pub(crate) fn ChainView() -> impl IntoView {
    let lab: Lab = expect_context();
    let room: Option<Room> = expect_context();
    let layout = Memo::new(move |_| {
        let nodes = lab.state.nodes.get();
        let mut tips: Vec<_> = nodes.iter().filter_map(|node| Some((node.id, node.tip()?))).collect();
        // The teacher's page draws what the pages of the class tell of, too.
        let is_own = |id: NodeId| nodes.iter().any(|node| node.id == id);
        tips.extend(room.into_iter().flat_map(|room| room.tips()).filter(|(id, _)| !is_own(*id)));
        lab.state.tree.with(|tree| tree.layout(&tips, COLUMNS))
    });
    let scroller = NodeRef::<html::Div>::new();
    let top = Memo::new(move |_| layout.with(highest));
    // The newest block comes into sight once the tree has its new width.
    let show_newest = move || {
        request_animation_frame(move || {
            if let Some(element) = scroller.try_get_untracked().flatten() {
                element.set_scroll_left(element.scroll_width());
            }
        });
    };
    Effect::new(move |_| {
        top.get();
        show_newest();
    });
    let resized = window_event_listener(ev::resize, move |_| show_newest());
    on_cleanup(move || resized.remove());
    let stale = move || layout.with(TreeLayout::stale);
    let size = move || {
        layout.with(|layout| {
            let low = highest(layout).map_or(0, |top| (top + 1).saturating_sub(layout.columns));
            let (columns, lanes) = (layout.columns + 1, layout.lanes.max(1) as u32);
            format!("--low:{low};width:{}px;height:{}px", columns * COLUMN, 24 + lanes * LANE)
        })
    };
    let next = move || highest_column(&layout.get());
    view! {
        <section class="panel chain" data-testid=testid::CHAIN>
            <h2>
                <span>{tr(|t| t.chain)}</span>
                <span class="grow"></span>
                <span class="figure">{words(move || fill(t().stale_count, &[&stale()]))}</span>
            </h2>
            <div class="chain-scroll" node_ref=scroller tabindex="0" role="group" aria-label=tr(|t| t.chain_about)>
                <When holds=holds(move || top.get().is_some()) fallback=|| view! { <p class="quiet empty">{tr(|t| t.no_blocks_yet)}</p> }>
                    <ol class="tree" style=size>
                        <Each each=move || layout.get().blocks key=|block| block.summary.hash let:block>
                            {placed(layout, block)}
                        </Each>
                        <li class="next" style=move || format!("--at:{}", next()) aria-hidden="true"><span>"+"</span></li>
                    </ol>
                </When>
            </div>
        </section>
    }
}

fn highest(layout: &TreeLayout) -> Option<u32> {
    layout.blocks.iter().map(|block| block.summary.height.0).max()
}

fn highest_column(layout: &TreeLayout) -> u32 {
    highest(layout).map_or(0, |top| top + 1)
}

/// A block, which stays as its branch, its standing and the nodes on it change.
fn placed(layout: Memo<TreeLayout>, block: PlacedBlock) -> AnyView {
    let (ui, lab, room): (_, Lab, Option<Room>) = (use_ui(), expect_context(), expect_context());
    let (id, height, transactions) = (block.summary.hash, block.summary.height, block.summary.transactions);
    let hash = id.to_string();
    let hue = format::hue_style(&hash);
    let now = Memo::new(move |before: Option<&PlacedBlock>| {
        let found =
            layout.with(|layout| layout.blocks.iter().find(|block| block.summary.hash == id).cloned());
        // A block that has just left the drawing is drawn once more at most.
        found.unwrap_or_else(|| before.cloned().unwrap_or_else(|| block.clone()))
    });
    let stale = Memo::new(move |_| now.with(|block| block.standing == Standing::Stale));
    let places = Memo::new(move |_| now.with(|block| (block.lane, block.parent.map(|(_, lane)| lane))));
    let on_it = Memo::new(move |_| now.with(|block| names(room, &block.nodes)));
    let spoken = {
        let hash = hash.clone();
        move || {
            let standing = if stale.get() { t().stale } else { "" };
            let block = fill(t().block_spoken, &[&height, &format::short(&hash), &transactions]);
            format!("{block} {standing} {}", on_it.get())
        }
    };
    let open = move |_| {
        // Only nodes of this browser can be asked for a block.
        let own = |id: &NodeId| untrack(|| lab.state.node(*id)).is_some();
        let first = || lab.nodes(|nodes| nodes.keys().next().copied());
        let viewer = now.with_untracked(|block| {
            block.nodes.iter().chain(&block.shown_by).copied().find(own).or_else(first)
        });
        if let Some(viewer) = viewer {
            ui.show(Panel::Block(viewer, id));
        }
    };
    let standing = move || (if stale.get() { "stale" } else { "active" }).to_owned();
    let returned = Memo::new(move |_| now.with(|block| block.returned));
    view! {
        <li class="spot" class:stale=stale style=words(move || format!("--at:{height};--lane:{};{hue}", places.get().0))>
            {part(move || places.get().1.map(|parent| edge(places.get().0, parent)))}
            <span class="height" aria-hidden="true">{height.to_string()}</span>
            <button
                type="button"
                class="block"
                data-testid=testid::CHAIN_BLOCK
                data-hash=hash.clone()
                data-height=height.to_string()
                data-standing=words(standing)
                aria-label=words(spoken)
                on:click=open
            >
                {format::tail(&hash, 6).to_owned()}
            </button>
            <Below on_it stale returned/>
        </li>
    }
    .into_any()
}

/// What stands under a block: the nodes whose tip it is, or that nobody is on it any more.
#[component]
fn Below(on_it: Memo<String>, stale: Memo<bool>, returned: Memo<usize>) -> impl IntoView {
    let given_up = move || {
        let back = match returned.get() {
            0 => String::new(),
            returned => fill(t().stale_returned, &[&returned]),
        };
        if stale.get() { format!("{} {back}", t().stale) } else { String::new() }
    };
    view! {
        <span class="below">
            <b>{words(move || on_it.get())}</b>
            <i>{words(given_up)}</i>
        </span>
    }
}

/// The line to the parent: straight in the same lane, a curve to another.
fn edge(own: usize, parent: usize) -> impl IntoView {
    let rise = (own as f64 - parent as f64) * f64::from(LANE);
    let (top, height) = if rise > 0.0 { (-rise, rise) } else { (0.0, -rise) };
    let style = format!("top:calc(50% + {top}px);height:{}px", height.max(2.0));
    let path = if rise == 0.0 {
        "M0 1H30".to_owned()
    } else {
        format!("M0 {}C18 {} 12 {} 30 {}", -top - rise, -top - rise, -top, -top)
    };
    view! {
        <svg class="edge" class:fork=rise != 0.0 width="30" style=style overflow="visible" aria-hidden="true">
            <path d=path></path>
        </svg>
    }
}

fn names(room: Option<Room>, nodes: &[NodeId]) -> String {
    let name = |id: &NodeId| match (room.and_then(|room| room.owner_of(*id)), name_of(*id)) {
        (Some(owner), _) => owner,
        (None, "") => id.to_string(),
        (None, name) => name.to_owned(),
    };
    let shown: Vec<String> = nodes.iter().take(NAMES).map(name).collect();
    match nodes.len().saturating_sub(NAMES) {
        0 => shown.join(" "),
        more => format!("{} +{more}", shown.join(" ")),
    }
}
