//! What scripts are told, and what they can do to links and miners.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Test, expect};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("every_event_has_the_fields_that_its_type_says", 240, |stage| Box::pin(payloads(stage))),
        Test::new("a_link_is_as_slow_as_it_is_set_and_a_cut_one_carries_nothing", 180, |stage| {
            Box::pin(links(stage))
        }),
        Test::new("a_scenario_pauses_links_kills_and_spawns", 240, |stage| Box::pin(steps(stage))),
    ]
}

/// Two nodes on one chain, connected.
async fn pair(stage: &Stage<'_>) -> Outcome<Page> {
    let page = stage.open("?scene=empty").await?;
    page.eval(
        "for (const id of ['3000', '3001']) await terrarium.spawn({ id, role: 'full', start: true });
         await terrarium.connect('3001', '3000')",
        json!(null),
    )
    .await?;
    page.wait_for("return terrarium.nodes().every((node) => node.peers === 1)", json!(null)).await?;
    Ok(page)
}

async fn payloads(stage: &Stage<'_>) -> Outcome {
    let page = pair(stage).await?;
    page.eval(
        "window.seen = {};
         for (const kind of ['block', 'tx', 'message', 'reorg', 'peer', 'log'])
            terrarium.on(kind, (event) => (window.seen[kind] ??= []).push(event))",
        json!(null),
    )
    .await?;
    // A cut, a longer branch and a heal make one of each.
    page.eval("terrarium.partition([['3000'], ['3001']])", json!(null)).await?;
    page.eval(
        "await terrarium.mine('3000'); await terrarium.mine('3001'); await terrarium.mine('3001')",
        json!(null),
    )
    .await?;
    page.eval("terrarium.heal()", json!(null)).await?;
    page.agree(&json!(["3000", "3001"])).await?;
    let from = page.exec("3001", "listaddresses").await?;
    let from = from.lines().next().unwrap_or_default();
    page.exec("3001", &format!("send -from {from} -to {from} -amount 1")).await?;
    page.wait_for("return window.seen.tx?.length > 1 && window.seen.reorg?.length > 0", json!(null)).await?;

    let fields = [
        ("block", json!(["hash", "height", "id"])),
        ("tx", json!(["id", "txid"])),
        ("message", json!(["command", "direction", "id", "length", "peer"])),
        ("reorg", json!(["connected", "disconnected", "from", "id", "to"])),
        ("peer", json!(["id", "peer", "reason", "state"])),
        ("log", json!(["id", "line"])),
    ];
    for (kind, wanted) in fields {
        let keys = page.eval("return Object.keys(window.seen[args][0]).sort()", json!(kind)).await?;
        expect(&keys, &wanted)?;
    }
    let reorg = page.eval("return window.seen.reorg[0]", json!(null)).await?;
    let count = |field: &str| reorg[field].as_array().map_or(0, Vec::len);
    expect(&json!([reorg["id"], count("disconnected"), count("connected")]), &json!(["3000", 1, 2]))?;
    // A message is told by both ends, once by each.
    let told = "const sent = window.seen.message.filter((event) => event.command === 'headers');
        return [...new Set(sent.map((event) => event.direction))].sort()";
    expect(&page.eval(told, json!(null)).await?, &json!(["inbound", "outbound"]))?;
    let lost = "return window.seen.peer.some((event) => event.state === 'disconnected' && typeof event.reason === 'string')";
    expect(&page.eval(lost, json!(null)).await?, &json!(true))
}

async fn links(stage: &Stage<'_>) -> Outcome {
    let page = pair(stage).await?;
    page.eval(
        "terrarium.link('3000', '3001', { latencyMs: 150, jitterMs: 20, bandwidth: 100000 })",
        json!(null),
    )
    .await?;
    // A new connection measures the way there and back.
    page.exec("3001", "disconnectnode 127.0.0.1:3000").await?;
    page.eval("await terrarium.connect('3001', '3000')", json!(null)).await?;
    let trip =
        "const [peer] = JSON.parse(await terrarium.exec('3001', 'getpeerinfo')); return peer?.pingtime ?? 0";
    page.wait_for(&format!("return (await (async () => {{ {trip} }})()) >= 0.3"), json!(null)).await?;

    page.eval("terrarium.link('3000', '3001', { cut: true })", json!(null)).await?;
    page.wait_for("return terrarium.nodes().every((node) => node.peers === 0)", json!(null)).await?;
    page.eval("await terrarium.mine('3000')", json!(null)).await?;
    let heights = page.eval("return terrarium.nodes().map((node) => node.height)", json!(null)).await?;
    expect(&heights, &json!([1, 0]))?;
    page.eval("terrarium.heal()", json!(null)).await?;
    page.agree(&json!(["3000", "3001"])).await
}

async fn steps(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty").await?;
    let text = "terrarium-scenario 1
spawn 3000 full
spawn 3001 full
connect 3001 3000
link 3000 3001 latency 20
mine 3000
wait 3001 height 1
hashrate 3000 8
wait 3001 height 2
hashrate 3000 0
pause
resume
partition 3000 | 3001
mine 3001
heal
wait 3000 tip 3001
kill 3001
mine 3000
start 3001
wait 3001 tip 3000
stop 3000
[3000] getbalance -address nobody
    fails ERROR: Address is not valid
";
    let report = page.eval("return await terrarium.scenario(args)", json!(text)).await?;
    if report["passed"] == json!(true) { Ok(()) } else { Err(format!("{report:#}").into()) }
}
