//! Why a line was not carried out. The message is the line that a console shows.

use crate::host::HostError;
use terrarium_core::interface::CommandError;

/// Why a line failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsoleError {
    /// A terminal without a node: the seeds' own words.
    #[error("NODE_ID env. var is not set!")]
    NodeIdUnset,
    /// No such command; the nearest name is suggested.
    #[error("Unknown command!{}", suggestion(.nearest.as_deref()))]
    UnknownCommand {
        /// The nearest command, if one is near.
        nearest: Option<String>,
    },
    /// Arguments that the command does not take, or lacks.
    #[error("ERROR: {problem}; usage: {usage}")]
    Usage {
        /// What is wrong, with the word that is.
        problem: String,
        /// The command's form.
        usage: String,
    },
    /// The node refused.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The lab refused.
    #[error(transparent)]
    Host(#[from] HostError),
    /// `copy` of what is not there, or to where it cannot be.
    #[error("ERROR: {0}")]
    File(String),
    /// A label that another address of the lab has.
    #[error("ERROR: the label '{0}' is taken in this lab")]
    LabelTaken(String),
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(|| " 'help' lists all.".to_owned(), |name| format!(" Did you mean '{name}'?"))
}
