//! The words behind a command's name, sorted into options and places, with the checks that all commands share.

use crate::error::ConsoleError;
use std::fmt::Display;
use std::str::FromStr;
use terrarium_core::interface::NodeId;
use terrarium_core::primitives::Amount;

/// What stands after an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// An address or a label.
    Address,
    /// A node id.
    Node,
    /// Anything else.
    Text,
}

/// An option: `-name VALUE`, or `-name` alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag {
    pub(crate) name: &'static str,
    pub(crate) value: Option<Value>,
}

/// What words a command takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// What it looks like, as `help` and errors show it.
    pub(crate) usage: &'static str,
    /// Its options; a command without any takes words that begin with a dash as they are.
    pub(crate) flags: &'static [Flag],
    /// How many places must be filled, and how many may be.
    pub(crate) places: (usize, usize),
}

/// The words of one line.
pub(crate) struct Arguments<'a> {
    shape: &'static Shape,
    options: Vec<(&'static str, &'a str)>,
    places: Vec<&'a str>,
}

impl<'a> Arguments<'a> {
    /// Sorts the words.
    pub(crate) fn read(shape: &'static Shape, words: &'a [String]) -> Result<Self, ConsoleError> {
        let mut arguments = Arguments { shape, options: Vec::new(), places: Vec::new() };
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word.strip_prefix('-') {
                Some(option) if !shape.flags.is_empty() => arguments.read_option(option, &mut words)?,
                _ => arguments.places.push(word),
            }
        }
        let (least, most) = shape.places;
        if arguments.places.len() < least {
            return Err(arguments.usage("too few words".to_owned()));
        }
        if let Some(word) = arguments.places.get(most) {
            return Err(arguments.usage(format!("'{word}' is one word too many")));
        }
        Ok(arguments)
    }

    /// `-name VALUE`, `--name VALUE`, `-name=VALUE`, `-switch` or `-switch=false`, as Go's flag package reads them.
    fn read_option(
        &mut self,
        option: &'a str,
        words: &mut impl Iterator<Item = &'a str>,
    ) -> Result<(), ConsoleError> {
        let option = option.trim_start_matches('-');
        let (name, inline) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, None),
        };
        let Some(flag) = self.shape.flags.iter().find(|flag| flag.name == name) else {
            return Err(self.usage(format!("there is no option -{name}")));
        };
        let value = match (flag.value, inline) {
            (Some(_), None) => words.next().ok_or_else(|| self.usage(format!("-{name} lacks its value")))?,
            (Some(_), Some(value)) => value,
            (None, None) => "",
            (None, Some(value)) if self.truth(value)? => "",
            (None, Some(_)) => return Ok(()),
        };
        self.options.push((flag.name, value));
        Ok(())
    }

    /// An error that names the problem and shows the command's form.
    pub(crate) fn usage(&self, problem: String) -> ConsoleError {
        ConsoleError::Usage { problem, usage: self.shape.usage.to_owned() }
    }

    /// The last value given for an option; a switch that is on has an empty one.
    pub(crate) fn option(&self, name: &str) -> Option<&'a str> {
        self.options.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The value of an option that must be given.
    pub(crate) fn required(&self, name: &str) -> Result<&'a str, ConsoleError> {
        self.option(name).ok_or_else(|| self.usage(format!("-{name} is missing")))
    }

    /// The value of an option as what it must be.
    pub(crate) fn parsed_option<T: FromStr<Err: Display>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, ConsoleError> {
        self.option(name).map(|word| self.parsed(word)).transpose()
    }

    /// An amount of coins that an option gives.
    pub(crate) fn amount(&self, name: &str) -> Result<Option<Amount>, ConsoleError> {
        let read = |word| Amount::parse_coins(word).map_err(|error| self.usage(error.to_string()));
        self.option(name).map(read).transpose()
    }

    /// All nodes that an option gives, in several uses or after commas.
    pub(crate) fn nodes(&self, name: &str) -> Result<Vec<NodeId>, ConsoleError> {
        let values = self.options.iter().filter(|(known, _)| *known == name);
        values.flat_map(|(_, value)| value.split(',')).map(|word| self.node(word)).collect()
    }

    /// The word in a place; empty where there is none.
    pub(crate) fn place(&self, index: usize) -> &'a str {
        self.places.get(index).copied().unwrap_or_default()
    }

    /// The word in a place, if there is one.
    pub(crate) fn place_given(&self, index: usize) -> Option<&'a str> {
        self.places.get(index).copied()
    }

    /// All words in places.
    pub(crate) fn places(&self) -> &[&'a str] {
        &self.places
    }

    /// A word as what it must be.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&self, word: &str) -> Result<T, ConsoleError> {
        word.parse().map_err(|error| self.usage(format!("'{word}': {error}")))
    }

    /// The word in a place as what it must be.
    pub(crate) fn parsed_place<T: FromStr<Err: Display>>(&self, index: usize) -> Result<T, ConsoleError> {
        self.parsed(self.place(index))
    }

    /// The same of a place that may be left out.
    pub(crate) fn optional_place<T: FromStr<Err: Display>>(
        &self,
        index: usize,
    ) -> Result<Option<T>, ConsoleError> {
        self.place_given(index).map(|word| self.parsed(word)).transpose()
    }

    /// `true`, `false`, `1` or `0` in a place; left out, `default`.
    pub(crate) fn switch_place(&self, index: usize, default: bool) -> Result<bool, ConsoleError> {
        self.place_given(index).map_or(Ok(default), |word| self.truth(word))
    }

    /// A node by its id or by its address: `3000`, `localhost:3000` or `127.0.0.1:3000`.
    pub(crate) fn node(&self, word: &str) -> Result<NodeId, ConsoleError> {
        let id = word.strip_prefix("localhost:").or_else(|| word.strip_prefix("127.0.0.1:")).unwrap_or(word);
        id.parse().map_err(|error| self.usage(format!("{error}")))
    }

    fn truth(&self, word: &str) -> Result<bool, ConsoleError> {
        match word {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            other => Err(self.usage(format!("'{other}' is neither true nor false"))),
        }
    }
}
