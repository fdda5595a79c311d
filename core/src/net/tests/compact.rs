//! A light node that goes by compact filters, among honest peers and liars.

use super::lab::{Lab, branch, headers, stranger, version};
use crate::interface::{LightFilter, PeerId, SyncMode};
use crate::net::DisconnectReason;
use crate::net::message::{
    BASIC_FILTER, FilterHeadersMessage, FilterMessage, FilterRequest, Inventory, Message, Services,
};
use crate::primitives::{Block, BlockHash, FilterHash, FilterHeader};
use crate::spv::BlockFilter;
use crate::time::Span;

/// What every coinbase of the lab pays to.
const PAID: &[u8] = &[0x51];
/// What none does.
const UNPAID: &[u8] = &[0x52];

fn light(script: &[u8]) -> Lab {
    let mut lab = Lab::new(1);
    lab.nodes[0].keep_headers(script, LightFilter::Compact);
    lab.start(0, SyncMode::Headers, &[]);
    lab
}

/// A peer that serves compact filters and has told of these blocks.
fn server(lab: &mut Lab, number: u16, blocks: &[Block]) -> PeerId {
    let peer = lab.raw(0, stranger(number));
    let Message::Version(mut greeting) = version(stranger(number), 0) else { panic!("a version") };
    greeting.services = Services::NETWORK | Services::COMPACT_FILTERS | Services::WITNESS;
    lab.say(0, peer, &Message::Version(greeting));
    lab.say(0, peer, &Message::Verack);
    let heard = lab.heard(0, peer);
    assert!(!heard.iter().any(|message| matches!(message, Message::FilterLoad(_))), "it learns nothing");
    lab.say(0, peer, &headers(blocks));
    peer
}

/// The filter of a block of the lab, which spends nothing.
fn honest(block: &Block) -> BlockFilter {
    BlockFilter::new(block, std::iter::empty())
}

/// The filter of a block that is about nothing.
fn empty(_: &Block) -> BlockFilter {
    BlockFilter::from_bytes(vec![0])
}

/// Answers what a peer was asked, with these filters; the blocks that it was asked for.
fn answer(
    lab: &mut Lab,
    peer: PeerId,
    blocks: &[Block],
    filter: fn(&Block) -> BlockFilter,
) -> Vec<BlockHash> {
    let mut asked = Vec::new();
    for message in lab.heard(0, peer) {
        match message {
            Message::GetCFHeaders(FilterRequest { start, stop, .. }) => {
                let stretch = stretch(blocks, start, stop);
                let hashes: Vec<FilterHash> = stretch.iter().map(|block| filter(block).hash()).collect();
                let previous = FilterHeader::ZERO;
                let answer = FilterHeadersMessage { kind: BASIC_FILTER, stop, previous, hashes };
                lab.say(0, peer, &Message::CFHeaders(answer));
            }
            Message::GetCFilters(FilterRequest { start, stop, .. }) => {
                for block in stretch(blocks, start, stop) {
                    let (hash, filter) = (block.block_hash(), filter(block).as_bytes().to_vec());
                    let answer = FilterMessage { kind: BASIC_FILTER, block: hash, filter };
                    lab.say(0, peer, &Message::CFilter(answer));
                }
            }
            Message::GetData(items) => asked.extend(items.iter().filter_map(Inventory::block)),
            _ => {}
        }
    }
    asked
}

fn stretch(blocks: &[Block], start: u32, stop: BlockHash) -> &[Block] {
    let end = blocks.iter().position(|block| block.block_hash() == stop).expect("a block that it has");
    &blocks[start as usize - 1..=end]
}

/// Lets a peer answer until it is asked nothing more; the blocks that it was asked for.
fn answer_all(
    lab: &mut Lab,
    peer: PeerId,
    blocks: &[Block],
    filter: fn(&Block) -> BlockFilter,
) -> Vec<BlockHash> {
    let mut asked = Vec::new();
    for _ in 0..8 {
        asked.extend(answer(lab, peer, blocks, filter));
    }
    asked
}

#[test]
fn blocks_whose_filters_do_not_match_are_looked_through_without_being_asked_for() {
    let blocks = branch(5, 0);
    let mut lab = light(UNPAID);
    let peer = server(&mut lab, 1, &blocks);
    assert!(answer_all(&mut lab, peer, &blocks, honest).is_empty());
    assert_eq!(lab.nodes[0].height(), 5);
    assert!(lab.nodes[0].shown.iter().all(|(_, block)| block.transactions.is_empty()));
}

#[test]
fn blocks_whose_filters_match_are_asked_for_whole() {
    let blocks = branch(5, 0);
    let mut lab = light(PAID);
    let peer = server(&mut lab, 1, &blocks);
    let asked = answer_all(&mut lab, peer, &blocks, honest);
    assert_eq!(asked, blocks.iter().map(Block::block_hash).collect::<Vec<_>>());
    lab.deliver_blocks(0, peer, &blocks);
    assert_eq!((lab.nodes[0].height(), lab.nodes[0].blocks_received), (5, 5));
}

#[test]
fn a_filter_that_is_not_what_was_agreed_on_is_discouraged() {
    let blocks = branch(2, 0);
    let mut lab = light(PAID);
    let peer = server(&mut lab, 1, &blocks);
    answer(&mut lab, peer, &blocks, honest);
    lab.advance(Span::from_secs(3));
    answer(&mut lab, peer, &blocks, empty);
    let reason = DisconnectReason::FalseFilter(blocks[0].block_hash());
    assert!(lab.nodes[0].has_logged(&format!("{} is discouraged: {reason}", stranger(1))));
    assert_eq!(lab.nodes[0].ended, [reason]);
}

#[test]
fn where_peers_differ_the_block_convicts_the_one_whose_filter_leaves_out_what_it_pays() {
    for liar_first in [true, false] {
        let blocks = branch(3, 0);
        let mut lab = light(PAID);
        let peers = [server(&mut lab, 1, &blocks), server(&mut lab, 2, &blocks)];
        let (liar, other) = if liar_first { (peers[0], peers[1]) } else { (peers[1], peers[0]) };
        let mut asked = Vec::new();
        for _ in 0..8 {
            asked.extend(answer(&mut lab, liar, &blocks, empty));
            asked.extend(answer(&mut lab, other, &blocks, honest));
            if asked.contains(&blocks[0].block_hash()) && lab.nodes[0].height() == 0 {
                lab.deliver_blocks(0, other, &blocks[..1]);
            }
        }
        assert_eq!(lab.nodes[0].ended, [DisconnectReason::FalseFilter(blocks[0].block_hash())]);
        assert!(!lab.is_up(0, liar) && lab.is_up(0, other));
        lab.deliver_blocks(0, other, &blocks[1..]);
        assert_eq!(lab.nodes[0].height(), 3, "it goes on with the honest one");
    }
}

#[test]
fn a_peer_that_keeps_its_filters_to_itself_is_replaced() {
    let blocks = branch(2, 0);
    let mut lab = light(UNPAID);
    let silent = server(&mut lab, 1, &blocks);
    lab.keep_alive(0, silent, Span::from_secs(31));
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::FilterTimeout(30)]);
    let other = server(&mut lab, 2, &blocks);
    answer_all(&mut lab, other, &blocks, honest);
    assert_eq!(lab.nodes[0].height(), 2);
}

#[test]
fn filters_that_nobody_asked_for_are_passed_over() {
    let blocks = branch(1, 0);
    let mut lab = light(UNPAID);
    let peer = server(&mut lab, 1, &[]);
    let (block, filter) = (blocks[0].block_hash(), vec![0]);
    lab.say(0, peer, &Message::CFilter(FilterMessage { kind: BASIC_FILTER, block, filter }));
    let previous = FilterHeader::ZERO;
    let answer = FilterHeadersMessage { kind: BASIC_FILTER, stop: block, previous, hashes: Vec::new() };
    lab.say(0, peer, &Message::CFHeaders(answer));
    assert!(lab.is_up(0, peer));
    assert_eq!(lab.nodes[0].chain.tip(), lab.nodes[0].chain.genesis_hash());
}
