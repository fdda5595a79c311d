//! Workers that fail: a real panic, and an error that nobody catches.

use serde_json::{Value, json};
use terrarium_tests::browser::{Outcome, Page, Stage, Switches, Test, expect, expect_text};

/// No timer does this: it wakes the host while it is at work, which Rust's cells refuse, and panic.
const PANIC: &str = "self.setTimeout = (task) => task()";
/// What the panic says.
const WHY: &str = "already";
const LAB: &str = "?scene=empty&lab=crashes&lang=en";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("a_worker_that_panics_is_started_once_more_from_its_store_and_says_why", 180, |stage| {
            Box::pin(panics(stage))
        }),
        Test::new("an_error_that_nobody_catches_in_a_worker_is_shown_as_a_panic_is", 120, |stage| {
            Box::pin(uncaught(stage))
        }),
    ]
}

async fn panics(stage: &Stage<'_>) -> Outcome {
    let (page, ids) = three_nodes(stage).await?;
    let address = page.new_address("3001").await?;
    mine(&page, "3000").await?;
    page.agree(&ids).await?;

    page.in_worker("3001", PANIC).await?;
    page.wait_for("return window.crashes.length === 1", json!(null)).await?;
    page.wait_for("return state('3001') === 'running' && node('3001').height === 1", json!(null)).await?;
    expect(&json!(page.workers_started("3001").await?), &json!(2))?;
    let crash = page.eval("return window.crashes[0]", json!(null)).await?;
    expect_text(&crash["text"], WHY)?;
    expect(&crash["id"], &json!("3001"))?;
    expect_text(&card_notice(&page, "3001").await?, WHY)?;
    expect(&json!(page.exec("3001", "listaddresses").await?), &json!(address))?;
    mine(&page, "3002").await?;
    page.agree(&ids).await?;

    // A second panic is the end of it, and of this node alone.
    page.in_worker("3001", PANIC).await?;
    page.wait_for("return window.crashes.length === 2 && state('3001') === 'crashed'", json!(null)).await?;
    expect_text(&card_notice(&page, "3001").await?, WHY)?;
    expect_text(&card_notice(&page, "3001").await?, "failed again")?;
    let error = page.eval_error("await terrarium.exec('3001', 'listaddresses')", json!(null)).await?;
    expect(&json!(error), &json!("ERROR: node 3001 has no worker: start it first"))?;
    mine(&page, "3000").await?;
    page.agree(&json!(["3000", "3002"])).await?;
    expect(&page.eval("return state('3001')", json!(null)).await?, &json!("crashed"))?;
    expect(
        &page.eval("return window.workersStarted", json!(null)).await?,
        &json!({ "3000": 1, "3001": 2, "3002": 1 }),
    )?;

    // Whoever starts it by hand gets it back as it was stored.
    page.eval("await terrarium.start('3001')", json!(null)).await?;
    page.agree(&ids).await?;
    expect(&json!(page.exec("3001", "listaddresses").await?), &json!(address))
}

async fn uncaught(stage: &Stage<'_>) -> Outcome {
    let (page, ids) = three_nodes(stage).await?;
    page.in_worker("3002", "throw new Error('a broken extension')").await?;
    page.wait_for("return window.crashes.length === 1", json!(null)).await?;
    let crash = page.eval("return window.crashes[0]", json!(null)).await?;
    expect_text(&crash["text"], "a broken extension")?;
    page.wait_for("return state('3002') === 'running'", json!(null)).await?;
    expect_text(&card_notice(&page, "3002").await?, "a broken extension")?;
    mine(&page, "3002").await?;
    page.agree(&ids).await
}

/// Three nodes, each connected to the others, whose workers can be reached.
async fn three_nodes(stage: &Stage<'_>) -> Outcome<(Page, Value)> {
    // Browsers tell of an error in a worker what they know, whoever handles it.
    for text in ["unreachable", "panicked", "a broken extension"] {
        stage.expect_console_error(text);
    }
    let page = stage.launch(Switches::Usual).await?;
    page.reach_workers().await?;
    page.open(LAB).await?;
    let ids = json!(["3000", "3001", "3002"]);
    page.eval(
        "window.node = (id) => terrarium.nodes().find((node) => node.id === id);
         window.state = (id) => node(id).state;
         window.crashes = [];
         terrarium.on('crash', (crash) => window.crashes.push(crash));
         for (const id of args) await terrarium.spawn({ id, role: 'full', start: true });
         await terrarium.connect('3001', '3000');
         await terrarium.connect('3002', '3000');
         await terrarium.connect('3002', '3001')",
        ids.clone(),
    )
    .await?;
    page.wait_for("return terrarium.nodes().every((node) => node.peers >= 2)", json!(null)).await?;
    Ok((page, ids))
}

async fn mine(page: &Page, node: &str) -> Outcome {
    page.eval("await terrarium.mine(args)", json!(node)).await?;
    Ok(())
}

/// What the card of a node says is unusual.
async fn card_notice(page: &Page, node: &str) -> Outcome<Value> {
    let notices = "const card = document.querySelector(`[data-testid=node-card][data-node='${args}']`);
        return [...card.querySelectorAll('[data-testid=node-notice]')].map((notice) => notice.innerText).join('\\n')";
    page.wait_for(&format!("{notices} !== ''"), json!(node)).await?;
    page.eval(notices, json!(node)).await
}
