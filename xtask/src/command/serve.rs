//! `cargo xtask serve`: from a fresh clone to the page in the browser.

use crate::{
    Args, Error,
    process::{announce, program, run as run_program},
    site::Site,
    trunk::{self, Profile},
};

const PORT: u16 = 8080;

/// Builds the page and serves it until interrupted.
pub fn run(args: &mut Args) -> Result<(), Error> {
    let port = args.value("--port")?.unwrap_or(PORT);
    let open = args.flag("--open");
    let profile = if args.flag("--dev") { Profile::Dev } else { Profile::Release };
    args.finish()?;
    let folder = profile.site();
    // Bound before the build: a port in use is known after a second, not after minutes.
    let site = Site::bind(&folder, port).map_err(|error| {
        Error::new(format!("cannot listen on 127.0.0.1:{port}: {error}; choose another with --port N"))
    })?;
    trunk::build(profile, &folder)?;
    let address = format!("http://{}/", site.address());
    println!("Terrarium is at {address}   (Ctrl-C ends it)");
    if open {
        open_browser(&address);
    }
    site.serve();
    Ok(())
}

fn open_browser(address: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if run_program(program(opener).arg(address)).is_err() {
        announce(&format!("No browser could be started; open {address} yourself"));
    }
}
