//! Pictures of the first screen in all sizes, languages and themes, and of what else there is to see, and that nothing
//! sticks out of them. They are in target/screenshots, to be looked at.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Screen, Stage, Switches, Test};

use crate::room::{Running, join_class, open_class, wait_for_node, with_two};
use crate::teacher::says;

const SIZES: [(u32, u32); 3] = [(360, 800), (1280, 800), (1920, 1080)];
/// Every state is taken in these: the narrowest and a projector's, each in one language and theme.
const STATES: [(Screen, &str); 2] = [
    (Screen { width: 360, height: 800, theme: "light" }, "zh"),
    (Screen { width: 1920, height: 1080, theme: "dark" }, "en"),
];

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("the_first_screen_fits_every_window_language_and_theme", 300, |stage| {
            Box::pin(first_screen(stage))
        }),
        Test::new("forks_details_consoles_and_failures_fit_every_window", 300, |stage| {
            Box::pin(states(stage))
        }),
        Test::new("a_class_fits_every_window_whatever_its_names_are", 300, |stage| Box::pin(class(stage))),
    ]
}

async fn first_screen(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?lang=en").await?;
    page.wait_for("return terrarium.nodes().every((node) => node.height >= 10)", json!(null)).await?;
    for lang in ["en", "zh"] {
        page.open(&format!("?lang={lang}")).await?;
        page.wait_for(
            "return terrarium.nodes().every((node) => node.state === 'running' && node.peers > 0 && node.height >= 14)",
            json!(null),
        )
        .await?;
        for theme in ["light", "dark"] {
            for (width, height) in SIZES {
                let screen = Screen { width, height, theme };
                picture(&page, screen, &format!("first-screen-{width}-{lang}-{theme}")).await?;
            }
        }
        let language = page.eval("return document.documentElement.lang.slice(0, 2)", json!(null)).await?;
        if language != json!(lang) {
            return Err(format!("the document says lang={language}, not {lang}").into());
        }
    }
    Ok(())
}

async fn states(stage: &Stage<'_>) -> Outcome {
    stage.expect_console_error("a broken extension");
    let page = stage.launch(Switches::Usual).await?;
    page.reach_workers().await?;
    page.open("?lang=en").await?;
    page.wait_for("return terrarium.nodes().every((node) => node.height >= 10)", json!(null)).await?;

    fork(&page).await?;
    pictures(&page, "fork", "[data-testid=chain]").await?;
    page.eval("terrarium.heal()", json!(null)).await?;
    page.wait_for("return new Set(terrarium.nodes().map((node) => node.tip)).size === 1", json!(null))
        .await?;
    pictures(&page, "healed", "[data-testid=chain]").await?;

    page.eval("document.querySelectorAll('[data-testid=chain-block]')[3].click()", json!(null)).await?;
    page.wait_for("return document.querySelector('[data-testid=drawer] .hex') !== null", json!(null)).await?;
    pictures(&page, "block", "[data-testid=drawer]").await?;
    page.element("drawer-close").await?.click().await?;

    page.element("send-coins").await?.click().await?;
    pictures(&page, "send", "dialog").await?;
    page.eval("document.querySelector('dialog').close()", json!(null)).await?;

    console(&page).await?;
    pictures(&page, "console", "[data-testid=node-card][data-node='3001'] .console").await?;

    for _ in 0..2 {
        page.wait_for("return terrarium.nodes()[2].state === 'running'", json!(null)).await?;
        page.in_worker("3002", "throw new Error('a broken extension')").await?;
        page.wait_for("return terrarium.nodes()[2].state !== 'running'", json!(null)).await?;
    }
    page.wait_for("return terrarium.nodes()[2].state === 'crashed'", json!(null)).await?;
    pictures(&page, "crashed", "[data-testid=node-card][data-node='3002']").await
}

async fn class(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two(stage, None, async |teacher, student| {
        let code = open_class(&teacher, &relay, "?scene=first&lang=en").await?;
        let longest = "W".repeat(24);
        join_class(&student, &relay, &code, &longest).await?;
        wait_for_node(&student, "3001", "node.peers > 0").await?;
        student.eval("await terrarium.mine('3001')", json!(null)).await?;
        says(&teacher, "class-last-block", &longest).await?;
        pictures(&teacher, "class-teacher", "[data-testid=class-view]").await?;
        pictures(&student, "class-student", "[data-testid=room-student]").await
    })
    .await
}

/// Cuts the network in two and lets both sides grow until their stripes part.
async fn fork(page: &Page) -> Outcome {
    page.element("cut-network").await?.click().await?;
    page.eval(
        "const sides = [['3000', 2], ['3002', 3]];
         for (const [id, blocks] of sides) for (let i = 0; i < blocks; i += 1) await terrarium.mine(id)",
        json!(null),
    )
    .await?;
    page.wait_for("return new Set(terrarium.nodes().map((node) => node.tip)).size > 1", json!(null)).await
}

/// A console with what people meet on it: JSON, a typing error, a refusal.
async fn console(page: &Page) -> Outcome {
    for line in [
        "getblockchaininfo | head -6",
        "getbalence",
        "send -from bo -to ada -amount 1000000",
        "listaddresses",
    ] {
        page.eval(
            "const card = document.querySelector('[data-testid=node-card][data-node=\"3001\"]');
             const input = card.querySelector('[data-testid=console-input]');
             input.value = args;
             input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
             while (input.closest('.busy')) await new Promise((resume) => setTimeout(resume, 5))",
            json!(line),
        )
        .await?;
    }
    Ok(())
}

/// Pictures of a state, with what it is about in sight.
async fn pictures(page: &Page, state: &str, subject: &str) -> Outcome {
    for (screen, lang) in STATES {
        page.show_on(screen).await?;
        page.eval(
            "document.querySelector(`[data-testid=lang-${args[0]}]`).click();
             document.querySelector(args[1]).scrollIntoView({ block: 'center' })",
            json!([lang, subject]),
        )
        .await?;
        let Screen { width, theme, .. } = screen;
        picture(page, screen, &format!("{state}-{width}-{lang}-{theme}")).await?;
    }
    Ok(())
}

/// A picture, of a page that is not wider than the window.
async fn picture(page: &Page, screen: Screen, name: &str) -> Outcome {
    page.show_on(screen).await?;
    // The page follows the system's theme.
    page.wait_for("return document.documentElement.dataset.theme === args", json!(screen.theme)).await?;
    // A block that has just come is still being faded in.
    let settled = "return [...document.querySelectorAll('.spot')].every((spot) => getComputedStyle(spot).opacity === '1')";
    page.wait_for(settled, json!(null)).await?;
    let drawn = "await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
                 return document.documentElement.scrollWidth";
    let wide = page.eval(drawn, json!(null)).await?;
    page.screenshot(name).await?;
    if wide.as_u64().is_none_or(|wide| wide > u64::from(screen.width)) {
        return Err(format!("{name}: the page is {wide} px wide").into());
    }
    Ok(())
}
