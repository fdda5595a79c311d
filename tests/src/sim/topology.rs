//! What lies between the nodes of a world: lines, cuts and NATs.

use super::link::Link;
use super::nat::Nat;
use super::world::World;
use terrarium_core::interface::NodeId;

impl World {
    /// Makes every link that nobody set yet as `link`, in both directions.
    pub fn set_usual_link(&mut self, link: Link) {
        self.lines.set_usual(link);
    }

    /// The link between two nodes.
    pub fn link(&self, a: NodeId, b: NodeId) -> Link {
        self.lines.between(a, b)
    }

    /// Sets the link between two nodes in both directions; what is cut closes at once, at both ends.
    pub fn set_link(&mut self, a: NodeId, b: NodeId, link: Link) {
        for (from, to) in [(a, b), (b, a)] {
            let was_cut = self.lines.between(from, to).cut;
            self.lines.set(from, to, link);
            match (was_cut, link.cut) {
                (false, true) => self.host_mut(from).connections.transport_mut().cut(to),
                (true, false) => self.host_mut(from).connections.transport_mut().heal(to),
                _ => {}
            }
        }
        self.pump(a);
        self.pump(b);
    }

    /// What NAT a node is behind.
    pub fn nat(&self, id: NodeId) -> Nat {
        self.nats.of(id)
    }

    /// Puts a node behind a NAT.
    pub fn set_nat(&mut self, id: NodeId, nat: Nat) {
        self.nats.set(id, nat);
    }

    /// Cuts every link between different groups; nodes not named form one more group.
    pub fn partition(&mut self, groups: &[&[NodeId]]) {
        let group_of = |id: &NodeId| groups.iter().position(|group| group.contains(id));
        let ids = self.ids();
        for (at, a) in ids.iter().enumerate() {
            for b in &ids[at + 1..] {
                let cut = group_of(a) != group_of(b);
                let link = self.lines.between(*a, *b);
                if link.cut != cut {
                    self.set_link(*a, *b, Link { cut, ..link });
                }
            }
        }
    }

    /// Mends every cut.
    pub fn heal(&mut self) {
        self.partition(&[]);
    }
}
