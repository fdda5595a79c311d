//! The unit of change: a batch is committed whole or not at all.
#![allow(
    missing_docs,
    reason = "a variant's doc names its fields; each on its own would only repeat the name"
)]

use super::StoreError;
use serde::Deserialize;

/// Which of a node's databases; each is named after the node as the seeds name their files (`blockchain_3000`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Database {
    /// Blocks, undo data, index, coins, tip; what waits for a block.
    Chain,
    /// Keys and the wallet's own transactions.
    Wallet,
    /// Addresses of other nodes, bans.
    Peers,
}

impl Database {
    /// The three of a node.
    pub const ALL: [Self; 3] = [Self::Chain, Self::Wallet, Self::Peers];

    /// That a table is one of this database's.
    ///
    /// # Errors
    /// It is another's.
    pub fn check(self, table: Table) -> Result<(), StoreError> {
        match Table::of(self).contains(&table) {
            true => Ok(()),
            false => Err(StoreError::WrongTable { database: self, table }),
        }
    }
}

/// The tables. One IndexedDB object store each; keys are bytes and sort as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum Table {
    /// Chain: parameters, genesis, tip. Loaded when a node opens, as are the others but for bodies and undo data.
    ChainMeta,
    /// Chain: headers and status, many to a record.
    Index,
    /// Chain: unspent outputs by outpoint.
    Coins,
    /// Chain: block bodies, small ones many to a record; read on demand.
    Bodies,
    /// Chain: undo data, like bodies; read on demand.
    Undo,
    /// Chain: transactions that wait for a block of it.
    Mempool,
    /// Wallet: keys and labels.
    Keys,
    /// Wallet: its transactions.
    WalletTransactions,
    /// Wallet: the last block scanned, the mining address, counters.
    WalletMeta,
    /// Peers: addresses of other nodes.
    Addresses,
    /// Peers: bans.
    Bans,
}

impl Table {
    /// Every table of a database, in schema order.
    pub const fn of(database: Database) -> &'static [Table] {
        match database {
            Database::Chain => {
                &[Table::ChainMeta, Table::Index, Table::Coins, Table::Bodies, Table::Undo, Table::Mempool]
            }
            Database::Wallet => &[Table::Keys, Table::WalletTransactions, Table::WalletMeta],
            Database::Peers => &[Table::Addresses, Table::Bans],
        }
    }

    /// Whether its records are loaded when a node opens; the others are read on demand.
    pub const fn is_eager(self) -> bool {
        !matches!(self, Table::Bodies | Table::Undo)
    }

    /// Its name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Table::ChainMeta => "chain_meta",
            Table::Index => "index",
            Table::Coins => "coins",
            Table::Bodies => "bodies",
            Table::Undo => "undo",
            Table::Mempool => "mempool",
            Table::Keys => "keys",
            Table::WalletTransactions => "wallet_transactions",
            Table::WalletMeta => "wallet_meta",
            Table::Addresses => "addresses",
            Table::Bans => "bans",
        }
    }
}

/// How safely a batch must be written before it counts as committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It survives the process; a power cut may lose it.
    Relaxed,
    /// It survives a power cut: keys.
    Strict,
}

/// Names a batch; counts up within a node's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct BatchId(pub u64);

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Writes a record, over an older one of the same key.
    Put { table: Table, key: Vec<u8>, value: Vec<u8> },
    /// Removes a record; none of that key is no error.
    Delete { table: Table, key: Vec<u8> },
    /// Removes all records of a table.
    Clear { table: Table },
}

impl Op {
    /// The table that it changes.
    pub const fn table(&self) -> Table {
        match self {
            Op::Put { table, .. } | Op::Delete { table, .. } | Op::Clear { table } => *table,
        }
    }
}

/// Writes that take effect together, in order, in one readwrite transaction on one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreBatch {
    /// Names it in `BatchCommitted` and `BatchFailed`.
    pub id: BatchId,
    /// The database.
    pub database: Database,
    /// How safely.
    pub durability: Durability,
    /// The writes, in order.
    pub ops: Vec<Op>,
}

impl StoreBatch {
    /// That all its writes are to tables of its database.
    ///
    /// # Errors
    /// One is not.
    pub fn check(&self) -> Result<(), StoreError> {
        self.ops.iter().try_for_each(|op| self.database.check(op.table()))
    }
}

/// The values of keys that were asked for, in their order; none where there is no such record.
pub type Values = Vec<Option<Vec<u8>>>;

/// One stored record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Record {
    /// Its table.
    pub table: Table,
    /// Its key.
    #[serde(deserialize_with = "crate::encode::hex::from_text")]
    pub key: Vec<u8>,
    /// Its value: schema version, payload, checksum (see `store::record`).
    #[serde(deserialize_with = "crate::encode::hex::from_text")]
    pub value: Vec<u8>,
}
