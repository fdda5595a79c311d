//! `cargo xtask sim`: the simulator's storms and journals.

use std::process::Command;

use crate::{
    Args, Error,
    process::{announce, cargo, run as run_program},
};

/// Builds the simulator and hands it its arguments.
pub fn run(args: &mut Args) -> Result<(), Error> {
    let mut simulate = program();
    for name in ["--seed", "--seeds", "--journal", "--replay"] {
        if let Some(value) = args.value::<String>(name)? {
            simulate.args([name, &value]);
        }
    }
    for flag in ["--faults-only", "--helpers"] {
        if args.flag(flag) {
            simulate.arg(flag);
        }
    }
    args.finish()?;
    announce("Building the simulator (about 3 minutes the first time)");
    run_program(&mut simulate)
}

/// The command that builds the simulator and runs it.
pub(super) fn program() -> Command {
    let mut simulate = cargo();
    simulate.args(["run", "--locked", "--quiet", "-p", "terrarium-tests", "--bin", "sim", "--"]);
    simulate
}
