//! The header: what all nodes agree on, the lab's clock, language and theme.

use super::footer::scene_title;
use super::format;
use super::icon::{Icon, icon};
use super::ui::{Dialog, use_ui};
use super::words::{tr, words};
use crate::i18n::{Lang, fill, lang, t};
use crate::lab::Lab;
use crate::lab::clock::{LabClock, SPEEDS};
use crate::lab::scene::Scene;
use crate::lab::state::{LabState, NodeView, Phase};
use crate::room::Room;
use crate::{browser, prefs, testid};
use leptos::prelude::*;
use terrarium_core::collections::BTreeMap;
use terrarium_core::interface::NodeSnapshot;
use terrarium_core::primitives::{BlockHash, Height};

/// Blocks over which the pace is averaged.
const PACE_BLOCKS: usize = 16;

/// Fewer say nothing of a pace.
const LEAST_PACE_BLOCKS: usize = 4;

/// How far the nodes agree.
#[derive(Clone, Debug, PartialEq)]
struct Agreement {
    /// Nodes that have a chain.
    nodes: usize,
    /// Those on the tip that most of them have.
    agreeing: usize,
    height: Height,
    tip: BlockHash,
}

/// The header.
#[component]
pub(crate) fn Header() -> impl IntoView {
    let lab: Lab = expect_context();
    let ui = use_ui();
    // A room goes by the relay's time.
    let in_room = expect_context::<Option<Room>>().is_some();
    view! {
        <header class="top">
            <div class="logo">
                <i aria-hidden="true"></i>
                <h1>{tr(|t| t.name)}</h1>
                <span class="quiet" data-testid=testid::PLACE>{words(move || place(lab))}</span>
            </div>
            <AgreementPill/>
            <span class="quiet pace" data-testid=testid::PACE>{words(move || pace_text(&lab.state))}</span>
            <span class="grow"></span>
            {(!in_room).then(|| view! { <ClockControls/> })}
            <LangSwitch/>
            <span class="seg">
                <ThemeSwitch/>
                <button
                    type="button"
                    data-testid=testid::MOVING
                    title=tr(|t| t.moving)
                    aria-label=tr(|t| t.moving)
                    on:click=move |_| ui.ask(Dialog::Moving)
                >
                    {icon(Icon::Carry)}
                </button>
                <button
                    type="button"
                    data-testid=testid::NEW_NETWORK
                    title=tr(|t| t.new_network)
                    aria-label=tr(|t| t.new_network)
                    on:click=move |_| ui.ask(Dialog::NewNetwork)
                >
                    {icon(Icon::Fresh)}
                </button>
            </span>
        </header>
    }
}

/// The lab's name, which is its scene's unless the address gives it one, and the network's.
fn place(lab: Lab) -> String {
    let scene = Scene::from_address();
    let name = lab.name();
    let lab_name = if name == scene.name() { scene_title(scene).to_owned() } else { name };
    let network = lab.state.nodes.with(|nodes| {
        let of = |node: &NodeView| node.read(|snapshot| Some(snapshot.chain.as_ref()?.network.clone()));
        nodes.iter().find_map(|node| of(node).flatten())
    });
    match network.as_deref() {
        None => lab_name,
        Some("classroom") => format!("{lab_name} · {}", t().network_classroom),
        Some("custom") => format!("{lab_name} · {}", t().network_custom),
        Some(other) => format!("{lab_name} · {other}"),
    }
}

#[component]
fn AgreementPill() -> impl IntoView {
    let lab: Lab = expect_context();
    let agreement = Memo::new(move |_| agreement(&lab.state));
    let style = move || agreement.with(|a| a.as_ref().map(|a| format::hue_style(&a.tip.to_string())));
    let text = move || {
        agreement.with(|agreement| match agreement {
            None => t().no_chain_yet.to_owned(),
            Some(a) => {
                let tip = format::short(&a.tip.to_string());
                fill(t().agreement, &[&a.agreeing, &a.nodes, &a.height, &tip])
            }
        })
    };
    let split = move || agreement.with(|a| a.as_ref().is_some_and(|a| a.agreeing < a.nodes));
    view! {
        <span class="agree" class:split=split data-testid=testid::AGREEMENT>
            <span class="swatch" class:none=move || agreement.with(Option::is_none) style=style></span>
            {text}
        </span>
    }
}

fn agreement(state: &LabState) -> Option<Agreement> {
    let mut tips: BTreeMap<(Height, BlockHash), usize> = BTreeMap::new();
    state.nodes.with(|nodes| {
        let of = |node: &NodeView| {
            node.read(|snapshot| snapshot.chain.as_ref().map(|chain| (chain.height, chain.tip))).flatten()
        };
        let up = |node: &&NodeView| node.status.with(|status| status.phase == Phase::Up);
        nodes.iter().filter(up).filter_map(of).for_each(|tip| *tips.entry(tip).or_default() += 1);
    });
    let nodes = tips.values().sum();
    // Of equally many followers the higher tip is named.
    let (&(height, tip), &agreeing) = tips.iter().max_by_key(|&(tip, &followers)| (followers, *tip))?;
    Some(Agreement { nodes, agreeing, height, tip })
}

/// Total hash power, and how often a block comes.
fn pace_text(state: &LabState) -> String {
    let (power, pace) = state.nodes.with(|nodes| {
        let rate = |node: &NodeView| node.read(|snapshot| snapshot.mining.hashes_per_second).unwrap_or(0.0);
        let power: f64 = nodes.iter().map(rate).sum();
        let now = state.clock.with(|clock| clock.lab_ms(browser::now_ms())) / 1000.0;
        let paces = nodes.iter().filter_map(|node| node.read(|snapshot| pace(snapshot, now)).flatten());
        (power / 1000.0, paces.max_by_key(|(height, _)| *height).map(|(_, pace)| pace))
    });
    let power = format::khs(power);
    match pace {
        Some(pace) => fill(t().power_and_pace, &[&power, &format!("{pace:.1}")]),
        None => fill(t().power_alone, &[&power]),
    }
}

/// Seconds between the last blocks that were mined, up to which height; none while they are too few. The genesis block
/// and those that set the scene up, all at once, say nothing of a pace; the wait for the next one does.
fn pace(snapshot: &NodeSnapshot, now: f64) -> Option<(Height, f64)> {
    let set_up = Scene::from_address().set_up_blocks();
    let recent = &snapshot.chain.as_ref()?.recent;
    let mined = recent.iter().position(|block| block.height.0 > set_up)?;
    let last = &recent[mined.max(recent.len().saturating_sub(PACE_BLOCKS))..];
    if last.len() < LEAST_PACE_BLOCKS {
        return None;
    }
    let (first, tip) = (last.first()?, last.last()?);
    let between = f64::from(tip.time) - f64::from(first.time);
    let with_wait = now - f64::from(first.time);
    let gaps = (last.len() - 1) as f64;
    Some((tip.height, (between / gaps).max(with_wait / (gaps + 1.0))))
}

#[component]
fn ClockControls() -> impl IntoView {
    let lab: Lab = expect_context();
    let paused = Memo::new(move |_| lab.state.clock.with(LabClock::is_paused));
    let toggle = move |_| if paused.get_untracked() { lab.resume() } else { lab.pause() };
    let label = move || if paused.get() { t().resume } else { t().pause };
    let choose = move |event| {
        let chosen = event_target_value(&event);
        if let Some(speed) = SPEEDS.into_iter().find(|speed| speed.to_string() == chosen) {
            lab.set_speed(speed);
        }
    };
    let options = SPEEDS.map(|speed| {
        let chosen = move || lab.state.clock.with(|clock| clock.speed == speed);
        view! { <option value=speed.to_string() prop:selected=chosen>{format!("{speed}×")}</option> }
    });
    view! {
        <span class="seg" role="group" aria-label=tr(|t| t.clock)>
            <button type="button" class:on=paused data-testid=testid::CLOCK_PAUSE title=label aria-label=label on:click=toggle>
                {move || icon(if paused.get() { Icon::Play } else { Icon::Pause })}
            </button>
            <button
                type="button"
                data-testid=testid::CLOCK_STEP
                title=tr(|t| t.step)
                aria-label=tr(|t| t.step)
                on:click=move |_| lab.step()
            >
                {icon(Icon::Step)}
            </button>
            <select data-testid=testid::CLOCK_SPEED aria-label=tr(|t| t.speed) on:change=choose>{options}</select>
        </span>
    }
}

#[component]
fn LangSwitch() -> impl IntoView {
    let button = |own: Lang, testid: &'static str, text: &'static str| {
        let pressed = move || lang() == own;
        view! {
            <button
                type="button"
                class:on=pressed
                data-testid=testid
                lang=own.tag()
                aria-pressed=words(move || pressed().to_string())
                on:click=move |_| prefs::choose_lang(own)
            >
                {text}
            </button>
        }
    };
    view! {
        <span class="seg" role="group" aria-label=tr(|t| t.language)>
            {button(Lang::En, testid::LANG_EN, "EN")} {button(Lang::Zh, testid::LANG_ZH, "中文")}
        </span>
    }
}

#[component]
fn ThemeSwitch() -> impl IntoView {
    let toggle = move |_| prefs::choose_theme(prefs::theme().other());
    view! {
        <button
            type="button"
            data-testid=testid::THEME
            title=tr(|t| t.theme)
            aria-label=tr(|t| t.theme)
            on:click=toggle
        >
            {icon(Icon::Theme)}
        </button>
    }
}
