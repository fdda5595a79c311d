//! `cargo xtask bench`: the figures of the product, each beside its reference in the same run.
//!
//! Prints a table and writes `target/bench/bench.json`. The argument `--only NAME` measures the rows whose name contains it.

mod compute;
mod light;
mod report;
mod screen;
mod sync;

use std::{env, pin::Pin, process::ExitCode, time::Duration};

use report::{Report, Row};
use terrarium_tests::browser::{Environment, Outcome, Stage};
use tokio::{runtime, time::timeout};

fn main() -> ExitCode {
    match measure() {
        Ok(report) => report.conclude(),
        Err(failure) => {
            eprintln!("{}", failure.message().unwrap_or("failed"));
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Outcome<Report> {
    let only = env::args().skip_while(|argument| argument != "--only").nth(1);
    let wanted = |name: &str| only.as_deref().is_none_or(|only| name.contains(only));
    let environment = Environment::find()?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let mut report = Report::default();
    for (name, seconds, measure) in MEASURES {
        if wanted(name) {
            let stage = Stage::set(&environment)?;
            let work =
                async { timeout(Duration::from_secs(seconds), stage.attend(name, measure(&stage))).await };
            match runtime.block_on(work) {
                Ok(Ok(row)) => report.add(row),
                Ok(Err(failure)) => report.fail(name, failure.message().unwrap_or("failed")),
                Err(_) => {
                    // The driver still waits for the page's answer.
                    stage.cut_power();
                    report.fail(name, &format!("no figure within {seconds} s"));
                }
            }
        }
    }
    Ok(report)
}

type Measure = for<'a> fn(&'a Stage<'a>) -> Pin<Box<dyn Future<Output = Outcome<Row>> + 'a>>;

/// What is measured, in the order of the table: name, deadline in seconds, how. Each has a browser of its own; what fails or
/// hangs is a miss.
const MEASURES: [(&str, u64, Measure); 9] = [
    ("compute-hashes", 90, |stage| Box::pin(compute::hashes(stage))),
    ("compute-signatures", 90, |stage| Box::pin(compute::signatures(stage))),
    ("sync-blocks", 120, |stage| Box::pin(sync::blocks(stage))),
    ("sync-spends", 120, |stage| Box::pin(sync::spends(stage))),
    ("light-bloom", 600, |_| Box::pin(async { Ok(light::bloom()) })),
    ("light-compact", 600, |_| Box::pin(async { Ok(light::compact()) })),
    ("size", 30, |stage| Box::pin(screen::size(stage))),
    ("first-screen", 180, |stage| Box::pin(screen::first_screen(stage))),
    ("memory", 180, |stage| Box::pin(screen::memory(stage))),
];
