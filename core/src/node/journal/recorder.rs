//! Writes journals down: one of all nodes of a simulation, or one of the node that a worker runs.

use super::json::Json;
use super::{JournalEnd, Opening, Step, Trail, head};
use crate::collections::BTreeSet;
use crate::interface::NodeId;
use crate::node::Input;

/// Bytes that the last line of a node takes at most.
const END: u64 = 50;

/// A journal that is being written.
pub struct Recorder {
    /// Takes each line with its end.
    to: Box<dyn FnMut(&str)>,
    /// Bytes that may still be written.
    room: u64,
    /// Nodes that were opened: each gets a last line. As many as the host has.
    nodes: BTreeSet<NodeId>,
    has_ended: bool,
}

impl Recorder {
    /// Begins a journal of any length.
    pub fn new(to: Box<dyn FnMut(&str)>) -> Self {
        Self::bounded(to, u64::MAX)
    }

    /// Begins a journal of at most `most` bytes: with the first line for which there is no room it ends, and says so.
    pub fn bounded(to: Box<dyn FnMut(&str)>, most: u64) -> Self {
        let mut recorder = Self { to, room: most, nodes: BTreeSet::new(), has_ended: false };
        recorder.put(&format!("{}\n", head()));
        recorder
    }

    /// Writes down what a node is made of. Where there is no room for what its store held, the journal ends, and no text is
    /// made of that.
    pub fn open(&mut self, opening: &Opening) {
        if self.has_ended {
            return;
        }
        let node = opening.config.id;
        self.nodes.insert(node);
        if opening.least_len() > self.room {
            return self.end(JournalEnd::Full);
        }
        self.note(node, "Open", opening);
    }

    /// Writes down what a node that was opened is told.
    pub fn input(&mut self, node: NodeId, input: &Input) {
        self.note(node, "Input", input);
    }

    /// Writes down that it is let work.
    pub fn step(&mut self, node: NodeId, step: Step) {
        self.note(node, "Step", &step);
    }

    /// Writes down what is kept of an output of it.
    pub fn output(&mut self, node: NodeId, output: &Trail) {
        self.note(node, "Output", output);
    }

    /// Ends the journal; nothing is written after that.
    pub fn finish(&mut self) {
        if !self.has_ended {
            self.end(JournalEnd::Closed);
        }
    }

    /// Whether nothing more is written.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Writes down an entry, by the name of its variant.
    fn note(&mut self, node: NodeId, entry: &str, what: &dyn Json) {
        if self.has_ended {
            return;
        }
        let mut line = format!("{{\"node\":{node},\"entry\":{{\"{entry}\":");
        what.write(&mut line);
        line.push_str("}}\n");
        let ends = END * self.nodes.len() as u64;
        if line.len() as u64 + ends > self.room {
            return self.end(JournalEnd::Full);
        }
        self.put(&line);
    }

    fn end(&mut self, end: JournalEnd) {
        self.has_ended = true;
        for node in std::mem::take(&mut self.nodes).iter() {
            self.put(&end.line(*node));
        }
    }

    fn put(&mut self, line: &str) {
        self.room = self.room.saturating_sub(line.len() as u64);
        (self.to)(line);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::opening;
    use super::super::{Entry, Line, read};
    use super::*;
    use crate::cost::Cost;
    use crate::store::{Record, Table};
    use crate::time::{Mono, Time, UnixTime};
    use std::cell::RefCell;
    use std::rc::Rc;

    const NODE: NodeId = NodeId(65_535);
    const STEP: Step = Step { now: Time { mono: Mono(0), unix: UnixTime(0) }, budget: Cost(1) };

    fn recorder(most: u64) -> (Recorder, Rc<RefCell<String>>) {
        let text = Rc::new(RefCell::new(String::new()));
        let to = Rc::clone(&text);
        (Recorder::bounded(Box::new(move |line| to.borrow_mut().push_str(line)), most), text)
    }

    #[test]
    fn a_journal_that_is_full_says_so_and_stays_within_its_bound() {
        const MOST: u64 = 2_000;
        let (mut recorder, text) = recorder(MOST);
        recorder.open(&opening(NODE));
        while !recorder.has_ended() {
            recorder.step(NODE, STEP);
        }
        let length = text.borrow().len() as u64;
        assert!((MOST - 200..=MOST).contains(&length), "{length} bytes");
        recorder.step(NODE, STEP);
        recorder.finish();
        assert_eq!(text.borrow().len() as u64, length, "nothing follows the end");
        let text = text.borrow();
        let lines: Result<Vec<_>, _> = read(&text).expect("a journal").collect();
        let last = lines.expect("every line is whole").pop().map(|(_, line)| line.entry);
        assert!(matches!(last, Some(Entry::End(JournalEnd::Full))));
    }

    #[test]
    fn a_node_whose_store_is_too_large_for_a_journal_is_not_written_down() {
        let (mut recorder, text) = recorder(5_000);
        let mut large = opening(NODE);
        large.loaded.chain.push(Record { table: Table::Bodies, key: Vec::new(), value: vec![0; 2_600] });
        recorder.open(&large);
        assert!(recorder.has_ended());
        let text = text.borrow();
        let lines: Result<Vec<_>, _> = read(&text).expect("a journal").collect();
        let lines = lines.expect("every line is whole");
        assert!(matches!(&lines[..], [(2, Line { entry: Entry::End(JournalEnd::Full), .. })]));
    }

    #[test]
    fn every_node_that_was_opened_has_a_last_line() {
        let (mut recorder, text) = recorder(u64::MAX);
        for id in [3, 4, 3] {
            recorder.open(&opening(NodeId(id)));
        }
        recorder.finish();
        let text = text.borrow();
        let ends: Vec<_> = text.lines().skip(4).collect();
        assert_eq!(
            ends,
            [r#"{"node":3,"entry":{"End":"Closed"}}"#, r#"{"node":4,"entry":{"End":"Closed"}}"#]
        );
    }
}
