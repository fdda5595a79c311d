//! Gateways: Bitcoin nodes that are reached by TCP, as peers of rooms. Off unless the command line names one.
//!
//! A gateway has an address on 10.255.0.0/16, which is in no room's own network. It is in every room in which a browser
//! says that it runs a node of [`NETWORK`]; that a network is called so is all that the relay knows of it. `doors` keeps
//! which rooms those are, `port` holds the sessions that a room's nodes open to one gateway, `tcp` carries the bytes of
//! one session, which nobody here looks at.

mod doors;
mod port;
mod tcp;

pub(crate) use doors::Doors;

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use terrarium_link::Address;
use terrarium_link::room::GATEWAYS;

/// What nodes of Bitcoin's regtest call their network in the room's directory: the first block's hash and the magic.
const NETWORK: &str = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206/fabfb5da";

/// An address of the virtual LAN behind which a TCP address is reached: `10.255.0.1:18444=127.0.0.1:18444`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gateway {
    at: Address,
    target: SocketAddr,
}

/// A text that names no gateway.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// Not two addresses.
    #[error("{0}: not of the form 10.255.0.1:18444=127.0.0.1:18444")]
    Form(String),
    /// The first one is not where gateways are.
    #[error("{0}: a gateway's own address begins with 10.255 and has a port")]
    Own(Address),
}

impl Gateway {
    /// Whether what it leads to runs on this machine.
    pub fn is_local(&self) -> bool {
        self.target.ip().is_loopback()
    }
}

impl FromStr for Gateway {
    type Err = GatewayError;

    fn from_str(text: &str) -> Result<Self, GatewayError> {
        let form = || GatewayError::Form(text.to_owned());
        let (at, target) = text.split_once('=').ok_or_else(form)?;
        let (at, target): (Address, SocketAddr) =
            (at.parse().map_err(|_| form())?, target.parse().map_err(|_| form())?);
        if at.ip[..2] != GATEWAYS || at.port == 0 {
            return Err(GatewayError::Own(at));
        }
        Ok(Self { at, target })
    }
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.at, self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_named_by_its_address_in_rooms_and_the_one_it_leads_to() {
        let gateway: Gateway = "10.255.0.1:18444=127.0.0.1:8333".parse().unwrap();
        assert_eq!(gateway.to_string(), "10.255.0.1:18444=127.0.0.1:8333");
        assert!(gateway.is_local());
        assert!(!"10.255.0.1:18444=192.0.2.1:8333".parse::<Gateway>().unwrap().is_local());
    }

    #[test]
    fn a_gateway_has_no_address_that_a_browser_may_have() {
        let own = |text: &str| matches!(text.parse::<Gateway>(), Err(GatewayError::Own(_)));
        assert!(own("10.1.0.1:18444=127.0.0.1:18444"));
        assert!(own("127.0.0.1:18444=127.0.0.1:18444"));
        assert!(own("10.255.0.1:0=127.0.0.1:18444"));
        let form = |text: &str| matches!(text.parse::<Gateway>(), Err(GatewayError::Form(_)));
        assert!(form("10.255.0.1:18444") && form("10.255.0.1=127.0.0.1:1") && form("=") && form(""));
    }
}
