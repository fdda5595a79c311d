//! Drives one node: hears the page, the channels, the store and the timer, lets the node work in slices, and does what
//! it asks. All of a worker's state is in one [`Host`], which every callback borrows in turn.

mod outputs;
mod scripts;
mod wiring;

use crate::accelerator;
use crate::clock::{self, LabClock, RealTime};
use crate::directory::{self, Directory};
use crate::feed::Feed;
use crate::helpers::Helpers;
use crate::journal;
use crate::js;
use crate::miner::Miner;
use crate::noise::Noise;
use crate::ownership::Ownership;
use crate::page;
use crate::paths::{self, Paths};
use crate::store::NodeStore;
use crate::transport::{Channels, Sessions};
use crate::watch::Watched;
use js_sys::Function;
use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::rc::{Rc, Weak};
use terrarium_core::interface::{
    Clock, Event, LogLine, NodeId, NodeSnapshot, PageMessage, RunState, WorkerMessage, to_bytes,
};
use terrarium_core::node::journal::RecordedNode;
use terrarium_core::node::{Cost, Input};
use terrarium_core::time::Mono;
use terrarium_core::transport::{Connections, Now, Transport};
use terrarium_link::Address;
use wasm_bindgen::JsValue;
use web_sys::BroadcastChannel;

/// How much the node works between two looks at the clock.
const STEP: Cost = Cost(4_000);
/// How long the node works before messages get in.
const SLICE_MS: f64 = 8.0;
/// The dial of a node whose page has not set it.
const FIRST_BUDGET_KHS: f64 = 4.0;
/// How long `Shutdown` waits for the store.
const SHUTDOWN_MS: f64 = 2_000.0;

/// What a host is made of.
pub(crate) struct Parts {
    pub(crate) id: NodeId,
    pub(crate) lab: String,
    pub(crate) host: Ipv4Addr,
    pub(crate) clock: Clock,
    pub(crate) node: RecordedNode,
    pub(crate) store: NodeStore,
    pub(crate) ownership: Ownership,
    /// Where session ids and jitter start.
    pub(crate) entropy: u64,
}

/// One running node and all around it.
pub(crate) struct Host {
    node: RecordedNode,
    clock: LabClock,
    connections: Connections<Sessions<Channels>>,
    directory: Directory,
    directory_channel: BroadcastChannel,
    /// This browser: 127.0.0.1, or its address in a relay's room.
    place: Ipv4Addr,
    paths: Paths,
    store: NodeStore,
    miner: Miner,
    helpers: Helpers,
    feed: Feed,
    noise: Noise,
    watched: Watched,
    /// The last one that the page got, as bytes.
    snapshot: Option<Vec<u8>>,
    /// Whether the node was on the network when we last looked.
    state: RunState,
    ownership: Option<Ownership>,
    /// Set by `Shutdown`: when to stop waiting for the store, on the real clock.
    ending: Option<f64>,
    wakeup: Wakeup,
    me: Weak<RefCell<Host>>,
}

/// The one timer, and the one task that waits for messages to get in first.
struct Wakeup {
    /// Runs [`Host::ring`].
    on_timer: Function,
    /// Runs [`Host::resume`].
    on_turn: Function,
    /// The timer's handle and when it is due, on the real clock.
    timer: Option<(i32, f64)>,
    /// Whether [`Host::resume`] is going to be called.
    yielded: bool,
}

impl Host {
    /// Puts a node to work.
    ///
    /// # Errors
    /// The browser has no BroadcastChannel, or refuses.
    pub(crate) fn start(parts: Parts) -> Result<Rc<RefCell<Self>>, JsValue> {
        let Parts { id, lab, host: place, clock, node, store, ownership, entropy } = parts;
        let channels = Channels::new(&lab, place);
        let own = Address { ip: place.octets(), port: id.0 };
        let inbox = channels.inbox(id)?;
        let directory_channel = BroadcastChannel::new(&format!("terrarium/{lab}/directory"))?;
        let watched = Watched::new(&lab, id)?;
        let host = Rc::new_cyclic(|me: &Weak<RefCell<Self>>| {
            RefCell::new(Self {
                node,
                clock: LabClock::new(clock, real_time()),
                connections: Connections::new(Sessions::at(own, entropy, channels)),
                directory: Directory::new(id, place),
                directory_channel,
                place,
                paths: Paths::default(),
                store,
                miner: Miner::new(FIRST_BUDGET_KHS),
                helpers: Helpers::new(
                    wiring::hearer(me.clone(), Self::hear_helper),
                    wiring::hearer_of_errors(me.clone(), Self::helper_failed),
                ),
                feed: Feed::default(),
                noise: Noise::default(),
                watched,
                snapshot: None,
                state: RunState::Stopped,
                ownership: Some(ownership),
                ending: None,
                wakeup: Wakeup {
                    on_timer: wiring::waker(me.clone(), Self::ring),
                    on_turn: wiring::waker(me.clone(), Self::resume),
                    timer: None,
                    yielded: false,
                },
                me: me.clone(),
            })
        });
        wiring::listen(&host, &inbox);
        {
            let mut host = host.borrow_mut();
            let least = host.helpers.least();
            host.node.handle(Input::Helpers { least });
            host.node.set_accelerator(accelerator::find());
            // Nobody has subscribed yet: what would be dropped need not be told.
            host.node.handle(Input::Listens { messages: false, log: true });
            host.directory.introduction().into_iter().for_each(|text| host.tell_directory(Some(text)));
            host.drive(Grind::No);
        }
        Ok(host)
    }

    /// Takes in a message of the page.
    pub(crate) fn hear_page(&mut self, message: PageMessage) {
        self.feed.touch();
        match message {
            PageMessage::Boot { .. } => page::fail("the page sent Boot twice".to_owned()),
            PageMessage::Command { id, command } => self.tell(Input::Command { id, command }),
            PageMessage::Cancel { id } => self.tell(Input::Cancel { id }),
            PageMessage::SetHashRate { khs } => self.miner.set_budget(khs),
            PageMessage::Clock(clock) => self.clock.set(clock, real_time()),
            PageMessage::Conditions(list) => self.connections.transport_mut().set_conditions(&list),
            PageMessage::Subscribe { messages } => {
                self.feed.subscribe(messages);
                self.tell(Input::Listens { messages, log: true });
            }
            PageMessage::Shutdown => self.shut_down(),
            PageMessage::StopRecording => self.node.stop_recording(),
        }
        self.drive(Grind::No);
    }

    /// Tells the node something, for its next step.
    fn tell(&mut self, input: Input) {
        self.node.handle(input);
    }

    /// Takes in a message of the node's channel.
    fn hear_frame(&mut self, message: &JsValue) {
        let now = self.now();
        self.connections.transport_mut().receive_message(now, message);
        self.drive(Grind::No);
    }

    /// Takes in a message of the directory channel.
    fn hear_directory(&mut self, message: &JsValue) {
        let text = js::text_of(message, paths::MOST_TEXT);
        if text.as_deref().is_some_and(|text| self.paths.hear(text, self.place)) {
            return self.drive(Grind::No);
        }
        let text = text.filter(|text| text.len() <= directory::MOST_TEXT);
        let answer = self.directory.hear(text.as_deref(), js::monotonic_ms());
        self.tell_directory(answer);
        self.drive(Grind::No);
    }

    /// Takes in a message of the watch channel: a viewer asks for snapshots.
    fn hear_viewer(&mut self, message: &JsValue) {
        let now = js::monotonic_ms();
        if !self.watched.ask(message, now) {
            return;
        }
        if let Some(snapshot) = &self.snapshot {
            self.watched.show(snapshot, now);
        }
    }

    /// Takes in what the store answered.
    fn hear_store(&mut self, input: Input) {
        // A last commit makes the node ask for nothing more, and is a change all the same.
        self.feed.touch();
        self.node.handle(input);
        self.drive(Grind::No);
    }

    /// The timer rang, by a coarse clock perhaps before it was due.
    fn ring(&mut self) {
        self.wakeup.timer = None;
        self.drive(Grind::Yes);
    }

    /// The messages that waited are in.
    fn resume(&mut self) {
        self.wakeup.yielded = false;
        self.drive(Grind::Yes);
    }

    /// Lets everything work for a slice, and arranges to be called again.
    fn drive(&mut self, grind: Grind) {
        let began = js::monotonic_ms();
        let now = self.now();
        self.connections.transport_mut().tick(now);
        let mut busy = true;
        while busy && js::monotonic_ms() - began < SLICE_MS {
            self.hear_about_nodes();
            busy = self.node.step(self.clock.time(real_time()), STEP);
            busy |= self.exchange();
            busy |= self.work_helpers(busy);
        }
        if grind == Grind::Yes && self.miner.next_slice().is_some_and(|due| due <= js::monotonic_ms()) {
            busy |= self.grind();
        }
        // After what was said in this turn: a step is whole in every part of the journal.
        journal::post();
        self.follow_state();
        self.publish();
        self.finish_if_settled();
        self.arrange(busy);
    }

    /// One slice of mining; true if it came to an end.
    fn grind(&mut self) -> bool {
        self.feed.touch();
        let lab_ms = clock::millis(self.now().lab);
        let outcome = self.miner.grind(lab_ms, js::monotonic_ms, terrarium_core::mining::search);
        match outcome {
            Some(input) => {
                self.node.handle(input);
                true
            }
            None => false,
        }
    }

    /// Passes on which nodes are up, when that changes, asks them again for what they may have missed, and ends the
    /// connections with those that are not.
    fn hear_about_nodes(&mut self) {
        for node in self.directory.take_gone() {
            self.connections.transport_mut().abandon(node);
        }
        if let Some(nodes) = self.directory.take_changed() {
            for node in &nodes {
                self.connections.transport_mut().ask_again(*node);
            }
            self.node.handle(Input::Directory { up: nodes });
        }
        if let Some(nodes) = self.directory.take_room() {
            self.node.handle(Input::Room { nodes });
        }
        for (host, path) in self.paths.take_news() {
            self.node.handle(Input::Path { host, path });
        }
    }

    /// Opens and closes the door with the node, and says so to the others.
    fn follow_state(&mut self) {
        let state = self.node.state();
        if state == self.state {
            return;
        }
        self.state = state;
        match state {
            RunState::Running => self.connections.transport_mut().listen(),
            RunState::Stopped => self.connections.transport_mut().stop_listening(),
        }
        self.feed.hurry();
    }

    /// Posts what is due to the page and to the directory.
    fn publish(&mut self) {
        let now = js::monotonic_ms();
        self.tell_noise(now);
        if let Some(events) = self.feed.take_events(now) {
            page::post(&events);
        }
        if self.feed.take_snapshot_turn(now) {
            self.publish_snapshot(now);
        }
        let announcement = self.directory.announce(now);
        self.tell_directory(announcement);
    }

    /// Writes into the log what was dropped.
    fn tell_noise(&mut self, now: f64) {
        let dropped = self.directory.dropped()
            + self.connections.transport().dropped_messages()
            + self.watched.dropped();
        if let Some(line) = self.noise.line(dropped, now) {
            self.feed.push(Event::Log(LogLine::Note(line)), now);
        }
    }

    /// Posts the node's state, unless it is as it was.
    fn publish_snapshot(&mut self, now: f64) {
        let mut snapshot = self.node.snapshot();
        snapshot.mining.hashes_per_second = self.miner.hashes_per_second(now);
        snapshot.mining.budget_khs = self.miner.budget_khs();
        let bytes = to_bytes(&snapshot);
        if self.snapshot.as_ref() == Some(&bytes) {
            return;
        }
        let announcement = self.directory.set_own(network_of(&snapshot), now);
        self.tell_directory(announcement);
        self.watched.show(&bytes, now);
        page::post(&WorkerMessage::Snapshot { bytes: bytes.clone() });
        self.snapshot = Some(bytes);
    }

    fn tell_directory(&self, text: Option<String>) {
        if let Some(text) = text {
            // Text can always be cloned; the channel is open.
            let _ = self.directory_channel.post_message(&text.into());
        }
    }

    /// Begins to end: no more peers, no more mining; the store gets what is pending.
    fn shut_down(&mut self) {
        self.ending = Some(js::monotonic_ms() + SHUTDOWN_MS);
        self.miner.set_job(None);
        self.connections.transport_mut().stop_listening();
        self.connections.transport_mut().close_all();
        let farewell = self.directory.set_own(None, js::monotonic_ms());
        self.tell_directory(farewell);
    }

    fn finish_if_settled(&mut self) {
        let Some(deadline) = self.ending else { return };
        if !self.node.is_settled() && js::monotonic_ms() < deadline {
            return;
        }
        if let Some(ownership) = self.ownership.take() {
            wasm_bindgen_futures::spawn_local(async move {
                // What could not be given free falls to the next one after some seconds.
                let _ = ownership.release().await;
                page::post(&WorkerMessage::Ended);
            });
        }
    }

    /// Sets the one timer, or yields where there is work at once.
    fn arrange(&mut self, busy: bool) {
        let now = real_time();
        let slice = self.miner.next_slice();
        if busy || slice.is_some_and(|due| due <= now.monotonic) {
            self.wakeup.yield_once();
        }
        let links = self.connections.transport().next_wakeup();
        let lab_deadlines = [self.node.next_wakeup(), links.lab];
        let in_real_ms = |deadline: Mono| self.clock.until(deadline, now);
        let waits = [
            links.real.map(|due| clock::millis(due) - now.monotonic),
            slice.map(|due| due - now.monotonic),
            self.feed.next_wakeup().map(|due| due - now.monotonic),
            self.directory.next_wakeup().map(|due| due - now.monotonic),
            self.helpers.next_wakeup().map(|due| due - now.monotonic),
            self.ending.filter(|_| self.ownership.is_some()).map(|due| due - now.monotonic),
        ];
        let waits = waits.into_iter().chain(lab_deadlines.map(|deadline| deadline.and_then(in_real_ms)));
        if let Some(wait) = waits.flatten().reduce(f64::min) {
            self.wakeup.set_timer(now.monotonic, wait.max(0.0));
        }
    }

    fn now(&self) -> Now {
        let real = real_time();
        Now { real: real.mono(), lab: self.clock.time(real).mono }
    }
}

/// Whether a slice of mining belongs to a call: not while messages wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grind {
    Yes,
    No,
}

impl Wakeup {
    fn yield_once(&mut self) {
        if !self.yielded {
            self.yielded = true;
            js::yield_to(&self.on_turn);
        }
    }

    /// Sets the timer, unless it is set for about then.
    fn set_timer(&mut self, now: f64, wait: f64) {
        let due = now + wait;
        if let Some((handle, set)) = self.timer {
            if (set - due).abs() < 1.0 {
                return;
            }
            js::scope().clear_timeout_with_handle(handle);
        }
        self.timer = js::set_timeout(&self.on_timer, wait).map(|handle| (handle, due));
    }
}

/// What tells networks apart in the directory; none while the node is not on one.
fn network_of(snapshot: &NodeSnapshot) -> Option<String> {
    let chain = snapshot.chain.as_ref().filter(|_| snapshot.state == RunState::Running)?;
    Some(format!("{}/{}", chain.genesis, chain.magic))
}

fn real_time() -> RealTime {
    RealTime { monotonic: js::monotonic_ms(), wall: js::wall_ms() }
}
