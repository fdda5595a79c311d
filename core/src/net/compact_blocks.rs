//! Compact blocks (BIP152 version 2): who speaks them, who announces by them at once, and blocks that are being rebuilt.
//! Answers `sendcmpct` and `blocktxn`, and `cmpctblock` once `compact_relay` has placed it in the chain.

use super::limits::{MAX_HIGH_BANDWIDTH_PEERS, MAX_RELAYED_BLOCKS};
use super::message::{BlockTransactions, CMPCTBLOCKS_VERSION, CompactBlock, Message, SendCompact};
use super::outbox::Outbox;
use super::partial_block::{PartialBlock, PartialError};
use super::reason::DisconnectReason;
use super::recent::RecentSet;
use crate::collections::{BTreeMap, SerialMap};
use crate::interface::{Direction, PeerId};
use crate::primitives::{Block, BlockHash, Transaction, Wtxid};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;
use std::collections::VecDeque;
use std::sync::Arc;

/// Shows every transaction that this node has to whoever is given.
pub type Pool<'a> = &'a dyn Fn(&mut dyn FnMut(&Wtxid, &Arc<Transaction>));

/// A peer's part in it.
#[derive(Clone, Copy, Debug)]
struct Partner {
    direction: Direction,
    /// It speaks our version: it may be asked for compact blocks.
    provides: bool,
    /// It wants to be told of blocks by `cmpctblock` at once.
    wants_at_once: bool,
}

/// What came of a compact block.
#[derive(Debug)]
pub(crate) enum Rebuilt {
    /// The whole block.
    Whole(Block),
    /// These are still to be asked for.
    Missing(Vec<u16>),
    /// It cannot be told which transactions are meant: the block is to be asked for whole.
    Ambiguous,
}

/// The compact blocks.
#[derive(Debug)]
pub(crate) struct CompactBlocks {
    /// One for each ready peer.
    partners: SerialMap<PeerId, Partner>,
    /// Who was asked to announce at once, longest ago first; at most `limits::MAX_HIGH_BANDWIDTH_PEERS`.
    announcers: VecDeque<PeerId>,
    /// Being rebuilt, with the peer that was asked for the rest. Each is in flight from that peer, which bounds them by
    /// `limits::MAX_BLOCKS_IN_TRANSIT_PER_PEER` for each.
    partial: BTreeMap<BlockHash, (PeerId, PartialBlock)>,
    /// Rebuilt from short ids: such a block is relayed before it is validated, so nobody is to blame for it.
    relayed: RecentSet<BlockHash>,
    /// The last block that was made compact.
    latest: Option<(BlockHash, Arc<CompactBlock>)>,
}

impl CompactBlocks {
    pub(crate) const fn new() -> Self {
        Self {
            partners: SerialMap::new(),
            announcers: VecDeque::new(),
            partial: BTreeMap::new(),
            relayed: RecentSet::new(MAX_RELAYED_BLOCKS),
            latest: None,
        }
    }

    pub(crate) fn peer_ready(&mut self, peer: PeerId, direction: Direction) {
        self.partners.insert(peer, Partner { direction, provides: false, wants_at_once: false });
    }

    /// What was being rebuilt with its help is to be asked for anew.
    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        self.partners.remove(&peer);
        self.announcers.retain(|other| *other != peer);
        self.partial.retain(|_, (helper, _)| *helper != peer);
    }

    /// A peer says how it wants to hear of blocks; in a version that is not ours it says nothing (as in Core). Returns
    /// whether it may be asked for compact blocks.
    pub(crate) fn on_sendcmpct(&mut self, peer: PeerId, wish: SendCompact) -> bool {
        if wish.version != CMPCTBLOCKS_VERSION {
            return self.is_provider(peer);
        }
        let Some(partner) = self.partners.get_mut(&peer) else { return false };
        partner.provides = true;
        partner.wants_at_once = wish.announce;
        true
    }

    /// Whether a peer speaks our version.
    pub(crate) fn is_provider(&self, peer: PeerId) -> bool {
        self.partners.get(&peer).is_some_and(|partner| partner.provides)
    }

    /// Whether a peer is to be told of blocks by `cmpctblock` at once.
    pub(crate) fn wants_at_once(&self, peer: PeerId) -> bool {
        self.partners.get(&peer).is_some_and(|partner| partner.wants_at_once)
    }

    /// Whether anybody is.
    pub(crate) fn is_wanted_at_once(&self) -> bool {
        self.partners.values().any(|partner| partner.wants_at_once)
    }

    /// Whether a peer was asked to tell of blocks at once.
    pub(crate) fn is_announcer(&self, peer: PeerId) -> bool {
        self.announcers.contains(&peer)
    }

    /// A peer was the first to give a block that became the tip: it is asked to announce at once from now on, in place
    /// of the one that was asked longest ago. The last one that we connected to is not given up for one that connected to
    /// us, or an attacker could have all places (Core's `MaybeSetPeerAsAnnouncingHeaderAndIDs`).
    pub(crate) fn promote(&mut self, peer: PeerId, outbox: &mut Outbox) {
        let Some(partner) = self.partners.get(&peer).filter(|partner| partner.provides) else { return };
        if let Some(place) = self.announcers.iter().position(|other| *other == peer) {
            self.announcers.remove(place);
            self.announcers.push_back(peer);
            return;
        }
        if self.announcers.len() >= MAX_HIGH_BANDWIDTH_PEERS {
            let is_outbound = |peer: &PeerId| {
                self.partners.get(peer).is_some_and(|other| other.direction == Direction::Outbound)
            };
            let outbound = self.announcers.iter().filter(|other| is_outbound(other)).count();
            let first_is_last = outbound == 1 && self.announcers.front().is_some_and(is_outbound);
            let place = usize::from(partner.direction == Direction::Inbound && first_is_last);
            if let Some(former) = self.announcers.remove(place) {
                outbox.send(former, sendcmpct(false));
            }
        }
        outbox.send(peer, sendcmpct(true));
        self.announcers.push_back(peer);
    }

    /// Rebuilds a block with what this node has; what is missing then is to be asked of `peer`, whose `blocktxn`
    /// completes it.
    pub(crate) fn begin(
        &mut self,
        peer: PeerId,
        compact: &CompactBlock,
        pool: Pool<'_>,
    ) -> Result<Rebuilt, DisconnectReason> {
        let hash = compact.header.block_hash();
        let Some(partial) = fill(compact, pool)? else { return Ok(Rebuilt::Ambiguous) };
        let missing = partial.missing();
        if missing.is_empty() {
            return self.finish(hash, partial, Vec::new());
        }
        self.partial.insert(hash, (peer, partial));
        Ok(Rebuilt::Missing(missing))
    }

    /// Rebuilds a block that is on its way from another peer, if nothing is missing.
    pub(crate) fn try_at_once(
        &mut self,
        compact: &CompactBlock,
        pool: Pool<'_>,
    ) -> Result<Option<Block>, DisconnectReason> {
        let hash = compact.header.block_hash();
        let partial = fill(compact, pool)?.filter(|partial| partial.missing().is_empty());
        let Some(partial) = partial else { return Ok(None) };
        match self.finish(hash, partial, Vec::new())? {
            Rebuilt::Whole(block) => Ok(Some(block)),
            Rebuilt::Missing(_) | Rebuilt::Ambiguous => Ok(None),
        }
    }

    /// The rest of a block; none if this peer was not asked for it.
    pub(crate) fn on_blocktxn(
        &mut self,
        peer: PeerId,
        rest: BlockTransactions,
    ) -> Result<Option<Rebuilt>, DisconnectReason> {
        if self.partial.get(&rest.block).is_none_or(|(helper, _)| *helper != peer) {
            return Ok(None);
        }
        let Some((_, partial)) = self.partial.remove(&rest.block) else { return Ok(None) };
        self.finish(rest.block, partial, rest.transactions).map(Some)
    }

    /// A whole block came: it need not be rebuilt, and its sender answers for it.
    pub(crate) fn on_block(&mut self, hash: &BlockHash) {
        self.partial.remove(hash);
        self.relayed.remove(hash);
    }

    /// Whether a block was rebuilt from short ids.
    pub(crate) fn is_relayed(&self, hash: &BlockHash) -> bool {
        self.relayed.contains(hash)
    }

    /// A block as it is announced; the same block always alike.
    pub(crate) fn compact(&mut self, block: &Block, rng: &mut ChaCha20Rng) -> Arc<CompactBlock> {
        let hash = block.block_hash();
        if let Some((_, compact)) = self.latest.as_ref().filter(|(latest, _)| *latest == hash) {
            return Arc::clone(compact);
        }
        let compact = Arc::new(CompactBlock::new(block, rng.next_u64()));
        self.latest = Some((hash, Arc::clone(&compact)));
        compact
    }

    fn finish(
        &mut self,
        hash: BlockHash,
        partial: PartialBlock,
        rest: Vec<Arc<Transaction>>,
    ) -> Result<Rebuilt, DisconnectReason> {
        match partial.complete(rest) {
            Ok(block) => {
                self.partial.remove(&hash);
                self.relayed.insert(hash, ());
                Ok(Rebuilt::Whole(block))
            }
            Err(PartialError::Ambiguous) => Ok(Rebuilt::Ambiguous),
            Err(PartialError::Malformed) => Err(DisconnectReason::BadCompactBlock("blocktxn")),
        }
    }
}

/// The wish for blocks that a node of ours sends.
pub(super) const fn sendcmpct(announce: bool) -> Message {
    Message::SendCmpct(SendCompact { announce, version: CMPCTBLOCKS_VERSION })
}

/// A compact block with all that this node has of it; none where short ids collide.
fn fill(compact: &CompactBlock, pool: Pool<'_>) -> Result<Option<PartialBlock>, DisconnectReason> {
    match PartialBlock::new(compact) {
        Ok(mut partial) => {
            pool(&mut |wtxid, transaction| partial.offer(wtxid, transaction));
            Ok(Some(partial))
        }
        Err(PartialError::Ambiguous) => Ok(None),
        Err(PartialError::Malformed) => Err(DisconnectReason::BadCompactBlock("cmpctblock")),
    }
}
