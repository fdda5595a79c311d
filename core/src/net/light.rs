//! What a light node's network does beyond a full node's. By bloom filters: it tells peers what it watches for, takes
//! filtered blocks, and has them looked at twice. By compact filters: it looks through those of all blocks.

use super::compact_filters::Relevance;
use super::filtered_blocks::{Filtered, Omission};
use super::limits::AUDIT_ONE_IN;
use super::message::{FilterMessage, Inventory, Services};
use super::network::Network;
use super::outbox::{NetOutput, Received};
use super::reason::DisconnectReason;
use crate::chain::{Chainstate, Keeps};
use crate::collections::BTreeSet;
use crate::interface::{LightFilter, PeerId};
use crate::primitives::{Block, BlockHash, Script, Transaction};
use crate::spv::MerkleBlock;
use crate::time::Time;
use rand_chacha::rand_core::Rng as _;
use std::sync::Arc;

impl Network {
    /// How many elements are watched for.
    pub fn watched(&self) -> usize {
        self.filtered.watched()
    }

    /// Sets how a light node learns which blocks concern it; takes effect for peers that come after.
    pub fn set_light_filter(&mut self, filter: LightFilter) {
        match filter {
            LightFilter::Bloom => self.download.end_choosing(),
            LightFilter::Compact => self.download.begin_choosing(),
        }
        self.light_filter = filter;
    }

    /// Watches for these scripts from now on and for what they push, the former ones among them.
    pub fn watch(&mut self, elements: BTreeSet<Vec<u8>>, scripts: Vec<Script>) {
        self.compact.watch(scripts);
        let tweak = self.rng.next_u32();
        let peers = self.filtering_peers();
        self.filtered.watch(elements, tweak, &peers, self.download.in_flight(), &mut self.outbox);
    }

    /// A peer is ready: it is told what is wanted, if it serves the kind of filter that this node goes by. One that does
    /// not can only give headers.
    pub(super) fn light_peer_ready(&mut self, peer: PeerId, services: Services) {
        match self.light_filter {
            LightFilter::Bloom if services.has(Services::NETWORK | Services::BLOOM) => {
                self.filtered.peer_ready(peer, &mut self.outbox);
                self.download.peer_ready(peer, Inventory::FilteredBlock);
            }
            LightFilter::Compact if services.has(Services::NETWORK | Services::COMPACT_FILTERS) => {
                self.compact.peer_ready(peer);
                self.download.peer_ready(peer, Inventory::WitnessBlock);
            }
            LightFilter::Bloom | LightFilter::Compact => {}
        }
    }

    /// Looks on through the chain by compact filters.
    pub(super) fn look_through(&mut self, chain: &Chainstate, now: Time) {
        if self.keeps == Keeps::Blocks || self.light_filter == LightFilter::Bloom {
            return;
        }
        for (peer, reason) in self.compact.liars() {
            self.disconnect(peer, reason, now);
        }
        let download = &self.download;
        let is_coming = |hash: &BlockHash| download.is_coming(hash);
        let has = |peer, hash: &BlockHash, height| download.is_known_to(peer, hash, height, chain);
        let disputed = self.compact.ask(chain, is_coming, has, now.mono, &mut self.outbox);
        if let Some(hash) = disputed.filter(|hash| !chain.has_body(hash) && !self.download.is_coming(hash)) {
            self.download.choose(hash);
        }
    }

    /// A compact filter came: its block is asked for, or it need not be.
    pub(super) fn on_compact_filter(
        &mut self,
        peer: PeerId,
        answer: FilterMessage,
        chain: &Chainstate,
    ) -> Result<(), DisconnectReason> {
        let Some((hash, relevance)) = self.compact.on_filter(peer, answer)? else { return Ok(()) };
        self.watch.was_asked_for();
        let Some(entry) = chain.entry(&hash).filter(|entry| !entry.has_body()) else { return Ok(()) };
        match relevance {
            Relevance::Possible => self.download.choose(hash),
            Relevance::None if self.download.judge(peer, hash) => {
                let block = Arc::new(Block { header: entry.header, transactions: Vec::new() });
                // Of its transactions nothing is known but that the coinbase is there.
                self.outbox.push(NetOutput::Received(Received::FilteredBlock { peer, block, total: 1 }));
            }
            Relevance::None => {}
        }
        Ok(())
    }

    /// Announces a transaction again, to those too who have been told of it.
    pub fn announce_again(&mut self, transaction: &Transaction) {
        self.relay.announce_again(transaction, &mut self.filters);
    }

    /// A proof came. One that nobody asked for is passed over.
    pub(super) fn on_proof(
        &mut self,
        peer: PeerId,
        proof: MerkleBlock,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        let hash = proof.header.block_hash();
        if !self.download.is_asked_of(peer, &hash) && !self.filtered.is_second(peer, &hash) {
            if let Some(entry) = self.peers.get_mut(peer) {
                entry.tolerated.unwanted_blocks += 1;
            }
            return Ok(());
        }
        self.watch.was_asked_for();
        match self.filtered.on_proof(peer, proof)? {
            Some(shown) => self.on_shown(peer, shown, now),
            None => Ok(()),
        }
    }

    /// A peer has shown all that it has to show of a block.
    pub(super) fn on_shown(
        &mut self,
        peer: PeerId,
        shown: Filtered,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        let Filtered { block, total } = shown;
        let hash = block.block_hash();
        if self.filtered.is_second(peer, &hash) {
            return match self.filtered.compare(peer, &block) {
                Some(omission) => self.on_omission(peer, hash, omission, now),
                None => Ok(()),
            };
        }
        self.download.received(&hash, now.mono);
        if self.filtered.take_stale(&hash) || !self.download.judge(peer, hash) {
            return Ok(());
        }
        if !self.download.is_busy() || self.rng.next_u64().is_multiple_of(AUDIT_ONE_IN) {
            self.filtered.audit(peer, Arc::clone(&block));
        }
        self.outbox.push(NetOutput::Received(Received::FilteredBlock { peer, block, total }));
        Ok(())
    }

    /// Shows blocks to second peers that have them.
    pub(super) fn ask_second_peers(&mut self, chain: &Chainstate, now: Time) {
        if self.keeps == Keeps::Blocks {
            return;
        }
        let peers = self.filtering_peers();
        let download = &self.download;
        let candidates = |hash: &BlockHash| {
            let Some(height) = chain.entry(hash).map(|entry| entry.height) else { return Vec::new() };
            let has = |peer: &PeerId| download.is_known_to(*peer, hash, height, chain);
            peers.iter().copied().filter(has).collect()
        };
        self.filtered.ask(candidates, now.mono, &mut self.outbox);
    }

    /// One of two peers kept a transaction back. If it was the first, what this node believes is wrong from there on.
    fn on_omission(
        &mut self,
        second: PeerId,
        block: BlockHash,
        omission: Omission,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        let reason = DisconnectReason::KeptBack { block, txid: omission.txid };
        if omission.by == second {
            return Err(reason);
        }
        self.disconnect(omission.by, reason, now);
        self.outbox.push(NetOutput::KeptBack(block));
        Ok(())
    }

    /// The ready peers that have this node's bloom filter.
    fn filtering_peers(&self) -> Vec<PeerId> {
        if self.light_filter == LightFilter::Compact {
            return Vec::new();
        }
        let serves = Services::NETWORK | Services::BLOOM;
        self.peers.ready().filter(|peer| peer.services().has(serves)).map(|peer| peer.id).collect()
    }
}
