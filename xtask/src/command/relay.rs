//! `cargo xtask relay`: from a fresh clone to a class in one network.

use std::path::PathBuf;

use crate::{
    Args, Error, paths,
    process::{announce, cargo, run as run_program},
    trunk::{self, Profile},
};

/// Cargo's profile for the relay.
const PROFILE: &str = "relay";

/// Builds the page and the relay that holds it, and starts it; what is left of the arguments is for the relay.
pub fn run(args: &mut Args) -> Result<(), Error> {
    let profile = if args.flag("--dev") { Profile::Dev } else { Profile::Release };
    let rest = args.rest();
    trunk::build(profile, &profile.site())?;
    announce("Building the relay (about 3 minutes the first time)");
    let mut relay = cargo();
    relay.args(["run", "--locked", "--quiet", "--profile", PROFILE, "-p", "terrarium-relay", "--"]);
    run_program(relay.args(rest).env("TERRARIUM_EMBED", embedded(profile)))
}

/// Where the page lies that goes into the relay.
fn embedded(profile: Profile) -> PathBuf {
    paths::root().join(profile.site())
}
