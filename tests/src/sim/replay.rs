//! Replays a journal, wherever it was written: the same inputs into the same program, whose outputs must be those that
//! were written down.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use terrarium_core::interface::NodeId;
use terrarium_core::node::Node;
use terrarium_core::node::journal::{self, Entry, JournalEnd, JournalError, Line, Opening, Step, Trail};

/// What a replay came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Nodes that were opened, each life counted.
    pub lives: u64,
    /// What they were told.
    pub inputs: u64,
    /// How often they were let work.
    pub steps: u64,
    /// What they asked for and told.
    pub outputs: u64,
    /// Nodes whose journal was full before they came to rest.
    pub full: u64,
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lives, inputs, steps, outputs, full } = self;
        write!(
            f,
            "{lives} lives, {inputs} inputs, {steps} steps, {outputs} outputs, all as they were written"
        )?;
        match full {
            0 => Ok(()),
            _ => write!(f, "; the journal of {full} ended because it was full"),
        }
    }
}

/// Why a journal cannot be replayed to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// It cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It speaks of a node that it has not opened.
    #[error("line {line}: node {node} was not opened")]
    Unopened {
        /// The line.
        line: usize,
        /// The node.
        node: NodeId,
    },
    /// A node did something else.
    #[error("line {line}: node {node} gave {given}, where {written} is written")]
    Differs {
        /// The line.
        line: usize,
        /// The node.
        node: NodeId,
        /// What it gave here.
        given: String,
        /// What is written.
        written: String,
    },
    /// What there is is right, but its end is missing.
    #[error("line {line}: the journal breaks off: what node {node} did after that is missing")]
    CutShort {
        /// The last line that there is.
        line: usize,
        /// The first of the nodes without an end.
        node: NodeId,
    },
}

/// A node that is replayed, and what it gave that has not been compared yet.
struct Actor {
    node: Node,
    /// Emptied before every step.
    given: VecDeque<Trail>,
}

/// Replays a journal.
///
/// # Errors
/// By its line, where it cannot be read or a node does something else than is written.
pub fn replay(text: &str) -> Result<Replayed, ReplayError> {
    let mut actors: BTreeMap<NodeId, Actor> = BTreeMap::new();
    let mut replayed = Replayed::default();
    let mut last = 1;
    for read in journal::read(text)? {
        let (line, Line { node, entry }) = read?;
        last = line;
        if let Entry::Open(opening) = entry {
            replayed.lives += 1;
            actors.insert(node, open(line, *opening)?);
            continue;
        }
        if matches!(entry, Entry::End(JournalEnd::Full)) && !actors.contains_key(&node) {
            // There was no room for what it was made of.
            replayed.full += 1;
            continue;
        }
        let actor = actors.get_mut(&node).ok_or(ReplayError::Unopened { line, node })?;
        match entry {
            Entry::Open(_) => {}
            Entry::Input(input) => {
                replayed.inputs += 1;
                actor.node.handle(input);
            }
            Entry::Step(Step { now, budget }) => {
                replayed.steps += 1;
                all_compared(actor, line, node)?;
                actor.node.step(now, budget);
                actor.given.extend(std::iter::from_fn(|| actor.node.poll()).map(|output| Trail::of(&output)));
            }
            Entry::Output(written) => {
                replayed.outputs += 1;
                let given = actor.given.pop_front();
                if given.as_ref() != Some(&written) {
                    return Err(differs(line, node, given.as_ref(), Some(&written)));
                }
            }
            Entry::End(end) => {
                match end {
                    JournalEnd::Closed => all_compared(actor, line, node)?,
                    JournalEnd::Full => replayed.full += 1,
                    JournalEnd::Failed => {}
                }
                actors.remove(&node);
            }
        }
    }
    match actors.keys().next() {
        None => Ok(replayed),
        Some(&node) => Err(ReplayError::CutShort { line: last, node }),
    }
}

fn open(line: usize, opening: Opening) -> Result<Actor, ReplayError> {
    let node = opening.config.id;
    let (node, _) = opening.make().map_err(|error| ReplayError::Differs {
        line,
        node,
        given: error.to_string(),
        written: "an open node".to_owned(),
    })?;
    Ok(Actor { node, given: VecDeque::new() })
}

fn all_compared(actor: &Actor, line: usize, node: NodeId) -> Result<(), ReplayError> {
    match actor.given.front() {
        Some(given) => Err(differs(line, node, Some(given), None)),
        None => Ok(()),
    }
}

fn differs(line: usize, node: NodeId, given: Option<&Trail>, written: Option<&Trail>) -> ReplayError {
    let text = |trail: Option<&Trail>| {
        trail.map_or("nothing".to_owned(), |trail| format!("{} {}", trail.kind, trail.digest))
    };
    ReplayError::Differs { line, node, given: text(given), written: text(written) }
}
