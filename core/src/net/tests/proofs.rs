//! A light node among peers that serve filtered blocks, honest ones and liars.

use super::lab::{Lab, branch, headers, stranger, version};
use crate::interface::{LightFilter, PeerId, SyncMode};
use crate::net::DisconnectReason;
use crate::net::message::{Inventory, Message, Services};
use crate::primitives::{Block, BlockHash, Txid};
use crate::spv::{MerkleBlock, MerkleProofError};
use crate::time::Span;
use std::sync::Arc;

/// What the lab's coinbases push: the light node watches for it, so that it is paid by each block of this salt.
const SALT: u32 = 5;

/// A light node that watches for what blocks of [`SALT`] pay in.
fn light() -> Lab {
    let mut lab = Lab::new(1);
    let coinbase = &branch(1, SALT)[0].transactions[0];
    let script = coinbase.inputs[0].script_sig.clone();
    let pushes = crate::script::Instructions::new(script.as_bytes()).map_while(Result::ok);
    let watched = pushes.last().expect("a push").data.to_vec();
    lab.nodes[0].keep_headers(&watched, LightFilter::Bloom);
    lab.start(0, SyncMode::Headers, &[]);
    lab
}

/// A peer that serves filters and has told of these blocks.
fn server(lab: &mut Lab, number: u16, blocks: &[Block]) -> PeerId {
    let peer = lab.raw(0, stranger(number));
    let Message::Version(mut greeting) = version(stranger(number), 0) else { panic!("a version") };
    greeting.services = Services::NETWORK | Services::BLOOM | Services::WITNESS;
    lab.say(0, peer, &Message::Version(greeting));
    lab.say(0, peer, &Message::Verack);
    let heard = lab.heard(0, peer);
    assert!(heard.iter().any(|message| matches!(message, Message::FilterLoad(_))), "{heard:?}");
    assert!(heard.contains(&Message::Mempool));
    lab.say(0, peer, &headers(blocks));
    peer
}

/// The filtered blocks that a peer was asked for.
fn asked(lab: &mut Lab, peer: PeerId) -> Vec<BlockHash> {
    let heard = lab.heard(0, peer);
    let requests = heard.into_iter().filter_map(|message| match message {
        Message::GetData(items) => Some(items),
        _ => None,
    });
    let items = requests.flatten();
    items
        .map(|item| match item {
            Inventory::FilteredBlock(hash) => hash,
            other => panic!("{other:?} is no filtered block"),
        })
        .collect()
}

/// Shows a block whole, or without its coinbase, which pays the light node.
fn show(lab: &mut Lab, peer: PeerId, block: &Block, whole: bool) {
    lab.say(0, peer, &Message::MerkleBlock(Box::new(MerkleBlock::new(block, |_| whole))));
    if whole {
        for transaction in &block.transactions {
            lab.say(0, peer, &Message::Tx(Arc::new(transaction.clone())));
        }
    }
}

fn coinbase(block: &Block) -> Txid {
    block.transactions[0].txid()
}

#[test]
fn a_light_node_offers_encryption_alone_and_wants_no_transactions_before_its_filter() {
    let mut lab = light();
    let peer = lab.raw(0, stranger(1));
    lab.say(0, peer, &version(stranger(1), 0));
    let heard = lab.heard(0, peer);
    let Some(Message::Version(ours)) = heard.first() else { panic!("{heard:?}") };
    assert_eq!((ours.services, ours.relay), (Services::P2P_V2, false));
}

#[test]
fn a_peer_that_does_not_filter_is_asked_for_headers_alone() {
    let blocks = branch(3, SALT);
    let mut lab = light();
    let peer = lab.greeted(0, stranger(1), 3);
    lab.say(0, peer, &headers(&blocks));
    assert_eq!(lab.nodes[0].chain.best_header().height.0, 3);
    assert!(asked(&mut lab, peer).is_empty());
    assert_eq!(lab.nodes[0].height(), 0);
}

#[test]
fn the_chain_grows_with_what_is_proven_of_its_blocks() {
    let blocks = branch(3, SALT);
    let mut lab = light();
    let peer = server(&mut lab, 1, &blocks);
    assert_eq!(asked(&mut lab, peer).len(), 3);
    for block in &blocks {
        show(&mut lab, peer, block, true);
    }
    assert_eq!(lab.nodes[0].height(), 3);
    let shown: Vec<Txid> = lab.nodes[0].shown.iter().map(|(_, block)| coinbase(block)).collect();
    assert_eq!(shown, blocks.iter().map(coinbase).collect::<Vec<_>>());
    assert!(
        lab.heard(0, peer).iter().all(|message| !matches!(message, Message::Headers(_) | Message::Inv(_)))
    );
}

#[test]
fn a_block_is_taken_once_all_its_proven_transactions_have_come() {
    let blocks = branch(1, SALT);
    let mut lab = light();
    let peer = server(&mut lab, 1, &blocks);
    lab.say(0, peer, &Message::MerkleBlock(Box::new(MerkleBlock::new(&blocks[0], |_| true))));
    assert_eq!(lab.nodes[0].height(), 0);
    lab.say(0, peer, &Message::Tx(Arc::new(blocks[0].transactions[0].clone())));
    assert_eq!(lab.nodes[0].height(), 1);
}

#[test]
fn a_proof_that_does_not_hash_is_discouraged() {
    let blocks = branch(2, SALT);
    let mut lab = light();
    let peer = server(&mut lab, 1, &blocks);
    let mut forged = blocks[1].clone();
    forged.header = blocks[0].header;
    lab.say(0, peer, &Message::MerkleBlock(Box::new(MerkleBlock::new(&forged, |_| true))));
    let block = blocks[0].block_hash();
    let reason = DisconnectReason::BadProof { block, error: MerkleProofError::WrongRoot };
    assert!(lab.nodes[0].has_logged(&format!("{} is discouraged: {reason}", stranger(1))));
    assert_eq!(lab.nodes[0].ended, [reason]);
}

#[test]
fn a_proof_that_nobody_asked_for_is_passed_over() {
    let blocks = branch(1, SALT);
    let mut lab = light();
    let peer = server(&mut lab, 1, &[]);
    show(&mut lab, peer, &blocks[0], true);
    assert!(lab.is_up(0, peer));
    assert_eq!((lab.nodes[0].height(), lab.nodes[0].peer().tolerated.unwanted_blocks), (0, 1));
}

#[test]
fn a_transaction_that_is_kept_back_is_found_by_a_second_peer_who_is_told_of_the_first() {
    let blocks = branch(1, SALT);
    let mut lab = light();
    let liar = server(&mut lab, 1, &blocks);
    assert_eq!(asked(&mut lab, liar), [blocks[0].block_hash()]);
    show(&mut lab, liar, &blocks[0], false);
    assert_eq!(lab.nodes[0].height(), 1, "nothing shows that it lies");
    let honest = server(&mut lab, 2, &blocks);
    assert_eq!(asked(&mut lab, honest), [blocks[0].block_hash()]);
    show(&mut lab, honest, &blocks[0], true);
    let reason = DisconnectReason::KeptBack { block: blocks[0].block_hash(), txid: coinbase(&blocks[0]) };
    assert_eq!(lab.nodes[0].ended, [reason]);
    assert!(!lab.is_up(0, liar) && lab.is_up(0, honest));
    assert_eq!(lab.nodes[0].kept_back, [blocks[0].block_hash()]);
}

#[test]
fn a_second_peer_that_keeps_back_what_the_first_has_shown_is_discouraged() {
    let blocks = branch(1, SALT);
    let mut lab = light();
    let honest = server(&mut lab, 1, &blocks);
    show(&mut lab, honest, &blocks[0], true);
    let liar = server(&mut lab, 2, &blocks);
    show(&mut lab, liar, &blocks[0], false);
    assert!(lab.is_up(0, honest) && !lab.is_up(0, liar));
    assert_eq!(lab.nodes[0].height(), 1);
    assert!(lab.nodes[0].kept_back.is_empty());
}

#[test]
fn a_second_peer_that_does_not_answer_is_replaced_by_a_third() {
    let blocks = branch(1, SALT);
    let mut lab = light();
    let first = server(&mut lab, 1, &blocks);
    show(&mut lab, first, &blocks[0], true);
    let second = server(&mut lab, 2, &blocks);
    assert_eq!(asked(&mut lab, second).len(), 1);
    let third = server(&mut lab, 3, &blocks);
    assert_eq!(asked(&mut lab, third).len(), 0);
    lab.advance(Span::from_secs(31));
    lab.say(0, third, &Message::Ping(1));
    assert_eq!(asked(&mut lab, third).len(), 1);
}

#[test]
fn what_was_asked_for_with_an_older_filter_is_asked_for_again() {
    let blocks = branch(1, SALT);
    let mut lab = light();
    let peer = server(&mut lab, 1, &blocks);
    assert_eq!(asked(&mut lab, peer).len(), 1);
    let watched = [b"older".to_vec(), b"newer".to_vec()].into_iter().collect();
    lab.nodes[0].network.watch(watched, Vec::new());
    lab.run();
    show(&mut lab, peer, &blocks[0], true);
    assert_eq!(lab.nodes[0].height(), 0);
    let heard = lab.heard(0, peer);
    let adds = heard.iter().filter(|message| matches!(message, Message::FilterAdd(_))).count();
    assert!(adds == 2 && matches!(heard.last(), Some(Message::GetData(_))), "{heard:?}");
    show(&mut lab, peer, &blocks[0], true);
    assert_eq!(lab.nodes[0].height(), 1);
}

#[test]
fn a_light_node_follows_a_branch_of_more_work() {
    let (short, long) = (branch(2, SALT), branch(3, 77));
    let mut lab = light();
    let peer = server(&mut lab, 1, &short);
    short.iter().for_each(|block| show(&mut lab, peer, block, true));
    assert_eq!(lab.nodes[0].chain.tip(), short[1].block_hash());
    lab.say(0, peer, &headers(&long));
    long.iter().for_each(|block| show(&mut lab, peer, block, false));
    assert_eq!(lab.nodes[0].chain.tip(), long[2].block_hash());
    let looked_through = |block: &Block| lab.nodes[0].chain.has_body(&block.block_hash());
    assert!(!short.iter().any(looked_through), "should it come back it is looked through again");
}
