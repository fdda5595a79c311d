//! `window.terrarium`: its shape, and that every wrong call is an `Error` that harms nobody.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Stage, Test, expect};

/// Asynchronous calls with arguments that are missing, of the wrong type, or name nothing.
const REJECTED: [&str; 39] = [
    "terrarium.spawn()",
    "terrarium.spawn(null)",
    "terrarium.spawn(3000)",
    "terrarium.spawn('3000')",
    "terrarium.spawn({})",
    "terrarium.spawn({ id: '0', role: 'full' })",
    "terrarium.spawn({ id: '65536', role: 'full' })",
    "terrarium.spawn({ id: 3.5, role: 'full' })",
    "terrarium.spawn({ id: {}, role: 'full' })",
    "terrarium.spawn({ id: '3009', role: 'emperor' })",
    "terrarium.spawn({ id: '3009', role: 7 })",
    "terrarium.start()",
    "terrarium.start('4999')",
    "terrarium.start(Symbol('x'))",
    "terrarium.stop()",
    "terrarium.stop('4999')",
    "terrarium.stop([])",
    "terrarium.remove()",
    "terrarium.remove('4999')",
    "terrarium.exec()",
    "terrarium.exec('3000')",
    "terrarium.exec('3000', 7)",
    "terrarium.exec('4999', 'printchain')",
    "terrarium.exec(null, 'printchain')",
    "terrarium.exec('3000', 'no such command')",
    "terrarium.mine()",
    "terrarium.mine('4999')",
    "terrarium.connect('3000')",
    "terrarium.connect('3000', '4999')",
    "terrarium.scenario()",
    "terrarium.scenario(7)",
    "terrarium.scenario('')",
    "terrarium.terminal().run(7)",
    "terrarium.record()",
    "terrarium.record('4999')",
    "terrarium.trace('4999', { keys: true })",
    "terrarium.trace('3000', { keys: true })",
    "terrarium.trace('3000', { key: true })",
    "terrarium.trace('3000')",
];

/// Synchronous calls of that kind.
const THROWN: [&str; 16] = [
    "terrarium.kill()",
    "terrarium.kill('4999')",
    "terrarium.setHashRate()",
    "terrarium.setHashRate('3000', 'fast')",
    "terrarium.setHashRate('3000', NaN)",
    "terrarium.setHashRate('3000', -1)",
    "terrarium.setHashRate('4999', 1)",
    "terrarium.on()",
    "terrarium.on('earthquake', () => {})",
    "terrarium.on('block', 7)",
    "terrarium.link('3000', '4999', {})",
    "terrarium.link('3000', '3001', { latencyMs: -1 })",
    "terrarium.partition('3000')",
    "terrarium.partition([['3000'], ['4999']])",
    "terrarium.stopRecording()",
    "terrarium.stopRecording('4999')",
];

/// Console lines that a node refuses, each with what the refusal must say.
const REFUSED_LINES: [(&str, &str); 15] = [
    ("getbalance -address ''", "ERROR: Address is not valid"),
    ("getbalance -address 1", "ERROR: Address is not valid"),
    ("getbalance -address 1BoatSLRHtKNngkdXEeobR76b53LETtpyX", "ERROR: Address is not valid"),
    ("send -from nobody -to $A -amount 1", "ERROR: Sender address is not valid"),
    ("send -from $A -to nobody -amount 1", "ERROR: Recipient address is not valid"),
    ("send -from $A -to $A -amount 0", "ERROR"),
    ("send -from $A -to $A -amount -1", "ERROR"),
    ("send -from $A -to $A -amount 0.123456789", "ERROR"),
    ("send -from $A -to $A -amount 21000001", "ERROR"),
    ("send -from $A -to $A -amount much", "ERROR"),
    ("send -from $A -to $A -amount 1000000", "ERROR: Not enough funds"),
    ("startnode -miner nobody", "Wrong miner address!"),
    ("listen", "terrarium.on"),
    ("frobnicate", "Unknown command!"),
    ("getblockhash 99999999", ""),
];

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("the_scripting_object_is_frozen_and_complete", 120, |stage| Box::pin(shape(stage))),
        Test::new("every_wrong_call_is_an_error", 180, |stage| Box::pin(wrong_calls(stage))),
        Test::new("every_wrong_command_line_is_refused_by_name", 180, |stage| Box::pin(wrong_lines(stage))),
        Test::new("events_arrive_until_unsubscribed", 180, |stage| Box::pin(events(stage))),
        Test::new("a_killed_node_fails_its_open_commands_and_comes_back", 180, |stage| Box::pin(kill(stage))),
    ]
}

async fn shape(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty").await?;
    let seen = page
        .eval(
            "return {
                frozen: Object.isFrozen(terrarium),
                plain: Object.getPrototypeOf(terrarium) === Object.prototype,
                version: typeof terrarium.version,
                ready: terrarium.ready instanceof Promise,
                missing: ['spawn', 'start', 'stop', 'remove', 'kill', 'exec', 'terminal', 'nodes', 'mine', 'setHashRate',
                    'connect', 'on', 'link', 'partition', 'heal', 'scenario', 'record', 'stopRecording', 'trace'].filter((name) => typeof terrarium[name] !== 'function'),
                nodes: terrarium.nodes(),
            }",
            json!(null),
        )
        .await?;
    expect(
        &seen,
        &json!({ "frozen": true, "plain": true, "version": "string", "ready": true, "missing": [], "nodes": [] }),
    )?;
    // Detached methods and numbers for ids work as well.
    page.eval(
        "const { spawn, nodes } = terrarium; await spawn({ id: 3005, role: 'full', start: false })",
        json!(null),
    )
    .await?;
    let node = page.eval("return terrarium.nodes()[0]", json!(null)).await?;
    let mut fields: Vec<_> =
        node.as_object().map(|node| node.keys().map(String::as_str).collect()).unwrap_or_default();
    fields.sort_unstable();
    let wanted = [
        "banned",
        "chainwork",
        "hashesPerSecond",
        "height",
        "id",
        "mempool",
        "name",
        "peers",
        "pendingBytes",
        "role",
        "state",
        "tip",
    ];
    expect(&json!(fields), &json!(wanted))?;
    expect(&node["id"], &json!("3005"))
}

async fn wrong_calls(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty").await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'full', start: true })", json!(null)).await?;
    page.eval("await terrarium.spawn({ id: '3001', role: 'full', start: true })", json!(null)).await?;
    for call in REJECTED {
        // An asynchronous method must not throw: it returns a Promise that rejects.
        let promise = format!("const p = {call}; if (!(p instanceof Promise)) return 'no promise'; await p");
        page.eval_error(&promise, json!(null)).await?;
    }
    for call in THROWN {
        page.eval_error(call, json!(null)).await?;
    }
    let alive =
        page.eval("return terrarium.nodes().map((node) => [node.id, node.state])", json!(null)).await?;
    expect(&alive, &json!([["3000", "running"], ["3001", "running"]]))
}

async fn wrong_lines(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty").await?;
    let address = page.new_chain("3000").await?;
    for (line, text) in REFUSED_LINES {
        let line = line.replace("$A", &address);
        let error = page.eval_error("await terrarium.exec('3000', args)", json!(line)).await?;
        if !error.contains(text) {
            return Err(format!("{line}: {error}, which does not say {text}").into());
        }
    }
    let balance = page.exec("3000", &format!("getbalance -address {address}")).await?;
    expect(&json!(balance), &json!(format!("Balance of '{address}': 50")))
}

async fn events(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty").await?;
    page.eval(
        "window.seen = [];
         window.off = terrarium.on('block', (event) => window.seen.push(event));
         await terrarium.spawn({ id: '3000', role: 'full', start: true });
         await terrarium.mine('3000')",
        json!(null),
    )
    .await?;
    page.wait_for("return window.seen.length === 1", json!(null)).await?;
    let event = page.eval("return window.seen[0]", json!(null)).await?;
    expect(
        &json!([event["id"], event["height"], event["hash"].as_str().map(str::len)]),
        &json!(["3000", 1, 64]),
    )?;
    page.eval("window.off(); await terrarium.mine('3000')", json!(null)).await?;
    page.wait_for("return terrarium.nodes()[0].height === 2", json!(null)).await?;
    expect(&page.eval("return window.seen.length", json!(null)).await?, &json!(1))
}

async fn kill(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty").await?;
    let address = page.new_chain("3000").await?;
    let line = format!("generatetoaddress 500 {address}");
    // The kill comes once the node is at it: its first block has been heard of.
    let open = "const mined = new Promise((resolve) => terrarium.on('block', resolve));
                const open = terrarium.exec('3000', args);
                open.catch(() => {});
                await mined;
                terrarium.kill('3000');
                await open";
    let error = page.eval_error(open, json!(line)).await?;
    expect(&json!(error), &json!("node 3000 ended before it answered"))?;
    page.eval("await terrarium.start('3000')", json!(null)).await?;
    let addresses = page.exec("3000", "listaddresses").await?;
    expect(&json!(addresses), &json!(address))
}
