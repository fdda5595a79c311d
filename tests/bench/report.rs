//! The table, on screen and as JSON.

use std::{fs, process::ExitCode};

use serde_json::{Value, json};
use xtask::paths;

/// What a figure must reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

/// Another system's figure in the same run, and how many times better ours must be.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) times: f64,
}

/// One measured figure.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) goal: Goal,
    pub(crate) reference: Option<Reference>,
}

impl Row {
    fn reached(&self) -> bool {
        let goal = match self.goal {
            Goal::AtLeast(least) => self.value >= least,
            Goal::AtMost(most) => self.value <= most,
        };
        goal && self
            .reference
            .as_ref()
            .is_none_or(|reference| self.value >= reference.times * reference.value)
    }

    fn line(&self) -> [String; 5] {
        let goal = match self.goal {
            Goal::AtLeast(least) => format!(">= {}", figure(least)),
            Goal::AtMost(most) => format!("<= {}", figure(most)),
        };
        let beside = self.reference.as_ref().map_or(String::new(), |reference| {
            let Reference { name, value, times } = reference;
            format!("{name} {}: {:.1} x (>= {times} x)", figure(*value), self.value / value)
        });
        let verdict = if self.reached() { "reached" } else { "MISSED" };
        [self.what.clone(), format!("{} {}", figure(self.value), self.unit), goal, beside, verdict.to_owned()]
    }

    fn json(&self) -> Value {
        let (goal, bound) = match self.goal {
            Goal::AtLeast(least) => ("at least", least),
            Goal::AtMost(most) => ("at most", most),
        };
        json!({
            "what": self.what, "value": self.value, "unit": self.unit, "goal": goal, "bound": bound,
            "reference": self.reference.as_ref().map(|reference| json!({
                "name": reference.name, "value": reference.value, "times": reference.times,
            })),
            "reached": self.reached(),
        })
    }
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    /// What could not be measured, and why.
    failures: Vec<(&'static str, String)>,
}

impl Report {
    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Takes note of a figure that is missed because it was not measured.
    pub(crate) fn fail(&mut self, name: &'static str, reason: &str) {
        self.failures.push((name, reason.to_owned()));
    }

    /// Prints the table and writes it as JSON; a failure where a figure is missed.
    pub(crate) fn conclude(&self) -> ExitCode {
        self.print();
        let file = paths::output().join("bench/bench.json");
        let failures = self.failures.iter().map(|(name, reason)| json!({ "name": name, "reason": reason }));
        let content = json!({
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
            "failures": failures.collect::<Vec<_>>(),
        });
        if let Err(error) = fs::write(&file, format!("{content:#}\n")) {
            eprintln!("cannot write {}: {error}", file.display());
            return ExitCode::FAILURE;
        }
        println!("{}", file.display());
        if self.failures.is_empty() && self.rows.iter().all(Row::reached) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn print(&self) {
        let head = ["what", "measured", "goal", "beside", ""].map(String::from);
        let lines: Vec<_> = std::iter::once(head).chain(self.rows.iter().map(Row::line)).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths = [0, 1, 2, 3, 4].map(width);
        for line in &lines {
            let cells: Vec<_> =
                line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            println!("{}", cells.join("  ").trim_end());
        }
        for (name, reason) in &self.failures {
            println!("{name}: MISSED, {reason}");
        }
    }
}

/// Three significant digits, thousands apart.
fn figure(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
