//! The order of mining.

use super::super::MempoolEntry;
use super::super::testing::Lab;
use crate::primitives::{OutPoint, Txid};

fn lab() -> Lab {
    let mut lab = Lab::classroom();
    lab.mine_blocks(8);
    lab
}

fn order(lab: &Lab) -> Vec<Txid> {
    lab.pool.iter_mining_order().map(MempoolEntry::txid).collect()
}

#[test]
fn higher_fee_rates_come_first_and_equal_ones_by_arrival() {
    let mut lab = lab();
    let coins = lab.coins();
    let all: Vec<_> = [0, 500, 0, 900, 500, 0]
        .into_iter()
        .zip(&coins)
        .map(|(fee, coin)| {
            let tx = lab.spend(*coin, fee);
            lab.accept(&tx).expect("valid").txid
        })
        .collect();
    let size = lab.pool.get(&all[1]).expect("there").vsize();
    let same = lab.pool.get(&all[4]).expect("there").vsize() == size;
    let middle = if same { [all[1], all[4]] } else { [order(&lab)[1], order(&lab)[2]] };
    assert_eq!(order(&lab), [all[3], middle[0], middle[1], all[0], all[2], all[5]]);
}

#[test]
fn a_child_pays_for_its_parent_and_never_comes_before_it() {
    let mut lab = lab();
    let coins = lab.coins();
    let parent = lab.split(&coins[..1], 2, 0);
    lab.accept(&parent).expect("valid");
    let middling = lab.spend(coins[1], 300);
    lab.accept(&middling).expect("valid");
    let poor = lab.spend(OutPoint::new(parent.txid(), 1), 10);
    lab.accept(&poor).expect("valid");
    let rich = lab.spend(OutPoint::new(parent.txid(), 0), 5_000);
    lab.accept(&rich).expect("valid");
    assert_eq!(order(&lab), [parent.txid(), rich.txid(), middling.txid(), poor.txid()]);
}

#[test]
fn a_rich_parent_is_taken_without_its_poor_child() {
    let mut lab = lab();
    let coins = lab.coins();
    let rich = lab.spend(coins[0], 5_000);
    lab.accept(&rich).expect("valid");
    let poor = lab.spend(OutPoint::new(rich.txid(), 0), 1);
    lab.accept(&poor).expect("valid");
    let middling = lab.spend(coins[1], 300);
    lab.accept(&middling).expect("valid");
    assert_eq!(order(&lab), [rich.txid(), middling.txid(), poor.txid()]);
}

#[test]
fn a_package_that_was_passed_over_is_not_offered_again() {
    let mut lab = lab();
    let coins = lab.coins();
    let parent = lab.spend(coins[0], 1_000);
    lab.accept(&parent).expect("valid");
    let child = lab.spend(OutPoint::new(parent.txid(), 0), 9_000);
    lab.accept(&child).expect("valid");
    let other = lab.spend(coins[1], 10);
    lab.accept(&other).expect("valid");
    let mut packages = lab.pool.packages();
    let offered: Vec<Vec<Txid>> =
        std::iter::from_fn(|| packages.offer().map(|p| p.entries.iter().map(|entry| entry.txid()).collect()))
            .collect();
    assert_eq!(offered, [vec![parent.txid(), child.txid()], vec![parent.txid()], vec![other.txid()]]);
}

#[test]
fn once_its_parent_is_taken_a_child_is_worth_its_own_fee() {
    let mut lab = lab();
    let coins = lab.coins();
    let parent = lab.split(&coins[..1], 2, 0);
    lab.accept(&parent).expect("valid");
    let middling = lab.spend(coins[1], 300);
    lab.accept(&middling).expect("valid");
    let decent = lab.spend(OutPoint::new(parent.txid(), 1), 400);
    lab.accept(&decent).expect("valid");
    assert_eq!(order(&lab), [middling.txid(), parent.txid(), decent.txid()]);
    let rich = lab.spend(OutPoint::new(parent.txid(), 0), 5_000);
    lab.accept(&rich).expect("valid");
    assert_eq!(order(&lab), [parent.txid(), rich.txid(), decent.txid(), middling.txid()]);
}
