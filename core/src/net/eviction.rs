//! Who goes when somebody new wants in and all places are taken (Core's `SelectNodeToEvict`): nobody who is useful, near or
//! of long standing. What is left belongs to whoever holds most of it, and of those the youngest goes.
//!
//! An attacker would have to be better than honest peers in every respect at once to keep their places.

use super::group::AddressGroup;
use super::network::Network;
use super::peer::{Peer, Purpose};
use super::reason::DisconnectReason;
use super::secret::HashKey;
use crate::collections::{BTreeMap, sort_by_key};
use crate::interface::PeerId;
use crate::spv::siphash;
use crate::time::{Mono, Span, Time};

/// Peers protected because a keyed hash of their group is high: nobody can know which groups to hold.
const BY_GROUP: usize = 4;
/// Peers protected for the fastest ping that they ever answered: nobody is nearer than he is.
const BY_PING: usize = 8;
/// Peers protected because they brought transactions last ...
const BY_TRANSACTION: usize = 4;
/// ... peers that take none, because they brought blocks last ...
const BY_BLOCK_ONLY: usize = 8;
/// ... and peers of any kind that did.
const BY_BLOCK: usize = 4;

/// What eviction looks at (Core's `NodeEvictionCandidate`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) id: PeerId,
    pub(super) connected: Mono,
    pub(super) fastest_ping: Option<Span>,
    pub(super) last_block: Option<Mono>,
    pub(super) last_transaction: Option<Mono>,
    pub(super) takes_transactions: bool,
    pub(super) group: AddressGroup,
    pub(super) keyed_group: u64,
}

impl Network {
    /// Gives one inbound connection up for another; false if all are worth keeping.
    pub(super) fn evict(&mut self, now: Time) -> bool {
        let inbound = self.peers.iter().filter(|peer| peer.purpose == Purpose::Inbound);
        let candidates: Vec<Candidate> = inbound.map(|peer| candidate(peer, self.group_key)).collect();
        let Some(peer) = select(candidates) else { return false };
        self.disconnect(peer, DisconnectReason::Evicted, now);
        true
    }
}

/// Whom to give up, if anybody.
pub(super) fn select(mut candidates: Vec<Candidate>) -> Option<PeerId> {
    protect(&mut candidates, BY_GROUP, |_| true, |peer| peer.keyed_group);
    // The slowest first; one that never answered a ping is slower than any that did.
    let nearness = |peer: &Candidate| u64::MAX - peer.fastest_ping.map_or(u64::MAX, |ping| ping.0);
    protect(&mut candidates, BY_PING, |_| true, nearness);
    protect(
        &mut candidates,
        BY_TRANSACTION,
        |_| true,
        |peer| (peer.last_transaction, peer.takes_transactions),
    );
    protect(&mut candidates, BY_BLOCK_ONLY, |peer| !peer.takes_transactions, |peer| peer.last_block);
    protect(&mut candidates, BY_BLOCK, |_| true, |peer| peer.last_block);
    let half = candidates.len() / 2;
    protect(&mut candidates, half, |_| true, |peer| u64::MAX - peer.connected.0);

    let mut groups: BTreeMap<AddressGroup, (usize, Mono, PeerId)> = BTreeMap::new();
    for peer in &candidates {
        let youngest = groups.entry(peer.group).or_insert((0, Mono(0), peer.id));
        youngest.0 += 1;
        if (peer.connected, peer.id) >= (youngest.1, youngest.2) {
            (youngest.1, youngest.2) = (peer.connected, peer.id);
        }
    }
    groups.values().max_by_key(|group| **group).map(|(_, _, peer)| *peer)
}

/// Takes the best `count` by `merit` out of the candidates, if they are `meant` (Core's `EraseLastKElements`).
fn protect<K: Ord>(
    candidates: &mut Vec<Candidate>,
    count: usize,
    meant: impl Fn(&Candidate) -> bool,
    merit: impl Fn(&Candidate) -> K,
) {
    sort_by_key(candidates, |peer| (merit(peer), u64::MAX - peer.connected.0));
    let at = candidates.len().saturating_sub(count);
    let best = candidates.split_off(at);
    candidates.extend(best.into_iter().filter(|peer| !meant(peer)));
}

fn candidate(peer: &Peer, key: HashKey) -> Candidate {
    let group = AddressGroup::of(&peer.address);
    Candidate {
        id: peer.id,
        connected: peer.connected.mono,
        fastest_ping: peer.ping.fastest,
        last_block: peer.last_block.map(|time| time.mono),
        last_transaction: peer.last_transaction.map(|time| time.mono),
        takes_transactions: peer.wants_transactions(),
        group,
        keyed_group: siphash(key.0, &group.to_bytes()),
    }
}

#[cfg(test)]
mod tests;
