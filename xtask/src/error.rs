//! One error for all commands: a sentence for the person at the terminal.

use std::{fmt, io};

/// Why a command gave up, ready to print.
#[derive(Debug)]
pub struct Error(String);

impl Error {
    /// An error that says `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// An input or output error with what was being done, e.g. `cannot read Cargo.lock: not found`.
    pub fn io(doing: impl fmt::Display, error: &io::Error) -> Self {
        Self(format!("cannot {doing}: {error}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
