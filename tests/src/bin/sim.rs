//! `cargo xtask sim`: storms by their seeds, and journals.

use std::fs::{self, File};
use std::io::BufWriter;
use std::process::ExitCode;
use std::thread;
use terrarium_tests::sim::{Mix, Storm, replay, run_all};
use xtask::{Args, Error};

/// Storms that run where no number is given.
const SEEDS: u64 = 100;

fn main() -> ExitCode {
    match run(&mut Args::from_env()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// `--seed N` runs one storm, and with `--journal FILE` writes down what its nodes do; `--seeds N` runs the first N;
/// `--faults-only` leaves NATs, light nodes and adversaries out, `--helpers` has helpers check scripts; `--replay FILE`
/// replays a journal. Fails where something did not hold.
fn run(args: &mut Args) -> Result<ExitCode, Error> {
    let seed: Option<u64> = args.value("--seed")?;
    let seeds: Option<u64> = args.value("--seeds")?;
    let journal: Option<String> = args.value("--journal")?;
    let to_replay: Option<String> = args.value("--replay")?;
    let mix = match (args.flag("--faults-only"), args.flag("--helpers")) {
        (true, _) => Mix::Faults,
        (false, true) => Mix::Helpers,
        (false, false) => Mix::Everything,
    };
    args.finish()?;
    match (to_replay, seed, journal) {
        (Some(path), _, _) => replay_file(&path),
        (None, Some(seed), journal) => one(seed, mix, journal.as_deref()),
        (None, None, Some(path)) => {
            Err(Error::new(format!("--journal {path}: of which storm? --seed N says it")))
        }
        (None, None, None) => Ok(many(seeds.unwrap_or(SEEDS), mix)),
    }
}

fn one(seed: u64, mix: Mix, journal: Option<&str>) -> Result<ExitCode, Error> {
    let outcome = match journal {
        None => Storm::run(seed, mix),
        Some(path) => {
            let failed = |error| Error::new(format!("{path}: {error}"));
            let file = BufWriter::new(File::create(path).map_err(failed)?);
            Storm::run_recorded(seed, mix, Box::new(file)).map_err(failed)?
        }
    };
    println!("{outcome}\n\n{}", outcome.faults);
    Ok(if outcome.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn many(seeds: u64, mix: Mix) -> ExitCode {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let suite = run_all(0..seeds, mix, threads, |outcome| println!("{outcome}"));
    println!("\n{}", suite.faults);
    println!(
        "{} storms, {} broken; the slowest agreed after {} ms",
        suite.storms,
        suite.broken.len(),
        suite.slowest
    );
    for outcome in &suite.broken {
        println!("{outcome}");
    }
    if suite.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn replay_file(path: &str) -> Result<ExitCode, Error> {
    let text = fs::read_to_string(path).map_err(|error| Error::new(format!("{path}: {error}")))?;
    let replayed = replay(&text).map_err(|error| Error::new(format!("{path}: {error}")))?;
    println!("{path}: {replayed}");
    Ok(ExitCode::SUCCESS)
}
