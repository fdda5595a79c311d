//! A node's card and its wallet.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, expect, expect_text};
use thirtyfour::Key;

use super::{FOCUS, open, reach_matching, type_keys};

/// The first scene's wallet node, in a script.
const THE_NODE: &str = "terrarium.nodes().find((node) => node.id === '3001')";

pub(super) async fn card(stage: &Stage<'_>) -> Outcome {
    let page = open(stage).await?;
    // Blocks come when they are asked for.
    page.eval("for (const node of terrarium.nodes()) terrarium.setHashRate(node.id, 0)", json!(null)).await?;
    mine_one(&page).await?;
    dial(&page).await?;
    log(&page).await?;
    stop_and_start(&page).await?;
    wallet(&page).await?;
    remove(&page).await
}

/// What of the card has this test id.
fn on_card(testid: &str) -> String {
    format!("[data-testid='node-card'][data-node='3001'] [data-testid='{testid}']")
}

async fn press(page: &Page, selector: &str) -> Outcome {
    reach_matching(page, selector).await?;
    type_keys(page, Key::Enter).await
}

async fn mine_one(page: &Page) -> Outcome {
    let found = "return Number(document.querySelector(args).textContent)";
    let before = page.eval(found, json!(on_card("node-blocks-found"))).await?;
    press(page, &on_card("mine-one")).await?;
    let more = "return Number(document.querySelector(args[0]).textContent) === args[1] + 1";
    page.wait_for(more, json!([on_card("node-blocks-found"), before])).await
}

async fn dial(page: &Page) -> Outcome {
    reach_matching(page, &on_card("hash-power")).await?;
    type_keys(page, Key::PageUp).await?;
    page.wait_for(&format!("return {THE_NODE}.hashesPerSecond > 0"), json!(null)).await?;
    type_keys(page, Key::Home).await?;
    page.wait_for(&format!("return {THE_NODE}.hashesPerSecond === 0"), json!(null)).await
}

async fn log(page: &Page) -> Outcome {
    let hidden = "return (document.querySelector(args[0]).closest('[hidden]') !== null) === args[1]";
    press(page, &on_card("tab-log")).await?;
    page.wait_for(hidden, json!([on_card("node-log"), false])).await?;
    reach_matching(page, &on_card("node-log")).await?;
    press(page, &on_card("tab-console")).await?;
    page.wait_for(hidden, json!([on_card("node-log"), true])).await
}

/// One button with two meanings: the focus stays on it.
async fn stop_and_start(page: &Page) -> Outcome {
    press(page, &on_card("stop-node")).await?;
    page.wait_for(&format!("return {THE_NODE}.state === 'stopped'"), json!(null)).await?;
    page.wait_for("return document.activeElement.dataset.testid === 'start-node'", json!(null)).await?;
    type_keys(page, Key::Enter).await?;
    page.wait_for(&format!("return {THE_NODE}.state === 'running' && {THE_NODE}.peers > 0"), json!(null))
        .await
}

/// Makes a labelled address and pays; when the panel closes, the focus is where it came from.
async fn wallet(page: &Page) -> Outcome {
    press(page, &on_card("open-wallet")).await?;
    let opener = json!(["open-wallet", "3001"]);
    page.wait_for("return document.activeElement.closest('[data-testid=drawer]') !== null", json!(null))
        .await?;
    reach_matching(page, "[data-testid='drawer'] [data-testid='wallet-label']").await?;
    type_keys(page, "savings").await?;
    press(page, "[data-testid='drawer'] [data-testid='wallet-new-address']").await?;
    page.wait_for(
        "return [...document.querySelectorAll('[data-testid=wallet-address]')]
            .some((entry) => entry.textContent.includes('savings'))",
        json!(null),
    )
    .await?;
    reach_matching(page, "[data-testid='drawer'] [data-testid='send-amount']").await?;
    type_keys(page, "3").await?;
    press(page, "[data-testid='drawer'] [data-testid='send-submit']").await?;
    let paid = "return document.querySelector('[data-testid=wallet-entry] .figure:not(.gain)') !== null";
    page.wait_for(paid, json!(null)).await?;
    press(page, "[data-testid='wallet-entry'] [data-testid='wallet-transaction']").await?;
    page.wait_for("return document.querySelector('[data-testid=drawer-back]') !== null", json!(null)).await?;
    type_keys(page, Key::Escape).await?;
    page.wait_for("return document.querySelector('[data-testid=drawer]') === null", json!(null)).await?;
    let focus = "return [document.activeElement.dataset.testid,
        document.activeElement.closest('[data-testid=node-card]')?.dataset.node]";
    expect(&page.eval(focus, json!(null)).await?, &opener)
}

/// The dialog begins with the answer that does no harm; afterwards the focus is on the page, not lost.
async fn remove(page: &Page) -> Outcome {
    press(page, &on_card("remove-node")).await?;
    page.element("confirm-no").await?;
    expect_text(&page.eval(FOCUS, json!(null)).await?[0], "confirm-no")?;
    press(page, "[data-testid='confirm-yes']").await?;
    page.wait_for(&format!("return {THE_NODE} === undefined"), json!(null)).await?;
    page.wait_for("return document.activeElement.dataset.testid === 'add-node'", json!(null)).await
}
