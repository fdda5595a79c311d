//! The life of a node's worker: made, started, stopped, ended, failed, removed.

use super::worker_link::{BUILD_ID, WorkerLink};
use super::{Happening, Lab, LabError, Node, Observer};
use crate::browser;
use crate::lab::links::{self, Links};
use crate::lab::roster::{self, RosterEntry};
use crate::lab::state::{NodeView, Notice, Phase};
use crate::lab::trace::{Recording, Trace};
use crate::lab::tree::BlockTree;
use crate::lab::{clock, files};
use leptos::prelude::*;
use terrarium_core::interface::{Command, CommandError, MiningMode, NodeId, PageMessage, StartOptions};
use wasm_bindgen_futures::spawn_local;

/// How long a worker that is asked to end may take, in milliseconds.
const SHUTDOWN_MS: i32 = 1_500;

/// How long other tabs of the lab get to hear of what was removed, in milliseconds.
const OTHER_TABS_MS: i32 = 250;

/// How long a snapshot may take to follow a command, in milliseconds.
pub(super) const SETTLE_MS: i32 = 2_000;

impl Lab {
    /// Makes a node and starts its worker; one that exists and has no worker gets a new one, on its old store. A node
    /// that another tab of this lab has made is as that tab made it.
    pub(crate) fn spawn(&self, entry: RosterEntry) {
        let id = entry.config.id;
        if self.nodes(|nodes| nodes.contains_key(&id)) {
            return self.revive(id);
        }
        let listed = roster::find(&self.name(), id);
        if listed.is_none() {
            let others = self.ids();
            self.change_links(|links| links.welcome(id, &others));
        }
        let entry = listed.unwrap_or(entry);
        self.change(|inner| {
            let (view, writer) = inner.scope.with(|| NodeView::create(id, entry.config.role));
            inner.nodes.insert(id, Node::new(entry, view, writer));
            let views = inner.nodes.values().map(|node| node.view).collect();
            inner.writer.nodes.set(views);
            inner.remember(id);
        });
        self.boot(id);
        self.send_conditions();
    }

    /// Gives a node whose worker has ended a new one.
    pub(crate) fn revive(&self, id: NodeId) {
        let ended = self.change(|inner| {
            let node = inner.nodes.get_mut(&id)?;
            let ended = node.link.is_none();
            if ended {
                node.restarted = false;
                node.status.crash = None;
            }
            Some(ended)
        });
        if ended == Some(true) {
            self.boot(id);
        }
    }

    /// Puts a node on the network, as it was last or as `options` say; its worker is started if it has none.
    pub(crate) async fn start(&self, id: NodeId, options: Option<StartOptions>) -> Result<(), LabError> {
        self.revive(id);
        self.ready(id).await?;
        let (wanted, last) = self
            .nodes(|nodes| nodes.get(&id).map(|node| (node.entry.running, node.entry.start.clone())))
            .ok_or(LabError::UnknownNode(id))?;
        let start = Command::StartNode(options.unwrap_or(last));
        if !wanted {
            self.exec(id, start).await?;
            self.settle(id, true).await;
        } else if !self.settle(id, true).await {
            // It should have been brought there by itself: to ask again tells why it was not.
            match self.exec(id, start).await {
                Ok(_) | Err(LabError::Command(CommandError::Running(_))) => {}
                Err(error) => return Err(error),
            }
        }
        let up = self.nodes(|nodes| nodes.get(&id).is_some_and(|node| node.status.phase == Phase::Up));
        if up { Ok(()) } else { Err(LabError::NotStarted(id)) }
    }

    /// Takes a node off the network; it goes on answering commands.
    pub(crate) async fn stop(&self, id: NodeId) -> Result<(), LabError> {
        self.exec(id, Command::StopNode).await?;
        self.settle(id, false).await;
        Ok(())
    }

    /// Waits until the node's snapshot shows what was asked of it.
    pub(super) async fn settle(&self, id: NodeId, running: bool) -> bool {
        self.wait(SETTLE_MS, move |nodes| nodes.get(&id).is_none_or(|node| node.is_running() == running))
            .await
    }

    /// Ends a node's worker at once, in the middle of whatever it does.
    pub(crate) fn kill(&self, id: NodeId) -> Result<(), LabError> {
        self.change(|inner| {
            let node = inner.nodes.get_mut(&id).ok_or(LabError::UnknownNode(id))?;
            node.link = None;
            node.entry.running &= node.status.viewer;
            node.status.phase = Phase::Killed;
            node.stale.status = true;
            inner.end_recording(id, Recording::Stopped);
            inner.remember(id);
            Ok::<_, LabError>(())
        })?;
        self.poll_watches();
        self.request_frame();
        Ok(())
    }

    /// Takes a node off the page and deletes its databases. Where another tab runs it, it only leaves this page.
    pub(crate) async fn remove(&self, id: NodeId) -> Result<(), LabError> {
        // Whether another tab runs it meanwhile is for a worker to find out.
        self.revive(id);
        if let Err(error @ LabError::UnknownNode(_)) = self.ready(id).await {
            return Err(error);
        }
        let own = self.nodes(|nodes| nodes.get(&id).is_some_and(|node| !node.status.viewer));
        let lab = self.name();
        if own {
            // Tabs that watch the node let it go before its store is deleted.
            roster::remove(&lab, id);
            browser::sleep(OTHER_TABS_MS).await;
        }
        self.shut_down(vec![id]).await;
        self.drop_nodes(&[id]);
        if own {
            let others = self.ids();
            self.change_links(|links| links.forget(id, &others));
            for database in roster::databases(&lab, id) {
                browser::delete_database(&database).await;
            }
        }
        Ok(())
    }

    /// Takes nodes off the page and ends their workers at once.
    fn drop_nodes(&self, ids: &[NodeId]) {
        self.change(|inner| {
            inner.nodes.retain(|id, _| !ids.contains(id));
            let views = inner.nodes.values().map(|node| node.view).collect();
            inner.writer.nodes.set(views);
        });
        self.poll_watches();
    }

    /// Forgets the blocks of nodes that are gone.
    pub(crate) fn forget_blocks(&self) {
        self.change(|inner| inner.writer.tree.set(BlockTree::default()));
    }

    /// Empties the lab: ends every node, those of other tabs too, deletes their databases, and opens the page anew, where
    /// that can be had.
    pub(crate) async fn new_network(&self) {
        if !browser::can_reload().await {
            return self.notify(Notice::NoServer);
        }
        let lab = self.name();
        let ids = self.ids();
        self.change(|inner| inner.emptied = true);
        // Other tabs see this, and end their workers before the stores are deleted.
        roster::forget(&lab);
        browser::sleep(OTHER_TABS_MS).await;
        self.shut_down(ids.clone()).await;
        delete_stored(&lab, &ids).await;
        browser::reload();
    }

    /// Follows another tab of the same lab, which has changed what is remembered of its nodes: those that it removed
    /// leave this page too, and those that it runs are as it wants them.
    pub(crate) fn follow_roster(&self) {
        let lab = self.name();
        match roster::load(&lab) {
            Some(entries) => {
                let gone = self.change(|inner| inner.follow(&entries));
                if !gone.is_empty() {
                    self.drop_nodes(&gone);
                }
                // There may be nodes now of which this page did not know.
                self.send_conditions();
            }
            // Any script of this site can write there: what cannot be read is written anew.
            None if roster::is_remembered(&lab) => self.change(|inner| inner.remember_own()),
            None => {}
        }
    }

    /// Follows another tab of the same lab, which has emptied it.
    pub(crate) fn follow_emptying(&self) {
        if !self.change(|inner| std::mem::replace(&mut inner.emptied, true)) {
            let ids: Vec<NodeId> = self.nodes(|nodes| nodes.keys().copied().collect());
            self.drop_nodes(&ids);
            self.change_links(|links| *links = Links::default());
            self.notify(Notice::EmptiedElsewhere);
        }
    }

    /// Tells every worker to give its node free, for the page is being left.
    pub(crate) fn leave(&self) {
        if self.with(|inner| inner.steps.is_any()) {
            // Nobody else would end the step.
            self.pause();
        }
        self.change(|inner| {
            inner.remember_clock();
            inner.post_all(&PageMessage::Shutdown);
        });
    }

    /// Brings a node back to what was last asked of it, after its worker came up.
    pub(super) fn resume_wishes(&self, id: NodeId) {
        let lab = *self;
        let entry = move || lab.nodes(|nodes| nodes.get(&id).map(|node| node.entry.clone()));
        let Some(RosterEntry { running, start, .. }) = entry() else { return };
        spawn_local(async move {
            if running {
                let started = lab.exec(id, Command::StartNode(start)).await;
                lab.note_failure(id, started.err());
            }
            // As it is wanted by now: mining may have been stopped meanwhile.
            if let Some(entry) = entry().filter(|entry| entry.mining != MiningMode::Off) {
                let wish = Command::SetMining { mode: entry.mining, address: entry.reward };
                let set = lab.exec(id, wish).await;
                lab.note_failure(id, set.err());
            }
        });
    }

    /// A worker failed: its text goes to its card, and it is started again, once.
    pub(super) fn fail(&self, id: NodeId, text: &str) {
        let again = self.change(|inner| {
            inner.end_recording(id, Recording::Failed);
            let node = inner.nodes.get_mut(&id)?;
            node.link = None;
            node.status.crash = Some(text.to_owned());
            node.status.phase = Phase::Crashed;
            node.stale.status = true;
            node.log(text);
            Some((
                !std::mem::replace(&mut node.restarted, true),
                inner.observers.values().cloned().collect::<Vec<_>>(),
            ))
        });
        let Some((again, observers)) = again else { return };
        tell(&observers, id, text);
        if again {
            self.boot(id);
        }
    }

    /// Writes into a node's log what could not be done for it in the background.
    pub(super) fn note_failure(&self, id: NodeId, error: Option<LabError>) {
        if let Some(error) = error {
            self.note(id, &error.to_string());
        }
    }

    /// Writes a line into a node's log.
    pub(crate) fn note(&self, id: NodeId, text: &str) {
        self.change(|inner| {
            if let Some(node) = inner.nodes.get_mut(&id) {
                node.log(text);
            }
        });
        self.request_frame();
    }

    fn boot(&self, id: NodeId) {
        let lab = *self;
        let started = WorkerLink::start(move |message| lab.receive(id, message));
        let failure = self.change(|inner| {
            let (name, owner, clock) = (inner.lab.clone(), inner.owner.clone(), inner.clock.setting);
            let (host, class) = (inner.host, inner.class);
            let node = inner.nodes.get_mut(&id)?;
            node.stale.status = true;
            match started {
                Ok(link) => {
                    let (config, build) = (node.entry.config.clone(), BUILD_ID.to_owned());
                    let record = node.trace.as_ref().is_some_and(Trace::is_new);
                    link.post(&PageMessage::Boot {
                        config,
                        lab: name,
                        build,
                        owner,
                        clock,
                        host,
                        class,
                        record,
                    });
                    node.link = Some(link);
                    node.status.phase = Phase::Starting;
                    None
                }
                Err(error) => Some(error.to_string()),
            }
        });
        if let Some(text) = failure {
            self.change(|inner| {
                if let Some(node) = inner.nodes.get_mut(&id) {
                    node.restarted = true;
                }
            });
            self.fail(id, &text);
        }
        self.request_frame();
    }

    pub(super) async fn shut_down(&self, ids: Vec<NodeId>) {
        self.change(|inner| {
            for link in ids.iter().filter_map(|id| inner.nodes.get(id)?.link.as_ref()) {
                link.post(&PageMessage::Shutdown);
            }
        });
        let asked = ids.clone();
        self.wait(SHUTDOWN_MS, move |nodes| {
            asked.iter().all(|id| nodes.get(id).is_none_or(|node| node.link.is_none()))
        })
        .await;
        self.change(|inner| {
            for id in ids {
                if let Some(node) = inner.nodes.get_mut(&id) {
                    node.link = None;
                }
            }
        });
    }
}

/// Deletes what is stored of a lab that this page has not opened.
pub(crate) async fn delete(lab: &str) {
    let ids: Vec<NodeId> =
        roster::load(lab).unwrap_or_default().iter().map(|entry| entry.config.id).collect();
    // Other tabs see this, and end their workers.
    roster::forget(lab);
    browser::sleep(OTHER_TABS_MS).await;
    delete_stored(lab, &ids).await;
}

async fn delete_stored(lab: &str, ids: &[NodeId]) {
    for database in ids.iter().flat_map(|&id| roster::databases(lab, id)) {
        browser::delete_database(&database).await;
    }
    clock::forget(lab);
    browser::forget(&links::key(lab));
    browser::forget(&files::key(lab));
}

fn tell(observers: &[Observer], id: NodeId, text: &str) {
    observers.iter().for_each(|observer| observer(id, &Happening::Crash(text)));
}
