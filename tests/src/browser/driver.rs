//! chromedriver: one process per test, on a port of its own choice.

use std::{
    io::{self, BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::json;
use thirtyfour::{
    ChromeCapabilities, ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver,
    error::WebDriverResult,
};

/// What makes a browser quiet, alone and fit for a machine without a screen.
const SWITCHES: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];

/// What a phone's browser calls itself.
const PHONE: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Mobile \
                     Safari/537.36";

/// A request to the driver lasts as long as the script that it runs; each test's own deadline is shorter.
const REQUEST: Duration = Duration::from_secs(1_200);

/// How a browser differs from the usual one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Switches {
    /// As visitors have it.
    #[default]
    Usual,
    /// No page may store anything (the setting "block all site data"): IndexedDB refuses to open.
    NoStorage,
    /// A page names this machine's addresses to others in the clear, and may reach others by loopback: otherwise Chromium
    /// names them by mDNS, which a machine without a network does not answer.
    Neighbours,
    /// A phone: small, touched, and it says so.
    Phone,
}

/// A running chromedriver; dropping it ends it.
#[derive(Debug)]
pub(crate) struct ChromeDriver {
    process: Child,
    address: String,
}

impl ChromeDriver {
    pub(crate) fn start(program: &Path) -> io::Result<Self> {
        let mut process = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let port =
            BufReader::new(output).lines().map_while(Result::ok).find_map(|line| announced_port(&line));
        let port = port.ok_or_else(|| io::Error::other("chromedriver ended without naming its port"))?;
        Ok(Self { process, address: format!("http://127.0.0.1:{port}") })
    }

    /// A browser with the profile `folder`.
    pub(crate) async fn launch(
        &self,
        browser: &Path,
        folder: &Path,
        switches: Switches,
    ) -> WebDriverResult<WebDriver> {
        WebDriver::builder(&self.address, capabilities(browser, folder, switches)?)
            .request_timeout(REQUEST)
            .await
    }
}

impl Drop for ChromeDriver {
    fn drop(&mut self) {
        // It may have ended already, which is what is wanted.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The port in `ChromeDriver was started successfully on port 41234.`
fn announced_port(line: &str) -> Option<u16> {
    line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
}

fn capabilities(browser: &Path, folder: &Path, switches: Switches) -> WebDriverResult<ChromeCapabilities> {
    let mut capabilities = DesiredCapabilities::chrome();
    capabilities.set_binary(&browser.to_string_lossy())?;
    for switch in SWITCHES {
        capabilities.add_arg(switch)?;
    }
    capabilities.add_arg(&format!("--user-data-dir={}", folder.display()))?;
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    if switches == Switches::NoStorage {
        let preferences = json!({ "profile.default_content_setting_values.cookies": 2 });
        capabilities.add_experimental_option("prefs", preferences)?;
    }
    if switches == Switches::Phone {
        let metrics = json!({ "width": 360, "height": 740, "pixelRatio": 2, "touch": true, "mobile": true });
        let emulation = json!({ "deviceMetrics": metrics, "userAgent": PHONE });
        capabilities.add_experimental_option("mobileEmulation", emulation)?;
    }
    if switches == Switches::Neighbours {
        capabilities.add_arg("--allow-loopback-in-peer-connection")?;
        capabilities.add_arg("--disable-features=WebRtcHideLocalIpsWithMdns")?;
    }
    Ok(capabilities)
}

#[cfg(test)]
mod tests {
    use super::announced_port;

    #[test]
    fn the_port_is_read_from_chromedrivers_announcement() {
        assert_eq!(announced_port("ChromeDriver was started successfully on port 41234."), Some(41234));
        assert_eq!(announced_port("Starting ChromeDriver 156.0 on port 0"), None);
    }
}
