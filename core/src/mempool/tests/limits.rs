//! The bounds of the pool.

use super::super::testing::Lab;
use super::super::{FeeRate, MAX_ANCESTORS, MAX_DESCENDANTS, MempoolError, RemovalReason};
use super::assert_sound;
use crate::primitives::{OutPoint, Transaction, Txid};
use crate::time::UnixTime;
use std::sync::Arc;

/// A classroom with many small coins.
fn lab(coins: usize) -> Lab {
    let mut lab = Lab::classroom();
    lab.mine_blocks(2);
    let all = lab.coins();
    let tx = lab.split(&all, coins as i64, 0);
    lab.accept(&tx).expect("valid");
    lab.mine();
    lab
}

/// Transactions that each spend a coin of their own and pay these fees.
fn spends(lab: &Lab, fees: &[i64]) -> Vec<Arc<Transaction>> {
    let coins = lab.coins();
    fees.iter().zip(&coins).map(|(fee, coin)| lab.spend(*coin, *fee)).collect()
}

fn txids(transactions: &[Arc<Transaction>]) -> Vec<Txid> {
    transactions.iter().map(|tx| tx.txid()).collect()
}

#[test]
fn a_chain_of_unconfirmed_transactions_ends_at_the_ancestor_limit() {
    let mut lab = lab(1);
    let mut coin = lab.coins()[0];
    for _ in 0..MAX_ANCESTORS {
        let tx = lab.spend(coin, 0);
        lab.accept(&tx).expect("within the limit");
        coin = OutPoint::new(tx.txid(), 0);
    }
    let error = lab.accept(&lab.spend(coin, 0)).expect_err("one too many");
    assert_eq!(error.reject_reason(), "too-long-mempool-chain");
    lab.mine();
    assert!(lab.accept(&lab.spend(coin, 0)).is_ok());
}

#[test]
fn a_transaction_has_at_most_so_many_descendants() {
    let mut lab = lab(1);
    let parent = lab.split(&lab.coins(), MAX_DESCENDANTS as i64, 0);
    lab.accept(&parent).expect("valid");
    let children: Vec<_> =
        (0..MAX_DESCENDANTS).map(|vout| lab.spend(OutPoint::new(parent.txid(), vout as u32), 0)).collect();
    let (last, fitting) = children.split_last().expect("some");
    for child in fitting {
        lab.accept(child).expect("within the limit");
    }
    assert_eq!(lab.accept(last), Err(MempoolError::TooManyDescendants { ancestor: parent.txid() }));
    assert_sound(&lab.pool, &lab.chain);
}

#[test]
fn when_full_of_free_transactions_the_latest_goes_first_and_nothing_is_asked_of_others() {
    let mut lab = lab(6);
    let all = spends(&lab, &[0; 6]);
    for tx in &all[..4] {
        lab.accept(tx).expect("room");
    }
    lab.pool.policy.max_mempool_bytes = lab.pool.usage() + 10;
    for tx in &all[4..] {
        assert_eq!(lab.accept(tx), Err(MempoolError::Full));
    }
    assert_eq!(lab.pool.min_fee(lab.now), FeeRate::ZERO);
    assert!(all[..4].iter().all(|tx| lab.pool.contains(&tx.txid())));
    let paying = spends(&lab, &[5_000]).remove(0);
    lab.accept(&paying).expect("it pays");
    let evicted = lab.pool.take_left();
    assert_eq!(evicted.iter().map(|removed| removed.txid).collect::<Vec<_>>(), [all[3].txid()]);
    assert_eq!(evicted[0].reason, RemovalReason::Evicted);
    assert_sound(&lab.pool, &lab.chain);
}

#[test]
fn what_pays_least_is_evicted_with_its_descendants_and_raises_the_floor() {
    let mut lab = lab(6);
    let all = spends(&lab, &[3_000, 1_000, 2_000, 4_000]);
    for tx in &all {
        lab.accept(tx).expect("room");
    }
    let child = lab.spend(OutPoint::new(all[1].txid(), 0), 1_500);
    lab.accept(&child).expect("room");
    lab.pool.policy.max_mempool_bytes = lab.pool.usage() + 10;
    let paying = spends(&lab, &[9_000]).remove(0);
    lab.accept(&paying).expect("it pays");
    let evicted = lab.pool.take_left();
    assert_eq!(evicted.iter().map(|removed| removed.txid).collect::<Vec<_>>(), [all[1].txid(), child.txid()]);
    let size = (all[1].vsize() + child.vsize()) as u64;
    let floor = FeeRate::from_sat_per_kvb(2_500 * 1_000 / size + 100);
    assert!(lab.pool.min_fee(lab.now) >= floor, "{}", lab.pool.min_fee(lab.now));
    let cheap = spends(&lab, &[10]).remove(0);
    let error = lab.accept(&cheap).expect_err("below the floor");
    assert_eq!(error.reject_reason(), "mempool min fee not met");
    assert_sound(&lab.pool, &lab.chain);
}

#[test]
fn a_child_that_pays_keeps_its_parent_in_a_full_pool() {
    let mut lab = lab(4);
    let all = spends(&lab, &[0, 0]);
    for tx in &all {
        lab.accept(tx).expect("room");
    }
    let child = lab.spend(OutPoint::new(all[1].txid(), 0), 10_000);
    lab.accept(&child).expect("room");
    lab.pool.policy.max_mempool_bytes = lab.pool.usage() + 10;
    let paying = spends(&lab, &[5_000]).remove(0);
    lab.accept(&paying).expect("it pays");
    assert!(!lab.pool.contains(&all[0].txid()));
    assert!(lab.pool.contains(&all[1].txid()) && lab.pool.contains(&child.txid()));
}

#[test]
fn the_floor_sinks_by_half_lives_once_a_block_has_come() {
    let mut lab = lab(4);
    let all = spends(&lab, &[50_000, 60_000]);
    lab.accept(&all[0]).expect("room");
    lab.pool.policy.max_mempool_bytes = lab.pool.usage() + 10;
    lab.accept(&all[1]).expect("it pays more");
    let floor = lab.pool.min_fee(lab.now);
    assert!(floor > FeeRate::from_sat_per_kvb(100));
    let later = |lab: &Lab, hours: u32| UnixTime(lab.now.0 + hours * 3_600);
    assert_eq!(lab.pool.min_fee(later(&lab, 1_000)), floor, "no block has come");
    lab.mine();
    // Empty, it sinks by half every three hours.
    assert_eq!(lab.pool.min_fee(later(&lab, 2)), floor);
    let half = FeeRate::from_sat_per_kvb(floor.to_sat_per_kvb() / 2);
    assert_eq!(lab.pool.min_fee(later(&lab, 3)), half);
    assert_eq!(lab.pool.min_fee(later(&lab, 300)), FeeRate::ZERO);
}

#[test]
fn what_waited_too_long_expires_with_its_descendants() {
    let mut lab = lab(3);
    let all = spends(&lab, &[0, 0]);
    lab.accept(&all[0]).expect("room");
    let day = 24 * 60 * 60;
    lab.now.0 += day / 2;
    lab.accept(&all[1]).expect("room");
    let child = lab.spend(OutPoint::new(all[0].txid(), 0), 0);
    lab.accept(&child).expect("room");
    lab.now.0 += day / 2;
    assert_eq!(lab.pool.expire(lab.now), []);
    lab.now.0 += 1;
    let expired = lab.pool.expire(lab.now);
    assert!(expired.iter().all(|removed| removed.reason == RemovalReason::Expired));
    let gone: Vec<Txid> = expired.iter().map(|removed| removed.txid).collect();
    assert_eq!(gone, txids(&[Arc::clone(&all[0]), child]));
    assert_sound(&lab.pool, &lab.chain);
}
