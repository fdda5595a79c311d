//! What goes wrong in a world, and is counted: each call is one fault.

use super::fault::Fault;
use super::world::World;
use terrarium_core::interface::NodeId;
use terrarium_core::store::Database;
use terrarium_core::time::Span;

/// Whether a host that crashes keeps its power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// The process dies, what it wrote is written.
    Kept,
    /// The machine dies: the last relaxed writes may be lost.
    Lost,
}

impl World {
    /// Swallows every frame from one node to another, or no longer, and tells nobody.
    pub fn set_one_way(&mut self, from: NodeId, to: NodeId, dead: bool) {
        if dead {
            self.faults.note(Fault::OneWay);
        }
        self.lines.set_dead(from, to, dead);
    }

    /// Holds back every frame between two nodes for a while.
    pub fn clog(&mut self, a: NodeId, b: NodeId, span: Span) {
        self.faults.note(Fault::Clog);
        let until = self.now + span;
        self.lines.clog(a, b, until);
        self.lines.clog(b, a, until);
    }

    /// Ends the sessions between two nodes; they may begin new ones.
    pub fn break_connection(&mut self, a: NodeId, b: NodeId) {
        self.faults.note(Fault::ConnectionCut);
        self.host_mut(a).connections.transport_mut().abandon(b);
        self.host_mut(b).connections.transport_mut().abandon(a);
        self.pump(a);
        self.pump(b);
    }

    /// Lets nothing happen in a host for a while, and then all of it.
    pub fn send_to_sleep(&mut self, id: NodeId, span: Span) {
        self.faults.note(Fault::Sleep);
        let until = self.now + span;
        self.host_mut(id).asleep_until = until;
    }

    /// Ends a node as a crash does, to be opened again within seconds; `power` says whether its last writes may be
    /// lost with it.
    pub fn crash(&mut self, id: NodeId, power: Power) {
        self.faults.note(Fault::Crash);
        self.die(id);
        if let Some(host) = self.hosts.get_mut(id).filter(|_| power == Power::Lost) {
            host.disk.lose_power(&mut self.dice, &mut self.faults);
        }
    }

    /// Damages a record of a node that is down.
    pub fn damage(&mut self, id: NodeId, database: Database) {
        if let Some(host) = self.hosts.get_mut(id).filter(|host| !host.is_open()) {
            host.disk.damage(database, &mut self.dice, &mut self.faults);
        }
    }

    /// Counts a fault that something outside made happen.
    pub(super) fn note_fault(&mut self, fault: Fault) {
        self.faults.note(fault);
    }
}
