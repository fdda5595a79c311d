//! The wallet's panel: addresses with labels, paying, and the history with its confirmations.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Test, expect_text};
use thirtyfour::Key;

pub(crate) fn tests() -> Vec<Test> {
    vec![Test::new("a_wallet_makes_labelled_addresses_pays_and_counts_confirmations", 240, |stage| {
        Box::pin(wallet(stage))
    })]
}

async fn wallet(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?lang=en").await?;
    page.wait_for("return terrarium.nodes().every((node) => node.height >= 8)", json!(null)).await?;
    // Blocks come when they are asked for.
    page.eval("for (const node of terrarium.nodes()) terrarium.setHashRate(node.id, 0)", json!(null)).await?;
    page.click("[data-testid='node-card'][data-node='3001'] [data-testid='open-wallet']").await?;

    type_into(&page, "wallet-label", "savings").await?;
    page.click("[data-testid='wallet-new-address']").await?;
    let labelled = "return [...document.querySelectorAll('[data-testid=wallet-address]')]
        .find((entry) => entry.textContent.includes('savings'))?.dataset.address ?? null";
    page.wait_for(labelled, json!(null)).await?;
    // The label stands for it everywhere, and nobody else may take it.
    let line = page.exec("3000", "getbalance -address SAVINGS").await?;
    expect_text(&json!(line), ": 0")?;
    let taken =
        page.eval_error("await terrarium.exec('3002', 'createwallet -label savings')", json!(null)).await?;
    expect_text(&json!(taken), "the label 'savings' is taken")?;
    type_into(&page, "wallet-label", "Savings").await?;
    page.click("[data-testid='wallet-new-address']").await?;
    page.wait_for(
        "return document.querySelector('[data-testid=drawer]').innerText.includes('taken')",
        json!(null),
    )
    .await?;

    type_into(&page, "send-amount", "3").await?;
    page.click("[data-testid='drawer'] [data-testid='send-submit']").await?;
    // What was paid is the entry that is no gain.
    let confirmed = "const paid = [...document.querySelectorAll('[data-testid=wallet-entry]')]
            .find((entry) => entry.querySelector('.figure:not(.gain)'));
        return paid?.dataset.confirmations === args";
    page.wait_for(confirmed, json!("0")).await?;
    page.eval("await terrarium.mine('3001')", json!(null)).await?;
    page.wait_for(confirmed, json!("1")).await?;
    page.eval("await terrarium.mine('3001')", json!(null)).await?;
    page.wait_for(confirmed, json!("2")).await?;
    page.click("[data-testid='wallet-entry'] [data-testid='wallet-transaction']").await?;
    page.element("transaction-block").await.map(drop)
}

/// Replaces what a field of the drawer holds.
async fn type_into(page: &Page, testid: &str, text: &str) -> Outcome {
    let field = page.find(&format!("[data-testid='drawer'] [data-testid='{testid}']")).await?;
    field.scroll_into_view().await?;
    field.click().await?;
    field.send_keys(Key::Control + "a").await?;
    Ok(field.send_keys(text).await?)
}
