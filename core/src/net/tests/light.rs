//! Serving light peers: bloom filters and merkle blocks (Core's p2p_filter).

use super::lab::{Lab, block_on, stranger, transaction, version};
use crate::interface::{PeerId, SyncMode};
use crate::net::DisconnectReason;
use crate::net::message::{BASIC_FILTER, CheckpointRequest, FilterRequest, Inventory, Message};
use crate::primitives::{BlockHash, FilterHeader};
use crate::spv::{BlockFilter, BloomFilter, MAX_BLOOM_FILTER_SIZE, MAX_HASH_FUNCS, MerkleBlock};

/// A full node with three blocks and a light peer that has introduced itself.
fn pair() -> (Lab, PeerId) {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    lab.mine(0, 3);
    let peer = lab.greeted(0, stranger(1), 0);
    lab.heard(0, peer);
    (lab, peer)
}

/// A filter of one element.
fn filter(element: &[u8]) -> Message {
    let mut filter = BloomFilter::for_elements(1, 7);
    filter.insert(element);
    Message::FilterLoad(Box::new(filter))
}

fn oversize(bytes: usize, functions: u32) -> Message {
    let mut payload = Vec::new();
    crate::encode::encode_bytes(&vec![0xff; bytes], &mut payload);
    payload.extend_from_slice(&functions.to_le_bytes());
    payload.extend_from_slice(&[0; 5]);
    Message::decode_payload("filterload", &payload).expect("it decodes").expect("it is known")
}

fn ask(lab: &mut Lab, peer: PeerId, hash: BlockHash) -> Vec<Message> {
    lab.say(0, peer, &Message::GetData(vec![Inventory::FilteredBlock(hash)]));
    lab.heard(0, peer)
}

fn announced(messages: &[Message]) -> Vec<Inventory> {
    let items = messages.iter().filter_map(|message| match message {
        Message::Inv(items) => Some(items.clone()),
        _ => None,
    });
    items.flatten().collect()
}

fn assert_discouraged(mut lab: Lab, reason: DisconnectReason) {
    assert_eq!(lab.nodes[0].ended, [reason]);
    let back = lab.raw(0, stranger(1));
    lab.run();
    assert!(!lab.is_up(0, back));
}

#[test]
fn a_filter_beyond_its_limits_is_discouraged_and_the_largest_is_taken() {
    let (mut lab, peer) = pair();
    lab.say(0, peer, &oversize(MAX_BLOOM_FILTER_SIZE, MAX_HASH_FUNCS));
    assert!(lab.is_up(0, peer));
    for (bytes, functions) in [(MAX_BLOOM_FILTER_SIZE + 1, 1), (1, MAX_HASH_FUNCS + 1)] {
        let (mut lab, peer) = pair();
        lab.say(0, peer, &oversize(bytes, functions));
        assert_discouraged(lab, DisconnectReason::BadFilter("filterload"));
    }
}

#[test]
fn an_element_that_no_script_can_push_or_that_no_filter_takes_is_discouraged() {
    let (mut lab, peer) = pair();
    lab.say(0, peer, &filter(b"mine"));
    lab.say(0, peer, &Message::FilterAdd(vec![1; 520]));
    assert!(lab.is_up(0, peer));
    lab.say(0, peer, &Message::FilterAdd(vec![1; 521]));
    assert_discouraged(lab, DisconnectReason::BadFilter("filteradd"));
    let (mut lab, peer) = pair();
    lab.say(0, peer, &Message::FilterAdd(vec![1; 20]));
    assert_discouraged(lab, DisconnectReason::BadFilter("filteradd"));
}

#[test]
fn a_filtered_block_is_a_proof_and_the_transactions_that_it_proves() {
    let (mut lab, peer) = pair();
    let wanted = transaction(1);
    let tip = lab.nodes[0].chain.tip_entry().clone();
    let block = block_on(&tip.header, tip.height.0 + 1, 5);
    lab.give(0, std::slice::from_ref(&block));
    let coinbase = &block.transactions[0];
    let hash = block.block_hash();

    lab.say(0, peer, &filter(coinbase.txid().as_bytes()));
    let heard = ask(&mut lab, peer, hash);
    let [.., Message::MerkleBlock(proof), Message::Tx(tx)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(proof.verify().map(|proven| proven.matches), Ok(vec![(0, coinbase.txid())]));
    assert_eq!(tx.txid(), coinbase.txid());

    lab.say(0, peer, &filter(wanted.txid().as_bytes()));
    let heard = ask(&mut lab, peer, hash);
    let [.., Message::MerkleBlock(proof)] = &heard[..] else { panic!("nothing matches: {heard:?}") };
    assert_eq!(proof.verify().map(|proven| proven.matches), Ok(Vec::new()));
    assert_eq!(**proof, MerkleBlock::new(&block, |_| false));
}

#[test]
fn a_filtered_block_is_not_sent_to_whom_has_no_filter() {
    let (mut lab, peer) = pair();
    let hash = lab.nodes[0].chain.tip();
    assert!(ask(&mut lab, peer, hash).is_empty());
    lab.say(0, peer, &filter(b"mine"));
    assert!(matches!(ask(&mut lab, peer, hash)[..], [Message::MerkleBlock(_)]));
    lab.say(0, peer, &Message::FilterClear);
    assert!(ask(&mut lab, peer, hash).is_empty());
}

#[test]
fn only_matching_transactions_are_announced_to_a_peer_with_a_filter() {
    let (mut lab, peer) = pair();
    let (wanted, other) = (transaction(1), transaction(2));
    lab.say(0, peer, &filter(wanted.txid().as_bytes()));
    lab.pay(0, &wanted);
    lab.pay(0, &other);
    assert_eq!(announced(&lab.heard(0, peer)), [Inventory::Tx(wanted.txid())]);
    lab.say(0, peer, &Message::FilterClear);
    lab.say(0, peer, &Message::Mempool);
    assert_eq!(announced(&lab.heard(0, peer)), [Inventory::Tx(other.txid())]);
}

#[test]
fn a_peer_that_wants_no_transactions_hears_of_them_once_it_has_loaded_a_filter() {
    let (mut lab, _) = pair();
    let peer = lab.raw(0, stranger(2));
    let Message::Version(mut greeting) = version(stranger(2), 0) else { panic!("a version") };
    greeting.relay = false;
    lab.say(0, peer, &Message::Version(greeting));
    lab.say(0, peer, &Message::Verack);
    lab.heard(0, peer);
    let (before, after) = (transaction(1), transaction(2));
    lab.pay(0, &before);
    assert_eq!(announced(&lab.heard(0, peer)), []);
    lab.say(0, peer, &filter(after.txid().as_bytes()));
    lab.pay(0, &after);
    assert_eq!(announced(&lab.heard(0, peer)), [Inventory::Tx(after.txid())]);
}

/// Asks for filters or their hashes from a height up to the tip.
fn request(lab: &Lab, start: u32) -> FilterRequest {
    FilterRequest { kind: BASIC_FILTER, start, stop: lab.nodes[0].chain.tip() }
}

fn assert_disconnected(mut lab: Lab, peer: PeerId, message: &Message) {
    lab.say(0, peer, message);
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::BadFilterRequest(message.command())]);
    let back = lab.raw(0, stranger(1));
    assert!(lab.is_up(0, back), "it is not discouraged");
}

#[test]
fn filters_lead_from_header_to_header() {
    let (mut lab, peer) = pair();
    lab.say(0, peer, &Message::GetCFHeaders(request(&lab, 1)));
    let heard = lab.heard(0, peer);
    let [Message::CFHeaders(answer)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(answer.hashes.len(), 3);
    lab.say(0, peer, &Message::GetCFilters(request(&lab, 0)));
    let heard = lab.heard(0, peer);
    let mut header = FilterHeader::ZERO;
    for (height, message) in heard.iter().enumerate() {
        let Message::CFilter(message) = message else { panic!("{message:?}") };
        assert_eq!(
            lab.nodes[0].chain.active_hash(crate::primitives::Height(height as u32)),
            Some(message.block)
        );
        let hash = BlockFilter::from_bytes(message.filter.clone()).hash();
        header = FilterHeader::of(&hash, &header);
        match height {
            0 => assert_eq!(answer.previous, header),
            _ => assert_eq!(answer.hashes[height - 1], hash),
        }
    }
    assert_eq!(heard.len(), 4);
    let tip = lab.nodes[0].chain.tip();
    assert_eq!(lab.nodes[0].chain.filter_header(&tip).map(|(_, header)| header), Some(header));
}

#[test]
fn a_thousand_filters_and_two_thousand_filter_hashes_are_served_and_one_more_disconnects() {
    let (mut lab, peer) = pair();
    lab.mine(0, 1_998);
    lab.heard(0, peer);
    lab.say(0, peer, &Message::GetCFilters(request(&lab, 1_002)));
    assert_eq!(lab.heard(0, peer).len(), 1_000);
    lab.say(0, peer, &Message::GetCFHeaders(request(&lab, 2)));
    let heard = lab.heard(0, peer);
    let [Message::CFHeaders(answer)] = &heard[..] else { panic!("{} messages", heard.len()) };
    assert_eq!(answer.hashes.len(), 2_000);
    let stop = lab.nodes[0].chain.tip();
    lab.say(0, peer, &Message::GetCFCheckpt(CheckpointRequest { kind: BASIC_FILTER, stop }));
    let heard = lab.heard(0, peer);
    let [Message::CFCheckpt(answer)] = &heard[..] else { panic!("{heard:?}") };
    let header = |height| {
        let chain = &lab.nodes[0].chain;
        let hash = chain.active_hash(crate::primitives::Height(height)).expect("on the chain");
        chain.filter_header(&hash).map(|(_, header)| header)
    };
    assert_eq!(answer.headers.iter().copied().map(Some).collect::<Vec<_>>(), [header(1_000), header(2_000)]);
    let one_more = Message::GetCFHeaders(request(&lab, 1));
    assert_disconnected(lab, peer, &one_more);
    let (mut lab, peer) = pair();
    lab.mine(0, 997);
    let one_more = Message::GetCFilters(request(&lab, 1));
    lab.say(0, peer, &one_more);
    assert!(lab.is_up(0, peer));
    lab.mine(0, 1);
    let one_more = Message::GetCFilters(request(&lab, 1));
    assert_disconnected(lab, peer, &one_more);
}

#[test]
fn filters_of_another_kind_of_unknown_blocks_or_of_nothing_disconnect() {
    for change in [
        |request: &mut FilterRequest| request.kind = 1,
        |request: &mut FilterRequest| request.stop = BlockHash::from_bytes([7; 32]),
        |request: &mut FilterRequest| request.start = 4,
    ] {
        let (lab, _) = pair();
        let mut asked = request(&lab, 3);
        change(&mut asked);
        for message in [Message::GetCFilters(asked), Message::GetCFHeaders(asked)] {
            let (lab, peer) = pair();
            assert_disconnected(lab, peer, &message);
        }
    }
    let (lab, peer) = pair();
    let unknown = CheckpointRequest { kind: BASIC_FILTER, stop: BlockHash::from_bytes([7; 32]) };
    assert_disconnected(lab, peer, &Message::GetCFCheckpt(unknown));
}
