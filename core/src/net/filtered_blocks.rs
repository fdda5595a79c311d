//! Blocks as a light node gets them: the transactions that concern its wallet, with the proof that they are in the
//! block (BIP37). Answers `merkleblock`, and the `tx` that follow one.
//!
//! A proof cannot show that nothing was left out, so some blocks are asked of a second peer as well: every one of a
//! chain that merely grows, and a few of a long download. Where one peer proves a transaction that the other kept back,
//! the other is caught.

use super::limits::{AUDIT_TIMEOUT, MAX_AUDITS};
use super::message::{Inventory, Message};
use super::outbox::Outbox;
use super::reason::DisconnectReason;
use crate::collections::{BTreeMap, BTreeSet, SerialMap};
use crate::interface::PeerId;
use crate::primitives::{Block, BlockHash, Script, Transaction, Txid};
use crate::script::Instructions;
use crate::spv::{BloomFilter, MerkleBlock};
use crate::time::Mono;
use std::sync::Arc;

/// Elements for which a filter has room from the start, so that a new address need not load it anew.
const SPARE_ELEMENTS: usize = 16;

/// What a peer has shown of a block.
#[derive(Clone, Debug)]
pub(crate) struct Filtered {
    /// The header and the transactions that were proven, in the block's order.
    pub(crate) block: Arc<Block>,
    /// How many transactions the block has.
    pub(crate) total: u32,
}

/// A proof whose transactions are still to come.
#[derive(Debug)]
struct Open {
    proof: MerkleBlock,
    /// The proven transactions, in the block's order.
    txids: Vec<Txid>,
    /// Those that have come.
    transactions: BTreeMap<Txid, Arc<Transaction>>,
}

/// A block that a second peer is to show as well.
#[derive(Debug)]
struct Audit {
    first: PeerId,
    /// What the first has shown.
    block: Arc<Block>,
    /// Who was asked, and when.
    second: Option<(PeerId, Mono)>,
}

/// One of two peers kept a transaction back that is in the block and concerns the wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Omission {
    pub(crate) by: PeerId,
    pub(crate) txid: Txid,
}

/// Filtered blocks from all peers.
#[derive(Debug, Default)]
pub(crate) struct FilteredBlocks {
    /// What the wallet's scripts push: hashes and keys; two for each key.
    elements: BTreeSet<Vec<u8>>,
    /// How many elements the filter that peers have was made for.
    room: usize,
    tweak: u32,
    /// Asked for with an older filter, and to be asked for again; at most as many as were in flight.
    stale: BTreeSet<BlockHash>,
    /// One at most for each peer.
    open: SerialMap<PeerId, Open>,
    /// At most `limits::MAX_AUDITS`.
    audits: BTreeMap<BlockHash, Audit>,
}

impl FilteredBlocks {
    /// How many elements are watched for.
    pub(crate) fn watched(&self) -> usize {
        self.elements.len()
    }

    /// Watches for these elements from now on, the former ones among them: `peers` are told, and what they were asked
    /// for with the former filter, `in_flight`, will be asked for again.
    pub(crate) fn watch(
        &mut self,
        elements: BTreeSet<Vec<u8>>,
        tweak: u32,
        peers: &[PeerId],
        in_flight: impl Iterator<Item = BlockHash>,
        outbox: &mut Outbox,
    ) {
        let new: Vec<Vec<u8>> = elements.difference(&self.elements).cloned().collect();
        self.elements = elements;
        self.stale.extend(in_flight);
        self.audits.clear();
        let has_room = self.elements.len() <= self.room;
        if !has_room {
            self.room = self.elements.len() + SPARE_ELEMENTS;
            self.tweak = tweak;
        }
        for peer in peers {
            if has_room {
                new.iter().for_each(|element| outbox.send(*peer, Message::FilterAdd(element.clone())));
            } else {
                self.load_filter(*peer, outbox);
            }
        }
    }

    /// A peer that serves filters is ready: it is told what is wanted, and asked what of that waits.
    pub(crate) fn peer_ready(&self, peer: PeerId, outbox: &mut Outbox) {
        self.load_filter(peer, outbox);
        outbox.send(peer, Message::Mempool);
    }

    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        self.open.remove(&peer);
        for audit in self.audits.values_mut() {
            audit.second.take_if(|(second, _)| *second == peer);
        }
    }

    /// A proof came; whole if it proves nothing. One that does not hold ends the connection.
    pub(crate) fn on_proof(
        &mut self,
        peer: PeerId,
        proof: MerkleBlock,
    ) -> Result<Option<Filtered>, DisconnectReason> {
        let hash = proof.header.block_hash();
        let proven = proof.verify().map_err(|error| DisconnectReason::BadProof { block: hash, error })?;
        let txids = proven.matches.into_iter().map(|(_, txid)| txid).collect();
        self.open.insert(peer, Open { proof, txids, transactions: BTreeMap::new() });
        Ok(self.take_whole(peer))
    }

    /// A transaction came: whether a proof of this peer waits for it, and the block, if it was the last.
    pub(crate) fn on_transaction(
        &mut self,
        peer: PeerId,
        transaction: &Arc<Transaction>,
    ) -> (bool, Option<Filtered>) {
        let txid = transaction.txid();
        let Some(open) = self.open.get_mut(&peer).filter(|open| open.txids.contains(&txid)) else {
            return (false, None);
        };
        open.transactions.insert(txid, Arc::clone(transaction));
        (true, self.take_whole(peer))
    }

    /// Whether a block was asked for with an older filter; then it is to be asked for again.
    pub(crate) fn take_stale(&mut self, hash: &BlockHash) -> bool {
        self.stale.remove(hash)
    }

    /// Has what a peer has shown looked at by another.
    pub(crate) fn audit(&mut self, first: PeerId, block: Arc<Block>) {
        if self.audits.len() < MAX_AUDITS {
            self.audits.insert(block.block_hash(), Audit { first, block, second: None });
        }
    }

    /// Asks second peers; `candidates` tells who has a block.
    pub(crate) fn ask(
        &mut self,
        candidates: impl Fn(&BlockHash) -> Vec<PeerId>,
        now: Mono,
        outbox: &mut Outbox,
    ) {
        for (hash, audit) in &mut self.audits {
            let last = match audit.second {
                Some((_, asked)) if now < asked + AUDIT_TIMEOUT => continue,
                Some((last, _)) => last,
                None => audit.first,
            };
            let others = candidates(hash);
            if let Some(second) = others.into_iter().find(|peer| *peer != audit.first && *peer != last) {
                audit.second = Some((second, now));
                outbox.send(second, Message::GetData(vec![Inventory::FilteredBlock(*hash)]));
            }
        }
    }

    /// Whether a peer was asked as the second.
    pub(crate) fn is_second(&self, peer: PeerId, hash: &BlockHash) -> bool {
        let second = self.audits.get(hash).and_then(|audit| audit.second);
        second.is_some_and(|(second, _)| second == peer)
    }

    /// The second peer has shown a block: whether one of the two kept something back.
    pub(crate) fn compare(&mut self, second: PeerId, shown: &Block) -> Option<Omission> {
        let audit = self.audits.remove(&shown.block_hash())?;
        let kept_back = |from: &Block, by: PeerId, shown: &Block| {
            let has = |txid| from.transactions.iter().any(|tx| tx.txid() == txid);
            let concerns = |tx: &&Transaction| self.concerns(tx) && !has(tx.txid());
            let txid = shown.transactions.iter().find(concerns)?.txid();
            Some(Omission { by, txid })
        };
        kept_back(&audit.block, audit.first, shown).or_else(|| kept_back(shown, second, &audit.block))
    }

    /// Whether a transaction pays to or spends from what is watched for, for certain.
    fn concerns(&self, transaction: &Transaction) -> bool {
        let outputs = transaction.outputs.iter().map(|output| &output.script_pubkey);
        let mut scripts = outputs.chain(transaction.inputs.iter().map(|input| &input.script_sig));
        scripts.any(|script: &Script| {
            let pushes = Instructions::new(script.as_bytes()).map_while(Result::ok);
            pushes.into_iter().any(|step| self.elements.contains(step.data))
        })
    }

    fn load_filter(&self, peer: PeerId, outbox: &mut Outbox) {
        let mut filter = BloomFilter::for_elements(self.room, self.tweak);
        self.elements.iter().for_each(|element| filter.insert(element));
        outbox.send(peer, Message::FilterLoad(Box::new(filter)));
    }

    /// The block that a peer shows, once all proven transactions have come.
    fn take_whole(&mut self, peer: PeerId) -> Option<Filtered> {
        let open = self.open.get(&peer)?;
        let found: Option<Vec<Transaction>> =
            open.txids.iter().map(|txid| open.transactions.get(txid).map(|tx| (**tx).clone())).collect();
        let transactions = found?;
        let open = self.open.remove(&peer)?;
        let block = Arc::new(Block { header: open.proof.header, transactions });
        Some(Filtered { block, total: open.proof.transaction_count() })
    }
}
