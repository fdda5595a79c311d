//! What a node in the browser does is what the same program does natively: its trace is recorded in the page and replayed
//! here, by the simulator.

use serde_json::{Value, json};
use terrarium_tests::browser::{Outcome, Page, Stage, Test, expect, expect_text};
use terrarium_tests::sim::{ReplayError, Replayed, replay};

const TRACE: &str = "return await terrarium.trace(args, { keys: true })";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("a_trace_from_the_page_is_replayed_natively_to_the_same_outputs", 240, |stage| {
            Box::pin(replayed(stage))
        }),
        Test::new("the_trace_of_a_killed_node_is_kept_up_to_there", 240, |stage| Box::pin(ended(stage))),
        Test::new("a_trace_is_saved_by_whoever_knows_that_it_has_keys", 180, |stage| {
            Box::pin(by_hand(stage))
        }),
    ]
}

async fn replayed(stage: &Stage<'_>) -> Outcome {
    let page = two_nodes(stage, "trace").await?;
    let (payer, payee) = (page.new_address("3000").await?, page.new_address("3001").await?);
    page.eval("await terrarium.record('3001')", json!(null)).await?;
    let both = json!(["3000", "3001"]);
    page.wait_for("return terrarium.nodes().every((node) => node.peers === 1)", json!(null)).await?;

    // It mines, and gets a block and a payment from the other.
    page.exec("3001", &format!("generatetoaddress 2 {payee}")).await?;
    page.agree(&both).await?;
    page.exec("3000", &format!("generatetoaddress 1 {payer}")).await?;
    page.agree(&both).await?;
    page.exec("3000", &format!("send -from {payer} -to {payee} -amount 7")).await?;
    page.wait_for("return terrarium.nodes()[1].mempool === 1", json!(null)).await?;
    let usage = page.exec("3001", "getmempoolinfo").await?;
    expect_text(&json!(usage), "usage")?;
    page.exec("3000", &format!("generatetoaddress 1 {payer}")).await?;
    page.agree(&both).await?;
    expect_text(&json!(page.exec("3001", &format!("getbalance -address {payee}")).await?), ": 107")?;
    // It leaves the network, misses a block, and comes back.
    page.eval("await terrarium.stop('3001'); await terrarium.mine('3000')", json!(null)).await?;
    page.eval("await terrarium.start('3001')", json!(null)).await?;
    page.agree(&both).await?;
    let first = trace(&page, "3001").await?;
    let seen = faithful(&first)?;
    for kind in ["Mine", "Send", "Commit", "Connect", "Reply", "Event"] {
        expect_text(&json!(first), &format!("\"Output\":{{\"kind\":\"{kind}\""))?;
    }
    if seen.outputs < 100 || seen.inputs < 40 {
        return Err(format!("too little happened: {seen}").into());
    }
    changed(&first)?;

    // Opened anew it begins with all that its store has.
    page.eval("await terrarium.record('3001'); await terrarium.mine('3001')", json!(null)).await?;
    page.agree(&both).await?;
    page.eval("terrarium.stopRecording('3001'); await terrarium.mine('3001')", json!(null)).await?;
    let second = trace(&page, "3001").await?;
    faithful(&second)?;
    expect_text(&json!(second.lines().nth(1)), "\"table\":\"Coins\"")?;
    expect(&json!(trace(&page, "3001").await?), &json!(second))
}

/// Whatever is changed in a trace, the replay names the line.
fn changed(text: &str) -> Outcome {
    let lines: Vec<&str> = text.lines().collect();
    let with = |at: usize, line: &str| {
        let mut lines = lines.clone();
        lines[at] = line;
        lines.join("\n")
    };
    let refused = |text: &str| replay(text).err().ok_or("it is replayed all the same");

    // One digit of an output's hash.
    let output = lines.iter().position(|line| line.contains("\"digest\":\"")).ok_or("no output")?;
    let (before, digest) = lines[output].split_at(lines[output].len() - 5);
    let digit = if digest.starts_with('0') { "1" } else { "0" };
    match refused(&with(output, &format!("{before}{digit}{}", &digest[1..])))? {
        ReplayError::Differs { line, .. } => expect(&json!(line), &json!(output + 1))?,
        other => return Err(other.to_string().into()),
    }
    // One byte of what a peer said: the node does something else, then or later.
    let said = lines.iter().position(|line| line.contains("\"PeerBytes\"")).ok_or("no peer")?;
    let (before, bytes) = lines[said].split_once("\"bytes\":\"").ok_or("no bytes")?;
    let digit = if bytes.starts_with('0') { "1" } else { "0" };
    match refused(&with(said, &format!("{before}\"bytes\":\"{digit}{}", &bytes[1..])))? {
        ReplayError::Differs { line, .. } if line > said => {}
        other => return Err(other.to_string().into()),
    }
    // What is no value, and a file that was cut.
    expect_text(
        &json!(refused(&with(said, "{\"node\":3001,\"entry\":{\"Feed\":1}}"))?.to_string()),
        &format!("line {}: '{{\"node\":3001,\"entry\":{{\"Feed\":1}}}}': unknown variant `Feed`", said + 1),
    )?;
    let cut = lines[..lines.len() - 1].join("\n");
    expect_text(
        &json!(refused(&cut)?.to_string()),
        &format!("line {}: the journal breaks off", lines.len() - 1),
    )
}

async fn ended(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty&lab=ended&lang=en").await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'full' })", json!(null)).await?;
    page.eval("await terrarium.record('3000'); await terrarium.mine('3000')", json!(null)).await?;
    page.eval("terrarium.kill('3000')", json!(null)).await?;
    let killed = trace(&page, "3000").await?;
    faithful(&killed)?;
    expect(&json!(killed.lines().last()), &json!(r#"{"node":3000,"entry":{"End":"Closed"}}"#))?;
    // It can be recorded from where it was killed, and what is removed is gone.
    page.eval("await terrarium.record('3000'); await terrarium.mine('3000')", json!(null)).await?;
    faithful(&trace(&page, "3000").await?)?;
    page.eval("await terrarium.remove('3000')", json!(null)).await?;
    let gone = page.eval_error(TRACE, json!("3000")).await?;
    expect(&json!(gone), &json!("there is no node 3000"))
}

async fn by_hand(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty&lab=by-hand&lang=en").await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'full' })", json!(null)).await?;
    let refused = page.eval_error("await terrarium.trace('3000')", json!(null)).await?;
    expect_text(&json!(refused), "private keys")?;
    let nothing = page.eval_error(TRACE, json!("3000")).await?;
    expect(&json!(nothing), &json!("nothing of node 3000 is recorded"))?;

    let state = "return document.querySelector('[data-testid=trace-state]').textContent.includes(args)";
    page.click("[data-testid='open-trace']").await?;
    page.wait_for(state, json!("Nothing is recorded")).await?;
    page.click("[data-testid='trace-record']").await?;
    page.wait_for(state, json!("Recording:")).await?;
    // What there is to save begins with the node's first lines.
    let warned = "return document.querySelector('dialog').textContent.includes('private keys')";
    page.wait_for(warned, json!(null)).await?;
    let is_closed = "return document.querySelector('[data-testid=trace-save]').disabled";
    expect(&page.eval(is_closed, json!(null)).await?, &json!(true))?;
    page.click("[data-testid='trace-keys']").await?;
    page.click("[data-testid='trace-save']").await?;
    page.wait_for(state, json!("Saved as terrarium-by-hand-3000-")).await?;
    page.click("[data-testid='trace-stop']").await?;
    page.wait_for(state, json!("Recorded:")).await?;
    faithful(&trace(&page, "3000").await?)?;
    Ok(())
}

/// Two nodes with a chain, connected.
async fn two_nodes(stage: &Stage<'_>, lab: &str) -> Outcome<Page> {
    let page = stage.open(&format!("?scene=empty&lab={lab}&lang=en")).await?;
    page.new_chain("3000").await?;
    let copy = "const terminal = terrarium.terminal();
                await terminal.run('copy blockchain_3000.db blockchain_genesis.db');
                await terminal.run('copy blockchain_genesis.db blockchain_3001.db');
                await terrarium.start('3000');
                await terrarium.exec('3001', 'startnode -connect 3000')";
    page.eval(copy, json!(null)).await?;
    page.agree(&json!(["3000", "3001"])).await?;
    Ok(page)
}

async fn trace(page: &Page, node: &str) -> Outcome<String> {
    let text = page.eval(TRACE, json!(node)).await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

/// That a trace begins with a warning and the native node does as it says.
fn faithful(text: &str) -> Outcome<Replayed> {
    expect_text(&Value::from(text.lines().next()), "with the wallets' private keys")?;
    Ok(replay(text).map_err(|error| error.to_string())?)
}
