//! What a visitor pays: bytes, the wait for the first screen, memory.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;
use terrarium_tests::browser::{Outcome, Stage, Switches};

use crate::report::{Goal, Row};

/// Nodes with which memory is measured.
const NODES: u32 = 30;
/// Page loads; the median counts.
const LOADS: usize = 5;

pub(crate) async fn size(stage: &Stage<'_>) -> Outcome<Row> {
    let mut bytes = 0;
    for entry in fs::read_dir(stage.environment().site())? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".wasm") && !name.starts_with("terrarium-bench") {
            let zipped = gzip_len(&file)?;
            eprintln!("    {name}: {} KB, gzip {} KB", fs::metadata(&file)?.len() / 1000, zipped / 1000);
            bytes += zipped;
        }
    }
    let kilobytes = bytes as f64 / 1000.0;
    Ok(Row {
        what: "page and worker wasm, accelerator included, gzip".into(),
        value: kilobytes,
        unit: "KB",
        goal: Goal::AtMost(550.0),
        reference: None,
    })
}

/// What `gzip -9` makes of a file.
fn gzip_len(file: &Path) -> Outcome<usize> {
    let mut gzip =
        Command::new("gzip").args(["-9", "-c"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = gzip.stdin.take().ok_or("gzip takes no input")?;
    let content = fs::read(file)?;
    let writer = std::thread::spawn(move || input.write_all(&content));
    let output = gzip.wait_with_output()?;
    writer.join().map_err(|_| "gzip's input broke off")??;
    Ok(output.stdout.len())
}

pub(crate) async fn first_screen(stage: &Stage<'_>) -> Outcome<Row> {
    let page = stage.launch(Switches::Usual).await?;
    // Every node has mined its two blocks, so that every wallet has coins, and somebody mines.
    page.before_each_load(
        "const look = () => {
            const nodes = window.terrarium?.nodes?.() ?? [];
            const up = nodes.length === 4 && nodes.every((node) => node.state === 'running' && node.height >= 8)
                && nodes.some((node) => node.hashesPerSecond > 0);
            if (up) window.firstScreenMs = performance.now();
            else setTimeout(look, 5);
        };
        look();",
    )
    .await?;
    let mut times = Vec::new();
    // The first load warms the cache; each has a lab of its own, so that all four nodes are made anew.
    for load in 0..=LOADS {
        page.open(&format!("?lab=bench-{load}")).await?;
        page.wait_for("return window.firstScreenMs !== undefined", json!(null)).await?;
        let time = page.eval("return window.firstScreenMs / 1000", json!(null)).await?;
        times.push(time.as_f64().ok_or("no time")?);
    }
    eprintln!("    first screens after {times:.2?} s, the first with a cold cache");
    let mut warm = times.split_off(1);
    warm.sort_by(f64::total_cmp);
    Ok(Row {
        what: "from navigation to four nodes with coins, mining, warm cache".into(),
        value: warm[LOADS / 2],
        unit: "s",
        goal: Goal::AtMost(1.5),
        reference: None,
    })
}

pub(crate) async fn memory(stage: &Stage<'_>) -> Outcome<Row> {
    let page = stage.open("?scene=empty&lab=memory").await?;
    let spawn = "for (let n = 0; n < args[1]; n += 1) {
        await terrarium.spawn({ id: args[0] + n, role: 'full', start: true });
    }";
    // One node first: its module and the page's code for nodes belong to no single node.
    page.eval(spawn, json!([3000, 1])).await?;
    let before = stage.renderer_memory()?;
    page.eval(spawn, json!([3001, NODES])).await?;
    page.wait_for("return terrarium.nodes().every((node) => node.state === 'running')", json!(null)).await?;
    let after = stage.renderer_memory()?;
    let megabytes = (after.saturating_sub(before)) as f64 / 1e6;
    eprintln!(
        "    renderer: {} MB with one node, {} MB with {}",
        before / 1_000_000,
        after / 1_000_000,
        NODES + 1
    );
    Ok(Row {
        what: format!("memory of an idle node, of {NODES}"),
        value: megabytes / f64::from(NODES),
        unit: "MB",
        goal: Goal::AtMost(12.0),
        reference: None,
    })
}
