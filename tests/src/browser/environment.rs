//! What a browser test needs from the machine.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use xtask::{paths, site::Site, tools, trunk::Profile};

/// A browser, its driver, and the page under test at an address.
#[derive(Debug)]
pub struct Environment {
    pub(crate) browser: PathBuf,
    pub(crate) chromedriver: PathBuf,
    site: PathBuf,
    address: String,
}

impl Environment {
    /// Finds everything and starts to serve the page: that of `TERRARIUM_SITE`, else the release build, else the dev build.
    ///
    /// # Errors
    /// What is missing, in one line.
    pub fn find() -> Result<Self, String> {
        let browser =
            tools::BROWSERS.iter().find_map(|name| tools::find(name)).ok_or("no Chromium on PATH")?;
        let chromedriver = tools::find("chromedriver").ok_or("no chromedriver on PATH")?;
        let site = site().ok_or("no built page; run cargo xtask build")?;
        let address = serve(&site).map_err(|error| format!("cannot serve the page: {error}"))?;
        Ok(Self { browser, chromedriver, site, address })
    }

    /// `http://127.0.0.1:PORT/` of the page under test.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The folder that is served.
    pub fn site(&self) -> &Path {
        &self.site
    }
}

fn site() -> Option<PathBuf> {
    let chosen = env::var_os("TERRARIUM_SITE").map(|folder| paths::root().join(folder));
    let candidates = match chosen {
        Some(folder) => vec![folder],
        None => vec![Profile::Release.site(), Profile::Dev.site()],
    };
    candidates.into_iter().find(|folder| folder.join("index.html").is_file())
}

fn serve(folder: &Path) -> io::Result<String> {
    Ok(format!("http://{}/", Site::bind(folder, 0)?.spawn()))
}
