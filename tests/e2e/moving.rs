//! Moving house: a lab in a file.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Test, expect};

pub(crate) fn tests() -> Vec<Test> {
    vec![Test::new("a_lab_moves_in_a_file_and_a_file_that_cannot_be_used_changes_nothing", 240, |stage| {
        Box::pin(moving(stage))
    })]
}

/// What must be the same on the other side: nodes, blocks, addresses.
const STATE: &str = "
    const state = [];
    for (const { id } of terrarium.nodes()) {
        const hash = await terrarium.exec(id, `getblockhash ${args}`);
        const addresses = await terrarium.exec(id, 'listaddresses');
        state.push([id, hash, addresses]);
    }
    return state";
/// Saves the lab where the next page finds it.
const SAVE: &str = "
    const file = await terrarium.saveLab(args);
    sessionStorage.setItem('file', Array.from(file, (byte) => String.fromCharCode(byte)).join(''));
    return terrarium.nodes().length";
/// Opens it, whole or without its last bytes or with one bit changed.
const OPEN: &str = "
    const { without = 0, flip = null } = args;
    const file = Uint8Array.from(sessionStorage.getItem('file'), (letter) => letter.charCodeAt(0));
    if (flip !== null) file[flip] ^= 1;
    await terrarium.openLab(file.slice(0, file.length - without))";
const IDS: &str = "return terrarium.nodes().map((node) => node.id)";

async fn moving(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?lang=en").await?;
    page.wait_for("return terrarium.nodes().every((node) => node.height >= 8)", json!(null)).await?;
    let before = page.eval(STATE, json!(8)).await?;
    expect(&page.eval(SAVE, json!({ "keys": true })).await?, &json!(4))?;

    page.open("?lang=en&scene=empty&lab=moved").await?;
    page.eval("await terrarium.spawn({ id: '3005', start: false })", json!(null)).await?;
    refused(&page).await?;
    page.eval(OPEN, json!({})).await?;
    expect(&page.eval(STATE, json!(8)).await?, &before)?;
    // The nodes do what they did: on the network, mining.
    page.wait_for("return terrarium.nodes().every((node) => node.state === 'running')", json!(null)).await?;
    page.wait_for("return terrarium.nodes().some((node) => node.hashesPerSecond > 0)", json!(null)).await?;

    // By hand, without keys.
    page.click("[data-testid='moving']").await?;
    page.click("[data-testid='moving-save']").await?;
    let saved =
        "return document.querySelector('[data-testid=moving-state]').textContent.includes('Saved as')";
    page.wait_for(saved, json!(null)).await?;
    page.click("[data-testid='moving-clear']").await?;
    let asked = "return document.querySelector('[data-testid=moving-state]').textContent.includes('cannot be undone')";
    page.wait_for(asked, json!(null)).await
}

/// A damaged file names what is wrong, be it for the page or a node to find, and the lab is as it was.
async fn refused(page: &Page) -> Outcome {
    // Somewhere in a block.
    for (damage, why) in [(json!({ "without": 1 }), "damaged"), (json!({ "flip": 1_000 }), "node 3000")] {
        let error = page.eval_error(OPEN, damage).await?;
        if !error.contains(why) {
            return Err(format!("no word of '{why}': {error}").into());
        }
    }
    expect(&page.eval(IDS, json!(null)).await?, &json!(["3005"]))
}
