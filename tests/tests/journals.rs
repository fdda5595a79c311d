//! The journal of one node, as a worker writes it: whole, full, broken off, changed.

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::rc::Rc;
use terrarium_core::consensus::Preset;
use terrarium_core::interface::{Command, NodeConfig, NodeId, RequestId, Role, SyncMode};
use terrarium_core::mining;
use terrarium_core::node::journal::{JournalEnd, Opening, RecordedNode, Recorder};
use terrarium_core::node::{Cost, Entropy, Input, Loaded, Output};
use terrarium_core::time::{Mono, Time, UnixTime};
use terrarium_tests::sim::{ReplayError, Replayed, replay};

const NODE: NodeId = NodeId(3000);

/// Rounds of the recorded life; it comes to rest before.
const ROUNDS: u64 = 200;

/// Bounds that a journal is held to, less one.
const PLACES: u64 = 20;

/// A node that makes a key and mines two blocks, in a browser of a relay's room, recorded up to `most` bytes.
fn recorded(most: u64) -> String {
    let text = Rc::new(RefCell::new(String::new()));
    let to = Rc::clone(&text);
    let recorder = Recorder::bounded(Box::new(move |line| to.borrow_mut().push_str(line)), most);
    let recorder = Rc::new(RefCell::new(recorder));
    let config = NodeConfig {
        id: NODE,
        role: Role::Full,
        network: Some(Preset::Classroom),
        sync: SyncMode::Headers,
        connect: Vec::new(),
    };
    let opening = Opening {
        class: None,
        host: Ipv4Addr::new(10, 1, 2, 3),
        config,
        entropy: Entropy { node: [1; 32], wallet: [2; 32] },
        loaded: Loaded::default(),
    };
    let (mut node, _) =
        RecordedNode::open(opening, Some(Rc::clone(&recorder))).expect("an empty store opens");
    node.handle(Input::Command { id: RequestId(1), command: Command::CreateWallet { label: None } });
    node.handle(Input::Command { id: RequestId(2), command: Command::Generate { blocks: 2, address: None } });
    for round in 1..ROUNDS {
        let now = Time { mono: Mono(round * 10_000), unix: UnixTime(1_767_225_600) };
        let mut busy = true;
        while busy {
            busy = node.step(now, Cost(4_000));
            while let Some(output) = node.poll() {
                answer(&mut node, output);
            }
        }
    }
    assert!(node.is_settled());
    recorder.borrow_mut().finish();
    text.take()
}

fn answer(node: &mut RecordedNode, output: Output) {
    match output {
        Output::Commit(batch) => drop(node.handle(Input::BatchCommitted { id: batch.id })),
        Output::Mine(job) => {
            let nonce = mining::search(&job.header, &job.target, job.header.nonce, 1 << 32);
            let nonce = nonce.expect("the easiest target is met");
            node.handle(Input::NonceFound { job: job.id, nonce });
        }
        _ => {}
    }
}

fn whole() -> String {
    recorded(u64::MAX)
}

#[test]
fn the_journal_of_a_node_is_replayed_to_its_end() {
    let text = whole();
    let Replayed { lives, inputs, outputs, full, .. } = replay(&text).expect("the node does what is written");
    assert_eq!((lives, full), (1, 0));
    assert!(inputs > 5 && outputs > 10, "{inputs} inputs, {outputs} outputs");
}

#[test]
fn a_full_journal_is_replayed_up_to_its_bound() {
    let length = whole().len() as u64;
    // Wherever the bound falls, within a step too, and before there is room for what the node was made of.
    let within = (1..PLACES).map(|place| 2_000 + (length - 2_100) * place / PLACES);
    for most in std::iter::once(300).chain(within) {
        let text = recorded(most);
        assert!(text.len() as u64 <= most);
        let replayed = replay(&text).unwrap_or_else(|error| panic!("{most} bytes: {error}"));
        assert_eq!(replayed.full, 1);
        assert!(replayed.to_string().ends_with("the journal of 1 ended because it was full"), "{replayed}");
    }
}

#[test]
fn a_journal_that_was_cut_short_is_told_from_a_whole_one_by_its_last_line() {
    let text = whole();
    let lines: Vec<&str> = text.lines().collect();
    for left in 2..lines.len() {
        let error = replay(&lines[..left].join("\n")).expect_err("its end is missing");
        assert_eq!(error, ReplayError::CutShort { line: left, node: NODE });
    }
    let within = &text[..text.len() - 5];
    let error = replay(within).expect_err("its last line is broken").to_string();
    assert!(error.starts_with(&format!("line {}: '{{\"node\":3000", lines.len())), "{error}");
}

#[test]
fn what_a_failed_node_did_in_its_last_step_may_be_missing() {
    let text = whole();
    let lines: Vec<&str> = text.lines().collect();
    let output = lines.iter().position(|line| line.contains("\"Output\"")).expect("an output");
    let ended = |end: JournalEnd| format!("{}\n{}", lines[..output].join("\n"), end.line(NODE));
    assert!(replay(&ended(JournalEnd::Failed)).is_ok());
    let error = replay(&ended(JournalEnd::Closed)).expect_err("an output is missing");
    assert!(matches!(error, ReplayError::Differs { line, .. } if line == output + 1), "{error}");
}

#[test]
fn nothing_is_written_of_a_node_after_its_end() {
    let text = whole();
    let input = text.lines().find(|line| line.contains("\"Input\"")).expect("an input");
    let error = replay(&format!("{text}{input}")).expect_err("it follows the end");
    assert_eq!(error, ReplayError::Unopened { line: text.lines().count() + 1, node: NODE });
}
