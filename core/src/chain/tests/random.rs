//! Random trees of blocks, delivered in random order.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::chain::connect::{Place, connect_block, disconnect_block};
use crate::chain::{CoinsCache, Supply};
use crate::consensus::check::CheckedBlock;
use crate::primitives::Work;

/// How a block of a tree is made.
#[derive(Clone, Debug)]
struct Plan {
    /// Which of the blocks before it is its parent, counted back from the last.
    back: usize,
    /// Which coins of its branch it spends, each by a position among them.
    spends: Vec<usize>,
    /// Whether it breaks a rule that shows only when it is connected.
    bad: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    let back = prop_oneof![4 => Just(0_usize), 2 => 0..4_usize, 1 => 0..12_usize];
    let spends = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    (back, spends, prop::bool::weighted(0.06)).prop_map(|(back, spends, bad)| {
        let spends = spends.into_iter().map(|index| index.index(1 << 16)).collect();
        Plan { back, spends, bad }
    })
}

/// The blocks of a tree, parents first, each with the coins of its branch as this module reckons them.
struct Tree {
    blocks: Vec<Arc<Block>>,
    /// Work, validity and height of each block's branch.
    branches: Vec<Branch>,
}

#[derive(Clone)]
struct Branch {
    work: Work,
    valid: bool,
    coins: BTreeMap<OutPoint, i64>,
}

/// Makes the blocks of the plans, with a reckoning of coins that shares no code with the chain's.
fn grow(plans: &[Plan]) -> Tree {
    let mut lab = Lab::new();
    let genesis = lab.chain.network().genesis();
    let genesis_branch = Branch {
        work: lab.chain.tip_entry().chainwork,
        valid: true,
        coins: BTreeMap::from([(reward(&genesis), 50 * crate::primitives::COIN)]),
    };
    let mut tree = Tree { blocks: vec![Arc::new(genesis)], branches: vec![genesis_branch] };
    for plan in plans {
        let parent = tree.blocks.len() - 1 - plan.back.min(tree.blocks.len() - 1);
        let mut branch = tree.branches[parent].clone();
        let mut transactions = Vec::new();
        for position in &plan.spends {
            let coins: Vec<(OutPoint, i64)> = branch.coins.iter().map(|(at, value)| (*at, *value)).collect();
            let Some(&(outpoint, value)) = coins.get(position % coins.len().max(1)) else { continue };
            let tx = spend(&[outpoint], &[value / 3, value - value / 3]);
            branch.coins.remove(&outpoint);
            branch.coins.insert(OutPoint::new(tx.txid(), 0), value / 3);
            branch.coins.insert(OutPoint::new(tx.txid(), 1), value - value / 3);
            transactions.push(tx);
        }
        if plan.bad {
            transactions.push(spend(&[OutPoint::new(reward(&tree.blocks[0]).txid, 77)], &[1]));
            branch.valid = false;
        }
        let block = lab.block_on(tree.blocks[parent].block_hash(), transactions);
        lab.chain.accept_header(&block.header, NOW).expect("headers are valid");
        branch.work = lab.chain.entry(&block.block_hash()).expect("just added").chainwork;
        branch.coins.insert(reward(&block), 50 * crate::primitives::COIN);
        tree.blocks.push(block);
        tree.branches.push(branch);
    }
    tree
}

/// Gives the blocks in the order of `order`, headers first; checks the tip after each against `tree`.
fn deliver(tree: &Tree, order: &[usize], commit_every: usize) -> Result<Lab, TestCaseError> {
    let mut lab = Lab::new();
    for block in &tree.blocks[1..] {
        // Refused where it builds on a block that has proved invalid.
        lab.chain.accept_header(&block.header, NOW).expect("headers are valid");
    }
    for (n, index) in order.iter().enumerate() {
        let result = lab.add(&tree.blocks[*index]);
        prop_assert!(result.is_ok() || !tree.branches[*index].valid, "{result:?}");
        prop_assert!(lab.chain.supply_is_right());
        if n % commit_every == commit_every - 1 {
            lab.commit();
        }
    }
    Ok(lab)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_order_of_delivery_ends_at_the_most_work_with_the_coins_of_a_replay(
        plans in prop::collection::vec(plan(), 1..40),
        shuffle in prop::collection::vec(any::<u32>(), 40),
        commit_every in 1..7_usize,
    ) {
        let tree = grow(&plans);
        let mut order: Vec<usize> = (1..tree.blocks.len()).collect();
        order.sort_by_key(|index| shuffle[*index - 1]);
        let mut lab = deliver(&tree, &order, commit_every)?;
        let best = tree.branches.iter().filter(|branch| branch.valid).map(|branch| branch.work).max();
        prop_assert_eq!(Some(lab.chain.tip_entry().chainwork), best);
        let tip = lab.chain.tip();
        let index = tree.blocks.iter().position(|block| block.block_hash() == tip);
        let expected = &tree.branches[index.expect("a block of the tree")].coins;
        let coins: BTreeMap<OutPoint, i64> = lab
            .chain
            .coins()
            .iter()
            .map(|(outpoint, coin)| (*outpoint, coin.output.value.to_sat()))
            .collect();
        prop_assert_eq!(&coins, expected);
        // A fresh chain that is given the best branch alone has the same coins, heights included.
        let mut replay = Lab::new();
        for height in 1..=lab.height() {
            let hash = lab.chain.active_hash(Height(height)).expect("active");
            let block = lab.body(&hash).expect("here");
            replay.add(&block).expect("valid");
        }
        prop_assert_eq!(coins_of(&replay.chain), coins_of(&lab.chain));
        lab.commit();
        let coins = coins_of(&lab.chain);
        let (lab, repairs) = lab.reopen();
        prop_assert_eq!(repairs, Vec::<String>::new());
        prop_assert_eq!(lab.chain.tip(), tip);
        prop_assert_eq!(coins_of(&lab.chain), coins);
    }

    #[test]
    fn undo_inverts_connect(plans in prop::collection::vec(plan(), 1..12)) {
        let plans: Vec<Plan> = plans.into_iter().map(|plan| Plan { back: 0, bad: false, ..plan }).collect();
        let tree = grow(&plans);
        let consensus = easy_rules();
        let lab = Lab::new();
        let mut coins: CoinsCache = lab.chain.coins().clone();
        let mut states = Vec::new();
        for (block, height) in tree.blocks[1..].iter().zip(1..) {
            let block = CheckedBlock::from_store(Block::clone(block));
            let before: Vec<_> = coins.iter().map(|(at, coin)| (*at, coin.clone())).collect();
            let place = Place {
                height: Height(height),
                median_time_past: 0,
                median_time_before: &|_| 0,
                consensus: &consensus,
            };
            let connected = connect_block(&mut coins, &block, &place).expect("valid");
            states.push((block, connected.undo, before));
        }
        for (block, undo, before) in states.into_iter().rev() {
            let bytes = crate::encode::serialize(&undo);
            let decoded = crate::encode::deserialize(&bytes);
            prop_assert_eq!(decoded.as_ref(), Ok(&undo));
            prop_assert!(disconnect_block(&mut coins, &block, undo).is_ok());
            let after: Vec<_> = coins.iter().map(|(at, coin)| (*at, coin.clone())).collect();
            prop_assert_eq!(after, before);
        }
        let genesis = lab.chain.network().genesis();
        prop_assert_eq!(coins.total(), Supply::of_genesis(&genesis, true).expected_total());
    }
}
