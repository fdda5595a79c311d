//! Where a node is: on its own machine, or in a browser of a relay's room, where node ids may mean nodes of other browsers.

use crate::collections::{BTreeMap, sort};
use crate::interface::NodeId;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Nodes of a room that are known at most.
const MAX_ROOM_NODES: usize = 5_000;

/// Browsers whose paths are known at most; a room has fewer.
const MAX_PATHS: usize = 1_000;
/// Steps of a path that are known at most.
const MAX_STEPS: usize = 16;

/// Which way frames to another browser of the room take, and how that came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct LinkPath {
    /// They go by a channel between the two browsers; else the relay carries them.
    pub direct: bool,
    /// What happened, with when in milliseconds since 1970.
    pub steps: Vec<(u64, String)>,
}

/// Which way frames to a peer take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way<'a> {
    /// They stay in this browser.
    Browser,
    /// They leave it.
    Room(&'a LinkPath),
}

/// Where this node is, and where others are.
#[derive(Debug)]
pub(super) struct Place {
    /// 127.0.0.1, or the address that the relay gave this browser.
    host: Ipv4Addr,
    /// The nodes that are up in the room, on whatever network; none outside one. Bounded by [`MAX_ROOM_NODES`].
    nodes: Vec<SocketAddr>,
    /// Links to other browsers of which more is known than that the relay carries them. Bounded by [`MAX_PATHS`].
    paths: BTreeMap<Ipv4Addr, LinkPath>,
    by_relay: LinkPath,
}

impl Place {
    pub(super) const fn new(host: Ipv4Addr) -> Self {
        let by_relay = LinkPath { direct: false, steps: Vec::new() };
        Self { host, nodes: Vec::new(), paths: BTreeMap::new(), by_relay }
    }

    /// Takes over which nodes are up in the room.
    pub(super) fn set_nodes(&mut self, nodes: Vec<SocketAddr>) {
        self.nodes = nodes;
        self.nodes.truncate(MAX_ROOM_NODES);
        sort(&mut self.nodes);
    }

    /// Takes over how links to another browser go.
    pub(super) fn set_path(&mut self, host: Ipv4Addr, mut path: LinkPath) {
        path.steps.truncate(MAX_STEPS);
        if path == self.by_relay {
            self.paths.remove(&host);
        } else if self.paths.len() < MAX_PATHS || self.paths.contains_key(&host) {
            self.paths.insert(host, path);
        }
    }

    /// Which way frames to an address take.
    pub(super) fn way_to(&self, address: SocketAddr) -> Way<'_> {
        match address.ip() {
            IpAddr::V4(ip) if !self.host.is_loopback() && ip != self.host => {
                Way::Room(self.paths.get(&ip).unwrap_or(&self.by_relay))
            }
            _ => Way::Browser,
        }
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
    fn frames_to_another_browser_go_by_the_relay_until_it_is_said_that_they_do_not() {
        let mut place = Place::new(Ipv4Addr::new(10, 1, 0, 2));
        let other: SocketAddr = "10.1.0.3:3001".parse().unwrap();
        assert_eq!(place.way_to("10.1.0.2:3005".parse().unwrap()), Way::Browser);
        assert_eq!(place.way_to(other), Way::Room(&LinkPath::default()));
        let direct = LinkPath { direct: true, steps: vec![(1, "punched".to_owned()); 20] };
        place.set_path(Ipv4Addr::new(10, 1, 0, 3), direct);
        assert!(
            matches!(place.way_to(other), Way::Room(path) if path.direct && path.steps.len() == MAX_STEPS)
        );
        place.set_path(Ipv4Addr::new(10, 1, 0, 3), LinkPath::default());
        assert_eq!(place.way_to(other), Way::Room(&LinkPath::default()));
        assert_eq!(Place::new(Ipv4Addr::LOCALHOST).way_to(other), Way::Browser, "there is no room");
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
