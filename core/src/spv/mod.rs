//! What light nodes ask of others, and what full nodes answer them with: proofs that a transaction is in a block, and
//! the filters that say which are wanted (BIP37) or which a block has (BIP158). Knows primitives, encode, script's templates and the merkle rule;
//! nothing of peers or chains.

mod block_filter;
mod bloom;
mod merkle_block;
mod siphash;

pub use block_filter::BlockFilter;
pub use bloom::{BloomFilter, BloomUpdate, MAX_BLOOM_FILTER_SIZE, MAX_HASH_FUNCS};
pub(crate) use siphash::siphash;

pub use merkle_block::{MerkleBlock, MerkleProofError, ProvenTransactions};
