//! Checks of transactions and blocks that need no coins: form alone, and form at a place in the chain.

use crate::collections::BTreeSet;
use std::sync::Arc;

use super::error::{BlockError, TxError};
use super::locktime::is_final_tx;
use super::params::ConsensusParams;
use super::{bip34, merkle, pow, sigops, witness};
use crate::primitives::{
    Amount, Block, BlockHash, Height, OutPoint, Transaction, Txid, WITNESS_SCALE_FACTOR,
};

/// The most that a block may weigh (Core's `MAX_BLOCK_WEIGHT`).
pub const MAX_BLOCK_WEIGHT: usize = 4_000_000;

/// The most that a block's signature operations may cost (Core's `MAX_BLOCK_SIGOPS_COST`).
pub const MAX_BLOCK_SIGOPS_COST: usize = 80_000;

/// Bytes that a coinbase's input script may have.
const COINBASE_SCRIPT_LENGTH: std::ops::RangeInclusive<usize> = 2..=100;

/// A block that has passed [`check_block`]: its header has the work, and its transactions are well formed and those
/// that the header commits to. Whether it may join a chain is a matter of the chain.
#[derive(Clone, Debug)]
pub struct CheckedBlock {
    block: Arc<Block>,
    hash: BlockHash,
    txids: Vec<Txid>,
}

impl CheckedBlock {
    /// A block that was checked before it was stored, read back under a checksum.
    pub(crate) fn from_store(block: Block) -> Self {
        let txids = block.transactions.iter().map(Transaction::txid).collect();
        Self { hash: block.block_hash(), txids, block: Arc::new(block) }
    }

    /// The block.
    pub fn block(&self) -> &Arc<Block> {
        &self.block
    }

    /// The block's hash.
    pub const fn hash(&self) -> BlockHash {
        self.hash
    }

    /// The ids of its transactions, in order.
    pub fn txids(&self) -> &[Txid] {
        &self.txids
    }

    /// Transactions with their ids, in order.
    pub fn transactions(&self) -> impl Iterator<Item = (&Transaction, &Txid)> {
        self.block.transactions.iter().zip(&self.txids)
    }
}

/// Checks a transaction's form (Core's `CheckTransaction`).
pub fn check_transaction(tx: &Transaction) -> Result<(), TxError> {
    if tx.inputs.is_empty() {
        return Err(TxError::NoInputs);
    }
    if tx.outputs.is_empty() {
        return Err(TxError::NoOutputs);
    }
    let size = tx.stripped_size();
    if size * WITNESS_SCALE_FACTOR > MAX_BLOCK_WEIGHT {
        return Err(TxError::Oversize(size));
    }
    check_outputs(tx)?;
    check_inputs(tx)
}

fn check_outputs(tx: &Transaction) -> Result<(), TxError> {
    let mut total = Amount::ZERO;
    for output in &tx.outputs {
        if output.value < Amount::ZERO {
            return Err(TxError::NegativeOutput(output.value));
        }
        if !output.value.is_money_range() {
            return Err(TxError::OutputTooLarge(output.value));
        }
        total = total
            .checked_add(output.value)
            .filter(|sum| sum.is_money_range())
            .ok_or(TxError::OutputTotalTooLarge)?;
    }
    Ok(())
}

fn check_inputs(tx: &Transaction) -> Result<(), TxError> {
    if let Some(twice) = duplicate_input(tx) {
        return Err(TxError::DuplicateInput(twice));
    }
    if tx.is_coinbase() {
        let length = tx.inputs[0].script_sig.len();
        if !COINBASE_SCRIPT_LENGTH.contains(&length) {
            return Err(TxError::CoinbaseScriptLength(length));
        }
    } else if tx.inputs.iter().any(|input| input.previous_output.is_null()) {
        return Err(TxError::NullInput);
    }
    Ok(())
}

/// An outpoint that two inputs spend (CVE-2018-17144).
fn duplicate_input(tx: &Transaction) -> Option<OutPoint> {
    if tx.inputs.len() < 2 {
        return None;
    }
    let mut seen = BTreeSet::new();
    tx.inputs.iter().map(|input| input.previous_output).find(|outpoint| !seen.insert(*outpoint))
}

/// Checks a block by itself: work, merkle root, size, coinbase, every transaction's form, signature operations
/// (Core's `CheckBlock`). The transactions come last: they are only worth a look once the header commits to them.
pub fn check_block(block: Arc<Block>, consensus: &ConsensusParams) -> Result<CheckedBlock, BlockError> {
    let hash = block.block_hash();
    pow::check_proof_of_work(&block.header, hash, consensus)?;
    let txids = check_merkle_root(&block)?;
    let size = block.stripped_size();
    if block.transactions.is_empty() || size * WITNESS_SCALE_FACTOR > MAX_BLOCK_WEIGHT {
        return Err(BlockError::Length { transactions: block.transactions.len(), size });
    }
    if !block.transactions[0].is_coinbase() {
        return Err(BlockError::CoinbaseMissing);
    }
    if block.transactions[1..].iter().any(Transaction::is_coinbase) {
        return Err(BlockError::CoinbaseMultiple);
    }
    for (tx, txid) in block.transactions.iter().zip(&txids) {
        check_transaction(tx).map_err(|error| BlockError::Transaction { txid: *txid, error })?;
    }
    let cost: usize = block.transactions.iter().map(sigops::legacy_cost).sum();
    if cost > MAX_BLOCK_SIGOPS_COST {
        return Err(BlockError::SigOps(cost));
    }
    Ok(CheckedBlock { block, hash, txids })
}

fn check_merkle_root(block: &Block) -> Result<Vec<Txid>, BlockError> {
    let txids: Vec<Txid> = block.transactions.iter().map(Transaction::txid).collect();
    let leaves: Vec<[u8; 32]> = txids.iter().map(|txid| *txid.as_bytes()).collect();
    let (found, mutated) = merkle::root(&leaves);
    let expected = block.header.merkle_root;
    if found != expected {
        return Err(BlockError::MerkleRoot { expected, found });
    }
    if mutated {
        return Err(BlockError::DuplicateTransactions);
    }
    Ok(txids)
}

/// Checks a block at its place: lock times, the height in its coinbase, witnesses, weight (Core's
/// `ContextualCheckBlock`). `median_time_past` is the parent's.
pub fn check_block_at(
    block: &CheckedBlock,
    height: Height,
    median_time_past: u32,
    consensus: &ConsensusParams,
) -> Result<(), BlockError> {
    let cutoff = if height >= consensus.csv_height { median_time_past } else { block.block.header.time };
    for (tx, txid) in block.transactions() {
        if !is_final_tx(tx, height, cutoff) {
            return Err(BlockError::Transaction { txid: *txid, error: TxError::NonFinal });
        }
    }
    if height >= consensus.bip34_height && !bip34::commits_to(&block.block.transactions[0], height) {
        return Err(BlockError::CoinbaseHeight(height));
    }
    witness::check_commitment(&block.block, height >= consensus.segwit_height)?;
    let weight = block.block.weight();
    if weight > MAX_BLOCK_WEIGHT {
        return Err(BlockError::Weight(weight));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::{MAX_MONEY, Script, TxIn, TxOut};

    fn output(satoshis: i64) -> TxOut {
        TxOut { value: Amount::from_sat(satoshis), script_pubkey: Script::new() }
    }

    fn outpoint(n: u8) -> OutPoint {
        OutPoint::new(Txid::from_bytes([n; 32]), 0)
    }

    fn transaction() -> Transaction {
        let inputs = vec![TxIn::spending(outpoint(1)), TxIn::spending(outpoint(2))];
        Transaction { version: 2, inputs, outputs: vec![output(1), output(2)], lock_time: 0 }
    }

    fn coinbase(script_length: usize) -> Transaction {
        let script_sig = Script::from_bytes(vec![0; script_length]);
        let input = TxIn { script_sig, ..TxIn::spending(OutPoint::NULL) };
        Transaction { inputs: vec![input], ..transaction() }
    }

    #[test]
    fn well_formed_transactions_pass() {
        for tx in [transaction(), coinbase(2), coinbase(100)] {
            assert_eq!(check_transaction(&tx), Ok(()));
        }
    }

    #[test]
    fn each_defect_of_a_transaction_has_cores_reject_reason() {
        type Change = fn(&mut Transaction);
        let max = MAX_MONEY.to_sat();
        assert_eq!(max, 2_100_000_000_000_000);
        let cases: [(Change, &str); 8] = [
            (|tx| tx.inputs.clear(), "bad-txns-vin-empty"),
            (|tx| tx.outputs.clear(), "bad-txns-vout-empty"),
            (|tx| tx.inputs[0].script_sig = Script::from_bytes(vec![0; 1_000_000]), "bad-txns-oversize"),
            (|tx| tx.outputs[0] = output(-1), "bad-txns-vout-negative"),
            (|tx| tx.outputs[0] = output(2_100_000_000_000_001), "bad-txns-vout-toolarge"),
            (|tx| tx.outputs[0] = output(2_100_000_000_000_000), "bad-txns-txouttotal-toolarge"),
            (|tx| tx.inputs[1] = TxIn::spending(outpoint(1)), "bad-txns-inputs-duplicate"),
            (|tx| tx.inputs[1] = TxIn::spending(OutPoint::NULL), "bad-txns-prevout-null"),
        ];
        for (change, reason) in cases {
            let mut tx = transaction();
            change(&mut tx);
            let error = check_transaction(&tx).expect_err(reason);
            assert_eq!(error.reject_reason(), reason);
            assert!(error.to_string().starts_with(reason), "{error}");
        }
        for length in [0, 1, 101] {
            assert_eq!(check_transaction(&coinbase(length)), Err(TxError::CoinbaseScriptLength(length)));
        }
    }
}
