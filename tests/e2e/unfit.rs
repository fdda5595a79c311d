//! Browsers that cannot run the page, and a page that does not arrive whole: plain HTML says so, in both languages.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Switches, Test, expect};

/// Takes from the page what `?without=` names, before any script of it runs.
const WITHOUT: &str = "({
    WebAssembly: () => delete window.WebAssembly,
    'WebAssembly SIMD': () => { WebAssembly.validate = () => false; },
    Worker: () => delete window.Worker,
    BroadcastChannel: () => delete window.BroadcastChannel,
    oklch: () => { CSS.supports = () => false; },
})[new URLSearchParams(location.search).get('without')]?.();";

/// What the browser calls itself inside WeChat.
const IN_APP: &str = "Mozilla/5.0 (Linux; Android 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/66.0.3359.126 Mobile \
                      MQQBrowser/6.2 MicroMessenger/7.0.4";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("a_browser_that_cannot_run_it_is_told_what_is_missing_in_both_languages", 60, |stage| {
            Box::pin(unfit(stage))
        }),
        Test::new("a_browser_whose_scripts_are_switched_off_is_told_in_both_languages", 60, |stage| {
            Box::pin(unscripted(stage))
        }),
        Test::new("a_page_whose_files_do_not_arrive_says_so_in_both_languages", 60, |stage| {
            Box::pin(unloaded(stage))
        }),
    ]
}

async fn unfit(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    page.before_each_load(WITHOUT).await?;
    // Scripts of the page's head that miss it as well.
    for missing in ["WebAssembly", "Worker", "BroadcastChannel"] {
        stage.expect_console_error(missing);
    }
    for missing in ["WebAssembly", "WebAssembly SIMD", "Worker", "BroadcastChannel", "oklch"] {
        load(stage, &page, &format!("?without={missing}")).await?;
        let told = told(&page, "unfit").await?;
        let parts = [
            format!("This browser cannot run it: {missing} is missing."),
            "Please open this address in a current Chrome".to_owned(),
            format!("当前浏览器无法运行：缺少 {missing}。"),
        ];
        expect_all(&told, &parts)?;
        if told.contains("Open in browser") || told.contains("在浏览器打开") {
            return Err(format!("it speaks of an app where there is none: {told}").into());
        }
    }
    page.driver().cdp().send_raw("Emulation.setUserAgentOverride", json!({ "userAgent": IN_APP })).await?;
    load(stage, &page, "?without=Worker").await?;
    let told = told(&page, "unfit").await?;
    expect_all(&told, &["choose “Open in browser”".to_owned(), "选择“在浏览器打开”".to_owned()])
}

async fn unloaded(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    stage.expect_console_error("ERR_BLOCKED_BY_CLIENT");
    stage.expect_console_error("Failed to fetch");
    page.driver().cdp().send_raw("Network.enable", json!({})).await?;
    for files in ["*terrarium-web*.wasm", "*terrarium-web*.js"] {
        page.driver().cdp().send_raw("Network.setBlockedURLs", json!({ "urls": [files] })).await?;
        load(stage, &page, "").await?;
        let told = told(&page, "unloaded").await?;
        expect_all(
            &told,
            &["could not be loaded".to_owned(), "页面加载失败".to_owned(), "Try again · 重试".to_owned()],
        )?;
    }
    page.driver().cdp().send_raw("Network.setBlockedURLs", json!({ "urls": [] })).await?;
    page.open("?scene=empty").await
}

async fn unscripted(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    page.driver().cdp().send_raw("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await?;
    load(stage, &page, "").await?;
    let told = told(&page, "unscripted").await?;
    expect_all(&told, &["This page needs JavaScript".to_owned(), "本页需要 JavaScript".to_owned()])
}

async fn load(stage: &Stage<'_>, page: &Page, query: &str) -> Outcome {
    Ok(page.driver().goto(format!("{}{query}", stage.environment().address())).await?)
}

/// What stands in the element with this id, which is in sight, and alone.
async fn told(page: &Page, id: &str) -> Outcome<String> {
    page.wait_for("return document.getElementById(args)?.checkVisibility() === true", json!(id)).await?;
    let others = "return [...document.body.children].filter((element) => element.checkVisibility() && element.innerText.trim())
        .map((element) => element.id || element.firstElementChild.id)";
    expect(&page.eval(others, json!(null)).await?, &json!([id]))?;
    let text = page.eval("return document.getElementById(args).innerText", json!(id)).await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

fn expect_all(told: &str, parts: &[String]) -> Outcome {
    match parts.iter().find(|part| !told.contains(part.as_str())) {
        Some(part) => Err(format!("{told}\ndoes not say: {part}").into()),
        None => Ok(()),
    }
}
