//! Keeping side branches within bounds: their bodies. Their headers are bounded as they come, in `accept`.

use super::chainstate::Chainstate;
use super::index::{BlockIndexEntry, EntryId};
use crate::collections::BTreeSet;
use crate::encode::Encode as _;
use crate::primitives::Work;

/// Bytes of bodies that a node keeps off the active chain and off the best header's; those of least work give way,
/// from the tips of their branches down, and come again if their branch ever has the most work.
pub const MAX_SIDE_BODIES: usize = 64 << 20;

/// Looking at every header takes its time: it is done again after this part of the bound.
const PART: usize = 16;

impl Chainstate {
    /// Drops bodies of side branches over the bound. The chain rests: no branch is better than the active one.
    pub(super) fn prune_side_bodies(&mut self) {
        let has_changed = self.new_bodies > self.max_side_bodies / PART;
        if !has_changed && self.effects.disconnected.is_empty() {
            return;
        }
        self.new_bodies = 0;
        let side = || self.index.iter().filter(|(id, entry)| entry.has_body() && self.is_side(*id));
        let mut bytes: usize = side().map(|(id, entry)| self.body_size(id, entry)).sum();
        if bytes <= self.max_side_bodies {
            return;
        }
        let leaves = side().filter(|(id, _)| !self.has_child_with_body(*id));
        let mut leaves: BTreeSet<(Work, EntryId)> = leaves.map(|(id, entry)| (entry.chainwork, id)).collect();
        while bytes > self.max_side_bodies - self.max_side_bodies / PART {
            let Some((_, id)) = leaves.pop_first() else { return };
            let entry = self.index.get(id);
            let parent = entry.parent;
            bytes -= self.body_size(id, entry);
            self.drop_data(id);
            if let Some(parent) = parent
                && self.index.get(parent).has_body()
                && self.is_side(parent)
                && !self.has_child_with_body(parent)
            {
                leaves.insert((self.index.get(parent).chainwork, parent));
            }
        }
    }

    /// Whether a block is neither on the active chain nor on the best header's.
    pub(super) fn is_side(&self, id: EntryId) -> bool {
        let height = self.index.get(id).height.0 as usize;
        !self.is_active_id(id) && self.header_chain.get(height) != Some(&id)
    }

    fn has_child_with_body(&self, id: EntryId) -> bool {
        self.index.children(id).any(|child| self.index.get(child).has_body())
    }

    fn body_size(&self, id: EntryId, entry: &BlockIndexEntry) -> usize {
        let in_memory = || self.bodies.get(id).map_or(0, |block| block.block().encoded_len());
        entry.body.map_or_else(in_memory, |place| place.length as usize)
    }
}
