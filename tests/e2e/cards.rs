//! What a visitor does with a node's card, by the pointer.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Test, expect, expect_text};
use thirtyfour::Key;

/// The node whose card is used: the first scene's wallet, which does not mine by itself.
const NODE: &str = "3001";
/// That node, in a script.
const THE_NODE: &str = "terrarium.nodes().find((node) => node.id === '3001')";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("a_card_mines_one_stops_starts_and_removes_its_node", 240, |stage| {
            Box::pin(buttons(stage))
        }),
        Test::new("the_dial_sets_a_nodes_hash_power", 180, |stage| Box::pin(dial(stage))),
        Test::new("a_card_shows_the_nodes_log_and_the_blocks_it_has", 180, |stage| Box::pin(log(stage))),
    ]
}

/// What of the card has this test id.
fn on_card(testid: &str) -> String {
    format!("[data-testid='node-card'][data-node='{NODE}'] [data-testid='{testid}']")
}

async fn open(stage: &Stage<'_>) -> Outcome<Page> {
    let page = stage.open("?lang=en").await?;
    page.wait_for("return terrarium.nodes().every((node) => node.height >= 8)", json!(null)).await?;
    Ok(page)
}

async fn buttons(stage: &Stage<'_>) -> Outcome {
    let page = open(stage).await?;
    // Nobody else's blocks, so that the one found is this node's.
    page.eval("for (const node of terrarium.nodes()) terrarium.setHashRate(node.id, 0)", json!(null)).await?;
    let found = format!("return document.querySelector({:?}).textContent", on_card("node-blocks-found"));
    let before = page.eval(&found, json!(null)).await?;
    page.click(&on_card("mine-one")).await?;
    page.wait_for(
        &format!("const now = await (async () => {{ {found} }})(); return Number(now) === Number(args) + 1"),
        before,
    )
    .await?;

    page.click(&on_card("stop-node")).await?;
    page.wait_for(&format!("return {THE_NODE}.state === 'stopped'"), json!(null)).await?;
    page.wait_for(&format!("return {THE_NODE}.peers === 0"), json!(null)).await?;
    page.click(&on_card("start-node")).await?;
    page.wait_for(&format!("return {THE_NODE}.state === 'running' && {THE_NODE}.peers > 0"), json!(null))
        .await?;

    page.click(&on_card("remove-node")).await?;
    page.click("[data-testid='confirm-yes']").await?;
    page.wait_for(&format!("return {THE_NODE} === undefined"), json!(null)).await?;
    let card = "return document.querySelector(args) === null";
    page.wait_for(card, json!(format!("[data-testid='node-card'][data-node='{NODE}']"))).await
}

async fn dial(stage: &Stage<'_>) -> Outcome {
    let page = open(stage).await?;
    let dial = page.find(&on_card("hash-power")).await?;
    dial.send_keys(Key::End).await?;
    // Its rate alone does not tell: what it mined for the first scene counts for a second.
    let says = "return document.querySelector(args[0]).getAttribute('aria-valuetext').includes(args[1])";
    page.wait_for(says, json!([on_card("hash-power"), "32"])).await?;
    let rate = format!("return {THE_NODE}.hashesPerSecond > 0");
    page.wait_for(&rate, json!(null)).await?;
    dial.send_keys(Key::Home).await?;
    page.wait_for(&format!("return {THE_NODE}.hashesPerSecond === 0"), json!(null)).await?;
    // A script turns the same dial.
    page.eval(&format!("terrarium.setHashRate('{NODE}', 4)"), json!(null)).await?;
    page.wait_for(&rate, json!(null)).await?;
    page.wait_for(says, json!([on_card("hash-power"), "4"])).await
}

async fn log(stage: &Stage<'_>) -> Outcome {
    let page = open(stage).await?;
    page.click(&on_card("tab-log")).await?;
    page.wait_for(
        "const log = document.querySelector(args); return !log.closest('[hidden]') && log.textContent.includes('Added block')",
        json!(on_card("node-log")),
    )
    .await?;
    page.click(&on_card("tab-console")).await?;
    page.wait_for(
        "return document.querySelector(args).closest('[hidden]') !== null",
        json!(on_card("node-log")),
    )
    .await?;

    page.eval("for (const node of terrarium.nodes()) terrarium.setHashRate(node.id, 0)", json!(null)).await?;
    page.click(&on_card("stripe-block")).await?;
    page.element("drawer").await?;
    // The block's fields, by their names, and all of its bytes.
    page.wait_for("return document.querySelector('[data-testid=block-transaction]') !== null", json!(null))
        .await?;
    let drawer =
        page.eval("return document.querySelector('[data-testid=drawer]').innerText", json!(null)).await?;
    for field in ["merkle", "nonce", "Transactions"] {
        if !drawer.as_str().unwrap_or_default().to_lowercase().contains(&field.to_lowercase()) {
            return Err(format!("the block's view does not say {field}: {drawer}").into());
        }
    }
    page.click("[data-testid='block-transaction']").await?;
    page.element("transaction-block").await?;
    let transaction =
        page.eval("return document.querySelector('[data-testid=drawer]').innerText", json!(null)).await?;
    expect_text(&transaction, "50")?;
    page.click("[data-testid='drawer-close']").await?;
    let closed = "return document.querySelector('[data-testid=drawer]') === null";
    expect(&page.eval(closed, json!(null)).await?, &json!(true))
}
