//! Commands of the wallet: keys, balances, payments.

use super::{Handled, Outcome};
use crate::crypto::Address;
use crate::interface::{AddressEntry, CommandError, NodeId, Reply, RequestId, RunState};
use crate::node::Node;
use crate::node::miner::{Demand, Purpose};
use crate::node::walk::Goal;
use crate::primitives::{Amount, Transaction, Txid};
use crate::wallet::{Label, PaymentRequest};
use std::sync::Arc;

/// The node to which a node that is not started hands its payments (seed 000: the first of the known nodes).
const CENTRAL_NODE: NodeId = NodeId(3000);

impl Node {
    /// `createwallet`.
    pub(super) fn create_wallet(&mut self, label: Option<String>) -> Handled {
        let label = parse_label(label)?;
        let address = self.wallet.create_address(label)?;
        Ok(Outcome::Stored(Reply::Address(self.address_entry(&address))))
    }

    /// The wallet's addresses in the order in which they were made.
    pub(super) fn address_entries(&self) -> Vec<AddressEntry> {
        self.wallet.addresses(&self.params)
    }

    /// An address of the wallet with its label and its coins.
    pub(in crate::node) fn address_entry(&self, address: &Address) -> AddressEntry {
        self.wallet.address_entry(address, &self.params)
    }

    /// `dumpprivkey`.
    pub(super) fn dump_key(&self, address: &str) -> Handled {
        let address = self.parse_address(address, CommandError::InvalidAddress)?;
        Ok(Outcome::Now(Reply::Key(self.wallet.dump_key(&address, &self.params.address)?)))
    }

    /// `importprivkey`: adds the key, then looks for its payments in the chain.
    pub(super) fn import_key(&mut self, id: RequestId, wif: &str, label: Option<String>) -> Handled {
        let address = self.wallet.import_key(wif, parse_label(label)?, &self.params.address)?;
        self.scan_for_wallet(Some((id, address)));
        Ok(Outcome::Later)
    }

    /// `getbalance`: confirmed coins of any address.
    pub(super) fn get_balance(&self, address: &str) -> Handled {
        let chain = self.chain()?;
        let address = self.parse_address(address, CommandError::InvalidAddress)?;
        let script = address.script_pubkey();
        if !self.is_light() {
            return Ok(Outcome::Now(Reply::Balance(chain.balance_of(&script))));
        }
        if !self.wallet.is_mine(&script) {
            self.need_blocks("it knows the coins of its own addresses alone")?;
        }
        Ok(Outcome::Now(Reply::Balance(self.wallet.balance_of(&script))))
    }

    /// The wallet's transactions, newest first.
    pub(super) fn history(&self) -> Handled {
        let height = self.engine.as_ref().map(|engine| engine.chain.height()).unwrap_or_default();
        Ok(Outcome::Now(Reply::History(self.wallet.history(&self.params, height))))
    }

    /// `send`: pays, and mines the payment on the spot or hands it to the network.
    pub(super) fn send(
        &mut self,
        id: RequestId,
        from: &str,
        to: &str,
        amount: Amount,
        fee: Option<Amount>,
        mine: bool,
    ) -> Handled {
        self.chain()?;
        if mine {
            self.need_blocks("it does not mine")?;
        }
        let from = self.parse_address(from, CommandError::InvalidSender)?;
        let to = self.parse_payee(to, CommandError::InvalidRecipient)?;
        let script = from.script_pubkey();
        let txid = self.pay(PaymentRequest { from, to, amount, fee })?;
        if mine {
            self.miner.demand(Demand { request: id, script, purpose: Purpose::Payment(txid) });
            return Ok(Outcome::Later);
        }
        match self.state {
            RunState::Running => Ok(Outcome::Stored(Reply::Sent { txid, verified: 0, mined: None })),
            RunState::Stopped => self.hand_over(id, txid),
        }
    }

    /// Makes a payment and takes it into the mempool and the wallet.
    fn pay(&mut self, request: PaymentRequest) -> Result<Txid, CommandError> {
        let height = self.chain()?.height();
        let payment = self.wallet.create_payment(&request, &self.params, height)?;
        self.submit(&Arc::new(payment.transaction))
    }

    /// Takes a transaction of this node's own into the mempool, as if it had come from a peer.
    pub(super) fn submit(&mut self, transaction: &Arc<Transaction>) -> Result<Txid, CommandError> {
        let accepted = self.accept_transaction(transaction);
        accepted.map_err(|error| CommandError::Rejected { reason: error.to_string() })
    }

    /// A stopped node's payment goes over a connection made for it to the network's first node.
    fn hand_over(&mut self, id: RequestId, txid: Txid) -> Handled {
        let address = self.place.address_of(CENTRAL_NODE);
        if self.config.id == CENTRAL_NODE {
            self.forget_payment(&txid);
            return Err(CommandError::NotAvailable(CENTRAL_NODE.to_string()));
        }
        let now = self.now;
        let own = self.waiting_transaction(&txid);
        let engine = self.engine.as_mut().ok_or(CommandError::NoBlockchain)?;
        let pooled = engine.with_ancestors(&txid);
        let package = if pooled.is_empty() { own.into_iter().collect() } else { pooled };
        for transaction in package {
            engine.network.deliver(address, transaction, now);
        }
        self.deliveries.insert(txid, id);
        Ok(Outcome::Later)
    }

    /// A payment was handed over.
    pub(in crate::node) fn delivered(&mut self, txid: Txid) {
        if let Some(id) = self.deliveries.remove(&txid) {
            self.reply_when_stored(id, Reply::Sent { txid, verified: 0, mined: None });
        }
    }

    /// A payment could not be handed over.
    pub(in crate::node) fn undelivered(&mut self, txid: Txid) {
        let Some(id) = self.deliveries.remove(&txid) else { return };
        self.forget_payment(&txid);
        self.reply(id, Err(CommandError::NotAvailable(CENTRAL_NODE.to_string())));
    }

    /// Takes a payment that reached nobody back, so that its coins can be spent again.
    fn forget_payment(&mut self, txid: &Txid) {
        let Some(engine) = &mut self.engine else { return };
        for removed in engine.mempool.remove(txid) {
            self.wallet.tx_removed(&removed.txid);
        }
        engine.mempool_revision += 1;
        self.wallet.tx_removed(txid);
    }

    /// Gives the wallet the blocks that it does not know yet, and then answers the command that added a key. Then what
    /// still waits returns to the mempool.
    pub(in crate::node) fn scan_for_wallet(&mut self, import: Option<(RequestId, Address)>) {
        if let Some(engine) = &mut self.engine {
            engine.waiting_due = true;
        }
        let ahead = self.unscanned();
        let (request, address) = import.unzip();
        if request.is_some() || ahead.is_some() {
            self.walk(request, ahead.unwrap_or_default(), Goal::Rescan(address));
        }
    }

    /// Reads an address of this network.
    pub(super) fn parse_address(&self, text: &str, error: CommandError) -> Result<Address, CommandError> {
        Address::parse(text, &self.params.address).map_err(|_| error)
    }

    /// Reads an address that is to be paid. Anybody could take what a witness program without rules is paid.
    pub(super) fn parse_payee(&self, text: &str, error: CommandError) -> Result<Address, CommandError> {
        match self.parse_address(text, error)? {
            Address::Witness { version, .. } if version > 0 => Err(CommandError::BadArgument(format!(
                "witness version {version} of '{text}' is not supported by this network yet: anybody could take the coins"
            ))),
            address => Ok(address),
        }
    }
}

/// A label as the wallet takes it; an empty one is none.
fn parse_label(text: Option<String>) -> Result<Option<Label>, CommandError> {
    let text = text.filter(|text| !text.is_empty());
    let label = text.map(|text| Label::parse(&text)).transpose();
    label.map_err(|error| CommandError::BadArgument(error.to_string()))
}
