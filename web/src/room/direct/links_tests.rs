//! Two browsers with a relay and a channel between them, each as slow as it likes.

use super::*;
use terrarium_link::direct::pieces;
use terrarium_link::{Address, Body, Frame, Role};

const A: Place = [10, 1, 0, 1];
const B: Place = [10, 1, 0, 2];

fn frame(from: Place, to: Place, number: u64) -> Vec<u8> {
    let address = |ip| Address { ip, port: 3000 };
    let header = Header { role: Role::Opener, from: address(from), to: address(to), opener: 1, acceptor: 2 };
    Frame { header, body: Body::Credit { offset: number } }.encode()
}

/// What the relay has for a browser.
enum Relayed {
    Frame(Vec<u8>),
    Signal(Signal),
}

/// A browser, and what is under way to it.
struct End {
    place: Place,
    links: Links,
    relayed: VecDeque<Relayed>,
    channel: VecDeque<Vec<u8>>,
    /// The attempt of its connection, while it has one.
    connection: Option<u32>,
    heard: Vec<Vec<u8>>,
    ended: usize,
    by_relay: usize,
}

impl End {
    fn new(place: Place, supported: bool) -> Self {
        let mut links = Links::new(u32::from(place[3]) * 1_000, supported);
        links.set_own(place);
        Self {
            place,
            links,
            relayed: VecDeque::new(),
            channel: VecDeque::new(),
            connection: None,
            heard: Vec::new(),
            ended: 0,
            by_relay: 0,
        }
    }

    fn steps(&self) -> Vec<Step> {
        self.links.stories().flat_map(|(_, story)| story.steps().map(|(_, step)| step)).collect()
    }

    fn is_direct(&self) -> bool {
        self.links.stories().any(|(_, story)| story.is_direct())
    }
}

/// The two, and the time.
struct Pair {
    ends: [End; 2],
    now: f64,
    /// Whether the two reach each other at all.
    punches: bool,
}

impl Pair {
    fn new(supported: [bool; 2]) -> Self {
        Self { ends: [End::new(A, supported[0]), End::new(B, supported[1])], now: 0.0, punches: true }
    }

    fn send(&mut self, from: usize, number: u64) {
        let to = 1 - from;
        let frame = frame(self.ends[from].place, self.ends[to].place, number);
        if let Some(frame) = self.ends[from].links.send(frame) {
            self.ends[to].relayed.push_back(Relayed::Frame(frame));
            self.ends[to].by_relay += 1;
        }
        self.act(from);
    }

    /// Does what an end asks for, as a browser would.
    fn act(&mut self, at: usize) {
        let (place, other) = (self.ends[at].place, 1 - at);
        while let Some(act) = self.ends[at].links.next_act() {
            match act {
                Act::Tell(_, signal) => self.ends[other].relayed.push_back(Relayed::Signal(signal)),
                Act::Offer(to, attempt) | Act::Answer(to, attempt, _) => {
                    self.ends[at].connection = Some(attempt);
                    self.ends[at].channel.clear();
                    for news in [
                        News::Described("sdp".to_owned()),
                        News::Candidate(0, "c".to_owned()),
                        News::Gathered,
                    ] {
                        self.ends[at].links.hear_connection(to, attempt, news, self.now);
                    }
                }
                Act::Accept(..) | Act::Candidate(..) => {}
                Act::Send(_, frame) => {
                    if self.ends[other].connection == self.ends[at].connection {
                        self.ends[other].channel.extend(pieces(&frame));
                    }
                }
                Act::Close(_) => {
                    self.ends[at].connection = None;
                    self.ends[at].channel.clear();
                }
                Act::EndSessions(_) => self.ends[at].ended += 1,
                Act::Deliver(port, frame) => {
                    assert_eq!((port, Header::decode(&frame).unwrap().to.ip), (3000, place));
                    self.ends[at].heard.push(frame);
                }
            }
        }
    }

    /// One message of the relay.
    fn relay(&mut self, at: usize) -> bool {
        let from = self.ends[1 - at].place;
        let Some(message) = self.ends[at].relayed.pop_front() else { return false };
        let now = self.now;
        match message {
            Relayed::Frame(frame) => self.ends[at].links.hear_relay(&frame, now),
            Relayed::Signal(signal) => self.ends[at].links.hear_signal(from, signal, now),
        }
        self.act(at);
        true
    }

    fn news(&mut self, at: usize, news: News) {
        let from = self.ends[1 - at].place;
        if let Some(attempt) = self.ends[at].connection {
            self.ends[at].links.hear_connection(from, attempt, news, self.now);
            self.act(at);
        }
    }

    fn channel(&mut self, at: usize) -> bool {
        let Some(message) = self.ends[at].channel.pop_front() else { return false };
        self.news(at, News::Message(message));
        true
    }

    fn reach(&self) -> bool {
        let [a, b] = &self.ends;
        self.punches && a.connection.is_some() && a.connection == b.connection
    }

    /// Until nothing more happens.
    fn settle(&mut self) {
        loop {
            let mut busy = false;
            for at in [0, 1] {
                busy |= self.relay(at);
                busy |= self.channel(at);
            }
            if self.reach() && self.ends.iter().all(|end| end.relayed.is_empty()) {
                for at in [0, 1] {
                    let before = self.ends[at].steps();
                    self.news(at, News::Open);
                    busy |= self.ends[at].steps() != before;
                }
            }
            if !busy {
                return;
            }
        }
    }

    fn pass(&mut self, ms: f64) {
        self.now += ms;
        for at in [0, 1] {
            let now = self.now;
            self.ends[at].links.tick(now);
            self.act(at);
        }
    }

    fn made_direct() -> Self {
        let mut pair = Self::new([true, true]);
        pair.send(1, 0);
        pair.settle();
        assert!(pair.ends.iter().all(End::is_direct));
        pair
    }
}

#[test]
fn whoever_speaks_first_the_smaller_address_proposes_and_both_end_up_direct() {
    for speaker in [0, 1] {
        let mut pair = Pair::new([true, true]);
        pair.send(speaker, 0);
        pair.settle();
        pair.send(1 - speaker, 0);
        pair.settle();
        let first =
            [Step::Began, Step::Offered, Step::Gathered(1), Step::Answered, Step::Punched, Step::Direct];
        assert_eq!(pair.ends[0].steps(), first);
        let second = [Step::Began, Step::Answered, Step::Gathered(1), Step::Punched, Step::Direct];
        assert_eq!(pair.ends[1].steps(), second);
        let before = pair.ends.iter().map(|end| end.by_relay).sum::<usize>();
        for number in 1..100 {
            pair.send(0, number);
            pair.send(1, number);
        }
        pair.settle();
        assert_eq!(pair.ends.iter().map(|end| end.by_relay).sum::<usize>(), before, "the relay has left");
        let expected: Vec<Vec<u8>> = (1..100).map(|number| frame(A, B, number)).collect();
        assert!(pair.ends[1].heard.ends_with(&expected), "in order");
        assert_eq!([pair.ends[0].ended, pair.ends[1].ended], [0, 0], "and no session ended for it");
    }
}

#[test]
fn frames_do_not_overtake_each_other_however_slow_the_relay_is() {
    let mut pair = Pair::new([true, true]);
    pair.send(1, 0);
    pair.relay(0);
    pair.send(0, 0);
    while pair.ends[1].connection.is_none() {
        pair.relay(1);
    }
    while pair.ends[1].relayed.len() + pair.ends[0].relayed.len() > 0 {
        pair.relay(0);
        pair.relay(1);
    }
    pair.send(0, 1);
    pair.news(0, News::Open);
    pair.send(0, 2);
    assert!(pair.channel(1), "the channel is the faster one");
    assert_eq!(pair.ends[1].heard, [frame(A, B, 0)]);
    pair.settle();
    assert_eq!(pair.ends[1].heard, [0, 1, 2].map(|number| frame(A, B, number)));
}

#[test]
fn a_channel_that_is_lost_ends_the_sessions_on_both_sides_and_the_relay_carries_on() {
    let mut pair = Pair::made_direct();
    pair.punches = false;
    pair.news(1, News::Closed);
    assert_eq!(pair.ends[1].ended, 1);
    pair.settle();
    assert_eq!(pair.ends[0].ended, 1);
    assert_eq!(pair.ends[0].steps().last(), Some(&Step::Back(Why::OtherEnd)));
    assert_eq!(pair.ends[1].steps().last(), Some(&Step::Back(Why::Closed)));
    pair.send(0, 7);
    pair.send(1, 7);
    pair.settle();
    assert_eq!(pair.ends[1].heard.last(), Some(&frame(A, B, 7)));
    assert_eq!(pair.ends[0].heard.last(), Some(&frame(B, A, 7)));
}

#[test]
fn an_end_that_speaks_by_the_relay_again_has_lost_the_channel() {
    let mut pair = Pair::made_direct();
    pair.news(1, News::Closed);
    // The word that it has given up does not come through.
    pair.ends[0].relayed.clear();
    pair.send(1, 7);
    pair.relay(0);
    assert_eq!(pair.ends[0].ended, 1, "before the frame is handed on");
    assert_eq!(pair.ends[0].heard.last(), Some(&frame(B, A, 7)));
}

#[test]
fn what_does_not_get_through_in_time_is_left_to_the_relay_and_tried_again_ever_more_seldom() {
    let mut pair = Pair::new([true, true]);
    pair.punches = false;
    let mut attempts = 0;
    for _ in 0..3_600 {
        let before = pair.ends[0].links.last_attempt;
        pair.send(1, 0);
        pair.settle();
        attempts += pair.ends[0].links.last_attempt - before;
        pair.settle();
        pair.pass(1_000.0);
    }
    assert!((10..20).contains(&attempts), "{attempts} in an hour");
    assert_eq!([pair.ends[0].ended, pair.ends[1].ended], [0, 0], "no frame was at stake");
    pair.punches = true;
    pair.pass(PATIENCE_MS);
    pair.pass(PAUSE_MS.1);
    pair.send(1, 0);
    pair.settle();
    assert!(pair.ends[0].is_direct());
}

#[test]
fn a_browser_without_webrtc_is_reached_by_the_relay_and_asked_once() {
    let mut pair = Pair::new([true, false]);
    for _ in 0..100 {
        pair.send(1, 0);
        pair.settle();
        pair.pass(PAUSE_MS.1);
    }
    assert_eq!(pair.ends[0].links.last_attempt, 1_001);
    assert_eq!(pair.ends[0].steps().last(), Some(&Step::Back(Why::OtherUnsupported)));
    assert_eq!(pair.ends[1].steps(), [Step::Back(Why::Unsupported)]);
    assert_eq!(pair.ends[0].heard.len(), 100);
    let mut pair = Pair::new([false, true]);
    pair.send(1, 0);
    pair.settle();
    assert_eq!(pair.ends[0].steps(), [Step::Back(Why::Unsupported)]);
    assert_eq!(pair.ends[0].links.last_attempt, 1_000);
}

#[test]
fn what_is_switched_off_is_closed_and_refused_until_it_is_switched_on_again() {
    let mut pair = Pair::made_direct();
    let now = pair.now;
    pair.ends[1].links.allow(false, now);
    pair.act(1);
    pair.settle();
    assert_eq!(pair.ends[1].steps().last(), Some(&Step::Back(Why::Off)));
    pair.pass(PAUSE_MS.1);
    pair.send(1, 1);
    pair.settle();
    assert!(!pair.ends[0].is_direct());
    let now = pair.now;
    pair.ends[1].links.allow(true, now);
    pair.pass(PAUSE_MS.1);
    pair.send(1, 2);
    pair.settle();
    assert!(pair.ends.iter().all(End::is_direct));
}

#[test]
fn a_page_that_was_loaded_anew_is_introduced_anew() {
    let mut pair = Pair::made_direct();
    pair.pass(OFFERS_MS);
    let mut anew = End::new(A, true);
    anew.links.last_attempt = 77;
    pair.ends[0] = anew;
    // It has sent a frame by the relay, and so shows that it knows nothing of the channel.
    pair.send(0, 1);
    pair.settle();
    pair.send(1, 1);
    pair.settle();
    assert!(pair.ends.iter().all(End::is_direct));
    assert_eq!(pair.ends[1].ended, 1, "the sessions of the page before");
}

#[test]
fn proposals_from_the_wrong_end_out_of_turn_or_of_another_attempt_are_ignored() {
    let mut pair = Pair::made_direct();
    let offer = Signal { attempt: 9, body: SignalBody::Offer("sdp".to_owned()) };
    pair.ends[0].links.hear_signal(B, offer.clone(), 0.0);
    assert_eq!(pair.ends[0].links.next_act(), None, "the larger address does not propose");
    for body in [SignalBody::Switched, SignalBody::No(NoReason::Failed), SignalBody::Answer(String::new())] {
        pair.ends[0].links.hear_signal(B, Signal { attempt: 9, body }, 0.0);
        assert_eq!(pair.ends[0].links.next_act(), None);
    }
    pair.ends[1].links.hear_signal(A, offer, 0.0);
    let refused = Signal { attempt: 9, body: SignalBody::No(NoReason::Failed) };
    assert_eq!(pair.ends[1].links.next_act(), Some(Act::Tell(A, refused)), "it came too soon");
    assert!(pair.ends[1].is_direct());
}

#[test]
fn a_channel_carries_frames_of_its_two_ends_alone() {
    for strange in [frame([10, 1, 0, 3], B, 1), frame(A, [10, 1, 0, 3], 1), vec![1, 2, 3]] {
        let mut pair = Pair::made_direct();
        let heard = pair.ends[1].heard.len();
        let piece = pieces(&strange).next().unwrap();
        pair.news(1, News::Message(piece));
        assert_eq!(pair.ends[1].steps().last(), Some(&Step::Back(Why::Strange)));
        assert_eq!((pair.ends[1].heard.len(), pair.ends[1].ended), (heard, 1));
    }
}

#[test]
fn no_more_than_so_many_links_are_direct_at_a_time() {
    let mut links = Links::new(0, true);
    links.set_own([10, 1, 0, 1]);
    for number in 0..100 {
        links.hear_relay(&frame([10, 1, 1, number], [10, 1, 0, 1], 1), 0.0);
    }
    let offers = std::iter::from_fn(|| links.next_act()).filter(|act| matches!(act, Act::Offer(..)));
    assert_eq!(offers.count(), MAX_LINKS);
    let back =
        links.stories().filter(|(_, story)| story.steps().any(|(_, step)| step == Step::Back(Why::TooMany)));
    assert_eq!(back.count(), 100 - MAX_LINKS);
}

#[test]
fn no_more_than_so_many_addresses_of_the_other_end_are_tried_and_those_beyond_are_counted() {
    let mut pair = Pair::new([true, true]);
    pair.punches = false;
    pair.send(1, 0);
    pair.settle();
    let Some(attempt) = pair.ends[0].connection else { panic!("an attempt goes on") };
    let links = &mut pair.ends[0].links;
    let candidate = || SignalBody::Candidate { line: 0, text: "candidate:1".to_owned() };
    let mut tried = 0;
    for _ in 0..MAX_CANDIDATES + 30 {
        links.hear_signal(B, Signal { attempt, body: candidate() }, 1.0);
        while let Some(act) = links.next_act() {
            assert!(matches!(act, Act::Candidate(B, 0, _)), "{act:?}");
            tried += 1;
        }
    }
    let ignored = |end: &End| {
        end.steps().into_iter().filter(|step| matches!(step, Step::Ignored(_))).collect::<Vec<_>>()
    };
    let told = MAX_CANDIDATES + 30 - tried;
    assert!(tried <= MAX_CANDIDATES && ignored(&pair.ends[0]) == [Step::Ignored(told)], "{tried} tried");
    pair.pass(PATIENCE_MS);
    pair.pass(PAUSE_MS.0);
    pair.send(1, 1);
    pair.settle();
    let Some(attempt) = pair.ends[0].connection else { panic!("another attempt goes on") };
    pair.ends[0].links.hear_signal(B, Signal { attempt, body: candidate() }, pair.now);
    assert!(matches!(pair.ends[0].links.next_act(), Some(Act::Candidate(..))), "it has a measure of its own");
}
