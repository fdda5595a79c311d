//! The map: a B-tree of two levels, a list of leaves that are sorted lists.

use std::borrow::Borrow;
use std::fmt;
use std::ops::{Bound, Index, RangeBounds};

use super::hint::Hint;
use super::iter::{Iter, IterMut, Place};

/// The most entries of a leaf; a leaf that would grow beyond is cut in two. An insertion moves at most a leaf's entries
/// and, once for every half leaf of them, the list of leaves: with a million entries that is 250 KB in every 32nd.
pub(super) const LEAF: usize = 64;

/// A map in the order of its keys. Its owner bounds it.
#[derive(Clone)]
pub struct BTreeMap<K, V> {
    /// Ascending, none empty, none longer than [`LEAF`].
    leaves: Vec<Vec<(K, V)>>,
    len: usize,
    /// Where the last key that was looked up was found: most are looked up several times in a row, or in their order.
    /// Anything may be there by now, or nothing.
    last: Hint,
}

impl<K, V> BTreeMap<K, V> {
    /// An empty map.
    pub const fn new() -> Self {
        Self::of(Vec::new())
    }

    const fn of(leaves: Vec<Vec<(K, V)>>) -> Self {
        Self { leaves, len: 0, last: Hint::new() }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// All entries, ascending.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::new(&self.leaves, Place::default(), Place { leaf: self.leaves.len(), slot: 0 })
    }

    /// All keys, ascending.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.iter().map(|(key, _)| key)
    }

    /// All values, in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.iter().map(|(_, value)| value)
    }

    /// All entries, ascending, their values open to change.
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        IterMut { entries: self.leaves.iter_mut().flatten() }
    }

    /// All values, open to change, in the order of their keys.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.iter_mut().map(|(_, value)| value)
    }

    /// All values, in the order of their keys.
    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> {
        self.leaves.into_iter().flatten().map(|(_, value)| value)
    }

    /// All keys, ascending.
    pub fn into_keys(self) -> impl DoubleEndedIterator<Item = K> {
        self.leaves.into_iter().flatten().map(|(key, _)| key)
    }

    /// The lowest entry.
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        let (key, value) = self.leaves.first()?.first()?;
        Some((key, value))
    }

    /// The highest entry.
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        let (key, value) = self.leaves.last()?.last()?;
        Some((key, value))
    }

    /// Takes the lowest entry out.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (self.len > 0).then(|| self.take(Place::default()))
    }

    /// Keeps the entries that `keep` says.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        for leaf in &mut self.leaves {
            leaf.retain_mut(|(key, value)| keep(key, value));
        }
        self.leaves.retain(|leaf| !leaf.is_empty());
        self.count();
    }

    fn count(&mut self) {
        self.len = self.leaves.iter().map(Vec::len).sum();
    }

    fn take(&mut self, place: Place) -> (K, V) {
        let leaf = &mut self.leaves[place.leaf];
        let entry = leaf.remove(place.slot);
        if leaf.is_empty() {
            self.leaves.remove(place.leaf);
        }
        self.len -= 1;
        entry
    }

    /// Puts an entry where it belongs and says where that is.
    fn put(&mut self, mut place: Place, entry: (K, V)) -> Place {
        self.len += 1;
        let Some(leaf) = self.leaves.get_mut(place.leaf) else {
            self.leaves.push(vec![entry]);
            return place;
        };
        if leaf.len() == LEAF {
            // Keys often come in ascending order: then full leaves stay full.
            let cut = if place.slot == LEAF { LEAF } else { LEAF / 2 };
            let upper = leaf.split_off(cut);
            let leaf_of_upper = place.leaf + 1;
            self.leaves.insert(leaf_of_upper, upper);
            if place.slot >= cut {
                place = Place { leaf: leaf_of_upper, slot: place.slot - cut };
            }
        }
        self.leaves[place.leaf].insert(place.slot, entry);
        place
    }
}

impl<K: Ord, V> BTreeMap<K, V> {
    /// Where `key` is, or where it would have to be put.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Place, Place>
    where
        K: Borrow<Q>,
    {
        if let Some(place) = self.find_again(key) {
            return Ok(place);
        }
        // Most maps are small.
        let leaf = match self.leaves.len() {
            0 | 1 => 0,
            _ => self.leaves.partition_point(|leaf| leaf[0].0.borrow() <= key).saturating_sub(1),
        };
        let Some(entries) = self.leaves.get(leaf) else { return Err(Place::default()) };
        match entries.binary_search_by(|(other, _)| other.borrow().cmp(key)) {
            Ok(slot) => {
                let place = Place { leaf, slot };
                self.last.set(place);
                Ok(place)
            }
            Err(slot) => Err(Place { leaf, slot }),
        }
    }

    /// The place of `key`, if it is where the last one was found, or next to it.
    fn find_again<Q: Ord + ?Sized>(&self, key: &Q) -> Option<Place>
    where
        K: Borrow<Q>,
    {
        let last = self.last.get();
        let leaf = self.leaves.get(last.leaf)?;
        let is_at = |slot: usize| leaf.get(slot).is_some_and(|(other, _)| other.borrow() == key);
        if is_at(last.slot) {
            return Some(last);
        }
        let next = Place { slot: last.slot + 1, ..last };
        is_at(next.slot).then(|| {
            self.last.set(next);
            next
        })
    }

    /// The value at `key`.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key).ok()?;
        Some(&self.leaves[place.leaf][place.slot].1)
    }

    /// The value at `key`, open to change.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key).ok()?;
        Some(&mut self.leaves[place.leaf][place.slot].1)
    }

    /// Whether there is an entry at `key`.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Sets the value at `key`; returns the value that was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(place) => Some(std::mem::replace(&mut self.leaves[place.leaf][place.slot].1, value)),
            Err(place) => {
                self.put(place, (key, value));
                None
            }
        }
    }

    /// Removes the entry at `key`; returns its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key).ok()?;
        Some(self.take(place).1)
    }

    /// The place of `key`, to be filled if nothing is there.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        Entry { map: self, key }
    }

    /// The entries whose keys are in `range`, ascending.
    pub fn range<Q: Ord + ?Sized>(&self, range: impl RangeBounds<Q>) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let front = match range.start_bound() {
            Bound::Unbounded => Place::default(),
            Bound::Included(key) => self.first_from(key),
            Bound::Excluded(key) => self.first_after(key),
        };
        let back = match range.end_bound() {
            Bound::Unbounded => Place { leaf: self.leaves.len(), slot: 0 },
            Bound::Included(key) => self.first_after(key),
            Bound::Excluded(key) => self.first_from(key),
        };
        Iter::new(&self.leaves, front, back)
    }

    /// The place of the first key that is not below `key`.
    fn first_from<Q: Ord + ?Sized>(&self, key: &Q) -> Place
    where
        K: Borrow<Q>,
    {
        let (Ok(place) | Err(place)) = self.find(key);
        place
    }

    /// The place of the first key that is above `key`.
    fn first_after<Q: Ord + ?Sized>(&self, key: &Q) -> Place
    where
        K: Borrow<Q>,
    {
        match self.find(key) {
            Ok(place) => Place { slot: place.slot + 1, ..place },
            Err(place) => place,
        }
    }

    /// Cuts off the entries from `key` on and returns them.
    pub fn split_off<Q: Ord + ?Sized>(&mut self, key: &Q) -> Self
    where
        K: Borrow<Q>,
    {
        let place = self.first_from(key);
        if place.leaf >= self.leaves.len() {
            return Self::new();
        }
        let mut leaves = vec![self.leaves[place.leaf].split_off(place.slot)];
        leaves.extend(self.leaves.drain(place.leaf + 1..));
        self.leaves.retain(|leaf| !leaf.is_empty());
        leaves.retain(|leaf| !leaf.is_empty());
        let mut cut = Self::of(leaves);
        self.count();
        cut.count();
        cut
    }
}

/// The place of a key, whether anything is there or not.
pub struct Entry<'a, K, V> {
    map: &'a mut BTreeMap<K, V>,
    key: K,
}

impl<'a, K: Ord, V> Entry<'a, K, V> {
    /// The value that is there, or else `value`, put there.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// The value that is there, or else what `make` makes, put there.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        let place = match self.map.find(&self.key) {
            Ok(place) => place,
            Err(place) => self.map.put(place, (self.key, make())),
        };
        &mut self.map.leaves[place.leaf][place.slot].1
    }

    /// The value that is there, or else the default, put there.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }
}

impl<K, V> Default for BTreeMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<Q: Ord + ?Sized, K: Ord + Borrow<Q>, V> Index<&Q> for BTreeMap<K, V> {
    type Output = V;

    /// The value at `key`, which must be there.
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the key is in the map")
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for BTreeMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<K: Eq, V: Eq> Eq for BTreeMap<K, V> {}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for BTreeMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Ord, V> Extend<(K, V)> for BTreeMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for BTreeMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K, V> IntoIterator for BTreeMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Vec<(K, V)>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.leaves.into_iter().flatten()
    }
}

impl<'a, K, V> IntoIterator for &'a BTreeMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, K, V> IntoIterator for &'a mut BTreeMap<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = IterMut<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap as Model;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u16, u8),
        Remove(u16),
        OrInsert(u16, u8),
        PopFirst,
        Retain(u16),
        SplitOff(u16),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            12 => (0_u16..600, any::<u8>()).prop_map(|(key, value)| Step::Insert(key, value)),
            4 => (0_u16..600).prop_map(Step::Remove),
            4 => (0_u16..600, any::<u8>()).prop_map(|(key, value)| Step::OrInsert(key, value)),
            1 => Just(Step::PopFirst),
            1 => (2_u16..9).prop_map(Step::Retain),
            1 => (300_u16..600).prop_map(Step::SplitOff),
        ]
    }

    fn take(map: &mut BTreeMap<u16, u8>, model: &mut Model<u16, u8>, step: Step) {
        match step {
            Step::Insert(key, value) => assert_eq!(map.insert(key, value), model.insert(key, value)),
            Step::Remove(key) => assert_eq!(map.remove(&key), model.remove(&key)),
            Step::OrInsert(key, value) => {
                assert_eq!(map.entry(key).or_insert(value), model.entry(key).or_insert(value));
            }
            Step::PopFirst => assert_eq!(map.pop_first(), model.pop_first()),
            Step::Retain(divisor) => {
                map.retain(|key, _| key % divisor != 0);
                model.retain(|key, _| key % divisor != 0);
            }
            Step::SplitOff(key) => {
                let (cut, model_cut) = (map.split_off(&key), model.split_off(&key));
                assert!(cut.iter().eq(model_cut.iter()));
                assert_eq!(cut.len(), model_cut.len());
            }
        }
    }

    fn assert_sound(map: &BTreeMap<u16, u8>) {
        assert!(map.leaves.iter().all(|leaf| (1..=LEAF).contains(&leaf.len())));
    }

    proptest! {
        #[test]
        fn it_does_what_the_standard_map_does(
            steps in proptest::collection::vec(step(), 0..1_500),
            ranges in proptest::collection::vec((0_u16..620, 0_u16..620), 8),
        ) {
            let (mut map, mut model) = (BTreeMap::new(), Model::new());
            for step in steps {
                take(&mut map, &mut model, step);
                assert_eq!(map.len(), model.len());
            }
            assert_sound(&map);
            prop_assert!(map.iter().eq(model.iter()));
            prop_assert!(map.iter().rev().eq(model.iter().rev()));
            prop_assert_eq!(map.last_key_value(), model.last_key_value());
            for (from, to) in ranges {
                let (from, to) = (from.min(to), from.max(to));
                prop_assert!(map.range(from..to).eq(model.range(from..to)));
                prop_assert!(map.range(from..=to).rev().eq(model.range(from..=to).rev()));
                prop_assert!(map.range(..to).eq(model.range(..to)));
                prop_assert_eq!(map.get(&from), model.get(&from));
            }
        }
    }

    #[test]
    fn ascending_keys_fill_their_leaves() {
        let map: BTreeMap<u16, u8> = (0..10_000).map(|key| (key, 0)).collect();
        assert_sound(&map);
        assert_eq!(map.leaves.len(), 10_000_usize.div_ceil(LEAF));
    }

    #[test]
    fn maps_with_equal_entries_are_equal_however_they_came_to_be() {
        let up: BTreeMap<u16, u8> = (0..500).map(|key| (key, 1)).collect();
        let down: BTreeMap<u16, u8> = (0..500).rev().map(|key| (key, 1)).collect();
        assert_eq!(up, down);
    }
}
