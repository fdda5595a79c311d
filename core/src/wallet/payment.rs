//! Building and signing payments.

use super::keys::WalletKey;
use super::ledger::OwnedCoin;
use super::selection::{SpendableCoin, select_coins};
use super::{Wallet, WalletError};
use crate::consensus::NetworkParams;
use crate::crypto::Address;
use crate::mempool::{FeeRate, MAX_STANDARD_TX_WEIGHT, dust_threshold};
use crate::primitives::{Amount, Height, OutPoint, Script, Transaction, TxIn, TxOut, WITNESS_SCALE_FACTOR};
use crate::script::sign::p2pkh_script_sig;

/// The version of the transactions that the wallet makes.
const TRANSACTION_VERSION: i32 = 2;

/// The longest signature in an input, with its hash type: DER of 71 bytes, for S is low, and R may take a byte more.
const MAX_SIGNATURE_LEN: usize = 72;

/// What is to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRequest {
    /// Whose coins are spent, and where change returns.
    pub from: Address,
    /// Who is paid.
    pub to: Address,
    /// How much.
    pub amount: Amount,
    /// What the miner gets on top, absolute; none is the least that the network relays, which may be nothing.
    pub fee: Option<Amount>,
}

/// A signed payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The transaction; not known to the wallet until it is given back by [`Wallet::tx_added`].
    pub transaction: Transaction,
    /// What the miner gets.
    pub fee: Amount,
    /// What returns to the sender; zero if there is no change output.
    pub change: Amount,
}

/// A payment before it is signed.
struct Plan {
    coins: Vec<SpendableCoin>,
    outputs: Vec<TxOut>,
    fee: Amount,
    change: Amount,
}

impl Wallet {
    /// Builds and signs a payment from the coins of one address: confirmed and mature ones, then change of the
    /// wallet's own waiting payments. `tip` is the height of the tip. Change that would be dust goes to the miner.
    pub fn create_payment(
        &self,
        request: &PaymentRequest,
        params: &NetworkParams,
        tip: Height,
    ) -> Result<Payment, WalletError> {
        let from = request.from.script_pubkey();
        let unknown_key = || WalletError::UnknownKey(request.from.to_text(&params.address));
        let key = self.keys.by_script(&from).ok_or_else(unknown_key)?;
        check_request(request, params)?;
        let coins = self.spendable_coins(tip.next(), params.consensus.coinbase_maturity);
        let coins: Vec<SpendableCoin> = coins
            .filter(|(_, coin)| coin.output.script_pubkey == from)
            .map(|(outpoint, coin)| SpendableCoin {
                outpoint: *outpoint,
                output: coin.output.clone(),
                height: coin.height,
            })
            .collect();
        let plan = plan(request, params, key, &coins)?;
        let Plan { coins, outputs, fee, change } = plan;
        if vsize_bound(coins.len(), request, key) * WITNESS_SCALE_FACTOR > MAX_STANDARD_TX_WEIGHT {
            return Err(WalletError::TooLarge { inputs: coins.len() });
        }
        let mut transaction = unsigned(&coins, outputs);
        for (index, coin) in coins.iter().enumerate() {
            let script_sig = p2pkh_script_sig(&transaction, index, &coin.output.script_pubkey, &key.key);
            transaction.inputs[index].script_sig = script_sig;
        }
        Ok(Payment { transaction, fee, change })
    }

    /// The coins that a transaction in the block at `height` could spend.
    pub(super) fn spendable_coins(
        &self,
        height: Height,
        maturity: u32,
    ) -> impl Iterator<Item = (&OutPoint, &OwnedCoin)> {
        let coins = self.ledger.coins().iter().filter(|(_, coin)| !coin.reserved);
        coins.filter(move |(outpoint, coin)| match coin.height {
            Some(made) => !coin.coinbase || height.0.saturating_sub(made.0) >= maturity,
            None => self.is_own_payment(outpoint),
        })
    }

    fn is_own_payment(&self, outpoint: &OutPoint) -> bool {
        let entry = self.ledger.entries().get(&outpoint.txid);
        entry.is_some_and(|entry| self.ledger.is_from_us(&entry.transaction, &self.keys))
    }
}

fn check_request(request: &PaymentRequest, params: &NetworkParams) -> Result<(), WalletError> {
    let PaymentRequest { to, amount, fee, .. } = request;
    if *amount <= Amount::ZERO || !amount.is_money_range() {
        return Err(WalletError::InvalidAmount(*amount));
    }
    if let Some(fee) = fee.filter(|fee| !fee.is_money_range()) {
        return Err(WalletError::InvalidFee(fee));
    }
    let least = dust_threshold(&to.script_pubkey(), params.policy.dust_relay_fee);
    if *amount < least {
        return Err(WalletError::Dust { amount: *amount, least });
    }
    Ok(())
}

/// Chooses coins and fee. Without a fee given, it is what the size costs, which grows with the coins that it takes.
fn plan(
    request: &PaymentRequest,
    params: &NetworkParams,
    key: &WalletKey,
    coins: &[SpendableCoin],
) -> Result<Plan, WalletError> {
    let rate = FeeRate::per_kvb(params.policy.min_relay_fee);
    let mut expected_inputs = 1;
    loop {
        let fee = request.fee.unwrap_or_else(|| rate.fee(vsize_bound(expected_inputs, request, key)));
        let needed = request.amount.checked_add(fee).unwrap_or(Amount::from_sat(i64::MAX));
        let Some(chosen) = select_coins(coins, needed) else {
            let available = coins.iter().map(|coin| coin.output.value);
            let available = Amount::checked_sum(available).unwrap_or(Amount::ZERO);
            return Err(WalletError::NotEnoughFunds { available, needed });
        };
        if request.fee.is_none() && chosen.len() > expected_inputs {
            expected_inputs = chosen.len();
            continue;
        }
        return Ok(with_outputs(request, params, chosen, fee));
    }
}

fn with_outputs(
    request: &PaymentRequest,
    params: &NetworkParams,
    coins: Vec<SpendableCoin>,
    fee: Amount,
) -> Plan {
    let sum = coins.iter().map(|coin| coin.output.value.to_sat()).sum::<i64>();
    let change = Amount::from_sat(sum - request.amount.to_sat() - fee.to_sat());
    let mut outputs = vec![TxOut { value: request.amount, script_pubkey: request.to.script_pubkey() }];
    let script_pubkey = request.from.script_pubkey();
    let least = dust_threshold(&script_pubkey, params.policy.dust_relay_fee);
    if change == Amount::ZERO || change < least {
        let fee = Amount::from_sat(fee.to_sat() + change.to_sat());
        return Plan { coins, outputs, fee, change: Amount::ZERO };
    }
    outputs.push(TxOut { value: change, script_pubkey });
    Plan { coins, outputs, fee, change }
}

fn unsigned(coins: &[SpendableCoin], outputs: Vec<TxOut>) -> Transaction {
    let inputs = coins.iter().map(|coin| TxIn::spending(coin.outpoint)).collect();
    Transaction { version: TRANSACTION_VERSION, inputs, outputs, lock_time: 0 }
}

/// The most virtual bytes of a payment with so many inputs and with change.
fn vsize_bound(inputs: usize, request: &PaymentRequest, key: &WalletKey) -> usize {
    let public_key = key.key.public_key();
    let script_sig = Script::new().push_data(&[0; MAX_SIGNATURE_LEN]).push_data(public_key.as_bytes());
    let input = TxIn { script_sig, ..TxIn::spending(OutPoint::NULL) };
    let output = |address: &Address| TxOut { value: Amount::ZERO, script_pubkey: address.script_pubkey() };
    let outputs = vec![output(&request.to), output(&request.from)];
    Transaction { version: TRANSACTION_VERSION, inputs: vec![input; inputs], outputs, lock_time: 0 }.vsize()
}
