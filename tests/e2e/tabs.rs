//! Two tabs of one profile: one network, one owner a node, and what one tab does away with the other follows.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Switches, Test, expect};
use thirtyfour::WindowHandle;

const LAB: &str = "?scene=empty&lab=tabs&lang=en";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("nodes_in_two_tabs_form_one_network", 180, |stage| Box::pin(one_network(stage))),
        Test::new("a_second_tab_with_the_same_node_watches_it", 180, |stage| Box::pin(viewer(stage))),
        Test::new("a_tab_that_watches_takes_over_when_the_owner_is_closed", 120, |stage| {
            Box::pin(take_over(stage, End::Closed, Locks::Present))
        }),
        Test::new("a_tab_that_watches_takes_over_when_the_owner_crashes", 120, |stage| {
            Box::pin(take_over(stage, End::Crashed, Locks::Present))
        }),
        Test::new("without_web_locks_a_closed_tab_gives_its_lease_free", 120, |stage| {
            Box::pin(take_over(stage, End::Closed, Locks::Missing))
        }),
        Test::new("without_web_locks_a_crashed_tab_loses_its_lease", 120, |stage| {
            Box::pin(take_over(stage, End::Crashed, Locks::Missing))
        }),
        Test::new("a_node_that_is_removed_leaves_the_other_tab_too", 120, |stage| Box::pin(remove(stage))),
        Test::new("a_new_network_empties_the_other_tab_too", 120, |stage| Box::pin(new_network(stage))),
        Test::new("without_indexeddb_a_second_tab_watches_until_the_first_is_closed", 120, |stage| {
            Box::pin(without_storage(stage))
        }),
    ]
}

/// Both tabs; the second is the current one.
struct Tabs {
    first: WindowHandle,
    second: WindowHandle,
}

/// The page in two tabs; the first has node 3000, started.
async fn two_tabs(page: &Page) -> Outcome<Tabs> {
    page.open(LAB).await?;
    let first = page.tab().await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'full', start: true })", json!(null)).await?;
    let second = page.new_tab().await?;
    page.open(LAB).await?;
    Ok(Tabs { first, second })
}

async fn one_network(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    let tabs = two_tabs(&page).await?;
    page.eval("await terrarium.spawn({ id: '3001', role: 'full', start: true })", json!(null)).await?;
    page.wait_for("return terrarium.nodes().find((node) => node.id === '3001').peers > 0", json!(null))
        .await?;
    page.eval("await terrarium.mine('3001')", json!(null)).await?;
    page.wait_for("return terrarium.nodes().find((node) => node.id === '3001').height === 1", json!(null))
        .await?;
    let tip = "return terrarium.nodes().find((node) => node.id === args).tip";
    let mined = page.eval(tip, json!("3001")).await?;
    page.show(&tabs.first).await?;
    page.wait_for(&format!("{} === args[1]", tip.replace("args", "args[0]")), json!(["3000", mined])).await
}

async fn viewer(stage: &Stage<'_>) -> Outcome {
    // Both tabs are there before the node is: the second does not know that there is one until it asks for it.
    let page = stage.open(LAB).await?;
    let first = page.tab().await?;
    let second = page.new_tab().await?;
    page.open(LAB).await?;
    page.show(&first).await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'miner', start: true })", json!(null)).await?;
    page.show(&second).await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'full', start: true })", json!(null)).await?;
    expect_state(&page, "3000", "viewer").await?;
    let error = page.eval_error("await terrarium.exec('3000', 'createwallet')", json!(null)).await?;
    if !error.contains("another tab") {
        return Err(format!("{error}, which does not name the other tab").into());
    }
    page.wait_for("return /another tab/i.test(document.body.innerText)", json!(null)).await?;

    page.show(&first).await?;
    page.eval("await terrarium.mine('3000')", json!(null)).await?;
    page.show(&second).await?;
    page.wait_for("return terrarium.nodes()[0].height >= 1", json!(null)).await?;
    // What is done to the copy here says nothing of how the node is: whoever takes it over has it as its owner had it.
    page.eval("terrarium.kill('3000'); await terrarium.spawn({ id: '3000' })", json!(null)).await?;
    expect_state(&page, "3000", "viewer").await?;
    page.show(&first).await?;
    page.close_tab(&second).await?;
    expect_state(&page, "3000", "running").await?;
    expect(&page.eval("return terrarium.nodes()[0].role", json!(null)).await?, &json!("miner"))
}

/// How the owner's tab goes.
#[derive(Clone, Copy)]
enum End {
    Closed,
    Crashed,
}

/// Whether the browser has Web Locks; a page served over plain http on a LAN has none.
#[derive(Clone, Copy)]
enum Locks {
    Present,
    Missing,
}

/// Takes Web Locks from the page and from every worker that it starts.
const WITHOUT_LOCKS: &str = r#"(() => {
    const gone = "Object.defineProperty(self.navigator, 'locks', { value: undefined });";
    (0, eval)(gone);
    window.Worker = class extends Worker {
        constructor(script) {
            super(URL.createObjectURL(new Blob([gone, `importScripts(${JSON.stringify(String(script))});`])));
        }
    };
})();"#;

/// Opens the page in the current tab.
async fn open(page: &Page, locks: Locks) -> Outcome {
    if let Locks::Missing = locks {
        page.before_each_load(WITHOUT_LOCKS).await?;
    }
    page.open(LAB).await
}

async fn take_over(stage: &Stage<'_>, end: End, locks: Locks) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    open(&page, locks).await?;
    let first = page.tab().await?;
    let address = page.new_chain("3000").await?;
    page.exec("3000", &format!("generatetoaddress 5 {address}")).await?;
    page.exec("3000", "startnode").await?;
    let printed = page.exec("3000", "printchain").await?;

    let second = page.new_tab().await?;
    open(&page, locks).await?;
    expect_state(&page, "3000", "viewer").await?;
    page.wait_for("return /another tab/i.test(document.body.innerText)", json!(null)).await?;
    page.show(&first).await?;
    match end {
        End::Closed => page.close_tab(&second).await?,
        End::Crashed => page.crash_tab(&second).await?,
    }
    page.wait_within(20_000, "return terrarium.nodes()[0].state === 'running'", json!(null)).await?;
    expect(&json!(page.exec("3000", "printchain").await?), &json!(printed))?;
    expect(&json!(page.exec("3000", "listaddresses").await?), &json!(address))?;
    page.wait_for("return !/another tab/i.test(document.body.innerText)", json!(null)).await?;
    page.exec("3000", &format!("generatetoaddress 1 {address}")).await?;
    page.wait_for("return terrarium.nodes()[0].height === 6", json!(null)).await
}

async fn remove(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    let tabs = two_tabs(&page).await?;
    page.eval("await terrarium.spawn({ id: '3001', role: 'full', start: true })", json!(null)).await?;
    expect_state(&page, "3000", "viewer").await?;
    page.show(&tabs.first).await?;
    page.eval("await terrarium.remove('3000')", json!(null)).await?;
    expect_no_databases(&page, "_3000").await?;
    page.show(&tabs.second).await?;
    page.wait_for("return terrarium.nodes().map((node) => node.id).join() === '3001'", json!(null)).await?;
    expect_state(&page, "3001", "running").await?;
    // A tab that only watches a node takes it off its own page, no more.
    page.show(&tabs.first).await?;
    page.eval("await terrarium.spawn({ id: '3001' }); await terrarium.remove('3001')", json!(null)).await?;
    page.show(&tabs.second).await?;
    page.eval("await terrarium.mine('3001')", json!(null)).await?;
    page.wait_for("return terrarium.nodes()[0].height === 1", json!(null)).await
}

async fn new_network(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    let tabs = two_tabs(&page).await?;
    page.eval("await terrarium.spawn({ id: '3001', role: 'full', start: true })", json!(null)).await?;
    page.show(&tabs.first).await?;
    page.element("new-network").await?.click().await?;
    page.element("confirm-yes").await?.click().await?;
    // The page comes back without the nodes.
    page.wait_for("return window.terrarium?.nodes().length === 0", json!(null)).await?;
    expect_no_databases(&page, "").await?;
    page.show(&tabs.second).await?;
    page.wait_for("return terrarium.nodes().length === 0", json!(null)).await?;
    page.wait_for("return /emptied in another tab/i.test(document.body.innerText)", json!(null)).await?;
    // What is made anew is another network, with no wallet.
    page.show(&tabs.first).await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'full', start: false })", json!(null)).await?;
    expect(&json!(page.exec("3000", "listaddresses").await?), &json!(""))
}

async fn without_storage(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::NoStorage).await?;
    page.open(LAB).await?;
    let first = page.tab().await?;
    page.eval(
        "await terrarium.spawn({ id: '3000', role: 'full', start: true }); await terrarium.mine('3000')",
        json!(null),
    )
    .await?;
    let second = page.new_tab().await?;
    page.open(LAB).await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'full', start: true })", json!(null)).await?;
    expect_state(&page, "3000", "viewer").await?;
    page.wait_for("return terrarium.nodes()[0].height === 1", json!(null)).await?;
    page.show(&first).await?;
    page.close_tab(&second).await?;
    // Nothing was stored, so nothing is inherited but the id.
    page.wait_within(20_000, "return terrarium.nodes()[0].state !== 'viewer'", json!(null)).await?;
    page.wait_for("return /memory/i.test(document.body.innerText)", json!(null)).await?;
    page.eval("await terrarium.start('3000'); await terrarium.mine('3000')", json!(null)).await?;
    page.wait_for("return terrarium.nodes()[0].height === 1", json!(null)).await
}

async fn expect_state(page: &Page, node: &str, state: &str) -> Outcome {
    let is = "return terrarium.nodes().find((node) => node.id === args[0])?.state === args[1]";
    page.wait_for(is, json!([node, state])).await
}

/// No database of this lab whose name ends so is left.
async fn expect_no_databases(page: &Page, suffix: &str) -> Outcome {
    let left = "return (await indexedDB.databases()).map((database) => database.name)
        .filter((name) => name.startsWith('terrarium/tabs/') && name.endsWith(args))";
    expect(&page.eval(left, json!(suffix)).await?, &json!([]))
}
