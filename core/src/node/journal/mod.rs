//! The journal of a node: everything that goes in and comes out, one line of text each, so that a run can be had again
//! elsewhere. A node is a function of its inputs: whoever lets the same inputs into the same program gets the same
//! outputs, of which the journal keeps the kind and a hash.
//!
//! ```text
//! {"format":"terrarium journal","version":2,"warning":"..."}
//! {"node":3000,"entry":{"Open":{"host":"127.0.0.1","class":null,"config":...,"entropy":...,"loaded":...}}}
//! {"node":3000,"entry":{"Input":{"Directory":{"up":["127.0.0.1:3001"]}}}}
//! {"node":3000,"entry":{"Step":{"now":...,"budget":20000}}}
//! {"node":3000,"entry":{"Output":{"kind":"Connect","digest":"5f0c..."}}}
//! {"node":3000,"entry":{"End":"Closed"}}
//! ```
//!
//! A journal holds the wallet's keys and the seed of those to come, and its first line says so: it is for networks whose
//! coins are worth nothing. [`RecordedNode`] is the node that a journal is kept of, [`Recorder`] writes it.

mod json;
mod recorded;
mod recorder;

pub use crate::interface::JournalEnd;
pub use recorded::RecordedNode;
pub use recorder::Recorder;

use super::{Entropy, Input, Loaded, Node, Output};
use crate::chain::LoadError;
use crate::consensus::ClassParams;
use crate::cost::Cost;
use crate::encode::hex;
use crate::interface::{NodeConfig, NodeId};
use crate::time::Time;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::net::Ipv4Addr;

/// The version of the journal that this program writes, and the only one that it reads.
pub const VERSION: u32 = 2;

/// What the first line says.
const FORMAT: &str = "terrarium journal";

/// What it says to whoever opens the file.
const WARNING: &str = "with the wallets' private keys: whoever has the file can spend their coins";

/// Bytes of an output's hash that are kept.
const DIGEST: usize = 8;

/// Something that went into a node or came out of it.
#[derive(Deserialize)]
pub enum Entry {
    /// The node was made.
    Open(Box<Opening>),
    /// It was told something.
    Input(Input),
    /// It was let work.
    Step(Step),
    /// It asked for something, or told something.
    Output(Trail),
    /// Nothing more is written down of it.
    End(JournalEnd),
}

/// What a node was made of.
#[derive(Clone, Deserialize)]
pub struct Opening {
    /// Where others reach it.
    pub host: Ipv4Addr,
    /// What was chosen of its class's chain, if anything was.
    pub class: Option<ClassParams>,
    /// Its configuration.
    pub config: NodeConfig,
    /// Its randomness.
    pub entropy: Entropy,
    /// What its store held.
    pub loaded: Loaded,
}

impl Opening {
    /// Bytes that what the store held takes in a journal, at least.
    fn least_len(&self) -> u64 {
        let Loaded { chain, wallet, peers } = &self.loaded;
        let records = [chain, wallet, peers].into_iter().flatten();
        // Two digits a byte.
        records.map(|record| 2 * (record.key.len() + record.value.len()) as u64).sum()
    }

    /// Makes the node, as [`Node::at`] does.
    ///
    /// # Errors
    /// As [`Node::at`].
    pub fn make(self) -> Result<(Node, Vec<String>), LoadError> {
        Node::at(self.host, self.class, self.config, self.entropy, self.loaded)
    }
}

/// How a node was let work.
#[derive(Clone, Copy, Deserialize)]
pub struct Step {
    /// What time it was.
    pub now: Time,
    /// For how much.
    pub budget: Cost,
}

/// What is kept of an output.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Trail {
    /// The name of its variant.
    pub kind: String,
    /// The hash of all that it says, as hex.
    pub digest: String,
}

impl Trail {
    /// What is kept of `output`.
    pub fn of(output: &Output) -> Self {
        let text = format!("{output:?}");
        let kind = text.chars().take_while(char::is_ascii_alphanumeric).collect();
        Self { kind, digest: hex::encode(&Sha256::digest(&text)[..DIGEST]) }
    }
}

/// One line: what happened, at which node.
#[derive(Deserialize)]
pub struct Line {
    /// The node.
    pub node: NodeId,
    /// What happened.
    pub entry: Entry,
}

/// Why a journal cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The first line is not a journal's.
    #[error("line 1: '{0}' does not begin a terrarium journal")]
    NotAJournal(String),
    /// It was written by another version of this program.
    #[error("line 1: the journal is of version {0}, this program reads {VERSION}")]
    Version(u32),
    /// A line says nothing that this version knows.
    #[error("line {line}: '{text}': {reason}")]
    Line {
        /// The line's number, from 1.
        line: usize,
        /// Its beginning.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What is read of the first line.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

/// The first line of every journal, without its end.
pub fn head() -> String {
    format!("{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"warning\":\"{WARNING}\"}}")
}

/// Reads a journal: its lines with their numbers, from 1; empty ones are passed over.
///
/// # Errors
/// By its first line at once, by any other when it comes to it.
pub fn read(
    text: &str,
) -> Result<impl Iterator<Item = Result<(usize, Line), JournalError>> + '_, JournalError> {
    let first = text.lines().next().unwrap_or_default();
    let head: Head = serde_json::from_str(first).map_err(|_| JournalError::NotAJournal(beginning(first)))?;
    if head.format != FORMAT {
        return Err(JournalError::NotAJournal(beginning(first)));
    }
    if head.version != VERSION {
        return Err(JournalError::Version(head.version));
    }
    let lines = text.lines().zip(1..).skip(1).filter(|(text, _)| !text.trim().is_empty());
    Ok(lines.map(|(text, line)| {
        let reason = |error: serde_json::Error| error.to_string();
        let read = serde_json::from_str(text);
        read.map(|read| (line, read)).map_err(|error| JournalError::Line {
            line,
            text: beginning(text),
            reason: reason(error),
        })
    }))
}

/// As much of a line as an error shows.
fn beginning(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::FailedCheck;
    use crate::consensus::Preset;
    use crate::encode::Reader;
    use crate::interface::{Command, Direction, PeerId, RequestId, Role, SyncMode, Wire as _};
    use crate::node::{JobId, LinkPath, LoadId, VerifyId};
    use crate::script::ScriptError;
    use crate::store::{BatchId, Record, Table};
    use crate::time::{Mono, UnixTime};
    use std::cell::RefCell;
    use std::rc::Rc;

    const HOST: Ipv4Addr = Ipv4Addr::new(10, 1, 2, 3);
    const NODE: NodeId = NodeId(3000);

    /// What a new node is made of.
    pub(super) fn opening(id: NodeId) -> Opening {
        let network = Some(Preset::Classroom);
        let config =
            NodeConfig { id, role: Role::Full, network, sync: SyncMode::Headers, connect: Vec::new() };
        let entropy = Entropy { node: [1; 32], wallet: [2; 32] };
        Opening { host: HOST, class: None, config, entropy, loaded: Loaded::default() }
    }

    /// A journal of what is written down of a node.
    fn journal(write: impl FnOnce(&mut Recorder)) -> String {
        let text = Rc::new(RefCell::new(String::new()));
        let to = Rc::clone(&text);
        write(&mut Recorder::new(Box::new(move |line| to.borrow_mut().push_str(line))));
        text.take()
    }

    #[test]
    fn the_first_line_says_that_the_file_holds_keys() {
        assert!(head().contains("with the wallets' private keys"), "{}", head());
    }

    #[test]
    fn a_last_line_is_read_as_any_other() {
        for end in [JournalEnd::Closed, JournalEnd::Failed, JournalEnd::Full] {
            let text = format!("{}\n{}", head(), end.line(NODE));
            let lines: Vec<_> = read(&text).expect("a journal").collect();
            let [Ok((2, Line { node: NODE, entry: Entry::End(read) }))] = &lines[..] else {
                panic!("one line")
            };
            assert_eq!(*read, end);
        }
    }

    #[test]
    fn what_a_node_was_made_of_is_read_again() {
        let record = Record { table: Table::Keys, key: vec![1, 2], value: vec![0, 254] };
        let mut opening = opening(NODE);
        opening.loaded.wallet.push(record.clone());
        let text = journal(|recorder| recorder.open(&opening));
        assert!(text.contains("00fe"), "{text}");
        let lines: Vec<_> = read(&text).expect("a journal").collect();
        let [Ok((2, Line { entry: Entry::Open(read), .. }))] = &lines[..] else { panic!("one line") };
        assert_eq!((read.host, &read.loaded.wallet[..]), (HOST, &[record][..]));
        assert_eq!((read.entropy.node, read.entropy.wallet), ([1; 32], [2; 32]));
    }

    #[test]
    fn how_a_node_worked_is_read_again() {
        let step = Step { now: Time { mono: Mono(3), unix: UnixTime(4) }, budget: Cost(5) };
        let output = Trail::of(&Output::CancelMine);
        let text = journal(|recorder| {
            recorder.step(NODE, step);
            recorder.output(NODE, &output);
        });
        let lines: Vec<_> =
            read(&text).expect("a journal").map(|line| line.expect("a line").1.entry).collect();
        let [Entry::Step(Step { now, budget: Cost(5) }), Entry::Output(read)] = &lines[..] else {
            panic!("two lines")
        };
        assert_eq!((*now, read), (step.now, &output));
    }

    #[test]
    fn whatever_a_node_is_told_is_read_again() {
        let inputs = inputs();
        let text = journal(|recorder| inputs.iter().for_each(|input| recorder.input(NODE, input)));
        for (read, input) in read(&text).expect("a journal").zip(&inputs) {
            let Ok((_, Line { node: NODE, entry: Entry::Input(read) })) = read else { panic!("an input") };
            assert_eq!(format!("{read:?}"), format!("{input:?}"));
        }
        assert_eq!(text.lines().count(), 1 + inputs.len());
        assert!(text.contains("\"bytes\":\"00ff10\""), "bytes are digits");
    }

    /// One of each input, and one of each command.
    fn inputs() -> Vec<Input> {
        let (peer, address) = (PeerId(7), NODE.local_address());
        let path = LinkPath { direct: true, steps: vec![(1, "punched".to_owned()), (2, String::new())] };
        let failed = FailedCheck { check: 3, error: ScriptError::EvalFalse };
        let mut inputs = vec![
            Input::PeerConnected { peer, address, direction: Direction::Outbound },
            Input::ConnectFailed { address, reason: "\"\\\u{1}\u{8}\u{c}\n\r\t\u{7f}币".to_owned() },
            Input::PeerBytes { peer, bytes: vec![0, 255, 16] },
            Input::PeerDrained { peer, queued: 8 },
            Input::PeerClosed { peer, reason: String::new() },
            Input::Directory { up: vec![address, address] },
            Input::Room { nodes: vec!["[2001:db8::1]:18444".parse().expect("an address")] },
            Input::Path { host: HOST, path },
            Input::SeedAnswer { seed: 2, addresses: Vec::new() },
            Input::Cancel { id: RequestId(4) },
            Input::NonceFound { job: JobId(5), nonce: u32::MAX },
            Input::NoncesExhausted { job: JobId(u64::MAX) },
            Input::BatchCommitted { id: BatchId(6) },
            Input::BatchFailed { id: BatchId(6), reason: "full".to_owned() },
            Input::Loaded { id: LoadId(7), values: vec![None, Some(vec![0, 255])] },
            Input::Helpers { least: Some(Cost(8)) },
            Input::Listens { messages: true, log: false },
            Input::Verified { id: VerifyId(9), result: Ok(()) },
            Input::Verified { id: VerifyId(9), result: Err(failed) },
            Input::Unverified { id: VerifyId(9) },
        ];
        inputs.extend(commands().map(|command| Input::Command { id: RequestId(1), command }));
        inputs
    }

    /// One of each number, of whichever of these fields it takes: numbers and texts, or an address first.
    fn commands() -> impl Iterator<Item = Command> {
        let fields = [[1; 100].to_vec(), [&[4, 127, 0, 0, 1][..], &[1; 100]].concat()];
        (0..=u8::MAX).filter_map(move |number| {
            let mut bytes = fields.iter().map(|fields| [&[number], &fields[..]].concat());
            bytes.find_map(|bytes| Command::read(&mut Reader::new(&bytes)).ok())
        })
    }

    #[test]
    fn a_journal_of_another_version_is_refused_by_version() {
        for other in [1, 3] {
            let text = head().replace(&format!("\"version\":{VERSION}"), &format!("\"version\":{other}"));
            assert_eq!(read(&text).err(), Some(JournalError::Version(other)));
        }
        let other = read("a letter").err().map(|error| error.to_string());
        assert_eq!(other.as_deref(), Some("line 1: 'a letter' does not begin a terrarium journal"));
    }

    #[test]
    fn a_line_that_says_nothing_known_is_named_with_its_number_and_value() {
        let text = format!("{}\n\n{{\"node\":70000}}\n", head());
        let mut lines = read(&text).expect("a journal");
        let error = lines.next().expect("a line").err().expect("an error");
        assert!(error.to_string().starts_with("line 3: '{\"node\":70000}': invalid value"), "{error}");
    }

    #[test]
    fn an_output_is_kept_by_its_kind_and_its_hash() {
        let [one, other] = [3, 4].map(|bytes| Trail::of(&Output::Consumed { peer: PeerId(1), bytes }));
        assert_eq!((one.kind.as_str(), other.kind.as_str()), ("Consumed", "Consumed"));
        assert_ne!(one.digest, other.digest);
    }
}
