//! What fuzzers run: for everything that a relay, a browser or a node reads of others, a function that takes any bytes and
//! panics where something is wrong that must never be. Each has a corpus to start from; the tests replay it.
//!
//! `fuzz/` at the top of the repository hands these functions to libFuzzer, beside those of core.

use crate::room::{
    Beginning, ClassNews, ClassWish, End, Lesson, MAX_NODES, NodeEntry, Pass, ROOM_VERSION, Refusal,
    RoomCode, Secret, Settings, Team, ToBrowser, ToRelay, frame_of, wrap_frame,
};
use crate::{Address, Body, CloseReason, Frame, Header, Role};

/// A function for fuzzers.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is the binary's in `fuzz/`.
    pub name: &'static str,
    /// Reads any bytes; panics where what it tries is broken.
    pub run: fn(&[u8]),
    /// Inputs that reach far into it.
    pub corpus: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const TARGETS: [Target; 2] = [
    Target { name: "room_message", run: room_message, corpus: room_messages },
    Target { name: "session_frame", run: session_frame, corpus: session_frames },
];

/// What is a message of a room is written as it was read, is for one side alone, and is no frame.
pub fn room_message(data: &[u8]) {
    let version = ToRelay::version_of(data);
    let (to_relay, to_browser) = (ToRelay::decode(data), ToBrowser::decode(data));
    if let Ok(message) = &to_relay {
        assert_eq!(message.encode(), data);
        if let ToRelay::Create { version: named, .. } | ToRelay::Join { version: named, .. } = message {
            assert_eq!(version, Some(*named));
        }
    }
    if let Ok(message) = &to_browser {
        assert_eq!(message.encode(), data);
    }
    let kinds = [to_relay.is_ok(), to_browser.is_ok(), frame_of(data).is_some()];
    assert!(kinds.into_iter().filter(|kind| *kind).count() <= 1, "{kinds:?}");
}

/// What is a frame is written as it was read, whole or by its header alone, and travels to a relay and out of it unchanged.
pub fn session_frame(data: &[u8]) {
    let header = Header::decode(data);
    if let Ok(frame) = Frame::decode(data) {
        assert_eq!(header, Ok(frame.header));
        assert_eq!(frame.encode(), data);
    }
    assert_eq!(frame_of(&wrap_frame(data)), Some(data));
}

fn room_messages() -> Vec<Vec<u8>> {
    let (code, version) = (RoomCode::from_number(1), ROOM_VERSION);
    let (secret, name) = (Secret([7; 16]), "王小明".to_owned());
    let pass = Pass { address: [10, 1, 0, 2], proof: secret };
    let node = |port| NodeEntry { port, network: "regtest/0f9188f1".to_owned() };
    let nodes: Vec<NodeEntry> = (3_000..).take(MAX_NODES).map(node).collect();
    let settings = Settings { mining: true, khs: 5, locked: true };
    let teams = vec![Team { name: "红队".to_owned(), members: vec![pass.address] }];
    let lesson = Lesson { frozen: true, teams };
    let beginning = Some(Beginning { block_time: 20, khs: 400, unix: 1_800_000_000 });
    let to_relay = [
        ToRelay::Create { version, page: 1, by_hand: true, block_time: 20, name: name.clone() },
        ToRelay::Join { version, page: 1, code, pass: Some(pass), token: Some(secret), name: name.clone() },
        ToRelay::Join { version, page: 1, code, pass: None, token: None, name: String::new() },
        ToRelay::Nodes(nodes.clone()),
        ToRelay::Share(vec![1; 300]),
        ToRelay::Set(settings),
        ToRelay::Remove(pass.address),
        ToRelay::Class(ClassWish::Reset(60)),
        ToRelay::Class(ClassWish::Advance(1_800_000_000)),
        ToRelay::Class(ClassWish::Arrange(lesson.clone())),
    ];
    let urls = vec!["http://10.0.0.5:8080/".to_owned(), "https://relay.example/terrarium/".to_owned()];
    let token = Some(secret);
    let to_browser = [
        ToBrowser::Welcome { version, code, pass, token, unix_ms: 1, by_hand: false, urls },
        ToBrowser::Refused(Refusal::Locked),
        ToBrowser::Member { address: pass.address, teacher: true, name, nodes },
        ToBrowser::Gone(pass.address),
        ToBrowser::Time { room_ms: u64::MAX, stands: true, relay_ms: 1 },
        ToBrowser::Chain(vec![2; 300]),
        ToBrowser::End(End::Removed),
        ToBrowser::Settings(settings),
        ToBrowser::Class(ClassNews::Lesson { epoch: 3, beginning, lesson: lesson.clone() }),
        ToBrowser::Class(ClassNews::Lesson { epoch: 0, beginning: None, lesson }),
    ];
    let to_relay = to_relay.iter().map(ToRelay::encode);
    let mut messages: Vec<Vec<u8>> = to_relay.chain(to_browser.iter().map(ToBrowser::encode)).collect();
    messages.extend(session_frames().iter().map(|frame| wrap_frame(frame)));
    messages
}

fn session_frames() -> Vec<Vec<u8>> {
    let address = |host, port| Address { ip: [10, 1, 0, host], port };
    let opener =
        Header { role: Role::Opener, from: address(2, 3_001), to: address(1, 3_000), opener: 1, acceptor: 2 };
    let asking = Header { acceptor: 0, ..opener };
    let acceptor = Header { role: Role::Acceptor, from: opener.to, to: opener.from, ..opener };
    let frames = [
        Frame { header: asking, body: Body::Open { credit: 65_536 } },
        Frame { header: acceptor, body: Body::Accept { credit: u64::MAX } },
        Frame { header: opener, body: Body::Data { sequence: 0, payload: b"version" } },
        Frame { header: acceptor, body: Body::Credit { offset: 131_072 } },
        Frame { header: opener, body: Body::Probe { sequence: u32::MAX } },
        Frame { header: asking, body: Body::Close { reason: CloseReason::Gone } },
    ];
    frames.iter().map(Frame::encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_of_every_target_breaks_nothing_cut_short_and_changed() {
        for Target { run, corpus, .. } in TARGETS {
            for input in corpus() {
                run(&input);
                for at in 0..input.len() {
                    run(&input[..at]);
                    for bit in 0..8 {
                        let mut changed = input.clone();
                        changed[at] ^= 1 << bit;
                        run(&changed);
                    }
                }
            }
        }
    }

    #[test]
    fn the_corpus_holds_what_reads_back_and_every_kind_of_it() {
        let messages = room_messages();
        let read = |bytes: &&Vec<u8>| {
            ToRelay::decode(bytes).is_ok() || ToBrowser::decode(bytes).is_ok() || frame_of(bytes).is_some()
        };
        assert_eq!(messages.iter().filter(read).count(), messages.len());
        assert!(session_frames().iter().all(|frame| Frame::decode(frame).is_ok()));
    }
}
