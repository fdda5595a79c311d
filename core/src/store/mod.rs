//! What a node keeps: batches of records in three databases, the trait that a store implements, the memory store,
//! and the contract suite that every store passes. Knows bytes and tables, nothing of what they mean.

mod batch;

pub use batch::{BatchId, Database, Durability, Op, Record, StoreBatch, Table};
