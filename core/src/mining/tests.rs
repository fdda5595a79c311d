//! What the assembler makes, judged by the chain.

use super::template::Contents;
use super::{BlockAssembler, BlockTemplate, RESERVED_SIGOPS_COST, search};
use crate::consensus::check::{MAX_BLOCK_SIGOPS_COST, MAX_BLOCK_WEIGHT};
use crate::consensus::{bip34, merkle, sigops};
use crate::crypto::Address;
use crate::mempool::testing::Lab;
use crate::primitives::{Amount, Block, Height, MAX_MONEY, OutPoint, Target, Transaction, TxOut, Txid};
use crate::script::sighash::segwit_v0_signature_hash;
use crate::script::standard::{multisig, op_return};
use crate::script::{PrecomputedTransactionData, SighashType};
use crate::time::UnixTime;
use std::sync::Arc;

fn lab(blocks: usize) -> Lab {
    let mut lab = Lab::classroom();
    lab.mine_blocks(blocks);
    lab
}

fn template(lab: &Lab) -> BlockTemplate {
    BlockAssembler::new(&lab.chain, &lab.pool).assemble(&lab.script(), lab.now, 0)
}

fn coinbase_value(block: &Block) -> Amount {
    block.transactions[0].output_value().expect("in range")
}

/// Spends a coin into an output of the key with the value that is left, and these.
fn spend_with(lab: &Lab, coin: OutPoint, fee: i64, mut outputs: Vec<TxOut>) -> Arc<Transaction> {
    let value = Amount::from_sat(lab.output(&coin).value.to_sat() - fee);
    outputs.push(TxOut { value, script_pubkey: lab.script() });
    Arc::new(lab.sign(&[coin], outputs))
}

#[test]
fn the_coinbase_takes_subsidy_and_fees_and_begins_with_the_height() {
    let mut lab = lab(3);
    let coins = lab.coins();
    for (coin, fee) in coins.iter().zip([700, 0, 300]) {
        lab.accept(&lab.spend(*coin, fee)).expect("valid");
    }
    let template = template(&lab);
    assert_eq!((template.fees(), template.height()), (Amount::from_sat(1_000), Height(4)));
    let block = lab.mine();
    assert_eq!(coinbase_value(&block), Amount::from_sat(50 * 100_000_000 + 1_000));
    assert!(bip34::commits_to(&block.transactions[0], Height(4)));
    assert_eq!(block.transactions.len(), 4);
    assert!(lab.pool.is_empty() && lab.chain.supply_is_right());
}

#[test]
fn every_extra_nonce_makes_another_root_that_is_the_transactions_own() {
    let mut lab = lab(5);
    for coin in lab.coins() {
        lab.accept(&lab.spend(coin, 0)).expect("valid");
        let mut template = template(&lab);
        let first = *template.header();
        for _ in 0..3 {
            let block = template.solve(0);
            assert_eq!(merkle::block_root(&block.transactions), (block.header.merkle_root, false));
            template.roll_extra_nonce();
            assert_ne!(template.header().merkle_root, block.header.merkle_root);
        }
        assert_eq!(template.header().prev_blockhash, first.prev_blockhash);
    }
}

#[test]
fn two_coinbases_never_share_an_id() {
    let mut lab = lab(0);
    let script = lab.script();
    let mut ids: Vec<Txid> = (0..5)
        .map(|_| {
            let template = BlockAssembler::new(&lab.chain, &lab.pool).assemble(&script, lab.now, 7);
            let block = Arc::new(template.mine());
            lab.now.0 += 5;
            lab.receive(&block);
            block.transactions[0].txid()
        })
        .collect();
    assert_eq!(lab.chain.height(), Height(5));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[test]
fn a_block_is_dated_now_or_as_early_after_the_median_as_the_rules_allow() {
    let lab = lab(3);
    let earliest = lab.chain.minimum_time();
    let assembler = BlockAssembler::new(&lab.chain, &lab.pool);
    let date = |now| assembler.assemble(&lab.script(), UnixTime(now), 0).header().time;
    assert_eq!(date(0), earliest.0);
    assert_eq!(date(earliest.0 + 77), earliest.0 + 77);
}

#[test]
fn the_search_finds_the_first_nonce_of_its_range_and_no_other() {
    let lab = lab(1);
    let header = *template(&lab).header();
    let target = Target::from_compact(crate::primitives::CompactTarget(0x200f_ffff)).expect("a target");
    let meets = |nonce| target.is_met_by(&crate::primitives::Header { nonce, ..header }.block_hash());
    let first = (0..).find(|&nonce| meets(nonce)).expect("one in 16 or so");
    assert_eq!(search(&header, &target, 0, 1 << 32), Some(first));
    assert_eq!(search(&header, &target, 0, u64::from(first)), None);
    let second = (first + 1..).find(|&nonce| meets(nonce)).expect("another");
    assert_eq!(search(&header, &target, first + 1, u64::MAX), Some(second));
}

#[test]
fn a_full_block_stays_below_the_weight_limit_and_takes_what_still_fits() {
    let mut lab = lab(13);
    let coins = lab.coins();
    let bulk = |lab: &Lab, coin, fee| {
        let data = TxOut { value: Amount::ZERO, script_pubkey: op_return(&[7; 98_000]) };
        spend_with(lab, coin, fee, vec![data])
    };
    for (n, coin) in coins[..12].iter().enumerate() {
        lab.accept(&bulk(&lab, *coin, 1_000_000 + n as i64 * 1_000)).expect("valid");
    }
    let small = lab.spend(coins[12], 1);
    lab.accept(&small).expect("valid");
    let template = template(&lab);
    assert_eq!(template.fees(), Amount::from_sat((2..12).map(|n| 1_000_000 + n * 1_000).sum::<i64>() + 1));
    let block = lab.mine();
    assert!(block.transactions.iter().any(|tx| tx.txid() == small.txid()));
    assert!(block.weight() <= MAX_BLOCK_WEIGHT);
    assert_eq!((block.transactions.len(), lab.pool.len()), (12, 2));
    lab.mine();
    assert!(lab.pool.is_empty());
}

#[test]
fn a_full_block_stays_below_the_limit_of_signature_operations() {
    let mut lab = lab(6);
    let script_pubkey = multisig(1, &[lab.key.public_key()]).expect("1 of 1");
    for coin in lab.coins().into_iter().take(6) {
        let outputs = vec![TxOut { value: Amount::ZERO, script_pubkey: script_pubkey.clone() }; 198];
        lab.accept(&spend_with(&lab, coin, 1_000_000, outputs)).expect("valid");
    }
    assert_eq!(lab.pool.len(), 6);
    let block = lab.mine();
    let cost: usize = block.transactions.iter().map(sigops::legacy_cost).sum();
    assert!(cost <= MAX_BLOCK_SIGOPS_COST - RESERVED_SIGOPS_COST, "{cost}");
    assert_eq!((block.transactions.len(), lab.pool.len()), (6, 1));
}

#[test]
fn a_block_with_witnesses_commits_to_them_and_others_need_not() {
    let mut lab = lab(2);
    let plain = lab.mine();
    assert_eq!(plain.transactions[0].outputs.len(), 1);
    let key = lab.key.public_key();
    let program = Address::witness(0, &key.pubkey_hash().0).expect("20 bytes").script_pubkey();
    let coin = lab.coins()[0];
    let value = lab.output(&coin).value;
    let funding = Arc::new(lab.sign(&[coin], vec![TxOut { value, script_pubkey: program }]));
    lab.accept(&funding).expect("valid");
    let mut spend = (*lab.spend(OutPoint::new(funding.txid(), 0), 500)).clone();
    spend.inputs[0].script_sig = Default::default();
    let precomputed = PrecomputedTransactionData::new(&spend);
    let code = Address::P2pkh(key.pubkey_hash()).script_pubkey();
    let digest = segwit_v0_signature_hash(&spend, 0, code.as_bytes(), value, SighashType::ALL, &precomputed);
    let mut signature = lab.key.sign(&digest).to_der();
    signature.push(1);
    spend.inputs[0].witness = vec![signature, key.as_bytes().to_vec()];
    lab.accept(&Arc::new(spend.clone())).expect("valid");
    let block = lab.mine();
    assert_eq!(block.transactions.len(), 3);
    assert_eq!(block.transactions[2], spend);
    assert_eq!(block.transactions[0].outputs.len(), 2);
    assert!(block.transactions[0].has_witness());
}

#[test]
fn the_next_block_has_the_target_that_the_chain_asks_for() {
    let mut lab = Lab::regtest();
    for _ in 0..3 {
        let template = template(&lab);
        assert_eq!(template.header().bits, lab.chain.next_work_required(lab.now));
        let block = lab.mine();
        assert!(template.target().is_met_by(&block.block_hash()));
    }
}

#[test]
fn no_coinbase_takes_more_than_all_money() {
    for (fees, value) in [(Amount::ZERO, MAX_MONEY), (Amount::from_sat(1), MAX_MONEY)] {
        let lab = lab(0);
        let block = template(&lab);
        let contents = Contents {
            header: *block.header(),
            height: block.height(),
            payout: lab.script(),
            subsidy: MAX_MONEY,
            fees,
            transactions: Vec::new(),
            extra_nonce: 0,
        };
        let rich = BlockTemplate::new(contents);
        assert_eq!(rich.transactions()[0].output_value(), Some(value));
    }
}

#[test]
fn fees_of_a_block_never_sum_above_all_money() {
    let mut lab = Lab::with_subsidy(MAX_MONEY);
    lab.mine_blocks(2);
    let fee = MAX_MONEY.to_sat() - 1_000;
    let coins = lab.coins();
    for coin in &coins[..2] {
        lab.accept(&lab.spend(*coin, fee)).expect("valid");
    }
    for waiting in [1, 0] {
        assert_eq!(template(&lab).fees(), Amount::from_sat(fee));
        lab.mine();
        assert_eq!(lab.pool.len(), waiting);
    }
}
