//! `cargo xtask bench`: figures beside references.

use std::{fs, path::Path};

use crate::{
    Args, Error, paths,
    process::{announce, cargo, program, run as run_program},
    tools::{self, WASM_TARGET},
    trunk::{self, Profile},
};

/// The bench's own wasm, beside the product's.
const BINARY: &str = "terrarium-bench";
/// What the figures stand beside.
const REFERENCES: [&str; 2] = ["@noble/hashes@2.4.0", "@noble/secp256k1@3.2.0"];

/// Builds the product and the bench's page, and measures; `--only NAME` measures a part, `relay` the relay instead.
pub fn run(args: &mut Args) -> Result<(), Error> {
    if args.flag("relay") {
        args.finish()?;
        return relay();
    }
    let only: Option<String> = args.value("--only")?;
    args.finish()?;
    tools::ensure_browser()?;
    let bench = paths::output().join("bench");
    let site = bench.join("site");
    trunk::build(Profile::Release, &site)?;
    announce("Building the bench's wasm as the worker's (about 3 minutes the first time)");
    build_wasm(&site)?;
    announce("Fetching the references from npm");
    tools::npm_install(&bench, &REFERENCES)?;
    for package in ["hashes", "secp256k1"] {
        copy_scripts(&bench.join("node_modules/@noble").join(package), &site.join("noble").join(package))?;
    }
    copy_scripts(&paths::root().join("tests/bench/page"), &site)?;
    announce("Measuring in headless Chromium (about 4 minutes); nothing else should run meanwhile");
    let mut measure = cargo();
    measure.args(["run", "--locked", "--quiet", "-p", "terrarium-tests", "--bin", "bench", "--"]);
    if let Some(only) = only {
        measure.args(["--only", &only]);
    }
    run_program(measure.env("TERRARIUM_SITE", &site))
}

/// Measures the relay, with its page in it.
fn relay() -> Result<(), Error> {
    let program = super::relay::build(Profile::Release)?;
    announce("Measuring the relay (about two minutes); nothing else should run meanwhile");
    let mut measure = cargo();
    measure.args(["bench", "--locked", "--quiet", "--profile", super::relay::PROFILE]);
    measure.args(["-p", "terrarium-relay", "--bench", "load"]);
    // The relay is built with the bench, and must not lose its page by that.
    measure.env("TERRARIUM_EMBED", Profile::Release.site());
    run_program(measure.env("TERRARIUM_RELAY", &program))?;
    let mut class = cargo();
    class.args(["run", "--locked", "--quiet", "--profile", super::relay::PROFILE]);
    class.args(["-p", "terrarium-tests", "--bin", "class"]);
    run_program(class.env("TERRARIUM_RELAY", program))
}

fn build_wasm(site: &Path) -> Result<(), Error> {
    let mut build = cargo();
    build.args(["build", "--locked", "--profile", "worker", "--target", WASM_TARGET]);
    run_program(build.args(["-p", "terrarium-worker", "--bin", BINARY]))?;
    let wasm = paths::target().join(WASM_TARGET).join("worker").join(format!("{BINARY}.wasm"));
    run_program(
        program("wasm-bindgen")
            .args(["--target", "no-modules", "--no-typescript", "--out-dir"])
            .arg(site)
            .arg(wasm),
    )?;
    let wasm = site.join(format!("{BINARY}_bg.wasm"));
    run_program(program("wasm-opt").args(["-O3", "--enable-simd"]).arg(&wasm).arg("-o").arg(&wasm))
}

/// Copies the files of a folder that a page can load.
fn copy_scripts(from: &Path, to: &Path) -> Result<(), Error> {
    let failed = |error| Error::io(format_args!("copy {} to {}", from.display(), to.display()), &error);
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file.extension().is_some_and(|extension| extension == "js" || extension == "html") {
            fs::copy(&file, to.join(file.file_name().unwrap_or_default())).map_err(failed)?;
        }
    }
    Ok(())
}
