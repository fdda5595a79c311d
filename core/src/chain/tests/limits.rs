//! Locks in time, limits of size, witnesses: each rule by name.

use super::rules::{COIN, lab_paying, refusal, tx_error};
use super::*;
use crate::chain::BlockStatus;
use crate::consensus::TxError;
use crate::cost::Cost;

#[test]
fn a_locked_transaction_waits_for_height_and_median_time() {
    let mut lab = Lab::new();
    let coin = reward(&lab.mine(vec![]));
    let locked = |lock_time| {
        let mut tx = spend(&[coin], &[50 * COIN]);
        tx.lock_time = lock_time;
        tx.inputs[0].sequence = 0;
        tx
    };
    // The next height is 2: a lock at 2 ends after it, one at 1 before.
    let block = lab.block_on(lab.chain.tip(), vec![locked(2)]);
    assert_eq!(tx_error(lab.add(&block)), TxError::NonFinal);
    let median = lab.chain.median_time_past().0;
    let block = lab.block_on(lab.chain.tip(), vec![locked(median)]);
    assert_eq!(tx_error(lab.add(&block)), TxError::NonFinal);
    lab.mine(vec![locked(median - 1)]);
}

#[test]
fn a_relative_lock_waits_for_blocks_or_median_time() {
    let mut lab = Lab::new();
    let coins = [reward(&lab.mine(vec![])), reward(&lab.mine(vec![]))];
    let locked = |coin, sequence| {
        let mut tx = spend(&[coin], &[50 * COIN]);
        tx.inputs[0].sequence = sequence;
        tx
    };
    // The coin is of height 1, the next block of height 3.
    let block = lab.block_on(lab.chain.tip(), vec![locked(coins[0], 3)]);
    assert_eq!(tx_error(lab.add(&block)), TxError::NonFinal);
    lab.mine(vec![locked(coins[0], 2)]);
    // One unit of 512 seconds cannot have passed.
    let block = lab.block_on(lab.chain.tip(), vec![locked(coins[1], 1 << 22 | 1)]);
    assert_eq!(tx_error(lab.add(&block)), TxError::NonFinal);
    // Version 1 knows no relative locks.
    let mut old = locked(coins[1], 1 << 22 | 1);
    old.version = 1;
    lab.mine(vec![old]);
}

#[test]
fn a_step_ends_where_its_scripts_have_cost_enough_one_block_apart() {
    // Forty signatures that are counted and never reached: OP_0 OP_IF ... OP_ENDIF.
    let dear = Script::from_bytes([&[0x51, 0x00, 0x63][..], &[0xac; 40], &[0x68]].concat());
    let (mut lab, coin) = lab_paying(dear.clone());
    let mut first = spend(&[coin], &[50 * COIN]);
    first.outputs[0].script_pubkey = dear;
    let second = spend(&[OutPoint::new(first.txid(), 0)], &[50 * COIN]);
    let height = lab.height();
    let mut tip = lab.chain.tip();
    for tx in [first, second] {
        let block = lab.block_on(tip, vec![tx]);
        assert_eq!(lab.chain.accept_block(Arc::clone(&block), NOW), Ok(BlockOutcome::New));
        tip = block.block_hash();
    }
    for done in [1, 2] {
        let step = lab.chain.activate(&lab.verified).expect("it fits");
        assert!(matches!(step, ActivateStep::More(cost) if cost >= Cost::SIGNATURE_CHECK * 40), "{step:?}");
        assert_eq!(lab.height(), height + done);
    }
    assert_eq!(lab.chain.activate(&lab.verified), Ok(ActivateStep::Done));
}

#[test]
fn scripts_that_passed_before_are_not_run_again() {
    // A script that nobody satisfies: only the cache can let it pass, so it was asked.
    let (mut lab, coin) = lab_paying(Script::from_bytes(vec![0x00]));
    let tx = spend(&[coin], &[50 * COIN]);
    let wtxid = tx.wtxid();
    let block = lab.block_on(lab.chain.tip(), vec![tx.clone()]);
    assert!(matches!(tx_error(lab.add(&block)), TxError::Script { .. }));
    lab.verified.insert(wtxid);
    lab.mine(vec![tx]);
}

#[test]
fn the_cache_of_scripts_forgets_the_oldest() {
    let mut cache = ScriptCache::default();
    let wtxid = |n: u32| {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        crate::primitives::Wtxid::from_bytes(bytes)
    };
    for n in 0..=20_000 {
        cache.insert(wtxid(n));
        cache.insert(wtxid(n));
    }
    assert!(!cache.contains(&wtxid(0)) && cache.contains(&wtxid(1)) && cache.contains(&wtxid(20_000)));
}

#[test]
fn signature_operations_are_limited() {
    let mut lab = Lab::new();
    let coin = reward(&lab.mine(vec![]));
    let many = |count: usize| {
        let mut tx = spend(&[coin], &[50 * COIN]);
        tx.outputs[0].script_pubkey = Script::from_bytes(vec![0xac; count]);
        vec![tx]
    };
    let error = refusal(&mut lab, many(20_001), |_| {});
    assert_eq!(error, BlockError::SigOps(80_004));
    lab.mine(many(20_000));
}

#[test]
fn a_block_is_limited_in_size_and_weight() {
    let mut lab = Lab::new();
    let coin = reward(&lab.mine(vec![]));
    let of_size = |bytes: usize| {
        let mut tx = spend(&[coin], &[50 * COIN]);
        tx.outputs[0].script_pubkey = Script::from_bytes(vec![0x61; bytes]);
        vec![tx]
    };
    let empty = lab.template(lab.chain.tip(), of_size(0x1_0000), 0).stripped_size() - 0x1_0000;
    let fits = 1_000_000 - empty;
    let error = refusal(&mut lab, of_size(fits + 1), |_| {});
    assert_eq!(error.reject_reason(), "bad-blk-length");
    let block = lab.block_on(lab.chain.tip(), of_size(fits));
    assert_eq!(block.weight(), 4_000_000);
    assert!(lab.add(&block).is_ok());
}

/// A block whose coinbase commits to its witnesses, changed after that by `change`.
fn witness_block(lab: &mut Lab, coin: OutPoint, change: impl FnOnce(&mut Block)) -> Arc<Block> {
    let mut tx = spend(&[coin], &[50 * COIN]);
    tx.inputs[0].witness = vec![vec![0x51]];
    let mut block = lab.template(lab.chain.tip(), vec![tx], 50 * COIN);
    let commitment = witness::commitment(&block.transactions, &[0; 32]);
    let script = [&witness::COMMITMENT_HEADER[..], &commitment].concat();
    block.transactions[0]
        .outputs
        .push(TxOut { value: Amount::ZERO, script_pubkey: Script::from_bytes(script) });
    block.transactions[0].inputs[0].witness = vec![vec![0; 32]];
    change(&mut block);
    solve(&mut block);
    Arc::new(block)
}

/// A lab whose tip pays a witness script that anyone satisfies (P2WSH of OP_TRUE).
fn witness_lab() -> (Lab, OutPoint) {
    let hash = crate::crypto::sha256(&[0x51]);
    lab_paying(Script::from_bytes([&[0, 32][..], &hash].concat()))
}

#[test]
fn a_coinbase_commits_to_the_witnesses_of_its_block() {
    let (mut lab, coin) = witness_lab();
    let block = witness_block(&mut lab, coin, |_| {});
    assert!(lab.add(&block).is_ok());
    assert_eq!(lab.chain.tip(), block.block_hash());
}

#[test]
fn each_defect_of_a_witness_commitment_is_named_and_blames_the_bytes_alone() {
    type Change = fn(&mut Block);
    let cases: [(Change, BlockError); 4] = [
        (|block| block.transactions[1].inputs[0].witness[0].push(0), BlockError::WitnessMerkleMatch),
        (|block| block.transactions[0].inputs[0].witness.clear(), BlockError::WitnessNonceSize),
        (|block| block.transactions[0].inputs[0].witness[0].push(0), BlockError::WitnessNonceSize),
        (|block| drop(block.transactions[0].outputs.pop()), BlockError::UnexpectedWitness),
    ];
    for (change, expected) in cases {
        let (mut lab, coin) = witness_lab();
        let block = witness_block(&mut lab, coin, change);
        assert_eq!(lab.add(&block).expect_err("a defect"), expected);
        let status = lab.chain.entry(&block.block_hash()).map(|entry| entry.status);
        assert_eq!(status, Some(BlockStatus::HeaderValid), "the header may be right");
    }
}
