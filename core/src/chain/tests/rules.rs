//! Rules of blocks and transactions, each by name.

use super::*;
use crate::consensus::TxError;
use crate::crypto::PrivateKey;
use crate::primitives::MAX_MONEY;
use crate::script::sign::p2pkh_script_sig;
use crate::script::standard::p2pkh;

pub(super) const COIN: i64 = crate::primitives::COIN;

/// What a transaction of a refused block was refused for.
pub(super) fn tx_error(result: Result<Effects, BlockError>) -> TxError {
    match result {
        Err(BlockError::Transaction { error, .. }) => error,
        other => panic!("not refused for a transaction: {other:?}"),
    }
}

/// The error with which a block that `change` spoils is refused; the chain stays as it was, coins and all.
pub(super) fn refusal(
    lab: &mut Lab,
    transactions: Vec<Transaction>,
    change: impl FnOnce(&mut Block),
) -> BlockError {
    let mut block = lab.template(lab.chain.tip(), transactions, 50 * COIN);
    block.header.merkle_root = merkle::block_root(&block.transactions).0;
    change(&mut block);
    solve_header(&mut block.header);
    let (tip, coins) = (lab.chain.tip(), coins_of(&lab.chain));
    let error = lab.add(&Arc::new(block)).expect_err("a spoilt block is refused");
    assert_eq!(lab.chain.tip(), tip, "a refused block moved the tip");
    assert_eq!(coins_of(&lab.chain), coins, "a refused block moved coins");
    lab.assert_consistent();
    error
}

fn key(n: u8) -> PrivateKey {
    PrivateKey::from_bytes(&[n; 32], true).expect("a key")
}

fn lock(key: &PrivateKey) -> Script {
    p2pkh(key.public_key().pubkey_hash())
}

/// A lab whose tip pays `script` 50 coins, and the outpoint of these.
pub(super) fn lab_paying(script: Script) -> (Lab, OutPoint) {
    let mut lab = Lab::new();
    let mut block = lab.template(lab.chain.tip(), vec![], 50 * COIN);
    block.transactions[0].outputs[0].script_pubkey = script;
    solve(&mut block);
    let coin = reward(&block);
    lab.add(&Arc::new(block)).expect("the block is valid");
    (lab, coin)
}

/// Signs the first input, which spends what is locked to `owner`.
fn sign(tx: &mut Transaction, signer: &PrivateKey, owner: &PrivateKey) {
    tx.inputs[0].script_sig = p2pkh_script_sig(tx, 0, &lock(owner), signer);
}

#[test]
fn a_signed_payment_is_valid() {
    let (mut lab, coin) = lab_paying(lock(&key(1)));
    let mut tx = spend(&[coin], &[50 * COIN]);
    sign(&mut tx, &key(1), &key(1));
    lab.mine(vec![tx]);
}

#[test]
fn a_signature_commits_to_the_whole_transaction() {
    let change: [fn(&mut Transaction); 5] = [
        |tx| tx.outputs[0].value = Amount::from_sat(1),
        |tx| tx.outputs[0].script_pubkey = lock(&key(9)),
        |tx| tx.outputs.push(pay(0)),
        |tx| tx.version = 1,
        |tx| tx.inputs[0].sequence = 0xffff_fffe,
    ];
    for change in change {
        let (mut lab, coin) = lab_paying(lock(&key(1)));
        let mut tx = spend(&[coin], &[50 * COIN]);
        sign(&mut tx, &key(1), &key(1));
        change(&mut tx);
        let block = lab.block_on(lab.chain.tip(), vec![tx]);
        let error = tx_error(lab.add(&block));
        assert_eq!(error.reject_reason(), "block-script-verify-flag-failed");
    }
}

#[test]
fn an_inputs_key_must_hash_to_the_output_it_spends() {
    let (mut lab, coin) = lab_paying(lock(&key(1)));
    let mut tx = spend(&[coin], &[50 * COIN]);
    sign(&mut tx, &key(2), &key(1));
    let block = lab.block_on(lab.chain.tip(), vec![tx]);
    assert!(matches!(tx_error(lab.add(&block)), TxError::Script { input: 0, .. }));
}

#[test]
fn inputs_cover_outputs() {
    let mut lab = Lab::new();
    let coin = reward(&lab.mine(vec![]));
    let block = lab.block_on(lab.chain.tip(), vec![spend(&[coin], &[50 * COIN, 1])]);
    let amounts = (Amount::from_sat(50 * COIN), Amount::from_sat(50 * COIN + 1));
    let expected = TxError::InputsBelowOutputs { inputs: amounts.0, outputs: amounts.1 };
    assert_eq!(tx_error(lab.add(&block)), expected);
}

#[test]
fn a_block_has_one_coinbase_and_it_is_first() {
    let mut lab = Lab::new();
    let coin = reward(&lab.mine(vec![]));
    let payment = || vec![spend(&[coin], &[50 * COIN])];
    let error = refusal(&mut lab, payment(), |block| {
        block.transactions.swap(0, 1);
        block.header.merkle_root = merkle::block_root(&block.transactions).0;
    });
    assert_eq!(error, BlockError::CoinbaseMissing);
    let error = refusal(&mut lab, payment(), |block| {
        let mut second = block.transactions[0].clone();
        second.outputs[0].value = Amount::ZERO;
        block.transactions.push(second);
        block.header.merkle_root = merkle::block_root(&block.transactions).0;
    });
    assert_eq!(error, BlockError::CoinbaseMultiple);
}

#[test]
fn a_coinbase_takes_at_most_subsidy_and_fees() {
    let mut lab = Lab::new();
    let coin = reward(&lab.mine(vec![]));
    let payment = vec![spend(&[coin], &[49 * COIN])];
    let error = refusal(&mut lab, payment.clone(), |block| {
        block.transactions[0].outputs[0].value = Amount::from_sat(51 * COIN + 1);
        block.header.merkle_root = merkle::block_root(&block.transactions).0;
    });
    let (actual, limit) = (Amount::from_sat(51 * COIN + 1), Amount::from_coins(51));
    assert_eq!(error, BlockError::CoinbaseAmount { actual, limit });
    let mut block = lab.template(lab.chain.tip(), payment, 51 * COIN);
    solve(&mut block);
    assert!(lab.add(&Arc::new(block)).is_ok(), "subsidy and fees may be taken to the last satoshi");
    lab.assert_consistent();
    assert_eq!(lab.chain.total_coins(), 3 * 50 * COIN as u128);
}

#[test]
fn fees_of_a_block_that_sum_above_all_money_are_refused() {
    let mut lab = Lab::with_rules(ConsensusParams { subsidy: MAX_MONEY, ..easy_rules() });
    let coins = [0; 2].map(|_| reward(&lab.mine(vec![])));
    lab.mine(vec![]);
    let payments: Vec<Transaction> = coins.iter().map(|coin| spend(&[*coin], &[1])).collect();
    let error = refusal(&mut lab, payments, |_| {});
    assert_eq!(error, BlockError::AccumulatedFeeOutOfRange);
    assert_eq!(error.reject_reason(), "bad-txns-accumulated-fee-outofrange");
}

#[test]
fn a_coinbase_that_takes_less_destroys_the_rest() {
    let mut lab = Lab::new();
    let mut block = lab.template(lab.chain.tip(), vec![], 7);
    solve(&mut block);
    assert!(lab.add(&Arc::new(block)).is_ok());
    lab.assert_consistent();
    assert_eq!(lab.chain.total_coins(), 50 * COIN as u128 + 7);
}

#[test]
fn output_indexes_never_shift() {
    let mut lab = Lab::new();
    let coin = reward(&lab.mine(vec![]));
    let split = spend(&[coin], &[10 * COIN, 15 * COIN, 25 * COIN]);
    let outputs: Vec<OutPoint> = (0..3).map(|vout| OutPoint::new(split.txid(), vout)).collect();
    lab.mine(vec![split]);
    lab.mine(vec![spend(&[outputs[0]], &[10 * COIN])]);
    let value =
        |lab: &Lab, n: usize| lab.chain.coins().get(&outputs[n]).map(|coin| coin.output.value.to_sat());
    assert_eq!([0, 1, 2].map(|n| value(&lab, n)), [None, Some(15 * COIN), Some(25 * COIN)]);
    lab.mine(vec![spend(&[outputs[2]], &[25 * COIN])]);
    assert_eq!([0, 1, 2].map(|n| value(&lab, n)), [None, Some(15 * COIN), None]);
}

#[test]
fn no_output_is_spent_twice() {
    let mut lab = Lab::new();
    let coin = reward(&lab.mine(vec![]));
    let twice_in_one = spend(&[coin, coin], &[50 * COIN]);
    let block = lab.block_on(lab.chain.tip(), vec![twice_in_one]);
    assert_eq!(tx_error(lab.add(&block)), TxError::DuplicateInput(coin));
    let (one, other) = (spend(&[coin], &[50 * COIN]), spend(&[coin], &[49 * COIN]));
    let block = lab.block_on(lab.chain.tip(), vec![one.clone(), other.clone()]);
    assert_eq!(tx_error(lab.add(&block)), TxError::MissingInput(coin));
    lab.mine(vec![one]);
    let block = lab.block_on(lab.chain.tip(), vec![other]);
    assert_eq!(tx_error(lab.add(&block)), TxError::MissingInput(coin));
    lab.assert_consistent();
}

#[test]
fn an_output_can_be_spent_in_its_own_block_but_not_before_it_is_made() {
    let mut lab = Lab::new();
    let coin = reward(&lab.mine(vec![]));
    let parent = spend(&[coin], &[50 * COIN]);
    let child = spend(&[OutPoint::new(parent.txid(), 0)], &[50 * COIN]);
    let block = lab.block_on(lab.chain.tip(), vec![child.clone(), parent.clone()]);
    assert!(matches!(tx_error(lab.add(&block)), TxError::MissingInput(_)));
    lab.mine(vec![parent, child]);
    lab.assert_consistent();
}

#[test]
fn a_coinbase_is_spent_once_it_is_mature() {
    let mut lab = Lab::with_rules(ConsensusParams { coinbase_maturity: 3, ..easy_rules() });
    let coin = reward(&lab.mine(vec![]));
    lab.mine(vec![]);
    let block = lab.block_on(lab.chain.tip(), vec![spend(&[coin], &[50 * COIN])]);
    assert_eq!(tx_error(lab.add(&block)), TxError::ImmatureCoinbase { outpoint: coin, depth: 2 });
    lab.mine(vec![]);
    lab.mine(vec![spend(&[coin], &[50 * COIN])]);
}

#[test]
fn a_block_is_checked_before_it_moves_anything() {
    let mut lab = Lab::new();
    let coin = reward(&lab.mine(vec![]));
    let good = || spend(&[coin], &[50 * COIN]);
    let outcomes = [
        refusal(&mut lab, vec![good()], |block| block.header.merkle_root = Default::default()),
        refusal(&mut lab, vec![good()], |block| block.header.time = GENESIS_TIME),
        refusal(&mut lab, vec![good()], |block| block.header.time = NOW.0 + 121),
        refusal(&mut lab, vec![good()], |block| block.header.bits = CompactTarget(0x207f_fffe)),
        refusal(&mut lab, vec![good()], |block| block.header.version = 3),
        refusal(&mut lab, vec![good()], |block| block.header.prev_blockhash = BlockHash::from_bytes([9; 32])),
        refusal(&mut lab, vec![good(), spend(&[reward(&Block::clone(&genesis_of()))], &[])], |_| {}),
        refusal(&mut lab, vec![good(), spend(&[OutPoint::new(good().txid(), 0)], &[51 * COIN])], |_| {}),
        refusal(&mut lab, vec![good(), spend(&[OutPoint::new(good().txid(), 7)], &[1])], |_| {}),
    ];
    let reasons = outcomes.map(|error| error.reject_reason());
    let expected = [
        "bad-txnmrklroot",
        "time-too-old",
        "time-too-new",
        "bad-diffbits",
        "bad-version",
        "prev-blk-not-found",
        "bad-txns-vout-empty",
        "bad-txns-in-belowout",
        "bad-txns-inputs-missingorspent",
    ];
    assert_eq!(reasons, expected);
}

fn genesis_of() -> Block {
    network(easy_rules()).genesis()
}

#[test]
fn a_block_without_the_work_is_refused() {
    let mut lab = Lab::new();
    let mut block = Block::clone(&lab.block_on(lab.chain.tip(), vec![]));
    let target = lab.consensus().pow_limit_target();
    while target.is_met_by(&block.block_hash()) {
        block.header.nonce += 1;
    }
    let error = lab.add(&Arc::new(block)).expect_err("no work");
    assert_eq!(error.reject_reason(), "high-hash");
    assert_eq!(lab.chain.index.len(), 1);
}

#[test]
fn a_repeated_tail_is_refused_and_the_block_itself_is_not_blamed() {
    let mut lab = Lab::new();
    let coin = reward(&lab.mine(vec![]));
    let parent = spend(&[coin], &[50 * COIN]);
    let child = spend(&[OutPoint::new(parent.txid(), 0)], &[50 * COIN]);
    let honest = lab.block_on(lab.chain.tip(), vec![parent, child]);
    let mut mutated = Block::clone(&honest);
    mutated.transactions.push(mutated.transactions[2].clone());
    assert_eq!(mutated.block_hash(), honest.block_hash());
    let error = lab.add(&Arc::new(mutated)).expect_err("mutated");
    assert_eq!(error, BlockError::DuplicateTransactions);
    assert!(lab.add(&honest).is_ok());
    assert_eq!(lab.chain.tip(), honest.block_hash());
}

#[test]
fn blocks_of_any_number_of_transactions_connect() {
    let mut lab = Lab::new();
    for count in 0..9 {
        let coin = reward(&lab.mine(vec![]));
        let mut chain = Vec::new();
        let mut next = coin;
        for _ in 0..count {
            let tx = spend(&[next], &[50 * COIN]);
            next = OutPoint::new(tx.txid(), 0);
            chain.push(tx);
        }
        assert_eq!(lab.mine(chain).transactions.len(), count + 1);
    }
    lab.assert_consistent();
}

#[test]
fn two_coinbases_never_share_a_txid() {
    let mut lab = Lab::new();
    let first = lab.mine(vec![]);
    let error = refusal(&mut lab, vec![], |block| {
        block.transactions[0] = first.transactions[0].clone();
        block.header.merkle_root = merkle::block_root(&block.transactions).0;
    });
    assert_eq!(error, BlockError::CoinbaseHeight(Height(2)));
    // Not even the genesis block's, whose coinbase begins with height 0.
    let genesis = lab.chain.network().genesis();
    let error = refusal(&mut lab, vec![], |block| {
        block.transactions[0] = genesis.transactions[0].clone();
        block.header.merkle_root = merkle::block_root(&block.transactions).0;
    });
    assert_eq!(error, BlockError::CoinbaseHeight(Height(2)));
}

#[test]
fn unspendable_outputs_make_no_coins() {
    let mut lab = Lab::new();
    let coin = reward(&lab.mine(vec![]));
    let mut tx = spend(&[coin], &[20 * COIN, 20 * COIN, 9 * COIN]);
    tx.outputs[0].script_pubkey = Script::from_bytes(vec![0x6a, 1, 7]);
    tx.outputs[1].script_pubkey = Script::from_bytes(vec![0x51; 10_001]);
    let txid = tx.txid();
    lab.mine(vec![tx]);
    let coins = lab.chain.coins().iter().filter(|(outpoint, _)| outpoint.txid == txid);
    let coins: Vec<u32> = coins.map(|(outpoint, _)| outpoint.vout).collect();
    assert_eq!(coins, [2]);
    assert_eq!(lab.chain.supply().unspendable, 40 * COIN as u128);
    assert_eq!(lab.chain.supply().fees, COIN as u128);
    lab.assert_consistent();
}

#[test]
fn the_genesis_output_is_a_coin_only_where_the_network_says_so() {
    let spendable = Lab::new();
    assert_eq!(spendable.chain.coins().len(), 1);
    let closed = Lab::with_rules(ConsensusParams { spendable_genesis: false, ..easy_rules() });
    assert_eq!(closed.chain.coins().len(), 0);
    spendable.assert_consistent();
    closed.assert_consistent();
}
