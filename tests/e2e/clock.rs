//! The lab's clock in the header: pause, one second further, speed.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Stage, Test};

pub(crate) fn tests() -> Vec<Test> {
    vec![Test::new("a_pause_stops_the_miners_and_a_second_goes_by_at_a_step", 240, |stage| {
        Box::pin(clock(stage))
    })]
}

/// Hashes a second of all nodes.
const POWER: &str = "return terrarium.nodes().reduce((sum, node) => sum + node.hashesPerSecond, 0)";
/// The lab's time as a node has it, in seconds: a block that is made now carries it.
const BLOCK_TIME: &str =
    "const [hash] = JSON.parse(await terrarium.exec('3000', `generatetoaddress 1 ${args}`));
    return JSON.parse(await terrarium.exec('3000', `getblockheader ${hash}`)).time";

async fn clock(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?lang=en").await?;
    page.wait_for("return terrarium.nodes().every((node) => node.height >= 8)", json!(null)).await?;
    page.wait_for(&format!("return (await (async () => {{ {POWER} }})()) > 0"), json!(null)).await?;
    page.click("[data-testid='clock-pause']").await?;
    page.wait_for(&format!("return (await (async () => {{ {POWER} }})()) === 0"), json!(null)).await?;

    // Time stands, whatever the wall clock does meanwhile; a step is one second.
    let address = page.exec("3000", "listaddresses").await?;
    let address = address.lines().next().unwrap_or_default().to_owned();
    let before = page.eval(BLOCK_TIME, json!(address)).await?.as_u64().unwrap_or_default();
    page.click("[data-testid='clock-speed'] option[value='4']").await?;
    for _ in 0..8 {
        page.click("[data-testid='clock-step']").await?;
    }
    let still = "return document.querySelector('[data-testid=clock-pause]').classList.contains('on')";
    page.wait_for(still, json!(null)).await?;
    let after = page.eval(BLOCK_TIME, json!(address)).await?.as_u64().unwrap_or_default();
    // The first block may be some seconds ahead, for each is later than the median of those before it.
    if !(5..=10).contains(&(after - before)) {
        return Err(format!("eight steps of a second moved the clock by {} s", after - before).into());
    }
    page.click("[data-testid='clock-pause']").await?;
    page.wait_for(&format!("return (await (async () => {{ {POWER} }})()) > 0"), json!(null)).await?;
    // Four lab seconds to a second of the wall clock.
    let ratio = format!(
        "const time = async () => {{ {BLOCK_TIME} }};
         const [lab, wall] = [await time(), performance.now()];
         let passed = 0;
         while (passed < 12) passed = await time() - lab;
         return passed / ((performance.now() - wall) / 1000)"
    );
    let ratio = page.eval(&ratio, json!(address)).await?.as_f64().unwrap_or_default();
    if ratio > 2.0 { Ok(()) } else { Err(format!("at 4x the clock ran {ratio} times as fast").into()) }
}
