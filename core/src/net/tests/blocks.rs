//! Blocks, headers and transactions for tests, valid on regtest.

use crate::consensus::{Preset, bip34, merkle, witness};
use crate::net::message::{LocatorRequest, Message};
use crate::primitives::{
    Amount, Block, BlockHash, Header, Height, OutPoint, Script, Target, Transaction, TxIn, TxOut, Txid,
};
use std::sync::Arc;

/// When the first blocks are dated at the earliest.
const FIRST_TIME: u32 = 1_699_000_000;

/// A transaction like no other.
pub(in crate::net) fn transaction(number: u32) -> Arc<Transaction> {
    let input = TxIn::spending(OutPoint::new(Txid::from_bytes([number as u8; 32]), number));
    let output = TxOut { value: Amount::from_sat(1), script_pubkey: Script::new() };
    Arc::new(Transaction { version: 2, inputs: vec![input], outputs: vec![output], lock_time: 0 })
}

/// A block on any header, which meets regtest's target. Blocks of different `salt` differ.
pub(super) fn block_on(parent: &Header, height: u32, salt: u32) -> Block {
    let mut coinbase = TxIn::spending(OutPoint::NULL);
    let height_script = bip34::height_script(Height(height));
    coinbase.script_sig = height_script.push_int(i64::from(salt) + 1000);
    let output = TxOut { value: Amount::ZERO, script_pubkey: Script::from_bytes(vec![0x51]) };
    let transactions =
        vec![Transaction { version: 1, inputs: vec![coinbase], outputs: vec![output], lock_time: 0 }];
    let header = Header {
        version: 4,
        prev_blockhash: parent.block_hash(),
        merkle_root: merkle::block_root(&transactions).0,
        time: (parent.time + 1).max(FIRST_TIME),
        bits: parent.bits,
        nonce: 0,
    };
    Block { header: solve(header), transactions }
}

/// A block on the genesis block with these transactions after its coinbase, whether they are valid or not.
pub(in crate::net) fn block_of(transactions: &[Transaction]) -> Block {
    with_transactions(block_on(&Preset::Regtest.genesis().header, 1, 0), transactions)
}

/// The block with these transactions after its coinbase, which commits to their witnesses.
pub(super) fn with_transactions(mut block: Block, transactions: &[Transaction]) -> Block {
    block.transactions.extend_from_slice(transactions);
    let reserved = [0; 32];
    let commitment = witness::commitment(&block.transactions, &reserved);
    let script = [&witness::COMMITMENT_HEADER[..], &commitment].concat();
    let coinbase = &mut block.transactions[0];
    coinbase.outputs.push(TxOut { value: Amount::ZERO, script_pubkey: Script::from_bytes(script) });
    coinbase.inputs[0].witness = vec![reserved.to_vec()];
    block.header.merkle_root = merkle::block_root(&block.transactions).0;
    block.header = solve(block.header);
    block
}

/// Spends the coinbase of one of the lab's blocks, as anybody can a hundred blocks later; as large as a payment is.
pub(super) fn spend(block: &Block) -> Arc<Transaction> {
    let input = TxIn::spending(OutPoint::new(block.transactions[0].txid(), 0));
    let output = TxOut { value: Amount::ZERO, script_pubkey: Script::from_bytes(vec![0x51; 130]) };
    Arc::new(Transaction { version: 2, inputs: vec![input], outputs: vec![output], lock_time: 0 })
}

pub(super) fn solve(mut header: Header) -> Header {
    let target = Target::from_compact(header.bits).expect("a target");
    while !target.is_met_by(&header.block_hash()) {
        header.nonce += 1;
    }
    header
}

/// A chain of blocks on regtest's genesis.
pub(super) fn branch(length: u32, salt: u32) -> Vec<Block> {
    extend(&Preset::Regtest.genesis().header, 0, length, salt)
}

/// A chain of blocks on any header.
pub(super) fn extend(parent: &Header, height: u32, length: u32, salt: u32) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for above in 1..=length {
        let parent = blocks.last().map_or(parent, |block| &block.header);
        blocks.push(block_on(parent, height + above, salt));
    }
    blocks
}

/// The hashes of blocks.
pub(super) fn hashes(blocks: &[Block]) -> Vec<BlockHash> {
    blocks.iter().map(Block::block_hash).collect()
}

/// The headers of blocks.
pub(super) fn headers(blocks: &[Block]) -> Message {
    Message::Headers(blocks.iter().map(|block| block.header).collect())
}

/// Asks for the blocks after a locator.
pub(super) fn getblocks(locator: &[BlockHash]) -> Message {
    Message::GetBlocks(LocatorRequest { version: 70_016, locator: locator.to_vec(), stop: BlockHash::ZERO })
}
