//! The hosts of a world, each at its place: looking one up is what a world does most.

use super::host::Host;
use terrarium_core::interface::NodeId;

/// All hosts, by the ids of their nodes.
#[derive(Default)]
pub(super) struct Hosts {
    /// One place for each id up to the highest; at most 65,536.
    places: Vec<Option<Box<Host>>>,
}

impl Hosts {
    pub(super) fn insert(&mut self, id: NodeId, host: Host) {
        let place = usize::from(id.0);
        if self.places.len() <= place {
            self.places.resize_with(place + 1, || None);
        }
        self.places[place] = Some(Box::new(host));
    }

    pub(super) fn get(&self, id: NodeId) -> Option<&Host> {
        self.places.get(usize::from(id.0))?.as_deref()
    }

    pub(super) fn get_mut(&mut self, id: NodeId) -> Option<&mut Host> {
        self.places.get_mut(usize::from(id.0))?.as_deref_mut()
    }

    pub(super) fn contains(&self, id: NodeId) -> bool {
        self.get(id).is_some()
    }

    /// All, in the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Host> {
        self.places.iter().flatten().map(|host| &**host)
    }

    /// As [`Hosts::iter`], to change them.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Host> {
        self.places.iter_mut().flatten().map(|host| &mut **host)
    }
}
