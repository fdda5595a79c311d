//! `cargo xtask sim`: the simulator's storms.

use crate::{
    Args, Error,
    process::{announce, cargo, run as run_program},
};

/// Builds the simulator and hands it its arguments.
pub fn run(args: &mut Args) -> Result<(), Error> {
    let seed: Option<u64> = args.value("--seed")?;
    let seeds: Option<u64> = args.value("--seeds")?;
    args.finish()?;
    announce("Building the simulator (about 3 minutes the first time)");
    let mut simulate = cargo();
    simulate.args(["run", "--locked", "--quiet", "-p", "terrarium-tests", "--bin", "sim", "--"]);
    for (name, value) in [("--seed", seed), ("--seeds", seeds)] {
        if let Some(value) = value {
            simulate.args([name.to_owned(), value.to_string()]);
        }
    }
    run_program(&mut simulate)
}
