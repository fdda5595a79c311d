//! Building the page with Trunk.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    Error, paths,
    process::{announce, cargo, program, run},
    source_hash, tools, verifier,
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
    verifier::build(folder)?;
    stamp(folder, &build)
}

/// Tells the page's first scripts its build, under which they fetch the worker's wasm before the page's own is here, and
/// how many bytes of wasm there are to come.
fn stamp(folder: &Path, build: &str) -> Result<(), Error> {
    let page = folder.join("index.html");
    let failed = |what, error| Error::io(format_args!("{what} {}", page.display()), &error);
    let html = fs::read_to_string(&page).map_err(|error| failed("read", error))?;
    let bytes = wasm_bytes(folder)
        .map_err(|error| Error::io(format_args!("look into {}", folder.display()), &error))?;
    fs::write(&page, stamped(&html, build, bytes)?).map_err(|error| failed("write", error))
}

/// The size of all wasm in `folder`, in bytes, unpacked.
fn wasm_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for file in fs::read_dir(folder)? {
        let file = file?;
        if file.path().extension().is_some_and(|extension| extension == "wasm") {
            bytes += file.metadata()?.len();
        }
    }
    Ok(bytes)
}

fn stamped(html: &str, build: &str, bytes: u64) -> Result<String, Error> {
    if !html.contains(UNSTAMPED) {
        return Err(Error::new(format!("index.html has no {UNSTAMPED}")));
    }
    let stamp = format!("<meta name=\"build\" content=\"{build}\" data-bytes=\"{bytes}\" />");
    Ok(html.replace(UNSTAMPED, &stamp))
}

#[cfg(test)]
mod tests {
    use super::stamped;

    #[test]
    fn the_page_is_stamped_with_its_build_and_its_size_where_it_asks_for_them() {
        let page = include_str!("../../index.html");
        let page = stamped(page, "0123", 4567).expect("index.html has a place for it");
        assert!(page.contains("<meta name=\"build\" content=\"0123\" data-bytes=\"4567\" />"));
        assert!(stamped(&page, "89ab", 0).is_err(), "there is no place left");
    }
}
