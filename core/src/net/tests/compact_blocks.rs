//! Compact blocks, as in Core's `p2p_compactblocks.py`: who gets them, how they are rebuilt, and what becomes of those
//! that cannot be.

use super::lab::{
    Lab, address, block_on, branch, extend, hashes, headers, solve, spend, stranger, transaction, version,
    with_transactions,
};
use crate::consensus::merkle;
use crate::encode::Encode as _;
use crate::interface::{PeerId, SyncMode};
use crate::net::DisconnectReason;
use crate::net::limits::{MAX_BLOCKTXN_DEPTH, MAX_CMPCTBLOCK_DEPTH};
use crate::net::message::{
    BlockTransactions, BlockTransactionsRequest, CompactBlock, Inventory, Message, PrefilledTransaction,
    SendCompact,
};
use crate::primitives::{Amount, Block, BlockHash, Transaction};
use std::sync::Arc;

/// Blocks of the chain that the labs here begin with: the coinbases of the first can be spent.
const LENGTH: u32 = 110;

/// A node with a chain, and the blocks of it.
fn lab() -> (Lab, Vec<Block>) {
    let mut lab = Lab::new(1);
    let blocks = branch(LENGTH, 0);
    lab.give(0, &blocks);
    lab.start(0, SyncMode::Headers, &[]);
    lab.run();
    (lab, blocks)
}

fn sendcmpct(announce: bool) -> Message {
    Message::SendCmpct(SendCompact { announce, version: 2 })
}

/// A peer that has the node's chain and speaks compact blocks.
fn partner(lab: &mut Lab, number: u16, wish: &Message) -> PeerId {
    let peer = lab.greeted(0, stranger(number), LENGTH as i32);
    introduce(lab, peer, wish);
    peer
}

fn introduce(lab: &mut Lab, peer: PeerId, wish: &Message) {
    let tip = lab.nodes[0].chain.tip_entry().header;
    lab.say(0, peer, &Message::Headers(vec![tip]));
    lab.say(0, peer, wish);
    lab.heard(0, peer);
}

/// A block on the node's tip.
fn next_block(lab: &Lab, transactions: &[Arc<Transaction>]) -> Block {
    let tip = lab.nodes[0].chain.tip_entry();
    let transactions: Vec<Transaction> = transactions.iter().map(|tx| (**tx).clone()).collect();
    with_transactions(block_on(&tip.header, tip.height.0 + 1, 7), &transactions)
}

fn compact(block: &Block) -> Message {
    Message::CmpctBlock(Arc::new(CompactBlock::new(block, 9)))
}

fn getblocktxn(block: &Block, indexes: &[u16]) -> Message {
    Message::GetBlockTxn(BlockTransactionsRequest { block: block.block_hash(), indexes: indexes.to_vec() })
}

fn blocktxn(block: &Block, indexes: &[usize]) -> Message {
    let transactions = indexes.iter().map(|index| Arc::new(block.transactions[*index].clone())).collect();
    Message::BlockTxn(BlockTransactions { block: block.block_hash(), transactions })
}

fn whole(block: &Block) -> Message {
    Message::GetData(vec![Inventory::WitnessBlock(block.block_hash())])
}

#[test]
fn a_block_of_known_transactions_is_rebuilt_and_nothing_is_asked_for() {
    let (mut lab, blocks) = lab();
    let payments = [spend(&blocks[0]), spend(&blocks[1])];
    payments.iter().for_each(|payment| lab.pay(0, payment));
    let peer = partner(&mut lab, 1, &sendcmpct(false));
    lab.say(0, peer, &compact(&next_block(&lab, &payments)));
    assert_eq!(lab.nodes[0].height(), LENGTH + 1);
    assert_eq!(lab.heard(0, peer), [sendcmpct(true)], "and from now on it is to announce at once");
}

#[test]
fn what_is_missing_of_a_compact_block_is_asked_of_its_sender() {
    let (mut lab, blocks) = lab();
    let payments = [spend(&blocks[0]), spend(&blocks[1]), spend(&blocks[2])];
    lab.pay(0, &payments[1]);
    let peer = partner(&mut lab, 1, &sendcmpct(false));
    let block = next_block(&lab, &payments);
    lab.say(0, peer, &compact(&block));
    assert_eq!(lab.heard(0, peer), [getblocktxn(&block, &[1, 3])]);
    assert_eq!(lab.nodes[0].peer().in_flight, [block.block_hash()]);
    lab.say(0, peer, &blocktxn(&block, &[1, 3]));
    assert_eq!(lab.nodes[0].height(), LENGTH + 1);
}

#[test]
fn transactions_that_do_not_make_the_block_lead_to_the_whole_one() {
    let (mut lab, blocks) = lab();
    let peer = partner(&mut lab, 1, &sendcmpct(false));
    let block = next_block(&lab, &[spend(&blocks[0]), spend(&blocks[1])]);
    lab.say(0, peer, &compact(&block));
    lab.heard(0, peer);
    lab.say(0, peer, &blocktxn(&block, &[2, 1]));
    assert_eq!(lab.heard(0, peer), [whole(&block)]);
    lab.say(0, peer, &Message::Block(Arc::new(block)));
    assert_eq!(lab.nodes[0].height(), LENGTH + 1);
}

#[test]
fn short_ids_that_collide_lead_to_the_whole_block() {
    let (mut lab, blocks) = lab();
    let peer = partner(&mut lab, 1, &sendcmpct(false));
    let block = next_block(&lab, &[spend(&blocks[0]), spend(&blocks[1])]);
    let mut colliding = CompactBlock::new(&block, 9);
    colliding.short_ids[1] = colliding.short_ids[0];
    lab.say(0, peer, &Message::CmpctBlock(Arc::new(colliding)));
    assert_eq!(lab.heard(0, peer), [whole(&block)]);
}

#[test]
fn a_malformed_compact_block_and_a_wrong_number_of_transactions_are_discouraged() {
    let (mut lab, blocks) = lab();
    let block = next_block(&lab, &[spend(&blocks[0])]);
    let peer = partner(&mut lab, 1, &sendcmpct(false));
    let mut malformed = CompactBlock::new(&block, 9);
    let transaction = (*transaction(1)).clone();
    malformed.prefilled.push(PrefilledTransaction { index: 9, transaction });
    lab.say(0, peer, &Message::CmpctBlock(Arc::new(malformed)));
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::BadCompactBlock("cmpctblock")]);
    let peer = partner(&mut lab, 2, &sendcmpct(false));
    lab.say(0, peer, &compact(&block));
    lab.say(0, peer, &blocktxn(&block, &[]));
    assert_eq!(lab.nodes[0].ended[1..], [DisconnectReason::BadCompactBlock("blocktxn")]);
    assert_eq!(lab.nodes[0].network.refused(), 2);
}

#[test]
fn an_invalid_block_that_came_by_compact_relay_is_not_discouraged() {
    let (mut lab, blocks) = lab();
    let peer = partner(&mut lab, 1, &sendcmpct(false));
    let mut block = next_block(&lab, &[spend(&blocks[0])]);
    block.transactions[0].outputs[0].value = Amount::from_coins(51);
    block.header.merkle_root = merkle::block_root(&block.transactions).0;
    block.header = solve(block.header);
    lab.say(0, peer, &compact(&block));
    lab.say(0, peer, &blocktxn(&block, &[1]));
    assert!(lab.is_up(0, peer));
    assert_eq!((lab.nodes[0].height(), lab.nodes[0].network.refused()), (LENGTH, 0));
    assert_eq!(lab.nodes[0].peer().tolerated.invalid_blocks, 1);
    lab.say(0, peer, &compact(&block));
    assert!(lab.is_up(0, peer), "nor is who passes it on when it is known to be invalid");
    assert_eq!(lab.nodes[0].peer().tolerated.invalid_blocks, 2);
}

#[test]
fn a_compact_block_with_a_header_without_work_is_discouraged() {
    let (mut lab, _) = lab();
    let peer = partner(&mut lab, 1, &sendcmpct(false));
    let mut block = next_block(&lab, &[]);
    let target = super::lab::params().consensus.pow_limit_target();
    while target.is_met_by(&block.block_hash()) {
        block.header.nonce += 1;
    }
    lab.say(0, peer, &compact(&block));
    assert!(matches!(lab.nodes[0].ended[..], [DisconnectReason::InvalidHeader(_)]));
    assert_eq!(lab.nodes[0].network.refused(), 1);
}

#[test]
fn compact_blocks_are_spoken_only_with_those_who_said_that_they_speak_version_2() {
    let (mut lab, _) = lab();
    let block = next_block(&lab, &[]);
    for wish in [Message::SendHeaders, Message::SendCmpct(SendCompact { announce: true, version: 1 })] {
        let peer = partner(&mut lab, 1, &wish);
        lab.say(0, peer, &compact(&block));
        assert_eq!(lab.nodes[0].height(), LENGTH);
        assert_eq!(lab.nodes[0].peer().tolerated.out_of_place, 1);
        lab.hang_up(0, peer);
    }
    // Nor by a node that syncs as the tutorials do.
    let mut old = Lab::new(1);
    old.start(0, SyncMode::Blocks, &[]);
    let peer = old.greeted(0, stranger(1), 0);
    assert!(!old.heard_all(0, peer).contains(&sendcmpct(false)));
    old.say(0, peer, &sendcmpct(true));
    old.mine(0, 1);
    assert!(matches!(old.heard(0, peer)[..], [Message::Inv(_)]));
}

#[test]
fn a_block_on_the_tip_that_is_announced_by_its_header_is_asked_for_compact() {
    let (mut lab, _) = lab();
    let (peer, old) = (partner(&mut lab, 1, &sendcmpct(false)), partner(&mut lab, 2, &Message::SendHeaders));
    let tip = lab.nodes[0].chain.tip_entry().header;
    let next = extend(&tip, LENGTH, 3, 1);
    lab.say(0, peer, &headers(&next[..1]));
    assert_eq!(lab.heard(0, peer), [Message::GetData(vec![Inventory::CompactBlock(next[0].block_hash())])]);
    lab.say(0, peer, &compact(&next[0]));
    assert_eq!(lab.nodes[0].height(), LENGTH + 1);
    lab.heard(0, peer);
    lab.heard(0, old);
    lab.say(0, old, &headers(&next[1..2]));
    assert_eq!(lab.heard(0, old), [whole(&next[1])], "of one who does not speak it");
    lab.say(0, old, &Message::Block(Arc::new(next[1].clone())));
    let more = extend(&next[1].header, LENGTH + 2, 2, 2);
    lab.heard(0, peer);
    lab.say(0, peer, &headers(&more));
    assert_eq!(lab.asked_blocks(0, peer), hashes(&more), "several are asked for whole");
}

#[test]
fn a_peer_may_answer_a_compact_request_with_the_whole_block() {
    let (mut lab, _) = lab();
    let peer = partner(&mut lab, 1, &sendcmpct(false));
    let block = next_block(&lab, &[]);
    lab.say(0, peer, &headers(std::slice::from_ref(&block)));
    lab.say(0, peer, &Message::Block(Arc::new(block)));
    assert_eq!(lab.nodes[0].height(), LENGTH + 1);
}

#[test]
fn a_compact_block_whose_parent_is_unknown_leads_to_its_headers() {
    let (mut lab, _) = lab();
    let peer = partner(&mut lab, 1, &sendcmpct(false));
    let tip = lab.nodes[0].chain.tip_entry().header;
    let next = extend(&tip, LENGTH, 3, 1);
    lab.say(0, peer, &compact(&next[2]));
    let heard = lab.heard(0, peer);
    assert!(matches!(heard[..], [Message::GetHeaders(_)]), "{heard:?}");
}

#[test]
fn a_compact_block_far_above_the_tip_or_beside_it_tells_of_its_header_alone() {
    let (mut lab, blocks) = lab();
    let peer = partner(&mut lab, 1, &sendcmpct(false));
    let side = extend(&blocks[106].header, 107, 1, 5).remove(0);
    lab.say(0, peer, &compact(&side));
    assert_eq!(lab.heard(0, peer), []);
    let tip = lab.nodes[0].chain.tip_entry().header;
    let next = extend(&tip, LENGTH, 3, 1);
    lab.say(0, peer, &headers(&next[..2]));
    assert_eq!(lab.asked_blocks(0, peer), hashes(&next[..2]));
    lab.say(0, peer, &compact(&next[2]));
    assert_eq!(lab.heard(0, peer), [whole(&next[2])], "as any other block that it has");
}

#[test]
fn a_compact_block_is_not_rebuilt_while_the_store_takes_no_more() {
    let (mut lab, _) = lab();
    let peer = partner(&mut lab, 1, &sendcmpct(false));
    lab.nodes[0].network.pause_download(true);
    lab.say(0, peer, &compact(&next_block(&lab, &[])));
    assert_eq!(lab.nodes[0].height(), LENGTH);
    lab.heard(0, peer);
    lab.nodes[0].network.pause_download(false);
    lab.run();
    let asked = lab.heard(0, peer);
    assert!(asked.iter().any(|message| matches!(message, Message::GetData(_))), "{asked:?}");
}

#[test]
fn a_block_that_is_on_its_way_is_rebuilt_from_another_peer_only_if_nothing_is_missing() {
    let (mut lab, blocks) = lab();
    let (slow, fast) = (partner(&mut lab, 1, &sendcmpct(false)), partner(&mut lab, 2, &sendcmpct(false)));
    let payment = spend(&blocks[0]);
    let block = next_block(&lab, std::slice::from_ref(&payment));
    lab.say(0, slow, &compact(&block));
    assert_eq!(lab.heard(0, slow), [getblocktxn(&block, &[1])]);
    lab.say(0, fast, &compact(&block));
    assert_eq!(lab.heard(0, fast), []);
    lab.pay(0, &payment);
    lab.say(0, fast, &compact(&block));
    assert_eq!(lab.nodes[0].height(), LENGTH + 1);
    lab.say(0, slow, &blocktxn(&block, &[1]));
    assert!(lab.is_up(0, slow), "too late, and no fault");
}

#[test]
fn a_block_whose_helper_leaves_is_asked_of_another() {
    let (mut lab, blocks) = lab();
    let (first, second) = (partner(&mut lab, 1, &sendcmpct(false)), partner(&mut lab, 2, &sendcmpct(false)));
    let block = next_block(&lab, &[spend(&blocks[0])]);
    lab.say(0, first, &compact(&block));
    lab.say(0, second, &headers(std::slice::from_ref(&block)));
    lab.heard(0, second);
    lab.hang_up(0, first);
    assert_eq!(lab.asked_blocks(0, second), [block.block_hash()]);
}

#[test]
fn the_last_blocks_are_given_compact_and_in_parts_and_older_ones_whole() {
    let (mut lab, blocks) = lab();
    let peer = partner(&mut lab, 1, &sendcmpct(false));
    let at = |depth: u32| &blocks[(LENGTH - 1 - depth) as usize];
    for (depth, is_compact) in [(0, true), (MAX_CMPCTBLOCK_DEPTH, true), (MAX_CMPCTBLOCK_DEPTH + 1, false)] {
        lab.say(0, peer, &Message::GetData(vec![Inventory::CompactBlock(at(depth).block_hash())]));
        match lab.heard(0, peer).as_slice() {
            [Message::CmpctBlock(found)] => {
                assert!(is_compact);
                assert_eq!(**found, CompactBlock::new(at(depth), found.nonce));
            }
            [Message::Block(found)] => assert!(!is_compact && **found == *at(depth)),
            other => panic!("{other:?}"),
        }
    }
    for (depth, is_in_parts) in [(MAX_BLOCKTXN_DEPTH, true), (MAX_BLOCKTXN_DEPTH + 1, false)] {
        lab.say(0, peer, &getblocktxn(at(depth), &[0]));
        match lab.heard(0, peer).as_slice() {
            [answer @ Message::BlockTxn(_)] => assert!(is_in_parts && *answer == blocktxn(at(depth), &[0])),
            [Message::Block(found)] => assert!(!is_in_parts && **found == *at(depth)),
            other => panic!("{other:?}"),
        }
    }
    let unknown = BlockTransactionsRequest { block: BlockHash::from_bytes([1; 32]), indexes: vec![0] };
    lab.say(0, peer, &Message::GetBlockTxn(unknown));
    assert_eq!(lab.heard(0, peer), []);
    lab.say(0, peer, &getblocktxn(at(0), &[1]));
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::BadCompactBlock("getblocktxn")]);
}

#[test]
fn who_asks_for_it_is_told_of_a_block_by_short_ids_at_once() {
    let (mut lab, _) = lab();
    let (eager, calm) = (partner(&mut lab, 1, &sendcmpct(true)), partner(&mut lab, 2, &sendcmpct(false)));
    assert!(lab.nodes[0].peers().iter().all(|peer| peer.wants_compact == (peer.id == eager)));
    lab.mine(0, 1);
    let tip = lab.nodes[0].chain.tip();
    match lab.heard(0, eager).as_slice() {
        [Message::CmpctBlock(block)] => assert_eq!(block.header.block_hash(), tip),
        other => panic!("{other:?}"),
    }
    assert_eq!(lab.heard(0, calm), [Message::Inv(vec![Inventory::Block(tip)])]);
    // Two blocks at once are told of as before.
    let header = lab.nodes[0].chain.tip_entry().header;
    lab.nodes[0].chain.accept_block(Arc::new(block_on(&header, LENGTH + 2, 3)), lab.now.unix).expect("valid");
    let next = block_on(&header, LENGTH + 2, 4);
    let longer = extend(&next.header, LENGTH + 2, 1, 4);
    lab.give_at_once(0, &[&[next], &longer[..]].concat());
    assert!(matches!(lab.heard(0, eager)[..], [Message::Inv(_)]));
    lab.say(0, eager, &sendcmpct(false));
    lab.mine(0, 1);
    assert!(matches!(lab.heard(0, eager)[..], [Message::Inv(_)]), "it asked for it no more");
}

#[test]
fn three_peers_that_gave_blocks_first_are_asked_to_announce_at_once() {
    let (mut lab, _) = lab();
    let peers: Vec<PeerId> = (1..=4).map(|number| partner(&mut lab, number, &sendcmpct(false))).collect();
    for (number, peer) in peers.iter().enumerate() {
        let block = next_block(&lab, &[]);
        peers.iter().for_each(|peer| drop(lab.heard(0, *peer)));
        lab.say(0, *peer, &compact(&block));
        assert_eq!(lab.heard(0, *peer).first(), Some(&sendcmpct(true)));
        if number == 3 {
            assert!(lab.heard(0, peers[0]).contains(&sendcmpct(false)), "the first of them no more");
        }
    }
    let announcers = |lab: &Lab| -> Vec<PeerId> {
        lab.nodes[0].peers().iter().filter(|peer| peer.announces_compact).map(|peer| peer.id).collect()
    };
    assert_eq!(announcers(&lab), peers[1..]);
    // Who does it again goes to the end of the row, and is not asked again.
    lab.heard(0, peers[1]);
    lab.say(0, peers[1], &compact(&next_block(&lab, &[])));
    assert!(!lab.heard(0, peers[1]).contains(&sendcmpct(true)));
    lab.say(0, peers[0], &compact(&next_block(&lab, &[])));
    assert_eq!(announcers(&lab), [peers[0], peers[1], peers[3]]);
}

#[test]
fn the_last_announcer_that_we_connected_to_is_not_given_up_for_one_that_connected_to_us() {
    let (mut lab, _) = lab();
    lab.hold = true;
    let now = lab.now;
    lab.nodes[0].network.try_node(stranger(9), now);
    lab.run();
    let outbound = lab.accept_raw(0, stranger(9));
    lab.say(0, outbound, &version(stranger(9), LENGTH as i32));
    lab.say(0, outbound, &Message::Verack);
    introduce(&mut lab, outbound, &sendcmpct(false));
    let inbound: Vec<PeerId> = (1..=3).map(|number| partner(&mut lab, number, &sendcmpct(false))).collect();
    for peer in [outbound].iter().chain(&inbound) {
        let block = next_block(&lab, &[]);
        lab.say(0, *peer, &compact(&block));
    }
    let infos = lab.nodes[0].peers();
    let announcers: Vec<PeerId> =
        infos.iter().filter(|peer| peer.announces_compact).map(|peer| peer.id).collect();
    assert_eq!(announcers, [outbound, inbound[1], inbound[2]]);
}

#[test]
fn a_block_of_known_transactions_crosses_in_a_twentieth_of_its_bytes() {
    let mut lab = Lab::new(2);
    let blocks = branch(400, 0);
    lab.give(0, &blocks);
    lab.give(1, &blocks);
    lab.start(0, SyncMode::Headers, &[]);
    lab.start(1, SyncMode::Headers, &[address(0)]);
    lab.run();
    let payments: Vec<_> = blocks[..250].iter().map(spend).collect();
    payments.iter().for_each(|payment| lab.pay(0, payment));
    assert_eq!(lab.nodes[1].pool.len(), payments.len());
    let block = next_block(&lab, &payments);
    let size = block.encoded_len() as u64;
    let received = |lab: &Lab| lab.nodes[1].peer().received.total.bytes;
    let before = received(&lab);
    lab.give(0, &[block]);
    lab.run();
    assert_eq!(lab.nodes[1].height(), 401);
    let crossed = received(&lab) - before;
    assert!(size > 40_000 && crossed * 20 < size, "{crossed} of {size} bytes");
    assert!(!lab.nodes[1].peer().received.by_command.contains_key("block"));
}
