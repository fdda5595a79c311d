//! What a new tip does to the pool.

use super::super::testing::Lab;
use super::super::{Mempool, MempoolEntry, MempoolError, RemovalReason};
use super::{assert_sound, reorganise};
use crate::chain::{Disconnected, Effects};
use crate::consensus::TxError;
use crate::primitives::{OutPoint, Txid};
use std::sync::Arc;

fn lab() -> Lab {
    let mut lab = Lab::classroom();
    lab.mine_blocks(4);
    lab
}

/// The same chain with an empty pool: what somebody else mines.
fn elsewhere(lab: &Lab) -> Lab {
    Lab { pool: Mempool::new(*lab.pool.policy()), ..lab.clone() }
}

#[test]
fn a_confirmed_transaction_leaves_the_pool_and_its_children_stay() {
    let mut lab = lab();
    let parent = lab.spend(lab.coins()[0], 0);
    lab.accept(&parent).expect("valid");
    let mut other = lab.clone();
    let child = lab.spend(OutPoint::new(parent.txid(), 0), 0);
    lab.accept(&child).expect("valid");
    let block = other.mine();
    let (change, _) = lab.receive(&block);
    assert_eq!(change.removed.len(), 1);
    assert_eq!(change.removed[0].txid, parent.txid());
    assert_eq!(change.removed[0].reason, RemovalReason::Confirmed(block.block_hash()));
    assert_eq!(lab.pool.get(&child.txid()).map(|entry| entry.with_ancestors().count), Some(1));
    assert_sound(&lab.pool, &lab.chain);
}

#[test]
fn a_confirmed_double_spend_removes_the_waiting_one_with_its_descendants_by_name() {
    let mut lab = lab();
    let coin = lab.coins()[0];
    let mut other = elsewhere(&lab);
    let waiting = lab.split(&[coin], 2, 0);
    lab.accept(&waiting).expect("valid");
    let child = lab.spend(OutPoint::new(waiting.txid(), 1), 0);
    lab.accept(&child).expect("valid");
    let rival = other.spend(coin, 7);
    other.accept(&rival).expect("valid there");
    let (change, _) = lab.receive(&other.mine());
    let gone: Vec<Txid> = change.removed.iter().map(|removed| removed.txid).collect();
    assert_eq!(gone, [waiting.txid(), child.txid()]);
    let reason = RemovalReason::Conflict { with: rival.txid() };
    assert!(change.removed.iter().all(|removed| removed.reason == reason));
    assert!(lab.pool.is_empty());
}

#[test]
fn a_reorganisation_returns_transactions_to_the_pool_before_those_that_depend_on_them() {
    let mut lab = lab();
    let parent = lab.spend(lab.coins()[0], 0);
    lab.accept(&parent).expect("valid");
    lab.mine();
    let child = lab.spend(OutPoint::new(parent.txid(), 0), 0);
    lab.accept(&child).expect("valid");
    lab.mine();
    let grandchild = lab.spend(OutPoint::new(child.txid(), 0), 0);
    lab.accept(&grandchild).expect("valid");
    reorganise(&mut lab, 2);
    let order: Vec<Txid> = lab.pool.iter_mining_order().map(MempoolEntry::txid).collect();
    assert_eq!(order, [parent.txid(), child.txid(), grandchild.txid()]);
    assert_eq!(lab.pool.get(&parent.txid()).map(|entry| entry.with_descendants().count), Some(3));
    assert_sound(&lab.pool, &lab.chain);
    let block = lab.mine();
    assert_eq!(block.transactions.len(), 4);
}

#[test]
fn a_reorganisation_names_what_returned_and_removes_what_spent_a_coinbase_that_is_gone() {
    let mut lab = lab();
    let mut branch = elsewhere(&lab);
    let kept = lab.spend(lab.coins()[0], 0);
    lab.accept(&kept).expect("valid");
    let block = lab.mine();
    let coinbase = OutPoint::new(block.transactions[0].txid(), 0);
    let doomed = lab.spend(coinbase, 0);
    lab.accept(&doomed).expect("valid");
    let child = lab.spend(OutPoint::new(doomed.txid(), 0), 0);
    lab.accept(&child).expect("valid");

    // Else both branches would make the same coinbase.
    branch.extra_nonce += 100;
    let first = branch.mine();
    assert_eq!(lab.receive(&first).0, Default::default(), "not more work yet");
    let (change, effects) = lab.receive(&branch.mine());
    assert_eq!(effects.disconnected.len(), 1);
    assert_eq!(change.returned, [Arc::clone(&kept)]);
    let gone: Vec<Txid> = change.removed.iter().map(|removed| removed.txid).collect();
    assert_eq!(gone, [doomed.txid(), child.txid()]);
    let parents = vec![coinbase.txid];
    let reason = RemovalReason::Invalid(MempoolError::MissingInputs { parents });
    assert_eq!(change.removed[0].reason, reason);
    assert_sound(&lab.pool, &lab.chain);
}

#[test]
fn what_both_branches_confirm_does_not_return() {
    let mut lab = lab();
    let tx = lab.spend(lab.coins()[0], 0);
    lab.accept(&tx).expect("valid");
    let mut branch = lab.clone();
    lab.mine();
    branch.now.0 += 1;
    let (first, second) = (branch.mine(), branch.mine());
    lab.receive(&first);
    let (change, effects) = lab.receive(&second);
    assert_eq!((effects.disconnected.len(), effects.connected.len()), (1, 2));
    assert_eq!(change, Default::default());
    assert!(lab.pool.is_empty());
}

#[test]
fn a_coinbase_that_is_immature_again_takes_its_spender_out() {
    let mut lab = Lab::regtest();
    lab.mine_blocks(102);
    let coinbase = OutPoint::new(lab.block(3).transactions[0].txid(), 0);
    let tx = lab.spend(coinbase, 1_000);
    lab.accept(&tx).expect("mature");
    // On regtest more work means more height, so a chain that ends lower stands in for a branch of harder blocks.
    let mut lower = Lab::regtest();
    for height in 1..=101 {
        lower.receive(&lab.block(height));
    }
    let mut pool = lab.pool.clone();
    let block = lab.block(102);
    let left = Disconnected { hash: block.block_hash(), block: Some(block) };
    let effects = Effects { disconnected: vec![left], ..Default::default() };
    let change = pool.follow(&effects, &lower.chain, lab.now);
    let error = TxError::ImmatureCoinbase { outpoint: coinbase, depth: 99 };
    assert_eq!(change.removed.len(), 1);
    assert_eq!(change.removed[0].reason, RemovalReason::Invalid(error.into()));
    assert!(pool.is_empty());
}
