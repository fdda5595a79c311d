//! Headers first: asks peers for the headers after ours, checks what comes, and learns what each peer has. Answers
//! `headers`.
//!
//! While our chain is old one peer at a time is asked, so that a new node does not download the same headers from
//! everyone; the others follow when that peer has no more, or takes too long (Core's `fSyncStarted`). Headers of a chain
//! that has not shown enough work yet are looked through before any is kept (`headers_presync`).

use super::headers_presync::{HeadersPresync, Step};
use super::limits::MAX_HEADERS_RESULTS;
use super::locator;
use super::message::Message;
use super::outbox::Outbox;
use super::reason::{DisconnectReason, Tolerated};
use crate::chain::Chainstate;
use crate::collections::SerialMap;
use crate::consensus::HeaderError;
use crate::interface::PeerId;
use crate::primitives::{BlockHash, Header};
use crate::time::{Mono, Span, Time};
use rand_chacha::ChaCha20Rng;

/// A chain whose best header is younger is not old: every peer is asked at once (Core: 24 h).
const RECENT: u32 = 24 * 60 * 60;

/// Where a peer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// It is to be asked for its headers.
    Not,
    /// It was asked, and has not answered.
    Waiting(Mono),
    /// It has no more than it has told.
    Done,
}

/// The headers of all peers.
#[derive(Debug)]
pub(crate) struct HeadersSync {
    response_time: Span,
    /// One for each ready peer that is to be synced from.
    peers: SerialMap<PeerId, Asked>,
    /// Of those, how many are to be asked or have not answered.
    open: usize,
    /// Chains that are being looked through, at most one for each ready peer.
    presync: SerialMap<PeerId, HeadersPresync>,
    /// Headers that were looked through and not kept, since that was last asked.
    low_work: u32,
    /// For what nobody must guess of those.
    rng: ChaCha20Rng,
    /// The header that was hashed last: every peer announces the same.
    hashed: Option<(Header, BlockHash)>,
}

impl HeadersSync {
    pub(crate) const fn new(response_time: Span, rng: ChaCha20Rng) -> Self {
        Self {
            response_time,
            peers: SerialMap::new(),
            open: 0,
            presync: SerialMap::new(),
            low_work: 0,
            rng,
            hashed: None,
        }
    }

    /// A peer is ready; with `wanted` it will be asked for its headers.
    pub(crate) fn peer_ready(&mut self, peer: PeerId, wanted: bool) {
        self.set(peer, if wanted { Asked::Not } else { Asked::Done });
    }

    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        if self.peers.remove(&peer).is_some_and(|asked| asked != Asked::Done) {
            self.open -= 1;
        }
        self.presync.remove(&peer);
    }

    /// The height up to which a peer's chain was looked through, while it is.
    pub(crate) fn presynced(&self, peer: PeerId) -> Option<u32> {
        self.presync.get(&peer).and_then(HeadersPresync::presynced)
    }

    /// How many headers were looked through and not kept, since this was last asked.
    pub(crate) const fn take_low_work(&mut self) -> u32 {
        std::mem::replace(&mut self.low_work, 0)
    }

    /// Asks those who are to be asked and may be.
    pub(crate) fn ask(&mut self, chain: &Chainstate, now: Time, outbox: &mut Outbox) {
        if self.open == 0 {
            return;
        }
        let old = chain.best_header().header.time < now.unix.0.saturating_sub(RECENT);
        for peer in self
            .peers
            .iter()
            .filter(|(_, asked)| **asked == Asked::Not)
            .map(|(peer, _)| *peer)
            .collect::<Vec<_>>()
        {
            if old && self.peers.values().any(|asked| matches!(asked, Asked::Waiting(_))) {
                return;
            }
            self.request(peer, chain, now.mono, outbox);
        }
    }

    /// Asks `peer` now, unless it has a question of ours already: it has something that does not connect to what we
    /// know.
    pub(crate) fn catch_up(&mut self, peer: PeerId, chain: &Chainstate, now: Time, outbox: &mut Outbox) {
        if self.peers.get(&peer).is_some_and(|asked| !matches!(asked, Asked::Waiting(_))) {
            self.request(peer, chain, now.mono, outbox);
        }
    }

    /// Takes headers. Bad work, too many and such as do not follow each other end the connection; those that do not
    /// connect to ours, and those from the future, are counted. Returns the last one that is now known: the peer has its
    /// block.
    pub(crate) fn on_headers(
        &mut self,
        peer: PeerId,
        headers: &[Header],
        chain: &mut Chainstate,
        now: Time,
        tolerated: &mut Tolerated,
        outbox: &mut Outbox,
    ) -> Result<Option<BlockHash>, DisconnectReason> {
        if headers.len() > MAX_HEADERS_RESULTS {
            return Err(DisconnectReason::TooManyHeaders(headers.len()));
        }
        if let [header] = headers
            && let Some(hash) = self.known(peer, header, chain)
        {
            self.done(peer);
            return Ok(Some(hash));
        }
        let hashes: Vec<BlockHash> = headers.iter().map(Header::block_hash).collect();
        check_sequence(headers, &hashes)?;
        let (Some(first), Some(newest)) = (headers.first(), hashes.last()) else {
            self.done(peer);
            return Ok(None);
        };
        let is_full = headers.len() == MAX_HEADERS_RESULTS;
        if !self.presync.contains_key(&peer) {
            if chain.entry(&first.prev_blockhash).is_none() && chain.entry(&hashes[0]).is_none() {
                tolerated.unconnecting += 1;
                self.catch_up(peer, chain, now, outbox);
                return Ok(None);
            }
            if !chain.lacks_work(headers, newest) {
                let last = accept(headers, &hashes, chain, now, tolerated)?;
                if is_full && last.as_ref() == Some(newest) {
                    self.request_from(peer, newest, chain, now.mono, outbox);
                } else {
                    self.done(peer);
                }
                return Ok(last);
            }
            if let Some(start) = chain.entry(&first.prev_blockhash) {
                self.presync.insert(peer, HeadersPresync::new(start, chain.least_work(), &mut self.rng));
            }
        }
        let Some(presync) = self.presync.get_mut(&peer) else { return Ok(None) };
        let step = presync.take(headers, is_full, &chain.params().consensus)?;
        self.follow(peer, step, chain, now, tolerated, outbox)
    }

    /// A header's hash.
    pub(crate) fn hash_of(&mut self, header: &Header) -> BlockHash {
        match self.hashed {
            Some((last, hash)) if last == *header => hash,
            _ => {
                let hash = header.block_hash();
                self.hashed = Some((*header, hash));
                hash
            }
        }
    }

    /// The hash of a header that is ours already: the first peer that announces a block brings news, the others do not.
    fn known(&mut self, peer: PeerId, header: &Header, chain: &Chainstate) -> Option<BlockHash> {
        let hash = self.hash_of(header);
        let is_valid = chain.entry(&hash).is_some_and(|entry| !entry.status.is_invalid());
        (is_valid && !self.presync.contains_key(&peer)).then_some(hash)
    }

    /// Who did not answer in time.
    pub(crate) fn overdue(&self, now: Mono) -> Vec<(PeerId, DisconnectReason)> {
        let late =
            |asked: &Asked| matches!(asked, Asked::Waiting(since) if *since + self.response_time <= now);
        let reason = DisconnectReason::HeadersTimeout(self.response_time.as_millis() / 1_000);
        self.peers.iter().filter(|(_, asked)| late(asked)).map(|(peer, _)| (*peer, reason.clone())).collect()
    }

    pub(crate) fn next_wakeup(&self) -> Option<Mono> {
        if self.open == 0 {
            return None;
        }
        let waiting = self.peers.values().filter_map(|asked| match asked {
            Asked::Waiting(since) => Some(*since + self.response_time),
            _ => None,
        });
        waiting.min()
    }

    /// From the header before our best one, so that a peer with the same chain answers with one header and we know
    /// what it has (as Core does).
    fn request(&mut self, peer: PeerId, chain: &Chainstate, now: Mono, outbox: &mut Outbox) {
        let best = chain.best_header();
        let from = if best.height.0 == 0 { best.hash } else { best.header.prev_blockhash };
        self.request_from(peer, &from, chain, now, outbox);
    }

    /// Does what a message of a chain that is being looked through leads to.
    fn follow(
        &mut self,
        peer: PeerId,
        step: Step,
        chain: &mut Chainstate,
        now: Time,
        tolerated: &mut Tolerated,
        outbox: &mut Outbox,
    ) -> Result<Option<BlockHash>, DisconnectReason> {
        let taken = match step {
            Step::Ask(from) => {
                self.request_more(peer, from, chain, now.mono, outbox);
                return Ok(None);
            }
            Step::TakeAndAsk(taken, from) => {
                self.request_more(peer, from, chain, now.mono, outbox);
                taken
            }
            Step::TakeAll(taken) => {
                self.done(peer);
                self.set(peer, Asked::Not);
                taken
            }
            Step::GiveUp => {
                tolerated.low_work += 1;
                let seen = self.presync.get(&peer).map_or(0, HeadersPresync::seen);
                self.low_work = self.low_work.saturating_add(seen);
                self.done(peer);
                return Ok(None);
            }
        };
        let hashes: Vec<BlockHash> = taken.iter().map(Header::block_hash).collect();
        accept(&taken, &hashes, chain, now, tolerated)
    }

    /// Asks for the headers after one that is not kept.
    fn request_more(
        &mut self,
        peer: PeerId,
        from: BlockHash,
        chain: &Chainstate,
        now: Mono,
        outbox: &mut Outbox,
    ) {
        let Some(start) = self.presync.get(&peer).map(HeadersPresync::start) else { return };
        let mut request = locator::request(chain, &start);
        if from != start {
            request.locator.insert(0, from);
        }
        self.set(peer, Asked::Waiting(now));
        outbox.send(peer, Message::GetHeaders(request));
    }

    fn request_from(
        &mut self,
        peer: PeerId,
        from: &BlockHash,
        chain: &Chainstate,
        now: Mono,
        outbox: &mut Outbox,
    ) {
        self.set(peer, Asked::Waiting(now));
        outbox.send(peer, Message::GetHeaders(locator::request(chain, from)));
    }

    fn done(&mut self, peer: PeerId) {
        self.presync.remove(&peer);
        if let Some(asked) = self.peers.get_mut(&peer)
            && std::mem::replace(asked, Asked::Done) != Asked::Done
        {
            self.open -= 1;
        }
    }

    fn set(&mut self, peer: PeerId, asked: Asked) {
        let before = self.peers.insert(peer, asked);
        self.open += usize::from(asked != Asked::Done);
        self.open -= usize::from(before.is_some_and(|before| before != Asked::Done));
    }
}

/// What can be said of headers without a chain.
fn check_sequence(headers: &[Header], hashes: &[BlockHash]) -> Result<(), DisconnectReason> {
    let continuous =
        headers.iter().skip(1).zip(hashes).all(|(header, parent)| header.prev_blockhash == *parent);
    if continuous { Ok(()) } else { Err(DisconnectReason::NonContinuousHeaders) }
}

/// Puts headers into the tree up to the first that is refused; tells the last that is there.
fn accept(
    headers: &[Header],
    hashes: &[BlockHash],
    chain: &mut Chainstate,
    now: Time,
    tolerated: &mut Tolerated,
) -> Result<Option<BlockHash>, DisconnectReason> {
    let mut last = None;
    for (header, hash) in headers.iter().zip(hashes) {
        match chain.accept_hashed_header(header, *hash, now.unix) {
            Ok(_) => last = Some(*hash),
            Err(HeaderError::TooNew { .. }) => {
                tolerated.from_future += 1;
                break;
            }
            Err(error) if error.is_permanent() => return Err(DisconnectReason::InvalidHeader(error)),
            // No room for more headers: the peer is not to blame.
            Err(_) => break,
        }
    }
    Ok(last)
}
