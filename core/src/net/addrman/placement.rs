//! Where an address goes: its bucket and its place in it, both keyed by a secret, so that nobody can aim at a bucket; and
//! bound to groups, so that one source fills few of them.

use super::{BUCKET_SIZE, NEW_BUCKET_COUNT, TRIED_BUCKET_COUNT};
use crate::net::group::AddressGroup;
use crate::spv::siphash;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Buckets of the new table over which one source group's addresses spread (Core's
/// `ADDRMAN_NEW_BUCKETS_PER_SOURCE_GROUP`).
const NEW_BUCKETS_PER_SOURCE_GROUP: u64 = 64;
/// Buckets of the tried table over which one group's addresses spread (Core's `ADDRMAN_TRIED_BUCKETS_PER_GROUP`).
const TRIED_BUCKETS_PER_GROUP: u64 = 8;

/// A bucket of a table, and a place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bucket: u16,
    pub(super) position: u8,
}

/// The secret that decides all places (Core's `nKey`); not shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlacementKey(pub(crate) [u64; 2]);

impl fmt::Debug for PlacementKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PlacementKey(secret)")
    }
}

impl PlacementKey {
    /// Where `address` goes in the new table when `source` tells of it.
    pub(super) fn new_place(&self, address: &SocketAddr, source: &SocketAddr) -> Place {
        let (group, from) = (AddressGroup::of(address).to_bytes(), AddressGroup::of(source).to_bytes());
        let share = self.hash(&[b"n", &group, &from]) % NEW_BUCKETS_PER_SOURCE_GROUP;
        let bucket = self.hash(&[b"N", &from, &share.to_le_bytes()]) % u64::from(NEW_BUCKET_COUNT);
        self.in_bucket(b"new", bucket as u16, address)
    }

    /// Where `address` goes in the tried table.
    pub(super) fn tried_place(&self, address: &SocketAddr) -> Place {
        let group = AddressGroup::of(address).to_bytes();
        let share = self.hash(&[b"t", &key_of(address)]) % TRIED_BUCKETS_PER_GROUP;
        let bucket = self.hash(&[b"T", &group, &share.to_le_bytes()]) % u64::from(TRIED_BUCKET_COUNT);
        self.in_bucket(b"tried", bucket as u16, address)
    }

    fn in_bucket(&self, table: &[u8], bucket: u16, address: &SocketAddr) -> Place {
        let hash = self.hash(&[table, &bucket.to_le_bytes(), &key_of(address)]);
        Place { bucket, position: (hash % u64::from(BUCKET_SIZE)) as u8 }
    }

    /// Each part is preceded by its length, so that no two lists of parts are one text.
    fn hash(&self, parts: &[&[u8]]) -> u64 {
        let mut text = Vec::with_capacity(64);
        for part in parts {
            text.push(part.len() as u8);
            text.extend_from_slice(part);
        }
        siphash(self.0, &text)
    }
}

/// An address as bytes: sixteen of IP, and the port.
pub(crate) fn key_of(address: &SocketAddr) -> [u8; 18] {
    let ip = match address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let mut key = [0; 18];
    key[..16].copy_from_slice(&ip.octets());
    key[16..].copy_from_slice(&address.port().to_be_bytes());
    key
}
