//! The pool over a restart, as in Core's `mempool_persist.py`.

use super::super::testing::Lab;
use super::super::{MAX_STORED_BYTES, Mempool, MempoolEntry, StoredTransaction};
use crate::primitives::{Amount, OutPoint, TxOut, Txid};
use crate::script::standard::op_return;
use crate::store::{Op, Record, Table};
use crate::time::UnixTime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The table of a store.
#[derive(Default)]
struct Stored(BTreeMap<Vec<u8>, Vec<u8>>);

impl Stored {
    fn write(&mut self, pool: &mut Mempool) {
        for op in pool.take_changes() {
            assert_eq!(op.table(), Table::Mempool);
            match op {
                Op::Put { key, value, .. } => drop(self.0.insert(key, value)),
                Op::Delete { key, .. } => drop(self.0.remove(&key).expect("only what is there is removed")),
                Op::Clear { .. } => self.0.clear(),
            }
        }
        assert!(!pool.has_changes());
    }

    fn records(&self) -> Vec<Record> {
        let record = |(key, value): (&Vec<u8>, &Vec<u8>)| Record {
            table: Table::Mempool,
            key: key.clone(),
            value: value.clone(),
        };
        self.0.iter().map(record).collect()
    }

    fn txids(&self) -> Vec<Txid> {
        let (read, notes) = StoredTransaction::read_all(&self.records());
        assert!(notes.is_empty());
        read.iter().map(|stored| stored.transaction.txid()).collect()
    }
}

fn lab() -> Lab {
    let mut lab = Lab::classroom();
    lab.mine_blocks(4);
    lab
}

#[test]
fn what_waits_comes_back_with_the_time_when_it_came_and_parents_before_children() {
    let mut lab = lab();
    let parent = lab.spend(lab.coins()[0], 10);
    lab.accept(&parent).expect("valid");
    lab.now.0 += 100;
    let child = lab.spend(OutPoint::new(parent.txid(), 0), 20);
    lab.accept(&child).expect("valid");
    let mut stored = Stored::default();
    stored.write(&mut lab.pool);

    let (read, notes) = StoredTransaction::read_all(&stored.records());
    assert!(notes.is_empty());
    let since: Vec<u32> = read.iter().map(|stored| stored.since.0).collect();
    assert_eq!(since, [lab.now.0 - 100, lab.now.0]);
    let mut again = Lab { pool: Mempool::new(*lab.pool.policy()), ..lab.clone() };
    let later = UnixTime(lab.now.0 + 1_000);
    for stored in &read {
        let transaction = Arc::clone(&stored.transaction);
        again.pool.accept_stored(transaction, &again.chain, later, stored.since).expect("still valid");
    }
    assert_eq!(again.pool.get(&parent.txid()).map(MempoolEntry::time), Some(UnixTime(lab.now.0 - 100)));
    assert_eq!(again.pool.get(&child.txid()).map(MempoolEntry::fee), Some(Amount::from_sat(20)));
}

#[test]
fn what_leaves_the_pool_leaves_the_store() {
    let mut lab = lab();
    let coins = lab.coins();
    let mut stored = Stored::default();
    let first = lab.spend(coins[0], 10);
    lab.accept(&first).expect("valid");
    stored.write(&mut lab.pool);
    assert_eq!(stored.txids(), [first.txid()]);
    // Came and went between two writes: the store never hears of it.
    lab.accept(&lab.clone().spend(coins[1], 10)).expect("valid");
    let second = lab.spend(coins[1], 5_000);
    lab.accept(&second).expect("it replaces");
    stored.write(&mut lab.pool);
    assert_eq!(stored.txids(), [first.txid(), second.txid()]);
    lab.mine();
    stored.write(&mut lab.pool);
    assert_eq!(stored.txids(), []);
}

#[test]
fn a_reorganisation_leaves_the_store_in_step() {
    let mut lab = lab();
    let parent = lab.spend(lab.coins()[0], 0);
    lab.accept(&parent).expect("valid");
    lab.mine();
    let child = lab.spend(OutPoint::new(parent.txid(), 0), 0);
    lab.accept(&child).expect("valid");
    let mut stored = Stored::default();
    stored.write(&mut lab.pool);
    assert_eq!(stored.txids(), [child.txid()]);
    super::reorganise(&mut lab, 1);
    stored.write(&mut lab.pool);
    assert_eq!(stored.txids(), [parent.txid(), child.txid()]);
}

#[test]
fn after_a_write_that_was_refused_everything_is_written_anew() {
    let mut lab = lab();
    let first = lab.spend(lab.coins()[0], 10);
    lab.accept(&first).expect("valid");
    lab.pool.take_changes();
    lab.pool.rewrite();
    let mut stored = Stored::default();
    stored.0.insert(vec![9; 8], vec![1]);
    stored.write(&mut lab.pool);
    assert_eq!(stored.txids(), [first.txid()]);
}

#[test]
fn a_record_that_is_not_what_was_written_is_named_and_not_believed() {
    let mut lab = lab();
    lab.accept(&lab.clone().spend(lab.coins()[0], 10)).expect("valid");
    let mut stored = Stored::default();
    stored.write(&mut lab.pool);
    for value in stored.0.values_mut() {
        value[7] ^= 1;
    }
    let (read, notes) = StoredTransaction::read_all(&stored.records());
    assert_eq!((read.len(), notes.len()), (0, 1));
}

#[test]
fn the_store_holds_no_more_of_the_pool_than_its_bound() {
    let mut lab = lab();
    let many = lab.split(&lab.coins()[..1], 45, 0);
    lab.accept(&many).expect("valid");
    lab.mine();
    for vout in 0..45 {
        let coin = OutPoint::new(many.txid(), vout);
        let value = lab.output(&coin).value;
        let data = TxOut { value: Amount::ZERO, script_pubkey: op_return(&[7; 95_000]) };
        let tx = lab.sign(&[coin], vec![TxOut { value, script_pubkey: lab.script() }, data]);
        lab.accept(&Arc::new(tx)).expect("valid");
    }
    let mut stored = Stored::default();
    stored.write(&mut lab.pool);
    let bytes: usize = stored.0.values().map(Vec::len).sum();
    assert!(bytes <= MAX_STORED_BYTES && bytes > MAX_STORED_BYTES - 100_000, "{bytes}");
    lab.mine();
    stored.write(&mut lab.pool);
    assert!(stored.0.len() < 45, "what was confirmed made room");
}
