//! Socket addresses, the only names that the link layer knows.

use std::fmt;
use std::str::FromStr;

/// Where an endpoint is reached: an IPv4 address and a port. On one machine a node's address is 127.0.0.1 and
/// its node id is the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The four octets, most significant first.
    pub ip: [u8; 4],
    /// The port, never 0 on the wire.
    pub port: u16,
}

impl Address {
    /// Bytes that an address takes in a frame.
    pub(crate) const LEN: usize = 6;

    /// The address 127.0.0.1 with `port`, which is how nodes of one machine are named.
    pub const fn loopback(port: u16) -> Self {
        Self { ip: [127, 0, 0, 1], port }
    }

    /// The octets, then the port in network byte order (as in Bitcoin's `addr` message).
    pub(crate) fn to_bytes(self) -> [u8; Self::LEN] {
        let [a, b, c, d] = self.ip;
        let [high, low] = self.port.to_be_bytes();
        [a, b, c, d, high, low]
    }

    pub(crate) fn from_bytes([a, b, c, d, high, low]: [u8; Self::LEN]) -> Self {
        Self { ip: [a, b, c, d], port: u16::from_be_bytes([high, low]) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.ip;
        write!(f, "{a}.{b}.{c}.{d}:{}", self.port)
    }
}

/// A text that is not `a.b.c.d:port`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address of the form a.b.c.d:port: {0:?}")]
pub struct ParseAddressError(String);

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed: std::net::SocketAddrV4 =
            text.parse().map_err(|_| ParseAddressError(text.chars().take(64).collect()))?;
        Ok(Self { ip: parsed.ip().octets(), port: parsed.port() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_what_it_prints() {
        let address = Address { ip: [10, 1, 2, 3], port: 3001 };
        assert_eq!(address.to_string(), "10.1.2.3:3001");
        assert_eq!("10.1.2.3:3001".parse(), Ok(address));
        assert!("10.1.2:3001".parse::<Address>().is_err());
        assert!("10.1.2.3".parse::<Address>().is_err());
    }

    #[test]
    fn the_wire_form_is_octets_then_port_in_network_order() {
        let address = Address::loopback(3000);
        assert_eq!(address.to_bytes(), [127, 0, 0, 1, 0x0b, 0xb8]);
        assert_eq!(Address::from_bytes(address.to_bytes()), address);
    }
}
