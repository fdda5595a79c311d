//! Sorting, and ordered maps and sets with the interface of the standard library's of the same names, as far as it is used here,
//! and a fraction of their code: std's balancing costs some 6 KB of WebAssembly for each pair of types, and a node has
//! about fifty such pairs. Every visitor downloads that code; nobody gains from trees deeper than two levels.
//! [`SerialMap`] is for keys that are numbers given out one after the other, as those of peers are: each message looks its
//! peer up some twenty times.
//!
//! Knows nothing of Bitcoin.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod hint;
mod iter;
mod map;
mod serial;
mod set;
mod sort;

pub use iter::{Iter, IterMut};
pub use map::{BTreeMap, Entry};
pub use serial::SerialMap;
pub use set::BTreeSet;
pub use sort::{sort, sort_by_key};
