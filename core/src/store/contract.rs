//! The contract of every [`Store`], as a suite that runs over any of them: natively over memory, in a browser over
//! IndexedDB. A rule that does not hold panics with its name.

use super::{BatchId, Database, Durability, Op, Record, Store, StoreBatch, StoreError, Table};

/// Runs the whole suite. `open` opens a store by name: empty at the first time, and what was committed to the last
/// one of that name after it was dropped.
///
/// # Panics
/// Where a rule of the contract does not hold.
pub async fn run<S: Store>(open: impl AsyncFn(&str) -> S) {
    a_new_store_is_empty(&open("contract-new").await).await;
    what_was_committed_is_there_when_the_store_is_opened_again(&open).await;
    ops_take_effect_in_order(&open("contract-order").await).await;
    clear_removes_one_table_only(&open("contract-clear").await).await;
    bodies_are_read_on_demand_and_not_loaded(&open("contract-lazy").await).await;
    records_are_loaded_in_the_order_of_their_keys(&open("contract-sorted").await).await;
    databases_do_not_see_each_other(&open("contract-databases").await).await;
    a_batch_that_fails_leaves_nothing(&open("contract-atomic").await).await;
    any_bytes_are_a_key_and_a_value(&open("contract-bytes").await).await;
    a_batch_may_be_large(&open("contract-large").await).await;
}

async fn a_new_store_is_empty(store: &impl Store) {
    for database in Database::ALL {
        assert_eq!(store.load(database).await, Ok(vec![]), "a new store is empty");
    }
    assert_eq!(store.get(Database::Chain, Table::Bodies, &[vec![1]]).await, Ok(vec![None]));
    assert_eq!(store.get(Database::Chain, Table::Bodies, &[]).await, Ok(vec![]));
}

async fn what_was_committed_is_there_when_the_store_is_opened_again<S: Store>(
    open: &impl AsyncFn(&str) -> S,
) {
    const NAME: &str = "contract-again";
    let key = put(Table::Keys, b"k", b"secret");
    let strict = StoreBatch { durability: Durability::Strict, ..batch(Database::Wallet, vec![key]) };
    {
        let store = open(NAME).await;
        commit(&store, Database::Chain, vec![put(Table::ChainMeta, b"tip", b"1")]).await;
        assert_eq!(store.commit(&strict).await, Ok(()));
    }
    let store = open(NAME).await;
    assert_eq!(loaded(&store, Database::Chain).await, [record(Table::ChainMeta, b"tip", b"1")]);
    assert_eq!(loaded(&store, Database::Wallet).await, [record(Table::Keys, b"k", b"secret")]);
}

async fn ops_take_effect_in_order(store: &impl Store) {
    let ops = vec![
        put(Table::Coins, b"a", b"1"),
        Op::Clear { table: Table::Coins },
        put(Table::Coins, b"a", b"2"),
        put(Table::Coins, b"a", b"3"),
        put(Table::Coins, b"b", b"4"),
        delete(Table::Coins, b"b"),
        delete(Table::Coins, b"never there"),
    ];
    commit(store, Database::Chain, ops).await;
    assert_eq!(loaded(store, Database::Chain).await, [record(Table::Coins, b"a", b"3")], "the last op wins");
}

async fn clear_removes_one_table_only(store: &impl Store) {
    commit(store, Database::Chain, vec![put(Table::Coins, b"a", b"1"), put(Table::Index, b"a", b"2")]).await;
    commit(store, Database::Chain, vec![Op::Clear { table: Table::Coins }]).await;
    assert_eq!(loaded(store, Database::Chain).await, [record(Table::Index, b"a", b"2")]);
}

async fn bodies_are_read_on_demand_and_not_loaded(store: &impl Store) {
    let ops =
        vec![put(Table::Bodies, b"x", b"1"), put(Table::Undo, b"x", b"2"), put(Table::Bodies, b"y", b"3")];
    commit(store, Database::Chain, ops).await;
    assert_eq!(loaded(store, Database::Chain).await, []);
    let keys = [b"y".to_vec(), b"absent".to_vec(), b"x".to_vec()];
    let expected = vec![Some(b"3".to_vec()), None, Some(b"1".to_vec())];
    assert_eq!(
        store.get(Database::Chain, Table::Bodies, &keys).await,
        Ok(expected),
        "in the order of the keys"
    );
}

async fn records_are_loaded_in_the_order_of_their_keys(store: &impl Store) {
    let keys: [&[u8]; 5] = [b"b", b"", b"\xff", b"a\x00", b"a"];
    let ops = keys.iter().map(|key| put(Table::Coins, key, b"v")).collect();
    commit(store, Database::Chain, ops).await;
    let loaded: Vec<_> = loaded(store, Database::Chain).await.into_iter().map(|record| record.key).collect();
    assert_eq!(loaded, [b"".as_slice(), b"a", b"a\x00", b"b", b"\xff"], "keys sort as bytes");
}

async fn databases_do_not_see_each_other(store: &impl Store) {
    commit(store, Database::Peers, vec![put(Table::Bans, b"a", b"1")]).await;
    assert_eq!(loaded(store, Database::Wallet).await, []);
    let wrong = StoreError::WrongTable { database: Database::Wallet, table: Table::Bans };
    assert_eq!(store.get(Database::Wallet, Table::Bans, &[b"a".to_vec()]).await, Err(wrong));
}

async fn a_batch_that_fails_leaves_nothing(store: &impl Store) {
    commit(store, Database::Chain, vec![put(Table::Coins, b"old", b"1")]).await;
    let ops = vec![
        put(Table::Coins, b"new", b"2"),
        Op::Clear { table: Table::Coins },
        put(Table::Keys, b"not in this database", b"3"),
    ];
    assert!(store.commit(&batch(Database::Chain, ops)).await.is_err());
    assert_eq!(loaded(store, Database::Chain).await, [record(Table::Coins, b"old", b"1")], "all or nothing");
}

async fn any_bytes_are_a_key_and_a_value(store: &impl Store) {
    let all: Vec<u8> = (0..=255).collect();
    let ops = vec![put(Table::Bodies, &all, &all), put(Table::Bodies, b"empty", b"")];
    commit(store, Database::Chain, ops).await;
    let got = store.get(Database::Chain, Table::Bodies, &[all.clone(), b"empty".to_vec()]).await;
    assert_eq!(got, Ok(vec![Some(all), Some(vec![])]));
}

async fn a_batch_may_be_large(store: &impl Store) {
    let long = vec![7; 1 << 20];
    let mut ops: Vec<Op> = (0..2_000_u32).map(|n| put(Table::Coins, &n.to_be_bytes(), b"coin")).collect();
    ops.extend((0..4_u8).map(|n| put(Table::Bodies, &[n], &long)));
    commit(store, Database::Chain, ops).await;
    assert_eq!(loaded(store, Database::Chain).await.len(), 2_000);
    assert_eq!(store.get(Database::Chain, Table::Bodies, &[vec![3]]).await, Ok(vec![Some(long)]));
}

async fn commit(store: &impl Store, database: Database, ops: Vec<Op>) {
    assert_eq!(store.commit(&batch(database, ops)).await, Ok(()));
}

async fn loaded(store: &impl Store, database: Database) -> Vec<Record> {
    store.load(database).await.expect("a store that was opened can be read")
}

fn batch(database: Database, ops: Vec<Op>) -> StoreBatch {
    StoreBatch { id: BatchId(1), database, durability: Durability::Relaxed, ops }
}

fn put(table: Table, key: &[u8], value: &[u8]) -> Op {
    Op::Put { table, key: key.to_vec(), value: value.to_vec() }
}

fn delete(table: Table, key: &[u8]) -> Op {
    Op::Delete { table, key: key.to_vec() }
}

fn record(table: Table, key: &[u8], value: &[u8]) -> Record {
    Record { table, key: key.to_vec(), value: value.to_vec() }
}
