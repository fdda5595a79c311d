//! Building the page with Trunk.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Error, paths,
    process::{announce, cargo, program, run},
    source_hash, tools,
};

/// Where index.html says its build, as it is under a plain `trunk serve`.
const UNSTAMPED: &str = "<meta name=\"build\" content=\"dev\" />";

/// How the page is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Unoptimised page, lightly optimised worker: for work on the page and for a first look at a test.
    Dev,
    /// What visitors get.
    Release,
}

impl Profile {
    /// Where [`build`] puts the page unless told otherwise.
    pub fn site(self) -> PathBuf {
        paths::output().join(match self {
            Self::Dev => "site-dev",
            Self::Release => "site",
        })
    }
}

/// Builds the page into `folder`, installing what that takes.
///
/// # Errors
/// A tool that is missing and cannot be installed, or a build that fails.
pub fn build(profile: Profile, folder: &Path) -> Result<(), Error> {
    tools::ensure_build_tools()?;
    announce("Fetching the crates of Cargo.lock");
    run(cargo().args(["fetch", "--locked", "--quiet"]))?;
    let mut trunk = program("trunk");
    trunk.args(["build", "--offline", "--locked", "--log", "warn", "--dist"]).arg(folder);
    let build = source_hash::build_id()?;
    trunk.env("TERRARIUM_BUILD", &build);
    // Trunk reads NO_COLOR as a boolean and refuses its customary value 1.
    trunk.env_remove("NO_COLOR");
    match profile {
        Profile::Dev => announce("Building the page without optimisation (up to 3 minutes the first time)"),
        Profile::Release => {
            announce("Building the page (about 6 minutes on two cores the first time)");
            trunk.arg("--release");
        }
    }
    run(&mut trunk)?;
    stamp(&folder.join("index.html"), &build)
}

/// Tells the page's first script its build, under which it fetches the worker's wasm before the page's own is here.
fn stamp(page: &Path, build: &str) -> Result<(), Error> {
    let failed = |what, error| Error::io(format_args!("{what} {}", page.display()), &error);
    let html = fs::read_to_string(page).map_err(|error| failed("read", error))?;
    fs::write(page, stamped(&html, build)?).map_err(|error| failed("write", error))
}

fn stamped(html: &str, build: &str) -> Result<String, Error> {
    if !html.contains(UNSTAMPED) {
        return Err(Error::new(format!("index.html has no {UNSTAMPED}")));
    }
    Ok(html.replace(UNSTAMPED, &UNSTAMPED.replace("dev", build)))
}

#[cfg(test)]
mod tests {
    use super::stamped;

    #[test]
    fn the_page_is_stamped_with_its_build_where_it_asks_for_it() {
        let page = include_str!("../../index.html");
        let page = stamped(page, "0123").expect("index.html has a place for it");
        assert!(page.contains("<meta name=\"build\" content=\"0123\" />"));
        assert!(stamped(&page, "4567").is_err(), "there is no place left");
    }
}
