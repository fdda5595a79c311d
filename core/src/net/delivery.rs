//! Hands one transaction to one node and makes sure that it arrived: what `send` does on a node that is not started.
//! Answers the `pong` that says so.

use super::message::Message;
use super::outbox::{NetOutput, Outbox};
use crate::interface::PeerId;
use crate::primitives::Transaction;
use std::net::SocketAddr;
use std::sync::Arc;

/// One transaction on its way.
#[derive(Debug)]
struct Delivery {
    address: SocketAddr,
    transaction: Arc<Transaction>,
    /// The connection over which it was sent, and the ping that followed it.
    sent: Option<(PeerId, u64)>,
}

impl Delivery {
    fn report(&self, delivered: bool) -> NetOutput {
        NetOutput::Delivered { txid: self.transaction.txid(), address: self.address, delivered }
    }
}

/// The deliveries.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    /// One for each `send` that waits for its reply.
    open: Vec<Delivery>,
}

impl Deliveries {
    pub(crate) const fn new() -> Self {
        Self { open: Vec::new() }
    }

    pub(crate) fn add(&mut self, address: SocketAddr, transaction: Arc<Transaction>) {
        self.open.push(Delivery { address, transaction, sent: None });
    }

    /// Whether anything is on its way to `address`.
    pub(crate) fn has(&self, address: SocketAddr) -> bool {
        self.open.iter().any(|delivery| delivery.address == address)
    }

    /// A connection is ready: sends what is to go there, each with a ping after it, numbered from `nonce` on.
    pub(crate) fn send(&mut self, peer: PeerId, address: SocketAddr, nonce: u64, outbox: &mut Outbox) {
        let unsent =
            self.open.iter_mut().filter(|delivery| delivery.address == address && delivery.sent.is_none());
        for (delivery, nonce) in unsent.zip(nonce..) {
            delivery.sent = Some((peer, nonce));
            outbox.send(peer, Message::Tx(Arc::clone(&delivery.transaction)));
            outbox.send(peer, Message::Ping(nonce));
        }
    }

    /// Takes a `pong`; returns whether it answers one of these pings.
    pub(crate) fn on_pong(&mut self, peer: PeerId, nonce: u64, outbox: &mut Outbox) -> bool {
        let arrived = self.take(|delivery| delivery.sent == Some((peer, nonce)));
        for delivery in &arrived {
            outbox.push(delivery.report(true));
        }
        !arrived.is_empty()
    }

    /// A connection is gone: what it carried fails, and so does what waited for it, unless there is another to take
    /// that.
    pub(crate) fn peer_gone(
        &mut self,
        peer: PeerId,
        address: SocketAddr,
        has_other: bool,
        outbox: &mut Outbox,
    ) {
        let is_lost = |delivery: &Delivery| match delivery.sent {
            Some((carrier, _)) => carrier == peer,
            None => delivery.address == address && !has_other,
        };
        self.lose(is_lost, outbox);
    }

    /// `address` cannot be reached.
    pub(crate) fn failed(&mut self, address: SocketAddr, outbox: &mut Outbox) {
        self.lose(|delivery| delivery.address == address, outbox);
    }

    fn lose(&mut self, which: impl Fn(&Delivery) -> bool, outbox: &mut Outbox) {
        for delivery in self.take(which) {
            outbox.push(delivery.report(false));
        }
    }

    fn take(&mut self, which: impl Fn(&Delivery) -> bool) -> Vec<Delivery> {
        let (taken, left) = std::mem::take(&mut self.open).into_iter().partition(which);
        self.open = left;
        taken
    }
}
