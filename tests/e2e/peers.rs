//! A node's connections in the drawer, and what a node warns of.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Test, expect};
use thirtyfour::Key;

/// The card whose connections are looked at.
const OPEN: &str = "[data-testid='node-card'][data-node='3001'] [data-testid='open-peers']";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("a_card_opens_its_nodes_peers_and_each_peer_its_own", 180, |stage| Box::pin(peers(stage))),
        Test::new("a_tip_that_grows_old_is_warned_of_until_a_block_comes", 240, |stage| {
            Box::pin(stale_tip(stage))
        }),
    ]
}

async fn open(stage: &Stage<'_>) -> Outcome<Page> {
    let page = stage.open("?lang=en").await?;
    page.wait_for(
        "return terrarium.nodes().every((node) => node.height >= 8 && node.peers > 0)",
        json!(null),
    )
    .await?;
    Ok(page)
}

async fn peers(stage: &Stage<'_>) -> Outcome {
    let page = open(stage).await?;
    page.click(OPEN).await?;
    // The list is what getpeerinfo says.
    let listed = "const told = JSON.parse(await terrarium.exec('3001', 'getpeerinfo')).map((peer) => peer.addr);
                  const shown = [...document.querySelectorAll('[data-testid=peer]')].map((peer) => peer.dataset.peer);
                  return told.length > 0 && told.join() === shown.join()";
    page.wait_for(listed, json!(null)).await?;
    let says = "const text = document.querySelector('[data-testid=peer]').textContent;
                return args.every((word) => text.includes(word))";
    let words = ["v2, encrypted", "/Terrarium:", "NETWORK", " ms", " B sent", " MB", "Budget left"];
    page.wait_for(says, json!(words)).await?;
    page.wait_for(
        "return document.querySelector('[data-testid=watch]').textContent.includes('Nothing unusual')",
        json!(null),
    )
    .await?;

    // By keyboard from a peer to its own peers, among which is the first node.
    let press = "document.querySelector('[data-testid=peer-open]').focus()";
    page.eval(press, json!(null)).await?;
    page.driver().action_chain().send_keys(Key::Enter).perform().await?;
    page.wait_for(
        "return [...document.querySelectorAll('[data-testid=peer]')].some((peer) => peer.dataset.peer.endsWith(':3001'))",
        json!(null),
    )
    .await?;
    page.click("[data-testid='drawer-back']").await?;
    page.wait_for(listed, json!(null)).await?;

    // A connection that ends is told of, in words.
    let address =
        page.eval("return document.querySelector('[data-testid=peer]').dataset.peer", json!(null)).await?;
    page.exec("3001", &format!("disconnectnode {}", address.as_str().unwrap_or_default())).await?;
    page.wait_for(
        "return document.querySelector('[data-testid=ended-connection][data-code=by-hand]')?.textContent.includes(args)",
        address,
    )
    .await
}

async fn stale_tip(stage: &Stage<'_>) -> Outcome {
    let page = open(stage).await?;
    let heard = "window.heard = []; terrarium.on('warning', (warning) => window.heard.push(warning))";
    page.eval(heard, json!(null)).await?;
    page.eval("for (const node of terrarium.nodes()) terrarium.setHashRate(node.id, 0)", json!(null)).await?;
    page.click("[data-testid='clock-speed'] option[value='4']").await?;
    let warned =
        "return document.querySelectorAll(\"[data-testid='node-notice'][data-kind='attack']\").length";
    page.wait_within(120_000, &format!("return (await (async () => {{ {warned} }})()) === 4"), json!(null))
        .await?;
    page.wait_for(
        "const { warnings, watch } = JSON.parse(await terrarium.exec('3001', 'getnetworkinfo'));
         return warnings.length === 1 && warnings[0].startsWith('no new block for') && watch.active[0].code === 'stale-tip'",
        json!(null),
    )
    .await?;
    page.wait_for(
        "return document.querySelector('[data-testid=live-log]').textContent.includes('warns: No new block for')",
        json!(null),
    )
    .await?;
    page.click("[data-testid='node-card'][data-node='3000'] [data-testid='mine-one']").await?;
    page.wait_for(&format!("return (await (async () => {{ {warned} }})()) === 0"), json!(null)).await?;
    let codes = "const told = window.heard.filter((warning) => warning.id === '3001');
                 return told.map((warning) => [warning.code, warning.active])";
    // What scripts hear comes by another way than what the page shows.
    page.wait_for("return window.heard.some(({ id, active }) => id === '3001' && !active)", json!(null))
        .await?;
    expect(&page.eval(codes, json!(null)).await?, &json!([["stale-tip", true], ["stale-tip", false]]))
}
