//! Blocks and transactions as the page's views show them.

use super::rpc::block::confirmations;
use super::rpc::transaction::{address, transaction_hex};
use crate::chain::{BlockIndexEntry, Chainstate};
use crate::consensus::NetworkParams;
use crate::crypto::{Address, AddressParams};
use crate::encode::{Encode, hex, serialize};
use crate::interface::{BlockDetail, BlockSummary, InputDetail, OutputDetail, TransactionDetail};
use crate::primitives::{Block, BlockHash, Height, Transaction, TxIn, TxOut};

/// A block in short.
pub(super) fn block_summary(block: &Block, height: Height, params: &NetworkParams) -> BlockSummary {
    BlockSummary {
        hash: block.block_hash(),
        previous: block.header.prev_blockhash,
        height,
        time: block.header.time,
        transactions: block.transactions.len(),
        miner: miner(block, params),
    }
}

/// The address that a block's coinbase pays, where it pays one.
fn miner(block: &Block, params: &NetworkParams) -> Option<String> {
    let outputs = &block.transactions.first()?.outputs;
    let address = outputs.iter().find_map(|output| Address::from_script(&output.script_pubkey))?;
    Some(address.to_text(&params.address))
}

/// A block with everything; none if its header is not known.
pub(super) fn block_detail(chain: &Chainstate, block: &Block) -> Option<BlockDetail> {
    let hash = block.block_hash();
    let height = chain.entry(&hash)?.height;
    let place = Some((hash, height));
    let params = chain.params();
    Some(BlockDetail {
        summary: block_summary(block, height, params),
        size: block.encoded_len(),
        transactions: block.transactions.iter().map(|tx| transaction_detail(chain, tx, place)).collect(),
        hex: hex::encode(&serialize(block)),
        ..header_detail(chain, &hash)?
    })
}

/// A block in short as far as its header tells.
pub(super) fn header_summary(entry: &BlockIndexEntry) -> BlockSummary {
    BlockSummary {
        hash: entry.hash,
        previous: entry.header.prev_blockhash,
        height: entry.height,
        time: entry.header.time,
        transactions: entry.n_tx as usize,
        miner: None,
    }
}

/// A block of which this node has the header alone; none if not even that.
pub(super) fn header_detail(chain: &Chainstate, hash: &BlockHash) -> Option<BlockDetail> {
    let entry = chain.entry(hash)?;
    let header = entry.header;
    Some(BlockDetail {
        summary: header_summary(entry),
        active: confirmations(chain, hash) > 0,
        version: header.version,
        merkle_root: header.merkle_root.to_string(),
        bits: header.bits.0,
        nonce: header.nonce,
        size: 0,
        transactions: Vec::new(),
        hex: String::new(),
    })
}

/// A transaction with everything, and the block that confirmed it.
pub(super) fn transaction_detail(
    chain: &Chainstate,
    tx: &Transaction,
    block: Option<(BlockHash, Height)>,
) -> TransactionDetail {
    let is_coinbase = tx.is_coinbase();
    TransactionDetail {
        txid: tx.txid(),
        block,
        version: tx.version as u32,
        lock_time: tx.lock_time,
        inputs: tx.inputs.iter().map(|txin| input_detail(txin, is_coinbase)).collect(),
        outputs: tx.outputs.iter().map(|txout| output_detail(txout, &chain.params().address)).collect(),
        hex: transaction_hex(tx),
    }
}

fn input_detail(txin: &TxIn, is_coinbase: bool) -> InputDetail {
    let script = hex::encode(txin.script_sig.as_bytes());
    let spent = txin.previous_output;
    match is_coinbase {
        true => InputDetail::NewCoins { script },
        false => InputDetail::Spends { txid: spent.txid, vout: spent.vout, script },
    }
}

fn output_detail(txout: &TxOut, params: &AddressParams) -> OutputDetail {
    OutputDetail {
        value: txout.value,
        address: address(&txout.script_pubkey, params),
        script: txout.script_pubkey.to_string(),
    }
}
