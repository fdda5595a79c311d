//! What people ask of the network: connections kept, tried and ended by hand, bans, and transactions handed over.

use super::connections::Ban;
use super::discovered::AddedNode;
use super::network::Network;
use super::peer::Purpose;
use super::reason::DisconnectReason;
use crate::primitives::Transaction;
use crate::time::Time;
use rand_chacha::rand_core::Rng as _;
use std::net::SocketAddr;
use std::sync::Arc;

impl Network {
    /// Keeps a connection to `address` from now on; false if too many are kept.
    pub fn add_node(&mut self, address: SocketAddr) -> bool {
        self.connections.add(address)
    }

    /// Keeps it no longer, and leaves it open; false if it was not kept.
    pub fn remove_node(&mut self, address: SocketAddr) -> bool {
        self.connections.forget(address)
    }

    /// Opens one connection that is not kept.
    pub fn try_node(&mut self, address: SocketAddr, now: Time) {
        if self.peers.with_address(address).is_none() && !self.connections.is_opening(&address) {
            self.connections.open_once(address, Purpose::ByHand, now.mono, &mut self.outbox);
        }
    }

    /// Ends the connection to `address`; false if there is none.
    pub fn disconnect_node(&mut self, address: SocketAddr, now: Time) -> bool {
        let Some(peer) = self.peers.with_address(address).map(|peer| peer.id) else { return false };
        self.disconnect(peer, DisconnectReason::ByHand, now);
        true
    }

    /// Bans an address, and with it its group; ends its connections.
    pub fn ban(&mut self, ban: Ban, now: Time) {
        self.connections.ban(ban);
        for peer in self.peers.ids() {
            let address = self.peers.get(peer).map(|peer| peer.address);
            if let Some(reason) = address.and_then(|address| self.connections.refuses(&address, now.unix)) {
                self.disconnect(peer, reason, now);
            }
        }
    }

    /// Nodes to which connections are kept by hand.
    pub fn added_nodes(&self) -> Vec<AddedNode> {
        let node = |address| AddedNode {
            address,
            connected: self.peers.with_address(address).filter(|peer| peer.ready).map(|peer| peer.direction),
        };
        self.connections.added().map(node).collect()
    }

    /// Lifts a ban and a discouragement; false if there was none.
    pub fn unban(&mut self, address: &SocketAddr) -> bool {
        self.connections.unban(address)
    }

    /// Lifts all bans.
    pub fn clear_bans(&mut self) {
        self.connections.clear_bans();
    }

    /// Pings every peer that owes no answer.
    pub fn ping_all(&mut self, now: Time) {
        for peer in
            self.peers.ready().filter(|peer| !peer.is_pinged()).map(|peer| peer.id).collect::<Vec<_>>()
        {
            let nonce = self.rng.next_u64();
            if let Some(peer) = self.peers.get_mut(peer) {
                peer.send_ping(nonce, now.mono, &mut self.outbox);
            }
        }
    }

    /// The bans that are set, to be kept over a restart.
    pub fn bans(&self) -> impl Iterator<Item = Ban> {
        self.connections.bans()
    }

    /// How many address groups are banned or discouraged.
    pub fn refused(&self) -> usize {
        self.connections.refused()
    }

    /// Hands a transaction to the node at `address` over a connection made for it, on the network or not; answered by
    /// [`NetOutput::Delivered`](super::NetOutput::Delivered).
    pub fn deliver(&mut self, address: SocketAddr, transaction: Arc<Transaction>, now: Time) {
        let on_the_way = self.deliveries.has(address);
        self.deliveries.add(address, transaction);
        match self.peers.with_address(address) {
            Some(peer) if peer.ready => {
                let peer = peer.id;
                self.deliveries.send(peer, address, self.rng.next_u64(), &mut self.outbox);
            }
            Some(_) => {}
            None if on_the_way => {}
            None => self.connections.open_once(address, Purpose::Delivery, now.mono, &mut self.outbox),
        }
    }
}
