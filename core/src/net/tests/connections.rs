//! Who connects to whom, how connections are settled, kept, lost and replaced.

use super::lab::{Lab, address, just_under, params, stranger, transaction, version};
use crate::interface::{Direction, PeerState, SyncMode};
use crate::net::limits::{
    CONNECT_RETRY_MAX_LISTED, CONNECT_TIMEOUT, CROSSING_WINDOW, HANDSHAKE_TIMEOUT, MAX_INBOUND_CONNECTIONS,
    MAX_OUTBOUND_CONNECTIONS, MIN_PEER_PROTO_VERSION,
};
use crate::net::message::{Message, encode};
use crate::net::{Ban, DisconnectReason, Limits, Purpose};
use crate::time::{Span, UnixTime};

#[test]
fn nodes_of_a_directory_become_a_full_mesh_with_one_link_between_each_two() {
    let lab = Lab::started(4, SyncMode::Headers);
    for a in 0..4 {
        for b in (0..4).filter(|b| *b != a) {
            assert_eq!(lab.links(a, b), 1, "{a} to {b}");
        }
        assert!(lab.nodes[a].peers().iter().all(|peer| peer.state == PeerState::Connected));
        assert!(lab.nodes[a].has_logged("Added new connection!"));
        assert!(lab.nodes[a].ended.is_empty());
    }
    assert!(lab.nodes[3].has_logged("There are 3 known nodes now!"));
}

#[test]
fn a_node_opens_at_most_eight_connections_by_itself() {
    let lab = Lab::with_seeker(13);
    let opened = lab.nodes[13].peers().into_iter().filter(|peer| peer.direction == Direction::Outbound);
    assert_eq!(opened.count(), MAX_OUTBOUND_CONNECTIONS);
}

#[test]
fn at_most_two_connections_are_opened_into_one_group() {
    let mut lab = Lab::new(1);
    lab.hold = true;
    // One browser of a relay room with many nodes.
    lab.zone = (1..6).map(|port| std::net::SocketAddr::from(([10, 0, 0, 1], port))).collect();
    lab.start(0, SyncMode::Headers, &[]);
    lab.run();
    assert_eq!(lab.opening_count(), 2);
}

#[test]
fn connect_names_the_only_neighbours() {
    let mut lab = Lab::new(3);
    lab.start(0, SyncMode::Headers, &[]);
    lab.start(1, SyncMode::Headers, &[address(0)]);
    lab.start(2, SyncMode::Headers, &[address(0)]);
    lab.announce_directory();
    lab.run();
    assert_eq!((lab.links(1, 0), lab.links(2, 0), lab.links(1, 2)), (1, 1, 0));
    assert_eq!(lab.nodes[1].peer().purpose, Purpose::ByHand);
}

#[test]
fn connections_that_cross_settle_on_the_one_that_the_lower_address_opened() {
    let mut lab = Lab::new(2);
    lab.hold = true;
    lab.start(0, SyncMode::Headers, &[address(1)]);
    lab.start(1, SyncMode::Headers, &[address(0)]);
    lab.run();
    lab.release();
    assert_eq!((lab.links(0, 1), lab.links(1, 0)), (1, 1));
    assert_eq!(lab.nodes[0].peer().direction, Direction::Outbound);
    assert_eq!(lab.nodes[1].peer().direction, Direction::Inbound);
    let ended = lab.nodes[0].ended.len() + lab.nodes[1].ended.len();
    lab.advance(Span::from_secs(30));
    assert_eq!(lab.nodes[0].ended.len() + lab.nodes[1].ended.len(), ended, "and never flap");
    assert_eq!(lab.nodes[0].peer().state, PeerState::Connected);
}

#[test]
fn a_peer_that_was_restarted_takes_the_place_of_its_lost_connection() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let old = lab.greeted(0, stranger(1), 0);
    let new = lab.greeted(0, stranger(1), 0);
    assert!(!lab.is_up(0, old) && lab.is_up(0, new));
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::Duplicate]);
}

#[test]
fn a_node_that_meets_itself_hangs_up() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[address(0)]);
    lab.run();
    assert!(lab.nodes[0].peers().is_empty(), "its own address is not dialled");
    // Under another name it is found out by the number in its version.
    lab.hold = true;
    lab.nodes[0].network.try_node(stranger(1), lab.now);
    lab.run();
    let outbound = lab.accept_raw(0, stranger(1));
    let Some(Message::Version(mine)) = lab.heard(0, outbound).into_iter().next() else {
        panic!("who opens a connection speaks first")
    };
    let inbound = lab.raw(0, stranger(2));
    lab.say(0, inbound, &Message::Version(mine));
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::SelfConnection]);
}

#[test]
fn a_peer_that_leaves_is_replaced() {
    let mut lab = Lab::with_seeker(11);
    let outbound = |lab: &Lab| {
        let peers = lab.nodes[11].peers().into_iter().filter(|peer| peer.purpose == Purpose::Automatic);
        peers.map(|peer| usize::from(peer.address.port()) - 3000).collect::<Vec<_>>()
    };
    let leaving = outbound(&lab)[0];
    lab.kill(leaving);
    lab.announce_directory();
    lab.advance(Span::from_secs(1));
    let now = outbound(&lab);
    assert_eq!(now.len(), MAX_OUTBOUND_CONNECTIONS);
    assert!(!now.contains(&leaving));
    assert!(lab.nodes[11].has_logged("A connection has terminated!"));
}

#[test]
fn links_are_back_within_a_second_of_a_healed_cut_however_long_it_was() {
    for seconds in [1, 10, 100] {
        let mut lab = Lab::started(2, SyncMode::Headers);
        lab.advance(Span::from_secs(20));
        lab.cut(0, 1);
        lab.advance(Span::from_secs(seconds));
        assert_eq!(lab.links(0, 1), 0);
        lab.heal();
        lab.advance(CONNECT_RETRY_MAX_LISTED);
        assert_eq!((lab.links(0, 1), lab.links(1, 0)), (1, 1), "after {seconds} s");
        let unavailable = lab.nodes[1].log.iter().filter(|line| line.ends_with("is not available")).count();
        assert_eq!(unavailable, 1, "said once for each loss, not for each attempt");
    }
}

#[test]
fn a_wanted_node_that_is_not_there_is_named_once_and_found_when_it_comes() {
    let mut lab = Lab::new(2);
    lab.nodes[0].up = false;
    lab.start(1, SyncMode::Headers, &[address(0)]);
    lab.advance(Span::from_secs(60));
    let named = lab.nodes[1].log.iter().filter(|line| *line == "127.0.0.1:3000 is not available").count();
    assert_eq!(named, 1);
    lab.nodes[0].up = true;
    lab.start(0, SyncMode::Headers, &[]);
    lab.announce_directory();
    lab.run();
    assert_eq!(lab.links(1, 0), 1, "the directory tells at once");
}

#[test]
fn an_added_node_is_kept_and_a_tried_one_is_not() {
    let mut lab = Lab::new(3);
    for node in 0..3 {
        lab.start_with(node, 0);
    }
    let now = lab.now;
    assert!(lab.nodes[0].network.add_node(address(1)));
    lab.nodes[0].network.try_node(address(2), now);
    lab.run();
    assert_eq!((lab.links(0, 1), lab.links(0, 2)), (1, 1));
    assert!(lab.nodes[0].network.disconnect_node(address(1), now));
    assert!(lab.nodes[0].network.disconnect_node(address(2), now));
    assert!(!lab.nodes[0].network.disconnect_node(address(2), now), "not connected");
    lab.advance(Span::from_secs(10));
    assert_eq!((lab.links(0, 1), lab.links(0, 2)), (1, 0));
    assert!(lab.nodes[0].network.remove_node(address(1)) && !lab.nodes[0].network.remove_node(address(1)));
    let now = lab.now;
    lab.nodes[0].network.disconnect_node(address(1), now);
    lab.advance(Span::from_secs(10));
    assert_eq!(lab.links(0, 1), 0);
}

#[test]
fn the_last_inbound_connection_is_let_in_and_the_next_takes_the_place_of_another() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    for number in 0..MAX_INBOUND_CONNECTIONS as u16 {
        lab.raw(0, stranger(number));
    }
    lab.run();
    assert!(lab.nodes[0].ended.is_empty());
    let late = lab.raw(0, stranger(999));
    lab.run();
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::Evicted]);
    assert!(lab.is_up(0, late));
    assert_eq!(lab.nodes[0].peers().len(), MAX_INBOUND_CONNECTIONS);
}

#[test]
fn where_all_inbound_connections_are_worth_keeping_the_next_is_not_let_in() {
    let mut lab = Lab::new(1);
    let (limits, now) = (Limits { inbound: 5, ..Limits::default() }, lab.now);
    lab.nodes[0].network.start(SyncMode::Headers, &[], &[], limits, now);
    for number in 0..5 {
        lab.raw(0, stranger(number));
    }
    let late = lab.raw(0, stranger(99));
    lab.run();
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::InboundFull(5)]);
    assert!(!lab.is_up(0, late));
}

#[test]
fn no_more_than_a_thousand_connections_can_be_asked_for() {
    let mut lab = Lab::new(1);
    let (limits, now) = (Limits { outbound: 900, inbound: 900 }, lab.now);
    lab.nodes[0].network.start(SyncMode::Headers, &[], &[], limits, now);
    assert_eq!(lab.nodes[0].network.peers.max_inbound(), 100);
}

#[test]
fn silence_in_the_handshake_ends_the_connection_after_its_time() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.raw(0, stranger(1));
    lab.say(0, peer, &version(stranger(1), 0));
    lab.advance(just_under(HANDSHAKE_TIMEOUT));
    assert!(lab.is_up(0, peer));
    lab.advance(Span::from_millis(1));
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::HandshakeTimeout]);
}

#[test]
fn a_silent_peer_is_pinged_and_then_dropped() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    assert!(lab.heard_all(0, peer).iter().any(|message| matches!(message, Message::Ping(_))));
    lab.say(0, peer, &Message::Headers(Vec::new()));
    let dead = params().timing.dead_after;
    lab.advance(just_under(dead));
    assert!(lab.is_up(0, peer));
    lab.advance(Span::from_millis(1));
    let silent = dead.as_millis() / 1_000;
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::PingTimeout(silent)]);
}

#[test]
fn pings_measure_round_trips_and_keep_a_connection_for_ever() {
    let mut lab = Lab::started(2, SyncMode::Headers);
    let timing = params().timing;
    lab.advance(Span(timing.dead_after.0 * 3));
    let peer = lab.nodes[0].peer();
    assert_eq!(peer.ping.last, Some(Span(0)), "wires without delay");
    let expected = 1 + timing.dead_after.0 * 3 / timing.ping_interval.0;
    assert_eq!(peer.received.by_command["pong"].messages, expected);
}

#[test]
fn a_pong_of_another_number_is_counted_and_leaves_the_ping_waiting() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    let greetings = lab.heard_all(0, peer);
    let nonce = greetings.iter().find_map(|message| match message {
        Message::Ping(nonce) => Some(*nonce),
        _ => None,
    });
    let nonce = nonce.expect("a ping comes with the handshake");
    let since = lab.nodes[0].peer().ping.waiting_since();
    assert!(since.is_some());
    lab.advance(Span::from_secs(3));
    for wrong in [nonce.wrapping_add(1), 0] {
        lab.say(0, peer, &Message::Pong(wrong));
    }
    let info = lab.nodes[0].peer();
    assert_eq!((info.ping.waiting_since(), info.ping.last), (since, None));
    assert_eq!(info.tolerated.out_of_place, 2);
    lab.say(0, peer, &Message::Pong(nonce));
    let info = lab.nodes[0].peer();
    assert_eq!((info.ping.waiting_since(), info.ping.last), (None, Some(Span::from_secs(3))));
    lab.say(0, peer, &Message::Pong(nonce));
    assert_eq!(lab.nodes[0].peer().tolerated.out_of_place, 3, "nobody asked for another");
}

#[test]
fn a_peer_with_an_obsolete_version_is_not_spoken_to() {
    for (spoken, ends) in [(MIN_PEER_PROTO_VERSION, false), (MIN_PEER_PROTO_VERSION - 1, true)] {
        let mut lab = Lab::new(1);
        lab.start(0, SyncMode::Headers, &[]);
        let peer = lab.raw(0, stranger(1));
        let Message::Version(mut old) = version(stranger(1), 0) else { panic!("a version") };
        old.version = spoken;
        lab.say(0, peer, &Message::Version(old));
        assert_eq!(!lab.is_up(0, peer), ends, "{spoken}");
    }
}

#[test]
fn what_comes_before_the_handshake_or_twice_is_counted_and_ignored() {
    let mut lab = Lab::new(1);
    // Else what begins with a ping would be taken for an encrypted stream.
    lab.nodes[0].network.set_v2transport(false);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.raw(0, stranger(1));
    lab.say(0, peer, &Message::Ping(1));
    lab.say(0, peer, &Message::Verack);
    lab.say(0, peer, &version(stranger(1), 0));
    lab.say(0, peer, &version(stranger(1), 5));
    lab.say(0, peer, &Message::Verack);
    lab.say(0, peer, &Message::Verack);
    assert!(!lab.heard(0, peer).contains(&Message::Pong(1)));
    let info = lab.nodes[0].peer();
    assert_eq!((info.tolerated.out_of_place, info.start_height), (4, 0));
    assert_eq!(info.state, PeerState::Connected);
}

#[test]
fn a_banned_address_is_refused_until_the_ban_ends() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    let ban = Ban { address: stranger(1), created: lab.now.unix, until: UnixTime(lab.now.unix.0 + 100) };
    let now = lab.now;
    lab.nodes[0].network.ban(ban, now);
    lab.run();
    assert!(!lab.is_up(0, peer));
    assert_eq!(lab.nodes[0].network.bans().collect::<Vec<_>>(), [ban]);
    lab.raw(0, stranger(1));
    lab.run();
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::Banned, DisconnectReason::Banned]);
    lab.advance(Span::from_secs(100));
    lab.greeted(0, stranger(1), 0);
    assert!(lab.nodes[0].network.unban(&stranger(1)) && !lab.nodes[0].network.unban(&stranger(1)));
}

#[test]
fn a_node_that_is_stopped_lets_nobody_in_and_ends_what_it_has() {
    let mut lab = Lab::started(2, SyncMode::Headers);
    let now = lab.now;
    lab.nodes[0].network.stop(now);
    lab.run();
    assert!(lab.nodes[0].peers().is_empty() && lab.nodes[1].peers().is_empty());
    lab.raw(0, stranger(1));
    lab.run();
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::Stopped, DisconnectReason::Stopped]);
}

#[test]
fn a_stopped_node_delivers_a_transaction_and_learns_that_it_arrived() {
    let mut lab = Lab::new(2);
    lab.start(0, SyncMode::Headers, &[]);
    lab.mine(0, 3);
    let payment = transaction(1);
    let now = lab.now;
    lab.nodes[1].network.deliver(address(0), payment.clone(), now);
    lab.run();
    assert_eq!(lab.nodes[1].delivered, [(payment.txid(), true)]);
    assert!(lab.nodes[0].pool.contains_key(&payment.txid()));
    assert!(lab.nodes[0].has_logged("Received tx command"));
    assert_eq!(lab.nodes[1].height(), 0, "nothing is synced on the way");
    assert!(lab.nodes[1].peers().is_empty(), "and the connection is gone");
}

#[test]
fn a_delivery_to_nobody_fails_and_says_so() {
    let mut lab = Lab::new(2);
    lab.nodes[0].up = false;
    let payment = transaction(1);
    let now = lab.now;
    lab.nodes[1].network.deliver(address(0), payment.clone(), now);
    lab.run();
    assert_eq!(lab.nodes[1].delivered, [(payment.txid(), false)]);
    assert!(lab.nodes[1].has_logged("127.0.0.1:3000 is not available"));
    // One that never answers fails as well.
    lab.hold = true;
    lab.nodes[1].network.deliver(address(0), payment.clone(), now);
    lab.advance(Span::from_secs(5));
    assert_eq!(lab.nodes[1].delivered.len(), 2);
}

#[test]
fn a_wanted_node_is_dialled_when_its_ban_ends() {
    let mut lab = Lab::started(2, SyncMode::Headers);
    assert_eq!(lab.links(1, 0), 1);
    let (now, until) = (lab.now, UnixTime(lab.now.unix.0 + 3_600));
    let ban = Ban { address: address(0), created: now.unix, until };
    lab.nodes[1].network.ban(ban, now);
    lab.run();
    lab.advance(just_under(Span::from_secs(3_600)));
    assert_eq!(lab.links(1, 0), 0);
    lab.advance(Span::from_secs(1));
    assert_eq!(lab.links(1, 0), 1);
}

#[test]
fn a_replaced_connection_fails_only_the_deliveries_that_it_carried() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let (old, payment, now) = (lab.raw(0, stranger(1)), transaction(1), lab.now);
    lab.nodes[0].network.deliver(stranger(1), payment.clone(), now);
    let new = lab.greeted(0, stranger(1), 0);
    assert!(!lab.is_up(0, old));
    assert_eq!(lab.nodes[0].delivered, []);
    let heard = lab.heard_all(0, new);
    assert!(heard.contains(&Message::Tx(payment.clone())));
    lab.hang_up(0, new);
    assert_eq!(lab.nodes[0].delivered, [(payment.txid(), false)]);
}

#[test]
fn an_answer_that_waited_while_the_node_did_not_run_is_in_time() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    // The node sleeps; the answers to its questions arrive before it wakes up, or a moment after.
    for is_before in [true, false] {
        let questions = lab.heard_all(0, peer);
        lab.sleep(Span(params().timing.dead_after.0 * 2));
        if !is_before {
            lab.run();
        }
        lab.say(0, peer, &Message::Headers(Vec::new()));
        for question in questions {
            if let Message::Ping(nonce) = question {
                lab.say(0, peer, &Message::Pong(nonce));
            }
        }
        lab.advance(Span::from_secs(10));
        assert!(lab.is_up(0, peer), "{is_before}: {:?}", lab.nodes[0].ended);
    }
    // One that stays silent is late after all.
    lab.sleep(Span(params().timing.dead_after.0 * 2));
    lab.advance(Span::from_secs(10));
    assert!(!lab.is_up(0, peer));
}

#[test]
fn nobody_is_late_whose_messages_are_not_read() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    lab.advance(just_under(params().timing.headers_response));
    // More than one step reads, and behind it the answer.
    let mut bytes = encode(params().magic, &Message::FeeFilter(1)).repeat(30_000);
    bytes.extend(encode(params().magic, &Message::Headers(Vec::new())));
    let now = lab.now;
    lab.nodes[0].network.bytes(peer, bytes, now);
    lab.sleep(Span::from_millis(1));
    lab.run();
    assert!(lab.is_up(0, peer), "{:?}", lab.nodes[0].ended);
}

#[test]
fn who_comes_back_is_shown_with_the_reason_why_it_went() {
    let mut lab = Lab::new(1);
    lab.start_with(0, 0);
    lab.greeted(0, stranger(1), 0);
    let now = lab.now;
    assert_eq!(lab.nodes[0].peer().last_disconnect, None);
    lab.nodes[0].network.disconnect_node(stranger(1), now);
    lab.run();
    let peer = lab.greeted(0, stranger(1), 0);
    let code = |lab: &Lab| lab.nodes[0].peer().last_disconnect.map(|last| last.code);
    assert_eq!(code(&lab), Some("by-hand"));
    lab.hang_up(0, peer);
    lab.greeted(0, stranger(1), 0);
    assert_eq!(code(&lab), Some("closed"));
}

#[test]
fn an_inbound_connection_in_the_place_of_an_outbound_one_needs_room() {
    let mut lab = Lab::new(1);
    lab.hold = true;
    let (limits, now) = (Limits { inbound: 0, ..Limits::default() }, lab.now);
    lab.nodes[0].network.start(SyncMode::Headers, &[], &[], limits, now);
    lab.nodes[0].network.try_node(stranger(1), now);
    lab.run();
    let kept = lab.accept_raw(0, stranger(1));
    lab.advance(Span(CROSSING_WINDOW.0 + 1));
    lab.raw(0, stranger(1));
    lab.run();
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::InboundFull(0)]);
    assert!(lab.is_up(0, kept));
}

#[test]
fn an_attempt_on_the_way_is_not_opened_twice_and_its_delivery_is_not_lost() {
    for delivers_first in [true, false] {
        let mut lab = Lab::new(1);
        lab.hold = true;
        lab.start_with(0, 0);
        let (payment, now) = (transaction(1), lab.now);
        let network = &mut lab.nodes[0].network;
        if delivers_first {
            network.deliver(stranger(1), payment.clone(), now);
        }
        network.try_node(stranger(1), now);
        network.try_node(stranger(1), now);
        if !delivers_first {
            network.deliver(stranger(1), payment.clone(), now);
        }
        lab.run();
        assert_eq!(lab.opening(), [stranger(1)]);
        lab.advance(CONNECT_TIMEOUT);
        assert_eq!(lab.nodes[0].delivered, [(payment.txid(), false)]);
    }
}

#[test]
fn a_connection_that_tests_an_address_carries_a_delivery_before_it_ends() {
    let mut lab = Lab::new(1);
    lab.hold = true;
    lab.start_with(0, 0);
    let (payment, now) = (transaction(1), lab.now);
    let network = &mut lab.nodes[0].network;
    network.connections.open_once(stranger(1), Purpose::Feeler, now.mono, &mut network.outbox);
    lab.run();
    let peer = lab.accept_raw(0, stranger(1));
    lab.nodes[0].network.deliver(stranger(1), payment.clone(), now);
    lab.say(0, peer, &version(stranger(1), 0));
    lab.say(0, peer, &Message::Verack);
    let heard = lab.heard(0, peer);
    assert!(matches!(&heard[0], Message::Version(ours) if !ours.relay), "it wants nothing announced");
    assert!(heard.contains(&Message::Tx(payment.clone())));
    for message in heard {
        if let Message::Ping(nonce) = message {
            lab.say(0, peer, &Message::Pong(nonce));
        }
    }
    assert_eq!(lab.nodes[0].delivered, [(payment.txid(), true)]);
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::Delivered]);
}
