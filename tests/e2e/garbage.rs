//! Whatever scripts of this origin post on the lab's channels and write over what it remembers, nodes and page live.

use serde_json::{Value, json};
use terrarium_tests::browser::{Outcome, Page, Stage, Test, expect};

const LAB: &str = "?scene=empty&lab=garbage";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("garbage_on_every_channel_harms_no_node_and_is_counted_in_their_logs", 180, |stage| {
            Box::pin(garbage(stage))
        }),
        Test::new("a_lab_whose_memory_is_nonsense_opens", 120, |stage| Box::pin(nonsense(stage))),
    ]
}

async fn garbage(stage: &Stage<'_>) -> Outcome {
    let page = stage.open(LAB).await?;
    let ids = three_nodes(&page).await?;
    for _ in 0..2 {
        page.eval(include_str!("garbage.js"), json!("garbage")).await?;
        for id in ["3000", "3001", "3002"] {
            page.eval("await terrarium.mine(args)", json!(id)).await?;
        }
        come_together(&page).await?;
    }
    page.wait_for(
        "return terrarium.nodes().every((node) => node.state === 'running' && node.peers > 0)",
        json!(null),
    )
    .await?;
    expect(&page.eval("return window.crashes", json!(null)).await?, &json!([]))?;
    let counted = "return args.every((id) => window.logs.some((log) => log.id === id && /meant nothing/.test(log.line)))";
    page.wait_for(counted, ids.clone()).await?;

    // The page has put right what was written over its list of nodes.
    let tip = page.eval("return terrarium.nodes()[0].tip", json!(null)).await?;
    page.open(LAB).await?;
    page.wait_for(
        "const nodes = terrarium.nodes(); return nodes.length === 3 && nodes.every((node) => node.tip === args)",
        tip,
    )
    .await
}

/// Mines at one node until all follow it. Connections that forged frames have ended come back by themselves; blocks that
/// were found meanwhile may stand beside each other until the next one decides.
async fn come_together(page: &Page) -> Outcome {
    page.eval(
        "const agreed = () => new Set(terrarium.nodes().map((node) => node.tip)).size === 1;
         for (;;) {
             await terrarium.mine('3000');
             const until = performance.now() + 2000;
             while (performance.now() < until) {
                 if (agreed()) return;
                 await new Promise((resume) => setTimeout(resume, 25));
             }
         }",
        json!(null),
    )
    .await?;
    Ok(())
}

async fn three_nodes(page: &Page) -> Outcome<Value> {
    let ids = json!(["3000", "3001", "3002"]);
    page.eval(
        "window.crashes = [];
         terrarium.on('crash', (crash) => window.crashes.push(crash));
         window.logs = [];
         terrarium.on('log', (log) => window.logs.push(log));
         for (const id of args) await terrarium.spawn({ id, role: 'full', start: true });
         await terrarium.connect('3001', '3000');
         await terrarium.connect('3002', '3001')",
        ids.clone(),
    )
    .await?;
    page.wait_for("return terrarium.nodes().every((node) => node.peers > 0)", json!(null)).await?;
    Ok(ids)
}

async fn nonsense(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty&lab=other").await?;
    for value in ["", "null", "{", "[{}]", "-1e999", "[7]", r#"{"blockchain_genesis.db":"zz"}"#] {
        page.eval(
            "localStorage.clear();
             for (const key of ['nodes', 'links', 'clock', 'speed', 'files', 'setup']) localStorage.setItem(`terrarium/garbage/${key}`, args);
             for (const key of ['theme', 'lang', 'persist', 'reloaded']) localStorage.setItem(`terrarium/${key}`, args)",
            json!(value),
        )
        .await?;
        page.open(LAB).await?;
        page.eval("await terrarium.spawn({ id: '3000' }); await terrarium.mine('3000')", json!(null)).await?;
        page.eval("await terrarium.terminal().run('copy blockchain_3000.db a.db')", json!(null)).await?;
    }
    Ok(())
}
