//! The wallet: keys with their addresses and labels, the coins that are theirs, payments. Knows the chain by the
//! blocks that it is given and the mempool by what enters and leaves it; works without a chain too, and then only
//! makes addresses.
//!
//! What a node does with it: every change of the tip goes to [`Wallet::follow`], every transaction that enters or
//! leaves the mempool to [`Wallet::tx_added`] or [`Wallet::tx_removed`]. When a node opens, or a key was imported,
//! [`Wallet::begin_scan`] says from which height on blocks are to be given to it, and
//! [`Wallet::waiting_transactions`] what to give to the mempool again. [`Wallet::take_batch`] hands out what is to be
//! stored.

mod error;
mod history;
mod keys;
mod label;
mod ledger;
mod payment;
mod records;
mod selection;
#[cfg(test)]
mod tests;

pub use error::WalletError;
pub use history::Balances;
pub use keys::{KeySource, MAX_KEYS};
pub use label::{Label, LabelError};
pub use payment::{Payment, PaymentRequest};

use crate::chain::{Chainstate, Effects};
use crate::collections::BTreeSet;
use crate::consensus::NetworkParams;
use crate::crypto::{Address, AddressParams, PrivateKey};
use crate::interface::SETTLED;
use crate::primitives::{Block, BlockHash, Height, Script, Transaction, Txid};
use crate::store::{BatchId, Database, Durability, Op, Record, StoreBatch};
use crate::time::UnixTime;
use keys::{KeyIndex, KeyRing};
use ledger::{Ledger, TxState};
use std::sync::Arc;

/// The block up to which the wallet knows the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ScanPoint {
    block: BlockHash,
    height: Height,
}

/// What is stored besides keys and transactions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Settings {
    /// None before the first block, and when the chain is to be scanned anew.
    scanned: Option<ScanPoint>,
    mining_script: Option<Script>,
    /// Blocks that this node found.
    blocks_found: u64,
}

/// What a batch on its way to the store holds, in case it does not arrive.
#[derive(Debug)]
struct InFlight {
    id: BatchId,
    keys: BTreeSet<KeyIndex>,
    transactions: BTreeSet<Txid>,
    settings: bool,
}

/// A node's wallet. Prints no key.
#[derive(Debug)]
pub struct Wallet {
    source: KeySource,
    keys: KeyRing,
    ledger: Ledger,
    settings: Settings,
    settings_dirty: bool,
    in_flight: Option<InFlight>,
}

impl Wallet {
    /// A wallet as the database `Wallet` holds it, empty if that is; new keys are drawn from `source`. Also one line
    /// for each record that could not be believed: a transaction's is found again by the scan, a key's is lost.
    pub fn load(records: &[Record], source: KeySource) -> (Self, Vec<String>) {
        let mut contents = records::read(records);
        contents.ledger.refresh_all(&contents.keys);
        let mut settings = contents.settings.unwrap_or_default();
        if contents.ledger_damaged {
            settings.scanned = None;
        }
        let (keys, ledger) = (contents.keys, contents.ledger);
        (Self { source, keys, ledger, settings, settings_dirty: false, in_flight: None }, contents.damaged)
    }

    /// Makes a key, and gives its address.
    pub fn create_address(&mut self, label: Option<Label>) -> Result<Address, WalletError> {
        Ok(self.keys.create(&mut self.source, label)?.address.clone())
    }

    /// Adds a private key in wallet import format, and gives its address. The chain is to be scanned anew for it
    /// ([`Wallet::begin_scan`]).
    pub fn import_key(
        &mut self,
        wif: &str,
        label: Option<Label>,
        params: &AddressParams,
    ) -> Result<Address, WalletError> {
        let address = self.keys.import(PrivateKey::from_wif(wif, params)?, label)?.address.clone();
        self.ledger.refresh_all(&self.keys);
        self.set_scanned(None);
        Ok(address)
    }

    /// The private key of an address in wallet import format. Whoever asks keeps the secret.
    pub fn dump_key(&self, address: &Address, params: &AddressParams) -> Result<String, WalletError> {
        let key = self.keys.by_script(&address.script_pubkey());
        Ok(key.ok_or_else(|| WalletError::UnknownKey(address.to_text(params)))?.key.to_wif(params))
    }

    /// Whether the wallet has the key that spends an output with this script.
    pub fn is_mine(&self, script: &Script) -> bool {
        self.keys.is_mine(script)
    }

    /// Whether the store has that key.
    pub fn is_saved(&self, script: &Script) -> bool {
        self.keys.is_saved(script)
    }

    /// Whether the wallet has no keys yet.
    pub fn is_empty(&self) -> bool {
        self.keys.len() == 0
    }

    /// The address that was made first.
    pub fn first_address(&self) -> Option<&Address> {
        self.keys.iter().next().map(|key| &key.address)
    }

    /// Where rewards go, as it was last set.
    pub fn mining_script(&self) -> Option<&Script> {
        self.settings.mining_script.as_ref()
    }

    /// How many blocks this node has found since it was made.
    pub fn blocks_found(&self) -> u64 {
        self.settings.blocks_found
    }

    /// This node found a block.
    pub fn count_found_block(&mut self) {
        self.settings.blocks_found += 1;
        self.settings_dirty = true;
    }

    /// Remembers where rewards go.
    pub fn set_mining_script(&mut self, script: Option<Script>) {
        self.settings_dirty |= self.settings.mining_script != script;
        self.settings.mining_script = script;
    }

    /// Follows the chain to its new tip. After a change that says `rescan`, [`Wallet::begin_scan`] is to be asked what
    /// else there is.
    pub fn follow(&mut self, effects: &Effects, params: &NetworkParams) {
        for block in effects.disconnected.iter().filter_map(|disconnected| disconnected.block.as_ref()) {
            self.disconnect_block(block);
        }
        for connected in &effects.connected {
            if let Some(block) = &connected.block {
                self.connect_block(block, connected.height, params);
            }
        }
    }

    /// A block joined the active chain. One that does not follow the last one that the wallet knows is left to the
    /// next scan. The genesis block's output counts only where it can be spent.
    pub fn connect_block(&mut self, block: &Block, height: Height, params: &NetworkParams) {
        let parent = self.settings.scanned.map_or(BlockHash::ZERO, |point| point.block);
        if block.header.prev_blockhash != parent {
            return;
        }
        let hash = block.block_hash();
        if height > Height::GENESIS || params.consensus.spendable_genesis {
            self.ledger.connect(block, hash, height, &self.keys);
        }
        self.set_scanned(Some(ScanPoint { block: hash, height }));
    }

    /// The last block left the active chain: its payments wait again (say [`Wallet::tx_removed`] of those that the
    /// mempool does not take back), its reward is void.
    pub fn disconnect_block(&mut self, block: &Block) {
        let hash = block.block_hash();
        self.ledger.disconnect_unless(|confirming| *confirming != hash, &self.keys);
        if let Some(point) = self.settings.scanned.filter(|point| point.block == hash) {
            let parent = |height| ScanPoint { block: block.header.prev_blockhash, height };
            self.set_scanned(point.height.previous().map(parent));
        }
    }

    /// A transaction entered the mempool at `now`. Whether it concerns this wallet.
    pub fn tx_added(&mut self, tx: &Arc<Transaction>, now: UnixTime) -> bool {
        self.ledger.add_waiting(tx, now, &self.keys)
    }

    /// A transaction left the mempool without being confirmed, or was refused when it should have returned: the coins
    /// that it spent are free again. Says nothing of one that is confirmed.
    pub fn tx_removed(&mut self, txid: &Txid) {
        self.ledger.deactivate(txid, &self.keys);
    }

    /// The transactions that wait for a block, parents before children: to be given to an empty mempool again (say
    /// [`Wallet::tx_removed`] of those that it refuses).
    pub fn waiting_transactions(&self) -> Vec<Arc<Transaction>> {
        self.ledger.waiting().into_iter().map(|entry| Arc::clone(&entry.transaction)).collect()
    }

    /// How many elements [`Wallet::elements`] gives.
    pub fn watched(&self) -> usize {
        2 * self.keys.len()
    }

    /// What scripts push that pay to the wallet's keys or are signed by them: hashes and keys.
    pub fn elements(&self) -> impl Iterator<Item = Vec<u8>> {
        self.keys.iter().flat_map(|key| {
            let public_key = key.key.public_key();
            [public_key.pubkey_hash().0.to_vec(), public_key.as_bytes().to_vec()]
        })
    }

    /// The scripts that the wallet's keys can spend.
    pub fn scripts(&self) -> impl Iterator<Item = &Script> {
        self.keys.iter().map(|key| &key.script)
    }

    /// Whether a transaction spends a coin of the wallet.
    pub fn spends(&self, tx: &Transaction) -> bool {
        tx.inputs.iter().any(|input| self.ledger.own_output(&input.previous_output, &self.keys).is_some())
    }

    /// Whether a transaction of the wallet waits for a block.
    pub fn is_waiting(&self, txid: &Txid) -> bool {
        self.waiting_transaction(txid).is_some()
    }

    /// Whether a block holds a transaction of the wallet.
    pub fn is_confirmed(&self, txid: &Txid) -> bool {
        let entry = self.ledger.entries().get(txid);
        entry.is_some_and(|entry| matches!(entry.state, TxState::Confirmed { .. }))
    }

    /// A transaction of the wallet that waits for a block.
    pub fn waiting_transaction(&self, txid: &Txid) -> Option<Arc<Transaction>> {
        let entry = self.ledger.entries().get(txid)?;
        (entry.state == TxState::Waiting).then(|| Arc::clone(&entry.transaction))
    }

    /// The wallet's own payments among those that wait, parents before children.
    pub fn own_waiting(&self) -> Vec<Arc<Transaction>> {
        let mut waiting = self.waiting_transactions();
        waiting.retain(|tx| self.ledger.is_from_us(tx, &self.keys));
        waiting
    }

    /// The transactions that came to count as settled when the tip moved from one height to another.
    pub fn settled_between(&self, from: Height, to: Height) -> Vec<Txid> {
        let entries = self.ledger.entries().iter();
        let is_settled = |made: Height, tip: Height| tip.next().0.saturating_sub(made.0) >= SETTLED;
        let newly = entries.filter(|(_, entry)| match entry.state {
            TxState::Confirmed { height, .. } => is_settled(height, to) && !is_settled(height, from),
            TxState::Waiting | TxState::Inactive => false,
        });
        newly.map(|(txid, _)| *txid).collect()
    }

    /// Compares what the wallet knows with the active chain and takes back what a block confirmed that is not in it.
    /// The height of the first block that is to be given to [`Wallet::connect_block`], and then all up to the tip;
    /// none if the wallet knows the tip.
    pub fn begin_scan(&mut self, chain: &Chainstate) -> Option<Height> {
        self.ledger.disconnect_unless(|block| chain.is_active(block), &self.keys);
        let known = self.settings.scanned.filter(|point| chain.is_active(&point.block));
        let known = known.or_else(|| self.last_common(chain));
        if known != self.settings.scanned {
            self.set_scanned(known);
        }
        let next = known.map_or(Height::GENESIS, |point| point.height.next());
        (next <= chain.height()).then_some(next)
    }

    /// The last block of the active chain under the block that was scanned last, if the chain knows that.
    fn last_common(&self, chain: &Chainstate) -> Option<ScanPoint> {
        let mut entry = chain.entry(&self.settings.scanned?.block)?;
        loop {
            if chain.is_active(&entry.hash) {
                return Some(ScanPoint { block: entry.hash, height: entry.height });
            }
            entry = chain.entry(&entry.header.prev_blockhash)?;
        }
    }

    fn set_scanned(&mut self, scanned: Option<ScanPoint>) {
        self.settings.scanned = scanned;
        self.settings_dirty = true;
    }

    /// Whether something changed since the last batch was taken.
    pub fn is_dirty(&self) -> bool {
        self.keys.is_dirty() || self.ledger.is_dirty() || self.settings_dirty
    }

    /// What is to be stored, strictly if keys are in it; none while there is nothing or the last batch is on its way.
    pub fn take_batch(&mut self, id: BatchId) -> Option<StoreBatch> {
        if self.in_flight.is_some() || !self.is_dirty() {
            return None;
        }
        let (keys, transactions) = (self.keys.take_dirty(), self.ledger.take_dirty());
        let settings = std::mem::take(&mut self.settings_dirty);
        let key_ops = keys.iter().filter_map(|&index| Some(records::put_key(index, self.keys.get(index)?)));
        let entries = self.ledger.entries();
        let entry_ops = transactions.iter().map(|txid| records::write_entry(txid, entries.get(txid)));
        let settings_op = settings.then(|| records::put_settings(&self.settings));
        let ops: Vec<Op> = key_ops.chain(entry_ops).chain(settings_op).collect();
        let durability = if keys.is_empty() { Durability::Relaxed } else { Durability::Strict };
        self.in_flight = Some(InFlight { id, keys, transactions, settings });
        Some(StoreBatch { id, database: Database::Wallet, durability, ops })
    }

    /// The batch is stored.
    pub fn committed(&mut self, id: BatchId) {
        if let Some(batch) = self.in_flight.take_if(|batch| batch.id == id) {
            self.keys.mark_saved(&batch.keys);
        }
    }

    /// The batch is not stored: its keys, and those that waited behind it, are withdrawn, for whoever asked for them is
    /// told that it failed; the rest of it is pending again.
    pub fn failed(&mut self, id: BatchId) {
        let Some(batch) = self.in_flight.take_if(|batch| batch.id == id) else { return };
        self.ledger.mark_dirty(batch.transactions);
        self.settings_dirty |= batch.settings;
        let withdrawn = self.keys.withdraw_unsaved();
        if withdrawn.is_empty() {
            return;
        }
        self.ledger.forget_foreign(&self.keys);
        let is_withdrawn = |script: &Script| withdrawn.iter().any(|key| key.script == *script);
        if self.mining_script().is_some_and(is_withdrawn) {
            self.set_mining_script(None);
        }
    }
}
