//! `cargo xtask`: everything that is done with this repository, one file per command.

use std::process::ExitCode;

use xtask::{Args, Error, command};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  serve [--port N] [--open] [--dev]  build the page and serve it on 127.0.0.1 (port 8080)
  relay [--dev] [ARGUMENTS]          build the page and start the relay with it (port 8080); --help lists its arguments
  test [--only STEP] [--nightly]     every check and test; ends with a count
  bench [--only NAME]                measure, beside references; table here, JSON in target/bench/
  bench relay                        measure the relay
  sim [--seed N | --seeds N]         storms: networks in which everything goes wrong, one for each seed
      [--faults-only]                without NATs, light nodes and adversaries
      [--helpers]                    scripts are checked by helpers, some of which give up
      [--journal FILE]               with --seed: write down what its nodes are told and do
  sim --replay FILE                  do again what a journal says, and compare
  dist [--single-file]               the static site into dist/, or one HTML file that works from a double-click
  release                            what a school runs: the relay for Linux and Windows, the site, one file; with checksums
  build [--dev]                      the page alone, into target/site or target/site-dev";

fn main() -> ExitCode {
    let mut args = Args::from_env();
    match run(&mut args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &mut Args) -> Result<(), Error> {
    match args.command().as_deref() {
        Some("serve") => command::serve::run(args),
        Some("relay") => command::relay::run(args),
        Some("test") => command::test::run(args),
        Some("bench") => command::bench::run(args),
        Some("sim") => command::sim::run(args),
        Some("dist") => command::dist::run(args),
        Some("release") => command::release::run(args),
        Some("build") => command::build::run(args),
        Some("help" | "--help" | "-h") | None => {
            println!("{USAGE}");
            Ok(())
        }
        Some(other) => Err(Error::new(format!("unknown command {other}\n\n{USAGE}"))),
    }
}
