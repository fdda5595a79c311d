//! The page without a pointing device.

mod network;
mod nodes;
mod panels;

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Test};
use thirtyfour::Key;

/// The element that has the focus: its test id, and what tells it from others with the same.
const FOCUS: &str = "const { testid, hash, node, role } = document.activeElement?.dataset ?? {};
    return [testid, hash, node, role].map((part) => part ?? null)";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("the_first_minute_works_by_keyboard_alone", 240, |stage| {
            Box::pin(panels::first_minute(stage))
        }),
        Test::new("nodes_consoles_blocks_and_settings_are_used_by_keyboard_alone", 240, |stage| {
            Box::pin(panels::everything_else(stage))
        }),
        Test::new("a_nodes_card_and_wallet_are_used_by_keyboard_alone", 240, |stage| {
            Box::pin(nodes::card(stage))
        }),
        Test::new("links_sides_of_a_cut_and_terminals_are_used_by_keyboard_alone", 240, |stage| {
            Box::pin(network::all(stage))
        }),
        Test::new("a_new_network_is_made_by_keyboard_alone", 240, |stage| {
            Box::pin(network::made_anew(stage))
        }),
    ]
}

/// The first scene, once its chain is there.
async fn open(stage: &Stage<'_>) -> Outcome<Page> {
    let page = stage.open("?lang=en").await?;
    page.wait_for("return terrarium.nodes().every((node) => node.height >= 8)", json!(null)).await?;
    Ok(page)
}

/// Moves the focus to the element with this test id by Tab alone.
async fn reach(page: &Page, testid: &str) -> Outcome {
    page.element(testid).await?;
    reach_matching(page, &format!("[data-testid='{testid}']")).await
}

/// Moves the focus to an element that fits `selector` by Tab alone.
async fn reach_matching(page: &Page, selector: &str) -> Outcome {
    for _ in 0..300 {
        let focused = "return document.activeElement?.matches(args) === true";
        if page.eval(focused, json!(selector)).await? == json!(true) {
            return Ok(());
        }
        type_keys(page, Key::Tab).await?;
    }
    Err(format!("Tab does not lead to {selector}").into())
}

/// Reaches a button and presses it with Enter.
async fn press(page: &Page, testid: &str) -> Outcome {
    reach(page, testid).await?;
    type_keys(page, Key::Enter).await
}

async fn type_keys(page: &Page, keys: impl Into<thirtyfour::TypingData>) -> Outcome {
    page.driver().action_chain().send_keys(keys).perform().await?;
    Ok(())
}
