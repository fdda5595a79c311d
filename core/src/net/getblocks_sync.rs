//! Syncing as Bitcoin did before 0.10, and as the seeds do: the lower side sends `getblocks`, gets an `inv` of up to
//! 500 block hashes, asks for them with `getdata`, and goes on when the last of them is here.
//!
//! One peer at a time is followed. One that claims to be higher and lists nothing loses its turn.

use super::limits::MAX_GETBLOCKS_RESULTS;
use super::locator;
use super::message::Message;
use super::outbox::Outbox;
use crate::chain::Chainstate;
use crate::collections::SerialMap;
use crate::interface::PeerId;
use crate::primitives::{BlockHash, Height};
use crate::time::{Mono, Span};

/// The peer that is followed.
#[derive(Clone, Copy, Debug)]
struct Following {
    peer: PeerId,
    /// When it loses its turn, unless it lists or delivers something.
    deadline: Mono,
    /// The last block of its last list, and whether the list was full.
    last: Option<(BlockHash, bool)>,
}

/// The sync by `getblocks`.
#[derive(Debug)]
pub(crate) struct GetBlocksSync {
    response_time: Span,
    following: Option<Following>,
    /// The height that each ready peer claimed and has not been followed to; at most one entry each.
    claims: SerialMap<PeerId, Height>,
}

impl GetBlocksSync {
    pub(crate) const fn new(response_time: Span) -> Self {
        Self { response_time, following: None, claims: SerialMap::new() }
    }

    /// A peer is ready whose `version` named this height.
    pub(crate) fn peer_ready(&mut self, peer: PeerId, height: i32) {
        if let Ok(height) = u32::try_from(height) {
            self.claims.insert(peer, Height(height));
        }
    }

    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        self.claims.remove(&peer);
        if self.following.is_some_and(|following| following.peer == peer) {
            self.following = None;
        }
    }

    /// Follows the first peer that claims to be higher than we are, if none is followed.
    pub(crate) fn ask(&mut self, chain: &Chainstate, now: Mono, outbox: &mut Outbox) {
        if self.following.is_some_and(|following| following.deadline <= now) {
            self.following = None;
        }
        if self.following.is_some() {
            return;
        }
        let height = chain.best_header().height;
        let Some((&peer, _)) = self.claims.iter().find(|(_, claim)| **claim > height) else { return };
        self.claims.remove(&peer);
        self.follow(peer, chain, now, outbox);
    }

    /// A block came whose parent we do not know: its sender is asked for what lies between (Core before 0.10), unless
    /// that is under way. The block itself is dropped and comes again with the list.
    pub(crate) fn orphan(&mut self, peer: PeerId, chain: &Chainstate, now: Mono, outbox: &mut Outbox) {
        if self.following.is_none() {
            self.follow(peer, chain, now, outbox);
        }
    }

    /// A peer listed `count` blocks; `last` is the last of them that is not here, none if all are.
    pub(crate) fn on_list(&mut self, peer: PeerId, count: usize, last: Option<BlockHash>, now: Mono) {
        let Some(following) = self.following_mut(peer) else { return };
        match last {
            None => self.following = None,
            // A single announcement in the middle of a long list does not end the list, nor does it buy time: the peer
            // would keep its turn for as long as blocks are found, though none of its list is taken.
            Some(last) if following.last.is_none() || count > 1 => {
                following.last = Some((last, count >= MAX_GETBLOCKS_RESULTS));
                self.extend(peer, now);
            }
            Some(_) => {}
        }
    }

    /// A block of a peer is in our tree: goes on if it was the last of a full list, and ends with that of a short one.
    pub(crate) fn on_block(
        &mut self,
        peer: PeerId,
        hash: &BlockHash,
        chain: &Chainstate,
        now: Mono,
        outbox: &mut Outbox,
    ) {
        self.extend(peer, now);
        let Some(following) = self.following_mut(peer) else { return };
        match following.last {
            Some((last, true)) if last == *hash => self.follow(peer, chain, now, outbox),
            Some((last, false)) if last == *hash => self.following = None,
            _ => {}
        }
    }

    pub(crate) fn next_wakeup(&self) -> Option<Mono> {
        self.following.map(|following| following.deadline)
    }

    fn follow(&mut self, peer: PeerId, chain: &Chainstate, now: Mono, outbox: &mut Outbox) {
        self.following = Some(Following { peer, deadline: now + self.response_time, last: None });
        let from = chain.best_header().hash;
        outbox.send(peer, Message::GetBlocks(locator::request(chain, &from)));
    }

    fn extend(&mut self, peer: PeerId, now: Mono) {
        let deadline = now + self.response_time;
        if let Some(following) = self.following_mut(peer) {
            following.deadline = deadline;
        }
    }

    fn following_mut(&mut self, peer: PeerId) -> Option<&mut Following> {
        self.following.as_mut().filter(|following| following.peer == peer)
    }
}
