//! `cargo xtask test`: every check and every test, ending with a plain count.

use std::process::Command;

use super::{fuzz, sim};
use crate::{
    Args, Error,
    count::{Count, run_counting},
    process::{announce, cargo, run as run_program},
    tools::{self, WASM_TARGET},
    trunk::{self, Profile},
    verifier,
};

/// Packages that are compiled to wasm; `--workspace` would fail there on the native ones.
const WASM_PACKAGES: [&str; 5] =
    ["terrarium-core", "terrarium-console", "terrarium-link", "terrarium-worker", "terrarium-web"];
/// Packages with tests that run in a browser.
const BROWSER_TESTED: [&str; 1] = ["terrarium-worker"];

struct Step {
    name: &'static str,
    says: &'static str,
    run: fn() -> Result<Count, Error>,
}

const STEPS: [Step; 7] = [
    Step { name: "fmt", says: "Checking the formatting", run: fmt },
    Step { name: "clippy", says: "Clippy, native (about 3 minutes the first time)", run: clippy },
    Step { name: "clippy-wasm", says: "Clippy, wasm32 (about 2 minutes the first time)", run: clippy_wasm },
    Step { name: "doc", says: "Checking the documentation (about a minute)", run: doc },
    Step { name: "native", says: "Native tests (about 6 minutes the first time)", run: native },
    Step {
        name: "wasm",
        says: "Tests of the worker in headless Chromium (about 4 minutes the first time)",
        run: wasm,
    },
    Step {
        name: "e2e",
        says: "End-to-end tests of the built page in headless Chromium (about 6 minutes)",
        run: e2e,
    },
];

/// What `--nightly` adds.
const NIGHTLY: [Step; 2] = [
    Step { name: "nightly", says: "20,000 storms (about an hour on two cores)", run: nightly },
    Step { name: "fuzz", says: "Fuzzing, a minute for each target (about 17 minutes)", run: fuzz::run },
];

/// Storms of a night.
const NIGHTLY_STORMS: u64 = 20_000;

/// Runs all steps, with `--nightly` the long ones too, or with `--only NAME` one of them; each goes on where an earlier
/// one failed.
pub fn run(args: &mut Args) -> Result<(), Error> {
    let only: Option<String> = args.value("--only")?;
    let is_night = args.flag("--nightly");
    args.finish()?;
    let steps = || STEPS.iter().chain(&NIGHTLY);
    let is_chosen = |step: &&Step| match &only {
        Some(name) => name == step.name,
        None => is_night || NIGHTLY.iter().all(|long| step.name != long.name),
    };
    let chosen: Vec<&Step> = steps().filter(is_chosen).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = steps().map(|step| step.name).collect();
        return Err(Error::new(format!("--only takes one of {}", names.join(", "))));
    }
    tools::ensure_wasm_target()?;
    let mut total = Count::default();
    for step in chosen {
        announce(step.says);
        match (step.run)() {
            Ok(count) => total.add(count),
            Err(error) => {
                eprintln!("{error}");
                total.add(Count::failure(step.name));
            }
        }
    }
    total.report()
}

fn fmt() -> Result<Count, Error> {
    check("rustfmt", cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<Count, Error> {
    let mut all = cargo();
    all.args(["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    let mut count = check("clippy", &mut all)?;
    // The end-to-end tests are left out of `--all-targets`, as they are out of a plain `cargo test`.
    let mut e2e = cargo();
    e2e.args(["clippy", "--locked", "--workspace", "--test", "e2e", "--", "-D", "warnings"]);
    count.add(check("clippy of the end-to-end tests", &mut e2e)?);
    Ok(count)
}

fn clippy_wasm() -> Result<Count, Error> {
    let mut clippy = cargo();
    clippy.args(["clippy", "--locked", "--target", WASM_TARGET]);
    for package in WASM_PACKAGES {
        clippy.args(["-p", package]);
    }
    let mut count = check("clippy for wasm32", clippy.args(["--", "-D", "warnings"]))?;
    // The tests that only a browser runs; the others' tests need native crates.
    let mut tests = cargo();
    tests.args(["clippy", "--locked", "--target", WASM_TARGET, "--all-targets"]);
    for package in BROWSER_TESTED {
        tests.args(["-p", package]);
    }
    count.add(check("clippy of the tests for wasm32", tests.args(["--", "-D", "warnings"]))?);
    let mut verifier = cargo();
    verifier.args(["clippy", "--locked", "--target", WASM_TARGET, "--config", verifier::FLAGS]);
    verifier.args(["-p", "terrarium-verifier", "--", "-D", "warnings"]);
    count.add(check("clippy of the accelerator", &mut verifier)?);
    Ok(count)
}

fn doc() -> Result<Count, Error> {
    let mut doc = cargo();
    doc.args(["doc", "--locked", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    check("rustdoc", &mut doc)
}

fn native() -> Result<Count, Error> {
    run_counting("native tests", cargo().args(["test", "--locked", "--workspace", "--no-fail-fast"]))
}

fn wasm() -> Result<Count, Error> {
    tools::ensure_wasm_bindgen()?;
    if let Err(missing) = tools::ensure_browser() {
        eprintln!("{missing}");
        return Ok(Count::skipped("tests of the worker in Chromium"));
    }
    let mut test = cargo();
    test.args(["test", "--locked", "--no-fail-fast", "--target", WASM_TARGET]);
    for package in BROWSER_TESTED {
        test.args(["-p", package]);
    }
    test.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner");
    test.env("WASM_BINDGEN_TEST_TIMEOUT", "300");
    run_counting("tests of the worker in Chromium", &mut test)
}

fn e2e() -> Result<Count, Error> {
    if let Err(missing) = tools::ensure_browser() {
        // The tests themselves report each as ignored.
        eprintln!("{missing}");
    }
    trunk::build(Profile::Release, &Profile::Release.site())?;
    let mut test = cargo();
    // Of the whole workspace, as the native tests are: one package alone would have its dependencies built once more.
    test.args(["test", "--locked", "--workspace", "--test", "e2e"]);
    test.env("TERRARIUM_SITE", Profile::Release.site());
    run_counting("end-to-end tests", &mut test)
}

fn nightly() -> Result<Count, Error> {
    check("storms of a night", sim::program().args(["--seeds", &NIGHTLY_STORMS.to_string()]))
}

/// A command that passes or fails as one check.
pub(super) fn check(name: &str, command: &mut Command) -> Result<Count, Error> {
    Ok(match run_program(command) {
        Ok(()) => Count::success(),
        Err(error) => {
            eprintln!("{error}");
            Count::failure(name)
        }
    })
}
