//! Initial block download between two workers.

use std::fs;

use serde_json::json;
use terrarium_core::{
    chain::file,
    consensus::{Network, Preset},
};
use terrarium_tests::{
    browser::{Outcome, Stage, Switches},
    fixture::Chain,
};

use crate::report::{Goal, Row};

/// The median of so many syncs counts.
const ROUNDS: usize = 3;

pub(crate) async fn blocks(stage: &Stage<'_>) -> Outcome<Row> {
    let blocks = 5_000;
    let seconds = seconds(stage, "coinbase-only", &Chain::coinbase_only(blocks)).await?;
    Ok(Row {
        what: format!("initial block download, {blocks} coinbase-only blocks"),
        value: f64::from(blocks) / seconds,
        unit: "blocks/s",
        goal: Goal::AtLeast(4_000.0),
        reference: None,
    })
}

pub(crate) async fn spends(stage: &Stage<'_>) -> Outcome<Row> {
    let (blocks, spends) = (100, 150);
    let seconds = seconds(stage, "spends", &Chain::spending(blocks, spends)).await?;
    Ok(Row {
        what: format!("initial block download, {blocks} blocks x {spends} P2PKH spends"),
        value: f64::from(blocks * spends) / seconds,
        unit: "inputs/s",
        goal: Goal::AtLeast(5_000.0),
        reference: None,
    })
}

/// The median time until the target has the chain's tip.
async fn seconds(stage: &Stage<'_>, name: &str, chain: &Chain) -> Outcome<f64> {
    let page = stage.launch(Switches::Usual).await?;
    page.driver().goto(format!("{}bench.html", stage.environment().address())).await?;
    let name_of_file = format!("chain-{name}.bin");
    fs::write(
        stage.environment().site().join(&name_of_file),
        file::export(&Network::from(Preset::Regtest), chain.blocks()[1..].iter()).0,
    )?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let sync =
            page.eval("return await measureSync(...args)", json!([name_of_file, chain.height()])).await?;
        let (Some(tip), Some(stored)) = (sync["tip"].as_f64(), sync["stored"].as_f64()) else {
            return Err(format!("no times: {sync}").into());
        };
        eprintln!(
            "    {name}: {} blocks, tip after {tip:.2} s, committed after {stored:.2} s",
            chain.height()
        );
        times.push(tip);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[ROUNDS / 2])
}
