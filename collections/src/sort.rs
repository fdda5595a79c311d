//! Sorting: one merge sort of places for all types, where std's sorts cost some 3 to 25 KB of WebAssembly for each.

/// Sorts; what is equal keeps its order.
pub fn sort<T: Ord>(items: &mut Vec<T>) {
    let order = order(items.len(), &|a, b| items[a] <= items[b]);
    arrange(items, &order);
}

/// Sorts by a key, taken once of each item; what has equal keys keeps its order.
pub fn sort_by_key<T, K: Ord>(items: &mut Vec<T>, key: impl Fn(&T) -> K) {
    let keys: Vec<K> = items.iter().map(key).collect();
    let order = order(keys.len(), &|a, b| keys[a] <= keys[b]);
    arrange(items, &order);
}

/// The places from 0 to `len` in the order of what is there; `is_before` also of a place and one that is equal to it.
fn order(len: usize, is_before: &dyn Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    let mut run = 1;
    while run < len {
        let mut merged = Vec::with_capacity(len);
        for pair in order.chunks(2 * run) {
            let (left, right) = pair.split_at(run.min(pair.len()));
            merge(left, right, is_before, &mut merged);
        }
        order = merged;
        run *= 2;
    }
    order
}

/// Appends two ascending runs as one.
fn merge<'a>(
    mut left: &'a [usize],
    mut right: &'a [usize],
    is_before: &dyn Fn(usize, usize) -> bool,
    merged: &mut Vec<usize>,
) {
    while let (Some((a, after_a)), Some((b, after_b))) = (left.split_first(), right.split_first()) {
        if is_before(*a, *b) {
            merged.push(*a);
            left = after_a;
        } else {
            merged.push(*b);
            right = after_b;
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
}

/// Puts the items in this order of their places.
fn arrange<T>(items: &mut Vec<T>, order: &[usize]) {
    let mut taken: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(order.iter().filter_map(|&place| taken[place].take()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn items_are_sorted_as_std_sorts_them(mut items: Vec<u8>) {
            let mut expected = items.clone();
            expected.sort();
            sort(&mut items);
            prop_assert_eq!(items, expected);
        }

        #[test]
        fn items_of_equal_keys_keep_their_order(keys: Vec<u8>) {
            let mut items: Vec<(usize, u8)> = keys.into_iter().enumerate().collect();
            let mut expected = items.clone();
            expected.sort_by_key(|(_, key)| key % 8);
            sort_by_key(&mut items, |(_, key)| key % 8);
            prop_assert_eq!(items, expected);
        }
    }
}
