//! `cargo xtask bench`: the figures of the product, each beside its reference in the same run.
//!
//! Prints a table and writes `target/bench/bench.json`. The argument `--only NAME` measures the rows whose name contains it.

mod compute;
mod report;
mod screen;
mod sync;

use std::{env, process::ExitCode};

use report::{Report, Row};
use terrarium_tests::browser::{Environment, Outcome, Stage};
use tokio::runtime;

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
    for (name, group) in GROUPS {
        if wanted(name) {
            let stage = Stage::set(&environment)?;
            let rows = runtime.block_on(stage.attend(name, group(&stage)))?;
            report.add(rows);
        }
    }
    Ok(report)
}

type Group = for<'a> fn(&'a Stage<'a>) -> std::pin::Pin<Box<dyn Future<Output = Outcome<Vec<Row>>> + 'a>>;

/// What is measured, in the order of the table; each group has a browser of its own.
const GROUPS: [(&str, Group); 5] = [
    ("compute", |stage| Box::pin(compute::rows(stage))),
    ("sync", |stage| Box::pin(sync::rows(stage))),
    ("size", |stage| Box::pin(screen::size(stage))),
    ("first-screen", |stage| Box::pin(screen::first_screen(stage))),
    ("memory", |stage| Box::pin(screen::memory(stage))),
];
