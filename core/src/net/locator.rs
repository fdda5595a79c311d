//! Locators: what is asked for after the chain that a node has.

use super::limits::PROTOCOL_VERSION;
use super::message::LocatorRequest;
use crate::chain::Chainstate;
use crate::primitives::BlockHash;

/// Asks for as much as fits of what comes after the chain that ends with `from`.
pub(crate) fn request(chain: &Chainstate, from: &BlockHash) -> LocatorRequest {
    LocatorRequest { version: PROTOCOL_VERSION, locator: chain.locator(from), stop: BlockHash::ZERO }
}
