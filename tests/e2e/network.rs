//! Several nodes: cuts, reorganisations, syncing.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Test, expect};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("a_cut_network_heals_by_a_reorganisation_and_returns_transactions", 240, |stage| {
            Box::pin(cut(stage))
        }),
        Test::new("a_regtest_lab_has_bitcoins_regtest_genesis_and_mines_on_demand", 180, |stage| {
            Box::pin(regtest(stage))
        }),
        Test::new("a_new_node_syncs_2000_blocks", 420, |stage| Box::pin(sync(stage))),
    ]
}

async fn cut(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty").await?;
    let all = json!(["3000", "3001", "3002", "3003"]);
    page.eval("for (const id of args) await terrarium.spawn({ id, role: 'full', start: true })", all.clone())
        .await?;
    page.eval("for (const id of args) if (id !== '3000') await terrarium.connect(id, '3000')", all.clone())
        .await?;
    mine(&page, "3000", 2).await?;
    page.agree(&all).await?;

    page.eval(
        "window.reorgs = [];
         terrarium.on('reorg', (event) => window.reorgs.push(event));
         terrarium.partition([['3000', '3001'], ['3002', '3003']])",
        json!(null),
    )
    .await?;
    let payer = page.exec("3000", "listaddresses").await?;
    let payer = payer.lines().next().unwrap_or_default().to_owned();
    let payee = page.new_address("3001").await?;
    page.exec("3000", &format!("send -from {payer} -to {payee} -amount 7")).await?;
    page.wait_for("return terrarium.nodes().find((node) => node.id === '3000').mempool === 1", json!(null))
        .await?;
    mine(&page, "3000", 1).await?;
    page.agree(&json!(["3000", "3001"])).await?;
    expect_balance(&page, "3001", &payee, "7").await?;
    mine(&page, "3002", 3).await?;
    page.agree(&json!(["3002", "3003"])).await?;
    let parted = "const tip = (id) => terrarium.nodes().find((node) => node.id === id).tip; return tip('3000') !== tip('3002')";
    page.wait_for(parted, json!(null)).await?;

    page.eval("terrarium.heal()", json!(null)).await?;
    page.agree(&all).await?;
    page.wait_for(
        "return ['3000', '3001'].every((id) => window.reorgs.some(
            (event) => event.id === id && event.disconnected.length === 1 && event.connected.length === 3))",
        json!(null),
    )
    .await?;
    // The payment's block is gone, and the payment waits again: the next block has it.
    expect_balance(&page, "3001", &payee, "0").await?;
    page.wait_for("return terrarium.nodes().find((node) => node.id === '3000').mempool === 1", json!(null))
        .await?;
    mine(&page, "3000", 1).await?;
    page.agree(&all).await?;
    for node in ["3000", "3001", "3002", "3003"] {
        expect_balance(&page, node, &payee, "7").await?;
    }
    Ok(())
}

async fn sync(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty").await?;
    let address = page.new_chain("3000").await?;
    // The genesis block, which is what the new node starts with.
    page.eval(
        "const t = terrarium.terminal();
         await t.run('copy blockchain_3000.db blockchain_genesis.db');
         await t.run('copy blockchain_genesis.db blockchain_3001.db')",
        json!(null),
    )
    .await?;
    // Six blocks move the earliest time of the next by a second, and none may be far ahead of the clock.
    page.click("[data-testid='clock-speed'] option[value='4']").await?;
    for _ in 0..20 {
        page.exec("3000", &format!("generatetoaddress 100 {address}")).await?;
    }
    page.click("[data-testid='clock-speed'] option[value='1']").await?;
    page.exec("3000", "startnode").await?;
    page.exec("3001", "startnode -connect 3000").await?;
    page.wait_within(120_000, "return terrarium.nodes().every((node) => node.height === 2000)", json!(null))
        .await?;
    page.agree(&json!(["3000", "3001"])).await?;
    // 2,000 blocks and the genesis block, 50 each: the coins came with the blocks.
    expect_balance(&page, "3001", &address, "100050").await
}

async fn regtest(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=regtest").await?;
    page.wait_for(
        "return terrarium.nodes().every((node) => node.state === 'running' && node.peers === 1)",
        json!(null),
    )
    .await?;
    let genesis = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";
    let first = page.exec("3001", "getblockhash 0").await?;
    expect(&json!(first.trim_matches('"')), &json!(genesis))?;
    let address = page.new_address("3000").await?;
    page.exec("3000", &format!("generatetoaddress 101 {address}")).await?;
    page.agree(&json!(["3000", "3001"])).await?;
    // A coinbase matures after a hundred blocks, and payments cost a fee.
    let info = page
        .eval("return JSON.parse(await terrarium.exec('3001', 'getblockchaininfo'))", json!(null))
        .await?;
    expect(&json!([info["chain"], info["blocks"]]), &json!(["regtest", 101]))?;
    let payee = page.new_address("3001").await?;
    page.exec("3000", &format!("send -from {address} -to {payee} -amount 7 -fee 0.001")).await?;
    page.wait_for("return terrarium.nodes().every((node) => node.mempool === 1)", json!(null)).await?;
    page.exec("3000", &format!("generatetoaddress 1 {address}")).await?;
    page.agree(&json!(["3000", "3001"])).await?;
    expect_balance(&page, "3001", &payee, "7").await
}

/// Mines `blocks` at `node` and waits until it has them.
async fn mine(page: &Page, node: &str, blocks: u32) -> Outcome {
    for _ in 0..blocks {
        let height = "return terrarium.nodes().find((node) => node.id === args).height";
        let before = page.eval(height, json!(node)).await?;
        page.eval("await terrarium.mine(args)", json!(node)).await?;
        let grown = "return terrarium.nodes().find((node) => node.id === args[0]).height > args[1]";
        page.wait_for(grown, json!([node, before])).await?;
    }
    Ok(())
}

async fn expect_balance(page: &Page, node: &str, address: &str, coins: &str) -> Outcome {
    let expected = format!("Balance of '{address}': {coins}");
    let line = page.exec(node, &format!("getbalance -address {address}")).await?;
    if line == expected { Ok(()) } else { Err(format!("{node}: {line}, not {expected}").into()) }
}
