//! Memory of the latest things, of a fixed size: the oldest is forgotten first.

use std::collections::VecDeque;

use crate::collections::BTreeMap;

/// A map of at most a fixed number of entries.
#[derive(Clone, Debug)]
pub(crate) struct RecentMap<K, V> {
    capacity: usize,
    /// Every key of `values` once, oldest first.
    order: VecDeque<K>,
    /// At most `capacity` entries.
    values: BTreeMap<K, V>,
}

impl<K: Ord + Copy, V> RecentMap<K, V> {
    /// An empty map that keeps the last `capacity` entries.
    pub(crate) const fn new(capacity: usize) -> Self {
        Self { capacity, order: VecDeque::new(), values: BTreeMap::new() }
    }

    /// Remembers `value`; a key that is known keeps its age. Returns whether the key is new.
    pub(crate) fn insert(&mut self, key: K, value: V) -> bool {
        if self.values.insert(key, value).is_some() {
            return false;
        }
        self.order.push_back(key);
        while self.order.len() > self.capacity {
            let Some(oldest) = self.order.pop_front() else { break };
            self.values.remove(&oldest);
        }
        true
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        self.values.contains_key(key)
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let value = self.values.remove(key)?;
        self.order.retain(|other| other != key);
        Some(value)
    }

    pub(crate) fn clear(&mut self) {
        self.order.clear();
        self.values.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }
}

/// A set of at most a fixed number of members.
pub(crate) type RecentSet<K> = RecentMap<K, ()>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_when_the_bound_is_reached() {
        let mut map = RecentMap::new(2);
        assert!(map.insert(1, 'a') && map.insert(2, 'b'));
        assert!(!map.insert(1, 'c'), "a known key is not new");
        assert!(map.insert(3, 'd'));
        assert_eq!((map.get(&1), map.get(&2), map.get(&3)), (None, Some(&'b'), Some(&'d')));
        assert_eq!(map.remove(&2), Some('b'));
        assert!(map.insert(2, 'e') && map.contains(&3));
        assert_eq!(map.len(), 2);
    }
}
