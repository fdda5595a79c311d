//! A room of the relay that serves this page: the class in one network.
//!
//! The page holds the WebSocket, one for each browser: a second tab is refused by the relay for as long as the first one
//! answers, and takes over when it does not. The page, not a worker, because what is heard there is what the page shows,
//! because WebRTC lives there alone, and because messages, unlike timers, come to a hidden page as fast as to a visible
//! one. Workers reach the relay by a BroadcastChannel, so that nodes of every tab do.

mod address;
mod attendance;
mod bridge;
mod class;
mod direct;
mod entry;
mod epoch;
mod errands;
pub(crate) mod overview;
mod pace;
mod presence;
mod record;
mod report;
mod roster;
mod socket;

pub(crate) use address::{Asked, asked, go_to, invitation, leave, socket_url};
pub(crate) use attendance::{Words as CsvWords, csv};
pub(crate) use class::{ClassState, Said, for_node, pay};
pub(crate) use direct::{Step, Story, Why};
pub(crate) use entry::{creation, enter, joining};
pub(crate) use epoch::lab_name;
pub(crate) use presence::Member;
pub(crate) use record::{Record, own_name, remember_name};
pub(crate) use report::{NodeReport, Path};
pub(crate) use roster::{RosterError, parse as parse_roster};

use crate::browser;
use crate::lab::Lab;
use crate::lab::host::PageHost;
use bridge::{Bridge, FromNodes};
use class::Class;
use direct::Direct;
use entry::page_number;
use futures_channel::oneshot;
use leptos::prelude::*;
use pace::Heard;
use presence::Presence;
use socket::{Socket, SocketNews};
use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::time::Duration;
use terrarium_core::interface::ChainFile;
use terrarium_link::room::{
    End, MAX_CHAIN, ROOM_VERSION, Refusal, RoomCode, Settings, ToBrowser, ToRelay, frame_of, wrap_frame,
};

/// The chain file that a room's nodes begin with, as the seeds call it.
pub(crate) const GENESIS_FILE: &str = "blockchain_genesis.db";
/// The first pause before the relay is tried again, and the longest.
const RETRY_MS: (f64, f64) = (500.0, 10_000.0);

/// Why a room cannot be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No relay answers.
    Unreachable,
    /// The relay refuses.
    Refused(Refusal),
}

/// How it stands with the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Connected.
    Up,
    /// Lost; it is tried again.
    Lost(Option<Failure>),
    /// Ended by the relay for good.
    Ended(End),
    /// The room is no more, or does not let this browser in again.
    Closed(Refusal),
}

/// What views read.
#[derive(Clone, Copy)]
pub(crate) struct RoomState {
    /// How it stands with the relay.
    pub(crate) link: ReadSignal<Link>,
    /// The other browsers.
    pub(crate) members: ReadSignal<Vec<Member>>,
    /// Under which addresses the relay says that the page is served.
    pub(crate) urls: ReadSignal<Vec<String>>,
    /// What the teacher decides for all.
    pub(crate) settings: ReadSignal<Settings>,
    /// How the links to other browsers came to be as they are; a browser that is not there is reached by the relay.
    pub(crate) stories: ReadSignal<Vec<([u8; 4], Story)>>,
    /// What is arranged beside.
    pub(crate) class: ClassState,
}

struct Inner {
    record: Option<Record>,
    name: String,
    /// Tells this page from other tabs.
    page: u64,
    socket: Option<Socket>,
    bridge: Option<Bridge>,
    presence: Presence,
    direct: Direct,
    chain: Vec<u8>,
    /// The relay has not been told of this chain, which is the teacher's newest.
    unshared: bool,
    /// What time it is, by the relay's word.
    time: Option<Heard>,
    /// The height up to which blocks have moved the time of a room that stands still on, or need not.
    paced: Option<u32>,
    /// Told how the first try ended.
    first: Option<oneshot::Sender<Result<(), Failure>>>,
    /// Failures in a row.
    failures: u32,
    /// The relay has let this page in.
    was_up: bool,
    lab: Option<Lab>,
    host: Option<PageHost>,
    link: WriteSignal<Link>,
    members: WriteSignal<Vec<Member>>,
    urls: WriteSignal<Vec<String>>,
    settings: WriteSignal<Settings>,
    stories: WriteSignal<Vec<([u8; 4], Story)>>,
    /// The settings that the lab's nodes go by.
    followed: Option<Settings>,
    settings_heard: Option<Settings>,
    class: Class,
}

/// The room that this page is in. A handle, cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    /// Its code.
    pub(crate) code: RoomCode,
    /// What views read.
    pub(crate) state: RoomState,
    inner: StoredValue<RefCell<Inner>, LocalStorage>,
}

impl Room {
    /// Begins to join a room. Resolves once this browser knows its address there: from an earlier visit, or from the relay.
    ///
    /// # Errors
    /// See [`Failure`].
    pub(crate) async fn join(asked: Asked) -> Result<Self, Failure> {
        let Asked { code, token } = asked;
        let mut record = Record::load(code);
        if let (Some(record), Some(token)) = (&mut record, token) {
            record.token = Some(token);
        }
        address::hide_secrets(code);
        let ((link_read, link), (members_read, members), (urls_read, urls)) =
            (signal(Link::Lost(None)), signal(Vec::new()), signal(Vec::new()));
        let (settings_read, settings) = signal(Settings::default());
        let (stories_read, stories) = signal(Vec::new());
        let (first, outcome) = oneshot::channel();
        let page = page_number();
        let inner = Inner {
            record,
            name: own_name(),
            page,
            socket: None,
            bridge: None,
            presence: Presence::default(),
            direct: Direct::new(page),
            chain: Vec::new(),
            unshared: false,
            time: None,
            paced: None,
            first: Some(first),
            failures: 0,
            was_up: false,
            lab: None,
            host: None,
            link,
            members,
            urls,
            settings,
            stories,
            followed: None,
            settings_heard: None,
            class: Class::new(code),
        };
        let state = RoomState {
            link: link_read,
            members: members_read,
            urls: urls_read,
            settings: settings_read,
            stories: stories_read,
            class: inner.class.state,
        };
        let room = Room { code, state, inner: StoredValue::new_local(RefCell::new(inner)) };
        let hear = move |said| room.with_direct(|direct, now| direct.hear(said, now));
        room.change(|inner| inner.direct.tell_to(hear));
        room.connect(token);
        match outcome.await.unwrap_or(Err(Failure::Unreachable)) {
            // Who has been here goes on, and the relay is tried again meanwhile.
            Err(Failure::Unreachable | Failure::Refused(Refusal::OtherTab)) if record.is_some() => {}
            Err(failure) => return Err(failure),
            Ok(()) => {}
        }
        // The channels are those of the lab, and which lab it is the relay has told by now.
        let hear = move |said| room.hear_nodes(said);
        let bridge = Bridge::open(&lab_name(code), hear).map_err(|_| Failure::Unreachable)?;
        room.change(|inner| {
            inner.bridge = Some(bridge);
            let texts = inner.all_texts();
            inner.say(texts);
        });
        Ok(room)
    }

    /// The address of this browser in the room.
    pub(crate) fn address(&self) -> Ipv4Addr {
        let address = self.with(|inner| inner.record.map(|record| record.pass.address));
        address.map_or(Ipv4Addr::LOCALHOST, Ipv4Addr::from)
    }

    /// Whether this browser is the teacher's.
    pub(crate) fn is_teacher(&self) -> bool {
        self.with(|inner| inner.record.is_some_and(|record| record.token.is_some()))
    }

    /// Gives the room the lab and the desk that its time and its chain are for.
    pub(crate) fn attach(&self, lab: Lab, host: PageHost) {
        self.change(|inner| {
            inner.lab = Some(lab);
            inner.host = Some(host);
        });
        self.pass_on_time();
        self.pass_on_chain();
    }

    /// Brings the lab's nodes in line with what the teacher decided; to be called once they are listed.
    pub(crate) fn follow_settings(&self) {
        let news = self.change(|inner| {
            let (lab, settings) = (inner.lab?, inner.settings_heard?);
            let news = inner.followed != Some(settings) && !inner.is_halted();
            inner.followed = Some(settings);
            news.then_some((lab, settings))
        });
        if let Some((lab, Settings { mining, khs, .. })) = news {
            lab.follow_mining(mining, f64::from(khs));
        }
    }

    /// Decides something for the whole room, if this browser is the teacher's.
    pub(crate) fn set(&self, settings: Settings) {
        self.with(|inner| inner.tell(&ToRelay::Set(settings)));
    }

    /// Sends a browser away, if this one is the teacher's.
    pub(crate) fn remove(&self, address: [u8; 4]) {
        self.with(|inner| inner.tell(&ToRelay::Remove(address)));
    }

    /// Makes a chain file the room's, if this browser is the teacher's.
    pub(crate) fn share(&self, file: &ChainFile) {
        let teacher = self.is_teacher();
        self.change(|inner| {
            if teacher && inner.chain != file.0 && file.0.len() <= MAX_CHAIN {
                inner.chain.clone_from(&file.0);
                inner.unshared = !inner.tell(&ToRelay::Share(file.0.clone()));
            }
        });
    }

    /// Says to the relay that this page goes.
    pub(crate) fn leave(&self) {
        self.change(|inner| inner.socket = None);
    }

    fn connect(&self, token: Option<terrarium_link::room::Secret>) {
        let room = *self;
        let Some(url) = socket_url() else { return self.fail(Failure::Unreachable) };
        let hear = move |news| match news {
            SocketNews::Open => room.change(|inner| {
                let pass = inner.record.map(|record| record.pass);
                let token = token.or(inner.record.and_then(|record| record.token));
                let (page, name) = (inner.page, inner.name.clone());
                let version = ROOM_VERSION;
                inner.tell(&ToRelay::Join { version, page, code: room.code, pass, token, name });
            }),
            SocketNews::Message(bytes) => room.hear(&bytes),
            SocketNews::Closed => room.fail(Failure::Unreachable),
        };
        match Socket::open(&url, hear) {
            Ok(socket) => self.change(|inner| inner.socket = Some(socket)),
            Err(_) => self.fail(Failure::Unreachable),
        }
    }

    /// Takes in what the relay says.
    fn hear(&self, bytes: &[u8]) {
        if let Some(frame) = frame_of(bytes) {
            return self.with_direct(|direct, now| direct.hear_relay(frame, now));
        }
        // What this page does not understand, a newer relay says.
        let Ok(message) = ToBrowser::decode(bytes) else { return };
        match message {
            ToBrowser::Welcome { pass, token, by_hand, urls, .. } => {
                self.welcomed(Record { pass, token, by_hand }, urls);
            }
            ToBrowser::Refused(reason) => self.fail(Failure::Refused(reason)),
            ToBrowser::Member { address, teacher, name, nodes } => {
                self.change_presence(|presence| presence.set(Member { address, teacher, name, nodes }));
            }
            ToBrowser::Gone(address) => {
                self.change_presence(|presence| presence.remove(address));
                self.with(|inner| inner.class.gone(address));
                self.with_direct(|direct, _| direct.remove(address));
            }
            ToBrowser::Signal { from, signal } => {
                self.with_direct(|direct, now| direct.hear_signal(from, &signal, now));
            }
            ToBrowser::Stun(servers) => self.change(|inner| inner.direct.set_stun(servers)),
            ToBrowser::Time { room_ms, stands, relay_ms } => {
                self.hear_time(Heard { room_ms, stands, relay_ms, own_ms: browser::now_ms() });
            }
            ToBrowser::Chain(chain) => {
                if !self.with(|inner| inner.unshared) {
                    self.change(|inner| inner.chain = chain);
                    self.pass_on_chain();
                }
            }
            ToBrowser::End(reason) => self.ended(reason),
            ToBrowser::Settings(settings) => {
                self.change(|inner| {
                    let before = inner.settings_heard.replace(settings);
                    inner.class.settings_changed(before, settings);
                    inner.settings.set(settings);
                });
                self.follow_settings();
            }
            ToBrowser::Class(news) => self.hear_class(news),
        }
    }

    fn welcomed(&self, record: Record, urls: Vec<String>) {
        record.save(self.code);
        let moved = self.change(|inner| {
            let before = inner.record.replace(record);
            inner.failures = 0;
            inner.was_up = true;
            inner.direct.set_own(record.pass.address);
            inner.link.set(Link::Up);
            inner.urls.set(urls);
            inner.lab.is_some() && before.is_some_and(|before| before.pass.address != record.pass.address)
        });
        if moved {
            // Nodes keep the address that they were started with.
            return browser::reload();
        }
        self.change(|inner| {
            inner.tell_nodes();
            if inner.unshared {
                inner.unshared = !inner.tell(&ToRelay::Share(inner.chain.clone()));
            }
            inner.class.connected();
            inner.recall_stop(self.code);
        });
    }

    /// The relay tells the time every few seconds, also to a page whose own timers are held back: what is due is done then.
    fn hear_time(&self, heard: Heard) {
        // What was found before the time stands still is none of what is found meanwhile.
        self.keep_pace();
        self.change(|inner| {
            inner.time = Some(heard);
            if inner.presence.forget_silent(heard.own_ms) {
                inner.tell_nodes();
            }
            let texts = inner.all_texts();
            inner.say(texts);
        });
        self.with_direct(Direct::tick);
        self.pass_on_time();
        self.keep_pace();
    }

    fn pass_on_chain(&self) {
        let (host, chain) = self.with(|inner| (inner.host.clone(), inner.chain.clone()));
        if let (Some(host), false) = (host, chain.is_empty()) {
            host.put_file(GENESIS_FILE, ChainFile(chain));
        }
    }

    fn change_presence(&self, change: impl FnOnce(&mut Presence) -> Vec<String>) {
        self.change(|inner| {
            let texts = change(&mut inner.presence);
            inner.say(texts);
            inner.members.set(inner.presence.members());
        });
    }

    /// Takes in what a worker says.
    fn hear_nodes(&self, said: FromNodes) {
        self.change(|inner| match said {
            FromNodes::Frame(frame) => {
                let left = inner.direct.send(frame);
                if let (Some(frame), Some(socket)) = (left, &inner.socket) {
                    socket.send(&wrap_frame(&frame));
                }
            }
            FromNodes::Said(text) if text == "who" => {
                let texts = inner.all_texts();
                inner.say(texts);
            }
            FromNodes::Said(text) => {
                if inner.presence.hear(&text, browser::now_ms()) {
                    inner.tell_nodes();
                }
            }
        });
        self.run_errands();
    }

    fn ended(&self, reason: End) {
        match reason {
            End::Shutdown | End::TooSlow | End::Silent => self.fail(Failure::Unreachable),
            End::Replaced | End::Malformed | End::RoomClosed | End::Removed => self.lose(Link::Ended(reason)),
        }
    }

    /// The connection is gone, or was refused: it is tried again, unless that would change nothing.
    fn fail(&self, failure: Failure) {
        let (first, stranger) = self.change(|inner| (inner.first.take(), inner.record.is_none()));
        if let Some(first) = first {
            // Who asked may have gone.
            let _ = first.send(Err(failure));
            if stranger {
                // It is for the visitor to try again.
                return self.change(|inner| inner.socket = None);
            }
        }
        // A room whose relay is away for a while, or is not reached by another, is there again.
        let comes_back = failure == Failure::Refused(Refusal::NoRoom) && self.with(|inner| inner.was_up);
        if let Failure::Refused(
            reason @ (Refusal::Version | Refusal::NoRoom | Refusal::Malformed | Refusal::Locked),
        ) = failure
            && !comes_back
        {
            return self.lose(Link::Closed(reason));
        }
        self.lose(Link::Lost(Some(failure)));
        let (least, most) = RETRY_MS;
        let failures = self.change(|inner| {
            inner.failures += 1;
            inner.failures
        });
        // Whoever is one of many that err would keep the others out by trying on.
        let is_guess = matches!(failure, Failure::Refused(Refusal::TooManyTries | Refusal::NoRoom));
        let most = if is_guess { 6.0 * most } else { most };
        let pause = (least * f64::from(1_u32 << failures.min(8)) * (0.5 + js_sys::Math::random())).min(most);
        let room = *self;
        set_timeout(move || room.connect(None), Duration::from_secs_f64(pause / 1_000.0));
    }

    fn lose(&self, link: Link) {
        self.change(|inner| {
            inner.socket = None;
            inner.link.set(link);
            inner.class.lost();
        });
        self.change_presence(Presence::clear);
        self.with_direct(|direct, _| direct.remove_all());
    }

    fn with<T>(&self, f: impl FnOnce(&Inner) -> T) -> T {
        self.inner.with_value(|inner| f(&inner.borrow()))
    }

    fn change<T>(&self, f: impl FnOnce(&mut Inner) -> T) -> T {
        self.inner.with_value(|inner| f(&mut inner.borrow_mut()))
    }
}

impl Inner {
    /// Whether it was sent.
    fn tell(&self, message: &ToRelay) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.send(&message.encode()))
    }

    fn tell_nodes(&self) {
        self.tell(&ToRelay::Nodes(self.presence.own()));
    }

    fn say(&self, texts: Vec<String>) {
        if let Some(bridge) = &self.bridge {
            texts.iter().for_each(|text| bridge.say(text));
        }
    }
}
