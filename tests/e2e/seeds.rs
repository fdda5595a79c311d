//! The seeds' two scenarios, as files through `terrarium.scenario`.

use std::fs;

use serde_json::json;
use terrarium_tests::browser::{Outcome, Stage, Switches, Test, expect_text};
use xtask::paths;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("seed_000s_scenario_holds_at_every_step", 240, |stage| {
            Box::pin(scenario(stage, "seed-000"))
        }),
        Test::new("seed_001s_scenario_holds_at_every_step", 240, |stage| {
            Box::pin(scenario(stage, "seed-001"))
        }),
        Test::new("both_tutorial_scenes_are_played_by_a_button", 300, |stage| Box::pin(play(stage))),
        Test::new("a_scenario_that_does_not_hold_says_where", 120, |stage| Box::pin(failing(stage))),
    ]
}

async fn scenario(stage: &Stage<'_>, name: &str) -> Outcome {
    let text = fs::read_to_string(paths::root().join(format!("tests/scenarios/{name}.txt")))?;
    let steps = text.lines().filter(|line| line.starts_with(|c: char| !"# ".contains(c))).count() - 1;
    let page = stage.open("?scene=empty").await?;
    let report = page.eval("return await terrarium.scenario(args)", json!(text)).await?;
    let done = report["steps"].as_array().map_or(0, Vec::len);
    if report["passed"] != json!(true) || done != steps {
        return Err(format!(
            "{done} of {steps} steps, the last: {:#}",
            report["steps"][done.saturating_sub(1)]
        )
        .into());
    }
    Ok(())
}

async fn play(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    for scene in ["seed-000", "seed-001"] {
        page.open(&format!("?scene={scene}&lang=en")).await?;
        page.click("[data-testid='play-scenario']").await?;
        let said = "return document.querySelector('[data-testid=scenario-result]').textContent";
        let over = format!(
            "const said = await (async () => {{ {said} }})(); return /Every step held|Stopped/.test(said)"
        );
        page.wait_within(120_000, &over, json!(null)).await?;
        expect_text(&page.eval(said, json!(null)).await?, "Every step held")?;
        // What was played is on the page's own nodes, and cannot be played over.
        page.open(&format!("?scene={scene}&lang=en")).await?;
        page.wait_for("return document.querySelector('[data-testid=play-scenario]').disabled", json!(null))
            .await?;
    }
    Ok(())
}

async fn failing(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty").await?;
    let text = "terrarium-scenario 1\n[3000] createwallet -> a\n[3000] getbalance -address nobody\n";
    let report = page.eval("return await terrarium.scenario(args)", json!(text)).await?;
    let last = &report["steps"][1];
    if report["passed"] != json!(false) || last["line"] != json!(3) || !last["failure"].is_string() {
        return Err(format!("{report:#}").into());
    }
    let error =
        page.eval_error("return await terrarium.scenario(args)", json!("terrarium-scenario 9\n")).await?;
    if error.contains('9') { Ok(()) } else { Err(error.into()) }
}
