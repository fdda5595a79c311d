//! Why a store refuses.

use super::{Database, Table};

/// Why a read or a write failed; of a failed write nothing is stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The table belongs to another database.
    #[error("table {} is not in database {database:?}", table.name())]
    WrongTable {
        /// The database of the batch or the read.
        database: Database,
        /// The table.
        table: Table,
    },
    /// The store has no room left; the text is its own.
    #[error("storage is full: {0}")]
    Full(String),
    /// Somebody else owns the node's data now.
    #[error("another tab owns this node's data")]
    NotOwner,
    /// Anything else; the text is the store's own.
    #[error("storage failed: {0}")]
    Failed(String),
}
