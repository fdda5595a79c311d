//! What holds for a lab as a whole, its cuts, its links and its clock, holds in every tab of it and after a reload.

use serde_json::{Value, json};
use terrarium_tests::browser::{Outcome, Page, Stage, Switches, Test, expect};
use thirtyfour::WindowHandle;

const LAB: &str = "?scene=empty&lab=conditions&lang=en";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("a_cut_and_its_sides_hold_over_a_reload", 180, |stage| Box::pin(reload_of_a_cut(stage))),
        Test::new("a_link_keeps_its_cut_and_its_latency_over_a_reload", 180, |stage| {
            Box::pin(reload_of_links(stage))
        }),
        Test::new("a_cut_in_one_tab_holds_in_the_other_and_a_heal_there_heals_both", 180, |stage| {
            Box::pin(cut_in_tabs(stage))
        }),
        Test::new("a_cut_parts_nodes_that_only_another_tab_shows", 180, |stage| {
            Box::pin(cut_of_hidden_nodes(stage))
        }),
        Test::new("a_node_that_leaves_or_joins_a_cut_network_does_so_in_every_tab", 180, |stage| {
            Box::pin(come_and_go(stage))
        }),
        Test::new("a_pause_and_a_speed_hold_in_every_tab_and_over_a_reload", 180, |stage| {
            Box::pin(clock(stage))
        }),
        Test::new("a_new_network_is_whole_and_its_clock_runs", 120, |stage| Box::pin(new_network(stage))),
    ]
}

/// The nodes of both sides, as the page shows them; none where the network is whole.
const SIDES: &str = "return [...document.querySelectorAll('.cut-sides .side')]
    .map((side) => [...side.querySelectorAll('[data-testid=cut-side]')].map((chip) => chip.dataset.node))";

/// Waits until the page shows these sides.
async fn expect_sides(page: &Page, sides: &Value) -> Outcome {
    let shown =
        format!("return JSON.stringify(await (async () => {{ {SIDES} }})()) === JSON.stringify(args)");
    page.wait_for(&shown, sides.clone()).await
}

/// Waits until the page offers to cut, and shows no sides.
async fn expect_whole(page: &Page) -> Outcome {
    page.element("cut-network").await?;
    expect_sides(page, &json!([])).await
}

/// Waits until a node, which this tab must run, has these neighbours and no others.
async fn expect_peers(page: &Page, node: &str, peers: &[&str]) -> Outcome {
    let has = "const peers = JSON.parse(await terrarium.exec(args[0], 'getpeerinfo'));
        const ids = peers.map((peer) => peer.addr.split(':')[1]);
        return [...new Set(ids)].sort().join() === args[1].join()";
    page.wait_for(has, json!([node, peers])).await
}

/// Mines a block at a node, which must be there alone on its tip then.
async fn mine_apart(page: &Page, node: &str) -> Outcome {
    page.eval("await terrarium.mine(args)", json!(node)).await?;
    let alone = "const tip = (id) => terrarium.nodes().find((node) => node.id === id).tip;
        return terrarium.nodes().every(({ id }) => id === args || tip(id) !== tip(args))";
    expect(&page.eval(alone, json!(node)).await?, &json!(true))
}

async fn reload_of_a_cut(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?lang=en").await?;
    page.wait_for(
        "return terrarium.nodes().every((node) => node.height >= 8 && node.peers > 0)",
        json!(null),
    )
    .await?;
    page.click("[data-testid='cut-network']").await?;
    page.element("cut-side").await?;
    let before = page.eval(SIDES, json!(null)).await?;
    let mover = before[0][0].as_str().unwrap_or_default().to_owned();
    page.click(&format!("[data-testid='cut-side'][data-node='{mover}']")).await?;
    let moved = format!("return (await (async () => {{ {SIDES} }})())[1].includes(args)");
    page.wait_for(&moved, json!(mover)).await?;
    let sides = page.eval(SIDES, json!(null)).await?;

    page.open("?lang=en").await?;
    expect_sides(&page, &sides).await?;
    page.wait_for("return terrarium.nodes().every((node) => node.state === 'running')", json!(null)).await?;
    // Either side finds blocks of which the other hears nothing.
    let apart = "for (const side of args) await terrarium.mine(side[0]);
        const tips = (side) => side.map((id) => terrarium.nodes().find((node) => node.id === id).tip);
        const [left, right] = args.map(tips);
        return left.every((tip) => !right.includes(tip))";
    expect(&page.eval(apart, sides.clone()).await?, &json!(true))?;
    let across = "const sides = args;
        for (const side of sides) for (const id of side) {
            const peers = JSON.parse(await terrarium.exec(id, 'getpeerinfo'));
            if (peers.some((peer) => !side.includes(peer.addr.split(':')[1]))) return false;
        }
        return true";
    expect(&page.eval(across, sides).await?, &json!(true))?;
    page.click("[data-testid='heal-network']").await?;
    page.wait_for("return new Set(terrarium.nodes().map((node) => node.tip)).size === 1", json!(null))
        .await?;
    page.open("?lang=en").await?;
    expect_whole(&page).await
}

async fn reload_of_links(stage: &Stage<'_>) -> Outcome {
    let page = stage.open(LAB).await?;
    page.eval(
        "for (const id of ['3000', '3001', '3002']) await terrarium.spawn({ id, role: 'full', start: true });
         terrarium.link('3000', '3001', { latencyMs: 400 });
         terrarium.link('3000', '3002', { cut: true })",
        json!(null),
    )
    .await?;
    page.open(LAB).await?;
    expect_peers(&page, "3000", &["3001"]).await?;
    expect_peers(&page, "3002", &["3001"]).await?;
    // There and back.
    let slow = "const peers = JSON.parse(await terrarium.exec('3000', 'getpeerinfo'));
        const pings = peers.map((peer) => peer.minping);
        return pings.length > 0 && pings.every((ping) => ping >= 0.8)";
    page.wait_for(slow, json!(null)).await?;
    // The link that is cut has no connection, and is on the map all the same, to be healed.
    let link = "[data-testid='map-link'][data-link='3000-3002'][data-cut='true']";
    page.find(link).await?;
    let press = "document.querySelector(args).dispatchEvent(new MouseEvent('click', { bubbles: true }))";
    page.eval(press, json!(link)).await?;
    expect_peers(&page, "3000", &["3001", "3002"]).await?;
    expect_whole(&page).await
}

/// A tab that runs some nodes, and a second one of the same lab, which is the current one.
async fn two_tabs(page: &Page, ids: &[&str]) -> Outcome<[WindowHandle; 2]> {
    page.open(LAB).await?;
    let first = page.tab().await?;
    page.eval("for (const id of args) await terrarium.spawn({ id, role: 'full', start: true })", json!(ids))
        .await?;
    for id in ids {
        let others: Vec<&str> = ids.iter().copied().filter(|other| other != id).collect();
        expect_peers(page, id, &others).await?;
    }
    let second = page.new_tab().await?;
    page.open(LAB).await?;
    page.wait_for("return terrarium.nodes().every((node) => node.state === 'viewer')", json!(null)).await?;
    Ok([first, second])
}

async fn cut_in_tabs(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    let [first, second] = two_tabs(&page, &["3000", "3001"]).await?;
    page.click("[data-testid='cut-network']").await?;
    let sides = json!([["3000"], ["3001"]]);
    expect_sides(&page, &sides).await?;
    page.show(&first).await?;
    expect_sides(&page, &sides).await?;
    let says = "return document.querySelector('[data-testid=live-log]').textContent.includes(args)";
    page.wait_for(says, json!("cut into 2 parts")).await?;
    for id in ["3000", "3001"] {
        expect_peers(&page, id, &[]).await?;
    }
    mine_apart(&page, "3000").await?;
    mine_apart(&page, "3001").await?;
    page.show(&second).await?;
    page.click("[data-testid='heal-network']").await?;
    expect_whole(&page).await?;
    page.show(&first).await?;
    expect_whole(&page).await?;
    page.wait_for(says, json!("healed")).await?;
    expect_peers(&page, "3000", &["3001"]).await?;
    page.eval("await terrarium.mine('3000')", json!(null)).await?;
    page.agree(&json!(["3000", "3001"])).await
}

async fn cut_of_hidden_nodes(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    let [first, second] = two_tabs(&page, &["3000"]).await?;
    page.eval("await terrarium.spawn({ id: '3001', role: 'full', start: true })", json!(null)).await?;
    expect_peers(&page, "3001", &["3000"]).await?;
    page.show(&first).await?;
    expect(&page.eval("return terrarium.nodes().length", json!(null)).await?, &json!(1))?;
    page.click("[data-testid='cut-network']").await?;
    expect_peers(&page, "3000", &[]).await?;
    page.show(&second).await?;
    expect_sides(&page, &json!([["3000"], ["3001"]])).await?;
    expect_peers(&page, "3001", &[]).await?;
    page.show(&first).await?;
    page.click("[data-testid='heal-network']").await?;
    page.show(&second).await?;
    expect_whole(&page).await?;
    expect_peers(&page, "3001", &["3000"]).await
}

async fn come_and_go(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    let [first, second] = two_tabs(&page, &["3000", "3001"]).await?;
    page.click("[data-testid='cut-network']").await?;
    expect_sides(&page, &json!([["3000"], ["3001"]])).await?;
    // The sides are as large: one of them takes the new node in.
    page.eval("await terrarium.spawn({ id: '3002', role: 'full', start: true })", json!(null)).await?;
    let sides = json!([["3000"], ["3001", "3002"]]);
    expect_sides(&page, &sides).await?;
    expect_peers(&page, "3002", &["3001"]).await?;
    // A tab that only watches a node takes it off its own page, no more: its side is as it was when it is back.
    page.eval("await terrarium.remove('3001')", json!(null)).await?;
    expect_sides(&page, &json!([["3000"], ["3002"]])).await?;
    page.eval("await terrarium.spawn({ id: '3001' })", json!(null)).await?;
    expect_sides(&page, &sides).await?;
    // Who goes for good takes its side away with it.
    page.show(&first).await?;
    page.eval("await terrarium.remove('3000')", json!(null)).await?;
    expect_whole(&page).await?;
    page.show(&second).await?;
    expect_whole(&page).await
}

/// Whether the clock stands, what speed is chosen, and whether anything mines.
const CLOCK: &str = "return [
    document.querySelector('[data-testid=clock-pause]').classList.contains('on'),
    document.querySelector('[data-testid=clock-speed]').value,
    terrarium.nodes().some((node) => node.hashesPerSecond > 0)]";

async fn expect_clock(page: &Page, stands: bool, speed: &str) -> Outcome {
    let shown =
        format!("return JSON.stringify(await (async () => {{ {CLOCK} }})()) === JSON.stringify(args)");
    page.wait_for(&shown, json!([stands, speed, !stands])).await
}

async fn clock(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    page.open(LAB).await?;
    let first = page.tab().await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'miner', start: true })", json!(null)).await?;
    expect_clock(&page, false, "1").await?;
    let second = page.new_tab().await?;
    page.open(LAB).await?;
    expect_clock(&page, false, "1").await?;
    page.click("[data-testid='clock-pause']").await?;
    page.show(&first).await?;
    expect_clock(&page, true, "1").await?;
    page.click("[data-testid='clock-speed'] option[value='4']").await?;
    page.show(&second).await?;
    expect_clock(&page, true, "4").await?;
    // A step that its tab does not live to end is ended all the same.
    page.click("[data-testid='clock-step']").await?;
    page.close_tab(&first).await?;
    expect_clock(&page, true, "4").await?;
    page.open(LAB).await?;
    page.wait_for("return terrarium.nodes()[0]?.state === 'running'", json!(null)).await?;
    expect_clock(&page, true, "4").await?;
    page.click("[data-testid='clock-pause']").await?;
    expect_clock(&page, false, "4").await?;
    page.open(LAB).await?;
    expect_clock(&page, false, "4").await
}

async fn new_network(stage: &Stage<'_>) -> Outcome {
    let page = stage.open(LAB).await?;
    page.eval(
        "for (const id of ['3000', '3001']) await terrarium.spawn({ id, role: 'full', start: true })",
        json!(null),
    )
    .await?;
    page.click("[data-testid='cut-network']").await?;
    page.click("[data-testid='clock-pause']").await?;
    page.element("heal-network").await?;
    page.element("new-network").await?.click().await?;
    page.element("confirm-yes").await?.click().await?;
    // The page comes back without the nodes.
    page.wait_for("return window.terrarium?.nodes().length === 0", json!(null)).await?;
    expect_whole(&page).await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'miner', start: true })", json!(null)).await?;
    expect_clock(&page, false, "1").await
}
