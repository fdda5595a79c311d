//! Tabs of one browser: one at a time is the current one, which every other call of [`Page`] is about.

use std::time::Duration;

use thirtyfour::WindowHandle;
use tokio::time::timeout;

use super::{page::Page, runner::Outcome};

/// A driver may wait for an answer of a tab that has crashed; so long it gets.
const LAST_WORDS: Duration = Duration::from_secs(5);

impl Page {
    /// The current tab.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn tab(&self) -> Outcome<WindowHandle> {
        Ok(self.driver().window().await?)
    }

    /// Opens an empty tab, which becomes the current one.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn new_tab(&self) -> Outcome<WindowHandle> {
        let tab = self.driver().new_tab().await?;
        self.show(&tab).await?;
        Ok(tab)
    }

    /// Makes a tab the current one.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn show(&self, tab: &WindowHandle) -> Outcome {
        Ok(self.driver().switch_to_window(tab.clone()).await?)
    }

    /// Closes the current tab as a person does; `next` becomes the current one.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn close_tab(&self, next: &WindowHandle) -> Outcome {
        self.driver().close_window().await?;
        self.show(next).await
    }

    /// Crashes the current tab: nothing of it runs any more, not even what is to run last. `next` becomes the current one.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn crash_tab(&self, next: &WindowHandle) -> Outcome {
        // The driver reports that the tab has crashed, which is what was asked for, or nothing at all.
        drop(timeout(LAST_WORDS, self.driver().cdp().send_raw("Page.crash", serde_json::json!({}))).await);
        self.show(next).await
    }
}
