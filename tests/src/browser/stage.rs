//! What one test has to itself: a profile, a driver and the browsers that it launches.

use std::{cell::RefCell, fs, io, path::Path};

use libtest_mimic::Failed;
use xtask::paths;

use super::{
    driver::{ChromeDriver, Switches},
    environment::Environment,
    page::Page,
    profile::Profile,
    runner::Outcome,
};

/// One test's surroundings; dropping it ends its browser and driver.
#[derive(Debug)]
pub struct Stage<'a> {
    environment: &'a Environment,
    // The browser goes before its driver, so that the driver finds nothing to wait for.
    profile: Profile,
    driver: ChromeDriver,
    page: RefCell<Option<Page>>,
    expected: RefCell<Vec<&'static str>>,
}

impl<'a> Stage<'a> {
    /// Starts a driver on a fresh profile.
    ///
    /// # Errors
    /// Those of starting it.
    pub fn set(environment: &'a Environment) -> Outcome<Self> {
        Ok(Self {
            environment,
            profile: Profile::create()?,
            driver: ChromeDriver::start(&environment.chromedriver)?,
            page: RefCell::default(),
            expected: RefCell::default(),
        })
    }

    /// The machine's part.
    pub fn environment(&self) -> &Environment {
        self.environment
    }

    /// A browser on this test's profile, with an empty tab. A second call opens the same profile again.
    ///
    /// # Errors
    /// Those of starting the browser.
    pub async fn launch(&self, switches: Switches) -> Outcome<Page> {
        self.profile.kill_browser();
        let browser = &self.environment.browser;
        let driver = self.driver.launch(browser, self.profile.folder(), switches).await?;
        let page = Page::new(driver, self.environment.address());
        page.prepare().await?;
        *self.page.borrow_mut() = Some(page.clone());
        Ok(page)
    }

    /// A browser with the page open at `query`, e.g. `?scene=empty`, and ready.
    ///
    /// # Errors
    /// Those of starting the browser, and a page that does not get ready.
    pub async fn open(&self, query: &str) -> Outcome<Page> {
        let page = self.launch(Switches::Usual).await?;
        page.open(query).await?;
        Ok(page)
    }

    /// Kills the browser as a power cut would; the profile stays.
    pub fn cut_power(&self) {
        if let Some(page) = self.page.take() {
            page.abandon();
        }
        self.profile.kill_browser();
    }

    /// Lets messages at level error that contain `text` pass; every other one fails the test.
    pub fn expect_console_error(&self, text: &'static str) {
        self.expected.borrow_mut().push(text);
    }

    /// Does `work` and concludes as a test does: console errors are failures.
    ///
    /// # Errors
    /// Those of `work`, with what the browser has to say.
    pub async fn attend<T>(&self, name: &str, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        match work.await {
            Ok(result) => self.conclude(name, Ok(())).await.map(|()| result),
            Err(failure) => {
                Err(self.conclude(name, Err(failure)).await.err().unwrap_or_else(Failed::without_message))
            }
        }
    }

    /// Resident memory of this browser's largest renderer, the page's, in bytes.
    ///
    /// # Errors
    /// Where there is none, or no `/proc`.
    pub fn renderer_memory(&self) -> Outcome<u64> {
        self.profile.largest_renderer()?.ok_or_else(|| Failed::from("no renderer of this browser"))
    }

    /// Turns unexpected console errors into a failure, and adds to a failure what the browser has to say about it.
    pub(crate) async fn conclude(&self, test: &str, result: Outcome) -> Outcome {
        let Some(page) = self.page.take() else { return result };
        let errors = page.console_errors().await.unwrap_or_default();
        let expected = self.expected.take();
        let unexpected: Vec<_> =
            errors.into_iter().filter(|error| !expected.iter().any(|text| error.contains(text))).collect();
        let result = match result {
            Ok(()) if unexpected.is_empty() => Ok(()),
            Ok(()) => Err(Failed::from(format!("console errors:\n{}", unexpected.join("\n")))),
            Err(failure) => {
                let picture = paths::output().join("e2e").join(format!("{test}.png"));
                let seen = match write(&picture, &page.picture().await.unwrap_or_default()) {
                    Ok(()) => format!("the page then: {}", picture.display()),
                    Err(error) => format!("no picture of the page: {error}"),
                };
                let message = failure.message().unwrap_or("failed").to_owned();
                Err(Failed::from(format!("{message}\n{}\n{seen}", unexpected.join("\n"))))
            }
        };
        page.abandon();
        result
    }
}

/// Writes a file and the folders above it.
pub(crate) fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, content)
}
