//! Storms: everything goes wrong for a minute, then nothing any more, and the network must be whole. Each seed is one
//! storm; `cargo xtask sim --seed N` runs one alone.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use terrarium_tests::sim::{Fault, Mix, Outcome, REGRESSIONS, ReplayError, Storm, replay, run_all};

/// How many storms.
const SEEDS: u64 = 1_000;

/// How many of them are run twice and compared.
const TWICE: u64 = 50;

/// Threads.
const THREADS: usize = 2;

#[test]
fn every_storm_ends_in_one_chain_and_every_fault_happens() {
    let suite = run_all(0..SEEDS, Mix::Everything, THREADS, |_| {});
    let broken: Vec<String> = suite.broken.iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert_eq!(suite.faults.missing(), [] as [Fault; 0], "a fault that never happens proves nothing");
}

#[test]
fn storms_that_once_found_something_find_nothing() {
    for (seed, mix, found) in REGRESSIONS {
        let outcome = Storm::run(seed, mix);
        assert!(outcome.is_whole(), "once it found: {found}\n{outcome}");
    }
}

#[test]
fn the_same_storm_twice_is_the_same_to_the_byte() {
    for seed in 0..TWICE {
        let [once, again] = [0, 1].map(|_| Storm::run_traced(seed, Mix::Everything));
        assert!(!once.trace.is_empty());
        assert_eq!(once.trace, again.trace, "storm {seed}");
        assert_eq!(once.faults, again.faults, "storm {seed}");
    }
}

/// A text that is written by one and read by another.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn recorded(seed: u64) -> (Outcome, String) {
    let shared = Shared::default();
    let outcome = Storm::run_recorded(seed, Mix::Everything, Box::new(shared.clone()));
    let text = String::from_utf8(shared.0.take()).expect("a journal is text");
    (outcome.expect("memory takes it"), text)
}

#[test]
fn the_journal_of_a_storm_is_replayed_to_the_same_outputs() {
    let (outcome, text) = recorded(7);
    assert!(outcome.is_whole(), "{outcome}");
    let replayed = replay(&text).expect("the nodes do what is written");
    assert!(replayed.lives > 10 && replayed.inputs > 1_000 && replayed.outputs > 1_000, "{replayed}");
}

#[test]
fn a_journal_in_which_something_else_is_written_is_found_out_by_its_line() {
    let (_, text) = recorded(3);
    let mut lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().rposition(|line| line.contains("PeerBytes")).expect("bytes came");
    let stranger = lines[at].replace("\"node\":3", "\"node\":9");
    lines[at] = &stranger;
    let error = replay(&lines.join("\n")).expect_err("a node that nobody opened");
    assert!(matches!(error, ReplayError::Unopened { line, .. } if line == at + 1), "{error}");
    let output = lines.iter().position(|line| line.contains("\"digest\":\"")).expect("an output");
    let (head, digest) = lines[output].split_once("\"digest\":\"").expect("its digest");
    let forged = format!("{head}\"digest\":\"{:0<16}{}", "", &digest[16..]);
    lines[output] = &forged;
    let error = replay(&lines.join("\n")).expect_err("an output that was not given");
    assert!(matches!(&error, ReplayError::Differs { line, .. } if *line == output + 1), "{error}");
}
