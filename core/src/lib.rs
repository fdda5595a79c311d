//! Terrarium's node as a pure state machine: Bitcoin's formats, rules and protocol without any I/O.
//!
//! Nothing in this crate reads a clock, draws a random number, opens a file or calls JavaScript: time, entropy and
//! bytes come in as arguments and go out as values, so that the same inputs give the same outputs on every machine.
//! Read the folders from [`primitives`] upwards: `primitives`, `encode`, `crypto`, `script`, `consensus`, `spv`, `store`,
//! `interface`, `chain`, `mempool`, `mining`, `wallet`, `net`, `node`, `transport`; none knows one that comes after it.
//! [`collections`] is a crate of its own, for all of them.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(any(test, feature = "contract"))]
mod bound;
pub mod chain;
#[cfg(any(test, feature = "contract"))]
mod choices;
pub mod consensus;
pub mod cost;
pub mod crypto;
pub mod encode;
#[cfg(any(test, feature = "contract"))]
pub mod fuzz;
pub mod interface;
pub mod mempool;
pub mod mining;
pub mod net;
pub mod node;
pub mod primitives;
pub mod script;
pub mod spv;
pub mod store;
pub mod time;
pub mod transport;
pub mod wallet;

pub use terrarium_collections as collections;
