//! Who is told of a new tip, at once: by a compact block, `headers` or `inv`. Answers `sendheaders`.

use super::limits::MAX_BLOCKS_TO_ANNOUNCE;
use super::message::{Inventory, Message};
use super::outbox::Outbox;
use crate::chain::{BranchEnd, Chainstate};
use crate::collections::SerialMap;
use crate::interface::PeerId;
use crate::primitives::{BlockHash, Header, Height};

/// How one peer hears of blocks, and what it has heard.
#[derive(Debug, Default)]
struct Listener {
    /// Announce blocks as headers (BIP130).
    headers: bool,
    /// The last block that this node told it of (Core's `pindexBestHeaderSent`).
    told: Option<BranchEnd>,
}

/// The announcements of blocks.
#[derive(Debug, Default)]
pub(crate) struct TipRelay {
    /// One for each ready peer.
    listeners: SerialMap<PeerId, Listener>,
}

impl TipRelay {
    pub(crate) fn peer_ready(&mut self, peer: PeerId) {
        self.listeners.insert(peer, Listener::default());
    }

    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        self.listeners.remove(&peer);
    }

    /// The peer wants blocks announced as headers.
    pub(crate) fn on_sendheaders(&mut self, peer: PeerId) {
        if let Some(listener) = self.listeners.get_mut(&peer) {
            listener.headers = true;
        }
    }

    /// A peer was sent headers up to this one.
    pub(crate) fn told(&mut self, peer: PeerId, last: BranchEnd) {
        if let Some(listener) = self.listeners.get_mut(&peer) {
            listener.told = Some(last);
        }
    }

    /// Announces the tip to everyone who does not have it; `has(peer, hash, height)` tells who is known to. A few
    /// blocks go as headers to those who asked for that, if the headers connect to what they have, and a single one as
    /// what `compact(peer)` gives; else the tip goes as `inv` (Core's `SendMessages`).
    pub(crate) fn announce(
        &mut self,
        chain: &Chainstate,
        has: impl Fn(PeerId, &BlockHash, Height) -> bool,
        compact: impl Fn(PeerId) -> Option<Message>,
        outbox: &mut Outbox,
    ) {
        let tip = chain.tip_entry();
        for (&peer, listener) in &mut self.listeners {
            let told = listener.told;
            let knows = |hash: &BlockHash, height: Height| {
                has(peer, hash, height) || told.is_some_and(|told| chain.is_on_branch(told, hash, height))
            };
            if knows(&tip.hash, tip.height) {
                continue;
            }
            let compact = compact(peer);
            let wants_headers = listener.headers || compact.is_some();
            let headers = if wants_headers { unknown_headers(chain, knows) } else { None };
            outbox.send(
                peer,
                match (headers, compact) {
                    (Some(headers), Some(compact)) if headers.len() == 1 => compact,
                    (Some(headers), _) if listener.headers => Message::Headers(headers),
                    _ => Message::Inv(vec![Inventory::Block(tip.hash)]),
                },
            );
            listener.told = Some(tip.branch());
        }
    }
}

/// The headers of the active chain above what a peer knows, if they are few and it knows the one below them.
fn unknown_headers(chain: &Chainstate, knows: impl Fn(&BlockHash, Height) -> bool) -> Option<Vec<Header>> {
    let mut headers = Vec::new();
    let mut next = chain.tip_entry();
    while !knows(&next.hash, next.height) {
        if headers.len() == MAX_BLOCKS_TO_ANNOUNCE {
            return None;
        }
        headers.push(next.header);
        next = chain.entry(&next.header.prev_blockhash)?;
    }
    headers.reverse();
    Some(headers)
}
