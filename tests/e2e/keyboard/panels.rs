//! The first minute, then header, drawer, console and dialogs.

use serde_json::{Value, json};
use terrarium_tests::browser::{Outcome, Page, Stage, expect, expect_text};
use thirtyfour::Key;

use super::{FOCUS, open, press, reach, reach_matching, type_keys};

pub(super) async fn first_minute(stage: &Stage<'_>) -> Outcome {
    let page = open(stage).await?;
    press(&page, "cut-network").await?;
    let parted = "const tips = new Set(terrarium.nodes().map((node) => node.tip));
                  return tips.size > 1 && Math.min(...terrarium.nodes().map((node) => node.height)) > args";
    let height =
        page.eval("return Math.max(...terrarium.nodes().map((node) => node.height))", json!(null)).await?;
    page.wait_within(120_000, parted, height).await?;
    press(&page, "heal-network").await?;
    page.wait_within(
        120_000,
        "return new Set(terrarium.nodes().map((node) => node.tip)).size === 1",
        json!(null),
    )
    .await?;

    let transactions =
        "window.payments = []; terrarium.on('tx', (event) => window.payments.push(event.txid))";
    page.eval(transactions, json!(null)).await?;
    press(&page, "send-coins").await?;
    reach(&page, "send-amount").await?;
    type_keys(&page, "1").await?;
    press(&page, "send-submit").await?;
    page.wait_for("return window.payments.length > 0", json!(null)).await?;
    type_keys(&page, Key::Escape).await
}

pub(super) async fn everything_else(stage: &Stage<'_>) -> Outcome {
    let page = open(stage).await?;
    // Blocks that go on coming would push the one in focus out of the picture.
    press(&page, "clock-pause").await?;

    settings(&page).await?;
    block_and_back(&page).await?;
    console(&page).await?;
    press(&page, "clock-pause").await?;
    add_node(&page).await?;
    new_network(&page).await
}

async fn settings(page: &Page) -> Outcome {
    let root = "const { lang, dataset } = document.documentElement; return [lang.slice(0, 2), dataset.theme]";
    press(page, "lang-zh").await?;
    press(page, "theme").await?;
    let first = page.eval(root, json!(null)).await?;
    expect(&first[0], &json!("zh"))?;
    press(page, "theme").await?;
    press(page, "lang-en").await?;
    let second = page.eval(root, json!(null)).await?;
    expect(&second[0], &json!("en"))?;
    if first[1] == second[1] { Err(format!("the theme stays {}", first[1]).into()) } else { Ok(()) }
}

/// Opens a block of the chain and a transaction in it, goes back, and closes both: the focus is where it was.
async fn block_and_back(page: &Page) -> Outcome {
    reach(page, "chain-block").await?;
    let before = page.eval(FOCUS, json!(null)).await?;
    type_keys(page, Key::Enter).await?;
    page.element("drawer").await?;
    let inside = "return document.activeElement.closest('[data-testid=drawer]') !== null";
    page.wait_for(inside, json!(null)).await?;
    // The block names its transactions once the node has answered.
    page.wait_for("return document.querySelector('[data-testid=drawer] .list button') !== null", json!(null))
        .await?;
    reach_matching(page, "[data-testid=drawer] .list button").await?;
    type_keys(page, Key::Enter).await?;
    press(page, "drawer-back").await?;
    page.wait_for(inside, json!(null)).await?;
    type_keys(page, Key::Escape).await?;
    page.wait_for("return document.querySelector('[data-testid=drawer]') === null", json!(null)).await?;
    expect(&page.eval(FOCUS, json!(null)).await?, &before)
}

async fn console(page: &Page) -> Outcome {
    reach(page, "console-input").await?;
    type_keys(page, "getblockcuont").await?;
    type_keys(page, Key::Enter).await?;
    let output = "return document.activeElement.closest('.console').innerText";
    page.wait_for(&format!("{output}.includes('Unknown command!')"), json!(null)).await?;
    // The last line comes back with the arrow, and Tab completes what is begun.
    type_keys(page, Key::Up).await?;
    expect(&page.eval("return document.activeElement.value", json!(null)).await?, &json!("getblockcuont"))?;
    type_keys(page, Key::Down).await?;
    type_keys(page, "getblockchaini").await?;
    type_keys(page, Key::Tab).await?;
    type_keys(page, Key::Enter).await?;
    page.wait_for(&format!("{output}.includes('\"bestblockhash\"')"), json!(null)).await?;
    let focus = page.eval(FOCUS, json!(null)).await?;
    expect(&focus[0], &json!("console-input"))
}

async fn add_node(page: &Page) -> Outcome {
    press(page, "add-node").await?;
    reach_matching(page, "[data-testid=add-node-role][data-role=miner]").await?;
    type_keys(page, Key::Enter).await?;
    page.wait_for(
        "const node = terrarium.nodes().find((node) => node.id === '3004');
         return node?.role === 'miner' && node.state === 'running' && node.height >= 8",
        json!(null),
    )
    .await?;
    expect_text(&page.eval("return document.activeElement.dataset.testid", json!(null)).await?, "add-node")
}

/// Escape keeps the lab, and gives the focus back.
async fn new_network(page: &Page) -> Outcome {
    press(page, "new-network").await?;
    page.element("confirm-yes").await?;
    let focused = page.eval(FOCUS, json!(null)).await?;
    expect(&focused[0], &json!("confirm-no"))?;
    type_keys(page, Key::Escape).await?;
    page.wait_for("return document.querySelector('dialog') === null", json!(null)).await?;
    let after: Value = page.eval(FOCUS, json!(null)).await?;
    expect(&after[0], &json!("new-network"))?;
    expect(&page.eval("return terrarium.nodes().length", json!(null)).await?, &json!(5))
}
