//! Locators: where a chain stands, in a few hashes.

use super::limits::PROTOCOL_VERSION;
use super::message::LocatorRequest;
use crate::chain::Chainstate;
use crate::primitives::{BlockHash, Height};

/// Hashes that come one by one before the steps begin to double.
const DENSE: usize = 10;

/// Asks for as much as fits of what comes after the chain that ends with `from`.
pub(crate) fn request(chain: &Chainstate, from: &BlockHash) -> LocatorRequest {
    LocatorRequest { version: PROTOCOL_VERSION, locator: locator(chain, from), stop: BlockHash::ZERO }
}

/// The hashes of the chain that ends with `from`, from its tip back, ever further apart, and genesis (Core's
/// `LocatorEntries`).
fn locator(chain: &Chainstate, from: &BlockHash) -> Vec<BlockHash> {
    let mut hashes = Vec::new();
    let mut height = chain.entry(from).map_or(0, |entry| entry.height.0);
    let mut step = 1;
    while let Some(hash) = chain.ancestor(from, Height(height)) {
        hashes.push(hash);
        if height == 0 {
            break;
        }
        if hashes.len() > DENSE {
            step *= 2;
        }
        height = height.saturating_sub(step);
    }
    hashes
}
