//! The few flags that the commands take.

use std::{env, str::FromStr};

use crate::Error;

/// The command line; each command takes what it knows and ends with `finish`.
#[derive(Debug)]
pub struct Args(Vec<String>);

impl Args {
    /// The arguments of this process.
    pub fn from_env() -> Self {
        Self(env::args().skip(1).collect())
    }

    /// Takes the command, the first argument.
    pub fn command(&mut self) -> Option<String> {
        if self.0.is_empty() { None } else { Some(self.0.remove(0)) }
    }

    /// Takes `name` if it is there.
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|arg| arg != name);
        self.0.len() < before
    }

    /// Takes `name VALUE` if it is there.
    pub fn value<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, Error> {
        let Some(at) = self.0.iter().position(|arg| arg == name) else { return Ok(None) };
        if at + 1 == self.0.len() {
            return Err(Error::new(format!("{name} needs a value")));
        }
        let value = self.0.remove(at + 1);
        self.0.remove(at);
        value.parse().map(Some).map_err(|_| Error::new(format!("{name} {value}: not a value that it takes")))
    }

    /// Takes all that is left, for another program.
    pub fn rest(&mut self) -> Vec<String> {
        std::mem::take(&mut self.0)
    }

    /// Refuses what no one has taken.
    pub fn finish(&self) -> Result<(), Error> {
        match self.0.first() {
            None => Ok(()),
            Some(unknown) => Err(Error::new(format!("unknown argument {unknown}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args(line.split_whitespace().map(String::from).collect())
    }

    #[test]
    fn flags_and_values_are_taken_once() {
        let mut args = args("--open --port 9000");
        assert!(args.flag("--open"));
        assert_eq!(args.value::<u16>("--port").unwrap(), Some(9000));
        args.finish().unwrap();
    }

    #[test]
    fn a_missing_wrong_or_unknown_argument_is_named() {
        assert_eq!(args("--port").value::<u16>("--port").unwrap_err().to_string(), "--port needs a value");
        assert!(args("--port x").value::<u16>("--port").unwrap_err().to_string().contains("--port x"));
        assert_eq!(args("--prot").finish().unwrap_err().to_string(), "unknown argument --prot");
    }
}
