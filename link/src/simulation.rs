//! Two endpoints over a channel that loses, doubles and reorders frames and carries garbage: whatever happens, what
//! arrives of a stream is a prefix of it, and no end is left with half of a session.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::*;

const ADDRESSES: [Address; 2] = [Address::loopback(3000), Address::loopback(3001)];

/// One thing that happens to the two ends or to the channel between them.
#[derive(Clone, Debug)]
enum Event {
    Open(usize),
    Send(usize, usize),
    Close(usize, usize),
    Consume(usize),
    Deliver(usize, usize),
    Lose(usize, usize),
    Double(usize, usize),
    Garbage(usize, Vec<u8>),
    Wait(u64),
}

fn orderly() -> impl Strategy<Value = Event> {
    let side = 0..2_usize;
    prop_oneof![
        1 => side.clone().prop_map(Event::Open),
        6 => (side.clone(), 1..200_usize).prop_map(|(side, len)| Event::Send(side, len)),
        3 => side.clone().prop_map(Event::Consume),
        8 => side.prop_map(|side| Event::Deliver(side, 0)),
        1 => (0..300_u64).prop_map(Event::Wait),
    ]
}

fn lossy() -> impl Strategy<Value = Event> {
    let side = 0..2_usize;
    let frame = (side.clone(), 0..4_usize);
    prop_oneof![
        12 => orderly(),
        2 => frame.clone().prop_map(|(side, index)| Event::Deliver(side, index)),
        1 => frame.clone().prop_map(|(side, index)| Event::Lose(side, index)),
        1 => frame.clone().prop_map(|(side, index)| Event::Double(side, index)),
        1 => frame.prop_map(|(side, index)| Event::Close(side, index)),
        1 => (side, vec(any::<u8>(), 0..60)).prop_map(|(side, bytes)| Event::Garbage(side, bytes)),
        1 => (0..3_000_u64).prop_map(Event::Wait),
    ]
}

/// A stream starts with its tag, which no other stream has; what follows is made of tag and offset.
fn stream_byte(tag: u8, offset: usize) -> u8 {
    if offset == 0 { tag } else { (offset.wrapping_mul(31) ^ usize::from(tag)).to_le_bytes()[0] }
}

#[derive(Debug, Default)]
struct Stream {
    tag: u8,
    sent: usize,
    heard: Option<u8>,
    received: usize,
    unconsumed: usize,
}

struct End {
    endpoint: Endpoint,
    alive: BTreeMap<SessionId, Stream>,
    closed: Vec<CloseReason>,
}

struct Simulation {
    ends: [End; 2],
    /// Frames on their way to each end.
    channels: [Vec<Vec<u8>>; 2],
    now: Duration,
    last_tag: u8,
    window: usize,
}

impl Simulation {
    fn new() -> Self {
        let limits = Limits { payload: 50, window: 300, send_queue: 400, ..Limits::default() };
        let window = 300;
        let end = |side: usize| End {
            endpoint: Endpoint::new(ADDRESSES[side], side as u64 * 1_000, limits.clone()),
            alive: BTreeMap::new(),
            closed: Vec::new(),
        };
        let now = Duration::ZERO;
        Self { ends: [end(0), end(1)], channels: [Vec::new(), Vec::new()], now, last_tag: 0, window }
    }

    /// Lets the events happen and everything settle, then sends one byte more on each session (which shows a loss
    /// that nothing has shown yet), and checks what both ends are left with.
    fn run(events: &[Event]) -> Self {
        let mut simulation = Self::new();
        events.iter().for_each(|event| simulation.apply(event));
        simulation.settle();
        simulation.apply(&Event::Send(0, 1));
        simulation.apply(&Event::Send(1, 1));
        simulation.settle();
        simulation.assert_whole();
        simulation
    }

    fn apply(&mut self, event: &Event) {
        match *event {
            Event::Open(side) => self.open(side),
            Event::Send(side, len) => self.send_on_all(side, len),
            Event::Close(side, nth) => {
                let end = &mut self.ends[side];
                if let Some(session) = end.alive.keys().copied().nth(nth) {
                    end.alive.remove(&session);
                    end.endpoint.close(session);
                }
            }
            Event::Consume(side) => self.consume(side),
            Event::Deliver(side, index) => {
                if index < self.channels[side].len() {
                    let frame = self.channels[side].remove(index);
                    self.ends[side].endpoint.handle_frame(self.now, frame);
                }
            }
            Event::Lose(side, index) => {
                if index < self.channels[side].len() {
                    self.channels[side].remove(index);
                }
            }
            Event::Double(side, index) => {
                if let Some(frame) = self.channels[side].get(index).cloned() {
                    self.channels[side].push(frame);
                }
            }
            Event::Garbage(side, ref bytes) => self.channels[side].push(bytes.clone()),
            Event::Wait(millis) => self.wait(millis),
        }
        self.drain();
    }

    fn open(&mut self, side: usize) {
        if self.last_tag < 200 {
            let session = self.ends[side].endpoint.open(self.now, ADDRESSES[1 - side]).unwrap();
            self.begin(side, session);
        }
    }

    fn begin(&mut self, side: usize, session: SessionId) {
        self.last_tag += 1;
        let stream = Stream { tag: self.last_tag, ..Stream::default() };
        self.ends[side].alive.insert(session, stream);
    }

    fn send_on_all(&mut self, side: usize, len: usize) {
        let End { endpoint, alive, .. } = &mut self.ends[side];
        for (session, stream) in alive {
            let bytes: Vec<u8> =
                (stream.sent..stream.sent + len).map(|offset| stream_byte(stream.tag, offset)).collect();
            stream.sent += endpoint.send(self.now, *session, &bytes).unwrap();
        }
    }

    fn consume(&mut self, side: usize) {
        let End { endpoint, alive, .. } = &mut self.ends[side];
        for (session, stream) in alive {
            endpoint.consume(*session, std::mem::take(&mut stream.unconsumed));
        }
    }

    fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        for end in &mut self.ends {
            if end.endpoint.next_wakeup().is_some_and(|due| due <= self.now) {
                end.endpoint.handle_timeout(self.now);
            }
            assert!(end.endpoint.next_wakeup().is_none_or(|due| due > self.now));
        }
    }

    fn drain(&mut self) {
        for side in 0..2 {
            while let Some(output) = self.ends[side].endpoint.poll() {
                self.note(side, output);
            }
        }
    }

    fn note(&mut self, side: usize, output: Output) {
        match output {
            Output::Transmit { to, frame } => {
                assert_eq!(to, ADDRESSES[1 - side]);
                self.channels[1 - side].push(frame);
            }
            Output::Accepted { session, from } => {
                assert_eq!(from, ADDRESSES[1 - side]);
                self.begin(side, session);
            }
            Output::Data { session, bytes } => {
                let window = self.window;
                let stream = self.ends[side].alive.get_mut(&session).expect("no data after the end");
                for &byte in bytes.iter() {
                    let tag = *stream.heard.get_or_insert(byte);
                    assert_eq!(byte, stream_byte(tag, stream.received), "not a prefix of the stream");
                    stream.received += 1;
                }
                stream.unconsumed += bytes.len();
                assert!(stream.unconsumed <= window, "credit overrun");
            }
            Output::Closed { session, reason } => {
                self.ends[side].alive.remove(&session).expect("an end comes once");
                self.ends[side].closed.push(reason);
            }
            Output::Opened { session } | Output::Writable { session } => {
                assert!(self.ends[side].alive.contains_key(&session));
            }
        }
    }

    /// Lets everything that is under way arrive, in order, and time pass, until nothing moves.
    fn settle(&mut self) {
        for _ in 0..20 {
            while self.channels.iter().any(|channel| !channel.is_empty()) {
                for side in 0..2 {
                    self.apply(&Event::Deliver(side, 0));
                    self.apply(&Event::Consume(side));
                }
            }
            self.apply(&Event::Wait(1_000));
        }
    }

    /// What an end that is alive has sent, the other end has, on one session that is alive too.
    fn assert_whole(&self) {
        for side in 0..2 {
            for (session, stream) in &self.ends[side].alive {
                assert_eq!(self.ends[side].endpoint.queued(*session), 0);
                let others = &self.ends[1 - side].alive;
                let other = others.values().find(|other| other.heard == Some(stream.tag));
                assert_eq!(other.map(|other| other.received), Some(stream.sent));
            }
        }
        assert_eq!(self.ends[0].alive.len(), self.ends[1].alive.len());
    }
}

proptest! {
    #[test]
    fn a_channel_that_keeps_order_delivers_every_byte(events in vec(orderly(), 0..300)) {
        let simulation = Simulation::run(&events);
        for end in &simulation.ends {
            prop_assert!(end.closed.iter().all(|reason| *reason == CloseReason::Timeout));
        }
    }

    #[test]
    fn loss_doubling_and_reordering_leave_a_prefix_or_close_both_ends(events in vec(lossy(), 0..300)) {
        let simulation = Simulation::run(&events);
        for end in &simulation.ends {
            prop_assert!(!end.closed.contains(&CloseReason::CreditExceeded));
        }
    }

    #[test]
    fn any_bytes_decode_to_themselves_or_to_an_error(mut bytes in vec(any::<u8>(), 0..80), tame in any::<bool>()) {
        if tame && bytes.len() > 3 {
            (bytes[0], bytes[1], bytes[2]) = (1, bytes[1] % 8, bytes[2] % 2);
        }
        if let Ok(frame) = Frame::decode(&bytes) {
            prop_assert_eq!(frame.encode(), bytes);
        }
    }

    #[test]
    fn a_damaged_frame_never_panics_an_endpoint(
        kind in 1..7_u8, at in 0..60_usize, value in any::<u8>(), cut in 0..60_usize
    ) {
        let mut simulation = Simulation::new();
        simulation.apply(&Event::Open(0));
        simulation.settle();
        let header = Header { role: Role::Opener, from: ADDRESSES[0], to: ADDRESSES[1], opener: 1, acceptor: 1_001 };
        let body = match kind {
            1 => Body::Open { credit: 0 },
            2 => Body::Accept { credit: u64::MAX },
            3 => Body::Data { sequence: 0, payload: &[1, 2, 3] },
            4 => Body::Credit { offset: u64::MAX },
            5 => Body::Probe { sequence: 7 },
            _ => Body::Close { reason: CloseReason::Gap },
        };
        let mut frame = Frame { header, body }.encode();
        if let Some(byte) = frame.get_mut(at) {
            *byte = value;
        }
        frame.truncate(frame.len().min(cut));
        let endpoint = &mut simulation.ends[1].endpoint;
        endpoint.handle_frame(Duration::ZERO, frame);
        let answers = std::iter::from_fn(|| endpoint.poll()).count();
        prop_assert!(answers <= 2);
    }
}
