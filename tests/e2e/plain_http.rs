//! The page by plain http at an address that is not loopback, as a school's relay serves it: browsers keep there from a page
//! what they give to secure ones alone, and everything works without that.

use serde_json::json;
use terrarium_tests::browser::{OWN_NETWORK, Outcome, Page, Stage, Switches, Test, expect};
use thirtyfour::Key;

use crate::direct::wait_for_path;
use crate::room::{Running, play_seed_000, with_two_of};

const LAB: &str = "?scene=empty&lab=tabs&lang=en";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("by_plain_http_four_nodes_mine_and_are_there_after_a_reload", 180, |stage| {
            Box::pin(four_nodes(stage))
        })
        .in_own_network(),
        Test::new("by_plain_http_a_second_tab_watches_and_takes_over", 180, |stage| {
            Box::pin(two_tabs(stage))
        })
        .in_own_network(),
        Test::new("by_plain_http_an_address_is_copied", 120, |stage| Box::pin(copied(stage)))
            .in_own_network(),
        Test::new("by_plain_http_two_browsers_are_a_class_and_pay_each_other", 300, |stage| {
            Box::pin(class(stage))
        })
        .in_own_network(),
    ]
}

fn relay(stage: &Stage<'_>) -> Outcome<Running> {
    Running::start_at(stage, OWN_NETWORK, Running::any_port())
}

/// Opens the relay's page, and sees that the browser takes it for insecure and keeps from it what the page does without.
async fn visit(page: &Page, relay: &Running, query: &str) -> Outcome {
    page.goto(&format!("{}{query}", relay.address)).await?;
    let kept = "return [isSecureContext, ...['locks', 'storage', 'clipboard', 'serviceWorker']
        .map((name) => name in navigator), 'subtle' in crypto, 'randomUUID' in crypto]";
    expect(&page.eval(kept, json!(null)).await?, &json!(vec![false; 7]))
}

async fn four_nodes(stage: &Stage<'_>) -> Outcome {
    let relay = relay(stage)?;
    let page = stage.launch(Switches::Usual).await?;
    visit(&page, &relay, "").await?;
    let up = "const nodes = terrarium.nodes();
        return nodes.length === 4 && nodes.every((node) => node.state === 'running' && node.height >= args)";
    page.wait_for(up, json!(8)).await?;
    page.wait_for(up, json!(10)).await?;
    page.eval("for (const node of terrarium.nodes()) terrarium.setHashRate(node.id, 0)", json!(null)).await?;
    let ids = json!(["3000", "3001", "3002", "3003"]);
    page.agree(&ids).await?;
    let tip = "return terrarium.nodes()[0].tip";
    let before = page.eval(tip, json!(null)).await?;
    visit(&page, &relay, "").await?;
    page.agree(&ids).await?;
    page.wait_for("return terrarium.nodes()[0].tip === args", before).await
}

async fn two_tabs(stage: &Stage<'_>) -> Outcome {
    let relay = relay(stage)?;
    let page = stage.launch(Switches::Usual).await?;
    visit(&page, &relay, LAB).await?;
    let first = page.tab().await?;
    let address = page.new_chain("3000").await?;
    page.exec("3000", &format!("generatetoaddress 5 {address}")).await?;
    page.exec("3000", "startnode").await?;
    let second = page.new_tab().await?;
    visit(&page, &relay, LAB).await?;
    page.wait_for("return terrarium.nodes()[0]?.state === 'viewer'", json!(null)).await?;
    page.show(&first).await?;
    page.close_tab(&second).await?;
    page.wait_for("return terrarium.nodes()[0].state === 'running'", json!(null)).await?;
    page.exec("3000", &format!("generatetoaddress 1 {address}")).await?;
    page.wait_for("return terrarium.nodes()[0].height === 6", json!(null)).await
}

async fn copied(stage: &Stage<'_>) -> Outcome {
    let relay = relay(stage)?;
    let page = stage.launch(Switches::Usual).await?;
    visit(&page, &relay, "?scene=empty&lang=en").await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'wallet', start: true })", json!(null)).await?;
    let address = page.new_address("3000").await?;
    page.click("[data-testid='node-card'][data-node='3000'] [data-testid='open-wallet']").await?;
    let copy = format!("[data-testid='wallet-address'][data-address='{address}'] [data-testid='copy']");
    page.click(&copy).await?;
    page.wait_for("return document.querySelector(args).classList.contains('done')", json!(copy)).await?;
    let stays = "return document.activeElement === document.querySelector(args)";
    expect(&page.eval(stays, json!(copy)).await?, &json!(true))?;
    let field = "document.body.insertAdjacentHTML('beforeend', '<textarea id=\"paste\"></textarea>')";
    page.eval(field, json!(null)).await?;
    page.find("#paste").await?.send_keys(Key::Control + "v").await?;
    page.wait_for("return document.getElementById('paste').value === args", json!(address)).await
}

async fn class(stage: &Stage<'_>) -> Outcome {
    let relay = relay(stage)?;
    with_two_of(stage, Switches::Neighbours, None, async |teacher, student| {
        // Nodes, wallets, payments and what they come to, as the scenario has it.
        play_seed_000(&teacher, &student, &relay, async || {
            for page in [&teacher, &student] {
                expect(&page.eval("return isSecureContext", json!(null)).await?, &json!(false))?;
                wait_for_path(page, "direct").await?;
            }
            Ok(())
        })
        .await
    })
    .await
}
