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

    pub(crate) fn count(&mut self, command: &'static str, bytes: usize, now: Time) {
        let one = Count { messages: 1, bytes: bytes as u64 };
        let count = self.by_command.count(command);
        *count = *count + one;
        self.total = self.total + one;
        self.last = Some(now);
    }

    /// Counts bytes that belong to no message.
    pub(crate) const fn count_transport(&mut self, bytes: usize, now: Time) {
        self.total.bytes += bytes as u64;
        self.last = Some(now);
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

    /// A name is known by where it lies: every message is counted, and to compare texts would cost more than all else.
    fn count(&mut self, command: &'static str) -> &mut Count {
        let place = self.0.iter().position(|(known, _)| std::ptr::eq(*known, command));
        let place =
            place.unwrap_or_else(|| match self.0.binary_search_by_key(&command, |(known, _)| known) {
                Ok(place) => place,
                Err(place) => {
                    self.0.insert(place, (command, Count::default()));
                    place
                }
            });
        &mut self.0[place].1
    }
}

impl Index<&str> for ByCommand {
    type Output = Count;

    fn index(&self, command: &str) -> &Count {
        self.get(command).expect("a command that was counted")
    }
}
