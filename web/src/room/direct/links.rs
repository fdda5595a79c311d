//! The links from this browser to others of its room, each by the relay or direct: who proposes, how far it has come, and
//! what is done when it comes to nothing. Pure: what happens goes in, [`Act`]s come out.
//!
//! Of two browsers the one with the smaller address proposes, once a frame of the other one has come, so that two proposals
//! never meet. It names the attempt, and whatever speaks of another one is old and ignored.

use super::story::{Step, Story, Why};
use std::collections::VecDeque;
use terrarium_core::collections::BTreeMap;
use terrarium_link::Header;
use terrarium_link::direct::Path;
use terrarium_link::room::{NoReason, Signal, SignalBody};

/// A browser's address in the room.
pub(super) type Place = [u8; 4];

/// Direct links at a time, whatever their stage.
const MAX_LINKS: usize = 64;
/// Ways to reach the other end that one attempt tries: a machine with every kind of network has some ten.
const MAX_CANDIDATES: u32 = 64;
/// An attempt that is not direct by then has failed.
pub(super) const PATIENCE_MS: f64 = 15_000.0;
/// The pause after the first failure in a row, which doubles with each, and the longest.
const PAUSE_MS: (f64, f64) = (2_000.0, 300_000.0);
/// A link that was direct for so long has not failed when it ends.
const PROVEN_MS: f64 = 60_000.0;
/// Proposals of one browser that come faster are refused.
const OFFERS_MS: f64 = 500.0;

/// What is to be done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Have the relay tell it.
    Tell(Place, Signal),
    /// Make a connection and propose it.
    Offer(Place, u32),
    /// Make a connection that answers a proposal.
    Answer(Place, u32, String),
    /// The other end's answer, for the connection.
    Accept(Place, String),
    /// Where the other end may be reached, for the connection.
    Candidate(Place, u16, String),
    /// Send a frame by the channel.
    Send(Place, Vec<u8>),
    /// Close the connection.
    Close(Place),
    /// End all sessions with the browser's nodes.
    EndSessions(Place),
    /// Hand a frame to a node of this browser.
    Deliver(u16, Vec<u8>),
}

/// What the browser's connection to another one says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It has described itself.
    Described(String),
    /// It may be reached so.
    Candidate(u16, String),
    /// All ways to reach it are known.
    Gathered,
    /// The channel is up.
    Open,
    /// A message came by it.
    Message(Vec<u8>),
    /// It could not be made, has failed, or was closed.
    Closed,
}

/// All links.
#[derive(Debug)]
pub(super) struct Links {
    own: Place,
    /// Why this browser does without, if it does.
    without: Option<Why>,
    /// Bounded by the room's members: the relay brings frames and signals of those alone, and says who has gone.
    links: BTreeMap<Place, Link>,
    last_attempt: u32,
    /// Drained after each call.
    acts: VecDeque<Act>,
    /// A story changed since [`Links::take_changed`].
    changed: bool,
}

#[derive(Debug)]
struct Link {
    stage: Stage,
    attempt: u32,
    path: Path,
    story: Story,
    /// Ways to reach this end that the attempt has found.
    candidates: u32,
    /// Ways to reach the other end that it has named; those beyond [`MAX_CANDIDATES`] are ignored.
    told: u32,
    /// In a row.
    failures: u32,
    last_offer: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    /// The relay carries all; not tried before then.
    Relay(f64),
    /// An attempt goes on, until then.
    Introducing(f64),
    /// Nothing goes by the relay, since then.
    Direct(f64),
}

impl Link {
    fn new() -> Self {
        Self {
            stage: Stage::Relay(f64::NEG_INFINITY),
            attempt: 0,
            path: Path::default(),
            story: Story::default(),
            candidates: 0,
            told: 0,
            failures: 0,
            last_offer: f64::NEG_INFINITY,
        }
    }

    fn begin(&mut self, attempt: u32, now: f64) {
        self.stage = Stage::Introducing(now + PATIENCE_MS);
        self.attempt = attempt;
        self.path = Path::default();
        self.candidates = 0;
        self.told = 0;
        self.story.begin(now);
    }
}

impl Links {
    /// No links. `first` is where attempts start; it must differ between the lives of a page.
    pub(super) fn new(first: u32, supported: bool) -> Self {
        let without = (!supported).then_some(Why::Unsupported);
        Self {
            own: [0; 4],
            without,
            links: BTreeMap::new(),
            last_attempt: first,
            acts: VecDeque::new(),
            changed: false,
        }
    }

    /// The relay has given this browser an address.
    pub(super) fn set_own(&mut self, own: Place) {
        self.own = own;
    }

    /// What is to be done next.
    pub(super) fn next_act(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// Whether a story changed since the last call.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// How each link came to be as it is.
    pub(super) fn stories(&self) -> impl Iterator<Item = (Place, &Story)> {
        self.links.iter().map(|(place, link)| (*place, &link.story))
    }

    /// Sends a frame of a node: by the channel, or returns it for the relay.
    pub(super) fn send(&mut self, frame: Vec<u8>) -> Option<Vec<u8>> {
        let Ok(header) = Header::decode(&frame) else { return Some(frame) };
        let to = header.to.ip;
        if self.links.get(&to).is_some_and(|link| link.path.sends_direct()) {
            self.acts.push_back(Act::Send(to, frame));
            return None;
        }
        Some(frame)
    }

    /// Takes in a frame that came by the relay, which vouches for its sender.
    pub(super) fn hear_relay(&mut self, frame: &[u8], now: f64) {
        let Ok(header) = Header::decode(frame) else { return };
        let from = header.from.ip;
        let lost = self.links.get(&from).is_some_and(|link| link.path.hear_relay().is_err());
        if lost {
            self.fall_back(from, Why::OtherEnd, now);
        }
        self.acts.push_back(Act::Deliver(header.to.port, frame.to_vec()));
        self.propose(from, now);
    }

    /// Takes in a signal.
    pub(super) fn hear_signal(&mut self, from: Place, signal: Signal, now: f64) {
        self.changed = true;
        let Signal { attempt, body } = signal;
        if let SignalBody::Offer(text) = body {
            return self.hear_offer(from, attempt, text, now);
        }
        let Some(link) = self.current(from, attempt) else { return };
        match body {
            SignalBody::Offer(_) => {}
            SignalBody::Answer(text) => {
                link.story.add(Step::Answered, now);
                self.acts.push_back(Act::Accept(from, text));
            }
            SignalBody::Candidate { line, text } => {
                link.told = link.told.saturating_add(1);
                match link.told.checked_sub(MAX_CANDIDATES) {
                    None | Some(0) => self.acts.push_back(Act::Candidate(from, line, text)),
                    Some(over) => link.story.add(Step::Ignored(over), now),
                }
            }
            SignalBody::Switched => {
                for frame in link.path.hear_switched() {
                    self.deliver(from, frame, now);
                }
                self.settle(from, now);
            }
            SignalBody::No(reason) => {
                self.fall_back(from, Why::of(reason), now);
                if let (NoReason::Unsupported, Some(link)) = (reason, self.links.get_mut(&from)) {
                    link.stage = Stage::Relay(f64::INFINITY);
                }
            }
        }
    }

    /// Takes in what a connection says.
    pub(super) fn hear_connection(&mut self, from: Place, attempt: u32, news: News, now: f64) {
        let own = self.own;
        self.changed |= !matches!(news, News::Message(_));
        let Some(link) = self.current(from, attempt) else { return };
        match news {
            News::Described(text) => {
                let offers = own < from;
                link.story.add(if offers { Step::Offered } else { Step::Answered }, now);
                let body = if offers { SignalBody::Offer(text) } else { SignalBody::Answer(text) };
                self.acts.push_back(Act::Tell(from, Signal { attempt, body }));
            }
            News::Candidate(line, text) => {
                link.candidates += 1;
                let body = SignalBody::Candidate { line, text };
                self.acts.push_back(Act::Tell(from, Signal { attempt, body }));
            }
            News::Gathered => link.story.add(Step::Gathered(link.candidates), now),
            News::Open if !link.path.sends_direct() => {
                link.story.add(Step::Punched, now);
                link.path.switch();
                self.acts.push_back(Act::Tell(from, Signal { attempt, body: SignalBody::Switched }));
                self.settle(from, now);
            }
            News::Open => {}
            News::Message(message) => match link.path.hear_channel(&message) {
                Ok(Some(frame)) => self.deliver(from, frame, now),
                Ok(None) => {}
                Err(_) => self.give_up(from, Why::Strange, now),
            },
            News::Closed => self.give_up(from, Why::Closed, now),
        }
    }

    /// Gives up what has taken too long.
    pub(super) fn tick(&mut self, now: f64) {
        let is_late = |link: &Link| matches!(link.stage, Stage::Introducing(until) if until <= now);
        let late: Vec<Place> =
            self.links.iter().filter(|(_, link)| is_late(link)).map(|(place, _)| *place).collect();
        late.into_iter().for_each(|place| self.give_up(place, Why::TooLate, now));
    }

    /// A browser has left the room, and its sessions have ended.
    pub(super) fn remove(&mut self, place: Place) {
        if self.links.remove(&place).is_some() {
            self.acts.push_back(Act::Close(place));
            self.changed = true;
        }
    }

    /// All browsers have left the room, as far as this one can tell.
    pub(super) fn remove_all(&mut self) {
        let places: Vec<Place> = self.links.keys().copied().collect();
        places.into_iter().for_each(|place| self.remove(place));
    }

    /// Uses direct links from now on, or the relay alone.
    pub(super) fn allow(&mut self, allowed: bool, now: f64) {
        match (allowed, self.without) {
            (false, None) => {
                self.without = Some(Why::Off);
                let places: Vec<Place> = self.links.keys().copied().collect();
                places.into_iter().for_each(|place| self.give_up(place, Why::Off, now));
            }
            (true, Some(Why::Off)) => {
                self.without = None;
                self.links.values_mut().filter(|link| matches!(link.stage, Stage::Relay(_))).for_each(
                    |link| {
                        link.stage = Stage::Relay(f64::NEG_INFINITY);
                    },
                );
            }
            _ => {}
        }
    }

    /// Begins an attempt with a browser that a frame came from, if it is for this end to begin, and time for it.
    fn propose(&mut self, to: Place, now: f64) {
        if self.own >= to || to[..2] != self.own[..2] {
            return;
        }
        let busy = self.busy();
        let (without, link) = (self.without, self.links.entry(to).or_insert_with(Link::new));
        if !matches!(link.stage, Stage::Relay(again) if again <= now) {
            return;
        }
        self.changed = true;
        if let Some(why) = without.or((busy >= MAX_LINKS).then_some(Why::TooMany)) {
            link.stage = Stage::Relay(now + PAUSE_MS.1);
            link.story.add(Step::Back(why), now);
            return;
        }
        self.last_attempt = self.last_attempt.wrapping_add(1);
        link.begin(self.last_attempt, now);
        self.acts.push_back(Act::Offer(to, self.last_attempt));
    }

    fn hear_offer(&mut self, from: Place, attempt: u32, text: String, now: f64) {
        if self.own <= from {
            return;
        }
        let busy = self.busy();
        let refusal = match (self.without, self.links.get(&from)) {
            (Some(Why::Unsupported), _) => Some(NoReason::Unsupported),
            (Some(_), _) => Some(NoReason::Failed),
            (None, Some(link)) if now < link.last_offer + OFFERS_MS => Some(NoReason::Failed),
            (None, Some(link)) if !matches!(link.stage, Stage::Relay(_)) => None,
            (None, _) => (busy >= MAX_LINKS).then_some(NoReason::TooMany),
        };
        if let Some(reason) = refusal {
            if let (Some(why), true) = (self.without, self.links.len() < MAX_LINKS) {
                self.links.entry(from).or_insert_with(Link::new).story.add(Step::Back(why), now);
            }
            let body = SignalBody::No(reason);
            return self.acts.push_back(Act::Tell(from, Signal { attempt, body }));
        }
        // The other end begins anew: it has given up the attempt before, or is another page.
        self.fall_back(from, Why::OtherEnd, now);
        let link = self.links.entry(from).or_insert_with(Link::new);
        link.last_offer = now;
        link.begin(attempt, now);
        self.acts.push_back(Act::Answer(from, attempt, text));
    }

    /// The link that an attempt belongs to, while it goes on.
    fn current(&mut self, place: Place, attempt: u32) -> Option<&mut Link> {
        let goes_on = |link: &&mut Link| link.attempt == attempt && !matches!(link.stage, Stage::Relay(_));
        self.links.get_mut(&place).filter(goes_on)
    }

    fn busy(&self) -> usize {
        self.links.values().filter(|link| !matches!(link.stage, Stage::Relay(_))).count()
    }

    /// Hands on a frame that came by a channel, whose other end speaks for its own nodes alone.
    fn deliver(&mut self, from: Place, frame: Vec<u8>, now: f64) {
        match Header::decode(&frame) {
            Ok(header) if header.from.ip == from && header.to.ip == self.own => {
                self.acts.push_back(Act::Deliver(header.to.port, frame));
            }
            _ => self.give_up(from, Why::Strange, now),
        }
    }

    /// The relay has left the path once both ends have switched.
    fn settle(&mut self, place: Place, now: f64) {
        if let Some(link) = self.links.get_mut(&place)
            && link.path.is_direct()
        {
            link.stage = Stage::Direct(now);
            link.story.add(Step::Direct, now);
        }
    }

    /// Falls back to the relay, and says so to the other end.
    fn give_up(&mut self, place: Place, why: Why, now: f64) {
        let Some(link) = self.links.get(&place) else { return };
        if !matches!(link.stage, Stage::Relay(_)) {
            let signal = Signal { attempt: link.attempt, body: SignalBody::No(NoReason::Failed) };
            self.fall_back(place, why, now);
            self.acts.push_back(Act::Tell(place, signal));
        }
    }

    /// The relay carries all from now on. What the channel lost ends the sessions that it may have belonged to.
    fn fall_back(&mut self, place: Place, why: Why, now: f64) {
        let Some(link) = self.links.get_mut(&place) else { return };
        if matches!(link.stage, Stage::Relay(_)) {
            return;
        }
        self.changed = true;
        if matches!(link.stage, Stage::Direct(since) if since + PROVEN_MS <= now) {
            link.failures = 0;
        }
        let (least, most) = PAUSE_MS;
        link.stage = Stage::Relay(now + (least * f64::from(1_u32 << link.failures.min(10))).min(most));
        link.failures += 1;
        link.story.add(Step::Back(why), now);
        let path = std::mem::take(&mut link.path);
        self.acts.push_back(Act::Close(place));
        if path.is_used() {
            self.acts.push_back(Act::EndSessions(place));
        }
    }
}

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;
