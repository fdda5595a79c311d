//! A tab of the browser: opening the page, calling its scripting API, waiting, looking.

use std::{path::PathBuf, time::Duration};

use libtest_mimic::Failed;
use serde_json::{Value, json};
use thirtyfour::{By, WebDriver, WebElement};

use super::runner::Outcome;

/// A script that runs longer than this has hung; each test's own deadline is shorter.
const SCRIPT: Duration = Duration::from_secs(1_200);
/// The page must be ready this soon after navigation, on a loaded machine and with a development build.
const READY_MS: u32 = 60_000;

/// How big the window is and what the visitor prefers.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// In CSS pixels.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
    /// `light` or `dark`.
    pub theme: &'static str,
}

/// One browser with its tabs. Clones are the same browser.
#[derive(Clone, Debug)]
pub struct Page {
    driver: WebDriver,
    address: String,
}

impl Page {
    pub(crate) fn new(driver: WebDriver, address: &str) -> Self {
        Self { driver, address: address.to_owned() }
    }

    pub(crate) async fn prepare(&self) -> Outcome {
        self.driver.set_script_timeout(SCRIPT).await?;
        Ok(())
    }

    /// The WebDriver session, for what has no name here.
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// Opens the page at `query` (`?scene=empty`, or nothing) and waits until `terrarium.ready`.
    ///
    /// # Errors
    /// A page that does not get ready within a minute.
    pub async fn open(&self, query: &str) -> Outcome {
        self.goto(&format!("{}{query}", self.address)).await
    }

    /// [`Self::open`] for a full address, e.g. a file's.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn goto(&self, address: &str) -> Outcome {
        self.driver.goto(address).await?;
        self.wait_within(
            READY_MS,
            "return window.terrarium ? (await terrarium.ready, true) : false",
            json!(null),
        )
        .await
    }

    /// Runs `body`, the inside of an async JavaScript function of `args`, and returns what it resolves to.
    ///
    /// # Errors
    /// What it rejects with.
    pub async fn eval(&self, body: &str, args: Value) -> Outcome<Value> {
        let reply = self.settle(body, args).await?;
        match reply.get("error").and_then(Value::as_str) {
            None => Ok(reply["value"].clone()),
            Some(error) => Err(Failed::from(format!("{body}: {error}"))),
        }
    }

    /// Runs `body`, which must reject with an `Error`, and returns that error's message.
    ///
    /// # Errors
    /// Where it resolves, or rejects with something else.
    pub async fn eval_error(&self, body: &str, args: Value) -> Outcome<String> {
        let reply = self.settle(body, args).await?;
        match (reply["error"].as_str(), reply["isError"].as_bool()) {
            (Some(message), Some(true)) if !message.is_empty() => Ok(message.to_owned()),
            _ => Err(Failed::from(format!("{body}: should reject with an Error, but settled as {reply}"))),
        }
    }

    async fn settle(&self, body: &str, args: Value) -> Outcome<Value> {
        let script = format!(
            "const [args, done] = arguments;
            (async () => {{ {body} }})().then(
                (value) => done({{ value: value === undefined ? null : value }}),
                (error) => done({{ error: String(error?.message ?? error), isError: error instanceof Error }}));"
        );
        Ok(self.driver.execute_async(script, vec![args]).await?.json().clone())
    }

    /// Waits up to a minute until `body` (as in [`Self::eval`]) resolves to something true.
    ///
    /// # Errors
    /// What it resolved to last, where the time is up.
    pub async fn wait_for(&self, body: &str, args: Value) -> Outcome {
        self.wait_within(60_000, body, args).await
    }

    /// [`Self::wait_for`] with a limit in milliseconds.
    ///
    /// # Errors
    /// As [`Self::wait_for`].
    pub async fn wait_within(&self, limit_ms: u32, body: &str, args: Value) -> Outcome {
        let poll = format!(
            "const until = performance.now() + {limit_ms};
            for (;;) {{
                const value = await (async () => {{ {body} }})();
                if (value) return {{ met: true }};
                if (performance.now() > until) {{
                    const nodes = window.terrarium?.nodes?.() ?? null;
                    return {{ met: false, value: value === undefined ? null : value, nodes }};
                }}
                await new Promise((resume) => setTimeout(resume, 25));
            }}"
        );
        let last = self.eval(&poll, args.clone()).await?;
        if last["met"] == json!(true) {
            return Ok(());
        }
        Err(Failed::from(format!("not within {limit_ms} ms: {body} with {args}; at the end {last}")))
    }

    /// `terrarium.exec(node, line)`.
    ///
    /// # Errors
    /// The command's own.
    pub async fn exec(&self, node: &str, line: &str) -> Outcome<String> {
        let output = self.eval("return await terrarium.exec(args[0], args[1])", json!([node, line])).await?;
        Ok(output.as_str().unwrap_or_default().to_owned())
    }

    /// Makes a node that is not started, a wallet and a chain of its own without retargeting; returns the address that its
    /// genesis block paid 50 to.
    ///
    /// # Errors
    /// Those of the commands.
    pub async fn new_chain(&self, node: &str) -> Outcome<String> {
        self.eval("await terrarium.terminal().run(`set NODE_ID=${args}`)", json!(node)).await?;
        let address = self.new_address(node).await?;
        self.exec(node, &format!("createblockchain -address {address}")).await?;
        Ok(address)
    }

    /// `createwallet` at `node`; returns the address.
    ///
    /// # Errors
    /// Those of the command.
    pub async fn new_address(&self, node: &str) -> Outcome<String> {
        let line = self.exec(node, "createwallet").await?;
        line.split_once(": ").map(|(_, address)| address.to_owned()).ok_or_else(|| Failed::from(line))
    }

    /// Waits until the nodes of `ids`, an array of their ids, have one tip.
    ///
    /// # Errors
    /// Where they do not within a minute.
    pub async fn agree(&self, ids: &Value) -> Outcome {
        let agreed = "const nodes = terrarium.nodes().filter((node) => args.includes(node.id));
                      return nodes.length === args.length && new Set(nodes.map((node) => node.tip)).size === 1";
        self.wait_for(agreed, ids.clone()).await
    }

    /// Runs `script` in every page before any of its own.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn before_each_load(&self, script: &str) -> Outcome {
        let source = json!({ "source": script });
        self.driver.cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", source).await?;
        Ok(())
    }

    /// The element with this `data-testid`, once it is there.
    ///
    /// # Errors
    /// Where it does not appear within a minute.
    pub async fn element(&self, testid: &str) -> Outcome<WebElement> {
        self.find(&format!("[data-testid='{testid}']")).await
    }

    /// The first element that fits a CSS selector, once it is there.
    ///
    /// # Errors
    /// Where none appears within a minute.
    pub async fn find(&self, selector: &str) -> Outcome<WebElement> {
        self.wait_for("return document.querySelector(args) !== null", json!(selector)).await?;
        Ok(self.driver.find(By::Css(selector)).await?)
    }

    /// Clicks the first element that fits a CSS selector, as soon as it is there, is seen and can be used.
    ///
    /// # Errors
    /// Where none appears within a minute, or something lies over it.
    pub async fn click(&self, selector: &str) -> Outcome {
        let usable = "const element = document.querySelector(args);
            const seen = () => element.matches('option') || element.checkVisibility({ visibilityProperty: true });
            return element !== null && !element.disabled && seen()";
        self.wait_for(usable, json!(selector)).await?;
        let element = self.find(selector).await?;
        element.scroll_into_view().await?;
        Ok(element.click().await?)
    }

    /// Sets the window's size and what `prefers-color-scheme` answers.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn show_on(&self, screen: Screen) -> Outcome {
        let Screen { width, height, theme } = screen;
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", metrics).await?;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        self.driver.cdp().send_raw("Emulation.setEmulatedMedia", media).await?;
        Ok(())
    }

    /// What the window shows, as PNG.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn picture(&self) -> Outcome<Vec<u8>> {
        Ok(self.driver.screenshot_as_png().await?)
    }

    /// [`Self::picture`] into `target/screenshots/NAME.png`.
    ///
    /// # Errors
    /// Those of the driver and of writing.
    pub async fn screenshot(&self, name: &str) -> Outcome<PathBuf> {
        let file = xtask::paths::output().join("screenshots").join(format!("{name}.png"));
        super::stage::write(&file, &self.picture().await?)?;
        Ok(file)
    }

    /// Takes what the console showed at level error, uncaught exceptions and failed requests among it.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn console_errors(&self) -> Outcome<Vec<String>> {
        let entries = self.driver.browser_log().await?;
        Ok(entries.into_iter().filter(|entry| entry.level == "SEVERE").map(|entry| entry.message).collect())
    }

    /// Forgets the session without a word to the browser, which is ended from outside.
    pub(crate) fn abandon(self) {
        // A session that has been quit already needs no forgetting.
        drop(self.driver.leak());
    }
}
