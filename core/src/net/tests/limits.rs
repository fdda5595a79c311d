//! Every limit of the table: what is just allowed passes, one more does not; and the rules of who must go.

use super::lab::{Lab, block_on, branch, getblocks, headers, params, solve, stranger};
use crate::consensus::HeaderError;
use crate::interface::{PeerId, SyncMode};
use crate::net::limits::{
    MAX_ADDR_TO_SEND, MAX_HEADERS_RESULTS, MAX_INV_SZ, MAX_LOCATOR_SZ, MAX_PROTOCOL_MESSAGE_LENGTH,
    MAX_RECEIVE_BUFFER,
};
use crate::net::message::{
    FrameError, Inventory, LocatorRequest, Message, NetAddress, Services, TimedAddress, encode,
};
use crate::net::peer::CREDIT_LEAST;
use crate::net::{DisconnectReason, NetOutput};
use crate::primitives::{Amount, Block, BlockHash, CompactTarget, Header, Txid};
use std::sync::Arc;

/// One node in headers mode and a peer that has introduced itself.
fn pair() -> (Lab, PeerId) {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    lab.say(0, peer, &Message::Headers(Vec::new()));
    lab.heard(0, peer);
    (lab, peer)
}

/// The peer is gone for this reason, and its address is refused from now on if the rule says so.
fn assert_ended(lab: &mut Lab, reason: &DisconnectReason, discouraged: bool) {
    assert_eq!(lab.nodes[0].ended, std::slice::from_ref(reason));
    let back = lab.raw(0, stranger(1));
    lab.run();
    assert_eq!(lab.is_up(0, back), !discouraged, "{reason}");
    assert_eq!(lab.nodes[0].network.refused(), usize::from(discouraged));
}

#[test]
fn the_most_headers_are_taken_and_one_more_is_discouraged() {
    let blocks = branch(MAX_HEADERS_RESULTS as u32 + 1, 0);
    let (mut lab, peer) = pair();
    lab.say(0, peer, &headers(&blocks[..MAX_HEADERS_RESULTS]));
    assert_eq!(lab.nodes[0].chain.best_header().height.0, 2_000);
    let heard = lab.heard(0, peer);
    assert!(
        heard.iter().any(|message| matches!(message, Message::GetHeaders(_))),
        "a full message has a sequel"
    );
    let (mut lab, peer) = pair();
    lab.say(0, peer, &headers(&blocks));
    assert_ended(&mut lab, &DisconnectReason::TooManyHeaders(2_001), true);
}

#[test]
fn headers_that_do_not_follow_each_other_are_discouraged() {
    let (mut lab, peer) = pair();
    let blocks = branch(3, 0);
    lab.say(0, peer, &Message::Headers(vec![blocks[0].header, blocks[2].header]));
    assert_ended(&mut lab, &DisconnectReason::NonContinuousHeaders, true);
}

#[test]
fn a_header_without_work_is_discouraged() {
    let (mut lab, peer) = pair();
    let mut header = branch(1, 0)[0].header;
    let target = params().consensus.pow_limit_target();
    while target.is_met_by(&header.block_hash()) {
        header.nonce += 1;
    }
    lab.say(0, peer, &Message::Headers(vec![header]));
    let reason = HeaderError::HighHash { hash: header.block_hash(), bits: header.bits };
    assert_ended(&mut lab, &DisconnectReason::InvalidHeader(reason), true);
}

#[test]
fn a_header_with_another_target_than_its_place_asks_for_is_discouraged() {
    let (mut lab, peer) = pair();
    let mut header = branch(1, 0)[0].header;
    let expected = header.bits;
    header.bits = CompactTarget(0x1f7f_ffff);
    let header = solve(header);
    lab.say(0, peer, &Message::Headers(vec![header]));
    let reason = HeaderError::WrongTarget { expected, found: header.bits };
    assert_ended(&mut lab, &DisconnectReason::InvalidHeader(reason), true);
}

#[test]
fn inventories_of_50_000_are_read_and_one_more_is_discouraged() {
    type Make = fn(Vec<Inventory>) -> Message;
    let cases: [(&str, Make); 3] =
        [("inv", Message::Inv), ("getdata", Message::GetData), ("notfound", Message::NotFound)];
    for (command, make) in cases {
        let items = vec![Inventory::Tx(Txid::from_bytes([1; 32])); MAX_INV_SZ + 1];
        let (mut lab, peer) = pair();
        lab.say(0, peer, &make(items[..MAX_INV_SZ].to_vec()));
        assert!(lab.is_up(0, peer), "{command}");
        lab.say(0, peer, &make(items));
        assert_ended(&mut lab, &DisconnectReason::TooMuchInventory { command, count: MAX_INV_SZ + 1 }, true);
    }
}

#[test]
fn a_thousand_addresses_are_read_and_one_more_is_discouraged() {
    let node = NetAddress { services: Services::NETWORK, address: stranger(7) };
    let list = vec![TimedAddress { time: 0, node }; MAX_ADDR_TO_SEND + 1];
    let (mut lab, peer) = pair();
    lab.say(0, peer, &Message::Addr(list[..MAX_ADDR_TO_SEND].to_vec()));
    assert!(lab.is_up(0, peer));
    lab.say(0, peer, &Message::Addr(list));
    assert_ended(&mut lab, &DisconnectReason::TooManyAddresses(1_001), true);
}

#[test]
fn the_longest_locator_is_answered_and_one_more_hash_disconnects() {
    for make in [Message::GetHeaders as fn(LocatorRequest) -> Message, Message::GetBlocks] {
        let request = |hashes: usize| LocatorRequest {
            version: 1,
            locator: vec![BlockHash::from_bytes([1; 32]); hashes],
            stop: BlockHash::ZERO,
        };
        let (mut lab, peer) = pair();
        lab.say(0, peer, &make(request(MAX_LOCATOR_SZ)));
        assert!(lab.is_up(0, peer));
        lab.say(0, peer, &make(request(MAX_LOCATOR_SZ + 1)));
        assert_ended(&mut lab, &DisconnectReason::LocatorTooLong(102), false);
    }
}

#[test]
fn a_wrong_magic_disconnects() {
    let (mut lab, peer) = pair();
    lab.say_bytes(0, peer, &encode([1, 2, 3, 4], &Message::Ping(1)));
    assert_ended(&mut lab, &FrameError::WrongMagic([1, 2, 3, 4]).into(), false);
}

#[test]
fn an_oversize_message_disconnects_and_the_node_goes_on() {
    let (mut lab, peer) = pair();
    let mut header = encode(params().magic, &Message::Ping(1));
    let length = MAX_PROTOCOL_MESSAGE_LENGTH as u32 + 1;
    header[16..20].copy_from_slice(&length.to_le_bytes());
    lab.say_bytes(0, peer, &header[..24]);
    assert_ended(&mut lab, &FrameError::Oversize(length).into(), false);
}

#[test]
fn an_empty_message_of_any_command_never_kills_a_node() {
    let (mut lab, peer) = pair();
    let commands = ["version", "verack", "addr", "getaddr", "ping", "pong", "inv", "getdata", "notfound"];
    let more =
        ["getblocks", "getheaders", "headers", "block", "tx", "mempool", "sendheaders", "feefilter", ""];
    for command in commands.into_iter().chain(more) {
        let mut bytes = encode(params().magic, &Message::Verack);
        bytes[4..16].fill(0);
        bytes[4..4 + command.len()].copy_from_slice(command.as_bytes());
        lab.say_bytes(0, peer, &bytes);
    }
    lab.say(0, peer, &Message::Ping(7));
    assert!(lab.heard(0, peer).contains(&Message::Pong(7)));
    let tolerated = lab.nodes[0].peer().tolerated;
    assert_eq!((tolerated.malformed, tolerated.unknown_command), (13, 1));
}

#[test]
fn a_bad_checksum_and_an_unknown_command_are_tolerated_and_counted() {
    let (mut lab, peer) = pair();
    let mut bad = encode(params().magic, &Message::Ping(1));
    bad[20] ^= 0xff;
    lab.say_bytes(0, peer, &bad);
    let mut unknown = encode(params().magic, &Message::Verack);
    unknown[4..16].copy_from_slice(b"wtxidrelay\0\0");
    lab.say_bytes(0, peer, &unknown);
    lab.say(0, peer, &Message::Ping(2));
    assert_eq!(lab.heard(0, peer), [Message::Pong(2)]);
    let info = lab.nodes[0].peer();
    assert_eq!(
        (info.tolerated.bad_checksum, info.tolerated.unknown_command, info.tolerated.total()),
        (1, 1, 2)
    );
    assert_eq!(info.received.by_command["*other*"].messages, 2);
}

#[test]
fn unread_bytes_are_bounded() {
    let (mut lab, peer) = pair();
    let mut header = encode(params().magic, &Message::Verack);
    header[16..20].copy_from_slice(&(MAX_PROTOCOL_MESSAGE_LENGTH as u32).to_le_bytes());
    // Not worked off in between: the node is busy with something else.
    let now = lab.now;
    lab.nodes[0].network.bytes(peer, &header[..], now);
    lab.nodes[0].network.bytes(peer, vec![0; MAX_RECEIVE_BUFFER - header.len()], now);
    assert!(lab.is_up(0, peer));
    lab.nodes[0].network.bytes(peer, [0], now);
    assert!(!lab.is_up(0, peer));
    lab.run();
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::ReceiveFlood]);
}

#[test]
fn bytes_that_came_are_credited_once_and_few_are_owed() {
    let (mut lab, peer) = pair();
    let bytes: Vec<u8> = (0..2_000).flat_map(|n| encode(params().magic, &Message::Ping(n))).collect();
    let (now, mut credited) = (lab.now, 0);
    for piece in bytes.chunks(777) {
        lab.nodes[0].network.bytes(peer, piece, now);
        for output in lab.step_once(0) {
            if let NetOutput::Consumed { bytes, .. } = output {
                credited += bytes;
            }
        }
    }
    assert!(
        credited <= bytes.len() && bytes.len() - credited < CREDIT_LEAST,
        "{credited} of {}",
        bytes.len()
    );
}

#[test]
fn an_invalid_block_is_discouraged() {
    let (mut lab, peer) = pair();
    // A coinbase above the subsidy: found out when it is connected.
    let mut block = branch(1, 0).remove(0);
    block.transactions[0].outputs[0].value = Amount::from_coins(51);
    block.header.merkle_root = crate::consensus::merkle::block_root(&block.transactions).0;
    block.header = solve(block.header);
    deliver_asked(&mut lab, peer, &block);
    let [DisconnectReason::InvalidBlock { hash, error }] = lab.nodes[0].ended.as_slice() else {
        panic!("{:?}", lab.nodes[0].ended)
    };
    assert_eq!((*hash, error.reject_reason()), (block.block_hash(), "bad-cb-amount"));
    assert_eq!((lab.nodes[0].network.refused(), lab.nodes[0].height()), (1, 0));
}

#[test]
fn a_mutated_block_is_discouraged_and_the_true_one_is_taken_from_another() {
    let (mut lab, peer) = pair();
    let block = branch(1, 0).remove(0);
    let mut mutated = block.clone();
    mutated.transactions[0].lock_time = 1;
    let other = lab.greeted(0, stranger(2), 0);
    lab.say(0, other, &headers(std::slice::from_ref(&block)));
    lab.heard(0, other);
    lab.hang_up(0, other);
    deliver_asked(&mut lab, peer, &mutated);
    let [DisconnectReason::InvalidBlock { error, .. }] = lab.nodes[0].ended.as_slice() else {
        panic!("{:?}", lab.nodes[0].ended)
    };
    assert_eq!(error.reject_reason(), "bad-txnmrklroot");
    let honest = lab.greeted(0, stranger(3), 0);
    deliver_asked(&mut lab, honest, &block);
    assert_eq!(lab.nodes[0].height(), 1);
}

#[test]
fn a_peer_added_by_hand_is_dropped_but_not_discouraged() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    assert!(lab.nodes[0].network.add_node(stranger(1)));
    lab.run();
    let peer = lab.greeted(0, stranger(1), 0);
    lab.say(0, peer, &Message::Inv(vec![Inventory::Tx(Txid::ZERO); MAX_INV_SZ + 1]));
    assert!(!lab.is_up(0, peer));
    assert_eq!(lab.nodes[0].network.refused(), 0);
    lab.greeted(0, stranger(1), 0);
}

#[test]
fn a_getaddr_is_answered_once_with_at_most_a_thousand_addresses() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[stranger(60)]);
    let now = lab.now;
    for port in 10_000..20_000 {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        lab.nodes[0].network.add_peer_address(address, false, now);
    }
    lab.run();
    let peer = lab.greeted(0, stranger(1), 0);
    lab.heard(0, peer);
    lab.say(0, peer, &Message::GetAddr);
    lab.say(0, peer, &Message::GetAddr);
    let heard = lab.heard(0, peer);
    let [Message::Addr(list)] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!(list.len(), MAX_ADDR_TO_SEND);
}

#[test]
fn headers_are_given_after_a_locator_or_one_by_its_hash() {
    let (mut lab, peer) = pair();
    let blocks = branch(2_005, 0);
    lab.give(0, &blocks);
    lab.run();
    lab.heard(0, peer);
    let ask =
        |locator: Vec<BlockHash>, stop| Message::GetHeaders(LocatorRequest { version: 1, locator, stop });
    let answer = |lab: &mut Lab, request: &Message| {
        lab.say(0, peer, request);
        match lab.heard(0, peer).as_slice() {
            [Message::Headers(headers)] => headers.iter().map(Header::block_hash).collect::<Vec<_>>(),
            other => panic!("headers: {other:?}"),
        }
    };
    let all = super::lab::hashes(&blocks);
    let unknown = BlockHash::from_bytes([9; 32]);
    assert_eq!(answer(&mut lab, &ask(vec![unknown], BlockHash::ZERO)), all[..MAX_HEADERS_RESULTS]);
    assert_eq!(answer(&mut lab, &ask(vec![unknown, all[1_999]], BlockHash::ZERO)), all[2_000..]);
    assert_eq!(answer(&mut lab, &ask(vec![all[0]], all[2])), all[1..3]);
    assert_eq!(answer(&mut lab, &ask(Vec::new(), all[7])), [all[7]]);
    assert_eq!(answer(&mut lab, &ask(Vec::new(), unknown)), []);
    lab.say(0, peer, &getblocks(&[all[2_004]]));
    assert_eq!(lab.heard(0, peer), [], "nothing to list");
}

/// A peer announces a block by its header, is asked for it and delivers it.
fn deliver_asked(lab: &mut Lab, peer: PeerId, block: &Block) {
    lab.say(0, peer, &headers(std::slice::from_ref(block)));
    assert_eq!(lab.asked_blocks(0, peer), [block.block_hash()]);
    lab.say(0, peer, &Message::Block(Arc::new(block.clone())));
}

#[test]
fn blocks_built_by_the_lab_are_valid() {
    let mut lab = Lab::new(1);
    let genesis = lab.nodes[0].chain.tip_entry().header;
    lab.give(0, &[block_on(&genesis, 1, 5)]);
    assert_eq!(lab.nodes[0].height(), 1);
}
