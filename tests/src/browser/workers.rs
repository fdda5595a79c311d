//! A way into the page's workers, for tests that break one from within: the browser's own functions are what a test
//! replaces there, the product's scripts run as they are.

use serde_json::json;

use super::{page::Page, runner::Outcome};

/// Starts every worker of the page through a script that carries out what [`Page::in_worker`] sends and then fetches the
/// worker's own. `workers` has the newest of each node by its id, `workersStarted` counts them.
const WAY_IN: &str = r#"(() => {
    const way = `self.addEventListener("message", (event) => {
        if (typeof event.data?.carryOut !== "string") return;
        event.stopImmediatePropagation();
        (0, eval)(event.data.carryOut);
    });`;
    const Plain = window.Worker;
    window.workers = {};
    window.workersStarted = {};
    window.Worker = class extends Plain {
        constructor(script) {
            super(URL.createObjectURL(new Blob([way, `importScripts(${JSON.stringify(String(script))});`])));
        }
        postMessage(message, ...rest) {
            // `Boot`, the first of a page's messages, begins with its number and the node's id.
            if (message instanceof Uint8Array && message[0] === 0) {
                const id = message[1] | (message[2] << 8);
                window.workers[id] = this;
                window.workersStarted[id] = (window.workersStarted[id] ?? 0) + 1;
            }
            super.postMessage(message, ...rest);
        }
    };
})();"#;

impl Page {
    /// Opens a way into the workers of every page that this tab loads from now on.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn reach_workers(&self) -> Outcome {
        self.before_each_load(WAY_IN).await
    }

    /// Has the worker of `node` carry out `script`, soon.
    ///
    /// # Errors
    /// Where the node has no worker.
    pub async fn in_worker(&self, node: &str, script: &str) -> Outcome {
        let post = "window.workers[args[0]].postMessage({ carryOut: args[1] })";
        self.eval(post, json!([node, script])).await?;
        Ok(())
    }

    /// How many workers `node` has had since the page was loaded.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn workers_started(&self, node: &str) -> Outcome<u64> {
        let count = self.eval("return window.workersStarted[args] ?? 0", json!(node)).await?;
        Ok(count.as_u64().unwrap_or_default())
    }
}
