//! Bitcoin's data: amounts, hashes, targets, scripts as bytes, transactions, headers and blocks.
//!
//! Values only: what a block or a transaction must satisfy is in `consensus`, what a script means in `script`.

mod amount;
mod block;
mod hashes;
mod header;
mod height;
mod script;
mod target;
mod transaction;

pub use amount::{Amount, COIN, MAX_MONEY, ParseAmountError};
pub use block::Block;
pub use hashes::{BlockHash, FilterHash, FilterHeader, MerkleRoot, ParseHashError, Txid, Wtxid};
pub use header::Header;
pub use height::Height;
pub use script::Script;
pub use target::{CompactTarget, Target, TargetError, Work};
pub use transaction::{OutPoint, Transaction, TxIn, TxOut, WITNESS_SCALE_FACTOR};
