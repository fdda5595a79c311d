//! Proofs for those who keep headers alone: that a transaction is in a block (BIP37's partial merkle tree). Knows
//! primitives, encode and the merkle rule; nothing of peers or chains.

mod merkle_block;

pub use merkle_block::{MerkleBlock, MerkleProofError, ProvenTransactions};
