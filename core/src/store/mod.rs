//! What a node keeps: batches of records in three databases, the trait that a store implements, the memory store,
//! and the contract suite that every store passes. Knows bytes and tables, nothing of what they mean.

mod batch;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod error;
mod memory;
pub mod record;

use std::future::Future;

pub use batch::{BatchId, Database, Durability, Op, Record, StoreBatch, Table, Values};
pub use error::StoreError;
pub use memory::MemoryStore;

/// Where a node's three databases live. An implementation passes the contract suite (feature `contract`).
pub trait Store {
    /// Every record of the database's eager tables, table by table, each in the order of its keys.
    fn load(&self, database: Database) -> impl Future<Output = Result<Vec<Record>, StoreError>>;

    /// Writes a batch whole or not at all; when it returns, the batch is as safe as its durability asks.
    fn commit(&self, batch: &StoreBatch) -> impl Future<Output = Result<(), StoreError>>;

    /// Reads records of one table.
    fn get(
        &self,
        database: Database,
        table: Table,
        keys: &[Vec<u8>],
    ) -> impl Future<Output = Result<Values, StoreError>>;
}
