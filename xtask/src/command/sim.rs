//! `cargo xtask sim`: the simulator's storms, journals and large networks.

use std::process::Command;

use crate::{
    Args, Error,
    process::{announce, cargo, run as run_program},
};

/// What takes a value.
const VALUES: [&str; 11] = [
    "--seed",
    "--seeds",
    "--journal",
    "--replay",
    "--nodes",
    "--blocks",
    "--spacing",
    "--payments",
    "--connections",
    "--table",
    "--csv",
];

/// Builds the simulator and hands it its arguments.
pub fn run(args: &mut Args) -> Result<(), Error> {
    let mut simulate = program();
    for name in VALUES {
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
    announce("Building the simulator (about 4 minutes the first time)");
    run_program(&mut simulate)
}

/// The command that builds the simulator and runs it.
pub(super) fn program() -> Command {
    let mut simulate = cargo();
    // What its allocator gives back to the system it would ask for again in the next moment.
    simulate.env("MIMALLOC_PURGE_DELAY", "-1");
    simulate.args([
        "run",
        "--locked",
        "--quiet",
        "--profile",
        "sim",
        "-p",
        "terrarium-tests",
        "--bin",
        "sim",
        "--",
    ]);
    simulate
}
