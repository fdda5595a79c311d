//! End-to-end tests: the built page in headless Chromium, through `window.terrarium` and the keyboard.

use std::process::ExitCode;

use terrarium_tests::browser::{self, Outcome, Stage, Switches, Test};

async fn hello(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    page.driver().goto(stage.environment().address()).await?;
    page.wait_for(
        "return document.querySelector('#answer')?.textContent.includes('hello from build')",
        serde_json::json!(null),
    )
    .await
}

fn main() -> ExitCode {
    browser::run(vec![Test::new("hello", 60, |stage| Box::pin(hello(stage)))])
}
