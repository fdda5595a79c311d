//! Announcements of transactions over time, and who may have what: Core's `p2p_leak_tx.py` and `p2p_tx_download.py`.

use super::lab::{Lab, address, stranger, transaction};
use crate::chain::Keeps;
use crate::consensus::Preset;
use crate::interface::{PeerId, SyncMode};
use crate::net::limits::INVENTORY_BROADCAST_TARGET;
use crate::net::message::{Inventory, Message};
use crate::net::rebroadcast::Rebroadcast;
use crate::net::{Network, TransactionVerdict};
use crate::primitives::{Transaction, Txid};
use crate::time::{Mono, Span};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use std::sync::Arc;

/// A node that spreads its announcements as Core does.
fn lab() -> Lab {
    let mut lab = Lab::new(1);
    lab.nodes[0].network = Network::new(address(0), &Preset::Regtest.params(), Keeps::Blocks, [1; 32]);
    lab.start(0, SyncMode::Headers, &[]);
    lab
}

fn newcomer(lab: &mut Lab, number: u16) -> PeerId {
    let peer = lab.greeted(0, stranger(number), 0);
    lab.say(0, peer, &Message::Headers(Vec::new()));
    lab.heard(0, peer);
    peer
}

/// The announcements that a peer has heard, each a list.
fn announced(lab: &mut Lab, peer: PeerId) -> Vec<Vec<Txid>> {
    let heard = lab.heard(0, peer).into_iter();
    let lists = heard.filter_map(|message| match message {
        Message::Inv(items) => Some(items.iter().filter_map(Inventory::tx).collect()),
        _ => None,
    });
    lists.collect()
}

fn pay(lab: &mut Lab, count: u32) -> Vec<Txid> {
    let payments: Vec<Arc<Transaction>> = (0..count).map(transaction).collect();
    payments.iter().for_each(|payment| lab.pay(0, payment));
    payments.iter().map(|payment| payment.txid()).collect()
}

#[test]
fn announcements_wait_for_a_moment_that_is_the_same_for_all_who_connected_to_us() {
    let mut lab = lab();
    let (first, second) = (newcomer(&mut lab, 1), newcomer(&mut lab, 2));
    let payments = pay(&mut lab, 1);
    assert_eq!((announced(&mut lab, first), announced(&mut lab, second)), (vec![], vec![]));
    let mut waited = Span(0);
    let heard = loop {
        lab.advance(Span::from_millis(100));
        waited = Span(waited.0 + 100_000);
        let heard = (announced(&mut lab, first), announced(&mut lab, second));
        if heard != (vec![], vec![]) {
            break heard;
        }
    };
    assert_eq!(heard, (vec![payments.clone()], vec![payments]));
    assert!(waited < Span::from_secs(60), "five seconds on average");
}

#[test]
fn a_flood_of_transactions_is_announced_in_parts_in_order_and_none_is_lost() {
    let mut lab = lab();
    let peer = newcomer(&mut lab, 1);
    let payments = pay(&mut lab, 600);
    lab.advance(Span::from_secs(200));
    let lists = announced(&mut lab, peer);
    assert!(lists.len() >= 600 / INVENTORY_BROADCAST_TARGET && lists.len() < 20, "{}", lists.len());
    assert!(lists.iter().all(|list| list.len() <= INVENTORY_BROADCAST_TARGET));
    assert_eq!(lists.concat(), payments, "parents before their children");
}

#[test]
fn a_transaction_is_not_given_to_whom_it_was_not_announced() {
    let mut lab = lab();
    let peer = newcomer(&mut lab, 1);
    let payment = pay(&mut lab, 1)[0];
    let request = Message::GetData(vec![Inventory::WitnessTx(payment)]);
    lab.say(0, peer, &request);
    assert_eq!(lab.heard(0, peer), [Message::NotFound(vec![Inventory::WitnessTx(payment)])]);
    lab.advance(Span::from_secs(60));
    assert_eq!(announced(&mut lab, peer), [[payment]]);
    lab.say(0, peer, &request);
    assert_eq!(lab.heard(0, peer), [Message::Tx(transaction(0))]);
}

#[test]
fn what_left_the_mempool_is_not_announced() {
    let mut lab = lab();
    let peer = newcomer(&mut lab, 1);
    let payments = pay(&mut lab, 3);
    lab.nodes[0].network.forget_transaction(&payments[1]);
    lab.advance(Span::from_secs(60));
    assert_eq!(announced(&mut lab, peer), [[payments[0], payments[2]]]);
    let last = pay(&mut lab, 5)[4];
    lab.nodes[0].network.forget_transaction(&last);
    lab.advance(Span::from_secs(60));
    assert!(!announced(&mut lab, peer).concat().contains(&last));
}

#[test]
fn what_a_peer_announced_itself_is_not_announced_to_it() {
    let mut lab = lab();
    let (teller, other) = (newcomer(&mut lab, 1), newcomer(&mut lab, 2));
    let payment = pay(&mut lab, 1)[0];
    lab.say(0, teller, &Message::Inv(vec![Inventory::Tx(payment)]));
    lab.advance(Span::from_secs(60));
    assert_eq!(announced(&mut lab, teller), [[]; 0] as [[Txid; 0]; 0]);
    assert_eq!(announced(&mut lab, other), [[payment]]);
}

#[test]
fn mempool_is_answered_in_parts_too() {
    let mut lab = lab();
    let payments = pay(&mut lab, 100);
    let peer = newcomer(&mut lab, 1);
    lab.say(0, peer, &Message::Mempool);
    lab.advance(Span::from_secs(120));
    let mut heard = announced(&mut lab, peer).concat();
    heard.sort_unstable();
    let mut expected = payments;
    expected.sort_unstable();
    assert_eq!(heard, expected, "each once");
}

#[test]
fn own_payments_are_announced_again_between_one_and_three_times_the_interval() {
    let mut rng = ChaCha20Rng::from_seed([3; 32]);
    let hour = Span::from_secs(3_600);
    let mut again = Rebroadcast::new(hour);
    assert!(!again.is_due(Mono(0), &mut rng), "what has just been announced need not be again");
    for _ in 0..100 {
        let now = Mono(0);
        let due = again.next_wakeup().expect("something waits");
        assert!(due >= now + hour && due <= now + Span(3 * hour.0));
        assert!(!again.is_due(Mono(due.0 - 1), &mut rng) && again.is_due(due, &mut rng));
        again.rest();
        assert_eq!(again.next_wakeup(), None);
        again.is_due(now, &mut rng);
    }
}

#[test]
fn a_transaction_that_was_known_does_not_protect_its_sender_from_eviction() {
    let mut lab = lab();
    let peer = newcomer(&mut lab, 1);
    let last = |lab: &Lab| lab.nodes[0].network.peers.get(peer).and_then(|peer| peer.last_transaction);
    let network = &mut lab.nodes[0].network;
    network.transaction_processed(peer, &transaction(1), TransactionVerdict::Known);
    assert_eq!(last(&lab), None);
    lab.nodes[0].network.transaction_processed(peer, &transaction(2), TransactionVerdict::Accepted);
    assert!(last(&lab).is_some());
}
