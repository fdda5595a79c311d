//! Two tabs of one profile.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Stage, Test};

const LAB: &str = "?scene=empty&lab=tabs&lang=en";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("nodes_in_two_tabs_form_one_network", 180, |stage| Box::pin(one_network(stage))),
        Test::new("a_second_tab_with_the_same_node_watches_it", 180, |stage| Box::pin(viewer(stage))),
    ]
}

async fn one_network(stage: &Stage<'_>) -> Outcome {
    let page = stage.open(LAB).await?;
    let first = page.driver().window().await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'full', start: true })", json!(null)).await?;
    let second = page.driver().new_tab().await?;
    page.driver().switch_to_window(second.clone()).await?;
    page.open(LAB).await?;
    page.eval("await terrarium.spawn({ id: '3001', role: 'full', start: true })", json!(null)).await?;
    page.wait_for("return terrarium.nodes().find((node) => node.id === '3001').peers > 0", json!(null))
        .await?;
    page.eval("await terrarium.mine('3001')", json!(null)).await?;
    page.wait_for("return terrarium.nodes().find((node) => node.id === '3001').height === 1", json!(null))
        .await?;
    let tip = "return terrarium.nodes().find((node) => node.id === args).tip";
    let mined = page.eval(tip, json!("3001")).await?;
    page.driver().switch_to_window(first).await?;
    page.wait_for(&format!("{} === args[1]", tip.replace("args", "args[0]")), json!(["3000", mined])).await
}

async fn viewer(stage: &Stage<'_>) -> Outcome {
    let page = stage.open(LAB).await?;
    let first = page.driver().window().await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'full', start: true })", json!(null)).await?;
    let second = page.driver().new_tab().await?;
    page.driver().switch_to_window(second.clone()).await?;
    page.open(LAB).await?;
    // Asking makes a viewer; whether the call itself says so depends on which of the two is heard first.
    let ask = "await terrarium.spawn({ id: '3000', role: 'full', start: true }).catch(() => {})";
    page.eval(ask, json!(null)).await?;
    let error = page.eval_error("await terrarium.exec('3000', 'createwallet')", json!(null)).await?;
    if !error.contains("another tab") {
        return Err(format!("{error}, which does not name the other tab").into());
    }
    page.wait_for("return /another tab/i.test(document.body.innerText)", json!(null)).await?;

    page.driver().switch_to_window(first).await?;
    page.eval("await terrarium.mine('3000')", json!(null)).await?;
    page.driver().switch_to_window(second.clone()).await?;
    page.wait_for("return terrarium.nodes()[0].height === 1", json!(null)).await
}
