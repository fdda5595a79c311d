//! Where a map last found something.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::iter::Place;
use super::map::LEAF;

/// A place that was right once. Who shares a map may see another's: it is looked at before it is believed.
pub(super) struct Hint(AtomicUsize);

impl Hint {
    /// The first place.
    pub(super) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// The place.
    pub(super) fn get(&self) -> Place {
        let place = self.0.load(Ordering::Relaxed);
        Place { leaf: place / LEAF, slot: place % LEAF }
    }

    /// Takes another place, of an entry that is there.
    pub(super) fn set(&self, place: Place) {
        self.0.store(place.leaf * LEAF + place.slot, Ordering::Relaxed);
    }
}

impl Clone for Hint {
    fn clone(&self) -> Self {
        Self(AtomicUsize::new(self.0.load(Ordering::Relaxed)))
    }
}
