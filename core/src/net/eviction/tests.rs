//! Counterparts of Core's `p2p_eviction.py` and `net_peer_eviction_tests.cpp`.

use super::{Candidate, select};
use crate::interface::PeerId;
use crate::net::AddressGroup;
use crate::time::{Mono, Span};

/// A peer that did nothing, connected at `number`, in a group of its own.
fn peer(number: u64) -> Candidate {
    Candidate {
        id: PeerId(number),
        connected: Mono(number),
        fastest_ping: None,
        last_block: None,
        last_transaction: None,
        takes_transactions: true,
        group: AddressGroup::Local(number as u16),
        keyed_group: 0,
    }
}

fn peers(count: u64, change: impl Fn(&mut Candidate)) -> Vec<Candidate> {
    (1..=count)
        .map(|number| {
            let mut peer = peer(number);
            change(&mut peer);
            peer
        })
        .collect()
}

/// Whom the eviction of one after the other gives up, until nobody is left that may be.
fn all_evicted(mut candidates: Vec<Candidate>) -> Vec<u64> {
    let mut evicted = Vec::new();
    while let Some(id) = select(candidates.clone()) {
        evicted.push(id.0);
        candidates.retain(|peer| peer.id != id);
    }
    evicted
}

#[test]
fn few_peers_are_all_worth_keeping() {
    assert_eq!(select(Vec::new()), None);
    assert_eq!(select(peers(20, |_| ())), None);
    assert!(select(peers(21, |_| ())).is_some());
}

#[test]
fn the_youngest_of_those_without_merit_goes() {
    assert_eq!(select(peers(125, |_| ())), Some(PeerId(125)));
}

#[test]
fn peers_with_the_fastest_pings_stay() {
    let near = |peer: &mut Candidate| {
        peer.fastest_ping = Some(Span(if peer.id.0 > 117 { 1 } else { 1_000 }));
    };
    assert!(all_evicted(peers(125, near)).iter().all(|id| *id <= 117));
}

#[test]
fn peers_that_brought_the_last_transactions_stay() {
    let brought = |peer: &mut Candidate| peer.last_transaction = (peer.id.0 > 121).then_some(Mono(9));
    assert!(all_evicted(peers(125, brought)).iter().all(|id| *id <= 121));
}

#[test]
fn peers_that_brought_the_last_blocks_stay_and_more_of_those_that_take_no_transactions() {
    let brought = |peer: &mut Candidate| peer.last_block = (peer.id.0 > 121).then_some(Mono(9));
    assert!(all_evicted(peers(125, brought)).iter().all(|id| *id <= 121));
    let for_blocks = |peer: &mut Candidate| {
        peer.takes_transactions = peer.id.0 <= 117;
        peer.last_block = (!peer.takes_transactions).then_some(Mono(9));
    };
    assert!(all_evicted(peers(125, for_blocks)).iter().all(|id| *id <= 117));
}

#[test]
fn peers_of_groups_that_a_secret_chose_stay() {
    let chosen = |peer: &mut Candidate| peer.keyed_group = u64::from(peer.id.0 > 121);
    assert!(all_evicted(peers(125, chosen)).iter().all(|id| *id <= 121));
}

#[test]
fn half_of_the_rest_stays_for_its_long_standing() {
    let evicted = select(peers(125, |_| ())).map(|id| id.0);
    // 20 are protected for other merits, the older half of the rest for its age.
    assert!(evicted > Some(52));
    assert!(all_evicted(peers(125, |_| ())).iter().all(|id| *id > 1));
}

#[test]
fn of_the_group_with_the_most_connections_the_youngest_goes() {
    let crowd = |peer: &mut Candidate| {
        if peer.id.0.is_multiple_of(2) && peer.id.0 < 120 {
            peer.group = AddressGroup::V4([8, 8]);
        }
    };
    assert_eq!(select(peers(125, crowd)), Some(PeerId(118)));
}
