//! The chain: every header as a tree, the most-work branch as the active chain, the coins at its tip, and what it
//! takes to change branch; or, for a light node, the headers alone. Synchronous; what is not in memory is asked for by name and given back (`NeedRecords`).
//! Knows consensus and store's records; nothing of peers, mempool or wallets.

mod accept;
mod activate;
#[cfg(any(test, feature = "contract"))]
mod audit;
mod chainstate;
mod coins;
mod coins_log;
mod connect;
mod effects;
mod error;
pub mod file;
mod filters;
mod headers_only;
mod helpers;
mod index;
mod load;
mod pack;
mod persist;
mod prune;
mod records;
mod recovery;
mod script_batch;
mod script_check;
mod supply;
#[cfg(test)]
mod tests;
mod threshold;
mod tips;
mod undo;

pub use accept::{Accepted, BlockOutcome};
pub use activate::ActivateStep;
pub use chainstate::{Body, Chainstate, Keeps, MAX_HEADERS, MAX_SIDE_HEADERS, RecordKey};
pub use coins::{Coin, CoinLookup, CoinsCache, MAX_COINS};
pub use connect::check_tx_inputs;
pub use effects::{Connected, Disconnected, Effects, MAX_EFFECTS};
pub use error::{ChainError, LoadError};
pub use filters::StoredFilter;
pub use index::{BlockIndexEntry, BlockStatus, BranchEnd};
pub use load::LoadedChain;
pub use prune::MAX_SIDE_BODIES;
pub use script_batch::{FailedCheck, Verdict, decode_verdict, encode_verdict, verify_batch};
pub use script_check::{ScriptCache, block_script_flags, verify_input_scripts};
pub use supply::Supply;
pub use tips::{ChainTip, TipStatus};
pub use undo::BlockUndo;
