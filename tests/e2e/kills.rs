//! Nodes that are killed at any moment, on a profile on disk: the chain opens at a consistent tip, no key is lost.

use serde_json::{Value, json};
use terrarium_tests::browser::{Outcome, Page, Stage, Test, expect};

/// Kills of the worker alone.
const KILLS: u64 = 50;
/// Of these so many at least must come while something is being written, and so many changes of branch must be among what
/// goes on meanwhile.
const AT_LEAST: u64 = 5;
/// Kills of the whole browser.
const POWER_CUTS: u64 = 3;
const LAB: &str = "?scene=empty&lab=kills";
/// What a block brings, the genesis block too, on a chain that `createblockchain` made.
const SUBSIDY: u64 = 50;

pub(crate) fn tests() -> Vec<Test> {
    vec![Test::new(
        "fifty_kills_amid_payments_syncs_and_reorganisations_lose_no_key_and_no_coin",
        600,
        |stage| Box::pin(kills(stage)),
    )]
}

/// What node 3000, which is killed, has confirmed to be stored.
struct Promised {
    /// The address that it mines to and pays from.
    miner: String,
    /// The address of node 3001, which mines as well and is paid.
    rival: String,
    /// All its addresses.
    addresses: Vec<String>,
    /// The last block that it mined, where it has said so.
    block: Option<String>,
    height: u64,
}

/// What went on at the kills.
#[derive(Debug, Default)]
struct Tally {
    in_a_write: u64,
    reorgs: u64,
}

async fn kills(stage: &Stage<'_>) -> Outcome {
    let mut page = stage.open(LAB).await?;
    let mut promised = two_nodes(&page).await?;
    let mut tally = Tally::default();
    for round in 0..KILLS {
        if round % 10 == 0 {
            sync_anew(&page).await?;
        }
        work_and_kill(&page, &mut promised, &mut tally, round).await?;
        check(&page, &mut promised, &mut tally)
            .await
            .map_err(|failure| format!("after kill {round}: {failure:?}"))?;
    }
    if tally.in_a_write < AT_LEAST || tally.reorgs < AT_LEAST {
        return Err(format!("too little went on at the {KILLS} kills: {tally:?}").into());
    }
    // Two branches may have come to the same work: one more block makes one of them the better.
    page.eval("await terrarium.start('3000'); await terrarium.mine('3001')", json!(null)).await?;
    page.agree(&json!(["3000", "3001", "3002"])).await?;

    for cut in 0..POWER_CUTS {
        begin_work(&page, &promised, cut).await?;
        stage.cut_power();
        page = stage.open(LAB).await?;
        check(&page, &mut promised, &mut tally)
            .await
            .map_err(|failure| format!("after power cut {cut}: {failure:?}"))?;
    }
    Ok(())
}

/// Two nodes on one chain, both with a wallet, so far apart that they often find blocks at the same height.
async fn two_nodes(page: &Page) -> Outcome<Promised> {
    let miner = page.new_chain("3000").await?;
    page.eval(
        "const t = terrarium.terminal();
         await t.run('copy blockchain_3000.db blockchain_genesis.db');
         await t.run('copy blockchain_genesis.db blockchain_3001.db');
         terrarium.link('3000', '3001', { latencyMs: 20 });
         window.reorgs = 0;
         terrarium.on('reorg', (reorg) => { if (reorg.id === '3000') window.reorgs += 1; })",
        json!(null),
    )
    .await?;
    let rival = page.new_address("3001").await?;
    page.exec("3001", "startnode").await?;
    page.exec("3000", "startnode -connect 3001").await?;
    Ok(Promised { addresses: vec![miner.clone()], miner, rival, block: None, height: 0 })
}

/// A third node, which begins with the genesis block again and syncs from 3000 while that is killed.
async fn sync_anew(page: &Page) -> Outcome {
    page.eval(
        "if (terrarium.nodes().some((node) => node.id === '3002')) await terrarium.remove('3002');
         await terrarium.terminal().run('copy blockchain_genesis.db blockchain_3002.db');
         await terrarium.exec('3002', 'startnode -connect 3000')",
        json!(null),
    )
    .await?;
    Ok(())
}

/// 3000 makes keys, pays and mines while 3001 mines, and is killed after 0 to 250 ms of that. Notes what it confirmed.
async fn work_and_kill(page: &Page, promised: &mut Promised, tally: &mut Tally, round: u64) -> Outcome {
    let script = "
        const [miner, rival, delay] = args;
        const node = () => terrarium.nodes().find((node) => node.id === '3000');
        await terrarium.start('3000');
        while (node().peers === 0) await new Promise((resume) => setTimeout(resume, 5));
        const confirmed = { addresses: [], block: null };
        let over = false;
        const whileOn = async (work) => { while (!over) await work(); };
        const works = [
            whileOn(() => terrarium.exec('3001', `generatetoaddress 1 ${rival}`)),
            whileOn(async () => {
                [confirmed.block] = JSON.parse(await terrarium.exec('3000', `generatetoaddress 1 ${miner}`));
            }),
            whileOn(() => terrarium.exec('3000', `send -from ${miner} -to ${rival} -amount 0.5`)),
            (async () => {
                for (let key = 0; key < 3; key += 1) {
                    confirmed.addresses.push((await terrarium.exec('3000', 'createwallet')).split(': ')[1]);
                }
            })(),
        ];
        works.forEach((work) => work.catch(() => {}));
        await new Promise((resume) => setTimeout(resume, delay));
        const { pendingBytes } = node();
        over = true;
        terrarium.kill('3000');
        const reorgs = window.reorgs;
        window.reorgs = 0;
        return { ...confirmed, pendingBytes, reorgs }";
    let seen = page.eval(script, json!([promised.miner, promised.rival, delay(round)])).await?;
    let addresses = seen["addresses"].as_array().into_iter().flatten();
    promised.addresses.extend(addresses.filter_map(Value::as_str).map(String::from));
    promised.block = seen["block"].as_str().map(String::from);
    tally.in_a_write += u64::from(seen["pendingBytes"].as_u64() > Some(0));
    tally.reorgs += seen["reorgs"].as_u64().unwrap_or_default();
    Ok(())
}

/// Starts to mine and returns in the middle of it.
async fn begin_work(page: &Page, promised: &Promised, round: u64) -> Outcome {
    let script = "
        const [miner, delay] = args;
        terrarium.exec('3000', `generatetoaddress 500 ${miner}`).catch(() => {});
        await new Promise((resume) => setTimeout(resume, delay))";
    page.eval(script, json!([promised.miner, 100 + delay(round)])).await?;
    Ok(())
}

/// Opens the node again: everything that it promised is there, and its coins are those of its chain.
async fn check(page: &Page, promised: &mut Promised, tally: &mut Tally) -> Outcome {
    page.eval("await terrarium.spawn({ id: '3000', role: 'full', start: false })", json!(null)).await?;
    let listed = page.exec("3000", "listaddresses").await?;
    let listed: Vec<&str> = listed.lines().collect();
    if let Some(lost) = promised.addresses.iter().find(|address| !listed.contains(&address.as_str())) {
        return Err(format!("the key of {lost} is lost").into());
    }
    // A key that is there and was not confirmed was being written.
    tally.in_a_write += u64::from(listed.len() > promised.addresses.len());
    promised.addresses = listed.iter().map(|address| (*address).to_owned()).collect();
    if let Some(block) = &promised.block {
        page.exec("3000", &format!("getblockheader {block}")).await?;
    }
    let info = page.exec("3000", "getblockchaininfo").await?;
    let info: Value = serde_json::from_str(&info).map_err(|error| error.to_string())?;
    let height = info["blocks"].as_u64().ok_or("no height")?;
    if height < promised.height {
        return Err(format!("height {height}, but it was {} before", promised.height).into());
    }
    promised.height = height;
    // Every block pays one of the two miners, who pay nobody else: coins that do not match the tip show in the sum.
    expect(&json!(coins(page, promised).await?), &json!((SUBSIDY * (height + 1)) as f64))?;
    page.exec("3000", "reindexutxo").await?;
    expect(&json!(coins(page, promised).await?), &json!((SUBSIDY * (height + 1)) as f64))
}

/// All coins that 3000 knows of.
async fn coins(page: &Page, promised: &Promised) -> Outcome<f64> {
    let mut sum = 0.0;
    for address in [&promised.miner, &promised.rival] {
        let line = page.exec("3000", &format!("getbalance -address {address}")).await?;
        let balance = line.split(": ").nth(1).and_then(|amount| amount.parse::<f64>().ok());
        sum += balance.ok_or(line)?;
    }
    Ok(sum)
}

/// 0 to 250 ms, scattered, the same in every run.
fn delay(round: u64) -> u64 {
    (round.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % 251
}
