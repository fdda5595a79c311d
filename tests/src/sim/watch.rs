//! What watches a world: invariants, and what its nodes do, hashed or written down.

use super::host::Host;
use super::invariant::{self, Violation};
use super::recorder::Journal;
use super::world::World;
use std::io::{self, Write};
use terrarium_core::interface::NodeId;

impl World {
    /// Looks into a node for what must hold between any two steps.
    ///
    /// # Panics
    /// If something does not, unless violations are collected.
    pub fn audit(&mut self, id: NodeId) {
        let honest = self.ids();
        let violation = invariant::within(self.host(id), &honest);
        self.report(violation);
    }

    /// From now on what does not hold is collected, and ends the world's time but not the program.
    pub fn collect_violations(&mut self) {
        self.violations.get_or_insert_default();
    }

    /// What did not hold, where that is collected.
    pub fn violations(&self) -> &[Violation] {
        self.violations.as_deref().unwrap_or_default()
    }

    /// Writes down all that goes into nodes that are added from now on, and all that comes out, as
    /// [`replay`](super::replay()) reads it.
    pub fn begin_journal(&mut self, to: Box<dyn Write>) {
        self.journal = Some(Journal::new(to));
    }

    /// Ends the journal.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn end_journal(&mut self) -> io::Result<()> {
        self.journal.take().map_or(Ok(()), Journal::finish)
    }

    /// Hashes from now on what every node does.
    pub fn begin_trace(&mut self) {
        self.hosts.iter_mut().for_each(Host::begin_trace);
    }

    /// Everything that the nodes did since [`World::begin_trace`], hashed in order: two runs are the same when their
    /// traces are.
    pub fn trace(&self) -> Vec<[u8; 32]> {
        self.hosts.iter().filter_map(Host::trace).collect()
    }

    /// Something did not hold.
    ///
    /// # Panics
    /// If violations are not collected.
    pub(super) fn report(&mut self, violation: Option<Violation>) {
        let Some(violation) = violation else { return };
        match &mut self.violations {
            Some(violations) => violations.push(violation),
            None => panic!("{violation} (seed {})", self.seed),
        }
    }
}
