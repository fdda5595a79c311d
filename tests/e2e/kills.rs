//! Nodes that are killed at any moment, on a profile on disk: the chain opens at a consistent tip, no key is lost.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Test};

/// Kills of the worker alone.
const KILLS: u64 = 50;
/// Kills of the whole browser.
const POWER_CUTS: u64 = 3;
const LAB: &str = "?scene=empty&lab=kills";

pub(crate) fn tests() -> Vec<Test> {
    vec![Test::new("fifty_kills_lose_no_key_and_leave_a_consistent_tip", 600, |stage| Box::pin(kills(stage)))]
}

/// What the node has confirmed to be stored.
struct Promised {
    miner: String,
    addresses: Vec<String>,
    height: u64,
}

async fn kills(stage: &Stage<'_>) -> Outcome {
    let mut page = stage.open(LAB).await?;
    let miner = page.new_chain("3000").await?;
    let mut promised = Promised { miner: miner.clone(), addresses: vec![miner], height: 0 };
    for round in 0..KILLS {
        work_and_kill(&page, &mut promised, round).await?;
        check(&page, &mut promised).await.map_err(|failure| format!("after kill {round}: {failure:?}"))?;
    }
    for cut in 0..POWER_CUTS {
        begin_work(&page, &promised, cut).await?;
        stage.cut_power();
        page = stage.open(LAB).await?;
        check(&page, &mut promised).await.map_err(|failure| format!("after power cut {cut}: {failure:?}"))?;
    }
    Ok(())
}

/// Lets the node make a key and mine, kills it after 0 to 250 ms, and notes what it confirmed before.
async fn work_and_kill(page: &Page, promised: &mut Promised, round: u64) -> Outcome {
    let script = "
        const [miner, delay] = args;
        const confirmed = { addresses: [], blocks: 0 };
        const note = (promise, f) => promise.then(f, () => {});
        note(terrarium.exec('3000', 'createwallet'), (line) => confirmed.addresses.push(line.split(': ')[1]));
        (async () => {
            for (;;) {
                await terrarium.exec('3000', `generatetoaddress 1 ${miner}`);
                confirmed.blocks += 1;
            }
        })().catch(() => {});
        await new Promise((resume) => setTimeout(resume, delay));
        terrarium.kill('3000');
        return confirmed";
    let confirmed = page.eval(script, json!([promised.miner, delay(round)])).await?;
    promised.height += confirmed["blocks"].as_u64().unwrap_or_default();
    let addresses = confirmed["addresses"].as_array().into_iter().flatten();
    promised.addresses.extend(addresses.filter_map(|address| address.as_str()).map(String::from));
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
async fn check(page: &Page, promised: &mut Promised) -> Outcome {
    page.eval("await terrarium.spawn({ id: '3000', role: 'full', start: false })", json!(null)).await?;
    let listed = page.exec("3000", "listaddresses").await?;
    for address in &promised.addresses {
        if !listed.lines().any(|line| line == address) {
            return Err(format!("the key of {address} is lost").into());
        }
    }
    let height = page
        .eval("return JSON.parse(await terrarium.exec('3000', 'getblockchaininfo')).blocks", json!(null))
        .await?;
    let height = height.as_u64().ok_or("no height")?;
    if height < promised.height {
        return Err(format!("height {height}, but {} was confirmed", promised.height).into());
    }
    // Every block, the genesis block too, pays 50 to the one miner: coins that do not match the tip show in the sum.
    let balance = page.exec("3000", &format!("getbalance -address {}", promised.miner)).await?;
    let wanted = format!("Balance of '{}': {}", promised.miner, 50 * (height + 1));
    if balance != wanted {
        return Err(format!("at height {height}: {balance}, not {wanted}").into());
    }
    let rebuilt = page.exec("3000", "reindexutxo").await?;
    let wanted = format!("Done! There are {} transactions in the UTXO set.", height + 1);
    if rebuilt != wanted {
        return Err(format!("{rebuilt}, not {wanted}").into());
    }
    promised.height = height;
    Ok(())
}

/// 0 to 250 ms, scattered, the same in every run.
fn delay(round: u64) -> u64 {
    (round.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % 251
}
