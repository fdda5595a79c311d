//! Building the page with Trunk.

use std::path::{Path, PathBuf};

use crate::{
    Error, paths,
    process::{announce, cargo, program, run},
    source_hash, tools,
};

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
    trunk.env("TERRARIUM_BUILD", source_hash::build_id()?);
    // Trunk reads NO_COLOR as a boolean and refuses its customary value 1.
    trunk.env_remove("NO_COLOR");
    match profile {
        Profile::Dev => announce("Building the page without optimisation (up to 3 minutes the first time)"),
        Profile::Release => {
            announce("Building the page (about 6 minutes on two cores the first time)");
            trunk.arg("--release");
        }
    }
    run(&mut trunk)
}
