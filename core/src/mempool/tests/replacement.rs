//! Replacement by fee, rule by rule as in Core's `feature_rbf.py`.

use super::super::testing::Lab;
use super::super::{FeeRate, MAX_REPLACEMENT_CANDIDATES, MempoolError, RemovalReason};
use super::assert_sound;
use crate::primitives::{Amount, OutPoint, Transaction, Txid};
use std::sync::Arc;

/// A classroom and some confirmed coins of equal worth.
fn lab(coins: usize) -> (Lab, Vec<OutPoint>) {
    let mut lab = Lab::classroom();
    lab.mine_blocks(2);
    let all = lab.coins();
    let tx = lab.split(&all, coins as i64, 0);
    lab.accept(&tx).expect("valid");
    lab.mine();
    let coins = (0..coins).map(|vout| OutPoint::new(tx.txid(), vout as u32)).collect();
    (lab, coins)
}

fn accept(lab: &mut Lab, make: impl FnOnce(&Lab) -> Arc<Transaction>) -> Arc<Transaction> {
    let tx = make(lab);
    lab.accept(&tx).expect("valid");
    tx
}

/// What left the pool for others' sake.
fn left(lab: &mut Lab) -> Vec<(Txid, RemovalReason)> {
    lab.pool.take_left().into_iter().map(|removed| (removed.txid, removed.reason)).collect()
}

#[test]
fn one_that_pays_more_takes_the_place_of_those_that_spend_its_coins_and_of_what_depends_on_them() {
    let (mut lab, coins) = lab(3);
    let first = accept(&mut lab, |lab| lab.spend(coins[0], 1_000));
    let child = accept(&mut lab, |lab| lab.spend(OutPoint::new(first.txid(), 0), 500));
    let second = accept(&mut lab, |lab| lab.spend(coins[1], 100));
    let other = accept(&mut lab, |lab| lab.spend(coins[2], 0));
    let rival = accept(&mut lab, |lab| lab.split(&coins[..2], 1, 10_000));
    let gone = RemovalReason::Replaced { by: rival.txid() };
    let mut expected = [first, child, second].map(|tx| (tx.txid(), gone.clone())).to_vec();
    let mut found = left(&mut lab);
    expected.sort_by_key(|(txid, _)| *txid);
    found.sort_by_key(|(txid, _)| *txid);
    assert_eq!(found, expected);
    assert!(lab.pool.contains(&rival.txid()) && lab.pool.contains(&other.txid()) && lab.pool.len() == 2);
    assert_sound(&lab.pool, &lab.chain);
    assert_eq!(lab.mine().transactions.len(), 3);
}

#[test]
fn a_replacement_pays_more_than_all_that_it_replaces() {
    let (mut lab, coins) = lab(1);
    let first = accept(&mut lab, |lab| lab.spend(coins[0], 1_000));
    accept(&mut lab, |lab| lab.spend(OutPoint::new(first.txid(), 0), 2_000));
    let refused = Err(MempoolError::Conflict { outpoint: coins[0], with: first.txid() });
    assert_eq!(lab.accept(&lab.clone().spend(coins[0], 3_000)), refused);
    assert_eq!(left(&mut lab), []);
}

#[test]
fn a_replacement_pays_for_its_own_relay() {
    let (mut lab, coins) = lab(1);
    accept(&mut lab, |lab| lab.spend(coins[0], 1_000));
    let size = lab.spend(coins[0], 2_000).vsize();
    let relay = FeeRate::per_kvb(lab.pool.policy().incremental_relay_fee).fee(size).to_sat();
    let cheap = lab.spend(coins[0], 1_000 + relay - 1);
    let required = Amount::from_sat(1_000 + relay);
    let refused = MempoolError::InsufficientFee { fee: Amount::from_sat(1_000 + relay - 1), required };
    assert_eq!(lab.accept(&cheap), Err(refused.clone()));
    assert_eq!(refused.reject_reason(), "insufficient fee");
    accept(&mut lab, |lab| lab.spend(coins[0], 1_000 + relay));
}

#[test]
fn a_replacement_pays_at_a_higher_rate_than_each_that_it_replaces() {
    let (mut lab, coins) = lab(2);
    accept(&mut lab, |lab| lab.spend(coins[0], 5_000));
    // More in all, but spread over ten outputs.
    let large = lab.split(&coins[..1], 10, 6_000);
    assert!(matches!(lab.accept(&large), Err(MempoolError::InsufficientFeeRate { .. })));
    assert_sound(&lab.pool, &lab.chain);
}

#[test]
fn a_replacement_waits_for_nothing_that_its_rivals_did_not_wait_for() {
    let (mut lab, coins) = lab(2);
    let waiting = accept(&mut lab, |lab| lab.spend(coins[1], 100));
    accept(&mut lab, |lab| lab.spend(coins[0], 100));
    let rival = lab.split(&[coins[0], OutPoint::new(waiting.txid(), 0)], 1, 50_000);
    let refused = Err(MempoolError::ReplacementAddsUnconfirmed(waiting.txid()));
    assert_eq!(lab.accept(&rival), refused);
    // What its rival waited for too is nothing new.
    let first = accept(&mut lab, |lab| lab.spend(OutPoint::new(waiting.txid(), 0), 100));
    let second = accept(&mut lab, |lab| lab.spend(OutPoint::new(waiting.txid(), 0), 10_000));
    assert!(!lab.pool.contains(&first.txid()) && lab.pool.contains(&second.txid()));
    assert_sound(&lab.pool, &lab.chain);
}

#[test]
fn a_replacement_does_not_depend_on_what_it_replaces() {
    let (mut lab, coins) = lab(2);
    let first = accept(&mut lab, |lab| lab.spend(coins[0], 100));
    let child = accept(&mut lab, |lab| lab.spend(OutPoint::new(first.txid(), 0), 100));
    let rival = lab.split(&[coins[0], OutPoint::new(child.txid(), 0)], 1, 50_000);
    let error = lab.accept(&rival).expect_err("it depends on what it spends again");
    assert_eq!(error.reject_reason(), "bad-txns-spends-conflicting-tx");
}

#[test]
fn at_most_a_hundred_transactions_are_replaced_at_once() {
    // Each rival has 24 children: four of them are a hundred, five are more.
    let (mut lab, coins) = lab(5);
    for coin in &coins {
        let parent = accept(&mut lab, |lab| lab.split(&[*coin], 24, 0));
        for vout in 0..24 {
            accept(&mut lab, |lab| lab.spend(OutPoint::new(parent.txid(), vout), 0));
        }
    }
    let five = lab.split(&coins, 1, 1_000_000);
    assert_eq!(lab.accept(&five), Err(MempoolError::TooManyReplacements(125)));
    let four = lab.split(&coins[..4], 1, 1_000_000);
    accept(&mut lab, |_| four);
    assert_eq!(left(&mut lab).len(), MAX_REPLACEMENT_CANDIDATES);
    assert_sound(&lab.pool, &lab.chain);
}

#[test]
fn what_is_replaced_does_not_count_towards_the_descendants_of_its_parents() {
    let (mut lab, coins) = lab(1);
    let parent = accept(&mut lab, |lab| lab.split(&coins, 24, 0));
    for vout in 0..24 {
        accept(&mut lab, |lab| lab.spend(OutPoint::new(parent.txid(), vout), 10));
    }
    let rival = accept(&mut lab, |lab| lab.spend(OutPoint::new(parent.txid(), 3), 10_000));
    assert_eq!(lab.pool.get(&parent.txid()).map(|entry| entry.with_descendants().count), Some(25));
    assert!(lab.pool.contains(&rival.txid()));
}

#[test]
fn a_free_payment_is_replaced_by_one_that_pays_where_relay_is_free() {
    let (mut lab, coins) = lab(1);
    let first = accept(&mut lab, |lab| lab.spend(coins[0], 0));
    let second = accept(&mut lab, |lab| lab.spend(coins[0], 1_000));
    assert_eq!(left(&mut lab), [(first.txid(), RemovalReason::Replaced { by: second.txid() })]);
}
