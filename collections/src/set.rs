//! The set: a map without values.

use std::borrow::Borrow;
use std::fmt;
use std::ops::RangeBounds;

use super::map::BTreeMap;

/// A set in the order of its members. Its owner bounds it.
#[derive(Clone, PartialEq, Eq)]
pub struct BTreeSet<K> {
    map: BTreeMap<K, ()>,
}

impl<K> BTreeSet<K> {
    /// An empty set.
    pub const fn new() -> Self {
        Self { map: BTreeMap::new() }
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Removes all members.
    pub fn clear(&mut self) {
        self.map.clear();
    }

    /// All members, ascending.
    pub fn iter(&self) -> Iter<'_, K> {
        Iter { entries: self.map.iter() }
    }

    /// The lowest member.
    pub fn first(&self) -> Option<&K> {
        self.map.first_key_value().map(|(key, ())| key)
    }

    /// The highest member.
    pub fn last(&self) -> Option<&K> {
        self.map.last_key_value().map(|(key, ())| key)
    }

    /// Takes the lowest member out.
    pub fn pop_first(&mut self) -> Option<K> {
        self.map.pop_first().map(|(key, ())| key)
    }

    /// Keeps the members that `keep` says.
    pub fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) {
        self.map.retain(|key, ()| keep(key));
    }
}

impl<K: Ord> BTreeSet<K> {
    /// Whether `key` is a member.
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.map.contains_key(key)
    }

    /// Adds a member; whether it is new.
    pub fn insert(&mut self, key: K) -> bool {
        self.map.insert(key, ()).is_none()
    }

    /// Removes a member; whether it was one.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.map.remove(key).is_some()
    }

    /// The members in `range`, ascending.
    pub fn range<Q: Ord + ?Sized>(&self, range: impl RangeBounds<Q>) -> Iter<'_, K>
    where
        K: Borrow<Q>,
    {
        Iter { entries: self.map.range(range) }
    }

    /// The members that `other` lacks, ascending.
    pub fn difference<'a>(&'a self, other: &'a Self) -> impl DoubleEndedIterator<Item = &'a K> {
        self.iter().filter(|key| !other.contains(*key))
    }

    /// Cuts off the members from `key` on and returns them.
    pub fn split_off<Q: Ord + ?Sized>(&mut self, key: &Q) -> Self
    where
        K: Borrow<Q>,
    {
        Self { map: self.map.split_off(key) }
    }
}

/// Members of a set, ascending.
pub struct Iter<'a, K> {
    entries: super::Iter<'a, K, ()>,
}

impl<K> Clone for Iter<'_, K> {
    fn clone(&self) -> Self {
        Self { entries: self.entries.clone() }
    }
}

impl<'a, K> Iterator for Iter<'a, K> {
    type Item = &'a K;

    fn next(&mut self) -> Option<&'a K> {
        self.entries.next().map(|(key, ())| key)
    }
}

impl<K> DoubleEndedIterator for Iter<'_, K> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.entries.next_back().map(|(key, ())| key)
    }
}

impl<K> Default for BTreeSet<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: fmt::Debug> fmt::Debug for BTreeSet<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<K: Ord> Extend<K> for BTreeSet<K> {
    fn extend<I: IntoIterator<Item = K>>(&mut self, members: I) {
        for key in members {
            self.insert(key);
        }
    }
}

impl<K: Ord> FromIterator<K> for BTreeSet<K> {
    fn from_iter<I: IntoIterator<Item = K>>(members: I) -> Self {
        let mut set = Self::new();
        set.extend(members);
        set
    }
}

impl<K: Ord, const N: usize> From<[K; N]> for BTreeSet<K> {
    fn from(members: [K; N]) -> Self {
        members.into_iter().collect()
    }
}

impl<K> IntoIterator for BTreeSet<K> {
    type Item = K;
    type IntoIter = IntoIter<K>;

    fn into_iter(self) -> Self::IntoIter {
        IntoIter { entries: self.map.into_iter() }
    }
}

/// A set's members, taken out of it, ascending.
pub struct IntoIter<K> {
    entries: <BTreeMap<K, ()> as IntoIterator>::IntoIter,
}

impl<K> Iterator for IntoIter<K> {
    type Item = K;

    fn next(&mut self) -> Option<K> {
        self.entries.next().map(|(key, ())| key)
    }
}

impl<'a, K> IntoIterator for &'a BTreeSet<K> {
    type Item = &'a K;
    type IntoIter = Iter<'a, K>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_in_order_and_holds_what_the_other_lacks() {
        let (one, other) = (BTreeSet::from([5, 1, 3]), BTreeSet::from([3, 4]));
        assert_eq!(one.difference(&other).copied().collect::<Vec<_>>(), [1, 5]);
        assert!(!one.contains(&4));
    }

    #[test]
    fn a_member_is_new_once() {
        let mut set = BTreeSet::new();
        assert!(set.insert(7) && !set.insert(7) && set.remove(&7) && !set.remove(&7));
    }
}
