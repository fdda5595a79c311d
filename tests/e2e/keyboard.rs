//! The page without a pointing device.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Test};
use thirtyfour::Key;

pub(crate) fn tests() -> Vec<Test> {
    vec![Test::new("the_first_minute_works_by_keyboard_alone", 240, |stage| Box::pin(first_minute(stage)))]
}

async fn first_minute(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?lang=en").await?;
    page.wait_for("return terrarium.nodes().every((node) => node.height >= 8)", json!(null)).await?;
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

/// Moves the focus to the element with this test id by Tab alone.
async fn reach(page: &Page, testid: &str) -> Outcome {
    page.element(testid).await?;
    for _ in 0..300 {
        let focused = "return document.activeElement?.dataset?.testid === args";
        if page.eval(focused, json!(testid)).await? == json!(true) {
            return Ok(());
        }
        type_keys(page, Key::Tab).await?;
    }
    Err(format!("Tab does not lead to {testid}").into())
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
