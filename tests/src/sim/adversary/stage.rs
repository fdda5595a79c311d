//! Adversaries in a world: they come, act every half second, and go.

use super::{Adversary, Villain};
use crate::sim::agenda::{Entry, Happening};
use crate::sim::world::World;
use terrarium_core::consensus::Network;
use terrarium_core::interface::NodeId;
use terrarium_core::time::{Mono, Span};
use terrarium_core::transport::{Now, Transport};

/// Between two turns of an adversary.
const TURN: Span = Span::from_millis(500);

impl World {
    /// Lets an adversary loose at an address of its own on a network, where it keeps connections to `targets`.
    pub fn add_adversary(
        &mut self,
        id: NodeId,
        network: Network,
        targets: &[NodeId],
        adversary: Box<dyn Adversary>,
    ) {
        let villain = Villain::new(id, network, targets, adversary, self.seed);
        self.villains.insert(id, villain);
        self.plan_for_villain(self.now, id, Happening::Turn);
    }

    /// Ends all adversaries at once; their peers hear of it.
    pub fn remove_adversaries(&mut self) {
        for id in std::mem::take(&mut self.villains).into_keys() {
            for host in self.ids() {
                self.host_mut(host).connections.transport_mut().abandon(id.local_address());
                self.pump(host);
            }
        }
    }

    /// Something happens at an adversary's address.
    pub(in crate::sim) fn happen_to_villain(&mut self, id: NodeId, happening: Happening) {
        let now = self.time();
        let Some(villain) = self.villains.get_mut(&id) else { return };
        match happening {
            Happening::Frame(frame) => {
                villain.connections.transport_mut().receive(Now::both(now.mono), frame);
            }
            Happening::SessionWake => {
                villain.session_wake = None;
                villain.connections.transport_mut().tick(Now::both(now.mono));
            }
            Happening::Turn => {
                villain.turn(now);
                self.plan_for_villain(now.mono + TURN, id, Happening::Turn);
            }
            _ => return,
        }
        self.pump_villain(id);
    }

    fn pump_villain(&mut self, id: NodeId) {
        let now = self.time();
        let Some(villain) = self.villains.get_mut(&id) else { return };
        let mut frames = Vec::new();
        villain.pump(now, |to, frame| frames.push((to, frame)));
        let (fault, deeds) = (villain.adversary().fault(), villain.take_deeds());
        let due = villain.connections.transport().next_wakeup().earliest();
        let wake = due.filter(|at| villain.session_wake.is_none_or(|set| set > *at));
        if let Some(at) = wake {
            villain.session_wake = Some(at);
            self.plan_for_villain(at.max(now.mono), id, Happening::SessionWake);
        }
        self.faults.note_many(fault, deeds);
        for (to, frame) in frames {
            self.carry(id, to, frame);
        }
    }

    fn plan_for_villain(&mut self, at: Mono, node: NodeId, happening: Happening) {
        self.agenda.add(at, Entry { node, life: 0, happening });
    }
}
