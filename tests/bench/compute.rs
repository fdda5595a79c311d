//! Hashing and signature checks, one worker, beside JavaScript's best known libraries.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Stage, Switches};

use crate::report::{Goal, Reference, Row};

/// Turns of each; the median counts.
const ROUNDS: u32 = 5;
/// How long a turn takes.
const SECONDS: f64 = 1.0;

pub(crate) async fn hashes(stage: &Stage<'_>) -> Outcome<Row> {
    let (ours, reference) = rates(stage, "headers").await?;
    Ok(Row {
        what: "sha256d of headers, one worker".into(),
        value: ours,
        unit: "H/s",
        goal: Goal::AtLeast(5e6),
        reference: Some(Reference { name: "@noble/hashes", value: reference, times: 20.0 }),
    })
}

pub(crate) async fn signatures(stage: &Stage<'_>) -> Outcome<Row> {
    let (ours, reference) = rates(stage, "signatures").await?;
    Ok(Row {
        what: "ECDSA verify, one worker".into(),
        value: ours,
        unit: "/s",
        goal: Goal::AtLeast(7_000.0),
        reference: Some(Reference { name: "@noble/secp256k1", value: reference, times: 13.0 }),
    })
}

async fn rates(stage: &Stage<'_>, name: &str) -> Outcome<(f64, f64)> {
    let page = stage.launch(Switches::Usual).await?;
    page.driver().goto(format!("{}bench.html", stage.environment().address())).await?;
    let rates = page.eval("return await compareRates(...args)", json!([name, ROUNDS, SECONDS])).await?;
    match (rates[0].as_f64(), rates[1].as_f64()) {
        (Some(ours), Some(reference)) => Ok((ours, reference)),
        _ => Err(format!("no rates: {rates}").into()),
    }
}
