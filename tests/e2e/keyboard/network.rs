//! The map's links, the sides of a cut, the free terminals, and a new network.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, expect, expect_text};
use thirtyfour::Key;

use super::{FOCUS, open, press, reach, type_keys};

pub(super) async fn all(stage: &Stage<'_>) -> Outcome {
    let page = open(stage).await?;
    link(&page).await?;
    sides(&page).await?;
    terminals(&page).await
}

/// A link is cut and healed, and keeps the focus.
async fn link(page: &Page) -> Outcome {
    press(page, "map-link").await?;
    let focused = "const { testid, cut } = document.activeElement.dataset; return testid === 'map-link' && cut === args";
    page.wait_for(focused, json!("true")).await?;
    type_keys(page, Key::Enter).await?;
    page.wait_for(focused, json!("false")).await
}

/// A node goes to the other side and takes the focus with it, so that a second press takes it back.
async fn sides(page: &Page) -> Outcome {
    press(page, "cut-network").await?;
    page.element("cut-side").await?;
    let side = "return [...document.querySelectorAll('.cut-sides .side')]
        .findIndex((side) => side.querySelector(`[data-testid=cut-side][data-node='${args}']`))";
    reach(page, "cut-side").await?;
    let mover = page.eval("return document.activeElement.dataset.node", json!(null)).await?;
    for there in [1, 0] {
        type_keys(page, Key::Enter).await?;
        page.wait_for(
            &format!("const at = await (async (args) => {{ {side} }})(args[0]); return at === args[1]"),
            json!([mover, there]),
        )
        .await?;
        page.wait_for("return document.activeElement.dataset.node === args", mover.clone()).await?;
    }
    press(page, "heal-network").await?;
    page.wait_for("return document.querySelector('[data-testid=cut-side]') === null", json!(null)).await
}

async fn terminals(page: &Page) -> Outcome {
    press(page, "new-terminal").await?;
    page.element("terminal").await?;
    super::reach_matching(page, "[data-testid='terminal'] [data-testid='console-input']").await?;
    for line in ["set NODE_ID=3002", "listen 3002"] {
        type_keys(page, line).await?;
        type_keys(page, Key::Enter).await?;
    }
    let printed = "return document.querySelector('[data-testid=terminal] [data-testid=console-output]')
        .innerText.includes(args)";
    page.eval("await terrarium.mine('3000')", json!(null)).await?;
    page.wait_for(printed, json!("received: ")).await?;
    // What is followed ends, and the line can be typed into again.
    page.driver().action_chain().key_down(Key::Control).send_keys("c").key_up(Key::Control).perform().await?;
    page.wait_for(printed, json!("^C")).await?;
    type_keys(page, "getblockcount").await?;
    type_keys(page, Key::Enter).await?;
    page.wait_for(printed, json!("getblockcount")).await?;
    press(page, "close-terminal").await?;
    page.wait_for("return document.querySelector('[data-testid=terminal]') === null", json!(null)).await?;
    page.wait_for("return document.activeElement.dataset.testid === 'new-terminal'", json!(null)).await
}

/// What was there is gone once the question is answered with yes.
pub(super) async fn made_anew(stage: &Stage<'_>) -> Outcome {
    let page = open(stage).await?;
    let addresses = page.exec("3000", "listaddresses").await?;
    press(&page, "new-network").await?;
    page.element("confirm-no").await?;
    expect_text(&page.eval(FOCUS, json!(null)).await?[0], "confirm-no")?;
    press(&page, "confirm-yes").await?;
    let fresh = "if (!window.terrarium || document.querySelector('dialog')) return false;
        await terrarium.ready;
        if (!terrarium.nodes().every((node) => node.height >= 8)) return false;
        const addresses = await terrarium.exec('3000', 'listaddresses').catch(() => args);
        return addresses !== args";
    page.wait_for(fresh, json!(addresses)).await?;
    expect(&page.eval("return terrarium.nodes().length", json!(null)).await?, &json!(4))
}
