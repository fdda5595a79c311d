//! Both ways of syncing, forks, and peers that stall, vanish or lie.

use super::lab::{Lab, address, branch, extend, hashes, headers, just_under, params, stranger};
use crate::interface::SyncMode;
use crate::net::DisconnectReason;
use crate::net::limits::{
    BLOCK_DOWNLOAD_TIMEOUT_MIN, BLOCK_DOWNLOAD_WINDOW, BLOCK_STALLING_TIMEOUT_DEFAULT,
    MAX_BLOCKS_IN_TRANSIT_PER_PEER,
};
use crate::net::message::{Inventory, Message};
use crate::primitives::{Block, BlockHash};
use crate::time::Span;
use std::sync::Arc;

/// Tells of blocks one by one.
fn inventory(blocks: &[Block]) -> Message {
    Message::Inv(hashes(blocks).into_iter().map(Inventory::Block).collect())
}

/// Node 1 starts empty beside a node 0 that has blocks.
fn newcomer(sync: SyncMode, blocks: u32) -> Lab {
    let mut lab = Lab::new(2);
    lab.give(0, &branch(blocks, 0));
    lab.start_all(sync);
    lab.run();
    lab
}

#[test]
fn a_new_node_syncs_by_headers_across_several_messages_and_windows() {
    let lab = newcomer(SyncMode::Headers, 4_100);
    assert_eq!(lab.nodes[1].chain.tip(), lab.nodes[0].chain.tip());
    let peer = lab.nodes[1].peer();
    assert_eq!(peer.received.by_command["headers"].messages, 3);
    assert_eq!(peer.received.by_command["block"].messages, 4_100);
    assert!(!peer.sent.by_command.contains_key("getblocks"));
    assert_eq!(peer.synced_headers, Some(lab.nodes[0].chain.height()));
    assert!(peer.in_flight.is_empty());
}

#[test]
fn a_new_node_syncs_by_getblocks_in_lists_of_500_as_the_seeds_do() {
    let lab = newcomer(SyncMode::Blocks, 1_200);
    assert_eq!(lab.nodes[1].chain.tip(), lab.nodes[0].chain.tip());
    let peer = lab.nodes[1].peer();
    assert_eq!(peer.sent.by_command["getblocks"].messages, 3);
    assert!(!peer.sent.by_command.contains_key("getheaders"));
    assert!(!peer.received.by_command.contains_key("headers"));
    for line in ["Received version command", "Received inv command", "Received inventory with 500 block"] {
        assert!(lab.nodes[1].has_logged(line), "{line}");
    }
    for line in ["Received inventory with 200 block", "Received block command", "Received a new block!"] {
        assert!(lab.nodes[1].has_logged(line), "{line}");
    }
    for line in ["Received version command", "Received getblocks command", "Received getdata command"] {
        assert!(lab.nodes[0].has_logged(line), "{line}");
    }
}

#[test]
fn a_list_of_exactly_500_is_followed_to_its_end() {
    let lab = newcomer(SyncMode::Blocks, 500);
    assert_eq!(lab.nodes[1].height(), 500);
}

#[test]
fn on_equal_or_lower_height_nothing_is_asked() {
    let mut lab = Lab::new(2);
    lab.give(0, &branch(3, 0));
    lab.give(1, &branch(3, 1));
    lab.start_all(SyncMode::Blocks);
    lab.run();
    for node in 0..2 {
        assert!(!lab.nodes[node].peer().sent.by_command.contains_key("getblocks"));
    }
    // The next block tells them apart.
    lab.mine(0, 1);
    assert_eq!(lab.nodes[1].chain.tip(), lab.nodes[0].chain.tip());
}

#[test]
fn nodes_of_both_ways_sync_from_each_other() {
    for (old, new) in [(SyncMode::Headers, SyncMode::Blocks), (SyncMode::Blocks, SyncMode::Headers)] {
        let mut lab = Lab::new(2);
        lab.give(0, &branch(700, 0));
        lab.start(0, old, &[]);
        lab.start(1, new, &[address(0)]);
        lab.run();
        assert_eq!(lab.nodes[1].height(), 700, "{new:?} from {old:?}");
        lab.mine(1, 2);
        assert_eq!(lab.nodes[0].height(), 702, "{old:?} hears from {new:?}");
    }
}

#[test]
fn two_sides_of_a_healed_cut_agree_on_the_chain_of_most_work() {
    for sync in [SyncMode::Headers, SyncMode::Blocks] {
        let mut lab = Lab::started(4, sync);
        lab.mine(0, 5);
        for (a, b) in [(0, 2), (0, 3), (1, 2), (1, 3)] {
            lab.cut(a, b);
        }
        lab.mine(1, 4);
        lab.mine(3, 40);
        assert_eq!((lab.nodes[0].height(), lab.nodes[2].height()), (9, 45));
        lab.heal();
        lab.advance(Span::from_secs(1));
        let tip = lab.nodes[3].chain.tip();
        assert!(lab.nodes.iter().all(|node| node.chain.tip() == tip), "{sync:?}");
    }
}

#[test]
fn blocks_are_downloaded_from_several_peers_at_once_and_each_only_once() {
    let mut lab = Lab::new(4);
    let blocks = branch(600, 0);
    for node in 0..3 {
        lab.give(node, &blocks);
    }
    lab.start_all(SyncMode::Headers);
    lab.run();
    assert_eq!((lab.nodes[3].height(), lab.nodes[3].blocks_received), (600, 600));
    let shares = lab.nodes[3].peers().into_iter().map(|peer| peer.received.by_command["block"].messages);
    assert!(shares.clone().all(|share| share > 50), "{:?}", shares.collect::<Vec<_>>());
}

#[test]
fn what_was_asked_of_a_peer_that_leaves_is_asked_of_another() {
    let mut lab = Lab::new(2);
    let blocks = branch(200, 0);
    lab.start(1, SyncMode::Headers, &[]);
    let silent = lab.greeted(1, stranger(1), 200);
    lab.say(1, silent, &headers(&blocks));
    assert_eq!(lab.nodes[1].peer().in_flight.len(), MAX_BLOCKS_IN_TRANSIT_PER_PEER);
    lab.give(0, &blocks);
    lab.start(0, SyncMode::Headers, &[address(1)]);
    lab.run();
    assert!(lab.nodes[1].height() == 0, "the first blocks are still awaited");
    lab.hang_up(1, silent);
    assert_eq!(lab.nodes[1].height(), 200);
}

#[test]
fn a_peer_that_holds_up_the_window_is_replaced() {
    let mut lab = Lab::new(2);
    let blocks = branch(BLOCK_DOWNLOAD_WINDOW + 100, 0);
    lab.start(1, SyncMode::Headers, &[]);
    let silent = lab.greeted(1, stranger(1), 2_000);
    lab.say(1, silent, &headers(&blocks));
    lab.give(0, &blocks);
    lab.start(0, SyncMode::Headers, &[address(1)]);
    lab.advance(just_under(BLOCK_STALLING_TIMEOUT_DEFAULT));
    assert!(lab.is_up(1, silent) && lab.nodes[1].height() == 0);
    lab.advance(Span::from_millis(1));
    assert_eq!(lab.nodes[1].ended, [DisconnectReason::BlockStalling(blocks[0].block_hash())]);
    lab.advance(Span::from_secs(1));
    assert_eq!(lab.nodes[1].height(), BLOCK_DOWNLOAD_WINDOW + 100);
}

#[test]
fn nothing_is_asked_for_beyond_the_window() {
    let mut lab = Lab::new(2);
    let blocks = branch(BLOCK_DOWNLOAD_WINDOW + 100, 0);
    lab.start(1, SyncMode::Headers, &[]);
    let silent = lab.greeted(1, stranger(1), 2_000);
    lab.say(1, silent, &headers(&blocks));
    lab.give(0, &blocks);
    lab.start(0, SyncMode::Headers, &[address(1)]);
    lab.run();
    let beyond = lab.nodes[1].chain.entry(&blocks[BLOCK_DOWNLOAD_WINDOW as usize].block_hash());
    assert!(!beyond.expect("a header").has_body());
    let last = lab.nodes[1].chain.entry(&blocks[BLOCK_DOWNLOAD_WINDOW as usize - 1].block_hash());
    assert!(last.expect("a header").has_body());
}

#[test]
fn a_peer_that_takes_too_long_over_a_block_is_replaced() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 1);
    let blocks = branch(1, 0);
    lab.say(0, peer, &headers(&blocks));
    let spacing = Span::from_secs(u64::from(params().consensus.spacing)).max(BLOCK_DOWNLOAD_TIMEOUT_MIN);
    lab.keep_alive(0, peer, just_under(spacing));
    assert!(lab.is_up(0, peer));
    lab.advance(Span::from_millis(1));
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::BlockDownloadTimeout(blocks[0].block_hash())]);
}

#[test]
fn getheaders_without_an_answer_ends_the_connection() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 1);
    let patience = params().timing.headers_response;
    lab.advance(just_under(patience));
    assert!(lab.is_up(0, peer));
    lab.advance(Span::from_millis(1));
    let seconds = patience.as_millis() / 1_000;
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::HeadersTimeout(seconds)]);
}

#[test]
fn a_peer_that_claims_a_height_and_lists_nothing_loses_its_turn() {
    let mut lab = Lab::new(2);
    lab.start(1, SyncMode::Blocks, &[]);
    let liar = lab.greeted(1, stranger(1), 1_000);
    assert!(lab.heard_all(1, liar).iter().any(|message| matches!(message, Message::GetBlocks(_))));
    lab.give(0, &branch(5, 0));
    lab.start(0, SyncMode::Blocks, &[address(1)]);
    lab.run();
    assert_eq!(lab.nodes[1].height(), 0, "one peer at a time");
    lab.advance(params().timing.headers_response);
    assert_eq!(lab.nodes[1].height(), 5);
}

#[test]
fn a_peer_whose_list_is_not_taken_loses_its_turn_however_much_it_announces() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Blocks, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    let mut blocks = branch(8, 0);
    for at in 0..blocks.len() {
        let previous = if at == 0 { blocks[0].header.prev_blockhash } else { blocks[at - 1].block_hash() };
        blocks[at].header.prev_blockhash = previous;
        blocks[at].header.time = lab.now.unix.0 + params().consensus.future_limit + 60 + at as u32;
        blocks[at].header = super::lab::solve(blocks[at].header);
    }
    // This node's clock is behind: to it every block is from the future, and none of the list is taken.
    lab.say(0, peer, &Message::Block(Arc::new(blocks[1].clone())));
    assert!(lab.heard(0, peer).iter().any(|message| matches!(message, Message::GetBlocks(_))));
    lab.say(0, peer, &inventory(&blocks[..3]));
    lab.deliver_blocks(0, peer, &blocks[..3]);
    assert_eq!(lab.nodes[0].peer().tolerated.from_future, 1);
    let mut asked_again = false;
    for block in &blocks[3..] {
        lab.keep_alive(0, peer, Span(params().timing.headers_response.0 / 2));
        lab.say(0, peer, &inventory(std::slice::from_ref(block)));
        lab.heard(0, peer);
        lab.deliver_blocks(0, peer, std::slice::from_ref(block));
        asked_again |= lab.heard(0, peer).iter().any(|message| matches!(message, Message::GetBlocks(_)));
    }
    assert!(asked_again, "what lies between is asked for again");
}

#[test]
fn headers_whose_blocks_nobody_has_do_not_stop_a_chain_of_less_work() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let (tease, honest) = (branch(10, 1), branch(3, 2));
    let teaser = lab.greeted(0, stranger(1), 10);
    lab.say(0, teaser, &headers(&tease));
    let friend = lab.greeted(0, stranger(2), 3);
    lab.heard(0, friend);
    lab.say(0, friend, &headers(&honest));
    assert_eq!(lab.asked_blocks(0, friend), hashes(&honest));
    lab.deliver_blocks(0, friend, &honest);
    assert_eq!(lab.nodes[0].height(), 3);
}

#[test]
fn a_block_whose_parent_is_unknown_is_counted_and_what_lies_between_is_asked_for() {
    for sync in [SyncMode::Headers, SyncMode::Blocks] {
        let mut lab = Lab::new(1);
        lab.start(0, sync, &[]);
        let peer = lab.greeted(0, stranger(1), 0);
        lab.say(0, peer, &Message::Headers(Vec::new()));
        lab.heard(0, peer);
        let blocks = branch(3, 0);
        lab.say(0, peer, &Message::Block(Arc::new(blocks[2].clone())));
        let asked = lab.heard(0, peer);
        let expected = |message: &Message| match sync {
            SyncMode::Headers => matches!(message, Message::GetHeaders(_)),
            SyncMode::Blocks => matches!(message, Message::GetBlocks(_)),
        };
        assert!(asked.len() == 1 && expected(&asked[0]), "{sync:?}: {asked:?}");
        assert_eq!(lab.nodes[0].peer().tolerated.unconnecting, 1);
        assert_eq!(lab.nodes[0].blocks_received, 0);
    }
}

#[test]
fn headers_that_do_not_connect_are_counted_and_asked_about_once() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    lab.say(0, peer, &Message::Headers(Vec::new()));
    lab.heard(0, peer);
    let blocks = branch(12, 0);
    for block in &blocks[1..] {
        lab.say(0, peer, &Message::Headers(vec![block.header]));
    }
    assert_eq!(lab.nodes[0].peer().tolerated.unconnecting, 11);
    let asked = lab.heard(0, peer);
    assert!(matches!(asked.as_slice(), [Message::GetHeaders(_)]), "{asked:?}");
    lab.say(0, peer, &headers(&blocks));
    assert_eq!(lab.nodes[0].peer().synced_headers, Some(crate::primitives::Height(12)));
}

#[test]
fn a_header_from_the_future_is_counted_and_its_chain_is_taken_up_to_it() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    let mut blocks = branch(2, 0);
    blocks[1].header.time = lab.now.unix.0 + params().consensus.future_limit + 1;
    blocks[1].header = super::lab::solve(blocks[1].header);
    lab.say(0, peer, &headers(&blocks));
    let info = lab.nodes[0].peer();
    assert_eq!((info.tolerated.from_future, info.synced_headers.map(|height| height.0)), (1, Some(1)));
}

#[test]
fn a_block_from_the_future_is_counted_and_taken_when_its_time_has_come() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    lab.say(0, peer, &Message::Headers(Vec::new()));
    let mut block = branch(1, 0).remove(0);
    block.header.time = lab.now.unix.0 + params().consensus.future_limit + 60;
    block.header = super::lab::solve(block.header);
    lab.deliver_blocks(0, peer, std::slice::from_ref(&block));
    assert_eq!((lab.nodes[0].peer().tolerated.from_future, lab.nodes[0].height()), (1, 0));
    assert_eq!(lab.nodes[0].network.refused(), 0);
    lab.advance(Span::from_secs(60));
    lab.deliver_blocks(0, peer, &[block]);
    assert_eq!((lab.nodes[0].peer().tolerated.from_future, lab.nodes[0].height()), (1, 1));
}

#[test]
fn while_the_store_takes_no_more_nothing_is_downloaded() {
    let mut lab = Lab::new(2);
    lab.give(0, &branch(20, 0));
    lab.nodes[1].network.pause_download(true);
    lab.start_all(SyncMode::Headers);
    lab.run();
    assert_eq!((lab.nodes[1].height(), lab.nodes[1].chain.best_header().height.0), (0, 20));
    lab.nodes[1].network.pause_download(false);
    lab.run();
    assert_eq!(lab.nodes[1].height(), 20);
}

#[test]
fn a_block_that_a_peer_does_not_have_is_asked_of_another() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let blocks = branch(1, 0);
    let (first, second) = (lab.greeted(0, stranger(1), 1), lab.greeted(0, stranger(2), 1));
    lab.say(0, first, &headers(&blocks));
    lab.say(0, second, &headers(&blocks));
    assert_eq!(lab.asked_blocks(0, first), hashes(&blocks));
    assert_eq!(lab.asked_blocks(0, second), []);
    lab.say(0, first, &Message::NotFound(vec![Inventory::WitnessBlock(blocks[0].block_hash())]));
    assert_eq!(lab.asked_blocks(0, second), hashes(&blocks));
    assert_eq!(lab.asked_blocks(0, first), []);
}

#[test]
fn an_unasked_block_with_less_work_than_our_chain_is_not_kept() {
    let mut lab = Lab::new(1);
    lab.mine(0, 5);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    let [side] = branch(1, 99).try_into().expect("one block");
    lab.say(0, peer, &Message::Block(Arc::new(side)));
    assert_eq!((lab.nodes[0].peer().tolerated.unwanted_blocks, lab.nodes[0].blocks_received), (1, 0));
    // One on our tip is news, asked for or not.
    let tip = lab.nodes[0].chain.tip_entry().header;
    let [next]: [Block; 1] = extend(&tip, 5, 1, 7).try_into().expect("one block");
    lab.say(0, peer, &Message::Block(Arc::new(next)));
    assert_eq!(lab.nodes[0].height(), 6);
}

#[test]
fn the_list_of_a_getblocks_is_continued_by_telling_of_the_tip() {
    let mut lab = Lab::new(1);
    let blocks = branch(501, 0);
    lab.give(0, &blocks);
    lab.start(0, SyncMode::Blocks, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    lab.heard(0, peer);
    let genesis = lab.nodes[0].chain.genesis_hash();
    lab.say(0, peer, &super::lab::getblocks(&[genesis]));
    let list = lab.heard(0, peer);
    let [Message::Inv(items)] = list.as_slice() else { panic!("one list: {list:?}") };
    let listed: Vec<BlockHash> = items.iter().filter_map(Inventory::block).collect();
    assert_eq!(listed, hashes(&blocks[..500]));
    lab.say(0, peer, &Message::GetData(vec![Inventory::Block(listed[499])]));
    let heard = lab.heard(0, peer);
    let tip = Message::Inv(vec![Inventory::Block(blocks[500].block_hash())]);
    assert!(matches!(heard.as_slice(), [Message::Block(_), inv] if *inv == tip), "{heard:?}");
}
