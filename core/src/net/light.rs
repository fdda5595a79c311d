//! What a light node's network does beyond a full node's: it tells peers what it watches for, takes filtered blocks, and
//! has them looked at twice.

use super::filtered_blocks::{Filtered, Omission};
use super::limits::AUDIT_ONE_IN;
use super::message::Services;
use super::network::Network;
use super::outbox::{NetOutput, Received};
use super::reason::DisconnectReason;
use crate::chain::{Chainstate, Keeps};
use crate::collections::BTreeSet;
use crate::interface::PeerId;
use crate::primitives::{BlockHash, Transaction};
use crate::spv::MerkleBlock;
use crate::time::Time;
use rand_chacha::rand_core::Rng as _;
use std::sync::Arc;

impl Network {
    /// How many elements are watched for.
    pub fn watched(&self) -> usize {
        self.filtered.watched()
    }

    /// Watches for these elements of scripts from now on, the former ones among them: what wallets' scripts push.
    pub fn watch(&mut self, elements: BTreeSet<Vec<u8>>) {
        let tweak = self.rng.next_u32();
        let peers = self.filtering_peers();
        self.filtered.watch(elements, tweak, &peers, self.download.in_flight(), &mut self.outbox);
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

    /// The ready peers that serve filters.
    fn filtering_peers(&self) -> Vec<PeerId> {
        let serves = Services::NETWORK | Services::BLOOM;
        self.peers.ready().filter(|peer| peer.services().has(serves)).map(|peer| peer.id).collect()
    }
}
