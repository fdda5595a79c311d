//! Pictures of the first screen in all sizes, languages and themes, and that nothing sticks out of them.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Screen, Stage, Test};

const SIZES: [(u32, u32); 3] = [(360, 800), (1280, 800), (1920, 1080)];

pub(crate) fn tests() -> Vec<Test> {
    vec![Test::new("the_first_screen_fits_every_window_language_and_theme", 300, |stage| {
        Box::pin(pictures(stage))
    })]
}

async fn pictures(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?lang=en").await?;
    page.wait_for("return terrarium.nodes().every((node) => node.height >= 10)", json!(null)).await?;
    for lang in ["en", "zh"] {
        page.open(&format!("?lang={lang}")).await?;
        page.wait_for(
            "return terrarium.nodes().every((node) => node.state === 'running' && node.peers > 0)",
            json!(null),
        )
        .await?;
        for theme in ["light", "dark"] {
            for (width, height) in SIZES {
                page.show_on(Screen { width, height, theme }).await?;
                let name = format!("first-screen-{width}-{lang}-{theme}");
                let drawn =
                    "await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
                             return document.documentElement.scrollWidth";
                let wide = page.eval(drawn, json!(null)).await?;
                page.screenshot(&name).await?;
                if wide.as_u64().is_none_or(|wide| wide > u64::from(width)) {
                    return Err(format!("{name}: the page is {wide} px wide").into());
                }
            }
        }
        let language = page.eval("return document.documentElement.lang.slice(0, 2)", json!(null)).await?;
        if language != json!(lang) {
            return Err(format!("the document says lang={language}, not {lang}").into());
        }
    }
    Ok(())
}
