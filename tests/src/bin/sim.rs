//! `cargo xtask sim`: storms by their seeds.

use std::process::ExitCode;
use terrarium_tests::sim::{FaultCounts, Storm};
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

/// `--seed N` runs one storm, `--seeds N` the first N; fails where an invariant did not hold.
fn run(args: &mut Args) -> Result<ExitCode, Error> {
    let only: Option<u64> = args.value("--seed")?;
    let count: Option<u64> = args.value("--seeds")?;
    args.finish()?;
    let seeds = match only {
        Some(seed) => seed..seed.saturating_add(1),
        None => 0..count.unwrap_or(SEEDS),
    };
    let mut faults = FaultCounts::default();
    let mut broken = 0;
    for seed in seeds {
        let outcome = Storm::run(seed);
        println!("{outcome}");
        faults += &outcome.faults;
        broken += u64::from(!outcome.is_whole());
    }
    println!("\n{faults}");
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
