//! What went over a connection, counted.

use super::peer::Peer;
use crate::time::Time;
use std::ops::{Add, Index};

/// How many messages there were of a kind, and how many bytes with their headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Messages.
    pub messages: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { messages: self.messages + other.messages, bytes: self.bytes + other.bytes }
    }
}

/// What went one way over a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// In all.
    pub total: Count,
    /// By command.
    pub by_command: ByCommand,
    /// When the last message passed.
    pub last: Option<Time>,
}

impl Traffic {
    /// The key of commands that this node does not know.
    pub const OTHER: &'static str = "*other*";
}

/// The count of what goes one way over a connection.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) total: Count,
    /// When the last message passed.
    pub(crate) last: Option<Time>,
    /// Messages of one command in a row, the last that passed: most are of the kind of the one before, and what is
    /// counted here is counted at once.
    run: (&'static str, Count),
    /// All before them.
    earlier: ByCommand,
}

impl Meter {
    pub(crate) fn count(&mut self, command: &'static str, bytes: usize, now: Time) {
        let one = Count { messages: 1, bytes: bytes as u64 };
        if !std::ptr::eq(self.run.0, command) {
            let (before, count) = std::mem::replace(&mut self.run, (command, Count::default()));
            self.earlier.add(before, count);
        }
        self.run.1 = self.run.1 + one;
        self.total = self.total + one;
        self.last = Some(now);
    }

    /// Counts bytes that belong to no message.
    pub(crate) const fn count_transport(&mut self, bytes: usize, now: Time) {
        self.total.bytes += bytes as u64;
        self.last = Some(now);
    }

    /// What was counted.
    pub(crate) fn read(&self) -> Traffic {
        let mut by_command = self.earlier.clone();
        by_command.add(self.run.0, self.run.1);
        Traffic { total: self.total, by_command, last: self.last }
    }
}

/// Bytes over connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Received.
    pub received: u64,
    /// Sent.
    pub sent: u64,
}

impl Totals {
    pub(crate) const fn add(&mut self, peer: &Peer) {
        self.received += peer.received.total.bytes;
        self.sent += peer.sent.total.bytes;
    }
}

/// Counts by command, in the order of the commands' names: one for each that we know and `*other*` for the rest, as
/// Core's `getpeerinfo` has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByCommand(Vec<(&'static str, Count)>);

impl ByCommand {
    /// That of a command, if there was one.
    pub fn get(&self, command: &str) -> Option<&Count> {
        self.0.iter().find(|(known, _)| *known == command).map(|(_, count)| count)
    }

    /// Whether there was such a command.
    pub fn contains_key(&self, command: &str) -> bool {
        self.get(command).is_some()
    }

    /// All commands with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Count)> {
        self.0.iter().copied()
    }

    /// All counts.
    pub fn values(&self) -> impl Iterator<Item = Count> {
        self.iter().map(|(_, count)| count)
    }

    /// A name is known by where it lies: to compare texts would cost more than all else.
    fn add(&mut self, command: &'static str, count: Count) {
        if count == Count::default() {
            return;
        }
        let known = self.0.iter().position(|(known, _)| std::ptr::eq(*known, command));
        let place = known.map_or_else(|| self.0.binary_search_by_key(&command, |(known, _)| known), Ok);
        match place {
            Ok(place) => self.0[place].1 = self.0[place].1 + count,
            Err(place) => self.0.insert(place, (command, count)),
        }
    }
}

impl Index<&str> for ByCommand {
    type Output = Count;

    fn index(&self, command: &str) -> &Count {
        self.get(command).expect("a command that was counted")
    }
}
