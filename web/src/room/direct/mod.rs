//! Direct links: WebRTC channels to other browsers of the room, which the relay introduces and then leaves alone. They are
//! the page's, for RTCPeerConnection is; the workers' frames cross the page in any case.

mod links;
mod rtc;
mod story;

pub(crate) use story::{Step, Story, Why};

use links::{Act, Links, News, PATIENCE_MS, Place};
use rtc::{Hear, Rtc};
use std::rc::Rc;
use terrarium_core::collections::{BTreeMap, BTreeSet};
use terrarium_link::room::Signal;
use wasm_bindgen::JsValue;

/// What the room is to do for a link.
pub(super) enum Errand {
    /// Have the relay tell another browser.
    Tell(Place, Vec<u8>),
    /// End all sessions with another browser's nodes.
    EndSessions(Place),
    /// Hand a frame to a node of this browser.
    Deliver(u16, Vec<u8>),
    /// Look again after so many milliseconds.
    Wait(f64),
}

/// All direct links of this browser.
pub(super) struct Direct {
    links: Links,
    /// The connections, with their attempts; as many as links have attempts.
    connections: BTreeMap<Place, (u32, Rtc)>,
    stun: Vec<String>,
    /// Browsers that workers were told of; as many as there are links.
    told: BTreeSet<Place>,
    hear: Rc<dyn Fn(Said)>,
}

/// What the connection to another browser says, on its way to [`Direct::hear`].
pub(super) struct Said {
    from: Place,
    attempt: u32,
    news: News,
}

impl Direct {
    /// No links yet; `page` tells the lives of a page apart. What connections say goes nowhere until [`Direct::tell_to`].
    pub(super) fn new(page: u64) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "a part of the number tells them apart as well")]
        let links = Links::new(page as u32, rtc::is_supported());
        Self {
            links,
            connections: BTreeMap::new(),
            stun: Vec::new(),
            told: BTreeSet::new(),
            hear: Rc::new(|_| {}),
        }
    }

    /// Says who is told what connections say.
    pub(super) fn tell_to(&mut self, hear: impl Fn(Said) + 'static) {
        self.hear = Rc::new(hear);
    }

    /// The relay has given this browser an address.
    pub(super) fn set_own(&mut self, own: Place) {
        self.links.set_own(own);
    }

    /// The relay has named servers.
    pub(super) fn set_stun(&mut self, servers: Vec<String>) {
        self.stun = servers;
    }

    /// Sends a frame of a node: by a channel, or returns it for the relay.
    pub(super) fn send(&mut self, frame: Vec<u8>) -> Option<Vec<u8>> {
        self.links.send(frame)
    }

    /// Takes in a frame that came by the relay.
    pub(super) fn hear_relay(&mut self, frame: &[u8], now: f64) {
        self.links.hear_relay(frame, now);
    }

    /// Takes in a signal of another browser, whatever it is.
    pub(super) fn hear_signal(&mut self, from: Place, signal: &[u8], now: f64) {
        // What is none, a newer page says, or one that jests.
        if let Ok(signal) = Signal::decode(signal) {
            self.links.hear_signal(from, signal, now);
        }
    }

    /// Takes in what a connection says.
    pub(super) fn hear(&mut self, said: Said, now: f64) {
        self.links.hear_connection(said.from, said.attempt, said.news, now);
    }

    /// Gives up what has taken too long.
    pub(super) fn tick(&mut self, now: f64) {
        self.links.tick(now);
    }

    /// Another browser has left the room.
    pub(super) fn remove(&mut self, place: Place) {
        self.links.remove(place);
    }

    /// The relay is gone, and with it all the others.
    pub(super) fn remove_all(&mut self) {
        self.links.remove_all();
    }

    /// Whether a link changed since the last call.
    pub(super) fn take_changed(&mut self) -> bool {
        self.links.take_changed()
    }

    /// Uses direct links from now on, or the relay alone.
    pub(super) fn allow(&mut self, allowed: bool, now: f64) {
        self.links.allow(allowed, now);
    }

    /// How each link came to be as it is.
    pub(super) fn stories(&self) -> Vec<(Place, Story)> {
        self.links.stories().map(|(place, story)| (place, story.clone())).collect()
    }

    /// What workers are told of the links: also of those that are no more, once.
    pub(super) fn texts(&mut self) -> Vec<String> {
        let mut texts: Vec<String> = self.links.stories().map(|(place, story)| story.text(place)).collect();
        let now: BTreeSet<Place> = self.links.stories().map(|(place, _)| place).collect();
        texts.extend(self.told.difference(&now).map(|place| Story::default().text(*place)));
        self.told = now;
        texts
    }

    /// Does what is to be done, as far as it is for WebRTC; the next thing that is for the room.
    pub(super) fn next_errand(&mut self, now: f64) -> Option<Errand> {
        loop {
            return Some(match self.links.next_act()? {
                Act::Tell(to, signal) => Errand::Tell(to, signal.encode()),
                Act::EndSessions(place) => Errand::EndSessions(place),
                Act::Deliver(port, frame) => Errand::Deliver(port, frame),
                Act::Offer(to, attempt) => {
                    let made = Rtc::offer(&self.stun, &self.hearer(to, attempt));
                    self.keep(to, attempt, made, now);
                    Errand::Wait(PATIENCE_MS)
                }
                Act::Answer(to, attempt, offer) => {
                    let made = Rtc::answer(&self.stun, &offer, &self.hearer(to, attempt));
                    self.keep(to, attempt, made, now);
                    Errand::Wait(PATIENCE_MS)
                }
                Act::Accept(from, answer) => {
                    if let Some((attempt, rtc)) = self.connections.get(&from) {
                        rtc.accept(&answer, &self.hearer(from, *attempt));
                    }
                    continue;
                }
                Act::Candidate(from, line, text) => {
                    if let Some((_, rtc)) = self.connections.get(&from) {
                        rtc.add_candidate(line, &text);
                    }
                    continue;
                }
                Act::Send(to, frame) => {
                    let broken = |(attempt, rtc): &(u32, Rtc)| rtc.send(&frame).is_err().then_some(*attempt);
                    if let Some(attempt) = self.connections.get(&to).and_then(broken) {
                        self.links.hear_connection(to, attempt, News::Closed, now);
                    }
                    continue;
                }
                Act::Close(place) => {
                    self.connections.remove(&place);
                    continue;
                }
            });
        }
    }

    fn hearer(&self, from: Place, attempt: u32) -> Hear {
        let hear = Rc::clone(&self.hear);
        Rc::new(move |news| hear(Said { from, attempt, news }))
    }

    fn keep(&mut self, to: Place, attempt: u32, made: Result<Rtc, JsValue>, now: f64) {
        match made {
            Ok(rtc) => drop(self.connections.insert(to, (attempt, rtc))),
            Err(_) => self.links.hear_connection(to, attempt, News::Closed, now),
        }
    }
}
