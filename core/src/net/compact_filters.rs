//! Blocks as a light node gets them by compact filters (BIP157): each block's filter says whether the block concerns the
//! wallet, and only those that may are asked for, whole. No peer learns what the wallet looks for. Answers `cfheaders`
//! and `cfilter`.
//!
//! The chain is looked through in stretches. What each filter must hash to is asked of every peer; where they agree one
//! of them is asked for the filters. Where they differ the block itself decides: a filter that leaves out what its block
//! pays is a lie.

use super::limits::{FILTER_GRACE, FILTER_TIMEOUT, MAX_GETCFILTERS_SIZE};
use super::message::{BASIC_FILTER, FilterHeadersMessage, FilterMessage, FilterRequest, Message};
use super::outbox::Outbox;
use super::reason::DisconnectReason;
use crate::chain::{BlockIndexEntry, Chainstate};
use crate::collections::{BTreeMap, BTreeSet};
use crate::crypto::{PubkeyHash, hash160};
use crate::interface::PeerId;
use crate::primitives::{Block, BlockHash, FilterHash, Height, Script, TxIn};
use crate::script::Instructions;
use crate::script::standard::{self, is_unspendable};
use crate::spv::BlockFilter;
use crate::time::Mono;
use std::sync::Arc;

/// What a filter says of its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relevance {
    /// It does not concern the wallet.
    None,
    /// It may.
    Possible,
}

/// A stretch of the best header's chain that is being looked through.
#[derive(Debug)]
struct Stretch {
    /// The height of the first block.
    first: u32,
    /// At most `limits::MAX_GETCFILTERS_SIZE`.
    blocks: Vec<BlockHash>,
    /// Until when those who may still learn of the blocks are waited for; none once they are not.
    patience: Option<Mono>,
    /// Who was asked what the filters hash to, when, and the answer.
    claims: BTreeMap<PeerId, (Mono, Option<Vec<FilterHash>>)>,
    /// What all of them agree on; empty before they do.
    agreed: Vec<FilterHash>,
    /// Who was asked for the filters, and when.
    source: Option<(PeerId, Mono)>,
}

/// A block of whose filter peers say different things.
#[derive(Debug)]
struct Dispute {
    hash: BlockHash,
    since: Mono,
    /// What each says that its filter hashes to.
    claims: BTreeMap<PeerId, FilterHash>,
    /// The filters that came.
    filters: BTreeMap<PeerId, BlockFilter>,
    block: Option<Arc<Block>>,
}

/// The looking through of blocks by their filters.
#[derive(Debug, Default)]
pub(crate) struct CompactFilters {
    /// The wallet's scripts.
    scripts: Vec<Script>,
    /// The ready peers that serve compact filters.
    peers: BTreeSet<PeerId>,
    stretch: Option<Stretch>,
    dispute: Option<Dispute>,
}

impl CompactFilters {
    pub(crate) fn watch(&mut self, scripts: Vec<Script>) {
        self.scripts = scripts;
    }

    pub(crate) fn peer_ready(&mut self, peer: PeerId) {
        self.peers.insert(peer);
    }

    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        self.peers.remove(&peer);
        if let Some(stretch) = &mut self.stretch {
            stretch.claims.remove(&peer);
            stretch.source.take_if(|(source, _)| *source == peer);
        }
        if let Some(dispute) = &mut self.dispute {
            dispute.claims.remove(&peer);
            dispute.filters.remove(&peer);
        }
    }

    /// Asks for what is next. `is_waited_for` tells blocks that are on their way whole, `has` who has a block. The
    /// block of a dispute is returned: it is to be downloaded.
    pub(crate) fn ask(
        &mut self,
        chain: &Chainstate,
        is_waited_for: impl Fn(&BlockHash) -> bool,
        has: impl Fn(PeerId, &BlockHash, Height) -> bool,
        now: Mono,
        outbox: &mut Outbox,
    ) -> Option<BlockHash> {
        self.dispute.take_if(|dispute| dispute.is_over());
        let is_done =
            |hash: &BlockHash| is_waited_for(hash) || chain.entry(hash).is_none_or(BlockIndexEntry::has_body);
        self.stretch.take_if(|stretch| stretch.is_over(chain, is_done));
        if self.stretch.is_none() && self.dispute.is_none() && !self.peers.is_empty() {
            self.stretch = next_stretch(chain, is_done, now);
        }
        let stretch = self.stretch.as_mut()?;
        if stretch.agreed.is_empty() {
            stretch.ask_hashes(&self.peers, &has, now, outbox);
            let disputed = stretch.agree(self.peers.len(), now);
            self.dispute = disputed.map(|at| stretch.dispute(at, now, outbox));
        }
        if !stretch.agreed.is_empty() {
            stretch.ask_filters(&self.peers, &has, now, outbox);
        }
        self.dispute.as_ref().map(|dispute| dispute.hash)
    }

    /// A peer says what filters hash to. What nobody asked for is passed over.
    pub(crate) fn on_hashes(
        &mut self,
        peer: PeerId,
        answer: FilterHeadersMessage,
    ) -> Result<(), DisconnectReason> {
        let Some(stretch) = &mut self.stretch else { return Ok(()) };
        if stretch.blocks.last() != Some(&answer.stop) {
            return Ok(());
        }
        let count = stretch.blocks.len();
        if let Some(claim) = stretch.claims.get_mut(&peer) {
            if answer.hashes.len() != count {
                return Err(DisconnectReason::FalseFilter(answer.stop));
            }
            claim.1.get_or_insert(answer.hashes);
        }
        Ok(())
    }

    /// A filter came: what it says of its block. None where nobody asked for it, or where a dispute is about it.
    pub(crate) fn on_filter(
        &mut self,
        peer: PeerId,
        answer: FilterMessage,
    ) -> Result<Option<(BlockHash, Relevance)>, DisconnectReason> {
        let (hash, filter) = (answer.block, BlockFilter::from_bytes(answer.filter));
        if let Some(dispute) = self.dispute.as_mut().filter(|dispute| dispute.hash == hash) {
            if dispute.claims.contains_key(&peer) {
                dispute.filters.insert(peer, filter);
            }
            return Ok(None);
        }
        let Some(stretch) = &self.stretch else { return Ok(None) };
        let place = stretch.blocks.iter().position(|block| *block == hash);
        let is_source = stretch.source.is_some_and(|(source, _)| source == peer);
        let Some(agreed) = place.filter(|_| is_source).and_then(|at| stretch.agreed.get(at)) else {
            return Ok(None);
        };
        if filter.hash() != *agreed {
            return Err(DisconnectReason::FalseFilter(hash));
        }
        let scripts = self.scripts.iter().map(Script::as_bytes);
        match filter.matches(&hash, scripts) {
            Ok(true) => Ok(Some((hash, Relevance::Possible))),
            Ok(false) => Ok(Some((hash, Relevance::None))),
            Err(_) => Err(DisconnectReason::FalseFilter(hash)),
        }
    }

    /// A whole block came: it may decide a dispute.
    pub(crate) fn on_block(&mut self, block: &Arc<Block>) {
        if let Some(dispute) = self.dispute.as_mut().filter(|dispute| dispute.hash == block.block_hash()) {
            dispute.block = Some(Arc::clone(block));
        }
    }

    /// Those whom the block of a dispute convicts.
    pub(crate) fn liars(&self) -> Vec<(PeerId, DisconnectReason)> {
        let Some(Dispute { hash, claims, filters, block: Some(block), .. }) = &self.dispute else {
            return Vec::new();
        };
        let is_false = |peer: &PeerId, filter: &BlockFilter| {
            claims.get(peer).is_some_and(|claim| filter.hash() != *claim) || leaves_out(filter, block)
        };
        let liars = filters.iter().filter(|(peer, filter)| is_false(peer, filter));
        liars.map(|(peer, _)| (*peer, DisconnectReason::FalseFilter(*hash))).collect()
    }

    /// Who does not answer in time.
    pub(crate) fn overdue(&self, now: Mono) -> Vec<(PeerId, DisconnectReason)> {
        let seconds = FILTER_TIMEOUT.as_millis() / 1_000;
        let late = self.awaited().into_iter().filter(|(_, since)| *since + FILTER_TIMEOUT <= now);
        late.map(|(peer, _)| (peer, DisconnectReason::FilterTimeout(seconds))).collect()
    }

    pub(crate) fn next_wakeup(&self) -> Option<Mono> {
        self.awaited().into_iter().map(|(_, since)| since + FILTER_TIMEOUT).min()
    }

    /// When those who may still learn of the blocks have been waited for long enough.
    pub(crate) fn end_of_patience(&self) -> Option<Mono> {
        self.stretch.as_ref().filter(|stretch| !stretch.claims.is_empty())?.patience
    }

    /// Whose answers are awaited, and since when.
    fn awaited(&self) -> Vec<(PeerId, Mono)> {
        let mut awaited = Vec::new();
        if let Some(stretch) = &self.stretch {
            let silent = stretch.claims.iter().filter(|(_, (_, claim))| claim.is_none());
            awaited.extend(silent.map(|(peer, (asked, _))| (*peer, *asked)));
            awaited.extend(stretch.source);
        }
        if let Some(dispute) = &self.dispute {
            let silent = dispute.claims.keys().filter(|peer| !dispute.filters.contains_key(*peer));
            awaited.extend(silent.map(|peer| (*peer, dispute.since)));
        }
        awaited
    }
}

impl Stretch {
    /// Whether every block of it has been looked through, or it is no longer on the best header's chain.
    fn is_over(&self, chain: &Chainstate, is_done: impl Fn(&BlockHash) -> bool) -> bool {
        let is_best = |hash: &BlockHash| {
            let height = chain.entry(hash).map(|entry| entry.height);
            height.is_some_and(|height| chain.ancestor(&chain.best_header().hash, height) == Some(*hash))
        };
        self.blocks.iter().all(is_done) || !self.blocks.last().is_some_and(is_best)
    }

    fn request(&self) -> FilterRequest {
        let stop = self.blocks.last().copied().unwrap_or_default();
        FilterRequest { kind: BASIC_FILTER, start: self.first, stop }
    }

    /// Asks every peer that has the stretch what its filters hash to.
    fn ask_hashes(
        &mut self,
        peers: &BTreeSet<PeerId>,
        has: &impl Fn(PeerId, &BlockHash, Height) -> bool,
        now: Mono,
        outbox: &mut Outbox,
    ) {
        let request = self.request();
        let last = Height(self.first + self.blocks.len() as u32 - 1);
        for peer in peers.iter().filter(|peer| has(**peer, &request.stop, last)) {
            if !self.claims.contains_key(peer) {
                self.claims.insert(*peer, (now, None));
                outbox.send(*peer, Message::GetCFHeaders(request));
            }
        }
        if self.claims.is_empty() {
            // Whoever has it has not said so yet.
            self.patience = Some(now + FILTER_GRACE);
        }
    }

    /// Agrees on what the filters hash to once everyone has answered, those who may still learn of the blocks having
    /// had a moment for it. Where claims differ, up to there; the first block over which they do is returned.
    fn agree(&mut self, peers: usize, now: Mono) -> Option<usize> {
        self.patience.take_if(|end| self.claims.len() == peers || *end <= now);
        let is_complete = self.patience.is_none();
        let claims: Option<Vec<&Vec<FilterHash>>> =
            self.claims.values().map(|(_, claim)| claim.as_ref()).collect();
        let claims = claims.filter(|claims| is_complete && !claims.is_empty())?;
        let differs = |at: &usize| claims.iter().any(|claim| claim[*at] != claims[0][*at]);
        let disputed = (0..self.blocks.len()).find(differs);
        self.agreed = claims[0][..disputed.unwrap_or(self.blocks.len())].to_vec();
        disputed
    }

    /// Ends the stretch before a block over which claims differ, and asks everyone for that block's filter.
    fn dispute(&mut self, at: usize, now: Mono, outbox: &mut Outbox) -> Dispute {
        let hash = self.blocks[at];
        let request = FilterRequest { kind: BASIC_FILTER, start: self.first + at as u32, stop: hash };
        let claims = self.claims.iter().filter_map(|(peer, (_, claim))| Some((*peer, claim.as_ref()?[at])));
        let claims: BTreeMap<PeerId, FilterHash> = claims.collect();
        for peer in claims.keys() {
            outbox.send(*peer, Message::GetCFilters(request));
        }
        self.blocks.truncate(at);
        Dispute { hash, since: now, claims, filters: BTreeMap::new(), block: None }
    }

    /// Asks one of those who agree for the filters.
    fn ask_filters(
        &mut self,
        peers: &BTreeSet<PeerId>,
        has: &impl Fn(PeerId, &BlockHash, Height) -> bool,
        now: Mono,
        outbox: &mut Outbox,
    ) {
        let request = self.request();
        let last = Height(self.first + self.blocks.len() as u32 - 1);
        if self.source.is_none()
            && let Some(peer) = peers.iter().find(|peer| has(**peer, &request.stop, last))
        {
            self.source = Some((*peer, now));
            outbox.send(*peer, Message::GetCFilters(request));
        }
    }
}

impl Dispute {
    /// Whether the block and every filter are here, or nobody is left who claims anything.
    fn is_over(&self) -> bool {
        self.claims.is_empty() || (self.block.is_some() && self.filters.len() == self.claims.len())
    }
}

/// The first blocks of the best header's chain that have not been looked through.
fn next_stretch(chain: &Chainstate, is_done: impl Fn(&BlockHash) -> bool, now: Mono) -> Option<Stretch> {
    let blocks = chain.not_looked_through(2 * MAX_GETCFILTERS_SIZE as usize);
    let start = blocks.iter().position(|hash| !is_done(hash))?;
    let first = chain.entry(&blocks[start])?.height.0;
    if first > chain.height().0.saturating_add(2 * MAX_GETCFILTERS_SIZE) {
        // What is far above the tip waits until the tip has come nearer.
        return None;
    }
    // In one piece: what follows a gap is for the next stretch.
    let run = blocks[start..].iter().zip(first..);
    let run = run.take(MAX_GETCFILTERS_SIZE as usize).take_while(|(hash, height)| {
        chain.entry(hash).is_some_and(|entry| entry.height.0 == *height) && !is_done(hash)
    });
    let blocks: Vec<BlockHash> = run.map(|(hash, _)| *hash).collect();
    let claims = BTreeMap::new();
    let patience = Some(now + FILTER_GRACE);
    Some(Stretch { first, blocks, patience, claims, agreed: Vec::new(), source: None })
}

/// Whether a filter leaves out a script that its block certainly pays or spends.
fn leaves_out(filter: &BlockFilter, block: &Block) -> bool {
    let hash = block.block_hash();
    let outputs = block.transactions.iter().flat_map(|tx| &tx.outputs).map(|output| &output.script_pubkey);
    let paid = outputs.filter(|script| !is_unspendable(script) && !script.as_bytes().is_empty()).cloned();
    let inputs = block.transactions.iter().skip(1).flat_map(|tx| &tx.inputs);
    let mut scripts = paid.chain(inputs.filter_map(spent_script));
    scripts.any(|script| filter.matches(&hash, [script.as_bytes()].into_iter()) != Ok(true))
}

/// The script that an input shows that it spends: that of its public key's hash.
fn spent_script(input: &TxIn) -> Option<Script> {
    let pushes = Instructions::new(input.script_sig.as_bytes()).map_while(Result::ok);
    let pushes: Vec<&[u8]> = pushes.map(|step| step.data).collect();
    match pushes[..] {
        [signature, key]
            if (9..=73).contains(&signature.len()) && key.len() == 33 && matches!(key[0], 2 | 3) =>
        {
            Some(standard::p2pkh(PubkeyHash(hash160(key))))
        }
        _ => None,
    }
}
