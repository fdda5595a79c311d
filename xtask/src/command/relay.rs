//! `cargo xtask relay`: from a fresh clone to a class in one network.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Args, Error, paths,
    process::{announce, cargo, program, run as run_program},
    trunk::{self, Profile},
};

/// Cargo's profile for the relay.
pub(super) const PROFILE: &str = "relay";

/// Builds the page and the relay that holds it, and starts it; what is left of the arguments is for the relay.
pub fn run(args: &mut Args) -> Result<(), Error> {
    let profile = if args.flag("--dev") { Profile::Dev } else { Profile::Release };
    let rest = args.rest();
    let relay = build(profile)?;
    run_program(program(relay).args(rest))
}

/// Builds the page and the relay with it; returns the program.
pub(super) fn build(profile: Profile) -> Result<PathBuf, Error> {
    let site = profile.site();
    trunk::build(profile, &site)?;
    announce("Building the relay (about 3 minutes the first time)");
    run_program(&mut build_with(&site))?;
    Ok(paths::target().join(PROFILE).join(format!("terrarium-relay{}", std::env::consts::EXE_SUFFIX)))
}

/// The command that builds the relay with the page in `site`.
pub(super) fn build_with(site: &Path) -> Command {
    let mut build = cargo();
    build.args(["build", "--locked", "--profile", PROFILE, "-p", "terrarium-relay"]);
    build.env("TERRARIUM_EMBED", site);
    build
}
