//! A node of which a journal can be kept: hosts that keep one, a worker as well as the simulator, let all that goes in and
//! comes out pass through here.

use super::{Opening, Recorder, Step, Trail};
use crate::chain::LoadError;
use crate::cost::Cost;
use crate::crypto::EcdsaAccelerator;
use crate::interface::NodeId;
use crate::node::{Input, Node, Output};
use crate::time::Time;
use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;

/// A node, and the journal of it, if one is kept.
pub struct RecordedNode {
    node: Node,
    id: NodeId,
    recorder: Option<Rc<RefCell<Recorder>>>,
}

impl RecordedNode {
    /// Opens a node, as [`Node::at`] does; all of its life goes into the recorder's journal, if there is one.
    ///
    /// # Errors
    /// As [`Node::at`].
    pub fn open(
        opening: Opening,
        recorder: Option<Rc<RefCell<Recorder>>>,
    ) -> Result<(Self, Vec<String>), LoadError> {
        let id = opening.config.id;
        if let Some(recorder) = &recorder {
            recorder.borrow_mut().open(&opening);
        }
        let (node, repaired) = opening.make()?;
        Ok((Self { node, id, recorder }, repaired))
    }

    /// As [`Node::handle`].
    pub fn handle(&mut self, input: Input) -> bool {
        self.note(|recorder, id| recorder.input(id, &input));
        self.node.handle(input)
    }

    /// As [`Node::step`]; the outputs of the step before have been taken, as a replay expects. That it works is written down
    /// before it does: should it fail, the journal leads there.
    pub fn step(&mut self, now: Time, budget: Cost) -> bool {
        self.note(|recorder, id| recorder.step(id, Step { now, budget }));
        self.node.step(now, budget)
    }

    /// As [`Node::poll`].
    pub fn poll(&mut self) -> Option<Output> {
        let output = self.node.poll()?;
        self.note(|recorder, id| recorder.output(id, &Trail::of(&output)));
        Some(output)
    }

    /// As [`Node::keep_quiet`], of which a journal does not tell.
    pub fn keep_quiet(&mut self) {
        self.node.keep_quiet();
    }

    /// As [`Node::set_accelerator`], of which a journal does not tell.
    pub fn set_accelerator(&mut self, accelerator: Option<EcdsaAccelerator>) {
        self.node.set_accelerator(accelerator);
    }

    /// Writes nothing more down.
    pub fn stop_recording(&mut self) {
        self.recorder = None;
    }

    fn note(&mut self, write: impl FnOnce(&mut Recorder, NodeId)) {
        let Some(recorder) = &self.recorder else { return };
        write(&mut recorder.borrow_mut(), self.id);
        if recorder.borrow().has_ended() {
            self.recorder = None;
        }
    }
}

impl Deref for RecordedNode {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}
