//! The mempool's rules, proven on a real chain.

mod accept;
mod limits;
mod orders;
mod persist;
mod replacement;
mod tip;

use super::entry::Totals;
use super::testing::Lab;
use super::{MAX_ANCESTORS, MAX_DESCENDANTS, Mempool, MempoolEntry, MempoolError};
use crate::chain::{Chainstate, CoinLookup as _};
use crate::collections::BTreeSet;
use crate::primitives::{OutPoint, Txid};
use proptest::prelude::*;

/// What must hold whatever happened.
fn assert_sound(pool: &Mempool, chain: &Chainstate) {
    let mut spent = BTreeSet::new();
    let (mut usage, mut vsize) = (0, 0);
    for entry in pool.iter() {
        let tx = entry.transaction();
        for input in &tx.inputs {
            let outpoint = input.previous_output;
            assert!(spent.insert(outpoint), "nothing is spent twice");
            assert_eq!(pool.spender(&outpoint), Some(entry.txid()));
            let in_pool = pool.output(&outpoint).is_some();
            assert!(in_pool || chain.coins().coin(&outpoint).is_some(), "nothing is spent that is not there");
        }
        let parents: BTreeSet<Txid> = tx
            .inputs
            .iter()
            .map(|input| input.previous_output.txid)
            .filter(|txid| pool.contains(txid))
            .collect();
        assert_eq!(*entry.parents(), parents);
        let children: BTreeSet<Txid> = pool
            .iter()
            .filter(|other| other.parents().contains(&entry.txid()))
            .map(MempoolEntry::txid)
            .collect();
        assert_eq!(*entry.children(), children);
        assert_eq!(*entry.with_ancestors(), totals(pool, entry.txid(), &pool.ancestors(&entry.txid())));
        assert_eq!(*entry.with_descendants(), totals(pool, entry.txid(), &pool.descendants(&entry.txid())));
        assert!(entry.with_ancestors().count <= MAX_ANCESTORS);
        assert!(entry.with_descendants().count <= MAX_DESCENDANTS);
        usage += entry.usage();
        vsize += entry.vsize();
    }
    assert_eq!((pool.usage(), pool.vsize()), (usage, vsize));
    assert!(pool.usage() <= pool.policy().max_mempool_bytes);
    assert_eq!((pool.mining_order.len(), pool.eviction_order.len()), (pool.len(), pool.len()));
    let mut seen = BTreeSet::new();
    for entry in pool.iter_mining_order() {
        assert!(entry.parents().iter().all(|parent| seen.contains(parent)), "parents are mined first");
        assert!(seen.insert(entry.txid()), "and each once");
    }
    assert_eq!(seen.len(), pool.len());
}

fn totals(pool: &Mempool, txid: Txid, others: &BTreeSet<Txid>) -> Totals {
    let mut sum = Totals::default();
    for txid in others.iter().chain([&txid]) {
        let entry = pool.get(txid).expect("in the pool");
        let (fee, sigops_cost) = (entry.fee(), entry.sigops_cost());
        sum.add(&Totals { count: 1, vsize: entry.vsize(), fee, sigops_cost });
    }
    sum
}

/// What may happen to a pool. Numbers choose among what is there.
#[derive(Clone, Debug)]
enum Step {
    /// Spends some of all outputs, of the chain or of the pool, that nothing spends yet.
    Spend {
        first: usize,
        inputs: usize,
        outputs: i64,
        fee: i64,
    },
    /// Spends what the pool spends already.
    DoubleSpend {
        which: usize,
    },
    /// Spends it again and pays so much more.
    Replace {
        which: usize,
        more: i64,
    },
    Mine,
    /// A block without what waits, but with a rival of it.
    MineRival {
        which: usize,
    },
    /// Another branch, one longer, takes over from this deep.
    Reorganise {
        depth: usize,
    },
    Expire,
}

fn step() -> impl Strategy<Value = Step> {
    let spend = (any::<usize>(), 1..4_usize, 1..4_i64, 0..50_000_i64);
    prop_oneof![
        12 => spend.prop_map(|(first, inputs, outputs, fee)| Step::Spend { first, inputs, outputs, fee }),
        1 => any::<usize>().prop_map(|which| Step::DoubleSpend { which }),
        3 => (any::<usize>(), 1..5_000_i64).prop_map(|(which, more)| Step::Replace { which, more }),
        2 => Just(Step::Mine),
        1 => any::<usize>().prop_map(|which| Step::MineRival { which }),
        1 => (1..4_usize).prop_map(|depth| Step::Reorganise { depth }),
        1 => Just(Step::Expire),
    ]
}

fn unspent(lab: &Lab) -> Vec<OutPoint> {
    let waiting = lab.pool.iter().flat_map(|entry| {
        (0..entry.transaction().outputs.len()).map(|vout| OutPoint::new(entry.txid(), vout as u32))
    });
    lab.coins().into_iter().chain(waiting).filter(|outpoint| lab.pool.spender(outpoint).is_none()).collect()
}

fn perform(lab: &mut Lab, step: &Step) {
    match *step {
        Step::Spend { first, inputs, outputs, fee } => {
            let unspent = unspent(lab);
            let chosen: BTreeSet<OutPoint> =
                unspent.iter().cycle().skip(first % unspent.len().max(1)).take(inputs).copied().collect();
            let chosen: Vec<OutPoint> = chosen.into_iter().collect();
            let worth: i64 = chosen.iter().map(|outpoint| lab.output(outpoint).value.to_sat()).sum();
            if chosen.is_empty() || worth <= fee {
                return;
            }
            match lab.accept(&lab.split(&chosen, outputs, fee)) {
                Ok(_) | Err(MempoolError::Full | MempoolError::BelowMempoolFee { .. }) => {}
                Err(MempoolError::TooManyAncestors { .. } | MempoolError::TooManyDescendants { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        Step::DoubleSpend { which } => {
            let Some(entry) = lab.pool.iter().nth(which % lab.pool.len().max(1)) else { return };
            let outpoint = entry.transaction().inputs[0].previous_output;
            let (first, rival) = (entry.txid(), lab.spend(outpoint, 0));
            let error = MempoolError::Conflict { outpoint, with: first };
            assert_eq!(lab.accept(&rival), Err(error));
        }
        Step::Replace { which, more } => replace(lab, which, more),
        Step::Mine => {
            lab.mine();
        }
        Step::MineRival { which } => {
            let confirmed = lab.chain.coins().iter().map(|(outpoint, _)| *outpoint);
            let contested: Vec<OutPoint> =
                confirmed.filter(|outpoint| lab.pool.spender(outpoint).is_some()).collect();
            let mut branch = lab.clone();
            branch.pool = Mempool::new(lab.pool.policy().to_owned());
            if let Some(outpoint) = contested.get(which % contested.len().max(1)) {
                branch.accept(&lab.spend(*outpoint, 99)).expect("the branch has no rival");
            }
            lab.receive(&branch.mine());
        }
        Step::Reorganise { depth } => reorganise(lab, depth),
        Step::Expire => {
            lab.now.0 += 13 * 60 * 60;
            lab.pool.expire(lab.now);
        }
    }
}

/// Spends the first coin of a waiting transaction again for a higher fee, and checks that the rivals have left if that
/// was enough.
fn replace(lab: &mut Lab, which: usize, more: i64) {
    let Some(entry) = lab.pool.iter().nth(which % lab.pool.len().max(1)) else { return };
    let (outpoint, first) = (entry.transaction().inputs[0].previous_output, entry.txid());
    let fee = entry.with_descendants().fee.to_sat() + more;
    if lab.output(&outpoint).value.to_sat() <= fee {
        return;
    }
    let rival = lab.spend(outpoint, fee);
    lab.pool.take_left();
    match lab.accept(&rival) {
        Ok(_) => assert!(lab.pool.take_left().iter().any(|left| left.txid == first)),
        Err(MempoolError::InsufficientFee { .. } | MempoolError::InsufficientFeeRate { .. }) => {
            assert!(lab.pool.contains(&first));
        }
        Err(MempoolError::Full | MempoolError::BelowMempoolFee { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

/// Replaces the last `depth` blocks by one more block than that, all but empty.
fn reorganise(lab: &mut Lab, depth: usize) {
    let height = lab.chain.height().0 as usize;
    if height < depth {
        return;
    }
    let mut branch = Lab::classroom();
    branch.now = lab.now;
    for height in 1..=height - depth {
        branch.receive(&lab.block(height as u32));
    }
    branch.now.0 += 1;
    for _ in 0..=depth {
        let block = branch.mine_to(&crate::script::standard::op_return(b"rival"));
        lab.receive(&block);
    }
    assert_eq!(lab.chain.tip(), branch.chain.tip());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_pool_is_sound_whatever_happened(steps in prop::collection::vec(step(), 1..60)) {
        let mut lab = Lab::classroom();
        lab.mine_blocks(4);
        lab.pool.policy.max_mempool_bytes = 30_000;
        for step in &steps {
            perform(&mut lab, step);
            assert_sound(&lab.pool, &lab.chain);
        }
        // What the pool holds is what a block can hold.
        lab.mine();
        assert_sound(&lab.pool, &lab.chain);
        prop_assert!(lab.pool.is_empty());
        prop_assert!(lab.chain.supply_is_right());
    }
}
