//! What a simulation asks of a chain at any tip, and nothing else needs: it looks at every coin.

use super::chainstate::{Chainstate, MAX_SIDE_HEADERS};
use super::coins::{CoinsCache, MAX_COINS};
use super::connect::{Place, connect_block, disconnect_block};
use crate::bound::Bound;
use crate::encode::Encode as _;
use crate::primitives::Height;
use sha2::{Digest as _, Sha256};

impl Chainstate {
    /// The hash of all coins in the order of their outpoints: equal where the coins are.
    pub fn coins_digest(&self) -> [u8; 32] {
        digest(&self.coins)
    }

    /// Whether taking the tip off the coins and putting it on again leads back to the same coins; true
    /// where its body or its undo data are not in memory.
    pub fn undo_inverts_connect(&self) -> bool {
        let id = self.tip_id();
        let (Some(block), Some(undo)) = (self.bodies.get(id), self.undo.get(id)) else { return true };
        let entry = self.index.get(id);
        let Some(parent) = entry.parent.map(|parent| self.index.get(parent)) else { return true };
        let mut coins = self.coins.clone();
        if disconnect_block(&mut coins, block, (**undo).clone()).is_err() {
            return false;
        }
        let median_time_before = |height: Height| {
            let below = self.active_entry(Height(height.0.saturating_sub(1)));
            below.map_or(0, |entry| entry.median_time_past)
        };
        let place = Place {
            height: entry.height,
            median_time_past: parent.median_time_past,
            median_time_before: &median_time_before,
            consensus: &self.params.consensus,
        };
        let connected = connect_block(&mut coins, block, &place);
        let same_undo = connected.is_ok_and(|connected| connected.undo.spent == undo.spent);
        same_undo && digest(&coins) == digest(&self.coins)
    }

    pub(crate) fn bounds(&self) -> Vec<Bound> {
        let main = self.active.len() + self.header_chain.len() - (self.common_height() + 1);
        vec![
            Bound::new("headers (MAX_HEADERS)", self.index.len(), self.max_headers),
            Bound::new("side headers (MAX_SIDE_HEADERS)", self.index.len() - main, MAX_SIDE_HEADERS),
            Bound::new("coins (MAX_COINS)", self.coins.len(), MAX_COINS),
        ]
    }
}

fn digest(coins: &CoinsCache) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for (outpoint, coin) in coins.iter() {
        let mut bytes = Vec::with_capacity(100);
        outpoint.encode(&mut bytes);
        coin.encode(&mut bytes);
        hasher.update(&bytes);
    }
    hasher.finalize().into()
}
