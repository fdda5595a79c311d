//! Recording a node: its worker keeps a journal from the node's first moment on, and the page keeps what comes of it.

use super::{Inner, Lab, LabError};
use crate::lab::trace::{Recording, Trace};
use terrarium_core::interface::{NodeId, PageMessage};

impl Lab {
    /// Opens a node anew and records all that it is told and does from then on, in place of what was recorded of it. It
    /// then does again what it did.
    pub(crate) async fn record(&self, id: NodeId) -> Result<(), LabError> {
        // One that is just coming up may turn out to be another tab's.
        if let Err(error @ (LabError::UnknownNode(_) | LabError::NotReady(_))) = self.ready(id).await {
            return Err(error);
        }
        self.must_be_own(id)?;
        self.shut_down(vec![id]).await;
        self.change(|inner| {
            let node = inner.nodes.get_mut(&id).ok_or(LabError::UnknownNode(id))?;
            node.trace = Some(Trace::new(id));
            node.stale.trace = true;
            Ok::<_, LabError>(())
        })?;
        self.revive(id);
        self.ready(id).await?;
        // A tab that waited for the node may have it now.
        self.must_be_own(id)?;
        let running = self.nodes(|nodes| nodes.get(&id).is_some_and(|node| node.entry.running));
        if running {
            self.settle(id, true).await;
        }
        Ok(())
    }

    /// Records no more of a node; what there is stays until the node goes or is recorded anew.
    pub(crate) fn stop_recording(&self, id: NodeId) -> Result<(), LabError> {
        self.change(|inner| {
            let node = inner.nodes.get(&id).ok_or(LabError::UnknownNode(id))?;
            if let Some(link) = &node.link {
                link.post(&PageMessage::StopRecording);
            }
            inner.end_recording(id, Recording::Stopped);
            Ok::<_, LabError>(())
        })?;
        self.request_frame();
        Ok(())
    }

    /// What is recorded of a node up to now: a journal, as the simulator replays it. It has the wallet's keys.
    pub(crate) fn trace(&self, id: NodeId) -> Result<String, LabError> {
        self.nodes(|nodes| {
            let node = nodes.get(&id).ok_or(LabError::UnknownNode(id))?;
            let text = node.trace.as_ref().and_then(Trace::text);
            text.ok_or(LabError::NothingRecorded(id))
        })
    }

    fn must_be_own(&self, id: NodeId) -> Result<(), LabError> {
        self.change(|inner| {
            let node = inner.nodes.get_mut(&id).ok_or(LabError::UnknownNode(id))?;
            if !node.status.viewer {
                return Ok(());
            }
            node.trace = None;
            node.stale.trace = true;
            Err(LabError::RunsElsewhere(id))
        })
    }
}

impl Inner {
    /// Takes in what follows of a node's journal.
    pub(super) fn recorded(&mut self, id: NodeId, lines: String) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if let Some(trace) = &mut node.trace {
            trace.push(lines);
            node.stale.trace = true;
        }
    }

    /// Ends what is recorded of a node, if anything is.
    pub(super) fn end_recording(&mut self, id: NodeId, state: Recording) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if let Some(trace) = &mut node.trace {
            trace.end(state);
            node.stale.trace = true;
        }
    }
}
