//! The codec against seed 004's framings, against the crate `bitcoin`, and against bytes that are no message.

use super::strategy;
use super::*;
use crate::encode::{hex, serialize};
use crate::net::limits::{MAX_PROTOCOL_MESSAGE_LENGTH, MAX_RECEIVE_RESERVE};
use crate::primitives::{BlockHash, Txid};
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use bitcoin::p2p::{self, Magic, ServiceFlags, message_blockdata, message_network};
use proptest::prelude::*;

const MAGIC: [u8; 4] = [0xf9, 0xbe, 0xb4, 0xd9];

/// A frame around any payload, which need not be a message's.
fn frame(magic: [u8; 4], command: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = magic.to_vec();
    bytes.extend_from_slice(command.as_bytes());
    bytes.resize(16, 0);
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&crate::crypto::sha256d(payload)[..4]);
    bytes.extend_from_slice(payload);
    bytes
}

fn decoder(bytes: &[u8]) -> MessageDecoder {
    let mut decoder = MessageDecoder::new(MAGIC);
    decoder.push(bytes);
    decoder
}

fn only_frame(bytes: &[u8]) -> Frame {
    let mut decoder = decoder(bytes);
    let frame = decoder.next_frame().expect("a stream that goes on").expect("a whole frame");
    assert_eq!((decoder.unread(), decoder.next_frame()), (0, Ok(None)));
    frame
}

#[test]
fn seed_004_framings_have_their_known_lengths_and_checksums() {
    for (magic, command, payload, size, length, checksum) in [
        (MAGIC, "version", &b"Hello, Bitcoin network!"[..], 47, "17000000", "6f9aa6da"),
        (MAGIC, "version", b"version_data", 36, "0c000000", "762f4a2f"),
        (MAGIC, "verack", b"", 24, "00000000", "5df6e0e2"),
        ([0x0b, 0x11, 0x09, 0x07], "version", &70_015_u32.to_le_bytes(), 28, "04000000", "89f57b59"),
    ] {
        let bytes = frame(magic, command, payload);
        assert_eq!(bytes.len(), size);
        assert_eq!(hex::encode(&bytes[16..20]), length);
        assert_eq!(hex::encode(&bytes[20..24]), checksum);
        let mut decoder = MessageDecoder::new(magic);
        decoder.push(&bytes[..]);
        let frame = decoder.next_frame().expect("right magic").expect("whole");
        assert_eq!(frame.length(), payload.len());
        let known = matches!(frame, Frame::Message { message: Message::Verack, .. });
        assert!(known == (command == "verack"), "a text is no version: {frame:?}");
    }
}

#[test]
fn verack_is_the_24_bytes_that_seed_004_shows() {
    assert_eq!(
        hex::encode(&encode(MAGIC, &Message::Verack)),
        "f9beb4d976657261636b000000000000000000005df6e0e2"
    );
}

#[test]
fn a_wrong_magic_is_an_error_at_its_first_byte() {
    assert_eq!(decoder(&[0xf9, 0xbe]).next_frame(), Ok(None));
    assert_eq!(decoder(&[0xf9, 0xbf]).next_frame(), Err(FrameError::WrongMagic([0xf9, 0xbf, 0, 0])));
    let regtest = encode([0xfa, 0xbf, 0xb5, 0xda], &Message::Verack);
    let error = decoder(&regtest).next_frame().expect_err("another network");
    assert_eq!(error.to_string(), "wrong magic fabfb5da");
}

#[test]
fn the_longest_payload_is_awaited_and_one_byte_more_is_an_error() {
    let mut bytes = frame(MAGIC, "block", &[]);
    bytes[16..20].copy_from_slice(&(MAX_PROTOCOL_MESSAGE_LENGTH as u32).to_le_bytes());
    assert_eq!(decoder(&bytes).next_frame(), Ok(None));
    bytes[16..20].copy_from_slice(&(MAX_PROTOCOL_MESSAGE_LENGTH as u32 + 1).to_le_bytes());
    assert_eq!(decoder(&bytes).next_frame(), Err(FrameError::Oversize(4_000_001)));
}

#[test]
fn a_claimed_length_reserves_nothing_and_arriving_bytes_at_most_256_kib_more() {
    let mut header = frame(MAGIC, "tx", &[]);
    header[16..20].copy_from_slice(&(MAX_PROTOCOL_MESSAGE_LENGTH as u32).to_le_bytes());
    let mut decoder = decoder(&header);
    assert_eq!(decoder.next_frame(), Ok(None));
    assert!(decoder.capacity() <= 2 * HEADER_SIZE);
    let mut arrived = header.len();
    while arrived < MAX_PROTOCOL_MESSAGE_LENGTH {
        decoder.push([0; 40_000]);
        arrived += 40_000;
        assert!(decoder.capacity() <= arrived + MAX_RECEIVE_RESERVE);
    }
    assert!(matches!(decoder.next_frame(), Ok(Some(Frame::BadChecksum { .. }))));
    decoder.push([0; 1]);
}

#[test]
fn memory_of_a_large_message_is_given_back() {
    let mut decoder = decoder(&frame(MAGIC, "nonsense", &vec![7; 3_000_000]));
    assert!(matches!(decoder.next_frame(), Ok(Some(Frame::Unknown { length: 3_000_000, .. }))));
    assert!(decoder.capacity() <= MAX_RECEIVE_RESERVE);
}

#[test]
fn a_bad_checksum_is_passed_over_and_the_next_message_is_read() {
    let mut bytes = encode(MAGIC, &Message::Ping(1));
    bytes[20] ^= 1;
    bytes.extend(encode(MAGIC, &Message::Ping(2)));
    let mut decoder = decoder(&bytes);
    let Ok(Some(Frame::BadChecksum { command, length: 8 })) = decoder.next_frame() else {
        panic!("the checksum was changed")
    };
    assert_eq!(command.as_str(), Some("ping"));
    assert_eq!(decoder.next_frame(), Ok(Some(Frame::Message { message: Message::Ping(2), length: 8 })));
}

#[test]
fn an_unknown_or_unprintable_command_is_passed_over() {
    assert!(matches!(only_frame(&frame(MAGIC, "sendtxrcncl", &[1])), Frame::Unknown { length: 1, .. }));
    let mut bytes = frame(MAGIC, "ping", &[0; 8]);
    bytes[15] = b'x';
    let Frame::Unknown { command, .. } = only_frame(&bytes) else { panic!("text after the padding") };
    assert_eq!((command.as_str(), command.to_string().as_str()), (None, "ping???????x"));
}

#[test]
fn a_truncated_payload_is_malformed_for_every_command_that_has_one() {
    for command in [
        "version",
        "addr",
        "ping",
        "pong",
        "inv",
        "getdata",
        "notfound",
        "getblocks",
        "getheaders",
        "headers",
    ]
    .into_iter()
    .chain(["block", "tx", "feefilter", "filterload", "filteradd", "merkleblock"])
    .chain(["getcfilters", "cfilter", "getcfheaders", "cfheaders", "getcfcheckpt", "cfcheckpt"])
    {
        let frame = only_frame(&frame(MAGIC, command, &[]));
        assert!(matches!(frame, Frame::Malformed { length: 0, .. }), "empty {command}: {frame:?}");
    }
}

#[test]
fn a_count_that_the_payload_cannot_hold_is_malformed() {
    let frame = only_frame(&frame(MAGIC, "inv", &[0xfe, 0xff, 0xff, 0xff, 0x01, 1, 2, 3]));
    assert!(matches!(frame, Frame::Malformed { error: DecodeError::UnexpectedEnd { .. }, .. }));
}

#[test]
fn an_old_version_message_ends_after_the_receiver() {
    let message = VersionMessage {
        version: 106,
        services: Services::NETWORK,
        timestamp: 1_231_006_505,
        receiver: NetAddress { services: Services::NETWORK, address: ([127, 0, 0, 1], 3000).into() },
        sender: NetAddress { services: Services::NONE, address: ([0, 0, 0, 0], 0).into() },
        nonce: 0,
        user_agent: String::new(),
        start_height: -1,
        relay: true,
    };
    let bytes = serialize(&message);
    assert_eq!(bytes.len(), message.encoded_len());
    let decoded = Message::decode_payload("version", &bytes[..46]);
    assert_eq!(decoded, Ok(Some(Message::Version(Box::new(message)))));
    assert!(Message::decode_payload("version", &bytes[..45]).is_err());
}

#[test]
fn a_user_agent_keeps_printable_ascii_alone_and_has_a_longest_length() {
    let mut version = VersionMessage {
        version: 70_016,
        services: Services::NONE,
        timestamp: 0,
        receiver: NetAddress { services: Services::NONE, address: ([127, 0, 0, 1], 1).into() },
        sender: NetAddress { services: Services::NONE, address: ([127, 0, 0, 1], 2).into() },
        nonce: 1,
        user_agent: "/Term\u{1b}[31mium\n:1/é".to_owned(),
        start_height: 0,
        relay: false,
    };
    let decode = |version: &VersionMessage| crate::encode::deserialize::<VersionMessage>(&serialize(version));
    assert_eq!(decode(&version).map(|v| v.user_agent), Ok("/Term[31mium:1/".to_owned()));
    version.user_agent = "a".repeat(256);
    assert!(decode(&version).is_ok());
    version.user_agent = "a".repeat(257);
    assert_eq!(decode(&version), Err(DecodeError::SizeTooLarge { size: 257, max: 256 }));
}

fn oracle(message: &Message) -> NetworkMessage {
    match message {
        Message::Version(version) => NetworkMessage::Version(message_network::VersionMessage {
            version: version.version,
            services: ServiceFlags::from(version.services.0),
            timestamp: version.timestamp,
            receiver: oracle_address(&version.receiver),
            sender: oracle_address(&version.sender),
            nonce: version.nonce,
            user_agent: version.user_agent.clone(),
            start_height: version.start_height,
            relay: version.relay,
        }),
        Message::Verack => NetworkMessage::Verack,
        Message::Addr(list) => {
            NetworkMessage::Addr(list.iter().map(|entry| (entry.time, oracle_address(&entry.node))).collect())
        }
        Message::GetAddr => NetworkMessage::GetAddr,
        Message::Ping(nonce) => NetworkMessage::Ping(*nonce),
        Message::Pong(nonce) => NetworkMessage::Pong(*nonce),
        Message::Inv(items) => NetworkMessage::Inv(items.iter().map(oracle_inventory).collect()),
        Message::GetData(items) => NetworkMessage::GetData(items.iter().map(oracle_inventory).collect()),
        Message::NotFound(items) => NetworkMessage::NotFound(items.iter().map(oracle_inventory).collect()),
        Message::GetBlocks(request) => NetworkMessage::GetBlocks(message_blockdata::GetBlocksMessage {
            version: request.version,
            locator_hashes: request.locator.iter().map(oracle_block_hash).collect(),
            stop_hash: oracle_block_hash(&request.stop),
        }),
        Message::GetHeaders(request) => NetworkMessage::GetHeaders(message_blockdata::GetHeadersMessage {
            version: request.version,
            locator_hashes: request.locator.iter().map(oracle_block_hash).collect(),
            stop_hash: oracle_block_hash(&request.stop),
        }),
        Message::Headers(headers) => {
            NetworkMessage::Headers(headers.iter().map(|header| oracle_copy(&serialize(header))).collect())
        }
        Message::Block(block) => NetworkMessage::Block(oracle_copy(&serialize(&**block))),
        Message::Tx(tx) => NetworkMessage::Tx(oracle_copy(&serialize(&**tx))),
        Message::Mempool => NetworkMessage::MemPool,
        Message::SendHeaders => NetworkMessage::SendHeaders,
        Message::FeeFilter(rate) => NetworkMessage::FeeFilter(*rate),
        Message::FilterLoad(filter) => NetworkMessage::FilterLoad(oracle_copy(&serialize(&**filter))),
        Message::FilterAdd(data) => {
            NetworkMessage::FilterAdd(p2p::message_bloom::FilterAdd { data: data.clone() })
        }
        Message::FilterClear => NetworkMessage::FilterClear,
        Message::GetCFilters(request) => NetworkMessage::GetCFilters(oracle_copy(&serialize(request))),
        Message::CFilter(filter) => NetworkMessage::CFilter(oracle_copy(&serialize(filter))),
        Message::GetCFHeaders(request) => NetworkMessage::GetCFHeaders(oracle_copy(&serialize(request))),
        Message::CFHeaders(headers) => NetworkMessage::CFHeaders(oracle_copy(&serialize(headers))),
        Message::GetCFCheckpt(request) => NetworkMessage::GetCFCheckpt(oracle_copy(&serialize(request))),
        Message::CFCheckpt(headers) => NetworkMessage::CFCheckpt(oracle_copy(&serialize(headers))),
        Message::MerkleBlock(proof) => NetworkMessage::MerkleBlock(oracle_copy(&serialize(&**proof))),
        Message::SendCmpct(wish) => NetworkMessage::SendCmpct(oracle_copy(&serialize(wish))),
        Message::CmpctBlock(block) => NetworkMessage::CmpctBlock(oracle_copy(&serialize(&**block))),
        Message::GetBlockTxn(request) => NetworkMessage::GetBlockTxn(oracle_copy(&serialize(request))),
        Message::BlockTxn(answer) => NetworkMessage::BlockTxn(oracle_copy(&serialize(answer))),
    }
}

fn oracle_copy<T: bitcoin::consensus::Decodable>(bytes: &[u8]) -> T {
    bitcoin::consensus::deserialize(bytes).expect("formats are proven elsewhere")
}

fn oracle_address(address: &NetAddress) -> p2p::Address {
    p2p::Address::new(&address.address, ServiceFlags::from(address.services.0))
}

fn oracle_block_hash(hash: &BlockHash) -> bitcoin::BlockHash {
    bitcoin::BlockHash::from_byte_array(*hash.as_bytes())
}

fn oracle_txid(txid: &Txid) -> bitcoin::Txid {
    bitcoin::Txid::from_byte_array(*txid.as_bytes())
}

fn oracle_inventory(item: &Inventory) -> message_blockdata::Inventory {
    use message_blockdata::Inventory as Theirs;
    match item {
        Inventory::Tx(txid) => Theirs::Transaction(oracle_txid(txid)),
        Inventory::Block(hash) => Theirs::Block(oracle_block_hash(hash)),
        Inventory::FilteredBlock(hash) => Theirs::Unknown { inv_type: 3, hash: *hash.as_bytes() },
        Inventory::CompactBlock(hash) => Theirs::CompactBlock(oracle_block_hash(hash)),
        Inventory::WitnessTx(txid) => Theirs::WitnessTransaction(oracle_txid(txid)),
        Inventory::WitnessBlock(hash) => Theirs::WitnessBlock(oracle_block_hash(hash)),
        Inventory::Other { kind, hash } => Theirs::Unknown { inv_type: *kind, hash: *hash },
    }
}

proptest! {
    #[test]
    fn every_message_is_the_oracles_bytes_in_both_directions(message in strategy::message()) {
        let theirs = RawNetworkMessage::new(Magic::from_bytes(MAGIC), oracle(&message));
        let bytes = encode(MAGIC, &message);
        prop_assert_eq!(hex::encode(&bytes), hex::encode(&bitcoin::consensus::serialize(&theirs)));
        let read: RawNetworkMessage = bitcoin::consensus::deserialize(&bytes).expect("the oracle reads ours");
        prop_assert_eq!(read, theirs);
        prop_assert_eq!(only_frame(&bytes), Frame::Message { message, length: bytes.len() - HEADER_SIZE });
    }

    #[test]
    fn a_stream_reads_the_same_however_it_is_cut(
        messages in proptest::collection::vec(strategy::message(), 1..6),
        cut in 1_usize..90,
    ) {
        let bytes: Vec<u8> = messages.iter().flat_map(|message| encode(MAGIC, message)).collect();
        let mut decoder = MessageDecoder::new(MAGIC);
        let mut read = Vec::new();
        for piece in bytes.chunks(cut) {
            decoder.push(piece);
            while let Some(frame) = decoder.next_frame().expect("valid") {
                let Frame::Message { message, .. } = frame else { panic!("valid") };
                read.push(message);
            }
        }
        prop_assert_eq!(read, messages);
        prop_assert_eq!(decoder.unread(), 0);
    }

    #[test]
    fn any_payload_under_any_command_is_read_without_a_panic(
        command in prop_oneof![
            proptest::sample::select(&["version", "addr", "inv", "headers", "block", "tx", "filterload", "merkleblock"][..])
                .prop_map(str::to_owned),
            "[a-z]{0,12}",
        ],
        payload in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let frame = only_frame(&frame(MAGIC, &command, &payload));
        prop_assert_eq!(frame.length(), payload.len());
    }

    #[test]
    fn any_bytes_after_the_magic_are_read_without_a_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut decoder = decoder(&MAGIC);
        decoder.push(&bytes[..]);
        while let Ok(Some(_)) = decoder.next_frame() {}
        prop_assert!(decoder.capacity() <= bytes.len() + 4 + MAX_RECEIVE_RESERVE);
    }
}
