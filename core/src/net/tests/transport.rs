//! What connections speak: v2 where both sides can, v1 with peers that know nothing else.

use super::lab::{Lab, address, params, stranger, transaction, version};
use crate::interface::{Direction, PeerId, SyncMode, TransportProtocol};
use crate::net::limits::HANDSHAKE_TIMEOUT;
use crate::net::message::{FrameError, Message, Services, encode};
use crate::net::v2::V2Error;
use crate::net::{DisconnectReason, PeerInfo};
use crate::primitives::Height;
use crate::time::Span;
use std::sync::Arc;

/// Two nodes of which the second connects to the first; `v2` says which of them speak v2.
fn linked(v2: [bool; 2]) -> Lab {
    let mut lab = Lab::new(2);
    for (node, v2) in lab.nodes.iter_mut().zip(v2) {
        node.network.set_v2transport(v2);
    }
    lab.start(0, SyncMode::Headers, &[]);
    lab.start(1, SyncMode::Headers, &[address(0)]);
    lab.mine(0, 3);
    lab.run();
    lab
}

fn both(lab: &Lab) -> [PeerInfo; 2] {
    [lab.nodes[0].peer(), lab.nodes[1].peer()]
}

#[test]
fn nodes_encrypt_what_they_say_and_know_it_of_each_other() {
    let lab = linked([true, true]);
    let [ours, theirs] = both(&lab);
    assert_eq!([ours.transport, theirs.transport], [TransportProtocol::V2; 2]);
    assert!(ours.session_id.is_some());
    assert_eq!(ours.session_id, theirs.session_id);
    assert!(ours.services.has(Services::P2P_V2) && theirs.services.has(Services::P2P_V2));
    assert_eq!(lab.nodes[1].height(), 3, "and sync");
    let by_command = |info: &PeerInfo| info.sent.by_command.values().map(|count| count.bytes).sum::<u64>();
    assert!(ours.sent.total.bytes >= by_command(&ours) + 64, "the key belongs to no message");
    assert_eq!(ours.sent.total.bytes, theirs.received.total.bytes, "all bytes are counted");
    let received: u64 = ours.received.by_command.values().map(|count| count.bytes).sum();
    assert_eq!(by_command(&theirs), received);
}

#[test]
fn a_node_that_knows_v1_alone_is_answered_in_v1() {
    let lab = linked([true, false]);
    let [ours, theirs] = both(&lab);
    assert_eq!([ours.transport, theirs.transport], [TransportProtocol::V1; 2]);
    assert_eq!([ours.session_id, theirs.session_id], [None; 2]);
    assert!(!ours.services.has(Services::P2P_V2) && theirs.services.has(Services::P2P_V2));
    assert_eq!(lab.nodes[1].height(), 3);
}

#[test]
fn a_node_that_refuses_v2_is_connected_to_again_with_v1_at_once() {
    let lab = linked([false, true]);
    let [ours, theirs] = both(&lab);
    assert_eq!([ours.transport, theirs.transport], [TransportProtocol::V1; 2]);
    assert_eq!(lab.nodes[1].height(), 3);
    assert!(matches!(lab.nodes[0].ended[..], [DisconnectReason::Frame(FrameError::WrongMagic(_))]));
}

#[test]
fn the_next_connection_after_one_with_v1_begins_with_v2_again() {
    let mut lab = linked([false, true]);
    lab.cut(0, 1);
    lab.nodes[0].network.set_v2transport(true);
    lab.heal();
    lab.advance(Span::from_secs(10));
    assert_eq!(lab.nodes[1].peer().transport, TransportProtocol::V2);
}

#[test]
fn a_payment_is_delivered_to_a_node_that_knows_v1_alone() {
    let mut lab = Lab::new(2);
    lab.nodes[0].network.set_v2transport(false);
    lab.start(0, SyncMode::Headers, &[]);
    let payment = transaction(1);
    let now = lab.now;
    lab.nodes[1].network.deliver(address(0), Arc::clone(&payment), now);
    lab.run();
    assert_eq!(lab.nodes[1].delivered, [(payment.txid(), true)]);
}

#[test]
fn a_peer_that_closes_after_it_has_spoken_is_not_tried_with_v1() {
    let mut lab = linked([true, true]);
    lab.kill(0);
    assert_eq!(lab.nodes[1].peers().len(), 0);
    let dialled = lab.nodes[1].log.iter().filter(|line| line.ends_with("is not available")).count();
    assert_eq!(dialled, 0, "no connection is asked for before the pause is over");
}

#[test]
fn what_a_newcomer_speaks_is_not_certain_before_its_first_message() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.raw(0, stranger(1));
    let hello = encode(params().magic, &version(stranger(1), 0));
    for byte in &hello[..15] {
        lab.say_bytes(0, peer, &[*byte]);
        assert_eq!(lab.nodes[0].peer().transport, TransportProtocol::Detecting);
    }
    lab.say_bytes(0, peer, &hello[15..16]);
    assert_eq!(lab.nodes[0].peer().transport, TransportProtocol::V1);
    lab.say_bytes(0, peer, &hello[16..]);
    lab.say(0, peer, &Message::Verack);
    assert!(lab.heard(0, peer).contains(&Message::Verack));
}

#[test]
fn a_version_of_another_network_disconnects_a_node_that_speaks_v2() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.raw(0, stranger(1));
    lab.say_bytes(0, peer, &encode([1, 2, 3, 4], &version(stranger(1), 0)));
    let reason = DisconnectReason::Frame(FrameError::WrongMagic([1, 2, 3, 4]));
    assert_eq!(lab.nodes[0].ended, [reason]);
}

#[test]
fn a_node_that_says_nothing_is_connected_to_again_with_v1() {
    let mut lab = Lab::new(1);
    lab.hold = true;
    lab.start(0, SyncMode::Headers, &[stranger(1)]);
    lab.run();
    let now = lab.now;
    // Nobody is at the end of this one.
    lab.nodes[0].network.connected(PeerId(99), stranger(1), Direction::Outbound, Height(0), now);
    lab.advance(HANDSHAKE_TIMEOUT);
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::HandshakeTimeout]);
    assert_eq!(lab.opening(), [stranger(1); 2]);
    lab.accept_raw(0, stranger(1));
    assert_eq!(lab.nodes[0].peer().transport, TransportProtocol::V1);
}

#[test]
fn bytes_that_are_no_packet_disconnect_and_do_not_discourage() {
    let mut lab = Lab::new(1);
    lab.hold = true;
    lab.start(0, SyncMode::Headers, &[stranger(1)]);
    lab.run();
    let peer = lab.accept_raw(0, stranger(1));
    assert_eq!(lab.nodes[0].peer().transport, TransportProtocol::V2);
    for _ in 0..80 {
        lab.say_bytes(0, peer, &[0; 60_000]);
    }
    assert!(matches!(
        lab.nodes[0].ended[..],
        [DisconnectReason::V2(V2Error::Packet(_) | V2Error::PacketTooLarge(_))]
    ));
    assert!(!lab.nodes[0].ended[0].discourages());
}
