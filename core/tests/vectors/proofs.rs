//! Merkle proofs of real blocks.

use libtest_mimic::Failed;
use terrarium_core::encode::{deserialize, hex, serialize};
use terrarium_core::primitives::Block;
use terrarium_core::spv::MerkleBlock;

use crate::files;

/// rust-bitcoin's merkleblock of mainnet's block 13b8a: it verifies, and is the one that the block gives.
pub(crate) fn merkle_block() -> Result<(), Failed> {
    let bytes = hex::decode(files::text("rust-bitcoin/merkle_block.hex").trim())?;
    let proof: MerkleBlock = deserialize(&bytes)?;
    let proven = proof.verify()?;
    assert_eq!(proven.matches.len(), 1);
    let block: Block = deserialize(&hex::decode(files::text("rust-bitcoin/block_13b8a.hex").trim())?)?;
    let ours = MerkleBlock::new(&block, |txid| proven.matches.iter().any(|(_, proven)| proven == txid));
    assert_eq!(serialize(&ours), bytes);
    Ok(())
}
