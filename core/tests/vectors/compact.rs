//! A compact block that was seen on testnet, and its block.

use libtest_mimic::Failed;
use terrarium_core::encode::{deserialize, serialize};
use terrarium_core::net::message::CompactBlock;
use terrarium_core::primitives::Block;

use crate::files;

pub(crate) fn testnet() -> Result<(), Failed> {
    let raw = files::bytes("bcoin/compact898352.raw");
    let compact: CompactBlock = deserialize(&raw)?;
    assert_eq!(serialize(&compact), raw);
    let block: Block = deserialize(&files::bytes("bcoin/block898352.raw"))?;
    assert_eq!(CompactBlock::new(&block, compact.nonce), compact);
    assert_eq!(compact.short_ids.len() + compact.prefilled.len(), block.transactions.len());
    Ok(())
}
