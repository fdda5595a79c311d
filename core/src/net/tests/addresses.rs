//! Addresses travel; counterparts of Core's `p2p_addr_relay.py`, `p2p_addrfetch.py` and `p2p_getaddr_caching.py`.

use super::lab::{Lab, address, stranger};
use crate::interface::{PeerId, SyncMode};
use crate::net::limits::{
    AVG_ADDRESS_BROADCAST_INTERVAL, GETADDR_CACHE, MAX_ADDR_TO_FORWARD, MAX_ADDR_TO_SEND,
};
use crate::net::message::{Message, NetAddress, Services, TimedAddress};
use crate::net::{AddrStats, Ban};
use crate::time::{Span, UnixTime};
use std::net::SocketAddr;

/// Long enough for everything that waits for a moment of its own.
const A_WHILE: Span = Span(AVG_ADDRESS_BROADCAST_INTERVAL.0 * 10);

fn seen(lab: &Lab, address: SocketAddr) -> TimedAddress {
    let services = Services::NETWORK | Services::WITNESS;
    TimedAddress { time: lab.now.unix.0, node: NetAddress { services, address } }
}

/// Addresses in groups of their own, from a number on.
fn many(lab: &Lab, first: u16, count: u16) -> Vec<TimedAddress> {
    (first..first + count).map(|port| seen(lab, SocketAddr::from(([127, 0, 0, 1], port)))).collect()
}

/// A node that opens no connections, and peers that connected to it.
fn node(peers: u16) -> (Lab, Vec<PeerId>) {
    let mut lab = Lab::new(1);
    lab.start_with(0, 0);
    let peers: Vec<PeerId> = (1..=peers).map(|number| lab.greeted(0, stranger(number), 0)).collect();
    for peer in &peers {
        // Nobody is late with its answer.
        lab.say(0, *peer, &Message::Headers(Vec::new()));
    }
    (lab, peers)
}

fn told(lab: &mut Lab, peer: PeerId) -> Vec<SocketAddr> {
    let lists = lab.heard(0, peer).into_iter().filter_map(|message| match message {
        Message::Addr(list) => Some(list),
        _ => None,
    });
    lists.flatten().map(|entry| entry.node.address).collect()
}

fn stats(lab: &Lab, peer: PeerId) -> AddrStats {
    let peers = lab.nodes[0].peers();
    peers.iter().find(|info| info.id == peer).map(|info| info.addresses).unwrap_or_default()
}

/// Peers that take part from now on, having asked for addresses.
fn take_part(lab: &mut Lab, peers: &[PeerId]) {
    for peer in peers {
        lab.say(0, *peer, &Message::GetAddr);
        told(lab, *peer);
    }
}

#[test]
fn who_is_connected_to_is_told_of_us_and_asked() {
    let mut lab = Lab::new(1);
    lab.hold = true;
    lab.start_with(0, 0);
    let now = lab.now;
    lab.nodes[0].network.try_node(stranger(1), now);
    lab.run();
    let peer = lab.accept_raw(0, stranger(1));
    lab.say(0, peer, &super::lab::version(stranger(1), 0));
    lab.say(0, peer, &Message::Verack);
    let heard = lab.heard(0, peer);
    let own = seen(&lab, address(0)).node.address;
    assert!(heard.contains(&Message::GetAddr));
    let announced = heard.iter().find_map(|message| match message {
        Message::Addr(list) => Some(list.iter().map(|entry| entry.node.address).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(announced, Some(vec![own]));
}

#[test]
fn who_connects_is_told_nothing_before_it_takes_part() {
    let (mut lab, peers) = node(3);
    take_part(&mut lab, &peers[..1]);
    lab.say(0, peers[0], &Message::Addr(many(&lab, 20_000, 5)));
    lab.say(0, peers[0], &Message::Addr(many(&lab, 20_010, 5)));
    for _ in 0..10 {
        lab.advance(Span::from_secs(10));
    }
    assert_eq!(told(&mut lab, peers[1]), []);
    assert!(!stats(&lab, peers[1]).relay_enabled && stats(&lab, peers[0]).relay_enabled);
}

#[test]
fn few_addresses_travel_on_to_two_peers_and_to_the_same_ones_all_day() {
    let (mut lab, peers) = node(6);
    take_part(&mut lab, &peers);
    let list = many(&lab, 20_000, 1);
    for sender in [peers[0], peers[0], peers[0]] {
        lab.say(0, sender, &Message::Addr(list.clone()));
    }
    lab.advance(A_WHILE);
    let reached: Vec<usize> = (0..peers.len()).filter(|at| !told(&mut lab, peers[*at]).is_empty()).collect();
    assert_eq!(reached.len(), 2, "{reached:?}");
    assert!(!reached.contains(&0), "not back to who told of it");
}

#[test]
fn more_than_ten_addresses_at_once_and_old_ones_do_not_travel() {
    let (mut lab, peers) = node(4);
    take_part(&mut lab, &peers);
    lab.say(0, peers[0], &Message::Addr(many(&lab, 20_000, MAX_ADDR_TO_FORWARD as u16 + 1)));
    let mut old = many(&lab, 21_000, 3);
    old.iter_mut().for_each(|entry| entry.time -= 11 * 60);
    lab.say(0, peers[0], &Message::Addr(old));
    lab.advance(A_WHILE);
    assert!(peers.iter().all(|peer| told(&mut lab, *peer).is_empty()));
    lab.say(0, peers[0], &Message::Addr(many(&lab, 22_000, 1)));
    lab.advance(A_WHILE);
    assert!(peers.iter().any(|peer| !told(&mut lab, *peer).is_empty()));
}

#[test]
fn addresses_are_taken_at_one_in_ten_seconds_and_one_at_once_from_who_connects() {
    let (mut lab, peers) = node(1);
    lab.say(0, peers[0], &Message::Addr(many(&lab, 20_000, 50)));
    let AddrStats { processed, rate_limited, .. } = stats(&lab, peers[0]);
    assert_eq!((processed, rate_limited), (1, 49));
    lab.keep_alive(0, peers[0], Span::from_secs(100));
    lab.say(0, peers[0], &Message::Addr(many(&lab, 21_000, 50)));
    assert_eq!(stats(&lab, peers[0]).processed, 11);
}

#[test]
fn who_was_asked_may_answer_with_a_thousand_addresses() {
    let mut lab = Lab::new(1);
    lab.hold = true;
    lab.start_with(0, 0);
    let now = lab.now;
    lab.nodes[0].network.try_node(stranger(1), now);
    lab.run();
    let peer = lab.accept_raw(0, stranger(1));
    lab.say(0, peer, &super::lab::version(stranger(1), 0));
    lab.say(0, peer, &Message::Verack);
    lab.say(0, peer, &Message::Addr(many(&lab, 20_000, MAX_ADDR_TO_SEND as u16)));
    lab.say(0, peer, &Message::Addr(many(&lab, 30_000, 10)));
    let AddrStats { processed, rate_limited, .. } = stats(&lab, peer);
    assert_eq!((processed, rate_limited), (1_001, 9));
}

#[test]
fn a_getaddr_is_answered_to_who_connected_and_once() {
    let (mut lab, peers) = node(1);
    lab.say(0, peers[0], &Message::GetAddr);
    assert_eq!(told(&mut lab, peers[0]), [address(0)]);
    lab.say(0, peers[0], &Message::GetAddr);
    assert_eq!(told(&mut lab, peers[0]), []);
}

#[test]
fn the_answer_to_getaddr_is_the_same_for_everyone_for_a_while() {
    let (mut lab, peers) = node(3);
    let now = lab.now;
    for port in 20_000..22_000 {
        lab.nodes[0].network.add_peer_address(SocketAddr::from(([127, 0, 0, 1], port)), false, now);
    }
    let ask = |lab: &mut Lab, peer: PeerId| {
        lab.say(0, peer, &Message::GetAddr);
        told(lab, peer)
    };
    let first = ask(&mut lab, peers[0]);
    let known = lab.nodes[0].network.address_counts()[0].new;
    assert_eq!(first.len(), known * 23 / 100 + 1, "a share, and our own");
    assert_eq!(ask(&mut lab, peers[1]), first);
    for peer in peers {
        lab.hang_up(0, peer);
    }
    lab.advance(GETADDR_CACHE);
    let late = lab.greeted(0, stranger(9), 0);
    assert_ne!(ask(&mut lab, late), first);
}

#[test]
fn addresses_of_banned_groups_and_of_nodes_that_serve_nothing_are_not_taken() {
    let (mut lab, peers) = node(1);
    let (now, banned) = (lab.now, SocketAddr::from(([127, 0, 0, 1], 20_000)));
    let until = crate::time::UnixTime(now.unix.0 + 1_000);
    lab.nodes[0].network.ban(crate::net::Ban { address: banned, created: now.unix, until }, now);
    lab.keep_alive(0, peers[0], Span::from_secs(100));
    let mut list = many(&lab, 20_000, 3);
    list[1].node.services = Services::NONE;
    let before = lab.nodes[0].network.address_counts()[0].new;
    lab.say(0, peers[0], &Message::Addr(list));
    assert_eq!(lab.nodes[0].network.address_counts()[0].new, before + 1);
}

#[test]
fn a_seed_node_is_asked_for_addresses_and_left_and_they_are_dialled() {
    let mut lab = Lab::new(4);
    (0..3).for_each(|node| lab.start_with(node, 0));
    let now = lab.now;
    for other in [address(1), address(2)] {
        lab.nodes[0].network.add_peer_address(other, true, now);
    }
    let limits = crate::net::Limits::default();
    lab.nodes[3].network.start(SyncMode::Headers, &[], &[address(0)], limits, now);
    lab.advance(Span::from_secs(15));
    assert_eq!([0, 1, 2].map(|node| lab.links(3, node)), [1, 1, 1]);
    assert!(lab.nodes[3].ended.contains(&crate::net::DisconnectReason::AddressesFetched));
}

#[test]
fn what_a_peer_told_meanwhile_is_not_told_back() {
    let (mut lab, peers) = node(2);
    take_part(&mut lab, &peers);
    let list = many(&lab, 20_000, 1);
    for peer in &peers {
        lab.say(0, *peer, &Message::Addr(list.clone()));
    }
    lab.advance(A_WHILE);
    assert!(peers.iter().all(|peer| told(&mut lab, *peer).is_empty()));
}

#[test]
fn addresses_that_are_banned_are_told_to_nobody() {
    let (mut lab, peers) = node(1);
    let now = lab.now;
    for number in [50, 51] {
        lab.nodes[0].network.add_peer_address(stranger(number), false, now);
    }
    let ban = Ban { address: stranger(50), created: now.unix, until: UnixTime(now.unix.0 + 100) };
    lab.nodes[0].network.ban(ban, now);
    let known = lab.nodes[0].network.known_addresses(None, now);
    assert_eq!(known.iter().map(|known| known.address).collect::<Vec<_>>(), [stranger(51)]);
    lab.say(0, peers[0], &Message::GetAddr);
    let told = told(&mut lab, peers[0]);
    assert!(told.contains(&stranger(51)) && !told.contains(&stranger(50)), "{told:?}");
}
