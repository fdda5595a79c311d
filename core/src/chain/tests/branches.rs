//! Branches: which one is active, and what changing it does.

use super::*;
use crate::chain::BlockStatus;
use crate::consensus::{HeaderError, Retarget};
use crate::encode::serialize;

const COIN: i64 = crate::primitives::COIN;

fn hashes(blocks: &[Arc<Block>]) -> Vec<BlockHash> {
    blocks.iter().map(|block| block.block_hash()).collect()
}

#[test]
fn the_tip_is_the_most_work_not_the_most_height() {
    let retarget = Some(Retarget { interval: 4, min_difficulty_after: None });
    let mut lab = Lab::with_rules(ConsensusParams { retarget, ..easy_rules() });
    let genesis = lab.chain.tip();
    // Five slow blocks at the easiest target.
    let mut slow = genesis;
    for _ in 0..5 {
        let mut block = lab.template(slow, vec![], 0);
        block.header.time += 30;
        let parent = lab.chain.entry(&slow).expect("known").difficulty;
        block.header.bits = pow::next_work_required(&parent, UnixTime(block.header.time), &lab.consensus());
        solve(&mut block);
        slow = block.block_hash();
        lab.add(&Arc::new(block)).expect("valid");
    }
    assert_eq!((lab.height(), lab.chain.tip()), (5, slow));
    // Four quick ones, the last four times as hard.
    let quick = lab.branch(genesis, 4);
    lab.settle();
    assert_eq!((lab.height(), lab.chain.tip()), (4, quick[3].block_hash()));
    lab.assert_consistent();
}

#[test]
fn of_two_tips_with_the_same_work_the_first_seen_stays() {
    let mut lab = Lab::new();
    let genesis = lab.chain.tip();
    let first = lab.branch(genesis, 2);
    let second = lab.branch(genesis, 2);
    let effects = lab.settle();
    assert_eq!(lab.chain.tip(), first[1].block_hash());
    assert_eq!(effects.connected.len(), 2);
    let third = lab.branch(second[1].block_hash(), 1);
    let effects = lab.settle();
    assert_eq!(lab.chain.tip(), third[0].block_hash());
    let left: Vec<BlockHash> = effects.disconnected.iter().map(|left| left.hash).collect();
    assert_eq!(left, [first[1].block_hash(), first[0].block_hash()]);
    let connected: Vec<BlockHash> = effects.connected.iter().map(|connected| connected.hash).collect();
    assert_eq!(connected, hashes(&[&second[..], &third[..]].concat()));
    lab.assert_consistent();
}

#[test]
fn bodies_that_come_before_their_parents_wait_for_them() {
    let mut maker = Lab::new();
    let blocks = maker.branch(maker.chain.tip(), 3);
    let mut lab = Lab::new();
    for block in &blocks {
        assert!(lab.chain.accept_header(&block.header, NOW).is_ok());
    }
    assert!(lab.add(&blocks[2]).is_ok());
    assert!(lab.add(&blocks[1]).is_ok());
    assert_eq!(lab.height(), 0);
    assert_eq!(lab.missing_bodies(), [blocks[0].block_hash()]);
    assert!(lab.add(&blocks[0]).is_ok());
    assert_eq!(lab.height(), 3);
}

#[test]
fn a_reorganisation_gives_back_what_the_old_branch_spent() {
    let mut lab = Lab::new();
    let base = lab.mine(vec![]);
    let coin = reward(&base);
    let before = coins_of(&lab.chain);
    let payment = spend(&[coin], &[20 * COIN, 30 * COIN]);
    let child = spend(&[OutPoint::new(payment.txid(), 1)], &[30 * COIN]);
    lab.mine(vec![payment, child]);
    lab.mine(vec![]);
    let branch = lab.branch(base.block_hash(), 3);
    lab.settle();
    assert_eq!(lab.chain.tip(), branch[2].block_hash());
    assert!(lab.chain.coins().get(&coin).is_some(), "the coin is back");
    let kept: Vec<_> = coins_of(&lab.chain).into_iter().filter(|coin| before.contains(coin)).collect();
    assert_eq!(kept, before);
    lab.assert_consistent();
}

#[test]
fn a_branch_that_proves_invalid_fails_with_its_descendants_and_the_old_one_returns() {
    let mut lab = Lab::new();
    let base = lab.mine(vec![]);
    let old = [lab.mine(vec![]), lab.mine(vec![])];
    let coins = coins_of(&lab.chain);
    let good = lab.branch(base.block_hash(), 1);
    let bad = lab.block_on(good[0].block_hash(), vec![spend(&[reward(&base)], &[51 * COIN])]);
    assert_eq!(lab.chain.accept_block(Arc::clone(&bad), NOW), Ok(BlockOutcome::New));
    let above = lab.branch(bad.block_hash(), 2);
    let effects = lab.settle();
    let failed: Vec<BlockHash> = effects.failed.iter().map(|(hash, _)| *hash).collect();
    assert_eq!(failed, [bad.block_hash()]);
    assert!(effects.connected.is_empty() && effects.disconnected.is_empty(), "nobody saw a change");
    assert_eq!(lab.chain.tip(), old[1].block_hash());
    assert_eq!(coins_of(&lab.chain), coins);
    let status = |hash: BlockHash| lab.chain.entry(&hash).expect("known").status;
    assert_eq!(status(bad.block_hash()), BlockStatus::Invalid);
    assert_eq!(status(above[1].block_hash()), BlockStatus::InvalidAncestor);
    assert_eq!(lab.chain.best_header().hash, old[1].block_hash());
    let refused = BlockError::Header(HeaderError::KnownInvalid(bad.block_hash()));
    assert_eq!(lab.add(&bad).expect_err("known"), refused);
    lab.assert_consistent();
}

#[test]
fn nothing_builds_on_an_invalid_block() {
    let mut lab = Lab::new();
    let base = lab.mine(vec![]);
    let bad = lab.block_on(base.block_hash(), vec![spend(&[reward(&base)], &[51 * COIN])]);
    // A block on it, made while it is not known to be bad.
    assert!(lab.chain.accept_header(&bad.header, NOW).is_ok());
    let child = lab.block_on(bad.block_hash(), vec![]);
    assert!(lab.add(&bad).is_err());
    let refused = BlockError::Header(HeaderError::InvalidParent(bad.block_hash()));
    assert_eq!(lab.add(&child).expect_err("a child of an invalid block"), refused);
}

#[test]
fn a_deep_reorganisation_goes_in_steps_and_loads_what_it_needs() {
    let mut lab = Lab::new();
    let genesis = lab.chain.tip();
    lab.branch(genesis, 100);
    lab.settle();
    lab.commit();
    let (mut lab, repairs) = lab.reopen();
    assert_eq!(repairs, Vec::<String>::new());
    let branch = lab.branch(genesis, 101);
    lab.commit();
    let (mut steps, mut loads) = (0, 0);
    loop {
        match lab.chain.activate(&lab.verified).expect("fits") {
            ActivateStep::Done => break,
            ActivateStep::More(_) => {
                steps += 1;
                lab.assert_consistent();
            }
            ActivateStep::Verify(batches) => lab.helpers.hear(batches, &mut lab.chain),
            ActivateStep::NeedRecords(keys) => {
                loads += keys.len();
                for key in keys {
                    lab.supply(&key);
                }
            }
        }
    }
    assert!(steps >= 7, "201 moves of at most 32 a step, not {steps} steps");
    assert!(loads >= 2, "bodies and undo data of the old branch were in the store alone");
    assert_eq!(lab.chain.tip(), branch[100].block_hash());
    let effects = lab.chain.take_effects();
    assert_eq!((effects.disconnected.len(), effects.connected.len()), (100, 101));
    lab.assert_consistent();
}

/// Bytes of bodies off the active chain.
fn side_bytes(lab: &mut Lab, branches: &[Vec<Arc<Block>>]) -> usize {
    let blocks = branches.iter().flatten().filter(|block| !lab.chain.is_active(&block.block_hash()));
    let kept = blocks.filter(|block| lab.chain.has_body(&block.block_hash()));
    kept.map(|block| serialize(&**block).len()).sum()
}

#[test]
fn bodies_of_side_branches_are_bounded_and_those_of_least_work_give_way() {
    let mut lab = Lab::new();
    let genesis = lab.chain.tip();
    let size = serialize(&*lab.block_on(genesis, vec![])).len();
    lab.chain.max_side_bodies = 20 * size;
    let main = lab.branch(genesis, 12);
    lab.settle();
    let mut branches = vec![main];
    for (at, count) in [(0, 6), (2, 8), (6, 5), (1, 2), (9, 2), (3, 7), (4, 7), (8, 3)] {
        let branch = lab.branch(branches[0][at].block_hash(), count);
        lab.settle();
        lab.commit();
        branches.push(branch);
        assert!(
            side_bytes(&mut lab, &branches) <= 22 * size,
            "a part of the bound may come before it is looked at"
        );
    }
    let (low, high) = (branches[4].clone(), branches[7].clone());
    assert!(low.iter().all(|block| !lab.chain.has_body(&block.block_hash())), "least work");
    assert!(high[..3].iter().all(|block| lab.chain.has_body(&block.block_hash())), "more work");
    // What was dropped comes again once its branch is the best.
    let above = lab.branch(low[1].block_hash(), 12);
    lab.settle();
    assert_eq!(lab.missing_bodies(), low.iter().map(|block| block.block_hash()).collect::<Vec<_>>());
    for block in &low {
        lab.add(block).expect("valid");
    }
    assert_eq!(lab.chain.tip(), above[11].block_hash());
    lab.assert_consistent();
    lab.commit();
    let (lab, repairs) = lab.reopen();
    assert_eq!((lab.chain.tip(), repairs), (above[11].block_hash(), vec![]));
}
