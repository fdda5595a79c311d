//! A table of addresses: buckets of places, of which only those that hold something take room.

use super::placement::Place;
use crate::collections::BTreeMap;
use crate::net::draw;
use rand_chacha::ChaCha20Rng;
use std::net::SocketAddr;

/// A bucket: what stands in its places; at most `BUCKET_SIZE`.
type Bucket = BTreeMap<u8, SocketAddr>;

/// A table; at most as many places as its buckets have.
#[derive(Clone, Debug)]
pub(super) struct Table {
    buckets: BTreeMap<u16, Bucket>,
    len: usize,
}

impl Table {
    /// An empty one.
    pub(super) const fn new() -> Self {
        Self { buckets: BTreeMap::new(), len: 0 }
    }

    pub(super) fn get(&self, place: Place) -> Option<SocketAddr> {
        self.buckets.get(&place.bucket)?.get(&place.position).copied()
    }

    /// Puts an address in a place; who stood there goes.
    pub(super) fn put(&mut self, place: Place, address: SocketAddr) {
        let bucket = self.buckets.entry(place.bucket).or_default();
        if bucket.insert(place.position, address).is_none() {
            self.len += 1;
        }
    }

    /// Empties a place.
    pub(super) fn clear(&mut self, place: Place) {
        let Some(bucket) = self.buckets.get_mut(&place.bucket) else { return };
        if bucket.remove(&place.position).is_some() {
            self.len -= 1;
        }
        if bucket.is_empty() {
            self.buckets.remove(&place.bucket);
        }
    }

    /// Places that are taken.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// An address of a random bucket: each bucket that holds something is as likely as any other, however full.
    pub(super) fn draw(&self, rng: &mut ChaCha20Rng) -> Option<SocketAddr> {
        let bucket = nth(self.buckets.values(), self.buckets.len(), rng)?;
        nth(bucket.values(), bucket.len(), rng).copied()
    }
}

fn nth<T>(mut items: impl Iterator<Item = T>, len: usize, rng: &mut ChaCha20Rng) -> Option<T> {
    match len {
        0 => None,
        len => items.nth(draw::below(rng, len)),
    }
}
