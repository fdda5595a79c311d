//! `cargo xtask test --only fuzz`: libFuzzer over everything that reads what others send.

use std::{fs, process::Command};

use super::test::check;
use crate::{
    Error,
    count::Count,
    paths,
    process::{announce, cargo, run as run_program},
    tools,
};

/// How long each target runs, in seconds.
const SECONDS: u32 = 60;
/// An input that takes so many seconds counts as a find.
const SLOWEST: u32 = 20;

/// Builds the fuzz targets, gives each the corpus that the tests replay, and runs one after the other.
pub(super) fn run() -> Result<Count, Error> {
    tools::ensure_cargo_fuzz()?;
    let folder = paths::root().join("fuzz");
    announce("Writing the corpus of the tests");
    let mut corpus = cargo();
    corpus.args(["run", "--locked", "--quiet", "-p", "terrarium-tests", "--bin", "fuzz_corpus", "--"]);
    run_program(corpus.arg(folder.join("corpus")))?;
    announce("Building the fuzz targets (about 4 minutes the first time)");
    run_program(&mut cargo_fuzz("build"))?;
    let mut count = Count::default();
    for target in targets()? {
        announce(&format!("Fuzzing {target} for {SECONDS} s"));
        let mut fuzz = cargo_fuzz("run");
        fuzz.arg(&target).arg("--");
        fuzz.args([format!("-max_total_time={SECONDS}"), format!("-timeout={SLOWEST}")]);
        count.add(check(&format!("fuzz target {target}"), fuzz.arg("-print_final_stats=1"))?);
    }
    Ok(count)
}

/// `cargo fuzz`. Without a sanitizer, for there is no unsafe code to watch: so it takes no nightly compiler, and runs faster.
fn cargo_fuzz(command: &str) -> Command {
    let mut fuzz = cargo();
    fuzz.args(["fuzz", command, "--sanitizer", "none"]);
    fuzz.current_dir(paths::root().join("fuzz")).env_remove("CARGO_TARGET_DIR");
    fuzz
}

/// The names of all targets, sorted.
fn targets() -> Result<Vec<String>, Error> {
    let folder = paths::root().join("fuzz/fuzz_targets");
    let failed = |error| Error::io(format_args!("read {}", folder.display()), &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        names.extend(file.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}
