//! What enters and what does not, and by which name it is refused.

use super::super::testing::Lab;
use super::super::{MempoolError, StandardError, TxOrphanage};
use super::assert_sound;
use crate::consensus::TxError;
use crate::interface::PeerId;
use crate::primitives::{Amount, COIN, OutPoint, Script, Transaction, TxIn, TxOut, Txid};
use crate::script::ScriptError;
use crate::script::sign::p2pkh_script_sig;
use crate::script::standard::{multisig, op_return};
use std::sync::Arc;

/// Spoils a transaction.
type Change = fn(&mut Transaction);

fn lab() -> (Lab, OutPoint) {
    let mut lab = Lab::classroom();
    lab.mine_blocks(3);
    let coin = lab.coins()[0];
    (lab, coin)
}

fn reason(lab: &mut Lab, tx: Transaction) -> &'static str {
    let error = lab.accept(&Arc::new(tx)).expect_err("refused");
    assert!(error.to_string().starts_with(error.reject_reason()), "{error}");
    assert_sound(&lab.pool, &lab.chain);
    error.reject_reason()
}

fn changed(tx: &Arc<Transaction>, change: impl FnOnce(&mut Transaction)) -> Transaction {
    let mut tx = (**tx).clone();
    change(&mut tx);
    tx
}

#[test]
fn a_valid_transaction_enters_once() {
    let (mut lab, coin) = lab();
    let tx = lab.spend(coin, 1_000);
    let accepted = lab.accept(&tx).expect("valid");
    assert_eq!((accepted.txid, accepted.fee), (tx.txid(), Amount::from_sat(1_000)));
    assert_eq!((accepted.vsize, lab.pool.take_left()), (tx.vsize(), vec![]));
    assert_eq!(lab.accept(&tx), Err(MempoolError::AlreadyInMempool(tx.txid())));
    let witness = changed(&tx, |tx| tx.inputs[0].witness = vec![vec![1]]);
    assert_eq!(reason(&mut lab, witness), "txn-same-nonwitness-data-in-mempool");
    let summary = lab.pool.summary(0);
    assert_eq!((summary.count, summary.vsize, summary.txids), (1, tx.vsize(), vec![tx.txid()]));
}

#[test]
fn a_second_spend_of_a_coin_is_refused_and_names_the_first() {
    let (lab, coin) = lab();
    for fee in [0, 1_000] {
        let mut lab = lab.clone();
        let (first, second) = (lab.split(&[coin], 2, fee), lab.split(&[coin], 3, fee));
        lab.accept(&first).expect("valid");
        let error = lab.accept(&second).expect_err("a double spend");
        assert_eq!(error, MempoolError::Conflict { outpoint: coin, with: first.txid() });
        assert_eq!(error.reject_reason(), "txn-mempool-conflict");
        assert!(error.to_string().contains(&first.txid().to_string()));
        assert!(lab.pool.contains(&first.txid()) && !lab.pool.contains(&second.txid()));
    }
}

#[test]
fn a_signature_commits_to_the_whole_transaction() {
    let (mut lab, coin) = lab();
    let tx = lab.split(&[coin], 2, 1_000);
    let changes: [Change; 5] = [
        |tx| tx.outputs[1].value = Amount::from_sat(tx.outputs[1].value.to_sat() - 1),
        |tx| tx.outputs.swap_remove(0).value = Amount::ZERO,
        |tx| tx.outputs[0].script_pubkey = op_return(b"stolen"),
        |tx| tx.version = 1,
        |tx| tx.inputs[0].sequence -= 1,
    ];
    for change in changes {
        assert_eq!(reason(&mut lab, changed(&tx, change)), "mempool-script-verify-flag-failed");
    }
    assert!(lab.accept(&tx).is_ok());
}

#[test]
fn the_key_of_an_input_must_hash_to_the_output_that_it_spends() {
    let (mut lab, coin) = lab();
    let tx = lab.spend(coin, 1_000);
    let mut thief = lab.clone();
    thief.key = crate::crypto::PrivateKey::from_bytes(&[0x43; 32], true).expect("in range");
    let stolen = thief.sign(&[coin], tx.outputs.clone());
    let error = MempoolError::Script { input: 0, error: ScriptError::EqualVerify };
    assert_eq!(lab.accept(&Arc::new(stolen)), Err(error));
}

#[test]
fn outputs_above_inputs_are_refused() {
    let (mut lab, coin) = lab();
    let tx = lab.spend(coin, -1);
    assert_eq!(reason(&mut lab, (*tx).clone()), "bad-txns-in-belowout");
    assert!(lab.accept(&lab.spend(coin, 0)).is_ok());
}

#[test]
fn a_malformed_transaction_is_refused_by_the_rule_that_it_breaks() {
    let (mut lab, coin) = lab();
    let tx = lab.spend(coin, 1_000);
    let cases: [(Change, &str); 6] = [
        (|tx| tx.inputs.clear(), "bad-txns-vin-empty"),
        (|tx| tx.outputs.clear(), "bad-txns-vout-empty"),
        (|tx| tx.inputs.push(tx.inputs[0].clone()), "bad-txns-inputs-duplicate"),
        (|tx| tx.outputs[0].value = Amount::from_sat(-1), "bad-txns-vout-negative"),
        (|tx| tx.outputs[0].value = Amount::from_sat(21_000_001 * COIN), "bad-txns-vout-toolarge"),
        (|tx| tx.inputs.push(TxIn::spending(OutPoint::NULL)), "bad-txns-prevout-null"),
    ];
    for (change, expected) in cases {
        assert_eq!(reason(&mut lab, changed(&tx, change)), expected);
    }
    let coinbase = lab.block(1).transactions[0].clone();
    assert_eq!(reason(&mut lab, coinbase), "coinbase");
}

#[test]
fn a_form_that_is_not_standard_is_refused_by_name() {
    let (mut lab, coin) = lab();
    let tx = lab.spend(coin, 1_000);
    let cases: [(Change, &str); 6] = [
        (|tx| tx.version = 4, "version"),
        (|tx| tx.outputs[0].script_pubkey = Script::from_bytes(vec![0x51]), "scriptpubkey"),
        (|tx| tx.outputs[0].script_pubkey = op_return(&[7; 100_001]), "tx-size"),
        (|tx| tx.inputs[0].script_sig = Script::from_bytes(vec![0x76]), "scriptsig-not-pushonly"),
        (|tx| tx.inputs[0].script_sig = Script::from_bytes(vec![0x00; 1_651]), "scriptsig-size"),
        (
            |tx| {
                tx.inputs[0].script_sig = Script::new();
                tx.outputs[0].script_pubkey = op_return(b"");
            },
            "tx-size-small",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(reason(&mut lab, changed(&tx, change)), expected);
    }
}

#[test]
fn dust_is_refused_where_the_network_says_so() {
    let mut regtest = Lab::regtest();
    regtest.mine_blocks(101);
    let coin = regtest.coins()[0];
    let dusty = |lab: &Lab, value| {
        let output = TxOut { value: Amount::from_sat(value), script_pubkey: lab.script() };
        Arc::new(lab.sign(&[coin], vec![output]))
    };
    let error = StandardError::Dust { output: 0, value: Amount::from_sat(545), least: Amount::from_sat(546) };
    assert_eq!(regtest.accept(&dusty(&regtest, 545)), Err(error.into()));
    assert!(regtest.accept(&dusty(&regtest, 546)).is_ok());
    let (mut classroom, coin) = lab();
    let worth = classroom.output(&coin).value.to_sat();
    assert!(classroom.accept(&classroom.spend(coin, worth)).is_ok());
}

#[test]
fn a_fee_below_the_relay_fee_is_refused_on_regtest_and_free_in_the_classroom() {
    let mut regtest = Lab::regtest();
    regtest.mine_blocks(101);
    let coin = regtest.coins()[0];
    let size = regtest.spend(coin, 100).vsize() as i64;
    let required = (size * 100 + 999) / 1_000;
    let cheap = regtest.spend(coin, required - 1);
    let error = regtest.accept(&cheap).expect_err("too cheap");
    assert_eq!(error.reject_reason(), "min relay fee not met");
    assert!(regtest.accept(&regtest.spend(coin, required)).is_ok());
    let (mut classroom, coin) = lab();
    assert!(classroom.accept(&classroom.spend(coin, 0)).is_ok());
}

#[test]
fn an_immature_coinbase_cannot_be_spent() {
    let mut lab = Lab::regtest();
    lab.mine_blocks(99);
    let coinbase = OutPoint::new(lab.block(1).transactions[0].txid(), 0);
    let tx = lab.spend(coinbase, 1_000);
    let error = TxError::ImmatureCoinbase { outpoint: coinbase, depth: 99 };
    assert_eq!(lab.accept(&tx), Err(error.into()));
    lab.mine();
    assert!(lab.accept(&tx).is_ok());
}

#[test]
fn a_lock_time_must_be_reached_by_the_next_block() {
    let (mut lab, coin) = lab();
    let locked = |lab: &Lab, lock_time, sequence| {
        let tx = lab.spend(coin, 0);
        let input = TxIn { sequence, ..TxIn::spending(coin) };
        lab.sign_all(Transaction { inputs: vec![input], lock_time, ..(*tx).clone() })
    };
    let next = lab.chain.height().0 + 1;
    let median = lab.chain.median_time_past().0;
    assert_eq!(reason(&mut lab.clone(), locked(&lab, next, 0)), "non-final");
    assert_eq!(reason(&mut lab.clone(), locked(&lab, median, 0)), "non-final");
    for (lock_time, sequence) in [(next - 1, 0), (median - 1, 0), (next, TxIn::SEQUENCE_FINAL)] {
        let tx = locked(&lab, lock_time, sequence);
        assert!(lab.clone().accept(&Arc::new(tx)).is_ok());
    }
    let relative = |lab: &Lab, blocks| locked(lab, 0, blocks);
    let depth = next - lab.chain.coins().get(&coin).expect("a coin").height.0;
    assert_eq!(reason(&mut lab.clone(), relative(&lab, depth + 1)), "non-BIP68-final");
    let tx = relative(&lab, depth);
    assert!(lab.accept(&Arc::new(tx)).is_ok());
}

#[test]
fn an_orphan_waits_for_its_parent_and_enters_after_it() {
    let (mut lab, coin) = lab();
    let parent = lab.split(&[coin], 2, 0);
    let mut ahead = lab.clone();
    ahead.accept(&parent).expect("valid");
    let child = ahead.spend(OutPoint::new(parent.txid(), 1), 0);
    ahead.accept(&child).expect("valid");
    let grandchild = ahead.spend(OutPoint::new(child.txid(), 0), 0);

    let mut orphanage = TxOrphanage::new();
    let mut waiting = vec![grandchild, child, Arc::clone(&parent)];
    let mut accepted = Vec::new();
    while let Some(tx) = (!waiting.is_empty()).then(|| waiting.remove(0)) {
        match lab.accept(&tx) {
            Ok(tx) => {
                accepted.push(tx.txid);
                waiting.extend(orphanage.take_children(&tx.txid).into_iter().map(|(_, tx)| tx));
            }
            Err(MempoolError::MissingInputs { parents }) => {
                assert_eq!(parents, [tx.inputs[0].previous_output.txid]);
                assert!(orphanage.add(tx, PeerId(1)));
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((accepted.len(), accepted[0]), (3, parent.txid()));
    assert!(orphanage.is_empty());
    assert_sound(&lab.pool, &lab.chain);
}

#[test]
fn an_output_that_a_waiting_parent_does_not_have_makes_no_orphan() {
    let (mut lab, coin) = lab();
    let parent = lab.spend(coin, 0);
    lab.accept(&parent).expect("valid");
    let missing = OutPoint::new(parent.txid(), 1);
    let child = lab.sign(&[missing], parent.outputs.clone());
    assert_eq!(lab.accept(&Arc::new(child)), Err(MempoolError::NoSuchOutput(missing)));
}

#[test]
fn a_confirmed_transaction_is_known_and_one_that_spends_a_spent_coin_misses_its_input() {
    let (mut lab, coin) = lab();
    let tx = lab.spend(coin, 0);
    lab.accept(&tx).expect("valid");
    let rival = lab.spend(coin, 5);
    lab.mine();
    assert_eq!(lab.accept(&tx), Err(MempoolError::AlreadyKnown(tx.txid())));
    let parents = vec![coin.txid];
    assert_eq!(lab.accept(&rival), Err(MempoolError::MissingInputs { parents }));
    let unknown = OutPoint::new(Txid::from_bytes([5; 32]), 0);
    let orphan = lab.sign(&[unknown], tx.outputs.clone());
    assert_eq!(reason(&mut lab, orphan), "bad-txns-inputs-missingorspent");
}

#[test]
fn a_transaction_with_too_many_signature_operations_is_refused() {
    let (mut lab, coin) = lab();
    let tx = lab.spend(coin, 0);
    // Each counts as 20 keys, as what is not run counts.
    let output =
        TxOut { value: Amount::ZERO, script_pubkey: multisig(1, &[lab.key.public_key()]).expect("1 of 1") };
    let heavy = changed(&tx, |tx| tx.outputs = vec![output; 201]);
    assert_eq!(reason(&mut lab, heavy), "bad-txns-too-many-sigops");
}

#[test]
fn scripts_that_passed_are_remembered_for_the_block_and_others_are_not() {
    let (mut lab, coin) = lab();
    let tx = lab.spend(coin, 0);
    let forged = changed(&tx, |tx| tx.lock_time = 1);
    assert!(lab.accept(&Arc::new(forged.clone())).is_err());
    lab.accept(&tx).expect("valid");
    assert!(lab.pool.script_cache().contains(&tx.wtxid()));
    assert!(!lab.pool.script_cache().contains(&forged.wtxid()));
}

#[test]
fn a_witness_program_without_rules_is_neither_paid_nor_spent() {
    let mut lab = Lab::classroom();
    lab.mine_blocks(2);
    let version_1 = crate::script::standard::witness(1, &[7; 32]);
    let coin = lab.coins()[0];
    let value = Amount::from_coins(40);
    let paying = Arc::new(lab.sign(&[coin], vec![TxOut { value, script_pubkey: version_1.clone() }]));
    assert_eq!(lab.accept(&paying), Err(MempoolError::NotStandard(StandardError::ScriptPubKey(0))));
    let block = lab.mine_to(&version_1);
    lab.mine();
    let spending = TxIn::spending(OutPoint::new(block.transactions[0].txid(), 0));
    let outputs = vec![TxOut { value, script_pubkey: lab.script() }];
    let spending = Arc::new(Transaction { version: 2, inputs: vec![spending], outputs, lock_time: 0 });
    assert_eq!(lab.accept(&spending), Err(MempoolError::NotStandard(StandardError::NonStandardInput(0))));
}

#[test]
fn an_anchor_is_paid_above_dust_and_spent_without_a_witness() {
    let mut lab = Lab::regtest();
    lab.mine_blocks(101);
    let coin = lab.coins()[0];
    let anchor = crate::script::standard::witness(1, &[0x4e, 0x73]);
    let pay = |lab: &Lab, value| {
        let rest = Amount::from_sat(lab.output(&coin).value.to_sat() - value - 1_000);
        let anchor = TxOut { value: Amount::from_sat(value), script_pubkey: anchor.clone() };
        Arc::new(lab.sign(&[coin], vec![anchor, TxOut { value: rest, script_pubkey: lab.script() }]))
    };
    let dust = pay(&lab, 239);
    assert!(matches!(lab.accept(&dust), Err(MempoolError::NotStandard(StandardError::Dust { .. }))));
    let paying = pay(&lab, 240);
    lab.accept(&paying).expect("240 satoshis are no dust, as in Core");
    let inputs = [0, 1].map(|vout| OutPoint::new(paying.txid(), vout));
    let value = Amount::from_sat(lab.output(&inputs[1]).value.to_sat() - 1_000);
    let outputs = vec![TxOut { value, script_pubkey: lab.script() }];
    let mut spending =
        Transaction { version: 2, inputs: inputs.map(TxIn::spending).to_vec(), outputs, lock_time: 0 };
    spending.inputs[1].script_sig = p2pkh_script_sig(&spending, 1, &lab.script(), &lab.key);
    let spending = Arc::new(spending);
    let witnessed = changed(&spending, |tx| tx.inputs[0].witness = vec![vec![1]]);
    let refused = Err(MempoolError::NotStandard(StandardError::NonStandardWitness(0)));
    assert_eq!(lab.accept(&Arc::new(witnessed)), refused);
    lab.accept(&spending).expect("anybody may spend it");
    lab.mine();
    assert!(lab.pool.is_empty() && lab.chain.supply_is_right());
}
