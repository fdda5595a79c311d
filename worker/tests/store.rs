//! The store contract in a real browser's worker, over IndexedDB and over memory.
#![cfg(target_arch = "wasm32")]

use js_sys::{Function, Promise};
use std::cell::RefCell;
use std::collections::BTreeMap;
use terrarium_core::interface::NodeId;
use terrarium_core::store::{
    BatchId, Database, Durability, MemoryStore, Op, Store, StoreBatch, StoreError, Table, contract,
};
use terrarium_worker::store::{IndexedStore, NodeStore};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const NODE: NodeId = NodeId(3000);

/// A lab that no earlier run has left anything in.
fn fresh(name: &str) -> String {
    format!("{name}-{}", js_sys::Date::now())
}

async fn indexed(lab: &str) -> IndexedStore {
    IndexedStore::open(lab, NODE).await.expect("IndexedDB opens")
}

fn write(key: u8) -> StoreBatch {
    StoreBatch {
        id: BatchId(1),
        database: Database::Chain,
        durability: Durability::Relaxed,
        ops: vec![Op::Put { table: Table::Coins, key: vec![key], value: vec![key] }],
    }
}

#[wasm_bindgen_test]
async fn indexed_db_keeps_the_contract() {
    let suffix = fresh("");
    contract::run(async |name: &str| NodeStore::Indexed(indexed(&format!("{name}{suffix}")).await)).await;
}

#[wasm_bindgen_test]
async fn indexed_db_under_a_lease_keeps_the_contract() {
    let suffix = fresh("-lease");
    contract::run(async |name: &str| {
        let mut store = indexed(&format!("{name}{suffix}")).await;
        assert_eq!(store.claim("one tab").await, Ok(true));
        store
    })
    .await;
}

#[wasm_bindgen_test]
async fn memory_keeps_the_contract() {
    let stores = RefCell::new(BTreeMap::<String, MemoryStore>::new());
    contract::run(async |name: &str| {
        NodeStore::Memory(stores.borrow_mut().entry(name.to_owned()).or_default().clone())
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_lease_that_is_held_is_refused_to_others_until_it_is_released() {
    let lab = fresh("held");
    let (mut first, mut second) = (indexed(&lab).await, indexed(&lab).await);
    assert_eq!(first.claim("first tab").await, Ok(true));
    assert_eq!(second.claim("second tab").await, Ok(false));
    assert_eq!(first.release().await, Ok(()));
    assert_eq!(second.claim("second tab").await, Ok(true));
}

#[wasm_bindgen_test]
async fn who_lost_the_lease_writes_nothing_more() {
    let lab = fresh("lost");
    let (mut old, mut new) = (indexed(&lab).await, indexed(&lab).await);
    assert_eq!(old.claim("the same tab").await, Ok(true));
    assert_eq!(old.commit(&write(1)).await, Ok(()));
    assert_eq!(new.claim("the same tab").await, Ok(true), "an owner may start again");
    assert_eq!(old.commit(&write(2)).await, Err(StoreError::NotOwner));
    assert_eq!(old.renew().await, Err(StoreError::NotOwner));
    assert_eq!(new.commit(&write(3)).await, Ok(()));
    let keys: Vec<_> =
        new.load(Database::Chain).await.expect("it reads").into_iter().map(|record| record.key).collect();
    assert_eq!(keys, [[1], [3]]);
}

#[wasm_bindgen_test]
async fn nodes_and_labs_do_not_share_databases() {
    let (one, other) = (fresh("one"), fresh("other"));
    assert_eq!(indexed(&one).await.commit(&write(1)).await, Ok(()));
    assert_eq!(indexed(&other).await.load(Database::Chain).await, Ok(vec![]));
    let neighbour = IndexedStore::open(&one, NodeId(3001)).await.expect("IndexedDB opens");
    assert_eq!(neighbour.load(Database::Chain).await, Ok(vec![]));
}

#[wasm_bindgen_test]
async fn what_is_not_made_of_bytes_is_damaged_and_loses_nothing_else() {
    let lab = fresh("foreign");
    let store = indexed(&lab).await;
    assert_eq!(store.commit(&write(2)).await, Ok(()));
    // As any script of the origin can: a value of another kind, and one under a key of another kind.
    let put = Function::new_with_args(
        "name, table",
        "return new Promise((done, failed) => {
            const open = indexedDB.open(name);
            open.onerror = failed;
            open.onsuccess = () => {
                const transaction = open.result.transaction(table, 'readwrite');
                transaction.objectStore(table).put('no bytes', new Uint8Array([1]));
                transaction.objectStore(table).put(new Uint8Array([1]), 'no bytes');
                transaction.oncomplete = () => (open.result.close(), done());
                transaction.onabort = failed;
            };
        })",
    );
    let name = format!("terrarium/{lab}/blockchain_{NODE}");
    let done = put.call2(&JsValue::NULL, &name.into(), &Table::Coins.name().into()).expect("a promise");
    JsFuture::from(Promise::from(done)).await.expect("both are put");
    let records = store.load(Database::Chain).await.expect("it reads");
    let read: Vec<_> = records.into_iter().map(|record| (record.key, record.value)).collect();
    assert_eq!(read, [(vec![1], vec![]), (vec![2], vec![2])]);
    let got = store.get(Database::Chain, Table::Coins, &[vec![1], vec![2], vec![3]]).await;
    assert_eq!(got, Ok(vec![Some(vec![]), Some(vec![2]), None]));
}
