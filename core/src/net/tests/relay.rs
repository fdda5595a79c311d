//! Blocks and transactions on their way through the network.

use super::lab::{Lab, REFUSED_VERSION, branch, just_under, stranger, transaction};
use crate::interface::SyncMode;
use crate::net::ServeRequest;
use crate::net::limits::{GETDATA_TX_INTERVAL, MAX_BLOCKS_TO_ANNOUNCE, MAX_PEER_TX_REQUEST_IN_FLIGHT};
use crate::net::message::{Inventory, Message, Services};
use crate::net::outbox::Outbox;
use crate::net::tx_request::TxRequest;
use crate::primitives::{Amount, Transaction, Txid};
use crate::time::Span;
use std::sync::Arc;

#[test]
fn a_received_block_is_relayed() {
    for sync in [SyncMode::Headers, SyncMode::Blocks] {
        let mut lab = Lab::new(4);
        // A line: 0 - 1 - 2 - 3.
        for node in 0..4 {
            let before: Vec<_> = (node > 0).then(|| super::lab::address(node - 1)).into_iter().collect();
            let nobody = [super::lab::address(node)];
            let connect = if before.is_empty() { &nobody[..] } else { &before[..] };
            lab.start(node, sync, connect);
        }
        lab.run();
        lab.mine(0, 1);
        lab.mine(3, 1);
        assert!(lab.nodes.iter().all(|node| node.height() == 2), "{sync:?}");
        assert_eq!(lab.nodes[2].blocks_received, 2, "each block once, from one peer");
    }
}

#[test]
fn a_received_transaction_is_relayed_and_comes_once() {
    let mut lab = Lab::started(5, SyncMode::Headers);
    let payment = transaction(1);
    lab.pay(4, &payment);
    for node in &lab.nodes {
        assert!(node.pool.contains_key(&payment.txid()));
        let copies: u64 = node
            .peers()
            .iter()
            .filter_map(|peer| peer.received.by_command.get("tx"))
            .map(|count| count.messages)
            .sum();
        assert!(copies <= 1);
    }
}

#[test]
fn blocks_are_announced_by_headers_to_those_who_asked_and_by_inv_to_others() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let (modern, old) = (lab.greeted(0, stranger(1), 0), lab.greeted(0, stranger(2), 0));
    lab.say(0, modern, &Message::SendHeaders);
    // Both have the genesis block.
    for peer in [modern, old] {
        let genesis = lab.nodes[0].chain.tip_entry().header;
        lab.say(0, peer, &Message::Headers(vec![genesis]));
        lab.heard(0, peer);
    }
    lab.mine(0, 1);
    let header = lab.nodes[0].chain.tip_entry().header;
    assert_eq!(lab.heard(0, modern), [Message::Headers(vec![header])]);
    assert_eq!(lab.heard(0, old), [Message::Inv(vec![Inventory::Block(header.block_hash())])]);
}

#[test]
fn eight_new_blocks_go_as_headers_and_nine_as_the_tip_alone() {
    for (length, as_headers) in
        [(MAX_BLOCKS_TO_ANNOUNCE as u32, true), (MAX_BLOCKS_TO_ANNOUNCE as u32 + 1, false)]
    {
        let mut lab = Lab::new(1);
        lab.mine(0, 1);
        lab.start(0, SyncMode::Headers, &[]);
        let peer = lab.greeted(0, stranger(1), 0);
        lab.say(0, peer, &Message::SendHeaders);
        let genesis = super::lab::branch(1, 0)[0].header.prev_blockhash;
        assert_eq!(genesis, lab.nodes[0].chain.genesis_hash());
        let known = crate::consensus::Preset::Regtest.genesis().header;
        lab.say(0, peer, &Message::Headers(vec![known]));
        lab.heard(0, peer);
        // A reorganisation brings them all at once.
        let blocks = branch(length, 77);
        lab.give_at_once(0, &blocks);
        let heard = lab.heard(0, peer);
        match heard.last() {
            Some(Message::Headers(headers)) => assert!(as_headers && headers.len() == length as usize),
            Some(Message::Inv(items)) => assert!(!as_headers && items.len() == 1),
            other => panic!("an announcement: {other:?}"),
        }
    }
}

#[test]
fn an_unknown_id_gets_notfound() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    lab.heard(0, peer);
    let unknown = vec![
        Inventory::WitnessBlock(crate::primitives::BlockHash::from_bytes([1; 32])),
        Inventory::Tx(Txid::from_bytes([2; 32])),
        Inventory::Other { kind: 77, hash: [3; 32] },
    ];
    let mut request = unknown.clone();
    request.insert(1, Inventory::Block(lab.nodes[0].chain.genesis_hash()));
    lab.say(0, peer, &Message::GetData(request));
    let heard = lab.heard(0, peer);
    let [Message::Block(_), Message::NotFound(missing)] = heard.as_slice() else { panic!("{heard:?}") };
    assert!(missing.len() == 3 && unknown.iter().all(|item| missing.contains(item)));
}

#[test]
fn a_transaction_is_asked_of_one_peer_and_then_of_the_next() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peers: Vec<_> = (1..=4).map(|number| lab.greeted(0, stranger(number), 0)).collect();
    let payment = transaction(1);
    for peer in &peers {
        lab.say(0, *peer, &Message::Headers(Vec::new()));
        lab.say(0, *peer, &Message::Inv(vec![Inventory::Tx(payment.txid())]));
    }
    let request = Message::GetData(vec![Inventory::WitnessTx(payment.txid())]);
    let asked = |lab: &mut Lab| {
        let mut who = Vec::new();
        for (number, peer) in peers.iter().enumerate() {
            if lab.heard(0, *peer).contains(&request) {
                who.push(number);
            }
        }
        who
    };
    assert_eq!(asked(&mut lab), [0], "the first who announced it");
    lab.say(0, peers[0], &Message::NotFound(vec![Inventory::WitnessTx(payment.txid())]));
    assert_eq!(asked(&mut lab), [1], "who does not have it is passed over");
    lab.advance(just_under(GETDATA_TX_INTERVAL));
    assert!(asked(&mut lab).is_empty());
    lab.advance(Span::from_millis(1));
    assert_eq!(asked(&mut lab), [2], "who is slow as well");
    lab.hang_up(0, peers[2]);
    assert_eq!(asked(&mut lab), [3], "and who leaves");
    lab.say(0, peers[3], &Message::Tx(payment.clone()));
    assert!(lab.nodes[0].pool.contains_key(&payment.txid()));
    lab.say(0, peers[1], &Message::Tx(payment));
    assert!(asked(&mut lab).is_empty());
}

#[test]
fn at_most_a_hundred_transactions_are_in_flight_from_a_peer() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    lab.heard(0, peer);
    let payments: Vec<_> = (0..150).map(transaction).collect();
    let list = payments.iter().map(|payment| Inventory::Tx(payment.txid())).collect();
    lab.say(0, peer, &Message::Inv(list));
    assert_eq!(lab.asked_transactions(0, peer), MAX_PEER_TX_REQUEST_IN_FLIGHT);
    for payment in &payments[..10] {
        lab.say(0, peer, &Message::Tx(payment.clone()));
    }
    assert_eq!(lab.asked_transactions(0, peer), 10, "as they arrive others are asked for");
}

#[test]
fn an_invalid_transaction_is_counted_and_not_asked_for_before_the_next_block() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    let bad = Arc::new(Transaction { version: REFUSED_VERSION, ..(*transaction(1)).clone() });
    lab.say(0, peer, &Message::Tx(bad.clone()));
    assert_eq!(lab.nodes[0].peer().tolerated.invalid_transactions, 1);
    lab.heard(0, peer);
    lab.say(0, peer, &Message::Inv(vec![Inventory::Tx(bad.txid())]));
    assert_eq!(lab.asked_transactions(0, peer), 0);
    lab.mine(0, 1);
    lab.heard(0, peer);
    let other = lab.greeted(0, stranger(2), 0);
    lab.heard(0, other);
    lab.say(0, other, &Message::Inv(vec![Inventory::Tx(bad.txid())]));
    assert_eq!(lab.asked_transactions(0, other), 1);
    assert!(lab.is_up(0, peer), "tolerated");
}

#[test]
fn a_fee_filter_is_honoured_and_sent() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let (cheap, dear) = (lab.greeted(0, stranger(1), 0), lab.greeted(0, stranger(2), 0));
    let rate = lab.nodes[0].fee_rate;
    lab.say(0, cheap, &Message::FeeFilter(rate.to_sat()));
    lab.say(0, dear, &Message::FeeFilter(rate.to_sat() + 1));
    lab.say(0, dear, &Message::FeeFilter(-1));
    lab.heard(0, cheap);
    lab.heard(0, dear);
    let payment = transaction(1);
    lab.pay(0, &payment);
    assert_eq!(lab.heard(0, cheap), [Message::Inv(vec![Inventory::Tx(payment.txid())])]);
    assert_eq!(lab.heard(0, dear), []);
    lab.nodes[0].network.set_fee_filter(Amount::from_sat(77));
    lab.run();
    assert_eq!(lab.heard(0, cheap), [Message::FeeFilter(77)]);
    let late = lab.greeted(0, stranger(3), 0);
    assert!(lab.heard_all(0, late).contains(&Message::FeeFilter(77)));
}

#[test]
fn mempool_is_answered_with_what_waits() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    lab.pay(0, &transaction(1));
    lab.heard(0, peer);
    lab.say(0, peer, &Message::Mempool);
    assert_eq!(lab.heard(0, peer), [], "it has heard of that one");
    let silent = lab.nodes[0].fee_rate;
    let waiting = transaction(2);
    lab.nodes[0].pool.insert(waiting.txid(), waiting.clone());
    assert!(silent > Amount::ZERO);
    lab.say(0, peer, &Message::Mempool);
    assert_eq!(lab.heard(0, peer), [Message::Inv(vec![Inventory::Tx(waiting.txid())])]);
}

#[test]
fn payments_made_on_one_side_of_a_cut_cross_it_when_it_heals() {
    let mut lab = Lab::started(2, SyncMode::Headers);
    lab.cut(0, 1);
    let payment = transaction(1);
    lab.pay(0, &payment);
    assert!(!lab.nodes[1].pool.contains_key(&payment.txid()));
    lab.heal();
    lab.advance(Span::from_secs(1));
    assert!(lab.nodes[1].pool.contains_key(&payment.txid()));
}

#[test]
fn a_peer_without_witness_support_gets_and_is_asked_for_old_serialisations() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let mut payment = (*transaction(1)).clone();
    payment.inputs[0].witness = vec![vec![1, 2, 3]];
    let payment = Arc::new(payment);
    lab.pay(0, &payment);
    let peer = lab.raw(0, stranger(1));
    let Message::Version(mut old) = super::lab::version(stranger(1), 0) else { panic!("a version") };
    old.services = Services::NETWORK;
    lab.say(0, peer, &Message::Version(old));
    lab.say(0, peer, &Message::Verack);
    lab.heard(0, peer);
    lab.say(0, peer, &Message::GetData(vec![Inventory::Tx(payment.txid())]));
    let heard = lab.heard(0, peer);
    let [Message::Tx(stripped)] = heard.as_slice() else { panic!("{heard:?}") };
    assert!(!stripped.has_witness() && stripped.txid() == payment.txid());
    lab.say(0, peer, &Message::GetData(vec![Inventory::WitnessTx(payment.txid())]));
    assert_eq!(lab.heard(0, peer), [Message::Tx(payment)]);
    let wanted = transaction(2).txid();
    lab.say(0, peer, &Message::Inv(vec![Inventory::Tx(wanted)]));
    assert_eq!(lab.heard(0, peer), [Message::GetData(vec![Inventory::Tx(wanted)])]);
}

#[test]
fn a_peer_that_does_not_read_is_not_served_until_it_does() {
    let mut lab = Lab::new(1);
    lab.give(0, &branch(1, 0));
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    lab.heard(0, peer);
    lab.nodes[0].network.drained(peer, crate::net::limits::MAX_SEND_BUFFER + 1);
    lab.stuck = true;
    lab.say(0, peer, &Message::Ping(1));
    let genesis = lab.nodes[0].chain.genesis_hash();
    lab.say(0, peer, &Message::GetData(vec![Inventory::Block(genesis)]));
    assert_eq!(lab.heard(0, peer), []);
    lab.stuck = false;
    lab.nodes[0].network.drained(peer, 0);
    lab.run();
    let heard = lab.heard(0, peer);
    assert!(matches!(heard.as_slice(), [Message::Pong(1), Message::Block(_)]), "{heard:?}");
}

#[test]
fn late_answers_for_a_peer_that_is_gone_are_ignored() {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    let peer = lab.greeted(0, stranger(1), 0);
    lab.hang_up(0, peer);
    let [block] = branch(1, 0).try_into().expect("one block");
    let (block, now) = (Arc::new(block), lab.now);
    let super::lab::TestNode { network, chain, .. } = &mut lab.nodes[0];
    network.serve_block(peer, block.block_hash(), &block, chain);
    network.serve_transaction(peer, &transaction(1));
    network.serve_missing(peer, ServeRequest::Mempool);
    network.serve_mempool(peer, [(&*transaction(1), Amount::ZERO)]);
    network.block_processed(peer, block.block_hash(), Ok(()), chain, now);
    network.drained(peer, 5);
    network.bytes(peer, [1, 2, 3], now);
    network.closed(peer, "again", now);
    lab.run();
    assert!(lab.nodes[0].peers().is_empty());
}

#[test]
fn what_a_peer_announces_and_takes_back_leaves_nothing_behind() {
    let mut requests = TxRequest::new();
    let peer = crate::interface::PeerId(1);
    requests.peer_ready(peer, true);
    let full = MAX_PEER_TX_REQUEST_IN_FLIGHT as u32;
    for number in 0..full {
        requests.announced(peer, transaction(number).txid());
    }
    requests.request(crate::time::Mono(0), &mut Outbox::default());
    let more = transaction(full).txid();
    for _ in 0..10_000 {
        requests.announced(peer, more);
        requests.not_found(peer, more);
    }
    assert_eq!(requests.queued(peer), 0);
    requests.announced(peer, more);
    assert_eq!(requests.queued(peer), 1);
}
