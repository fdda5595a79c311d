//! Going through a map's leaves from both ends.

use std::iter::Flatten;
use std::slice;

/// Where an entry is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Which leaf.
    pub(super) leaf: usize,
    /// Which entry of it; a leaf's length stands for the beginning of the next leaf.
    pub(super) slot: usize,
}

/// Entries of a map, ascending.
pub struct Iter<'a, K, V> {
    leaves: &'a [Vec<(K, V)>],
    front: Place,
    /// The place after the last entry.
    back: Place,
}

impl<'a, K, V> Iter<'a, K, V> {
    pub(super) fn new(leaves: &'a [Vec<(K, V)>], front: Place, back: Place) -> Self {
        Self { leaves, front, back }
    }
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        while self.front < self.back {
            let leaf = self.leaves.get(self.front.leaf)?;
            if let Some((key, value)) = leaf.get(self.front.slot) {
                self.front.slot += 1;
                return Some((key, value));
            }
            self.front = Place { leaf: self.front.leaf + 1, slot: 0 };
        }
        None
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.back.slot == 0 {
            let leaf = self.back.leaf.checked_sub(1)?;
            self.back = Place { leaf, slot: self.leaves[leaf].len() };
        }
        if self.front >= self.back {
            return None;
        }
        self.back.slot -= 1;
        let (key, value) = self.leaves.get(self.back.leaf)?.get(self.back.slot)?;
        Some((key, value))
    }
}

/// Entries of a map, ascending, their values open to change.
pub struct IterMut<'a, K, V> {
    pub(super) entries: Flatten<slice::IterMut<'a, Vec<(K, V)>>>,
}

impl<'a, K, V> Iterator for IterMut<'a, K, V> {
    type Item = (&'a K, &'a mut V);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = self.entries.next()?;
        Some((key, value))
    }
}
