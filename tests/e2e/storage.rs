//! Where nothing can be stored, and across reloads.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Stage, Switches, Test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("without_indexeddb_nodes_run_in_memory_and_say_so", 120, |stage| Box::pin(memory(stage))),
        Test::new("a_reload_keeps_chain_and_keys", 120, |stage| Box::pin(reload(stage))),
        Test::new("a_slow_commit_shows_when_it_is_done", 120, |stage| Box::pin(slow_commit(stage))),
    ]
}

async fn memory(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::NoStorage).await?;
    page.open("?scene=empty&lang=en").await?;
    page.eval(
        "await terrarium.spawn({ id: '3000', role: 'full', start: true }); await terrarium.mine('3000')",
        json!(null),
    )
    .await?;
    page.wait_for("return terrarium.nodes()[0].height === 1", json!(null)).await?;
    page.wait_for("return /memory/i.test(document.body.innerText)", json!(null)).await
}

async fn reload(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty&lab=reload").await?;
    let address = page.new_chain("3000").await?;
    page.exec("3000", &format!("generatetoaddress 5 {address}")).await?;
    let printed = page.exec("3000", "printchain").await?;
    page.open("?scene=empty&lab=reload").await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'full', start: false })", json!(null)).await?;
    let again = page.exec("3000", "printchain").await?;
    let addresses = page.exec("3000", "listaddresses").await?;
    if again != printed || addresses != address {
        return Err(format!("after the reload: {addresses}\n{again}\nbefore: {address}\n{printed}").into());
    }
    Ok(())
}

/// A peer's block waits for the store behind somebody else's transaction of three seconds. By then the peers have said
/// all there is to say, so that nothing but the commit changes the node.
async fn slow_commit(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty&lab=slow").await?;
    page.eval(
        "for (const id of ['3000', '3001']) await terrarium.spawn({ id, role: 'full', start: true });
         await terrarium.connect('3001', '3000')",
        json!(null),
    )
    .await?;
    page.eval(
        "const opening = indexedDB.open('terrarium/slow/blockchain_3001');
         await new Promise((resolve, reject) => Object.assign(opening, { onsuccess: resolve, onerror: reject }));
         const database = opening.result;
         const table = database.objectStoreNames[0];
         const store = database.transaction([...database.objectStoreNames], 'readwrite').objectStore(table);
         const until = performance.now() + 3000;
         const hold = () => { if (performance.now() < until) store.count().onsuccess = hold; };
         hold();
         await terrarium.mine('3000')",
        json!(null),
    )
    .await?;
    let target = "const node = terrarium.nodes().find((node) => node.id === '3001');";
    page.wait_for(&format!("{target} return node.height === 1 && node.pendingBytes > 0"), json!(null))
        .await?;
    page.wait_within(10_000, &format!("{target} return node.pendingBytes === 0"), json!(null)).await
}
