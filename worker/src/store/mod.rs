//! Where a worker keeps its node: IndexedDB, or memory where the browser has none (private windows of some).

mod indexed;

pub use indexed::{IndexedStore, Lease};
use terrarium_core::store::{Database, MemoryStore, Record, Store, StoreBatch, StoreError, Table, Values};

/// Either store.
#[derive(Clone, Debug)]
pub enum NodeStore {
    /// Survives the page.
    Indexed(IndexedStore),
    /// Gone with the worker.
    Memory(MemoryStore),
}

impl Store for NodeStore {
    async fn load(&self, database: Database) -> Result<Vec<Record>, StoreError> {
        match self {
            Self::Indexed(store) => store.load(database).await,
            Self::Memory(store) => store.load(database).await,
        }
    }

    async fn commit(&self, batch: &StoreBatch) -> Result<(), StoreError> {
        match self {
            Self::Indexed(store) => store.commit(batch).await,
            Self::Memory(store) => store.commit(batch).await,
        }
    }

    async fn get(&self, database: Database, table: Table, keys: &[Vec<u8>]) -> Result<Values, StoreError> {
        match self {
            Self::Indexed(store) => store.get(database, table, keys).await,
            Self::Memory(store) => store.get(database, table, keys).await,
        }
    }
}
