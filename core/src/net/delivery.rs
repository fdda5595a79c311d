//! Hands one transaction to one node and makes sure that it arrived: what `send` does on a node that is not started.
//! Answers the `pong` that says so.

use super::message::Message;
use super::outbox::{NetOutput, Outbox};
use crate::interface::PeerId;
use crate::primitives::{Transaction, Txid};
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
        self.finish(|delivery| delivery.sent == Some((peer, nonce)), true, outbox)
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
        self.finish(is_lost, false, outbox);
    }

    /// `address` cannot be reached.
    pub(crate) fn failed(&mut self, address: SocketAddr, outbox: &mut Outbox) {
        self.finish(|delivery| delivery.address == address, false, outbox);
    }

    fn finish(&mut self, which: impl Fn(&Delivery) -> bool, delivered: bool, outbox: &mut Outbox) -> bool {
        let before = self.open.len();
        self.open.retain(|delivery| {
            let ends = which(delivery);
            if ends {
                let txid: Txid = delivery.transaction.txid();
                outbox.push(NetOutput::Delivered { txid, address: delivery.address, delivered });
            }
            !ends
        });
        self.open.len() < before
    }
}
