//! Hashing and signature checks, one worker, beside JavaScript's best known libraries.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Switches};

use crate::report::{Goal, Reference, Row};

/// Turns of each; the median counts.
const ROUNDS: u32 = 5;
/// How long a turn takes.
const SECONDS: f64 = 1.0;

pub(crate) async fn rows(stage: &Stage<'_>) -> Outcome<Vec<Row>> {
    let page = stage.launch(Switches::Usual).await?;
    page.driver().goto(format!("{}bench.html", stage.environment().address())).await?;
    let (hashes, noble_hashes) = rates(&page, "headers").await?;
    let (checks, noble_checks) = rates(&page, "signatures").await?;
    Ok(vec![
        Row {
            what: "sha256d of headers, one worker".into(),
            value: hashes,
            unit: "H/s",
            goal: Goal::AtLeast(5e6),
            reference: Some(Reference { name: "@noble/hashes", value: noble_hashes, times: 20.0 }),
        },
        Row {
            what: "ECDSA verify, one worker".into(),
            value: checks,
            unit: "/s",
            goal: Goal::AtLeast(7_000.0),
            reference: Some(Reference { name: "@noble/secp256k1", value: noble_checks, times: 13.0 }),
        },
    ])
}

async fn rates(page: &Page, name: &str) -> Outcome<(f64, f64)> {
    let rates = page.eval("return await compareRates(...args)", json!([name, ROUNDS, SECONDS])).await?;
    match (rates[0].as_f64(), rates[1].as_f64()) {
        (Some(ours), Some(reference)) => Ok((ours, reference)),
        _ => Err(format!("no rates: {rates}").into()),
    }
}
