//! Where a node is: on its own machine, or in a browser of a relay's room, where node ids may mean nodes of other browsers.

use crate::interface::NodeId;
use std::net::{Ipv4Addr, SocketAddr};

/// Nodes of a room that are known at most.
const MAX_ROOM_NODES: usize = 5_000;

/// Where this node is, and where others are.
#[derive(Debug)]
pub(super) struct Place {
    /// 127.0.0.1, or the address that the relay gave this browser.
    host: Ipv4Addr,
    /// The nodes that are up in the room, on whatever network; none outside one. Bounded by [`MAX_ROOM_NODES`].
    nodes: Vec<SocketAddr>,
}

impl Place {
    pub(super) const fn new(host: Ipv4Addr) -> Self {
        Self { host, nodes: Vec::new() }
    }

    /// Takes over which nodes are up in the room.
    pub(super) fn set_nodes(&mut self, nodes: Vec<SocketAddr>) {
        self.nodes = nodes;
        self.nodes.truncate(MAX_ROOM_NODES);
        self.nodes.sort_unstable();
    }

    /// The address of a node of this browser.
    pub(super) fn own(&self, id: NodeId) -> SocketAddr {
        SocketAddr::from((self.host, id.0))
    }

    /// The address of the node that an id means: one of this browser where it is up, else the room's.
    pub(super) fn address_of(&self, id: NodeId) -> SocketAddr {
        let own = self.own(id);
        let others = || self.nodes.iter().find(|address| address.port() == id.0).copied();
        if self.nodes.binary_search(&own).is_ok() { own } else { others().unwrap_or(own) }
    }

    /// What an address means: in a room one of this machine is but a node's id.
    pub(super) fn resolve(&self, address: SocketAddr) -> SocketAddr {
        if address.ip().is_loopback() && !self.host.is_loopback() {
            self.address_of(NodeId(address.port()))
        } else {
            address
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_a_room_an_id_is_a_port_of_this_machine() {
        let place = Place::new(Ipv4Addr::LOCALHOST);
        assert_eq!(place.address_of(NodeId(3001)), NodeId(3001).local_address());
        let other: SocketAddr = "10.1.0.2:3001".parse().unwrap();
        assert_eq!(place.resolve(other), other);
    }

    #[test]
    fn in_a_room_an_id_is_a_node_of_this_browser_or_the_rooms() {
        let own = Ipv4Addr::new(10, 1, 0, 2);
        let mut place = Place::new(own);
        let address = |text: &str| -> SocketAddr { text.parse().unwrap() };
        let up = ["10.1.0.3:3001", "10.1.0.2:3001", "10.1.0.3:3000", "10.1.0.1:3000"];
        place.set_nodes(up.map(address).to_vec());
        assert_eq!(place.address_of(NodeId(3001)), address("10.1.0.2:3001"), "this browser's first");
        assert_eq!(place.address_of(NodeId(3000)), address("10.1.0.1:3000"), "then the lowest address");
        assert_eq!(place.address_of(NodeId(3005)), address("10.1.0.2:3005"));
        assert_eq!(place.resolve(NodeId(3000).local_address()), address("10.1.0.1:3000"));
        assert_eq!(place.resolve(address("10.1.0.3:3001")), address("10.1.0.3:3001"));
    }
}
