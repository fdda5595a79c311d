//! What must be true of a node between any two steps, looked at from within: for simulations, which check it while
//! everything goes wrong.

use super::Node;
use super::engine::Engine;
use super::snapshot::RECENT_BLOCKS;
use crate::bound::Bound;
use crate::mempool::MempoolFlaw;
use crate::net::Count;
use crate::primitives::{BlockHash, Height};
use std::net::SocketAddr;

/// What must never be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Undo data does not lead back to the coins before the tip.
    #[error("the undo data of {0} does not invert it")]
    Undo(BlockHash),
    /// The mempool holds what it must not.
    #[error("{0}")]
    Mempool(#[from] MempoolFlaw),
    /// A container holds more than it may.
    #[error("{} hold {} of {}", .0.name, .0.held, .0.most)]
    Bound(Bound),
}

impl Node {
    /// Looks for what must never be. While the chain changes branch, bounds alone are looked at: nobody sees the rest.
    ///
    /// # Errors
    /// The first flaw.
    pub fn audit(&self) -> Result<(), Flaw> {
        let Some(engine) = &self.engine else { return Ok(()) };
        if let Some(over) = self.bounds().into_iter().find(|bound| !bound.holds()) {
            return Err(Flaw::Bound(over));
        }
        if !engine.is_settled() {
            return Ok(());
        }
        engine.mempool.audit(&engine.chain)?;
        if engine.chain.undo_inverts_connect() { Ok(()) } else { Err(Flaw::Undo(engine.tip())) }
    }

    /// How full every container with a named bound is; nothing before there is a chain.
    pub fn bounds(&self) -> Vec<Bound> {
        let Some(Engine { chain, mempool, orphans, network, recent, .. }) = &self.engine else {
            return Vec::new();
        };
        let mut bounds = vec![Bound::new("the last blocks (RECENT_BLOCKS)", recent.len(), RECENT_BLOCKS)];
        bounds.extend(chain.bounds());
        bounds.extend(mempool.bounds());
        bounds.extend(orphans.bounds());
        bounds.extend(network.bounds());
        bounds
    }

    /// The hash of all coins at the tip; none before there is a chain.
    pub fn coins_digest(&self) -> Option<[u8; 32]> {
        self.engine.as_ref().map(|engine| engine.chain.coins_digest())
    }

    /// The tip's height and hash, at less cost than a snapshot's; none before there is a chain.
    pub fn standing(&self) -> Option<(Height, BlockHash)> {
        self.engine.as_ref().map(|engine| (engine.chain.height(), engine.chain.tip()))
    }

    /// The active chain's blocks above its first, in order.
    pub fn active_chain(&self) -> Vec<BlockHash> {
        self.engine.as_ref().map(|engine| engine.hashes_from(Height(1))).unwrap_or_default()
    }

    /// What went out over the connections that are up, and what came in over them.
    pub fn traffic(&self) -> (Count, Count) {
        self.engine.as_ref().map_or_else(Default::default, |engine| engine.network.traffic())
    }

    /// Whether this node keeps an address away, banned or discouraged.
    pub fn refuses(&self, address: &SocketAddr) -> bool {
        self.engine.as_ref().is_some_and(|engine| engine.network.refuses(address, self.now.unix))
    }

    /// Whether the chain rests: what is told of the tip is then where it is.
    pub fn is_at_rest(&self) -> bool {
        self.engine.as_ref().is_none_or(Engine::is_settled)
    }
}
