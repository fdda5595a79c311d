//! The file in which rooms survive a restart: JSON, written whole and put in place by renaming.

use crate::room::{Class, MAX_BARRED, MAX_NUMBERS, Record, RoomTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use terrarium_link::room::{Beginning, MAX_BLOCK_TIME, MAX_CHAIN, MAX_CLASS_KHS, MAX_KHS, Secret, Settings};

/// The version of the file.
const VERSION: u32 = 1;

/// The latest time that there is, in milliseconds: a block's has 32 bits for its seconds.
const LATEST_MS: u64 = u32::MAX as u64 * 1_000;

/// What survives a restart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The relay's clock has told no later time, in milliseconds since 1970.
    pub(crate) time_ms: u64,
    /// The rooms.
    pub(crate) rooms: Vec<Record>,
}

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    #[serde(default)]
    time_ms: u64,
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
    #[serde(default)]
    beginning: Option<Begun>,
    #[serde(default)]
    time: RoomTime,
    last: u16,
    seen: u64,
    #[serde(default)]
    own: bool,
    #[serde(default)]
    barred: BTreeSet<u16>,
    #[serde(default)]
    class: Class,
}

/// What a chain begins with.
#[derive(Serialize, Deserialize)]
struct Begun {
    block_time: u16,
    khs: u32,
    unix: u32,
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
    /// Its time is none.
    #[error("has a time after the year 2106")]
    Time,
    /// A room in it does not hold.
    #[error("has a room that does not hold: {0}")]
    Room(&'static str),
}

/// What a file keeps; nothing where there is no file yet.
pub(crate) fn load(file: &Path) -> Result<Kept, StateError> {
    match std::fs::read(file) {
        Ok(text) => read(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Kept::default()),
        Err(error) => Err(error.into()),
    }
}

fn read(text: &[u8]) -> Result<Kept, StateError> {
    let File { version, time_ms, rooms } = serde_json::from_slice(text)?;
    if version != VERSION {
        return Err(StateError::Version(version));
    }
    if time_ms > LATEST_MS {
        return Err(StateError::Time);
    }
    let rooms: Result<Vec<Record>, StateError> = rooms.into_iter().map(record).collect();
    Ok(Kept { time_ms, rooms: rooms? })
}

/// Writes the file, readable by this user alone: the rooms' secrets are in it.
pub(crate) fn save(file: &Path, kept: Kept) -> io::Result<()> {
    let Kept { time_ms, rooms } = kept;
    let rooms = rooms.into_iter().map(entry).collect();
    // A machine whose clock is beyond it would write a file that no relay takes.
    let time_ms = time_ms.min(LATEST_MS);
    let text = serde_json::to_vec_pretty(&File { version: VERSION, time_ms, rooms })?;
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
    let Record { code, key, token, by_hand, chain, settings, beginning, time, .. } = record;
    let Record { last, seen, own, barred, class, .. } = record;
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
        beginning: beginning.map(|Beginning { block_time, khs, unix }| Begun { block_time, khs, unix }),
        time,
        last,
        seen,
        own,
        barred,
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
        beginning: entry.beginning.map(|Begun { block_time, khs, unix }| Beginning {
            block_time: block_time.clamp(1, MAX_BLOCK_TIME),
            khs: khs.clamp(1, MAX_CLASS_KHS),
            unix,
        }),
        time: entry.time,
        last: entry.last.min(MAX_NUMBERS),
        seen: entry.seen,
        own: entry.own,
        barred: entry.barred.into_iter().rev().take(MAX_BARRED).collect(),
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

    /// As the first version wrote it.
    const OLDEST: &str = r#"{"version":1,"rooms":[{"code":"ABC234","key":"01010101010101010101010101010101",
        "token":"02020202020202020202020202020202","by_hand":true,"chain":"03","mining":false,"khs":10,"locked":false,
        "last":4,"seen":5}]}"#;

    fn kept() -> Kept {
        let (code, settings) = ("ABC234".parse().unwrap(), Settings::default());
        let (key, token) = (Secret([1; 16]), Secret([2; 16]));
        let (chain, barred, class) = (vec![3], BTreeSet::from([2, 300]), Class::default());
        let (by_hand, last, seen, own) = (true, 4, 5, true);
        let beginning = Some(Beginning { block_time: 20, khs: 400, unix: 1_800_000_000 });
        let mut time = RoomTime::default();
        time.stand(true, 1_799_999_999_000);
        let room = Record {
            code,
            key,
            token,
            by_hand,
            chain,
            settings,
            beginning,
            time,
            last,
            seen,
            own,
            barred,
            class,
        };
        Kept { time_ms: 1_800_000_000_123, rooms: vec![room] }
    }

    #[test]
    fn what_is_written_reads_back() {
        let file = std::env::temp_dir().join(format!("terrarium-state-{}.json", std::process::id()));
        save(&file, kept()).unwrap();
        assert_eq!(load(&file).unwrap(), kept());
        std::fs::remove_file(&file).unwrap();
        assert_eq!(load(&file).unwrap(), Kept::default(), "there is no file yet");
    }

    #[test]
    fn a_file_of_an_older_version_reads_without_what_it_does_not_have() {
        let Kept { mut rooms, .. } = kept();
        let (beginning, time) = (None, RoomTime::default());
        rooms[0] = Record { own: false, barred: BTreeSet::new(), beginning, time, ..rooms[0].clone() };
        assert_eq!(read(OLDEST.as_bytes()).unwrap(), Kept { time_ms: 0, rooms });
        assert!(read(OLDEST.replace("\"last\"", "\"later\":1,\"last\"").as_bytes()).is_ok(), "nor more");
    }

    #[test]
    fn a_time_that_no_block_can_have_is_refused() {
        let late = format!("\"version\":1,\"time_ms\":{}", LATEST_MS + 1);
        assert!(matches!(read(OLDEST.replace("\"version\":1", &late).as_bytes()), Err(StateError::Time)));
    }
}
