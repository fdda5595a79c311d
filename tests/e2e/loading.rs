//! The page's files on their way, and files of two builds that meet.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process,
};

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Switches, Test, expect};
use xtask::site::Site;

/// Notes every figure that the page shows while it loads.
const NOTE_FIGURES: &str = "window.figures = [];
    new MutationObserver(() => {
        const figure = document.querySelector('#loading [data-arrived]')?.textContent;
        if (figure && figure !== window.figures.at(-1)) window.figures.push(figure);
    }).observe(document, { subtree: true, childList: true, characterData: true })";
/// Bytes a second of a network on which the page takes some seconds to load.
const SLOW: u32 = 1_000_000;
/// Counts this tab's loads of the page.
const COUNT_LOADS: &str = "sessionStorage.setItem('loads', Number(sessionStorage.getItem('loads') ?? 0) + 1)";
/// The worker's wasm, which bears no hash in its name.
const WORKER: &str = "terrarium-worker_bg.wasm";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("a_page_that_loads_counts_what_has_arrived", 120, |stage| Box::pin(counted(stage))),
        Test::new("files_of_two_builds_are_loaded_anew_once_and_then_told", 120, |stage| {
            Box::pin(two_builds(stage))
        }),
        Test::new("a_new_network_without_the_pages_server_deletes_nothing", 120, |stage| {
            Box::pin(without_server(stage))
        }),
    ]
}

async fn counted(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    page.before_each_load(NOTE_FIGURES).await?;
    let slow = Site::bind(stage.environment().site(), 0)?.paced(SLOW).spawn();
    page.goto(&format!("http://{slow}/?scene=empty")).await?;
    let figures = page.eval("return window.figures", json!(null)).await?;
    let shares: Vec<u32> = figures
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|figure| figure.as_str()?.strip_suffix(" %")?.parse().ok())
        .collect();
    let rises = shares.is_sorted() && shares.iter().all(|share| *share <= 100);
    if shares.len() < 3 || !rises || shares.len() != figures.as_array().map_or(0, Vec::len) {
        return Err(format!("no count that rises: {figures}").into());
    }
    Ok(())
}

async fn without_server(stage: &Stage<'_>) -> Outcome {
    stage.expect_console_error("ERR_BLOCKED_BY_CLIENT");
    let page = stage.open("?scene=empty&lang=en").await?;
    page.eval("await terrarium.spawn({ id: '3000' }); await terrarium.mine('3000')", json!(null)).await?;
    page.driver().cdp().send_raw("Network.enable", json!({})).await?;
    page.driver().cdp().send_raw("Network.setBlockedURLs", json!({ "urls": ["*"] })).await?;
    page.element("new-network").await?.click().await?;
    page.element("confirm-yes").await?.click().await?;
    page.wait_for("return /nothing was deleted/.test(document.body.innerText)", json!(null)).await?;
    page.eval("await terrarium.mine('3000')", json!(null)).await?;
    page.wait_for("return terrarium.nodes()[0].height === 2", json!(null)).await
}

/// A server that is given a new build while a page loads: the page is of one, its workers of another.
async fn two_builds(stage: &Stage<'_>) -> Outcome {
    let copy = Copy::of(stage.environment().site())?;
    let address = format!("http://{}/?lang=en", Site::bind(&copy.0, 0)?.spawn());
    let right = fs::read(copy.0.join(WORKER))?;
    let wrong = of_another_build(&right, &copy.build()?);
    let page = stage.launch(Switches::Usual).await?;
    page.before_each_load(COUNT_LOADS).await?;

    fs::write(copy.0.join(WORKER), &wrong)?;
    page.driver().goto(&address).await?;
    told(&page).await?;
    expect(&loads(&page).await?, &json!("2"))?;

    fs::write(copy.0.join(WORKER), &right)?;
    page.goto(&address).await?;
    page.wait_for("return terrarium.nodes().every((node) => node.height >= 8)", json!(null)).await?;
    expect(&loads(&page).await?, &json!("3"))?;

    // This build has been loaded anew before, which did not help for long.
    fs::write(copy.0.join(WORKER), &wrong)?;
    page.driver().goto(&address).await?;
    told(&page).await?;
    expect(&loads(&page).await?, &json!("4"))
}

/// The page says that builds are mixed, and its nodes do not run.
async fn told(page: &Page) -> Outcome {
    page.wait_for("return document.body?.innerText.includes('of different builds')", json!(null)).await?;
    let running = "return terrarium.nodes().filter((node) => node.state === 'running').length";
    expect(&page.eval(running, json!(null)).await?, &json!(0))
}

async fn loads(page: &Page) -> Outcome<serde_json::Value> {
    page.eval("return sessionStorage.getItem('loads')", json!(null)).await
}

/// A module that says to be of another build.
fn of_another_build(module: &[u8], build: &str) -> Vec<u8> {
    let mut module = module.to_vec();
    let places: Vec<usize> = module
        .windows(build.len())
        .enumerate()
        .filter(|(_, window)| *window == build.as_bytes())
        .map(|(at, _)| at)
        .collect();
    for at in places {
        module[at..at + build.len()].fill(b'x');
    }
    module
}

/// A copy of the built page in a folder of its own, which goes with it.
struct Copy(PathBuf);

impl Copy {
    fn of(site: &Path) -> io::Result<Self> {
        let copy = Self(env::temp_dir().join(format!("terrarium-builds-{}", process::id())));
        fs::create_dir_all(&copy.0)?;
        for file in fs::read_dir(site)? {
            let file = file?;
            if file.file_type()?.is_file() {
                fs::copy(file.path(), copy.0.join(file.file_name()))?;
            }
        }
        Ok(copy)
    }

    /// The build that its page is stamped with.
    fn build(&self) -> Outcome<String> {
        let page = fs::read_to_string(self.0.join("index.html"))?;
        let after = page.split_once("<meta name=\"build\" content=\"").ok_or("no build")?.1;
        Ok(after.split('"').next().unwrap_or_default().to_owned())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What is left is in the machine's temporary folder.
        drop(fs::remove_dir_all(&self.0));
    }
}
