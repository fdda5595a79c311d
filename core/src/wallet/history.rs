//! What the wallet shows: its addresses, its balances, its history.

use super::Wallet;
use super::keys::WalletKey;
use super::ledger::{LedgerEntry, TxState};
use crate::collections::{BTreeMap, sort_by_key};
use crate::consensus::NetworkParams;
use crate::crypto::Address;
use crate::interface::{AddressEntry, Payer, WalletSummary, WalletTransaction};
use crate::primitives::{Amount, Height, Script, Txid};

/// Addresses that a summary lists.
const SUMMARY_ADDRESSES: usize = 100;

/// The wallet's money. `confirmed` and `immature` are what the chain says, whatever waits; adding `pending` gives
/// what there will be once everything that waits is confirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    /// Confirmed coins that the next block could spend.
    pub confirmed: Amount,
    /// What waiting transactions add (positive) or take (negative).
    pub pending: Amount,
    /// Block rewards that the next block could not spend yet.
    pub immature: Amount,
}

impl Wallet {
    /// What the wallet has, `tip` being the height of the tip.
    pub fn balances(&self, params: &NetworkParams, tip: Height) -> Balances {
        let mut balances = Balances::default();
        for coin in self.ledger.coins().values() {
            let value = coin.output.value;
            let depth = |made: Height| tip.next().0.saturating_sub(made.0);
            match coin.height {
                Some(made) if coin.coinbase && depth(made) < params.consensus.coinbase_maturity => {
                    balances.immature = plus(balances.immature, value);
                }
                Some(_) => balances.confirmed = plus(balances.confirmed, value),
                None => {}
            }
            match (coin.height, coin.reserved) {
                (Some(_), true) => {
                    balances.pending = plus(balances.pending, Amount::from_sat(-value.to_sat()));
                }
                (None, false) => balances.pending = plus(balances.pending, value),
                _ => {}
            }
        }
        balances
    }

    /// The addresses whose keys are in the store, in the order in which they came, with their confirmed coins.
    pub fn addresses(&self, params: &NetworkParams) -> Vec<AddressEntry> {
        self.first_addresses(params, usize::MAX)
    }

    fn first_addresses(&self, params: &NetworkParams, count: usize) -> Vec<AddressEntry> {
        let confirmed = self.confirmed_by_script();
        self.keys.saved().take(count).map(|key| show_key(key, &confirmed, params)).collect()
    }

    /// An address with its label and its confirmed coins, its key stored or about to be.
    pub fn address_entry(&self, address: &Address, params: &NetworkParams) -> AddressEntry {
        match self.keys.by_script(&address.script_pubkey()) {
            Some(key) => show_key(key, &self.confirmed_by_script(), params),
            None => {
                AddressEntry { address: address.to_text(&params.address), label: None, balance: Amount::ZERO }
            }
        }
    }

    /// The wallet in short.
    pub fn summary(&self, params: &NetworkParams, tip: Height) -> WalletSummary {
        let Balances { confirmed, pending, immature } = self.balances(params, tip);
        let addresses = self.first_addresses(params, SUMMARY_ADDRESSES);
        let payer = self.payer(params, tip);
        WalletSummary {
            balance: confirmed,
            pending,
            immature,
            addresses,
            payer,
            revision: self.ledger.revision(),
        }
    }

    fn payer(&self, params: &NetworkParams, tip: Height) -> Option<Payer> {
        let mut spendable = BTreeMap::new();
        for (_, coin) in self.spendable_coins(tip.next(), params.consensus.coinbase_maturity) {
            let sum: &mut Amount = spendable.entry(&coin.output.script_pubkey).or_default();
            *sum = plus(*sum, coin.output.value);
        }
        let of_key = |key: &WalletKey| spendable.get(&key.script).copied().unwrap_or_default();
        let richest = self.keys.iter().max_by_key(|key| of_key(key))?;
        let spendable = of_key(richest);
        (spendable > Amount::ZERO)
            .then(|| Payer { address: richest.address.to_text(&params.address), spendable })
    }

    /// The wallet's transactions, newest first: what waits or was voided, then by height.
    pub fn history(&self, params: &NetworkParams, tip: Height) -> Vec<WalletTransaction> {
        let mut entries: Vec<(&Txid, &LedgerEntry)> = self.ledger.entries().iter().collect();
        let height = |entry: &LedgerEntry| match entry.state {
            TxState::Confirmed { height, .. } => height,
            TxState::Waiting | TxState::Inactive => Height(u32::MAX),
        };
        sort_by_key(&mut entries, |(_, entry)| std::cmp::Reverse((height(entry), entry.order)));
        entries.into_iter().map(|(txid, entry)| self.show(*txid, entry, params, tip)).collect()
    }

    fn show(
        &self,
        txid: Txid,
        entry: &LedgerEntry,
        params: &NetworkParams,
        tip: Height,
    ) -> WalletTransaction {
        let tx = &entry.transaction;
        let (debit, credit) = self.ledger.debit_and_credit(tx, &self.keys);
        let (confirmations, block) = match entry.state {
            TxState::Confirmed { block, height } => (tip.next().0.saturating_sub(height.0), Some(block)),
            TxState::Waiting | TxState::Inactive => (0, None),
        };
        WalletTransaction {
            txid,
            net: Amount::from_sat(credit.to_sat() - debit.to_sat()),
            to: self.payees(entry, params),
            coinbase: tx.is_coinbase(),
            confirmations,
            block,
            time: entry.time.0,
            conflicted: self.ledger.is_conflicted(&txid),
        }
    }

    /// Whom a transaction pays. Of one that spends our coins: without the change, which is what returns to an address
    /// that was spent from, unless nothing else is paid. Of another: our addresses.
    fn payees(&self, entry: &LedgerEntry, params: &NetworkParams) -> Vec<String> {
        let tx = &entry.transaction;
        let spent =
            tx.inputs.iter().filter_map(|input| self.ledger.own_output(&input.previous_output, &self.keys));
        let senders: Vec<&Script> = spent.map(|output| &output.script_pubkey).collect();
        let scripts = tx.outputs.iter().map(|output| &output.script_pubkey);
        let mut payees: Vec<&Script> = if senders.is_empty() {
            scripts.filter(|script| self.keys.is_mine(script)).collect()
        } else {
            scripts.clone().filter(|script| !senders.contains(script)).collect()
        };
        if payees.is_empty() {
            payees = tx.outputs.iter().map(|output| &output.script_pubkey).collect();
        }
        let mut texts: Vec<String> = Vec::new();
        for text in payees
            .into_iter()
            .filter_map(|script| Some(Address::from_script(script)?.to_text(&params.address)))
        {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts
    }

    /// The confirmed coins that a script of the wallet guards.
    pub fn balance_of(&self, script: &Script) -> Amount {
        self.confirmed_by_script().get(script).copied().unwrap_or_default()
    }

    fn confirmed_by_script(&self) -> BTreeMap<&Script, Amount> {
        let mut sums = BTreeMap::new();
        for coin in self.ledger.coins().values().filter(|coin| coin.height.is_some()) {
            let sum: &mut Amount = sums.entry(&coin.output.script_pubkey).or_default();
            *sum = plus(*sum, coin.output.value);
        }
        sums
    }
}

fn show_key(key: &WalletKey, confirmed: &BTreeMap<&Script, Amount>, params: &NetworkParams) -> AddressEntry {
    AddressEntry {
        address: key.address.to_text(&params.address),
        label: key.label.as_ref().map(ToString::to_string),
        balance: confirmed.get(&key.script).copied().unwrap_or_default(),
    }
}

/// Coins of one chain never sum to more than all money: the sum is always there.
fn plus(sum: Amount, value: Amount) -> Amount {
    sum.checked_add(value).unwrap_or(sum)
}
