//! The network map: links cut and healed one at a time, padlocks, nodes that change sides, and the live log.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Test, expect};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("a_click_cuts_one_link_of_the_map_and_another_heals_it", 180, |stage| {
            Box::pin(one_link(stage))
        }),
        Test::new("a_node_moves_to_the_other_side_of_a_cut", 180, |stage| Box::pin(sides(stage))),
        Test::new("links_of_the_map_carry_padlocks_for_they_are_encrypted", 180, |stage| {
            Box::pin(padlocks(stage))
        }),
        Test::new("the_live_log_tells_blocks_payments_and_cuts_in_words", 180, |stage| {
            Box::pin(live_log(stage))
        }),
    ]
}

async fn open(stage: &Stage<'_>) -> Outcome<Page> {
    let page = stage.open("?lang=en").await?;
    page.wait_for(
        "return terrarium.nodes().every((node) => node.height >= 8)
            && document.querySelector('[data-testid=map-link]') !== null",
        json!(null),
    )
    .await?;
    Ok(page)
}

/// The links by name, as drawn: those that are cut, or those that are not.
fn links(cut: bool) -> String {
    format!(
        "return [...document.querySelectorAll('[data-testid=map-link]')]
            .filter((link) => link.dataset.cut === '{cut}').map((link) => link.dataset.link)"
    )
}

async fn one_link(stage: &Stage<'_>) -> Outcome {
    let page = open(stage).await?;
    let whole = page.eval(&links(false), json!(null)).await?;
    let link = whole[0].as_str().unwrap_or_default().to_owned();
    let press = "document.querySelector(`[data-link='${args}']`).dispatchEvent(new MouseEvent('click', { bubbles: true }))";
    page.eval(press, json!(link)).await?;
    let is_cut = format!(
        "const cut = await (async () => {{ {} }})(); return cut.length === 1 && cut[0] === args",
        links(true)
    );
    page.wait_for(&is_cut, json!(link)).await?;
    // Both ends have lost the connection.
    let ends: Vec<&str> = link.split('-').collect();
    let parted = "const peers = JSON.parse(await terrarium.exec(args[0], 'getpeerinfo'));
                  return peers.every((peer) => !peer.addr.endsWith(`:${args[1]}`))";
    page.wait_for(parted, json!([ends[0], ends[1]])).await?;
    page.wait_for(parted, json!([ends[1], ends[0]])).await?;
    page.eval(press, json!(link)).await?;
    let none = format!("const cut = await (async () => {{ {} }})(); return cut.length === 0", links(true));
    page.wait_for(&none, json!(null)).await
}

async fn padlocks(stage: &Stage<'_>) -> Outcome {
    let page = open(stage).await?;
    let locked = "const links = [...document.querySelectorAll('[data-testid=map-link]')];
                  return links.length > 0 && links.every((link) => link.dataset.encrypted === 'true')";
    page.wait_for(locked, json!(null)).await?;
    let told = "const peers = JSON.parse(await terrarium.exec('3001', 'getpeerinfo'));
                return peers.length > 0 && peers.every((peer) =>
                    peer.transport_protocol_type === 'v2' && peer.session_id.length === 64)";
    page.wait_for(told, json!(null)).await
}

async fn sides(stage: &Stage<'_>) -> Outcome {
    let page = open(stage).await?;
    page.click("[data-testid='cut-network']").await?;
    page.element("cut-side").await?;
    let side = "return [...document.querySelectorAll('.cut-sides .side')]
        .map((side) => [...side.querySelectorAll('[data-testid=cut-side]')].map((chip) => chip.dataset.node))";
    let before = page.eval(side, json!(null)).await?;
    let mover = before[0][0].as_str().unwrap_or_default().to_owned();
    page.click(&format!("[data-testid='cut-side'][data-node='{mover}']")).await?;
    let moved = format!("const sides = await (async () => {{ {side} }})(); return sides[1].includes(args)");
    page.wait_for(&moved, json!(mover)).await?;
    // The last of a side stays where it is.
    let after = page.eval(side, json!(null)).await?;
    let alone = after[0].as_array().map_or(0, Vec::len);
    if alone == 1 {
        page.click(&format!("[data-testid='cut-side'][data-node={}]", after[0][0])).await?;
        expect(&page.eval(side, json!(null)).await?, &after)?;
    }
    page.click("[data-testid='heal-network']").await?;
    page.wait_for("return new Set(terrarium.nodes().map((node) => node.tip)).size === 1", json!(null)).await
}

async fn live_log(stage: &Stage<'_>) -> Outcome {
    let page = open(stage).await?;
    let says = "return document.querySelector('[data-testid=live-log]').textContent.includes(args)";
    page.wait_for(says, json!("accepted block")).await?;
    page.click("[data-testid='cut-network']").await?;
    page.wait_for(says, json!("cut into 2 parts")).await?;
    page.click("[data-testid='heal-network']").await?;
    page.wait_for(says, json!("healed")).await?;
    let to = page.new_address("3002").await?;
    let from = page.exec("3000", "listaddresses").await?;
    let from = from.lines().next().unwrap_or_default();
    page.exec("3000", &format!("send -from {from} -to {to} -amount 1")).await?;
    page.wait_for(says, json!("took in transaction")).await?;
    // All that is kept can be read, by keyboard too.
    let scrolls = "const log = document.querySelector('[data-testid=live-log]');
                   return log.tabIndex === 0 && log.scrollHeight > log.clientHeight";
    page.wait_for(scrolls, json!(null)).await
}
