//! Where things are.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The top of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies one level under the top")
}

/// What commands leave behind: built pages, screenshots, figures. Always `target/` of this clone, wherever cargo builds.
pub fn output() -> PathBuf {
    root().join("target")
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(output, |folder| root().join(folder))
}

/// Where tools are installed: outside `target/`, so that a clean build does not repeat minutes of installing.
pub fn tools() -> PathBuf {
    if let Some(chosen) = env::var_os("TERRARIUM_TOOLS") {
        return PathBuf::from(chosen);
    }
    let cache = match env::var_os("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => env::home_dir().unwrap_or_else(output).join(".cache"),
    };
    cache.join("terrarium/tools")
}
