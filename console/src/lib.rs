//! The seeds' command language and the scenario language.
//!
//! A [`Terminal`] turns a typed line into a command to a node and the reply into the seeds' text; a [`Scenario`] is
//! a file of such lines with what must hold after each. Both reach the lab through [`Host`], which the page, the
//! native tests and the simulator implement, so that one file is a lesson, a browser test and a simulation.
//! Knows core's interface types; nothing of how nodes run.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod arguments;
mod complete;
mod desk;
mod error;
#[cfg(test)]
mod fake;
mod grammar;
mod help;
mod history;
mod host;
mod parse;
mod render;
mod request;
mod scenario;
mod terminal;
mod typed;

pub use complete::complete;
pub use desk::{AddressBook, Desk};
pub use error::ConsoleError;
pub use help::Language;
pub use history::History;
pub use host::{Host, HostError, LinkSettings};
pub use render::message_line;
pub use scenario::{Report, Scenario, ScenarioError, StepReport};
pub use terminal::{Follow, Output, Terminal, create_wallet};
pub use typed::transcript;
