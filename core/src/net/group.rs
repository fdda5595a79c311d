//! Address groups: whom a node counts as one when it spreads its connections or refuses a misbehaving neighbour.

use std::net::{IpAddr, SocketAddr};

/// A group of addresses that one party is likely to hold (protocol.md): on 127/8 a port is a node; on 10/8, a relay
/// room's virtual network, an address is a browser; elsewhere Core's /16 (/32 for IPv6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressGroup {
    /// A node of this machine.
    Local(u16),
    /// A browser of a relay room.
    Browser([u8; 4]),
    /// An IPv4 network.
    V4([u8; 2]),
    /// An IPv6 network.
    V6([u8; 4]),
}

impl AddressGroup {
    /// The group of `address`.
    pub fn of(address: &SocketAddr) -> Self {
        match address.ip() {
            IpAddr::V4(ip) => match ip.octets() {
                [127, ..] => Self::Local(address.port()),
                octets @ [10, ..] => Self::Browser(octets),
                [a, b, ..] => Self::V4([a, b]),
            },
            IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
                Some(ip) => Self::of(&SocketAddr::from((ip, address.port()))),
                None => {
                    let [a, b, c, d, ..] = ip.octets();
                    Self::V6([a, b, c, d])
                }
            },
        }
    }

    /// Whether a node at `own` may reach one at `other`: those of a lab reach those of a lab (127/8, 10/8), others others.
    pub fn reaches(own: &SocketAddr, other: &SocketAddr) -> bool {
        let is_of_a_lab = |address| matches!(Self::of(address), Self::Local(_) | Self::Browser(_));
        is_of_a_lab(own) == is_of_a_lab(other)
    }

    /// The group as bytes, for hashing.
    pub fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::Local(port) => [&[0][..], &port.to_be_bytes()].concat(),
            Self::Browser(ip) => [&[1][..], &ip].concat(),
            Self::V4(network) => [&[2][..], &network].concat(),
            Self::V6(network) => [&[3][..], &network].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(text: &str) -> AddressGroup {
        AddressGroup::of(&text.parse().expect("an address"))
    }

    #[test]
    fn groups_are_ports_here_browsers_in_a_room_and_networks_elsewhere() {
        assert_ne!(group("127.0.0.1:3000"), group("127.0.0.1:3001"));
        assert_eq!(group("127.0.0.1:3000"), group("[::ffff:127.0.0.1]:3000"));
        assert_eq!(group("10.1.2.3:3000"), group("10.1.2.3:3001"));
        assert_ne!(group("10.1.2.3:3000"), group("10.1.2.4:3000"));
        assert_eq!(group("8.8.1.1:1"), group("8.8.9.9:2"));
        assert_ne!(group("8.8.1.1:1"), group("8.9.1.1:1"));
        assert_eq!(group("[2001:db8:1::1]:1"), group("[2001:db8:2::1]:1"));
    }
}
