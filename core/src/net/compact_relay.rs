//! What compact blocks lead to: where they stand in the chain, whether they are rebuilt, and what is asked for.

use super::compact_blocks::Rebuilt;
use super::limits::{MAX_BLOCKTXN_DEPTH, MAX_CMPCTBLOCK_AHEAD, MAX_CMPCTBLOCK_DEPTH};
use super::message::{BlockTransactions, BlockTransactionsRequest, CompactBlock, Message, SendCompact};
use super::network::{Network, View};
use super::reason::DisconnectReason;
use crate::chain::{BlockIndexEntry, Body, Chainstate, Keeps};
use crate::interface::{PeerId, SyncMode};
use crate::primitives::{Block, BlockHash};
use crate::time::Time;
use std::sync::Arc;

impl Network {
    /// Whether this node goes by compact blocks: it keeps blocks, and syncs as Bitcoin does today.
    pub(super) fn speaks_compact(&self) -> bool {
        self.keeps == Keeps::Blocks && self.sync == SyncMode::Headers
    }

    pub(super) fn on_sendcmpct(&mut self, peer: PeerId, wish: SendCompact) {
        if self.speaks_compact() && self.compact_blocks.on_sendcmpct(peer, wish) {
            self.download.provides_compact(peer);
        }
    }

    /// A block by short ids. One that is news and next to our tip is rebuilt; of any other its header is all that it
    /// tells (Core's `ProcessMessage` of `CMPCTBLOCK`).
    pub(super) fn on_compact_block(
        &mut self,
        peer: PeerId,
        compact: &CompactBlock,
        view: &mut View<'_>,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        let Some(entry) = self.peers.get_mut(peer) else { return Ok(()) };
        if !self.compact_blocks.is_provider(peer) {
            entry.tolerated.out_of_place += 1;
            return Ok(());
        }
        let hash = self.headers.hash_of(&compact.header);
        if view.chain.lacks_work(&[compact.header], &hash) {
            entry.tolerated.low_work += 1;
            return Ok(());
        }
        if view.chain.entry(&hash).is_some_and(|entry| entry.status.is_invalid()) {
            entry.tolerated.invalid_blocks += 1;
            return Ok(());
        }
        if !self.take_header(peer, &compact.header, hash, view.chain, now)? {
            return Ok(());
        }
        self.download.peer_has(peer, hash, view.chain);
        if !is_news(view.chain, &hash) || self.download.is_paused() {
            return Ok(());
        }
        if self.download.is_asked_of(peer, &hash) || self.download.reserve(peer, hash, now.mono) {
            let rebuilt = self.compact_blocks.begin(peer, compact, view.pool)?;
            return self.on_rebuilt(peer, hash, rebuilt, view, now);
        }
        match self.compact_blocks.try_at_once(compact, view.pool)? {
            Some(block) => self.on_block(peer, Arc::new(block), view, now),
            None => Ok(()),
        }
    }

    /// The rest of a block that is being rebuilt. What nobody asked for is passed over.
    pub(super) fn on_blocktxn(
        &mut self,
        peer: PeerId,
        rest: BlockTransactions,
        view: &mut View<'_>,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        let hash = rest.block;
        match self.compact_blocks.on_blocktxn(peer, rest)? {
            Some(rebuilt) => self.on_rebuilt(peer, hash, rebuilt, view, now),
            None => {
                if let Some(entry) = self.peers.get_mut(peer) {
                    entry.tolerated.out_of_place += 1;
                }
                Ok(())
            }
        }
    }

    /// A peer wants transactions of a block. Of one that is not here it gets nothing.
    pub(super) fn on_getblocktxn(
        &mut self,
        peer: PeerId,
        request: BlockTransactionsRequest,
        chain: &Chainstate,
    ) -> Result<(), DisconnectReason> {
        let entry = chain.entry(&request.block).filter(|entry| entry.has_body());
        let Some(entry) = entry.filter(|_| self.keeps == Keeps::Blocks) else { return Ok(()) };
        if request.indexes.iter().any(|index| u32::from(*index) >= entry.n_tx) {
            return Err(DisconnectReason::BadCompactBlock("getblocktxn"));
        }
        self.serving.on_getblocktxn(peer, request);
        Ok(())
    }

    /// The tip as those hear of it who want it at once; none if nobody does, or its block would have to be read first.
    pub(super) fn compact_tip(&mut self, chain: &Chainstate) -> Option<Message> {
        if !self.speaks_compact() || !self.compact_blocks.is_wanted_at_once() {
            return None;
        }
        match chain.body(&chain.tip()) {
            Body::Memory(block) => {
                Some(Message::CmpctBlock(self.compact_blocks.compact(&block, &mut self.rng)))
            }
            Body::Stored(_) | Body::Absent => None,
        }
    }

    fn on_rebuilt(
        &mut self,
        peer: PeerId,
        hash: BlockHash,
        rebuilt: Rebuilt,
        view: &mut View<'_>,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        match rebuilt {
            Rebuilt::Whole(block) => return self.on_block(peer, Arc::new(block), view, now),
            Rebuilt::Missing(indexes) => {
                let request = BlockTransactionsRequest { block: hash, indexes };
                self.outbox.send(peer, Message::GetBlockTxn(request));
            }
            Rebuilt::Ambiguous => self.download.ask_whole(peer, hash, &mut self.outbox),
        }
        Ok(())
    }
}

/// Whether a block whose header is known would be our next tip, or the one after that.
fn is_news(chain: &Chainstate, hash: &BlockHash) -> bool {
    let tip = chain.tip_entry();
    let is_news = |entry: &BlockIndexEntry| {
        !entry.has_body()
            && entry.chainwork > tip.chainwork
            && entry.height.0 <= tip.height.0 + MAX_CMPCTBLOCK_AHEAD
    };
    chain.entry(hash).is_some_and(is_news)
}

/// A block that a peer asked for, and where it is.
#[derive(Debug)]
pub(super) struct Served<'a> {
    pub(super) hash: BlockHash,
    pub(super) block: &'a Arc<Block>,
    /// Our tip.
    pub(super) tip: BlockHash,
    /// Blocks above it; none off the active chain.
    depth: Option<u32>,
}

impl<'a> Served<'a> {
    pub(super) fn new(hash: BlockHash, block: &'a Arc<Block>, chain: &Chainstate) -> Self {
        let entry = chain.entry(&hash).filter(|_| chain.is_active(&hash));
        let depth = entry.map(|entry| chain.height().0 - entry.height.0);
        Self { hash, block, tip: chain.tip(), depth }
    }

    /// Whether it is given by short ids: a peer that is further behind has not the transactions.
    pub(super) fn goes_compact(&self) -> bool {
        self.depth.is_some_and(|depth| depth <= MAX_CMPCTBLOCK_DEPTH)
    }

    /// Whether single transactions of it are given: of older blocks that would let a peer have whole blocks read for a
    /// few bytes.
    pub(super) fn goes_in_parts(&self) -> bool {
        self.depth.is_some_and(|depth| depth <= MAX_BLOCKTXN_DEPTH)
    }
}
