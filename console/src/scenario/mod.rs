//! Scenario files: the same text is a lesson in the page, a test in a real browser and a run in the simulator.

mod parse;
mod run;
mod step;

pub use parse::ScenarioError;
pub use run::{Report, StepReport};
pub use step::Scenario;
