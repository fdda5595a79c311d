//! What this browser remembers of a room: its place there, and whether it is the teacher's.

use crate::browser;
use terrarium_link::room::{Pass, RoomCode, Secret};

/// A room that this browser has been in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its address there.
    pub(crate) pass: Pass,
    /// The teacher's token.
    pub(crate) token: Option<Secret>,
    /// Whether the room's chain is made by hand.
    pub(crate) by_hand: bool,
}

/// Under this name the browser remembers what its owner is called.
const NAME: &str = "terrarium/name";

impl Record {
    /// What is remembered of a room.
    pub(crate) fn load(code: RoomCode) -> Option<Self> {
        Self::read(&browser::remembered(&key(code))?)
    }

    /// Remembers it.
    pub(crate) fn save(&self, code: RoomCode) {
        browser::remember(&key(code), &self.write());
    }

    fn write(&self) -> String {
        let [a, b, c, d] = self.pass.address;
        let token = self.token.map_or_else(|| "-".to_owned(), Secret::to_hex);
        format!("{a}.{b}.{c}.{d} {} {token} {}", self.pass.proof.to_hex(), u8::from(self.by_hand))
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let address: std::net::Ipv4Addr = words.next()?.parse().ok()?;
        let proof = Secret::from_hex(words.next()?)?;
        let token = match words.next()? {
            "-" => None,
            token => Some(Secret::from_hex(token)?),
        };
        let by_hand = words.next()? == "1";
        Some(Self { pass: Pass { address: address.octets(), proof }, token, by_hand })
    }
}

/// What the owner of this browser is called, if that was said.
pub(crate) fn own_name() -> String {
    browser::remembered(NAME).unwrap_or_default()
}

/// Remembers what the owner of this browser is called.
pub(crate) fn remember_name(name: &str) {
    browser::remember(NAME, name);
}

fn key(code: RoomCode) -> String {
    format!("terrarium/room-{code}/place")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_what_it_wrote() {
        let pass = Pass { address: [10, 1, 0, 2], proof: Secret([7; 16]) };
        for token in [None, Some(Secret([9; 16]))] {
            let record = Record { pass, token, by_hand: token.is_some() };
            assert_eq!(Record::read(&record.write()), Some(record));
        }
        assert_eq!(Record::read("10.1.0.2 xx - 0"), None);
    }
}
