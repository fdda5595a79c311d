//! What the visitor does to the network as a whole and to its clock: cuts, conditions, dials, speed.

use super::lifecycle::SETTLE_MS;
use super::{Inner, Lab, LabError, Node, Nodes};
use crate::browser;
use crate::lab::clock::{self, LabClock};
use crate::lab::links::{self, LinkSettings, Links};
use leptos::prelude::*;
use std::time::Duration;
use terrarium_core::interface::{AddNodeAction, Command, MiningMode, NodeId, PageMessage, Reply, Role};
use terrarium_core::primitives::BlockHash;
use wasm_bindgen_futures::spawn_local;

/// The fastest that the dial goes, in kH/s.
pub(crate) const MAX_KHS: f64 = 32.0;

/// How far the lab's time may be from its room's before it is set, in milliseconds.
const MOST_OFF_MS: f64 = 500.0;

impl Lab {
    /// Turns a node's dial; a node that never mined starts to.
    pub(crate) fn set_hash_rate(&self, id: NodeId, khs: f64) -> Result<(), LabError> {
        let idle = self.change(|inner| {
            let node = inner.nodes.get_mut(&id).ok_or(LabError::UnknownNode(id))?;
            node.entry.khs = khs.clamp(0.0, MAX_KHS);
            let message = PageMessage::SetHashRate { khs: node.entry.khs };
            if let Some(link) = &node.link {
                link.post(&message);
            }
            let idle = node.entry.mining == MiningMode::Off && node.entry.start.miner.is_none();
            inner.remember(id);
            Ok::<_, LabError>(idle)
        })?;
        if idle && khs > 0.0 {
            self.set_mining(id, MiningMode::Always);
        }
        Ok(())
    }

    /// Mines one block at a node; its hash, once the page shows it.
    pub(crate) async fn mine(&self, id: NodeId) -> Result<Option<BlockHash>, LabError> {
        let Reply::Generated(blocks) = self.exec(id, Command::Generate { blocks: 1, address: None }).await?
        else {
            return Ok(None);
        };
        let Some(&block) = blocks.last() else { return Ok(None) };
        let is_shown = move |nodes: &Nodes| {
            let chain = nodes.get(&id).and_then(|node| node.snapshot()?.chain.as_ref());
            chain.is_none_or(|chain| chain.recent.iter().any(|recent| recent.hash == block))
        };
        self.wait(SETTLE_MS, is_shown).await;
        Ok(Some(block))
    }

    /// Makes `a` connect to `b` and keep that connection.
    pub(crate) async fn connect(&self, a: NodeId, b: NodeId) -> Result<(), LabError> {
        self.known([b])?;
        let command = Command::AddNode { address: b.local_address(), action: AddNodeAction::Add };
        self.exec(a, command).await.map(drop)
    }

    /// Sets the conditions of one link.
    pub(crate) fn set_link(&self, a: NodeId, b: NodeId, settings: LinkSettings) -> Result<(), LabError> {
        self.known([a, b])?;
        self.change_links(|links| links.set(a, b, settings));
        Ok(())
    }

    /// Cuts the network into groups; nodes that none names form one more.
    pub(crate) fn partition(&self, groups: Vec<Vec<NodeId>>) -> Result<(), LabError> {
        self.known(groups.iter().flatten().copied())?;
        self.change_links(|links| links.partition(groups));
        Ok(())
    }

    /// Cuts one link or heals it.
    pub(crate) fn toggle_link(&self, a: NodeId, b: NodeId) {
        let ids = self.ids();
        self.change_links(|links| links.toggle(a, b, &ids));
    }

    /// Heals every cut.
    pub(crate) fn heal(&self) {
        self.change_links(Links::heal);
    }

    /// Follows another tab of the same lab, which has changed what is remembered of its links.
    pub(crate) fn follow_links(&self) {
        match links::load(&self.name()) {
            _ if self.is_emptied() => {}
            Some(links) => self.take_links(links),
            // Any script of this site can write there: what cannot be read is written anew.
            None => self.with(Inner::remember_links),
        }
    }

    /// Stops lab time.
    pub(crate) fn pause(&self) {
        self.change(|inner| inner.steps.give_up());
        self.set_clock(LabClock::paused);
    }

    /// Lets lab time go on.
    pub(crate) fn resume(&self) {
        self.change(|inner| inner.steps.give_up());
        self.set_clock(LabClock::resumed);
    }

    /// Lets a second of lab time pass, then stops it; pressed again meanwhile, a second more.
    pub(crate) fn step(&self) {
        let lab = *self;
        let (step, wait_ms) = self.change(|inner| inner.steps.add(&inner.clock, browser::now_ms()));
        self.set_clock(LabClock::resumed);
        let end = move || {
            // Whoever pressed Play, Pause or Step meanwhile decides instead.
            if lab.with(|inner| inner.steps.is_last(step)) {
                lab.pause();
            }
        };
        set_timeout(end, Duration::from_secs_f64(wait_ms / 1_000.0));
    }

    /// Lab time, milliseconds since 1970.
    pub(crate) fn time_ms(&self) -> f64 {
        self.with(|inner| inner.clock.lab_ms(browser::now_ms()))
    }

    /// Starts lab time anew, as on a visit to a lab that was left at `lab_ms`. For a lab without nodes: theirs must not go
    /// back.
    pub(crate) fn start_clock(&self, lab_ms: f64) {
        self.set_clock(|_, now| LabClock::start(now, Some(lab_ms)));
    }

    /// Whether this lab is a browser's part of a class.
    pub(crate) fn is_in_class(&self) -> bool {
        self.with(|inner| !inner.host.is_loopback())
    }

    /// Lets every node of this page that can mine do so at this rate, or ends what mines all the time, as a room's teacher
    /// wants it.
    pub(crate) fn follow_mining(&self, mining: bool, khs: f64) {
        let mode = if mining { MiningMode::Always } else { MiningMode::Off };
        let chosen = self.change(|inner| {
            let can_mine = |node: &&mut Node| !node.is_viewer() && node.entry.config.role != Role::Spv;
            let turn = |node: &mut Node| {
                let entry = &mut node.entry;
                let turns = match entry.mining {
                    MiningMode::Always => true,
                    MiningMode::Off => entry.start.miner.is_none(),
                    // What mines by demand goes on so.
                    MiningMode::WhenTwoWait => false,
                };
                if turns {
                    // It holds at once: what was asked before may have no answer yet.
                    entry.mining = mode;
                }
                (entry.config.id, turns)
            };
            let chosen: Vec<(NodeId, bool)> = inner.nodes.values_mut().filter(can_mine).map(turn).collect();
            chosen.iter().for_each(|(id, _)| inner.remember(*id));
            chosen
        });
        for (id, turns) in chosen {
            if mining {
                // A node that is gone by now needs no dial.
                let _ = self.set_hash_rate(id, khs);
            }
            if turns {
                self.set_mining(id, mode);
            }
        }
    }

    /// Asks a node to mine so; what comes in the way is in its log.
    fn set_mining(&self, id: NodeId, mode: MiningMode) {
        let lab = *self;
        spawn_local(async move {
            let set = lab.exec(id, Command::SetMining { mode, address: None }).await;
            lab.note_failure(id, set.err());
        });
    }

    /// Goes by a room's time, in milliseconds since 1970, which may stand still while timers go on.
    pub(crate) fn follow_time(&self, room_ms: f64, stands: bool) {
        let clock = self.with(|inner| inner.clock);
        let off = (clock.lab_ms(browser::now_ms()) - room_ms).abs();
        if off > MOST_OFF_MS || stands != clock.setting.dates_stand {
            self.set_clock(|_, wall_ms| LabClock::at_time(wall_ms, room_ms, stands));
        }
    }

    /// Dates nothing later than where an earlier visit left the lab, until its room's time is known.
    pub(crate) fn await_time(&self) {
        let saved = clock::saved(&self.name());
        self.set_clock(|_, wall_ms| LabClock::at_time(wall_ms, saved.unwrap_or(wall_ms), true));
    }

    /// Follows another tab of the same lab, which has changed what is remembered of its clock.
    pub(crate) fn follow_clock(&self) {
        match clock::load(&self.name()) {
            _ if !self.with(Inner::has_own_clock) => {}
            Some(clock) => {
                self.change(|inner| inner.steps.give_up());
                self.take_clock(clock);
            }
            // Any script of this site can write there: what cannot be read is written anew.
            None => self.with(Inner::remember_setting),
        }
    }

    /// Remembers lab time for the next visit.
    pub(crate) fn remember_clock(&self) {
        self.with(Inner::remember_clock);
    }

    /// Changes how fast lab time goes.
    pub(crate) fn set_speed(&self, speed: f64) {
        self.set_clock(|clock, now| clock.with_speed(now, speed));
    }

    /// Lets messages flow to the page even while nobody sees it, because a script listens.
    pub(crate) fn listen_for_messages(&self) {
        self.change(|inner| inner.scripts_want_messages = true);
        self.update_subscriptions();
    }

    /// Tells the workers whether anyone looks at messages; to be called when the page is hidden or shown.
    pub(crate) fn update_subscriptions(&self) {
        self.change(|inner| {
            inner.post_all(&PageMessage::Subscribe { messages: inner.wants_messages() });
        });
    }

    pub(super) fn send_conditions(&self) {
        self.change(|inner| {
            let ids = inner.ids();
            for (id, node) in &inner.nodes {
                if let Some(link) = &node.link {
                    link.post(&PageMessage::Conditions(inner.links.conditions(*id, &ids)));
                }
            }
        });
    }

    fn known(&self, ids: impl IntoIterator<Item = NodeId>) -> Result<(), LabError> {
        let known = self.ids();
        let unknown = ids.into_iter().find(|id| !known.contains(id));
        unknown.map_or(Ok(()), |id| Err(LabError::UnknownNode(id)))
    }

    pub(super) fn change_links(&self, change: impl FnOnce(&mut Links)) {
        let mut links = self.links(Links::clone);
        change(&mut links);
        self.set_links(links);
    }

    fn set_links(&self, links: Links) {
        self.take_links(links);
        self.with(Inner::remember_links);
    }

    /// Goes by these links, and says in the live log what has changed.
    fn take_links(&self, links: Links) {
        self.change(|inner| {
            let nodes: Vec<NodeId> = inner.nodes.keys().copied().collect();
            let before = std::mem::replace(&mut inner.links, links);
            let news = inner.links.news(&before, &nodes);
            news.into_iter().for_each(|news| inner.traffic.tell(news));
            inner.writer.links.set(inner.links.clone());
        });
        self.send_conditions();
        self.request_frame();
    }

    fn set_clock(&self, change: impl FnOnce(&LabClock, f64) -> LabClock) {
        let clock = self.with(|inner| change(&inner.clock, browser::now_ms()));
        self.take_clock(clock);
        self.with(Inner::remember_setting);
    }

    fn take_clock(&self, clock: LabClock) {
        self.change(|inner| {
            inner.clock = clock;
            inner.writer.clock.set(clock);
            inner.post_all(&PageMessage::Clock(clock.setting));
        });
    }
}
