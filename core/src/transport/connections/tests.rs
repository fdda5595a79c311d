//! What a node hears of its connections, over the transport in memory.

use super::*;
use crate::interface::NodeId;
use crate::transport::{MemoryNetwork, MemoryTransport};

const NOW: Now = Now::both(crate::time::Mono(0));
const A: NodeId = NodeId(3000);
const B: NodeId = NodeId(3001);

type Side = Connections<MemoryTransport>;

/// Two sides that listen.
fn pair() -> (Side, Side) {
    let network = MemoryNetwork::new();
    let [a, b] = [A, B].map(|id| {
        let mut transport = network.join(id.local_address());
        transport.listen();
        Connections::new(transport)
    });
    (a, b)
}

/// Two sides with a connection from A to B, and its peer id at each.
fn connected() -> (Side, PeerId, Side, PeerId) {
    let (mut a, mut b) = pair();
    a.connect(NOW, B.local_address());
    let at_a = connected_peer(&mut a, B, Direction::Outbound);
    let at_b = connected_peer(&mut b, A, Direction::Inbound);
    (a, at_a, b, at_b)
}

fn connected_peer(side: &mut Side, other: NodeId, way: Direction) -> PeerId {
    match heard(side)[..] {
        [Input::PeerConnected { peer, address, direction }]
            if address == other.local_address() && direction == way =>
        {
            peer
        }
        ref heard => panic!("{heard:?}"),
    }
}

fn heard(side: &mut Side) -> Vec<Input> {
    std::iter::from_fn(|| side.poll(NOW)).collect()
}

#[test]
fn a_connection_that_cannot_be_made_is_told_with_its_address() {
    let (mut a, _) = pair();
    // Its own address, and one that nobody has.
    for address in [A.local_address(), NodeId(3002).local_address()] {
        a.connect(NOW, address);
        let heard = heard(&mut a);
        assert!(
            matches!(heard[..], [Input::ConnectFailed { address: failed, .. }] if failed == address),
            "{heard:?}"
        );
    }
}

#[test]
fn bytes_come_by_peer() {
    let (mut a, at_a, mut b, at_b) = connected();
    a.send(NOW, at_a, b"there");
    b.send(NOW, at_b, b"and back");
    let came = |heard: Vec<Input>, from: PeerId, text: &[u8]| {
        heard
            .iter()
            .any(|input| matches!(input, Input::PeerBytes { peer, bytes } if *peer == from && bytes == text))
    };
    assert!(came(heard(&mut b), at_b, b"there"));
    assert!(came(heard(&mut a), at_a, b"and back"));
}

#[test]
fn a_node_hears_how_the_queue_of_a_peer_shrinks() {
    let (mut a, at_a, mut b, at_b) = connected();
    a.send(NOW, at_a, &vec![7; 5_000_000]);
    let mut told = Vec::new();
    loop {
        for input in heard(&mut a) {
            let Input::PeerDrained { peer, queued } = input else { panic!("{input:?}") };
            assert_eq!(peer, at_a);
            told.push(queued);
        }
        if told.last() == Some(&0) {
            break;
        }
        for input in heard(&mut b) {
            let Input::PeerBytes { bytes, .. } = input else { panic!("{input:?}") };
            b.consumed(at_b, bytes.len());
        }
    }
    assert!(told.len() > 1 && told.is_sorted_by(|a, b| a > b), "it only shrinks: {told:?}");
}

#[test]
fn a_peer_that_takes_nothing_is_given_up_in_the_end() {
    let (mut a, at_a, mut b, at_b) = connected();
    let piece = vec![7; 1 << 20];
    let closed = (0..100).find_map(|_| {
        a.send(NOW, at_a, &piece);
        heard(&mut a).into_iter().find(|input| matches!(input, Input::PeerClosed { .. }))
    });
    let Some(Input::PeerClosed { peer, reason }) = closed else { panic!("{closed:?}") };
    assert_eq!((peer, reason.as_str()), (at_a, "too many bytes wait to be sent to it"));
    assert!(matches!(heard(&mut b).last(), Some(Input::PeerClosed { peer, .. }) if *peer == at_b));
}

#[test]
fn who_disconnects_hears_nothing_more() {
    let (mut a, at_a, mut b, at_b) = connected();
    b.send(NOW, at_b, b"on its way");
    a.send(NOW, at_a, b"last words");
    a.disconnect(at_a);
    assert!(heard(&mut a).is_empty());
    let heard = heard(&mut b);
    assert!(
        matches!(&heard[..], [Input::PeerBytes { bytes, .. }, Input::PeerClosed { .. }] if bytes == b"last words"),
        "{heard:?}"
    );
}

#[test]
fn late_calls_for_a_peer_that_is_gone_are_ignored() {
    let (mut a, at_a, b, _) = connected();
    drop(b);
    assert!(matches!(heard(&mut a)[..], [Input::PeerClosed { peer, .. }] if peer == at_a));
    a.send(NOW, at_a, b"late");
    a.consumed(at_a, 4);
    a.disconnect(at_a);
    assert!(heard(&mut a).is_empty());
}

#[test]
fn a_peer_id_is_not_used_twice() {
    let (mut a, at_a, mut b, _) = connected();
    a.disconnect(at_a);
    heard(&mut b);
    a.connect(NOW, B.local_address());
    assert_ne!(connected_peer(&mut a, B, Direction::Outbound), at_a);
}
