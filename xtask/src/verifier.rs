//! The module that accelerates the check of signatures: compiled for relaxed SIMD, which the worker does without.

use std::{fs, path::Path};

use crate::{
    Error, paths,
    process::{announce, cargo, run},
    tools::WASM_TARGET,
};

/// Its name in a site.
pub(crate) const FILE: &str = "terrarium-verifier.wasm";

/// What its compiler may use, and a stack that is small, for every node has an instance; in cargo's words.
pub(crate) const FLAGS: &str = "target.wasm32-unknown-unknown.rustflags=[\"-Ctarget-feature=+simd128,+relaxed-simd\", \"-Clink-arg=-zstack-size=131072\"]";

/// Builds the module into the site in `folder`. It goes there as it comes from the compiler: wasm-opt writes constants anew
/// wherever they are used, which makes it slower by half.
pub(crate) fn build(folder: &Path) -> Result<(), Error> {
    announce("Building the accelerator for signatures (some seconds)");
    let mut build = cargo();
    build.args(["build", "--locked", "--quiet", "--profile", "verifier", "--target", WASM_TARGET]);
    run(build.args(["--config", FLAGS, "-p", "terrarium-verifier", "--bin", "terrarium-verifier"]))?;
    let built = paths::target().join(WASM_TARGET).join("verifier").join(FILE);
    let copied = fs::copy(&built, folder.join(FILE));
    copied.map(drop).map_err(|error| Error::io(format_args!("copy {}", built.display()), &error))
}
