//! A lab as one file, for machines that forget: its time, its nodes, their chains, and their wallets' keys if these are
//! wanted.
//!
//! The file outlives builds: roles and networks stand in it by name, chains as chain files. Alone the options of a node's
//! start are written as this build remembers them; another build starts the node with the usual ones.

use super::port::MAX_KHS;
use super::roster::{self, RosterEntry};
use terrarium_core::consensus::Preset;
use terrarium_core::encode::{DecodeError, Reader};
use terrarium_core::interface::{
    ChainFile, MiningMode, NodeConfig, NodeId, Role, StartOptions, SyncMode, Wire, from_bytes, to_bytes,
};

/// What every lab file begins with.
const MAGIC: &[u8] = b"terrarium lab\n";

/// How the rest is written.
const VERSION: u8 = 1;

/// A larger file is not read, bytes.
pub(crate) const MAX_BYTES: usize = 256 * 1024 * 1024;

/// How far a lab's time may be ahead of the clock of the machine that opens it, milliseconds: a year. Labs run up to four
/// times as fast as the world.
const MAX_AHEAD_MS: f64 = 366.0 * 24.0 * 60.0 * 60.0 * 1_000.0;

/// The most nodes of a lab file; a machine runs fewer.
const MAX_NODES: usize = 64;

/// A lab as it is carried from one machine to another. Without `Debug`: it holds keys.
#[derive(Clone, PartialEq)]
pub(crate) struct LabFile {
    /// Lab time when it was saved, milliseconds since 1970: its blocks must not lie in the future.
    pub(crate) lab_ms: f64,
    /// The chains, each once.
    pub(crate) chains: Vec<ChainFile>,
    /// The nodes.
    pub(crate) nodes: Vec<SavedNode>,
}

/// A node of a lab file.
#[derive(Clone, PartialEq)]
pub(crate) struct SavedNode {
    /// How it is made and started.
    pub(crate) entry: RosterEntry,
    /// Which of the file's chains it has; none where it has none, or headers alone.
    pub(crate) chain: Option<usize>,
    /// Its wallet's keys.
    pub(crate) keys: Vec<SavedKey>,
}

/// A key of a wallet.
#[derive(Clone, PartialEq)]
pub(crate) struct SavedKey {
    /// The private key as WIF.
    pub(crate) wif: String,
    /// Its address's label.
    pub(crate) label: Option<String>,
}

/// Why bytes are no lab file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum LabFileError {
    /// It is some other file.
    #[error("it does not begin as a lab file does")]
    OtherFile,
    /// It was written by a newer Terrarium.
    #[error("it is of version {0}, and this page reads version {VERSION}")]
    Version(u8),
    /// It is larger than any lab.
    #[error("it has {0} bytes, and {MAX_BYTES} are allowed")]
    TooLarge(usize),
    /// A part of it is missing or no value.
    #[error("it is damaged: {0}")]
    Damaged(#[from] DecodeError),
    /// A node's place or dial is none.
    #[error("it is damaged: {what} of node {node}")]
    BadNode { node: NodeId, what: &'static str },
    /// It was saved in a far future.
    #[error("its time is more than a year ahead of this machine's clock")]
    TooLate,
    /// It has more nodes than a lab file may.
    #[error("it has {0} nodes, and {MAX_NODES} are allowed")]
    TooManyNodes(usize),
}

impl LabFile {
    /// The file.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.push(VERSION);
        self.lab_ms.write(&mut out);
        self.chains.write(&mut out);
        self.nodes.write(&mut out);
        out
    }

    /// Reads a file that anyone may have made; `now_ms` is the machine's clock, milliseconds since 1970.
    pub(crate) fn from_bytes(bytes: &[u8], now_ms: f64) -> Result<Self, LabFileError> {
        if bytes.len() > MAX_BYTES {
            return Err(LabFileError::TooLarge(bytes.len()));
        }
        let (version, rest) =
            bytes.strip_prefix(MAGIC).and_then(<[u8]>::split_first).ok_or(LabFileError::OtherFile)?;
        if *version != VERSION {
            return Err(LabFileError::Version(*version));
        }
        let mut reader = Reader::new(rest);
        let lab_ms = f64::read(&mut reader)?;
        let (chains, nodes) = Wire::read(&mut reader)?;
        reader.finish()?;
        let file = LabFile { lab_ms, chains, nodes };
        if !(0.0..=now_ms + MAX_AHEAD_MS).contains(&file.lab_ms) {
            return Err(LabFileError::TooLate);
        }
        file.check()?;
        Ok(file)
    }

    fn check(&self) -> Result<(), LabFileError> {
        if self.nodes.len() > MAX_NODES {
            return Err(LabFileError::TooManyNodes(self.nodes.len()));
        }
        for (at, SavedNode { entry, chain, .. }) in self.nodes.iter().enumerate() {
            let node = entry.config.id;
            let wrong = |what| Err(LabFileError::BadNode { node, what });
            if node.0 == 0 || self.nodes[..at].iter().any(|other| other.entry.config.id == node) {
                return wrong("the id");
            }
            if chain.is_some_and(|chain| chain >= self.chains.len()) {
                return wrong("the chain");
            }
            if !(0.0..=MAX_KHS).contains(&entry.khs) {
                return wrong("the dial");
            }
        }
        Ok(())
    }
}

impl Wire for SavedNode {
    fn write(&self, out: &mut Vec<u8>) {
        let RosterEntry { config, start, running, mining, reward, khs } = &self.entry;
        config.id.write(out);
        config.role.name().to_owned().write(out);
        config.network.map(|network| network.to_string()).write(out);
        (config.sync == SyncMode::Blocks).write(out);
        config.connect.write(out);
        (roster::FORMAT, to_bytes(start)).write(out);
        running.write(out);
        number_of(*mining).write(out);
        reward.write(out);
        khs.write(out);
        self.chain.write(out);
        self.keys.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = NodeId::read(reader)?;
        let role = named(&String::read(reader)?, "role", Role::named)?;
        let network = Option::<String>::read(reader)?;
        let network =
            network.map(|name| named(&name, "network", |name| name.parse::<Preset>().ok())).transpose()?;
        let sync = if bool::read(reader)? { SyncMode::Blocks } else { SyncMode::Headers };
        let config = NodeConfig { id, role, network, sync, connect: Wire::read(reader)? };
        let (format, start): (u8, Vec<u8>) = Wire::read(reader)?;
        let start = if format == roster::FORMAT { from_bytes(&start)? } else { StartOptions::default() };
        let running = Wire::read(reader)?;
        let mining = mode_of(u8::read(reader)?)?;
        let (reward, khs) = Wire::read(reader)?;
        let entry = RosterEntry { config, start, running, mining, reward, khs };
        Ok(SavedNode { entry, chain: Wire::read(reader)?, keys: Wire::read(reader)? })
    }
}

impl Wire for SavedKey {
    fn write(&self, out: &mut Vec<u8>) {
        self.wif.write(out);
        self.label.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(SavedKey { wif: Wire::read(reader)?, label: Wire::read(reader)? })
    }
}

fn named<T>(name: &str, field: &'static str, find: impl FnOnce(&str) -> Option<T>) -> Result<T, DecodeError> {
    find(name).ok_or(DecodeError::InvalidValue { field })
}

fn number_of(mode: MiningMode) -> u8 {
    match mode {
        MiningMode::Off => 0,
        MiningMode::WhenTwoWait => 1,
        MiningMode::Always => 2,
    }
}

fn mode_of(number: u8) -> Result<MiningMode, DecodeError> {
    match number {
        0 => Ok(MiningMode::Off),
        1 => Ok(MiningMode::WhenTwoWait),
        2 => Ok(MiningMode::Always),
        _ => Err(DecodeError::InvalidValue { field: "mining" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrarium_core::encode::hex;

    const NOW_MS: f64 = 500.0;

    fn file() -> LabFile {
        let config = NodeConfig {
            id: NodeId(3002),
            role: Role::Miner,
            network: Some(Preset::Classroom),
            sync: SyncMode::Headers,
            connect: vec![NodeId(3000)],
        };
        let entry = RosterEntry {
            config,
            start: StartOptions { max_outbound: Some(3), ..StartOptions::default() },
            running: true,
            mining: MiningMode::Always,
            reward: None,
            khs: 8.0,
        };
        let keys = vec![SavedKey { wif: "K".to_owned(), label: Some("李雷".to_owned()) }];
        LabFile {
            lab_ms: 1_000.0,
            chains: vec![ChainFile(vec![1, 2, 3])],
            nodes: vec![SavedNode { entry, chain: Some(0), keys }],
        }
    }

    #[test]
    fn a_lab_file_is_read_back_as_it_was_written() {
        let file = file();
        assert!(LabFile::from_bytes(&file.to_bytes(), NOW_MS) == Ok(file));
    }

    #[test]
    fn a_file_that_an_earlier_build_wrote_is_read_and_its_start_options_are_the_usual_ones() {
        // As version 1 was first written, with start options of a format that there is none of.
        let saved = "74657272617269756d206c61620a 01 0000000000408f40 \
            01 0300000000000000 010203 \
            01 ba0b 056d696e6572 0109636c617373726f6f6d 00 01b80b ff03010203 01 02 00 0000000000002040 \
            010000000000000000 01 014b 0106e69d8ee99bb7";
        let mut expected = file();
        expected.nodes[0].entry.start = StartOptions::default();
        let bytes = hex::decode(&saved.replace(' ', "")).expect("hex");
        assert!(LabFile::from_bytes(&bytes, NOW_MS) == Ok(expected));
    }

    #[test]
    fn a_file_that_is_no_lab_is_refused_by_what_is_wrong_with_it() {
        let good = file().to_bytes();
        let refused = |bytes: &[u8]| LabFile::from_bytes(bytes, NOW_MS).err();
        assert_eq!(refused(b"PNG"), Some(LabFileError::OtherFile));
        assert_eq!(refused(MAGIC), Some(LabFileError::OtherFile));
        let mut newer = good.clone();
        newer[MAGIC.len()] = 2;
        assert_eq!(refused(&newer), Some(LabFileError::Version(2)));
        for end in MAGIC.len() + 1..good.len() {
            assert!(matches!(refused(&good[..end]), Some(LabFileError::Damaged(_))), "cut after {end}");
        }
        let with = |change: fn(&mut LabFile)| {
            let mut file = file();
            change(&mut file);
            refused(&file.to_bytes()).map(|error| error.to_string())
        };
        let twice = with(|file| file.nodes.push(file.nodes[0].clone()));
        assert_eq!(twice.as_deref(), Some("it is damaged: the id of node 3002"));
        let elsewhere = with(|file| file.nodes[0].chain = Some(1));
        assert_eq!(elsewhere.as_deref(), Some("it is damaged: the chain of node 3002"));
        let fast = with(|file| file.nodes[0].entry.khs = f64::NAN);
        assert_eq!(fast.as_deref(), Some("it is damaged: the dial of node 3002"));
        for lab_ms in [NOW_MS + MAX_AHEAD_MS + 1.0, f64::INFINITY, f64::NAN] {
            let late = LabFile { lab_ms, ..file() };
            assert_eq!(refused(&late.to_bytes()), Some(LabFileError::TooLate), "{lab_ms}");
        }
        let crowd = with(|file| {
            let node = file.nodes[0].clone();
            file.nodes = (1..=65)
                .map(|id| {
                    let mut node = node.clone();
                    node.entry.config.id = NodeId(id);
                    node
                })
                .collect();
        });
        assert_eq!(crowd.as_deref(), Some("it has 65 nodes, and 64 are allowed"));
    }
}
