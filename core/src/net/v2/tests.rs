//! Two sides that speak to each other, and sides that are spoken to by somebody who does not keep to the rules.

use super::packet::{EXPANSION, GARBAGE_TERMINATOR_SIZE, LENGTH_SIZE, PacketCipher, PacketError, PacketKind};
use super::transport::{MAX_CONTENTS_LEN, MAX_GARBAGE_LEN, V2Error, V2Transport};
use super::{REKEY_INTERVAL, message_type};
use crate::crypto::{EllSwiftPubKey, EphemeralKey, Side};
use crate::net::message::{Frame, FrameError, Message, encode, strategy};
use crate::net::secret::Seed;
use proptest::collection::vec;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

const MAGIC: [u8; 4] = [0xfa, 0xbf, 0xb5, 0xda];

fn side(side: Side, seed: u8) -> V2Transport {
    V2Transport::new(MAGIC, side, Seed([seed; 32]))
}

/// What a side has to send that is no message.
fn output(transport: &mut V2Transport) -> Vec<u8> {
    let mut out = Vec::new();
    transport.take_output(&mut out);
    out
}

/// Takes bytes in and works off all that can be: the messages in them.
fn read(transport: &mut V2Transport, bytes: &[u8]) -> Result<Vec<Message>, V2Error> {
    transport.push(bytes.to_vec());
    let mut messages = Vec::new();
    while let Some(taken) = transport.take()? {
        match taken.frame {
            Some(Frame::Message { message, .. }) => messages.push(message),
            Some(other) => panic!("{other:?}"),
            None => {}
        }
    }
    Ok(messages)
}

fn say(transport: &mut V2Transport, message: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    let sent = transport.encode(message, &mut out).expect("the ciphers are there");
    assert_eq!(sent.size, out.len());
    out
}

/// Two sides whose handshake is over.
fn pair(seeds: [u8; 2]) -> [V2Transport; 2] {
    let mut initiator = side(Side::Initiator, seeds[0]);
    let mut responder = side(Side::Responder, seeds[1]);
    for _ in 0..2 {
        assert_eq!(read(&mut responder, &output(&mut initiator)), Ok(Vec::new()));
        assert_eq!(read(&mut initiator, &output(&mut responder)), Ok(Vec::new()));
    }
    [initiator, responder]
}

/// A peer made by hand, which sends what a test wants of it.
struct Peer {
    key: EphemeralKey,
    cipher: Option<PacketCipher>,
}

impl Peer {
    fn new() -> Self {
        Self { key: EphemeralKey::generate(&mut ChaCha20Rng::from_seed([99; 32])), cipher: None }
    }

    /// A responder that has this peer's key, which is all that it was sent so far.
    fn meet() -> (Self, V2Transport) {
        let mut peer = Self::new();
        let mut responder = side(Side::Responder, 1);
        assert_eq!(read(&mut responder, peer.key.public().as_bytes()), Ok(Vec::new()));
        let answer = output(&mut responder);
        let theirs = answer.first_chunk::<{ EllSwiftPubKey::SIZE }>().expect("a key");
        let secret = peer.key.shared_secret(&EllSwiftPubKey::from_bytes(*theirs), Side::Initiator);
        peer.cipher = Some(PacketCipher::new(&secret, MAGIC, Side::Initiator));
        (peer, responder)
    }

    fn cipher(&mut self) -> &mut PacketCipher {
        self.cipher.as_mut().expect("they met")
    }

    fn garbage(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![7; length];
        bytes.extend_from_slice(self.cipher().send_terminator());
        bytes
    }

    fn packet(&mut self, kind: PacketKind, aad: &[u8], contents: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.cipher().encrypt(kind, aad, &mut out, |out| out.extend_from_slice(contents));
        out
    }

    fn ping(&mut self, nonce: u64) -> Vec<u8> {
        let mut contents = Vec::new();
        message_type::write("ping", &mut contents);
        Message::Ping(nonce).encode_payload(&mut contents);
        self.packet(PacketKind::Genuine, &[], &contents)
    }
}

#[test]
fn both_sides_end_with_one_session_id_and_show_it_only_then() {
    let mut initiator = side(Side::Initiator, 1);
    let mut responder = side(Side::Responder, 2);
    assert_eq!(read(&mut responder, &output(&mut initiator)), Ok(Vec::new()));
    assert!(
        responder.can_send() && responder.session_id().is_none(),
        "the other side has proved nothing yet"
    );
    assert_eq!(read(&mut initiator, &output(&mut responder)), Ok(Vec::new()));
    assert!(initiator.session_id().is_some());
    assert_eq!(read(&mut responder, &output(&mut initiator)), Ok(Vec::new()));
    assert_eq!(initiator.session_id(), responder.session_id());
    let [other, _] = pair([1, 3]);
    assert_ne!(other.session_id(), initiator.session_id());
}

#[test]
fn the_responder_spends_nothing_before_it_has_a_whole_key() {
    let mut responder = side(Side::Responder, 1);
    let key = *Peer::new().key.public().as_bytes();
    assert_eq!(read(&mut responder, &key[..63]), Ok(Vec::new()));
    assert!(!responder.has_output() && !responder.can_send());
    assert_eq!(read(&mut responder, &key[63..]), Ok(Vec::new()));
    assert!(responder.has_output() && responder.can_send());
}

#[test]
fn nothing_is_encrypted_before_there_are_ciphers() {
    let mut out = Vec::new();
    assert_eq!(side(Side::Initiator, 1).encode(&Message::Verack, &mut out), None);
    assert_eq!(out, Vec::<u8>::new());
}

#[test]
fn keys_change_every_224_packets_on_both_sides() {
    let [mut initiator, mut responder] = pair([1, 2]);
    for n in 0..u64::from(REKEY_INTERVAL) * 3 {
        let bytes = say(&mut initiator, &Message::Ping(n));
        assert_eq!(read(&mut responder, &bytes), Ok(vec![Message::Ping(n)]));
        let bytes = say(&mut responder, &Message::Pong(n));
        assert_eq!(read(&mut initiator, &bytes), Ok(vec![Message::Pong(n)]));
    }
}

#[test]
fn garbage_of_any_allowed_length_is_passed_over() {
    for length in [0, 1, 15, 16, MAX_GARBAGE_LEN] {
        let (mut peer, mut responder) = Peer::meet();
        let garbage = peer.garbage(length);
        assert_eq!(read(&mut responder, &garbage), Ok(Vec::new()));
        let version = peer.packet(PacketKind::Genuine, &vec![7; length], &[]);
        let ping = peer.ping(9);
        assert_eq!(read(&mut responder, &version), Ok(Vec::new()));
        assert_eq!(read(&mut responder, &ping), Ok(vec![Message::Ping(9)]), "after {length} bytes");
    }
}

#[test]
fn garbage_that_is_longer_is_refused() {
    let (mut peer, mut responder) = Peer::meet();
    let garbage = peer.garbage(MAX_GARBAGE_LEN + 1);
    let (most, last) = garbage.split_at(MAX_GARBAGE_LEN + GARBAGE_TERMINATOR_SIZE - 1);
    assert_eq!(read(&mut responder, most), Ok(Vec::new()));
    assert_eq!(read(&mut responder, last), Err(V2Error::MissingGarbageTerminator));
    assert_eq!(responder.take(), Ok(None), "it is over");
}

#[test]
fn a_terminator_is_found_however_it_is_cut() {
    for cut in 0..=GARBAGE_TERMINATOR_SIZE {
        let (mut peer, mut responder) = Peer::meet();
        let garbage = peer.garbage(40);
        let (head, tail) = garbage.split_at(40 + cut);
        assert_eq!(read(&mut responder, head), Ok(Vec::new()));
        assert_eq!(read(&mut responder, tail), Ok(Vec::new()));
        let version = peer.packet(PacketKind::Genuine, &[7; 40], &[]);
        assert_eq!(read(&mut responder, &version), Ok(Vec::new()));
        assert!(responder.session_id().is_some());
    }
}

#[test]
fn decoys_are_passed_over_and_the_first_packet_vouches_for_the_garbage() {
    let (mut peer, mut responder) = Peer::meet();
    let mut bytes = peer.garbage(3);
    bytes.extend(peer.packet(PacketKind::Decoy, &[7; 3], b"before the version"));
    bytes.extend(peer.packet(PacketKind::Decoy, &[], &[]));
    assert_eq!(read(&mut responder, &bytes), Ok(Vec::new()));
    assert!(responder.session_id().is_none());
    let mut bytes = peer.packet(PacketKind::Genuine, &[], b"a version of later times");
    bytes.extend(peer.packet(PacketKind::Decoy, &[], b"\x12 is no ping"));
    bytes.extend(peer.ping(1));
    assert_eq!(read(&mut responder, &bytes), Ok(vec![Message::Ping(1)]));
}

#[test]
fn garbage_that_was_changed_on_the_way_is_noticed() {
    let (mut peer, mut responder) = Peer::meet();
    let mut bytes = peer.garbage(30);
    bytes[4] ^= 1;
    bytes.extend(peer.packet(PacketKind::Genuine, &[7; 30], &[]));
    assert_eq!(read(&mut responder, &bytes), Err(V2Error::Packet(PacketError)));
}

#[test]
fn a_packet_longer_than_any_message_is_refused_by_its_length_alone() {
    let too_long = vec![0; MAX_CONTENTS_LEN + 1];
    let (mut peer, mut responder) = Peer::meet();
    let garbage = peer.garbage(0);
    let packet = peer.packet(PacketKind::Genuine, &[], &too_long);
    assert_eq!(read(&mut responder, &garbage), Ok(Vec::new()));
    let length = &packet[..LENGTH_SIZE];
    assert_eq!(read(&mut responder, length), Err(V2Error::PacketTooLarge(MAX_CONTENTS_LEN + 1)));
    let (mut peer, mut responder) = Peer::meet();
    let garbage = peer.garbage(0);
    let packet = peer.packet(PacketKind::Genuine, &[], &too_long[1..]);
    assert_eq!(read(&mut responder, &garbage), Ok(Vec::new()));
    assert_eq!(read(&mut responder, &packet), Ok(Vec::new()), "the longest there may be");
}

#[test]
fn a_version_of_another_network_is_no_key() {
    let mut responder = side(Side::Responder, 1);
    let mut hello = encode([1, 2, 3, 4], &Message::Verack);
    hello[4..16].copy_from_slice(b"version\0\0\0\0\0");
    let reason = V2Error::OtherNetwork(FrameError::WrongMagic([1, 2, 3, 4]));
    assert_eq!(read(&mut responder, &hello[..16]), Err(reason));
    assert!(!responder.has_output());
}

#[test]
fn a_peer_that_says_nothing_is_tried_with_v1_and_one_that_spoke_is_not() {
    let mut initiator = side(Side::Initiator, 1);
    assert!(!initiator.should_reconnect_v1(), "nothing was sent that it could have refused");
    output(&mut initiator);
    assert!(initiator.should_reconnect_v1());
    assert_eq!(read(&mut initiator, &[1]), Ok(Vec::new()));
    assert!(!initiator.should_reconnect_v1());
    let mut responder = side(Side::Responder, 1);
    output(&mut responder);
    assert!(!responder.should_reconnect_v1());
}

/// The parts of what an initiator says, each with what becomes of the connection when a bit of it is flipped.
#[test]
fn a_flipped_bit_in_any_part_ends_the_connection() {
    // However a length is read, there is as much.
    let filler = vec![0; MAX_CONTENTS_LEN + EXPANSION];
    let stream = |flip: usize| {
        let (mut peer, mut responder) = Peer::meet();
        let mut bytes = peer.garbage(50);
        bytes.extend(peer.packet(PacketKind::Genuine, &[7; 50], &[]));
        bytes.extend(peer.ping(5));
        bytes[flip / 8] ^= 1 << (flip % 8);
        let heard = read(&mut responder, &bytes)?;
        read(&mut responder, &filler).map(|_| heard)
    };
    let terminator = 50 + GARBAGE_TERMINATOR_SIZE;
    let end = terminator + EXPANSION + EXPANSION + 9;
    for flip in (0..end * 8).step_by(5) {
        let error = stream(flip).expect_err("one bit is flipped");
        match flip / 8 {
            at if (50..terminator).contains(&at) => assert_eq!(error, V2Error::MissingGarbageTerminator),
            at => assert!(
                matches!(error, V2Error::Packet(_) | V2Error::PacketTooLarge(_)),
                "byte {at}: {error}"
            ),
        }
    }
    // A key that was changed leads to another secret: no terminator is ever found.
    let mut initiator = side(Side::Initiator, 1);
    let mut hello = output(&mut initiator);
    hello[20] ^= 4;
    let mut responder = side(Side::Responder, 2);
    assert_eq!(
        read(&mut responder, &hello).and_then(|_| read(&mut responder, &filler)),
        Err(V2Error::MissingGarbageTerminator)
    );
}

#[test]
fn a_packet_that_comes_twice_or_out_of_order_ends_the_connection() {
    let [mut initiator, mut responder] = pair([1, 2]);
    let first = say(&mut initiator, &Message::Ping(1));
    assert_eq!(read(&mut responder, &first), Ok(vec![Message::Ping(1)]));
    let repeated = read(&mut responder, &first)
        .and_then(|_| read(&mut responder, &vec![0; MAX_CONTENTS_LEN + EXPANSION]));
    assert!(matches!(repeated, Err(V2Error::Packet(_) | V2Error::PacketTooLarge(_))), "{repeated:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn messages_arrive_however_the_stream_is_cut(
        seeds in any::<[u8; 2]>(),
        messages in vec((any::<bool>(), strategy::message()), 0..12),
        chunk in 1_usize..200,
    ) {
        let mut sides = pair(seeds);
        for (from_initiator, message) in messages {
            let (from, to) = if from_initiator { (0, 1) } else { (1, 0) };
            let bytes = say(&mut sides[from], &message);
            let mut heard = Vec::new();
            for chunk in bytes.chunks(chunk) {
                heard.extend(read(&mut sides[to], chunk).expect("an honest peer"));
            }
            prop_assert_eq!(heard, vec![message]);
        }
    }

    #[test]
    fn a_handshake_ends_however_the_stream_is_cut(seeds in any::<[u8; 2]>(), chunk in 1_usize..300) {
        let mut initiator = side(Side::Initiator, seeds[0]);
        let mut responder = side(Side::Responder, seeds[1]);
        while initiator.has_output() || responder.has_output() {
            for chunk in output(&mut initiator).chunks(chunk) {
                prop_assert_eq!(read(&mut responder, chunk), Ok(Vec::new()));
            }
            for chunk in output(&mut responder).chunks(chunk) {
                prop_assert_eq!(read(&mut initiator, chunk), Ok(Vec::new()));
            }
        }
        prop_assert!(initiator.session_id().is_some());
        prop_assert_eq!(initiator.session_id(), responder.session_id());
    }

    #[test]
    fn no_bytes_break_a_side_in_any_state(
        state in 0..4,
        is_initiator in any::<bool>(),
        chunks in vec(vec(any::<u8>(), 0..400), 0..16),
    ) {
        let mut transport = match state {
            0 => side(if is_initiator { Side::Initiator } else { Side::Responder }, 1),
            1 => Peer::meet().1,
            2 => {
                let (mut peer, mut responder) = Peer::meet();
                let garbage = peer.garbage(5);
                prop_assert_eq!(read(&mut responder, &garbage), Ok(Vec::new()));
                responder
            }
            _ => {
                let [initiator, responder] = pair([1, 2]);
                if is_initiator { initiator } else { responder }
            }
        };
        for chunk in chunks {
            transport.push(chunk);
            while let Ok(Some(_)) = transport.take() {}
            output(&mut transport);
        }
    }
}
