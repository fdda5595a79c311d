//! What direct links ask of the room, and what views and scripts ask of direct links.

use super::direct::{Direct, Errand};
use super::{Inner, Room};
use crate::browser;
use leptos::prelude::{Set, set_timeout};
use std::time::Duration;
use terrarium_link::room::ToRelay;

impl Room {
    /// Uses direct links from now on, or the relay alone.
    pub(crate) fn allow_direct(&self, allowed: bool) {
        self.with_direct(|direct, now| direct.allow(allowed, now));
    }

    /// Does something with the direct links, and what follows from it.
    pub(super) fn with_direct(&self, act: impl FnOnce(&mut Direct, f64)) {
        self.change(|inner| act(&mut inner.direct, browser::now_ms()));
        self.run_errands();
    }

    /// Does what direct links ask for.
    pub(super) fn run_errands(&self) {
        let waits = self.change(Inner::run_errands);
        let room = *self;
        for wait in waits {
            set_timeout(move || room.with_direct(Direct::tick), Duration::from_secs_f64(wait / 1_000.0));
        }
    }
}

impl Inner {
    /// Does them; after how many milliseconds to look again.
    fn run_errands(&mut self) -> Vec<f64> {
        let now = browser::now_ms();
        let mut waits = Vec::new();
        while let Some(errand) = self.direct.next_errand(now) {
            match errand {
                // What the relay does not get is missed by the other end, which gives up in time.
                Errand::Tell(to, signal) => drop(self.tell(&ToRelay::Signal { to, signal })),
                Errand::EndSessions(address) => self.say(self.presence.restart(address)),
                Errand::Deliver(port, frame) => {
                    if let Some(bridge) = &mut self.bridge {
                        bridge.deliver(port, &frame, now);
                    }
                }
                Errand::Wait(wait) => waits.push(wait),
            }
        }
        if self.direct.take_changed() {
            let texts = self.direct.texts();
            self.say(texts);
            self.stories.set(self.direct.stories());
        }
        waits
    }

    /// What a worker that asks is told: the nodes of the others, and how links to them go.
    pub(super) fn all_texts(&mut self) -> Vec<String> {
        [self.presence.all(), self.direct.texts()].concat()
    }
}
