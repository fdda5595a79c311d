//! Connecting a block to the coins and taking it off again. Pure functions over the coins: what a block's place is,
//! and who asked, is for the chainstate to know.

use super::coins::{Coin, CoinsCache};
use super::undo::BlockUndo;
use crate::consensus::check::{CheckedBlock, MAX_BLOCK_SIGOPS_COST};
use crate::consensus::locktime::SequenceLocks;
use crate::consensus::{BlockError, ConsensusParams, TxError, block_subsidy, sigops};
use crate::primitives::{Amount, Height, OutPoint, Transaction, Txid};
use crate::script::standard::is_unspendable;

/// Where a block is about to be connected.
pub(crate) struct Place<'a> {
    /// Its height.
    pub(crate) height: Height,
    /// Median time past of its parent.
    pub(crate) median_time_past: u32,
    /// Median time past of the block below a height of this branch.
    pub(crate) median_time_before: &'a dyn Fn(Height) -> u32,
    /// The rules.
    pub(crate) consensus: &'a ConsensusParams,
}

/// What connecting a block came to.
#[derive(Debug)]
pub(crate) struct ConnectedBlock {
    /// What it spent.
    pub(crate) undo: BlockUndo,
    /// The fees of its transactions.
    pub(crate) fees: Amount,
}

/// The undo data is not this block's, or the coins are not those after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UndoMismatch;

/// Moves the coins as `block` says, all scripts still unchecked (the first half of Core's `ConnectBlock`). If a rule
/// is broken the coins stay as they were.
pub(crate) fn connect_block(
    coins: &mut CoinsCache,
    block: &CheckedBlock,
    place: &Place<'_>,
) -> Result<ConnectedBlock, BlockError> {
    let mut undo = BlockUndo::default();
    let mut totals = Totals::default();
    for (done, (tx, txid)) in block.transactions().enumerate() {
        match connect_transaction(coins, tx, *txid, place, &mut totals) {
            Ok(spent) if done > 0 => undo.spent.push(spent),
            Ok(_) => {}
            Err(error) => {
                take_off(coins, block, undo, done);
                return Err(error);
            }
        }
    }
    if let Err(error) = check_coinbase_amount(block, totals.fees, place) {
        take_off(coins, block, undo, block.txids().len());
        return Err(error);
    }
    Ok(ConnectedBlock { undo, fees: totals.fees })
}

/// Takes the tip's block off the coins (Core's `DisconnectBlock`).
pub(crate) fn disconnect_block(
    coins: &mut CoinsCache,
    block: &CheckedBlock,
    undo: BlockUndo,
) -> Result<(), UndoMismatch> {
    let inputs = block.block().transactions.iter().skip(1).map(|tx| tx.inputs.len());
    if !inputs.eq(undo.spent.iter().map(Vec::len)) {
        return Err(UndoMismatch);
    }
    take_off(coins, block, undo, block.txids().len());
    Ok(())
}

/// The fees that `undo` shows for a block: what its transactions spent less what they made.
pub(crate) fn fees_of(block: &CheckedBlock, undo: &BlockUndo) -> Amount {
    let spent = undo.spent.iter().flatten().map(|coin| coin.output.value.to_sat());
    let made = block.block().transactions.iter().skip(1).flat_map(|tx| &tx.outputs);
    let made = made.map(|output| output.value.to_sat());
    Amount::from_sat(spent.fold(0, i64::saturating_add).saturating_sub(made.fold(0, i64::saturating_add)))
}

/// Sums over the transactions of a block.
#[derive(Default)]
struct Totals {
    fees: Amount,
    sigops: usize,
}

/// Connects one transaction whole or not at all, and gives what it spent.
fn connect_transaction(
    coins: &mut CoinsCache,
    tx: &Transaction,
    txid: Txid,
    place: &Place<'_>,
    totals: &mut Totals,
) -> Result<Vec<Coin>, BlockError> {
    let refuse = |error| BlockError::Transaction { txid, error };
    let coinbase = tx.is_coinbase();
    let spent = if coinbase { Vec::new() } else { find_coins(coins, tx).map_err(refuse)? };
    if !coinbase {
        let fee = check_inputs(tx, &spent, place).map_err(refuse)?;
        let fees = totals.fees.checked_add(fee).filter(|fees| fees.is_money_range());
        totals.fees = fees.ok_or(BlockError::AccumulatedFeeOutOfRange)?;
    }
    let outputs = spent.iter().map(|coin| &coin.output);
    totals.sigops += sigops::transaction_cost(tx, outputs, place.height, place.consensus);
    if totals.sigops > MAX_BLOCK_SIGOPS_COST {
        return Err(BlockError::SigOps(totals.sigops));
    }
    for input in tx.inputs.iter().filter(|_| !coinbase) {
        coins.spend(&input.previous_output);
    }
    add_outputs(coins, tx, txid, place.height);
    Ok(spent)
}

fn find_coins(coins: &CoinsCache, tx: &Transaction) -> Result<Vec<Coin>, TxError> {
    let find = |outpoint| coins.get(outpoint).cloned().ok_or(TxError::MissingInput(*outpoint));
    tx.inputs.iter().map(|input| find(&input.previous_output)).collect()
}

/// Checks a transaction against the coins that it spends, all but scripts, and gives its fee.
fn check_inputs(tx: &Transaction, spent: &[Coin], place: &Place<'_>) -> Result<Amount, TxError> {
    let fee = check_tx_inputs(tx, spent, place.height, place.consensus)?;
    if place.height >= place.consensus.csv_height {
        let heights = spent.iter().map(|coin| coin.height);
        let locks = SequenceLocks::of(tx, heights, place.median_time_before);
        if !locks.allow(place.height, place.median_time_past) {
            return Err(TxError::NonFinal);
        }
    }
    Ok(fee)
}

/// Checks that the coins are mature and cover the outputs, and gives the fee (Core's `CheckTxInputs`). `spent` are
/// the coins of the inputs in order, `height` is that of the block that the transaction is or would be in.
pub fn check_tx_inputs(
    tx: &Transaction,
    spent: &[Coin],
    height: Height,
    consensus: &ConsensusParams,
) -> Result<Amount, TxError> {
    let mut inputs = Amount::ZERO;
    for (input, coin) in tx.inputs.iter().zip(spent) {
        let depth = height.0.saturating_sub(coin.height.0);
        if coin.coinbase && depth < consensus.coinbase_maturity {
            return Err(TxError::ImmatureCoinbase { outpoint: input.previous_output, depth });
        }
        inputs = inputs
            .checked_add(coin.output.value)
            .filter(|sum| coin.output.value.is_money_range() && sum.is_money_range())
            .ok_or(TxError::InputValuesOutOfRange)?;
    }
    let outputs = tx.output_value().ok_or(TxError::OutputTotalTooLarge)?;
    match inputs.checked_sub(outputs) {
        Some(fee) if fee.is_money_range() => Ok(fee),
        _ => Err(TxError::InputsBelowOutputs { inputs, outputs }),
    }
}

fn check_coinbase_amount(block: &CheckedBlock, fees: Amount, place: &Place<'_>) -> Result<(), BlockError> {
    let subsidy = block_subsidy(place.height, place.consensus);
    let limit = subsidy.checked_add(fees).unwrap_or(Amount::ZERO);
    let actual = block.block().transactions.first().and_then(Transaction::output_value);
    let actual = actual.unwrap_or(Amount::ZERO);
    if actual > limit {
        return Err(BlockError::CoinbaseAmount { actual, limit });
    }
    Ok(())
}

fn add_outputs(coins: &mut CoinsCache, tx: &Transaction, txid: Txid, height: Height) {
    let coinbase = tx.is_coinbase();
    for (vout, output) in tx.outputs.iter().enumerate() {
        if !is_unspendable(&output.script_pubkey) {
            let coin = Coin { output: output.clone(), height, coinbase };
            coins.add(OutPoint::new(txid, vout as u32), coin);
        }
    }
}

/// Undoes the first `count` transactions of a block, the last of them first.
fn take_off(coins: &mut CoinsCache, block: &CheckedBlock, undo: BlockUndo, count: usize) {
    let mut spent = undo.spent.into_iter().rev();
    let transactions = block.block().transactions.iter().zip(block.txids()).enumerate().take(count);
    let transactions: Vec<_> = transactions.collect();
    for (n, (tx, txid)) in transactions.into_iter().rev() {
        for vout in 0..tx.outputs.len() {
            coins.spend(&OutPoint::new(*txid, vout as u32));
        }
        if n > 0 {
            let returned = spent.next().unwrap_or_default();
            for (input, coin) in tx.inputs.iter().zip(returned) {
                coins.add(input.previous_output, coin);
            }
        }
    }
}
