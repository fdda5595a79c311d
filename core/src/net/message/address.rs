//! Addresses as the protocol writes them: sixteen bytes of IP, IPv4 mapped into IPv6, and the port in network order.

use crate::encode::{Decode, DecodeError, Encode, Reader};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::ops::BitOr;

/// What a node offers, as bits (BIP111, BIP144, BIP159).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Services(pub u64);

impl Services {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Serves the whole chain (`NODE_NETWORK`).
    pub const NETWORK: Self = Self(1);
    /// Serves bloom filters (`NODE_BLOOM`, BIP111).
    pub const BLOOM: Self = Self(1 << 2);
    /// Serves compact filters (`NODE_COMPACT_FILTERS`, BIP157).
    pub const COMPACT_FILTERS: Self = Self(1 << 6);
    /// Speaks the encrypted transport (`NODE_P2P_V2`, BIP324).
    pub const P2P_V2: Self = Self(1 << 11);
    /// Serves witnesses (`NODE_WITNESS`, BIP144).
    pub const WITNESS: Self = Self(1 << 3);

    /// The names of what is offered, as Core writes them.
    pub fn names(self) -> Vec<&'static str> {
        let known = [
            (Self::NETWORK, "NETWORK"),
            (Self::BLOOM, "BLOOM"),
            (Self::WITNESS, "WITNESS"),
            (Self::COMPACT_FILTERS, "COMPACT_FILTERS"),
            (Self::P2P_V2, "P2P_V2"),
        ];
        known.into_iter().filter(|(service, _)| self.has(*service)).map(|(_, name)| name).collect()
    }

    /// Whether all of `services` are offered.
    pub const fn has(self, services: Self) -> bool {
        self.0 & services.0 == services.0
    }
}

impl BitOr for Services {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Encode for Services {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
    fn encoded_len(&self) -> usize {
        8
    }
}

impl Decode for Services {
    const MIN_ENCODED_LEN: usize = 8;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.read().map(Self)
    }
}

/// A node's address and what it offers: 26 bytes, as in `version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetAddress {
    /// What it offers.
    pub services: Services,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Encode for NetAddress {
    fn encode(&self, out: &mut Vec<u8>) {
        self.services.encode(out);
        let ip = match self.address.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        out.extend_from_slice(&ip.octets());
        out.extend_from_slice(&self.address.port().to_be_bytes());
    }
    fn encoded_len(&self) -> usize {
        26
    }
}

impl Decode for NetAddress {
    const MIN_ENCODED_LEN: usize = 26;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let services = reader.read()?;
        let ip = Ipv6Addr::from(reader.array::<16>()?);
        let port = u16::from_be_bytes(reader.array()?);
        let ip = ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4);
        Ok(Self { services, address: SocketAddr::new(ip, port) })
    }
}

/// An address with the time at which it was last seen up: an entry of `addr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedAddress {
    /// Seconds since 1970.
    pub time: u32,
    /// The address.
    pub node: NetAddress,
}

impl Encode for TimedAddress {
    fn encode(&self, out: &mut Vec<u8>) {
        self.time.encode(out);
        self.node.encode(out);
    }
    fn encoded_len(&self) -> usize {
        30
    }
}

impl Decode for TimedAddress {
    const MIN_ENCODED_LEN: usize = 30;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { time: reader.read()?, node: reader.read()? })
    }
}
