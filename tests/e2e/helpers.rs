//! Helper workers: they start where there are cores for them and a block is worth it, and a chain is the same whether they
//! work, break, or are not there.

use std::{env, fs, process};

use serde_json::{Value, json};
use terrarium_tests::browser::{Outcome, Page, Stage, Switches, Test, expect};
use xtask::single_file;

/// Coins that one payment spends, each with a signature.
const INPUTS: u32 = 90;
/// Such payments, each in a block of its own.
const PAYMENTS: u32 = 3;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("helpers_check_blocks_full_of_spends_and_lead_to_the_same_chain", 300, |stage| {
            Box::pin(over_http(stage))
        }),
        Test::new("a_node_whose_helpers_break_checks_scripts_itself_and_says_so_once", 300, |stage| {
            Box::pin(broken(stage))
        }),
        Test::new("helpers_start_over_file_too", 300, |stage| Box::pin(over_file(stage))),
    ]
}

/// Has every worker of the page believe in `window.cores` cores, and counts in `window.helpers` what it does with its own
/// workers. `HELPER` is what a worker's worker runs, where it is not what the product says.
const WATCH: &str = r#"(() => {
    const within = () => `
        Object.defineProperty(WorkerNavigator.prototype, "hardwareConcurrency", { get: () => ${window.cores} });
        const seen = new BroadcastChannel("helpers");
        self.Worker = class extends self.Worker {
            constructor(address) {
                super(HELPER);
                seen.postMessage("started");
                this.addEventListener("message", () => seen.postMessage("answered"));
            }
            postMessage(message, ...rest) {
                if (Array.isArray(message)) seen.postMessage("asked");
                super.postMessage(message, ...rest);
            }
        };`;
    window.cores = CORES;
    window.helpers = { started: 0, asked: 0, answered: 0 };
    new BroadcastChannel("helpers").onmessage = (event) => { window.helpers[event.data] += 1; };
    // A script that is a Blob already becomes part of the new one: over file:// no address leads from one to the other.
    const blobs = new Map();
    const address = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob) => {
        const made = address(blob);
        blobs.set(made, blob);
        return made;
    };
    window.Worker = class extends window.Worker {
        constructor(script) {
            const rest = blobs.get(script) ?? `importScripts(${JSON.stringify(String(script))});`;
            super(address(new Blob([within(), rest])));
        }
    };
})();"#;

/// The helper that the product starts.
const OWN: &str = "address";
/// One that throws at its first batch.
const BREAKS: &str = "URL.createObjectURL(new Blob(['onmessage = ({ data }) => { if (!data.boot) throw new Error(\"it breaks\"); }']))";

async fn watch(page: &Page, cores: u32, helper: &str) -> Outcome {
    page.before_each_load(&WATCH.replace("CORES", &cores.to_string()).replace("HELPER", helper)).await
}

async fn over_http(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    watch(&page, 4, OWN).await?;
    page.open("?scene=empty&lab=helped").await?;
    make_chain(&page).await?;
    expect(&helpers(&page).await?["started"], &json!(0))?;
    let tip = sync(&page, "3001").await?;
    // What is counted comes by another way than the tip.
    page.wait_for(
        "return window.helpers.asked >= args && window.helpers.answered === window.helpers.asked",
        json!(PAYMENTS),
    )
    .await?;
    let seen = helpers(&page).await?;
    // Two cores are left to the page and the node.
    expect(&seen["started"], &json!(2))?;

    // Where there are no cores to spare the same chain comes to the same tip.
    page.eval("window.cores = 2", json!(null)).await?;
    expect(&sync(&page, "3002").await?, &tip)?;
    expect(&helpers(&page).await?, &seen)
}

async fn broken(stage: &Stage<'_>) -> Outcome {
    stage.expect_console_error("it breaks");
    let page = stage.launch(Switches::Usual).await?;
    watch(&page, 4, BREAKS).await?;
    page.open("?scene=empty&lab=broken").await?;
    make_chain(&page).await?;
    page.eval(
        "window.lines = [];
         terrarium.on('log', ({ id, line }) => {
             if (id === '3001' && line.includes('without helpers')) window.lines.push(line);
         })",
        json!(null),
    )
    .await?;
    sync(&page, "3001").await?;
    page.wait_for("return window.lines.length === 1", json!(null)).await?;
    expect(&helpers(&page).await?["answered"], &json!(0))
}

async fn over_file(stage: &Stage<'_>) -> Outcome {
    let folder = env::temp_dir().join(format!("terrarium-helpers-{}", process::id()));
    fs::create_dir_all(&folder)?;
    let file = folder.join("terrarium.html");
    fs::write(&file, single_file::inline(stage.environment().site()).map_err(|error| error.to_string())?)?;
    let result = visit_file(stage, &format!("file://{}?scene=empty&lab=file", file.display())).await;
    fs::remove_dir_all(&folder)?;
    result
}

async fn visit_file(stage: &Stage<'_>, address: &str) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    watch(&page, 3, OWN).await?;
    page.goto(address).await?;
    make_chain(&page).await?;
    sync(&page, "3001").await?;
    page.wait_for("return window.helpers.answered >= 1", json!(null)).await?;
    expect(&helpers(&page).await?["started"], &json!(1))
}

/// Node 3000 with blocks whose payments spend many coins each.
pub(crate) async fn make_chain(page: &Page) -> Outcome {
    let miner = page.new_chain("3000").await?;
    let payee = page.new_address("3000").await?;
    page.eval("await terrarium.terminal().run('copy blockchain_3000.db blockchain_genesis.db')", json!(null))
        .await?;
    page.exec("3000", "startnode").await?;
    for _ in 0..PAYMENTS {
        page.exec("3000", &format!("generatetoaddress {INPUTS} {miner}")).await?;
        let amount = 50 * (INPUTS - 1) + 25;
        page.exec("3000", &format!("send -from {miner} -to {payee} -amount {amount}")).await?;
        page.exec("3000", &format!("generatetoaddress 1 {miner}")).await?;
    }
    Ok(())
}

/// A new node downloads the chain of 3000; the tip on which they agree.
pub(crate) async fn sync(page: &Page, node: &str) -> Outcome<Value> {
    page.eval(
        "await terrarium.terminal().run(`copy blockchain_genesis.db blockchain_${args}.db`);
         await terrarium.exec(args, 'startnode -connect 3000')",
        json!(node),
    )
    .await?;
    page.agree(&json!(["3000", node])).await?;
    page.eval("return terrarium.nodes().find((node) => node.id === args).tip", json!(node)).await
}

async fn helpers(page: &Page) -> Outcome<Value> {
    page.eval("return window.helpers", json!(null)).await
}
