//! The dial of a node's miner. Its scale is that of a square root, so that small shares can be set as well.

use super::card::Refused;
use super::format;
use super::role::present_role;
use super::words::{holds, tr, words};
use crate::i18n::{fill, t};
use crate::lab::Lab;
use crate::lab::port::MAX_KHS;
use crate::lab::state::{NodeView, Phase};
use crate::testid;
use leptos::prelude::*;
use terrarium_core::interface::{MiningMode, NodeSnapshot, Role};

/// The dial.
#[component]
pub(crate) fn Dial(node: NodeView, refused: Refused) -> impl IntoView {
    let lab: Lab = expect_context();
    let budget = Memo::new(move |_| {
        let dial = |snapshot: &NodeSnapshot| match snapshot.mining.mode {
            MiningMode::Off => 0.0,
            MiningMode::WhenTwoWait | MiningMode::Always => snapshot.mining.budget_khs,
        };
        node.read(dial).unwrap_or(0.0)
    });
    // What the hand holds is shown at once, what the worker answers follows.
    let held = RwSignal::new(None::<f64>);
    let shown = move || held.get().unwrap_or_else(|| budget.get());
    let turn = move |event: web_sys::Event| {
        let place: u8 = event_target_value(&event).parse().unwrap_or(0);
        let khs = from_place(place.into());
        held.set(Some(khs));
        refused.tell(async move { lab.set_hash_rate(node.id, khs) });
    };
    let label = move || fill(t().khs, &[&format::khs(shown())]);
    view! {
        <label class="dial">
            <span>{tr(|t| t.hash_power)}</span>
            <input
                type="range"
                min="0"
                max="100"
                step="1"
                data-testid=testid::HASH_POWER
                aria-valuetext=label
                style=words(move || format!("--fill:{:.0}%", to_place(shown())))
                prop:value=words(move || to_place(shown()).round().to_string())
                disabled=holds(move || {
                    present_role(node) == Role::Spv
                        || node.status.with(|status| status.viewer || status.phase != Phase::Up)
                })
                on:input=turn
                on:change=move |_| held.set(None)
            />
            <b class="figure">{label}</b>
        </label>
    }
}

fn to_place(khs: f64) -> f64 {
    (khs / MAX_KHS).max(0.0).sqrt().min(1.0) * 100.0
}

/// The dial's steps: a quarter up to four, then halves.
fn from_place(place: f64) -> f64 {
    let khs = (place / 100.0).powi(2) * MAX_KHS;
    let step = if khs < 4.0 { 4.0 } else { 2.0 };
    // The lowest place but zero still mines.
    let least = if place > 0.0 { 0.25 } else { 0.0 };
    ((khs * step).round() / step).max(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dial_reaches_both_ends_and_its_least_place_still_mines() {
        assert_eq!([from_place(0.0), from_place(1.0), from_place(100.0)], [0.0, 0.25, MAX_KHS]);
    }

    #[test]
    fn the_dial_never_goes_back_as_it_is_turned_up() {
        let rates: Vec<f64> = (0..=100).map(|place| from_place(f64::from(place))).collect();
        assert!(rates.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn the_first_scenes_rates_have_a_place_on_the_dial() {
        for rate in [2.0, 8.0] {
            assert!((from_place(to_place(rate).round()) - rate).abs() < 0.3);
        }
    }
}
