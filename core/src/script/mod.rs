//! Bitcoin's script: opcodes, templates, signature hashes and the machine that executes it.
//!
//! Knows primitives, encode and crypto. The machine is complete for what is not taproot: bare scripts, BIP16's and
//! version 0 witnesses; version 1 programs succeed, as they do where taproot is not active.

mod build;
mod checker;
mod error;
mod flags;
pub mod interpreter;
mod num;
mod opcode;
pub mod sighash;
pub mod sign;
pub mod standard;
mod verify;

pub use build::{Instruction, Instructions, TruncatedPush};
pub(crate) use checker::DeferredChecks;
pub use checker::{
    LOCKTIME_THRESHOLD, SEQUENCE_LOCKTIME_DISABLE_FLAG, SEQUENCE_LOCKTIME_MASK, SEQUENCE_LOCKTIME_TYPE_FLAG,
    SigVersion, SignatureChecker, TransactionSignatureChecker,
};
pub use error::ScriptError;
pub use flags::VerifyFlags;
pub use num::{MAX_NUM_SIZE, NumEncoding, ScriptNum};
pub use opcode::Opcode;
pub use sighash::{PrecomputedTransactionData, SighashType};
pub use verify::verify_script;

/// The most bytes of a script that is executed.
pub const MAX_SCRIPT_SIZE: usize = 10_000;

/// The most bytes of an item that a script pushes.
pub const MAX_SCRIPT_ELEMENT_SIZE: usize = 520;
