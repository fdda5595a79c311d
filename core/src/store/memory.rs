//! The store that forgets: for tests, the simulator, and browsers without IndexedDB.

use super::{Database, Op, Record, Store, StoreBatch, StoreError, Table, Values};
use crate::collections::BTreeMap;
use std::cell::RefCell;
use std::rc::Rc;

/// A store in memory. Clones share what is stored, so that a node can be opened again after its death.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    /// Bounded by the node, which stops by name when it holds too much.
    tables: BTreeMap<Table, BTreeMap<Vec<u8>, Vec<u8>>>,
    /// Writes that still succeed before all fail, where a test said so.
    writes_left: Option<u64>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets `writes` more batches succeed and refuses all later ones, as a full disk or a kill would.
    pub fn fail_after(&self, writes: u64) {
        self.0.borrow_mut().writes_left = Some(writes);
    }

    /// Takes writes again.
    pub fn recover(&self) {
        self.0.borrow_mut().writes_left = None;
    }

    /// [`Store::commit`], at once.
    ///
    /// # Errors
    /// A table of another database, or the failure that was asked for; then nothing is changed.
    pub fn apply(&self, batch: &StoreBatch) -> Result<(), StoreError> {
        self.take(batch.clone())
    }

    /// As [`MemoryStore::apply`], for who needs the batch no more.
    ///
    /// # Errors
    /// The same.
    pub fn take(&self, batch: StoreBatch) -> Result<(), StoreError> {
        batch.check()?;
        let mut state = self.0.borrow_mut();
        match &mut state.writes_left {
            Some(0) => return Err(StoreError::Full("the test's quota is reached".to_owned())),
            Some(left) => *left -= 1,
            None => {}
        }
        for op in batch.ops {
            let table = state.tables.entry(op.table()).or_default();
            match op {
                Op::Put { key, mut value, .. } => {
                    value.shrink_to_fit();
                    table.insert(key, value);
                }
                Op::Delete { key, .. } => drop(table.remove(&key)),
                Op::Clear { .. } => table.clear(),
            }
        }
        Ok(())
    }

    /// [`Store::load`], at once.
    pub fn records(&self, database: Database) -> Vec<Record> {
        let state = self.0.borrow();
        let eager = Table::of(database).iter().filter(|table| table.is_eager());
        let stored = eager.filter_map(|table| state.tables.get(table).map(|records| (*table, records)));
        stored
            .flat_map(|(table, records)| {
                records.iter().map(move |(key, value)| Record {
                    table,
                    key: key.clone(),
                    value: value.clone(),
                })
            })
            .collect()
    }

    /// [`Store::get`], at once.
    ///
    /// # Errors
    /// A table of another database.
    pub fn lookup(&self, database: Database, table: Table, keys: &[Vec<u8>]) -> Result<Values, StoreError> {
        database.check(table)?;
        let state = self.0.borrow();
        let records = state.tables.get(&table);
        Ok(keys.iter().map(|key| records.and_then(|records| records.get(key)).cloned()).collect())
    }
}

impl Store for MemoryStore {
    async fn load(&self, database: Database) -> Result<Vec<Record>, StoreError> {
        Ok(self.records(database))
    }

    async fn commit(&self, batch: &StoreBatch) -> Result<(), StoreError> {
        self.apply(batch)
    }

    async fn get(&self, database: Database, table: Table, keys: &[Vec<u8>]) -> Result<Values, StoreError> {
        self.lookup(database, table, keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{BatchId, Durability, contract};
    use std::task::{Context, Poll, Waker};

    /// Runs a future that never waits.
    fn now<T>(future: impl Future<Output = T>) -> T {
        match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the memory store never waits"),
        }
    }

    #[test]
    fn the_memory_store_keeps_the_contract() {
        let stores = RefCell::new(BTreeMap::<String, MemoryStore>::new());
        now(contract::run(async |name: &str| {
            stores.borrow_mut().entry(name.to_owned()).or_default().clone()
        }));
    }

    #[test]
    fn a_store_told_to_fail_keeps_what_it_had() {
        let store = MemoryStore::new();
        let put = |key: u8| StoreBatch {
            id: BatchId(u64::from(key)),
            database: Database::Chain,
            durability: Durability::Relaxed,
            ops: vec![Op::Put { table: Table::Coins, key: vec![key], value: vec![key] }],
        };
        store.fail_after(1);
        assert_eq!(store.apply(&put(1)), Ok(()));
        assert!(matches!(store.apply(&put(2)), Err(StoreError::Full(_))));
        assert_eq!(store.records(Database::Chain).len(), 1);
        store.recover();
        assert_eq!(store.apply(&put(2)), Ok(()));
    }
}
