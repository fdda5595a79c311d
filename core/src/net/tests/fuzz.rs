//! Random messages from random peers: nothing panics, nothing grows without bound, and the node goes on.

use super::lab::{Lab, branch, headers, stranger, version};
use crate::interface::SyncMode;
use crate::net::limits::MAX_BLOCKS_IN_TRANSIT_PER_PEER;
use crate::net::message::{Inventory, Message, strategy};
use crate::primitives::Block;
use crate::time::Span;
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::Arc;

/// What a random peer does next.
#[derive(Clone, Debug)]
enum Move {
    Say(Message),
    /// Something about blocks that exist, so that it gets further than noise does.
    Headers(usize, usize),
    Block(usize),
    Inv(usize, usize),
    Bytes(Vec<u8>),
    Wait(u64),
    Reconnect,
}

fn next_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => strategy::message().prop_map(Move::Say),
        2 => (0_usize..40, 0_usize..40).prop_map(|(from, to)| Move::Headers(from, to)),
        2 => (0_usize..40).prop_map(Move::Block),
        2 => (0_usize..40, 0_usize..40).prop_map(|(from, to)| Move::Inv(from, to)),
        1 => vec(any::<u8>(), 0..60).prop_map(Move::Bytes),
        1 => (0_u64..100_000).prop_map(Move::Wait),
        1 => Just(Move::Reconnect),
    ]
}

fn slice(blocks: &[Block], from: usize, to: usize) -> &[Block] {
    &blocks[from.min(to)..from.max(to)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn random_peers_never_break_a_node(
        moves in vec((0_u16..3, next_move()), 1..60),
        by_headers in any::<bool>(),
        greeted in any::<bool>(),
    ) {
        let mut lab = Lab::new(1);
        let sync = if by_headers { SyncMode::Headers } else { SyncMode::Blocks };
        lab.start(0, sync, &[]);
        let mut blocks = branch(30, 1);
        blocks.extend(branch(10, 2));
        let mut peers: Vec<_> = (0..3).map(|number| lab.raw(0, stranger(number))).collect();
        for (number, peer) in peers.iter().enumerate().filter(|_| greeted) {
            lab.say(0, *peer, &version(stranger(number as u16), 50));
            lab.say(0, *peer, &Message::Verack);
        }
        for (number, step) in moves {
            let peer = peers[usize::from(number)];
            match step {
                Move::Say(message) => lab.say(0, peer, &message),
                Move::Headers(from, to) => lab.say(0, peer, &headers(slice(&blocks, from, to))),
                Move::Block(which) => lab.say(0, peer, &Message::Block(Arc::new(blocks[which].clone()))),
                Move::Inv(from, to) => {
                    let items = slice(&blocks, from, to).iter().map(|block| Inventory::Block(block.block_hash()));
                    lab.say(0, peer, &Message::Inv(items.collect()));
                }
                Move::Bytes(bytes) => lab.say_bytes(0, peer, &bytes),
                Move::Wait(millis) => lab.advance(Span::from_millis(millis)),
                Move::Reconnect => peers[usize::from(number)] = lab.raw(0, stranger(number)),
            }
            prop_assert!(lab.nodes[0].peers().len() <= 3);
            for peer in lab.nodes[0].peers() {
                prop_assert!(peer.in_flight.len() <= MAX_BLOCKS_IN_TRANSIT_PER_PEER);
            }
        }
        // Whoever comes now, from elsewhere, syncs the whole chain.
        let friend = lab.greeted(0, stranger(50), 30);
        lab.say(0, friend, &headers(&blocks[..30]));
        lab.heard(0, friend);
        for peer in peers {
            lab.hang_up(0, peer);
        }
        // Twice: one of little work is passed over until it is asked for.
        lab.deliver_blocks(0, friend, &blocks[..30]);
        lab.deliver_blocks(0, friend, &blocks[..30]);
        prop_assert!(lab.nodes[0].height() == 30);
    }
}
