//! What workers say: taken in at once, shown once per animation frame.

use super::worker_link::BUILD_ID;
use super::{Happening, Inner, Lab, Observer};
use crate::browser;
use crate::lab::state::{Notice, Phase};
use crate::lab::trace::{Recording, Trace};
use crate::lab::traffic::FLIGHT_MS;
use leptos::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use terrarium_core::interface::{
    Event, NodeId, NodeSnapshot, Ownership, PageMessage, Storage, WorkerMessage, from_bytes,
};

/// Changes of branch that are taken in between two frames; a hidden page has none.
const MAX_LEFT_TIPS: usize = 64;

/// Under this name the page remembers for which build it has reloaded itself.
const RELOADED: &str = "terrarium/reloaded";

impl Lab {
    /// Takes in what the worker of a node said.
    pub(super) fn receive(&self, id: NodeId, message: WorkerMessage) {
        self.change(|inner| inner.heard += 1);
        match message {
            WorkerMessage::Ready { build, .. } if build != BUILD_ID => self.wrong_build(id, &build),
            WorkerMessage::Ready { storage, ownership, repaired, .. } => {
                self.greet(id, storage, ownership, repaired);
            }
            WorkerMessage::Reply { id: request, result } => self.change(|inner| {
                let link = inner.nodes.get_mut(&id).and_then(|node| node.link.as_mut());
                if let Some(link) = link {
                    link.answer(request, result);
                }
            }),
            WorkerMessage::Events { events, dropped, .. } => self.happened(id, &events, dropped),
            WorkerMessage::Snapshot { bytes } => match from_bytes::<NodeSnapshot>(&bytes) {
                Ok(snapshot) if snapshot.id == id => self.change(|inner| inner.look(id, snapshot)),
                _ => {}
            },
            WorkerMessage::Failed { text } => self.fail(id, &text),
            WorkerMessage::Ended => self.change(|inner| {
                if let Some(node) = inner.nodes.get_mut(&id) {
                    node.link = None;
                    node.status.phase = Phase::Killed;
                    node.stale.status = true;
                }
                inner.end_recording(id, Recording::Stopped);
            }),
            WorkerMessage::Journal { lines } => self.change(|inner| inner.recorded(id, lines)),
        }
        self.poll_watches();
        self.request_frame();
    }

    /// Script and page are of different builds: one reload fetches both anew, a second would not help.
    fn wrong_build(&self, id: NodeId, build: &str) {
        let reloaded = || browser::remembered(RELOADED).as_deref() == Some(BUILD_ID);
        let again = reloaded();
        browser::remember(RELOADED, BUILD_ID);
        // Where nothing can be remembered the page would reload for ever: there the visitor is asked to.
        if again || !reloaded() {
            self.notify(Notice::OtherBuild);
            return self.fail(id, &format!("the worker is of build {build}, the page of build {BUILD_ID}"));
        }
        browser::reload();
    }

    fn greet(&self, id: NodeId, storage: Storage, ownership: Ownership, repaired: Vec<String>) {
        let was_up = self.change(|inner| {
            let conditions = inner.links.conditions(id, &inner.ids());
            let messages = inner.wants_messages();
            let node = inner.nodes.get_mut(&id)?;
            let was_up = node.status.phase == Phase::Up && !node.status.viewer;
            node.status.phase = Phase::Up;
            node.status.viewer = ownership == Ownership::Viewer;
            node.status.memory_only = match storage {
                Storage::Durable => None,
                Storage::Memory(reason) => Some(reason),
            };
            node.status.repaired = repaired;
            node.stale.status = true;
            let link = node.link.as_ref()?;
            link.post(&PageMessage::SetHashRate { khs: node.entry.khs });
            link.post(&PageMessage::Subscribe { messages });
            link.post(&PageMessage::Conditions(conditions));
            Some(was_up)
        });
        if was_up == Some(false) && ownership == Ownership::Owner {
            self.resume_wishes(id);
        }
    }

    fn happened(&self, id: NodeId, events: &[Event], dropped: u64) {
        let observers: Vec<Observer> = self.change(|inner| {
            let now = browser::now_ms();
            inner.traffic.messages += dropped;
            for event in events {
                inner.traffic.record(id, event, now);
                let Some(node) = inner.nodes.get_mut(&id) else { continue };
                match event {
                    Event::Block { hash, height } => node.tip = Some((*height, *hash)),
                    Event::Reorg { from, returned, .. } if inner.left_tips.len() < MAX_LEFT_TIPS => {
                        inner.left_tips.push((*from, *returned));
                    }
                    Event::Log(line) => node.log(&line.to_string()),
                    _ => {}
                }
            }
            inner.observers.values().cloned().collect()
        });
        for event in events {
            observers.iter().for_each(|observer| observer(id, &Happening::Event(event)));
        }
    }

    /// Answers the waits whose condition has come true.
    pub(super) fn poll_watches(&self) {
        let watches = self.change(|inner| std::mem::take(&mut inner.watches));
        let waiting: Vec<_> = watches
            .into_iter()
            .filter(|watch| {
                let open = watch.done.borrow().is_some();
                if open && self.nodes(|nodes| (watch.holds)(nodes)) {
                    if let Some(sender) = watch.done.borrow_mut().take() {
                        let _ = sender.send(true);
                    }
                    return false;
                }
                open
            })
            .collect();
        self.change(|inner| inner.watches.extend(waiting));
    }

    /// Shows the present state with the next animation frame.
    pub(super) fn request_frame(&self) {
        let lab = *self;
        let asked = self.change(|inner| std::mem::replace(&mut inner.frame_requested, true));
        if !asked {
            request_animation_frame(move || lab.show());
        }
    }

    fn show(&self) {
        let lab = *self;
        let flying = self.change(|inner| {
            inner.frame_requested = false;
            inner.show_nodes();
            inner.traffic.land(browser::now_ms());
            inner.writer.traffic.set(inner.traffic.clone());
            !inner.traffic.flights.is_empty()
        });
        if flying {
            // Flights are cleared away even when nothing more happens.
            set_timeout(move || lab.request_frame(), Duration::from_millis(FLIGHT_MS as u64 / 2));
        }
    }
}

impl Inner {
    fn look(&mut self, id: NodeId, snapshot: NodeSnapshot) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        node.tip = snapshot.chain.as_ref().map(|chain| (chain.height, chain.tip));
        node.snapshot = Some(Arc::new(snapshot));
        node.stale.snapshot = true;
    }

    fn show_nodes(&mut self) {
        let mut tree_news = Vec::new();
        for node in self.nodes.values_mut() {
            let stale = std::mem::take(&mut node.stale);
            if stale.status {
                node.writer.status.set(node.status.clone());
            }
            if stale.log {
                node.writer.log.set(node.log.clone());
            }
            if stale.trace {
                node.writer.trace.set(node.trace.as_ref().map(Trace::summary));
            }
            if stale.snapshot {
                tree_news.extend(node.snapshot.clone());
                node.writer.snapshot.set(node.snapshot.clone());
            }
        }
        let left = std::mem::take(&mut self.left_tips);
        self.writer.tree.maybe_update(|tree| {
            let mut grown = !left.is_empty();
            for (id, chain) in tree_news.iter().filter_map(|news| Some((news.id, news.chain.as_ref()?))) {
                grown |= tree.merge(id, &chain.recent);
            }
            left.iter().for_each(|&(tip, returned)| tree.left(tip, returned));
            grown
        });
    }

    /// Messages flow while someone sees them: a visible page or a script.
    pub(super) fn wants_messages(&self) -> bool {
        self.scripts_want_messages || !document().hidden()
    }
}
