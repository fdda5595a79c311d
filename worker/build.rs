//! Tells the tests that run in a browser, where there are no files, which vectors to take in.

use std::env;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(vectors)");
    println!("cargo::rerun-if-env-changed=TERRARIUM_VECTORS");
    println!("cargo::rerun-if-changed=build.rs");
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    let folder = env::var_os("TERRARIUM_VECTORS").map_or(beside, PathBuf::from);
    if let Ok(folder) = folder.canonicalize() {
        println!("cargo::rustc-cfg=vectors");
        println!("cargo::rustc-env=VECTORS={}", folder.display());
    }
}
