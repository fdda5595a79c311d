//! The file in which rooms survive a restart: JSON, written whole and put in place by renaming.

use crate::room::{Class, Record};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::Path;
use terrarium_link::room::{MAX_CHAIN, MAX_KHS, Secret, Settings};

/// The version of the file.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    rooms: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    code: String,
    key: String,
    token: String,
    by_hand: bool,
    chain: String,
    mining: bool,
    khs: u16,
    locked: bool,
    last: u16,
    seen: u64,
    #[serde(default)]
    own: bool,
    #[serde(default)]
    class: Class,
}

/// Why rooms could not be read.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is none of ours, or damaged.
    #[error("is no state file of a relay: {0}")]
    Format(#[from] serde_json::Error),
    /// It was written by another version.
    #[error("has version {0}, this program knows 1")]
    Version(u32),
    /// A room in it does not hold.
    #[error("has a room that does not hold: {0}")]
    Room(&'static str),
}

/// The rooms of a file; none where there is no file yet.
pub(crate) fn load(file: &Path) -> Result<Vec<Record>, StateError> {
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let File { version, rooms } = serde_json::from_slice(&text)?;
    if version != VERSION {
        return Err(StateError::Version(version));
    }
    rooms.into_iter().map(record).collect()
}

/// Writes the rooms, readable by this user alone: their secrets are in it.
pub(crate) fn save(file: &Path, records: Vec<Record>) -> io::Result<()> {
    let rooms = records.into_iter().map(entry).collect();
    let text = serde_json::to_vec_pretty(&File { version: VERSION, rooms })?;
    let fresh = file.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&fresh)?;
    out.write_all(&text)?;
    out.sync_all()?;
    std::fs::rename(fresh, file)
}

fn entry(record: Record) -> Entry {
    let Record { code, key, token, by_hand, chain, settings, last, seen, own, class } = record;
    let Settings { mining, khs, locked } = settings;
    let chain = chain.iter().map(|byte| format!("{byte:02x}")).collect();
    Entry {
        code: code.to_string(),
        key: key.to_hex(),
        token: token.to_hex(),
        by_hand,
        chain,
        mining,
        khs,
        locked,
        last,
        seen,
        own,
        class,
    }
}

fn record(entry: Entry) -> Result<Record, StateError> {
    let secret = |text: &str| Secret::from_hex(text).ok_or(StateError::Room("a secret is not 32 hex digits"));
    Ok(Record {
        code: entry.code.parse().map_err(|_| StateError::Room("a code is none"))?,
        key: secret(&entry.key)?,
        token: secret(&entry.token)?,
        by_hand: entry.by_hand,
        chain: bytes(&entry.chain).ok_or(StateError::Room("a chain is not hex digits, or too long"))?,
        settings: Settings { mining: entry.mining, khs: entry.khs.clamp(1, MAX_KHS), locked: entry.locked },
        last: entry.last,
        seen: entry.seen,
        own: entry.own,
        class: entry.class.bounded(),
    })
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    if text.len() > 2 * MAX_CHAIN || !text.len().is_multiple_of(2) {
        return None;
    }
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    text.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_which_room_is_the_relays_own_and_one_without_a_word_has_none() {
        let (code, settings) = ("ABC234".parse().unwrap(), Settings::default());
        let (key, token) = (Secret([1; 16]), Secret([2; 16]));
        let (chain, class) = (vec![3], Class::default());
        let own =
            Record { code, key, token, by_hand: true, chain, settings, last: 4, seen: 5, own: true, class };
        let text = serde_json::to_string(&entry(own.clone())).unwrap();
        assert_eq!(record(serde_json::from_str(&text).unwrap()).unwrap(), own);
        let older = text.split(",\"own\":true").next().unwrap().to_owned() + "}";
        assert_ne!(older, text);
        let other = record(serde_json::from_str(&older).unwrap()).unwrap();
        assert_eq!(other, Record { own: false, ..own });
    }
}
