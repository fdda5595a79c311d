//! A store that takes no more: the node says so, keeps what it has, does not go on, and goes on once there is room.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Switches, Test, expect, expect_text};

/// Bytes that the site may store in the test of a real quota: enough for a few hundred blocks.
const QUOTA: u64 = 400_000;
const LAB: &str = "?scene=empty&lab=disk&lang=en";

/// Lets every write transaction of a worker end as on a full disk, while `full`.
const FILL: &str = "self.full = true;
    const plain = IDBDatabase.prototype.transaction;
    const reason = new DOMException('the disk is full', 'QuotaExceededError');
    IDBDatabase.prototype.transaction = function (stores, mode, options) {
        const transaction = plain.call(this, stores, mode, options);
        if (self.full && mode === 'readwrite') {
            Object.defineProperty(transaction, 'error', { value: reason });
            Promise.resolve().then(() => transaction.abort());
        }
        return transaction;
    };";
const MAKE_ROOM: &str = "self.full = false";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(
            "a_node_at_the_storage_quota_serves_and_says_so_and_goes_on_once_there_is_room",
            240,
            |stage| Box::pin(quota(stage)),
        ),
        Test::new("a_node_that_cannot_store_neither_mines_nor_downloads_until_it_can", 240, |stage| {
            Box::pin(no_room(stage))
        }),
    ]
}

async fn quota(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    set_quota(stage, &page, json!({ "quotaSize": QUOTA })).await?;
    page.open(LAB).await?;
    let address = page.new_chain("3000").await?;
    let error = page
        .eval_error("for (;;) await terrarium.exec('3000', `generatetoaddress 100 ${args}`)", json!(address))
        .await?;
    expect_text(&json!(error), "ERROR: the change could not be stored")?;
    expect_full(&page, "3000").await?;
    // It goes on answering, out of memory.
    expect(&json!(page.exec("3000", "listaddresses").await?), &json!(address))?;
    let error = page.eval_error("await terrarium.mine('3000')", json!(null)).await?;
    expect_text(&json!(error), "ERROR: the change could not be stored")?;

    set_quota(stage, &page, json!({})).await?;
    expect_room(&page, "3000").await?;
    page.exec("3000", &format!("generatetoaddress 100 {address}")).await?;
    let printed = page.exec("3000", "printchain | head -3").await?;
    page.open(LAB).await?;
    page.eval("await terrarium.spawn({ id: '3000', start: false })", json!(null)).await?;
    expect(&json!(page.exec("3000", "printchain | head -3").await?), &json!(printed))
}

async fn no_room(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    page.reach_workers().await?;
    page.open(LAB).await?;
    page.eval(
        "for (const id of ['3000', '3001']) await terrarium.spawn({ id, role: 'full', start: true });
         await terrarium.connect('3001', '3000');
         await terrarium.mine('3000')",
        json!(null),
    )
    .await?;
    page.agree(&json!(["3000", "3001"])).await?;

    page.in_worker("3001", FILL).await?;
    page.eval("await terrarium.mine('3000')", json!(null)).await?;
    expect_full(&page, "3001").await?;
    let error = page.eval_error("await terrarium.mine('3001')", json!(null)).await?;
    expect_text(&json!(error), "the disk is full")?;
    // It hears of more blocks, and leaves them where they are.
    page.eval("for (let i = 0; i < 5; i += 1) await terrarium.mine('3000')", json!(null)).await?;
    let knows = "const info = JSON.parse(await terrarium.exec('3001', 'getblockchaininfo'));
        return info.headers === 7 && info.blocks < 7";
    page.wait_for(knows, json!(null)).await?;
    page.eval("terrarium.setHashRate('3001', 32)", json!(null)).await?;
    let still = "const node = terrarium.nodes().find((node) => node.id === '3001');
        return [node.hashesPerSecond, node.height < 7]";
    expect(&page.eval(still, json!(null)).await?, &json!([0, true]))?;
    let confirmed = page.eval_error("await terrarium.exec('3001', 'createwallet')", json!(null)).await?;
    expect_text(&json!(confirmed), "the disk is full")?;

    page.in_worker("3001", MAKE_ROOM).await?;
    expect_room(&page, "3001").await?;
    page.agree(&json!(["3000", "3001"])).await?;
    page.wait_for("return terrarium.nodes().every((node) => node.height >= 7)", json!(null)).await
}

/// Sets what this site may store, or, with no size, what it may as a rule.
async fn set_quota(stage: &Stage<'_>, page: &Page, mut quota: serde_json::Value) -> Outcome {
    quota["origin"] = json!(stage.environment().address());
    page.driver().cdp().send_raw("Storage.overrideQuotaForOrigin", quota).await?;
    Ok(())
}

/// The node has writes that wait, and its card says why.
async fn expect_full(page: &Page, node: &str) -> Outcome {
    let waits = "return terrarium.nodes().find((node) => node.id === args).pendingBytes > 0";
    page.wait_for(waits, json!(node)).await?;
    page.wait_for(&format!("return {}?.innerText.includes('refuses to store')", notice()), json!(node)).await
}

/// Everything is stored, which takes until the next try, and nothing is said any more.
async fn expect_room(page: &Page, node: &str) -> Outcome {
    let stored = "return terrarium.nodes().find((node) => node.id === args).pendingBytes === 0";
    page.wait_within(90_000, stored, json!(node)).await?;
    page.wait_for(&format!("return {} === null", notice()), json!(node)).await
}

/// What a card says of its store.
fn notice() -> &'static str {
    "document.querySelector(`[data-testid=node-card][data-node='${args}'] [data-testid=node-notice][data-kind=store]`)"
}
