//! A map whose keys are numbers given out one after the other.

use std::iter::Map;
use std::slice;

/// A map in the order of its keys, each of which is a number that ascends with it. Whoever gives such keys out counts on, so
/// most of those in use lie close together: one is found by how far it lies from the first and the last, at once where
/// none between them is missing, in few steps where few are. Its owner bounds it.
#[derive(Clone, Debug)]
pub struct SerialMap<K, V> {
    /// Ascending.
    entries: Vec<(K, V)>,
    /// The numbers of the first and the last key, kept beside so that a search begins here; anything while it is empty.
    first: u64,
    last: u64,
}

impl<K, V> SerialMap<K, V> {
    /// An empty map.
    pub const fn new() -> Self {
        Self { entries: Vec::new(), first: 0, last: 0 }
    }

    /// The number of entries.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + Clone {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// All keys, ascending.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.entries.iter().map(|(key, _)| key)
    }

    /// All values, in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.entries.iter().map(|(_, value)| value)
    }

    /// All entries, ascending, their values open to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// All values, open to change, in the order of their keys.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.iter_mut().map(|(_, value)| value)
    }
}

impl<K: Copy + Ord + Into<u64>, V> SerialMap<K, V> {
    /// Where `key` is, or where it would have to be put.
    fn find(&self, key: K) -> Result<usize, usize> {
        let number = key.into();
        if self.entries.is_empty() || number < self.first {
            return Err(0);
        }
        let end = self.entries.len() - 1;
        let Some(to_last) = self.last.checked_sub(number) else { return Err(end + 1) };
        // Keys differ by one at least, so one lies no further in than its distance from the first, and no less than its
        // distance from the last leaves.
        let high = usize::try_from(number - self.first).map_or(end, |most| most.min(end));
        let low = usize::try_from(to_last).map_or(0, |most| end.saturating_sub(most));
        if self.entries[high].0 == key {
            return Ok(high);
        }
        let between = self.entries[low..=high].binary_search_by_key(&key, |(key, _)| *key);
        between.map(|slot| low + slot).map_err(|slot| low + slot)
    }

    /// The value at `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        let slot = self.find(*key).ok()?;
        Some(&self.entries[slot].1)
    }

    /// The value at `key`, open to change.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let slot = self.find(*key).ok()?;
        Some(&mut self.entries[slot].1)
    }

    /// Whether there is an entry at `key`.
    pub fn contains_key(&self, key: &K) -> bool {
        self.find(*key).is_ok()
    }

    /// Sets the value at `key`; returns the value that was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(key) {
            Ok(slot) => Some(std::mem::replace(&mut self.entries[slot].1, value)),
            Err(slot) => {
                self.entries.insert(slot, (key, value));
                self.note_ends();
                None
            }
        }
    }

    /// The value at `key`, or else what `make` makes, put there.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let slot = match self.find(key) {
            Ok(slot) => slot,
            Err(slot) => {
                self.entries.insert(slot, (key, make()));
                self.note_ends();
                slot
            }
        };
        &mut self.entries[slot].1
    }

    /// Removes the entry at `key`; returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let slot = self.find(*key).ok()?;
        let (_, value) = self.entries.remove(slot);
        self.note_ends();
        Some(value)
    }

    fn note_ends(&mut self) {
        if let ([(first, _), ..], [.., (last, _)]) = (&self.entries[..], &self.entries[..]) {
            (self.first, self.last) = ((*first).into(), (*last).into());
        }
    }
}

impl<K, V> Default for SerialMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, K, V> IntoIterator for &'a mut SerialMap<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = Map<slice::IterMut<'a, (K, V)>, fn(&'a mut (K, V)) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter_mut().map(|(key, value)| (key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Keys that lie close together, and the outermost ones.
        #[test]
        fn a_serial_map_does_what_the_standard_librarys_does(
            steps in vec((prop_oneof![8 => 100_u64..140, 1 => Just(0), 1 => Just(u64::MAX)], any::<bool>()), 0..200),
        ) {
            let (mut map, mut model) = (SerialMap::new(), BTreeMap::new());
            for (step, (key, puts)) in steps.into_iter().enumerate() {
                prop_assert_eq!(map.get(&key), model.get(&key));
                prop_assert_eq!(map.contains_key(&key), model.contains_key(&key));
                if puts && step % 2 == 0 {
                    prop_assert_eq!(map.insert(key, step), model.insert(key, step));
                } else if puts {
                    prop_assert_eq!(map.get_or_insert_with(key, || step), model.entry(key).or_insert(step));
                } else {
                    prop_assert_eq!(map.remove(&key), model.remove(&key));
                }
                prop_assert!(map.iter().eq(model.iter()));
                prop_assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
            }
        }
    }
}
