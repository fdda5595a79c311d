//! Counting tests over many runs of test binaries.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use crate::Error;

/// What passed, failed and was skipped, and the names of what failed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    passed: u32,
    failed: u32,
    skipped: u32,
    failures: Vec<String>,
}

impl Count {
    /// One check that passed.
    pub(crate) fn success() -> Self {
        Self { passed: 1, ..Self::default() }
    }

    /// One check that failed.
    pub(crate) fn failure(name: &str) -> Self {
        Self { failed: 1, failures: vec![name.to_owned()], ..Self::default() }
    }

    /// One check that could not be run.
    pub(crate) fn skipped(name: &str) -> Self {
        eprintln!("skipped: {name}");
        Self { skipped: 1, ..Self::default() }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.failures.extend(other.failures);
    }

    /// Prints the failures' names and, as the last line, the count.
    ///
    /// # Errors
    /// The count itself where anything failed.
    pub(crate) fn report(self) -> Result<(), Error> {
        for name in &self.failures {
            eprintln!("failed: {name}");
        }
        let line = format!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped);
        if self.failed > 0 {
            return Err(Error::new(line));
        }
        println!("{line}");
        Ok(())
    }

    /// Reads a line of a test binary's output: libtest's, libtest-mimic's or wasm-bindgen's.
    fn read(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("test ").and_then(|test| test.strip_suffix("... FAILED")) {
            self.failures.push(name.trim().to_owned());
        } else if let Some(name) = line.strip_prefix("test ").and_then(|test| test.strip_suffix("... FAIL")) {
            self.failures.push(name.trim().to_owned());
        } else if let Some(result) = line.strip_prefix("test result: ") {
            self.passed += number_before(result, " passed");
            self.failed += number_before(result, " failed");
            self.skipped += number_before(result, " ignored");
        }
    }
}

/// Runs test binaries, shows their output and counts. A run that breaks off without a failed test counts as one failure.
pub(crate) fn run_counting(name: &str, command: &mut Command) -> Result<Count, Error> {
    let failed = |error| Error::io(format_args!("run {name}"), &error);
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut count = Count::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("{line}");
            count.read(&line);
        }
    }
    let status = child.wait().map_err(failed)?;
    if !status.success() && count.failed == 0 {
        count.add(Count::failure(&format!("{name} ({status})")));
    }
    Ok(count)
}

fn number_before(text: &str, word: &str) -> u32 {
    let Some((before, _)) = text.split_once(word) else { return 0 };
    before.rsplit([' ', ';']).next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_runners_are_counted() {
        let mut count = Count::default();
        count.read("test store::a_batch_is_whole ... ok");
        count.read("test store::a_kill_loses_nothing ... FAILED");
        count.read("test result: FAILED. 12 passed; 1 failed; 2 ignored; 0 measured; 3 filtered out; finished in 0.00s");
        count.read("test result: ok. 3 passed; 0 failed; 0 ignored; 0 filtered out");
        let failures = vec!["store::a_kill_loses_nothing".to_owned()];
        assert_eq!(count, Count { passed: 15, failed: 1, skipped: 2, failures });
    }

    #[test]
    fn a_failure_makes_the_report_an_error() {
        assert!(Count::success().report().is_ok());
        assert_eq!(Count::failure("fmt").report().unwrap_err().to_string(), "0 passed, 1 failed, 0 skipped");
    }
}
