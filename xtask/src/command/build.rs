//! `cargo xtask build`: the page alone.

use crate::{
    Args, Error,
    trunk::{self, Profile},
};

/// Builds the page into target/site, or with `--dev` into target/site-dev.
pub fn run(args: &mut Args) -> Result<(), Error> {
    let profile = if args.flag("--dev") { Profile::Dev } else { Profile::Release };
    args.finish()?;
    trunk::build(profile, &profile.site())?;
    println!("{}", profile.site().display());
    Ok(())
}
