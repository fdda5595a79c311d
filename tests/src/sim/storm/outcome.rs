//! How storms went.

use super::Mix;
use crate::sim::fault::FaultCounts;
use crate::sim::invariant::Violation;
use std::fmt;
use terrarium_core::time::Span;

/// How a storm went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// What it was made of.
    pub mix: Mix,
    /// How often each fault happened.
    pub faults: FaultCounts,
    /// What did not hold.
    pub violations: Vec<Violation>,
    /// How long after the last fault the network agreed.
    pub rested_after: Option<Span>,
    /// The height on which it agreed.
    pub height: u32,
    /// Batches of scripts that helpers were handed.
    pub handed_out: u64,
    /// What every node did, where it was asked for.
    pub trace: Vec<[u8; 32]>,
}

impl Outcome {
    /// Whether everything held.
    pub fn is_whole(&self) -> bool {
        self.violations.is_empty()
    }

    /// The command that shows it again.
    pub fn command(&self) -> String {
        let mix = match self.mix {
            Mix::Everything => "",
            Mix::Faults => " --faults-only",
            Mix::Helpers => " --helpers",
        };
        format!("cargo xtask sim --seed {}{mix}", self.seed)
    }
}

impl fmt::Display for Outcome {
    /// What broke, with the command that shows it again; one line where nothing did.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rested_after {
            Some(span) => {
                let seconds = span.as_millis() as f64 / 1_000.0;
                write!(f, "storm {}: one chain of height {} after {seconds} s", self.seed, self.height)?;
            }
            None => write!(f, "storm {}: no rest", self.seed)?,
        }
        for violation in &self.violations {
            write!(f, "\n  {violation}")?;
        }
        if !self.is_whole() {
            write!(f, "\n  again: {}", self.command())?;
        }
        Ok(())
    }
}
