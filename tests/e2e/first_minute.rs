//! What a visitor meets on the first screen.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Stage, Switches, Test, expect};
use xtask::site::Site;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("four_nodes_with_coins_agree_and_mine", 120, |stage| Box::pin(four_nodes(stage))),
        Test::new("a_loaded_page_starts_workers_without_its_server", 120, |stage| Box::pin(no_server(stage))),
        Test::new("the_site_works_under_any_path", 120, |stage| Box::pin(under_a_path(stage))),
        Test::new("nothing_is_fetched_from_elsewhere", 120, |stage| Box::pin(nothing_from_elsewhere(stage))),
    ]
}

async fn four_nodes(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("").await?;
    page.wait_for(
        "const nodes = terrarium.nodes();
         return nodes.length === 4 && nodes.every((node) => node.state === 'running' && node.name && node.height >= 8)",
        json!(null),
    )
    .await?;
    let ids = page.eval("return terrarium.nodes().map((node) => node.id)", json!(null)).await?;
    for id in ids.as_array().into_iter().flatten().filter_map(|id| id.as_str()) {
        let addresses = page.exec(id, "listaddresses").await?;
        let address = addresses.lines().next().unwrap_or_default().to_owned();
        let coins = "const line = await terrarium.exec(args[0], `getbalance -address ${args[1]}`);
                     return Number(line.split(': ')[1]) > 0";
        page.wait_for(coins, json!([id, address])).await?;
    }
    let before =
        page.eval("return Math.max(...terrarium.nodes().map((node) => node.height))", json!(null)).await?;
    page.wait_for("return terrarium.nodes().every((node) => node.height > args)", before).await?;
    page.agree(&ids).await
}

/// A server that has gone cannot be asked: whatever a worker is made of comes from the page's own copy.
async fn no_server(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    page.before_each_load(
        "window.started = [];
         window.Worker = class extends Worker {
            constructor(address, ...rest) {
                super(address, ...rest);
                window.started.push(String(address));
            }
            postMessage(message, ...rest) {
                if (message.boot) window.started.push(String(message.boot.glue));
                super.postMessage(message, ...rest);
            }
         }",
    )
    .await?;
    page.open("?scene=empty").await?;
    page.eval(
        "await window.terrariumSource.copied;
         await terrarium.spawn({ id: '3000', role: 'full', start: true });
         terrarium.kill('3000');
         await terrarium.start('3000')",
        json!(null),
    )
    .await?;
    let foreign =
        "return window.started.filter((address) => !address.startsWith('blob:') && address !== 'undefined')";
    expect(&page.eval(foreign, json!(null)).await?, &json!([]))?;
    expect(&page.eval("return window.started.length", json!(null)).await?, &json!(4))
}

async fn under_a_path(stage: &Stage<'_>) -> Outcome {
    let site = stage.environment().site();
    let (Some(above), Some(name)) = (site.parent(), site.file_name()) else { return Err("a folder".into()) };
    let address = Site::bind(above, 0)?.spawn();
    let page = stage.launch(Switches::Usual).await?;
    page.goto(&format!("http://{address}/{}/?scene=empty", name.to_string_lossy())).await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'full', start: true })", json!(null)).await?;
    page.wait_for("return terrarium.nodes()[0].height === 0", json!(null)).await
}

async fn nothing_from_elsewhere(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("").await?;
    let foreign = "return performance.getEntriesByType('resource').map((entry) => entry.name)
        .filter((name) => new URL(name).origin !== location.origin && !name.startsWith('data:'))";
    let foreign = page.eval(foreign, json!(null)).await?;
    if foreign != json!([]) {
        return Err(format!("the page asked for {foreign}").into());
    }
    Ok(())
}
