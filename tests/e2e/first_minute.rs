//! What a visitor meets on the first screen.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Stage, Test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("four_nodes_with_coins_agree_and_mine", 120, |stage| Box::pin(four_nodes(stage))),
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
