//! Every message reads back what it wrote, and no bytes do harm.

use super::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn secret() -> impl Strategy<Value = Secret> {
    any::<[u8; 16]>().prop_map(Secret)
}

fn pass() -> impl Strategy<Value = Pass> {
    (any::<[u8; 4]>(), secret()).prop_map(|(address, proof)| Pass { address, proof })
}

fn code() -> impl Strategy<Value = RoomCode> {
    any::<u64>().prop_map(RoomCode::from_number)
}

fn name() -> impl Strategy<Value = String> {
    "\\PC{0,40}"
}

fn nodes() -> impl Strategy<Value = Vec<NodeEntry>> {
    let node = (1..=u16::MAX, "[0-9a-f/]{0,100}").prop_map(|(port, network)| NodeEntry { port, network });
    vec(node, 0..=MAX_NODES)
}

fn settings() -> impl Strategy<Value = Settings> {
    let fields = (any::<bool>(), 1..=MAX_KHS, any::<bool>());
    fields.prop_map(|(mining, khs, locked)| Settings { mining, khs, locked })
}

fn to_relay() -> impl Strategy<Value = ToRelay> {
    prop_oneof![
        (any::<u16>(), any::<u64>(), any::<bool>(), 1..=MAX_BLOCK_TIME, name()).prop_map(
            |(version, page, by_hand, block_time, name)| ToRelay::Create {
                version,
                page,
                by_hand,
                block_time,
                name
            }
        ),
        (any::<u16>(), any::<u64>(), code(), option::of(pass()), option::of(secret()), name()).prop_map(
            |(version, page, code, pass, token, name)| ToRelay::Join {
                version,
                page,
                code,
                pass,
                token,
                name
            }
        ),
        nodes().prop_map(ToRelay::Nodes),
        vec(any::<u8>(), 0..500).prop_map(ToRelay::Share),
        settings().prop_map(ToRelay::Set),
        any::<[u8; 4]>().prop_map(ToRelay::Remove),
        (any::<[u8; 4]>(), vec(any::<u8>(), 0..500)).prop_map(|(to, signal)| ToRelay::Signal { to, signal }),
    ]
}

fn to_browser() -> impl Strategy<Value = ToBrowser> {
    prop_oneof![
        (code(), pass(), option::of(secret()), any::<u64>(), any::<bool>(), vec(name(), 0..4)).prop_map(
            |(code, pass, token, unix_ms, by_hand, urls)| {
                ToBrowser::Welcome { version: ROOM_VERSION, code, pass, token, unix_ms, by_hand, urls }
            }
        ),
        Just(ToBrowser::Refused(Refusal::TooManyTries)),
        (any::<[u8; 4]>(), any::<bool>(), name(), nodes()).prop_map(|(address, teacher, name, nodes)| {
            ToBrowser::Member { address, teacher, name, nodes }
        }),
        any::<[u8; 4]>().prop_map(ToBrowser::Gone),
        (any::<u64>(), any::<bool>(), any::<u64>()).prop_map(|(room_ms, stands, relay_ms)| ToBrowser::Time {
            room_ms,
            stands,
            relay_ms
        }),
        vec(any::<u8>(), 0..500).prop_map(ToBrowser::Chain),
        Just(ToBrowser::End(End::Removed)),
        settings().prop_map(ToBrowser::Settings),
        (any::<[u8; 4]>(), vec(any::<u8>(), 0..500))
            .prop_map(|(from, signal)| ToBrowser::Signal { from, signal }),
        vec("stun:[a-z.]{1,40}:[0-9]{1,5}", 0..4).prop_map(ToBrowser::Stun),
    ]
}

proptest! {
    #[test]
    fn every_message_reads_back_what_it_wrote(relay in to_relay(), browser in to_browser()) {
        prop_assert_eq!(ToRelay::decode(&relay.encode()), Ok(relay));
        prop_assert_eq!(ToBrowser::decode(&browser.encode()), Ok(browser));
    }

    #[test]
    fn any_bytes_decode_to_themselves_or_to_an_error(mut bytes in vec(any::<u8>(), 0..80), kind in 0..18_u8) {
        if let Some(first) = bytes.first_mut() {
            *first = if kind < 8 { kind } else { 121 + kind };
        }
        if let Ok(message) = ToRelay::decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes.clone());
        }
        if let Ok(message) = ToBrowser::decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
    }

    #[test]
    fn a_message_cut_short_or_with_more_behind_it_is_refused(message in to_relay(), cut in 1..50_usize) {
        let mut bytes = message.encode();
        bytes.push(0);
        prop_assert!(ToRelay::decode(&bytes).is_err());
        bytes.truncate(bytes.len().saturating_sub(1 + cut));
        prop_assert!(ToRelay::decode(&bytes).is_err());
    }
}

#[test]
fn the_layout_is_the_table_at_the_head() {
    let join = ToRelay::Join {
        version: 1,
        page: 2,
        code: "ABC234".parse().unwrap(),
        pass: Some(Pass { address: [10, 1, 0, 2], proof: Secret([7; 16]) }),
        token: None,
        name: "Bo".to_owned(),
    };
    let expected = [
        &[2, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0][..],
        b"ABC234",
        &[1, 10, 1, 0, 2],
        &[7; 16],
        &[0, 2, 0, b'B', b'o'],
    ];
    assert_eq!(join.encode(), expected.concat());
    let time = ToBrowser::Time { room_ms: 258, stands: true, relay_ms: 3 };
    assert_eq!(time.encode(), [133, 2, 1, 0, 0, 0, 0, 0, 0, 1, 3, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn a_greeting_of_another_version_tells_its_version_however_the_rest_reads() {
    // As the first version wrote it.
    let create = [1, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, b'B', b'o'];
    assert!(ToRelay::decode(&create).is_err());
    assert_eq!(ToRelay::version_of(&create), Some(1));
    let join = ToRelay::Join {
        version: 7,
        page: 1,
        code: RoomCode::from_number(1),
        pass: None,
        token: None,
        name: String::new(),
    };
    assert_eq!(ToRelay::version_of(&join.encode()), Some(7));
    for other in [&[][..], &[1, 2], &ToRelay::Remove([0; 4]).encode()] {
        assert_eq!(ToRelay::version_of(other), None);
    }
}

#[test]
fn what_is_too_long_is_refused_by_its_length_alone() {
    let long = [&[4_u8][..], &(MAX_CHAIN as u32 + 1).to_le_bytes()].concat();
    assert_eq!(ToRelay::decode(&long), Err(MessageError::Value("chain")));
    let many = [&[3_u8][..], &(MAX_NODES as u16 + 1).to_le_bytes()].concat();
    assert_eq!(ToRelay::decode(&many), Err(MessageError::Value("list")));
    let signal = [&[7_u8, 10, 1, 0, 2][..], &(MAX_SIGNAL as u32 + 1).to_le_bytes()].concat();
    assert_eq!(ToRelay::decode(&signal), Err(MessageError::Value("signal")));
    assert_eq!(ToRelay::decode(&[]), Err(MessageError::Length));
    assert_eq!(ToRelay::decode(&[0]), Err(MessageError::Kind(0)), "a frame is none of these");
}

#[test]
fn a_secret_is_hex_and_is_not_printed() {
    let secret = Secret([0xab; 16]);
    assert_eq!(Secret::from_hex(&secret.to_hex()), Some(secret));
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    for text in ["", "ab", &"g".repeat(32), &"ä".repeat(16)] {
        assert_eq!(Secret::from_hex(text), None);
    }
}
