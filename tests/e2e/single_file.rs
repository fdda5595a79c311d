//! The page as one HTML file, opened from disk.

use std::{env, fs, process};

use serde_json::json;
use terrarium_tests::browser::{Outcome, Stage, Switches, Test};
use xtask::single_file;

pub(crate) fn tests() -> Vec<Test> {
    vec![Test::new("one_html_file_works_over_file", 180, |stage| Box::pin(over_file(stage)))]
}

async fn over_file(stage: &Stage<'_>) -> Outcome {
    let folder = env::temp_dir().join(format!("terrarium-single-{}", process::id()));
    fs::create_dir_all(&folder)?;
    let file = folder.join("terrarium.html");
    fs::write(&file, single_file::inline(stage.environment().site()).map_err(|error| error.to_string())?)?;
    let result = visit(stage, &format!("file://{}", file.display())).await;
    fs::remove_dir_all(&folder)?;
    result
}

async fn visit(stage: &Stage<'_>, address: &str) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    page.goto(address).await?;
    page.wait_for(
        "return terrarium.nodes().length === 4 && terrarium.nodes().every((node) => node.height >= 8)",
        json!(null),
    )
    .await?;
    page.goto(&format!("{address}?scene=empty")).await?;
    let chain = page.new_chain("3000").await?;
    page.exec("3000", &format!("generatetoaddress 2 {chain}")).await?;
    // Stored, too: a reload finds it.
    page.goto(&format!("{address}?scene=empty")).await?;
    page.eval("await terrarium.spawn({ id: '3000', role: 'full', start: false })", json!(null)).await?;
    page.wait_for("return terrarium.nodes()[0].height === 2", json!(null)).await
}
