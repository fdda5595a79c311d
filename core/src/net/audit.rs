//! What a simulation asks of a network while it is under attack: how full its containers are, and whom it refuses.

use super::limits::{MAX_CONNECTIONS, MAX_RECEIVE_BUFFER};
use super::network::Network;
use super::peer::Purpose;
use super::traffic::Count;
use crate::bound::Bound;
use crate::time::UnixTime;
use std::net::SocketAddr;

impl Network {
    /// Whether a connection with an address is refused because it is banned or discouraged.
    pub(crate) fn refuses(&self, address: &SocketAddr, now: UnixTime) -> bool {
        self.connections.refuses(address, now).is_some()
    }

    /// What went out over the connections that are up, and what came in over them.
    pub(crate) fn traffic(&self) -> (Count, Count) {
        self.peers.iter().fold(Default::default(), |(sent, received), peer| {
            (sent + peer.sent.total, received + peer.received.total)
        })
    }

    pub(crate) fn bounds(&self) -> Vec<Bound> {
        let unread = self.peers.iter().map(|peer| peer.session.unread());
        let inbound = self.peers.count(Purpose::Inbound);
        let mut bounds = vec![
            Bound::new("connections (MAX_CONNECTIONS)", self.peers.len(), MAX_CONNECTIONS),
            Bound::new("inbound connections (MAX_INBOUND_CONNECTIONS)", inbound, self.peers.max_inbound()),
            Bound::of_fullest("unread bytes of a peer (MAX_RECEIVE_BUFFER)", unread, MAX_RECEIVE_BUFFER),
        ];
        bounds.extend(self.connections.bounds());
        bounds.extend(self.discovery.bounds());
        bounds.extend(self.addresses.bounds());
        bounds.push(self.departures.bound());
        bounds.extend(self.download.bounds());
        bounds.extend(self.transactions.bounds());
        bounds.extend(self.relay.bounds());
        bounds.extend(self.serving.bounds());
        bounds
    }
}
