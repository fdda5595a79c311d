//! Chains of headers that have not shown enough work: Core's `p2p_headers_sync_with_minchainwork.py` and
//! `p2p_unrequested_blocks.py`. The node's chain has 2,500 blocks, so that a chain must have 2,356 to be kept.

use super::lab::{Lab, branch, extend, headers, stranger};
use crate::interface::{PeerId, SyncMode};
use crate::net::limits::{MAX_HEADERS_RESULTS, MAX_UNREQUESTED_AHEAD};
use crate::net::message::Message;
use crate::primitives::{Block, BlockHash, Height};
use std::sync::Arc;

const LENGTH: u32 = 2_500;
/// Blocks that a chain may be behind.
const BEHIND: u32 = 144;

/// A node with a chain, and a peer.
fn pair() -> (Lab, Vec<Block>, PeerId) {
    let mut lab = Lab::new(1);
    let blocks = branch(LENGTH, 0);
    lab.give(0, &blocks);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    lab.say(0, peer, &Message::Headers(Vec::new()));
    lab.heard(0, peer);
    (lab, blocks, peer)
}

/// How many of these the node keeps a header of.
fn kept(lab: &Lab, blocks: &[Block]) -> usize {
    blocks.iter().filter(|block| lab.nodes[0].chain.entry(&block.block_hash()).is_some()).count()
}

/// The first hash of the locator with which a peer was asked for headers.
fn asked_after(lab: &mut Lab, peer: PeerId) -> Option<BlockHash> {
    lab.heard(0, peer).into_iter().find_map(|message| match message {
        Message::GetHeaders(request) => request.locator.first().copied(),
        _ => None,
    })
}

#[test]
fn headers_without_enough_work_are_not_kept_however_many_they_are() {
    let (mut lab, _, peer) = pair();
    let flood = branch(LENGTH - BEHIND - 1, 9);
    lab.say(0, peer, &headers(&flood[..MAX_HEADERS_RESULTS]));
    assert_eq!(lab.nodes[0].peer().presynced_headers, Some(MAX_HEADERS_RESULTS as u32));
    assert_eq!(asked_after(&mut lab, peer), Some(flood[MAX_HEADERS_RESULTS - 1].block_hash()));
    lab.say(0, peer, &headers(&flood[MAX_HEADERS_RESULTS..]));
    assert_eq!(kept(&lab, &flood), 0);
    assert_eq!(asked_after(&mut lab, peer), None, "it has no more, and not enough");
    assert_eq!((lab.nodes[0].peer().tolerated.low_work, lab.is_up(0, peer)), (1, true));
}

#[test]
fn a_few_headers_without_enough_work_are_passed_over() {
    let (mut lab, blocks, peer) = pair();
    let side = branch(3, 9);
    lab.say(0, peer, &headers(&side));
    assert_eq!((kept(&lab, &side), lab.nodes[0].peer().tolerated.low_work), (0, 1));
    let fork = blocks.len() - BEHIND as usize - 3;
    let just_too_old = extend(&blocks[fork].header, fork as u32 + 1, 1, 9);
    lab.say(0, peer, &headers(&just_too_old));
    let just_new_enough = extend(&blocks[fork].header, fork as u32 + 1, 2, 8);
    lab.say(0, peer, &headers(&just_new_enough));
    assert_eq!((kept(&lab, &just_too_old), kept(&lab, &just_new_enough)), (0, 2));
}

#[test]
fn a_chain_that_shows_enough_work_is_asked_for_again_and_then_kept() {
    let (mut lab, blocks, peer) = pair();
    let longer = branch(LENGTH + 700, 9);
    let [first, second] = [&longer[..MAX_HEADERS_RESULTS], &longer[MAX_HEADERS_RESULTS..]];
    lab.say(0, peer, &headers(first));
    lab.heard(0, peer);
    lab.say(0, peer, &headers(second));
    assert_eq!(kept(&lab, &longer), 0);
    let genesis = blocks[0].header.prev_blockhash;
    assert_eq!(asked_after(&mut lab, peer), Some(genesis));
    assert_eq!(lab.nodes[0].peer().presynced_headers, None);
    lab.say(0, peer, &headers(first));
    assert_eq!(asked_after(&mut lab, peer), Some(first[first.len() - 1].block_hash()));
    assert_eq!(kept(&lab, &longer), 0, "held back until those after them agree");
    lab.say(0, peer, &headers(second));
    assert_eq!(kept(&lab, &longer), longer.len());
    assert_eq!(lab.nodes[0].chain.best_header().height, Height(LENGTH + 700));
}

#[test]
fn another_chain_than_the_one_that_showed_the_work_is_given_up() {
    let (mut lab, _, peer) = pair();
    let shown = branch(LENGTH + 700, 9);
    lab.say(0, peer, &headers(&shown[..MAX_HEADERS_RESULTS]));
    lab.say(0, peer, &headers(&shown[MAX_HEADERS_RESULTS..]));
    lab.heard(0, peer);
    let other = branch(MAX_HEADERS_RESULTS as u32, 8);
    lab.say(0, peer, &headers(&other));
    assert_eq!((kept(&lab, &other), kept(&lab, &shown)), (0, 0));
    assert_eq!(asked_after(&mut lab, peer), None);
    assert_eq!(lab.nodes[0].peer().tolerated.low_work, 1);
}

#[test]
fn headers_that_do_not_go_on_where_the_last_ended_end_the_looking_through() {
    let (mut lab, _, peer) = pair();
    let flood = branch(LENGTH - BEHIND - 1, 9);
    lab.say(0, peer, &headers(&flood[..MAX_HEADERS_RESULTS]));
    lab.heard(0, peer);
    lab.say(0, peer, &headers(&flood[MAX_HEADERS_RESULTS + 1..]));
    assert_eq!((kept(&lab, &flood), asked_after(&mut lab, peer)), (0, None));
    assert_eq!(lab.nodes[0].peer().presynced_headers, None);
}

#[test]
fn a_block_that_nobody_asked_for_keeps_no_header_without_enough_work() {
    let (mut lab, _, peer) = pair();
    let side = branch(1, 9);
    lab.say(0, peer, &Message::Block(Arc::new(side[0].clone())));
    assert_eq!((kept(&lab, &side), lab.nodes[0].peer().tolerated.low_work), (0, 1));
}

#[test]
fn a_block_that_nobody_asked_for_is_not_kept_far_ahead_of_the_tip() {
    let mut lab = Lab::new(1);
    lab.nodes[0].network.pause_download(true);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    let blocks = branch(MAX_UNREQUESTED_AHEAD + 1, 0);
    lab.say(0, peer, &headers(&blocks));
    let [.., near, far] = &blocks[..] else { panic!("many blocks") };
    for block in [far, near] {
        lab.say(0, peer, &Message::Block(Arc::new(block.clone())));
    }
    let has_body = |block: &Block| lab.nodes[0].chain.has_body(&block.block_hash());
    assert_eq!((has_body(near), has_body(far)), (true, false));
    assert_eq!(lab.nodes[0].peer().tolerated.unwanted_blocks, 1);
}
