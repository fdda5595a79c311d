//! Sorting, and ordered maps and sets with the interface of the standard library's of the same names, as far as it is used here,
//! and a fraction of their code: std's balancing costs some 6 KB of WebAssembly for each pair of types, and a node has
//! about fifty such pairs. Every visitor downloads that code; nobody gains from trees deeper than two levels.
//!
//! Knows nothing of Bitcoin.

mod hint;
mod iter;
mod map;
mod set;
mod sort;

pub use iter::{Iter, IterMut};
pub use map::{BTreeMap, Entry};
pub use set::BTreeSet;
pub use sort::{sort, sort_by_key};
