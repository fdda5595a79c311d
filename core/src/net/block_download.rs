//! Which blocks are asked of whom. Answers `block`, and what `headers`, `inv` and `notfound` say of blocks.
//!
//! A peer is asked for the blocks of its own best chain that are missing here, in order, a few at a time, within a
//! window above the last block in common (Core's `FindNextBlocksToDownload`); before those, for blocks that it
//! announced and whose headers are not known, as before Bitcoin 0.10. A block is asked of one peer at a time.

use super::branch::{is_next, last_common, stretch};
use super::limits::{
    BLOCK_DOWNLOAD_TIMEOUT_MIN, BLOCK_DOWNLOAD_WINDOW, BLOCK_STALLING_TIMEOUT_DEFAULT,
    BLOCK_STALLING_TIMEOUT_MAX, MAX_BLOCKS_IN_TRANSIT_PER_PEER, MAX_INV_SZ,
};
use super::message::{Inventory, Message};
use super::outbox::Outbox;
use super::reason::DisconnectReason;
use super::recent::RecentMap;
use crate::chain::{BlockIndexEntry, BranchEnd, Chainstate};
use crate::collections::{BTreeMap, BTreeSet, SerialMap};
use crate::interface::PeerId;
use crate::primitives::{BlockHash, Height, Work};
use crate::time::{Mono, Span};
use std::collections::VecDeque;

/// A peer is asked for more once it has this few to deliver, so that requests go out in batches and never run dry.
const REFILL_BELOW: usize = MAX_BLOCKS_IN_TRANSIT_PER_PEER / 2 + 1;
/// Blocks on their way in a network that is in step.
const GROWTH: usize = 2;
/// Entries of a chain that are looked at in one go.
const STRIDE: u32 = 32;

/// What is downloaded from a peer.
#[derive(Debug)]
struct Source {
    /// How it is asked for blocks.
    item: fn(BlockHash) -> Inventory,
    /// It speaks compact blocks (BIP152).
    compact: bool,
    /// The last block with most work that it is known to have (Core's `pindexBestKnownBlock`).
    best_known: Option<BranchEnd>,
    /// How much work there is in the chain that ends with it.
    best_work: Work,
    /// Up to here we have every block of its chain (Core's `pindexLastCommonBlock`).
    common: Height,
    /// Blocks that it announced and whose headers we do not know; at most `limits::MAX_INV_SZ`.
    announced: VecDeque<BlockHash>,
    /// Asked and not received, oldest first; at most `limits::MAX_BLOCKS_IN_TRANSIT_PER_PEER`.
    in_flight: Vec<BlockHash>,
    /// Since when the oldest of them is awaited (Core's `m_downloading_since`).
    since: Mono,
    /// Since when it has held up the window (Core's `m_stalling_since`).
    stalling: Option<Mono>,
}

/// How far the sync from a peer is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress<'a> {
    /// The best block that it is known to have.
    pub(crate) best_known: Option<BlockHash>,
    /// Up to here we have every block of its chain.
    pub(crate) common: Height,
    /// Asked and not received.
    pub(crate) in_flight: &'a [BlockHash],
}

/// The download of blocks.
#[derive(Debug)]
pub(crate) struct BlockDownload {
    spacing: Span,
    /// One for each ready peer that is synced from.
    sources: SerialMap<PeerId, Source>,
    /// Who was asked for what: the union of the sources' `in_flight`.
    in_flight: BTreeMap<BlockHash, PeerId>,
    /// Received, and not judged yet by the node; emptied with every step.
    judging: BTreeSet<BlockHash>,
    /// Who sent a block that the chain has not connected yet.
    senders: RecentMap<BlockHash, PeerId>,
    stalling_timeout: Span,
    paused: bool,
    /// Only these are asked for, if there is a choice; at most a few stretches of the chain.
    chosen: Option<BTreeSet<BlockHash>>,
    /// Whether some source's `announced` holds anything, perhaps.
    has_announced: bool,
    /// The chain's standing when there was last nothing to ask anyone for; none once anything else changed since by which
    /// there may be.
    exhausted: Option<(u64, BlockHash)>,
}

impl BlockDownload {
    /// For a network that wants blocks `spacing` apart.
    pub(crate) const fn new(spacing: Span) -> Self {
        Self {
            spacing,
            sources: SerialMap::new(),
            in_flight: BTreeMap::new(),
            judging: BTreeSet::new(),
            senders: RecentMap::new(2 * BLOCK_DOWNLOAD_WINDOW as usize),
            stalling_timeout: BLOCK_STALLING_TIMEOUT_DEFAULT,
            paused: false,
            chosen: None,
            has_announced: false,
            exhausted: None,
        }
    }

    pub(crate) fn peer_ready(&mut self, peer: PeerId, item: fn(BlockHash) -> Inventory) {
        self.exhausted = None;
        self.sources.insert(
            peer,
            Source {
                item,
                compact: false,
                best_known: None,
                best_work: Work::ZERO,
                common: Height::GENESIS,
                announced: VecDeque::new(),
                in_flight: Vec::new(),
                since: Mono(0),
                stalling: None,
            },
        );
    }

    /// A peer speaks compact blocks.
    pub(crate) fn provides_compact(&mut self, peer: PeerId) {
        self.exhausted = None;
        if let Some(source) = self.sources.get_mut(&peer) {
            source.compact = true;
        }
    }

    /// Counts a block as asked of a peer, which has begun to give it unasked; false if it is on its way already, or the
    /// peer has enough to deliver.
    pub(crate) fn reserve(&mut self, peer: PeerId, hash: BlockHash, now: Mono) -> bool {
        self.exhausted = None;
        let is_coming = self.in_flight.contains_key(&hash) || self.judging.contains(&hash);
        let Some(source) = self.sources.get_mut(&peer).filter(|_| !self.paused && !is_coming) else {
            return false;
        };
        if source.in_flight.len() >= MAX_BLOCKS_IN_TRANSIT_PER_PEER {
            return false;
        }
        if source.in_flight.is_empty() {
            source.since = now;
        }
        source.in_flight.push(hash);
        self.in_flight.insert(hash, peer);
        true
    }

    /// Asks a peer for the whole of a block that it is giving otherwise.
    pub(crate) fn ask_whole(&self, peer: PeerId, hash: BlockHash, outbox: &mut Outbox) {
        if let Some(source) = self.sources.get(&peer).filter(|_| self.is_asked_of(peer, &hash)) {
            outbox.send(peer, Message::GetData(vec![(source.item)(hash)]));
        }
    }

    /// What was asked of a peer that is gone is asked of others.
    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        self.exhausted = None;
        if let Some(source) = self.sources.remove(&peer) {
            for hash in source.in_flight {
                self.in_flight.remove(&hash);
            }
        }
    }

    /// Whether blocks are on their way: more than the one or two of a chain that merely grows.
    pub(crate) fn is_busy(&self) -> bool {
        self.in_flight.len() + self.judging.len() > GROWTH
    }

    /// While paused nothing is asked for: the store takes no more.
    pub(crate) const fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Whether it is so: what peers give unasked is left to them as well.
    pub(crate) const fn is_paused(&self) -> bool {
        self.paused
    }

    /// From now on only chosen blocks are asked for.
    pub(crate) fn begin_choosing(&mut self) {
        self.exhausted = None;
        self.chosen = Some(BTreeSet::new());
    }

    /// Every block is asked for again.
    pub(crate) fn end_choosing(&mut self) {
        self.exhausted = None;
        self.chosen = None;
    }

    /// Chooses a block.
    pub(crate) fn choose(&mut self, hash: BlockHash) {
        self.exhausted = None;
        if let Some(chosen) = &mut self.chosen {
            chosen.insert(hash);
        }
    }

    /// Whether a block was chosen and has not come, or is with the node.
    pub(crate) fn is_coming(&self, hash: &BlockHash) -> bool {
        self.judging.contains(hash) || self.chosen.as_ref().is_some_and(|chosen| chosen.contains(hash))
    }

    /// A peer has a block whose header we know, and all below it.
    pub(crate) fn peer_has(&mut self, peer: PeerId, hash: BlockHash, chain: &Chainstate) {
        let Some(source) = self.sources.get_mut(&peer) else { return };
        if source.best_known.is_some_and(|best| best.hash == hash) {
            return;
        }
        let Some(entry) = chain.entry(&hash) else { return };
        // Of a chain without more work than ours nothing is asked for.
        if entry.chainwork > chain.tip_entry().chainwork {
            self.exhausted = None;
        }
        // Of a branch that was given up nothing is left to compare with.
        let is_gone = |best: Option<BranchEnd>| best.is_none_or(|best| chain.entry(&best.hash).is_none());
        if entry.chainwork > source.best_work || is_gone(source.best_known) {
            source.best_known = Some(entry.branch());
            source.best_work = entry.chainwork;
        }
    }

    /// Whether a peer is known to have a block (Core's `PeerHasHeader`).
    pub(crate) fn is_known_to(
        &self,
        peer: PeerId,
        hash: &BlockHash,
        height: Height,
        chain: &Chainstate,
    ) -> bool {
        let Some(source) = self.sources.get(&peer) else { return false };
        source.best_known.is_some_and(|best| chain.is_on_branch(best, hash, height))
    }

    /// A peer announced a block whose header we do not know, and is to be asked for the block itself. One that is in
    /// flight is kept in mind: should its parent be missing when it comes, it is asked for again after the parent.
    pub(crate) fn announced(&mut self, peer: PeerId, hash: BlockHash) {
        self.exhausted = None;
        if let Some(source) = self.sources.get_mut(&peer)
            && source.announced.len() < MAX_INV_SZ
        {
            source.announced.push_back(hash);
            self.has_announced = true;
        }
    }

    /// A block came; returns whether it was asked for, of whomever.
    pub(crate) fn received(&mut self, hash: &BlockHash, now: Mono) -> bool {
        self.exhausted = None;
        let asked = self.in_flight.contains_key(hash);
        if let Some(chosen) = &mut self.chosen {
            chosen.remove(hash);
        }
        self.forget_request(hash, now);
        asked
    }

    /// Whether a block was asked of this peer.
    pub(crate) fn is_asked_of(&self, peer: PeerId, hash: &BlockHash) -> bool {
        self.in_flight.get(hash) == Some(&peer)
    }

    /// All that was asked for and has not come.
    pub(crate) fn in_flight(&self) -> impl Iterator<Item = BlockHash> {
        self.in_flight.keys().copied()
    }

    /// A block goes to the node, and counts as here until it is judged; false if it is with the node already.
    pub(crate) fn judge(&mut self, peer: PeerId, hash: BlockHash) -> bool {
        self.exhausted = None;
        self.senders.insert(hash, peer);
        self.judging.insert(hash)
    }

    /// The node has judged a block.
    pub(crate) fn judged(&mut self, hash: &BlockHash) {
        self.exhausted = None;
        self.judging.remove(hash);
    }

    /// Who sent a block of which the chain now says that it is invalid.
    pub(crate) fn sender(&self, hash: &BlockHash) -> Option<PeerId> {
        self.senders.get(hash).copied()
    }

    /// A peer does not have what it was asked for: it is not asked for it again, and others may be.
    pub(crate) fn not_found(&mut self, peer: PeerId, hash: &BlockHash, now: Mono) {
        self.exhausted = None;
        if self.in_flight.get(hash) != Some(&peer) {
            return;
        }
        self.forget_request(hash, now);
        if let Some(source) = self.sources.get_mut(&peer) {
            source.best_known = None;
            source.best_work = Work::ZERO;
        }
    }

    /// A block was connected: whoever is slow is given less time again (Core's decay by 0.85).
    pub(crate) fn connected(&mut self) {
        let shorter = Span(self.stalling_timeout.0 / 100 * 85);
        self.stalling_timeout = shorter.max(BLOCK_STALLING_TIMEOUT_DEFAULT);
    }

    /// Asks every peer that has room for what it has and we lack.
    pub(crate) fn request(&mut self, chain: &Chainstate, now: Mono, outbox: &mut Outbox) {
        if self.paused || self.exhausted == Some(chain.standing()) {
            return;
        }
        self.exhausted = Some(chain.standing());
        let tip_work = chain.tip_entry().chainwork;
        if !self.has_announced && chain.best_header().chainwork <= tip_work {
            return;
        }
        let is_hungry = |source: &Source| {
            let may_give = source.best_work > tip_work || !source.announced.is_empty();
            may_give && source.in_flight.len() < REFILL_BELOW
        };
        let hungry = self.sources.iter().filter(|(_, source)| is_hungry(source)).map(|(peer, _)| *peer);
        for peer in hungry.collect::<Vec<_>>() {
            self.request_from(peer, chain, now, outbox);
        }
        self.has_announced = self.sources.values().any(|source| !source.announced.is_empty());
    }

    /// Who holds up everyone, and who takes too long over a block; those in `unread` may have delivered.
    pub(crate) fn overdue(
        &mut self,
        unread: &BTreeSet<PeerId>,
        now: Mono,
    ) -> Vec<(PeerId, DisconnectReason)> {
        let timeout = self.download_timeout();
        let mut late = Vec::new();
        let mut stalled = false;
        for (peer, source) in self.sources.iter().filter(|(peer, _)| !unread.contains(peer)) {
            let Some(oldest) = source.in_flight.first() else { continue };
            if source.stalling.is_some_and(|since| since + self.stalling_timeout <= now) {
                late.push((*peer, DisconnectReason::BlockStalling(*oldest)));
                stalled = true;
            } else if source.since + timeout <= now {
                late.push((*peer, DisconnectReason::BlockDownloadTimeout(*oldest)));
            }
        }
        if stalled {
            self.stalling_timeout = Span(self.stalling_timeout.0 * 2).min(BLOCK_STALLING_TIMEOUT_MAX);
        }
        late
    }

    pub(crate) fn next_wakeup(&self) -> Option<Mono> {
        if self.in_flight.is_empty() {
            return None;
        }
        let timeout = self.download_timeout();
        let busy = self.sources.values().filter(|source| !source.in_flight.is_empty());
        let deadlines = busy.map(|source| {
            let late = source.since + timeout;
            source.stalling.map_or(late, |since| late.min(since + self.stalling_timeout))
        });
        deadlines.min()
    }

    #[cfg(any(test, feature = "contract"))]
    pub(super) fn bounds(&self) -> [crate::bound::Bound; 3] {
        use crate::bound::Bound;
        let in_flight = self.sources.values().map(|source| source.in_flight.len());
        let announced = self.sources.values().map(|source| source.announced.len());
        let (most, window) = (MAX_BLOCKS_IN_TRANSIT_PER_PEER, 2 * BLOCK_DOWNLOAD_WINDOW as usize);
        [
            Bound::of_fullest("blocks asked of a peer (MAX_BLOCKS_IN_TRANSIT_PER_PEER)", in_flight, most),
            Bound::of_fullest("blocks that a peer announced (MAX_INV_SZ)", announced, MAX_INV_SZ),
            Bound::new("senders of blocks (2 x BLOCK_DOWNLOAD_WINDOW)", self.senders.len(), window),
        ]
    }

    /// How far the sync from a peer is.
    pub(crate) fn progress(&self, peer: PeerId) -> Option<Progress<'_>> {
        let source = self.sources.get(&peer)?;
        let best_known = source.best_known.map(|best| best.hash);
        Some(Progress { best_known, common: source.common, in_flight: &source.in_flight })
    }

    /// Spacing, and half of it for each other peer that also delivers (Core's `BLOCK_DOWNLOAD_TIMEOUT_BASE` and
    /// `_PER_PEER`).
    fn download_timeout(&self) -> Span {
        let busy = self.sources.values().filter(|source| !source.in_flight.is_empty()).count() as u64;
        Span(self.spacing.0 + self.spacing.0 / 2 * busy.saturating_sub(1)).max(BLOCK_DOWNLOAD_TIMEOUT_MIN)
    }

    fn request_from(&mut self, peer: PeerId, chain: &Chainstate, now: Mono, outbox: &mut Outbox) {
        let mut wanted = self.announced_blocks(peer, chain);
        let staller = self.next_blocks(peer, chain, &mut wanted);
        if let Some(staller) = staller.and_then(|staller| self.sources.get_mut(&staller)) {
            staller.stalling.get_or_insert(now);
        }
        let Some(source) = self.sources.get_mut(&peer) else { return };
        if wanted.is_empty() {
            return;
        }
        self.exhausted = None;
        if source.in_flight.is_empty() {
            source.since = now;
        }
        // The next block of a chain that merely grows is of transactions that are here, most likely.
        let item = match wanted[..] {
            [hash] if source.compact && self.in_flight.is_empty() && is_next(chain, &hash) => {
                Inventory::CompactBlock
            }
            _ => source.item,
        };
        source.in_flight.extend(&wanted);
        self.in_flight.extend(wanted.iter().map(|hash| (*hash, peer)));
        outbox.send(peer, Message::GetData(wanted.into_iter().map(item).collect()));
    }

    /// As many blocks as there is room for from those that the peer announced.
    fn announced_blocks(&mut self, peer: PeerId, chain: &Chainstate) -> Vec<BlockHash> {
        let mut wanted = Vec::new();
        let Some(source) = self.sources.get_mut(&peer) else { return wanted };
        let mut elsewhere = Vec::new();
        while source.in_flight.len() + wanted.len() < MAX_BLOCKS_IN_TRANSIT_PER_PEER
            && let Some(hash) = source.announced.pop_front()
        {
            let here =
                chain.entry(&hash).is_some_and(BlockIndexEntry::has_body) || self.judging.contains(&hash);
            if self.in_flight.contains_key(&hash) {
                elsewhere.push(hash);
            } else if !here && !wanted.contains(&hash) {
                wanted.push(hash);
            }
        }
        // Should the other peer fail, this one still has them.
        for hash in elsewhere.into_iter().rev() {
            source.announced.push_front(hash);
        }
        wanted
    }

    /// Adds the next blocks of the peer's best chain to `wanted` while there is room. Where the peer has nothing to
    /// give because the window ends, tells who holds the window up.
    fn next_blocks(
        &mut self,
        peer: PeerId,
        chain: &Chainstate,
        wanted: &mut Vec<BlockHash>,
    ) -> Option<PeerId> {
        let source = self.sources.get_mut(&peer)?;
        let mut room = MAX_BLOCKS_IN_TRANSIT_PER_PEER.saturating_sub(source.in_flight.len() + wanted.len());
        let best = chain.entry(&source.best_known?.hash)?;
        if room == 0 || best.chainwork <= chain.tip_entry().chainwork || best.status.is_invalid() {
            return None;
        }
        source.common = last_common(chain, best, source.common);
        let end = source.common.0.saturating_add(BLOCK_DOWNLOAD_WINDOW);
        let mut waiting_for = None;
        let mut contiguous = true;
        let mut height = source.common.0;
        while height < best.height.0 {
            let top = best.height.0.min(height + STRIDE);
            for (height, hash) in stretch(chain, &best.hash, height + 1, top) {
                let has_body = chain.entry(&hash).is_some_and(BlockIndexEntry::has_body);
                contiguous &= has_body;
                if contiguous {
                    source.common = Height(height);
                } else if has_body || self.judging.contains(&hash) || wanted.contains(&hash) {
                    continue;
                } else if let Some(holder) = self.in_flight.get(&hash) {
                    waiting_for.get_or_insert(*holder);
                } else if height > end {
                    // Nothing to give within the window: someone else's oldest block is in the way.
                    let idle = source.in_flight.is_empty() && wanted.is_empty();
                    return waiting_for.filter(|holder| idle && *holder != peer);
                } else if self.chosen.as_ref().is_some_and(|chosen| !chosen.contains(&hash)) {
                    continue;
                } else {
                    wanted.push(hash);
                    room -= 1;
                    if room == 0 {
                        return None;
                    }
                }
            }
            height = top;
        }
        None
    }

    /// A request is over, whoever it was made to.
    fn forget_request(&mut self, hash: &BlockHash, now: Mono) {
        let Some(holder) = self.in_flight.remove(hash) else { return };
        let Some(source) = self.sources.get_mut(&holder) else { return };
        if source.in_flight.first() == Some(hash) {
            source.since = now;
        }
        source.stalling = None;
        source.in_flight.retain(|other| other != hash);
    }
}
