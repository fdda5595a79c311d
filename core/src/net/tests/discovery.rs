//! In which order a node looks for others.

use super::lab::{Lab, TestNode, address, params, stranger};
use crate::chain::Keeps;
use crate::consensus::Preset;
use crate::interface::{LightFilter, SyncMode};
use crate::net::limits::{
    DNSSEEDS_DELAY_FEW_PEERS, FEELER_INTERVAL, LOOKED_THROUGH, MAX_OUTBOUND_CONNECTIONS,
    OPEN_CONNECTIONS_INTERVAL,
};
use crate::net::message::{Message, Services};
use crate::net::{DisconnectReason, Limits, Network, Purpose};
use crate::time::Span;
use std::net::SocketAddr;

fn outbound(lab: &Lab, node: usize) -> Vec<SocketAddr> {
    let peers = lab.nodes[node].peers().into_iter().filter(|peer| peer.purpose == Purpose::Automatic);
    peers.map(|peer| peer.address).collect()
}

fn network(seed: [u8; 32]) -> Network {
    Network::new(address(0), &params(), Keeps::Blocks, seed)
}

/// Restarts a node: what it knows of others is all that is left.
fn restart(lab: &mut Lab, node: usize) {
    let book = lab.nodes[node].network.book();
    lab.kill(node);
    let own = lab.nodes[node].network.own;
    lab.nodes[node].network = Network::new(own, &params(), Keeps::Blocks, [99; 32]);
    lab.nodes[node].network.restore_book(book);
    lab.nodes[node].up = true;
}

#[test]
fn a_node_that_knows_nobody_asks_seeds_at_once() {
    let lab = Lab::with_seeker(3);
    assert_eq!(outbound(&lab, 3).len(), 3);
    assert_eq!(lab.nodes[3].network.address_counts()[0].tried, 3);
}

#[test]
fn a_node_that_comes_back_calls_first_whom_it_spoke_to_last_time_without_any_seed() {
    let mut lab = Lab::with_seeker(20);
    let mut before = outbound(&lab, 20);
    assert_eq!(before.len(), MAX_OUTBOUND_CONNECTIONS);
    lab.zone.clear();
    restart(&mut lab, 20);
    lab.start(20, SyncMode::Headers, &[]);
    lab.run();
    let mut after = outbound(&lab, 20);
    before.sort_unstable();
    after.sort_unstable();
    assert_eq!(after, before);
}

#[test]
fn where_none_of_those_answers_discovery_starts_over() {
    let mut lab = Lab::with_seeker(3);
    restart(&mut lab, 3);
    (0..3).for_each(|node| lab.kill(node));
    lab.nodes.extend((4..7).map(TestNode::new));
    (4..7).for_each(|node| lab.start_with(node, 0));
    lab.start(3, SyncMode::Headers, &[]);
    lab.announce_directory();
    lab.run();
    lab.advance(DNSSEEDS_DELAY_FEW_PEERS);
    assert_eq!(outbound(&lab, 3).len(), 3);
}

#[test]
fn where_no_seed_answers_fixed_nodes_are_tried() {
    let mut lab = Lab::new(6);
    (0..5).for_each(|node| lab.start_with(node, 0));
    lab.start(5, SyncMode::Headers, &[]);
    lab.run();
    assert_eq!(outbound(&lab, 5), []);
    lab.advance(Span::from_secs(10));
    let mut found = outbound(&lab, 5);
    found.sort_unstable();
    assert_eq!(found, [0, 1, 2, 3].map(address));
}

#[test]
fn who_names_its_neighbours_asks_nobody() {
    let mut lab = Lab::new(4);
    (0..3).for_each(|node| lab.start_with(node, 0));
    lab.start(3, SyncMode::Headers, &[address(0)]);
    lab.announce_directory();
    lab.advance(Span::from_secs(120));
    assert_eq!([0, 1, 2].map(|node| lab.links(3, node)), [1, 0, 0]);
}

#[test]
fn a_book_of_another_network_is_not_taken() {
    let lab = Lab::with_seeker(3);
    let book = lab.nodes[3].network.book();
    let classroom = Preset::Classroom.params();
    let mut other = Network::new(address(9), &classroom, Keeps::Blocks, [1; 32]);
    other.restore_book(book);
    assert_eq!(other.address_counts()[0].tried, 0);
}

#[test]
fn a_node_with_all_its_connections_tests_an_address_now_and_then() {
    let mut lab = Lab::new(4);
    (0..3).for_each(|node| lab.start_with(node, 0));
    let (limits, now) = (Limits { outbound: 2, ..Limits::default() }, lab.now);
    lab.nodes[3].network.start(SyncMode::Headers, &[], &[], limits, now);
    lab.announce_directory();
    lab.run();
    assert_eq!(outbound(&lab, 3).len(), 2);
    lab.advance(Span(FEELER_INTERVAL.0 * 10));
    assert!(lab.nodes[3].ended.contains(&DisconnectReason::Tested), "{:?}", lab.nodes[3].ended);
    assert_eq!(outbound(&lab, 3).len(), 2);
    assert_eq!(lab.nodes[3].network.address_counts()[0].tried, 3);
}

/// Of ten nodes that it was connected to, half of each version, which one a node calls again that has four of one version.
fn calls_the_rarer_version(seed: u8) -> bool {
    let mut lab = Lab::new(1);
    lab.hold = true;
    lab.nodes[0].network = network([seed; 32]);
    lab.start_with(0, 40);
    let greet = |lab: &mut Lab, number: u16, spoken: u32| {
        let (address, now) = (stranger(number), lab.now);
        lab.nodes[0].network.add_peer_address(address, false, now);
        lab.run();
        let peer = lab.accept_raw(0, address);
        let Message::Version(mut version) = super::lab::version(address, 0) else { panic!("a version") };
        version.version = spoken;
        lab.say(0, peer, &Message::Version(version));
        lab.say(0, peer, &Message::Verack);
        peer
    };
    for number in 0..4 {
        greet(&mut lab, number, 70_016);
    }
    let gone: Vec<_> =
        (10..20).map(|number| greet(&mut lab, number, 70_015 + u32::from(number) % 2)).collect();
    lab.nodes[0].network.connections.max_outbound = 5;
    gone.into_iter().for_each(|peer| lab.hang_up(0, peer));
    let before = lab.opening().len();
    lab.advance(Span::from_secs(2));
    let called = &lab.opening()[before..];
    assert_eq!(called.len(), 1);
    called[0].port().is_multiple_of(2) == stranger(10).port().is_multiple_of(2)
}

#[test]
fn of_two_addresses_the_one_with_the_rarer_version_is_called() {
    let rarer = (0..20).filter(|seed| calls_the_rarer_version(*seed)).count();
    assert!(rarer > 12, "{rarer} of 20, where chance alone gives 10 and a choice of two 15");
}

#[test]
fn of_a_large_book_one_address_is_called_at_a_time_however_many_are_dead() {
    let mut lab = Lab::new(1);
    let now = lab.now;
    for port in 20_000..22_000 {
        lab.nodes[0].network.add_peer_address(SocketAddr::from(([127, 0, 0, 1], port)), false, now);
    }
    assert!(lab.nodes[0].network.book_size() > LOOKED_THROUGH);
    let called = |lab: &Lab| {
        let book = &lab.nodes[0].network.discovery.book;
        book.iter().filter(|(_, info)| info.last_try.is_some()).count() as u64
    };
    lab.start(0, SyncMode::Headers, &[]);
    lab.run();
    assert_eq!(called(&lab), 1);
    lab.advance(Span(OPEN_CONNECTIONS_INTERVAL.0 * 10));
    assert_eq!(called(&lab), 11);
}

#[test]
fn a_neighbour_that_serves_nothing_is_left_and_not_called_again() {
    let mut lab = Lab::new(1);
    lab.hold = true;
    let now = lab.now;
    lab.nodes[0].network.add_peer_address(stranger(1), false, now);
    lab.start(0, SyncMode::Headers, &[]);
    lab.run();
    let peer = lab.accept_raw(0, stranger(1));
    let Message::Version(mut light) = super::lab::version(stranger(1), 0) else { panic!("a version") };
    light.services = Services::P2P_V2;
    lab.say(0, peer, &Message::Version(light));
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::LacksServices]);
    assert!(!DisconnectReason::LacksServices.discourages());
    lab.advance(Span::from_secs(600));
    assert_eq!(lab.opening(), [stranger(1)]);
}

#[test]
fn light_nodes_find_the_full_one_and_leave_each_other() {
    let mut lab = Lab::new(4);
    for node in [0, 1, 3] {
        lab.nodes[node].keep_headers(b"watched", LightFilter::default());
    }
    lab.start_all(SyncMode::Headers);
    lab.advance(Span::from_secs(300));
    for node in [0, 1, 3] {
        assert_eq!((lab.links(node, 2), lab.nodes[node].peers().len()), (1, 1), "{node}");
    }
    assert_eq!(outbound(&lab, 2), [], "it lets them in and calls none");
}

#[test]
fn a_node_that_opens_no_connections_asks_nobody_for_any() {
    let mut lab = Lab::new(2);
    lab.zone = vec![address(1)];
    lab.start_with(0, 0);
    lab.advance(Span::from_secs(60));
    assert_eq!(lab.nodes[0].network.book_size(), 0);
    assert_eq!(lab.nodes[0].network.discovery.next_wakeup(), None);
}
