//! A node of the lab: a network, a chain, and a mempool that takes nearly everything.

use super::lab::{address, params};
use crate::chain::{ActivateStep, Body, Chainstate, Keeps, ScriptCache, StoredFilter};
use crate::consensus::{BlockError, Network as ChainNetwork, Preset};
use crate::cost::Cost;
use crate::interface::{LightFilter, PeerId};
use crate::net::{DisconnectReason, Network, PeerInfo, Received, ServeRequest, TransactionVerdict, View};
use crate::primitives::{Amount, Block, BlockHash, Script, Transaction, Txid, Wtxid};
use crate::time::Time;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The version number of transactions that the mempool refuses.
pub(super) const REFUSED_VERSION: i32 = 666;

pub(super) struct TestNode {
    pub(super) network: Network,
    pub(super) chain: Chainstate,
    pub(super) pool: BTreeMap<Txid, Arc<Transaction>>,
    /// The fee rate that this node reports for all its transactions.
    pub(super) fee_rate: Amount,
    pub(super) log: Vec<String>,
    pub(super) ended: Vec<DisconnectReason>,
    pub(super) delivered: Vec<(Txid, bool)>,
    pub(super) blocks_received: usize,
    /// The filtered blocks that came, and from whom.
    pub(super) shown: Vec<(PeerId, Arc<Block>)>,
    /// The filtered blocks of which a transaction was kept back.
    pub(super) kept_back: Vec<BlockHash>,
    /// Refuses connections: not there.
    pub(super) up: bool,
    /// When it last worked.
    worked: Time,
}

impl TestNode {
    pub(super) fn new(node: usize) -> Self {
        let seed = [node as u8; 32];
        Self {
            network: Network::new(address(node), &params(), Keeps::Blocks, seed),
            chain: Chainstate::create(ChainNetwork::Preset(Preset::Regtest)),
            pool: BTreeMap::new(),
            fee_rate: Amount::from_sat(1_000),
            log: Vec::new(),
            ended: Vec::new(),
            delivered: Vec::new(),
            blocks_received: 0,
            shown: Vec::new(),
            kept_back: Vec::new(),
            up: true,
            worked: Time::default(),
        }
    }

    /// Makes this a light node, which watches for one element.
    pub(super) fn keep_headers(&mut self, watched: &[u8], filter: LightFilter) {
        self.chain.keep_headers();
        self.network = Network::new(self.network.own, &params(), Keeps::Headers, [9; 32]);
        self.network.set_light_filter(filter);
        let scripts = vec![Script::from_bytes(watched.to_vec())];
        self.network.watch([watched.to_vec()].into_iter().collect(), scripts);
    }

    pub(super) fn peers(&self) -> Vec<PeerInfo> {
        self.network.peers(&self.chain, self.worked.mono)
    }

    /// The one connection there is.
    pub(super) fn peer(&self) -> PeerInfo {
        let mut peers = self.peers();
        assert_eq!(peers.len(), 1, "one connection");
        peers.remove(0)
    }

    pub(super) fn height(&self) -> u32 {
        self.chain.height().0
    }

    pub(super) fn has_logged(&self, line: &str) -> bool {
        self.log.iter().any(|logged| logged == line)
    }

    /// Lets the network work; true if work is left.
    pub(super) fn step(&mut self, now: Time, budget: Cost) -> bool {
        self.worked = now;
        let Self { network, chain, pool, .. } = self;
        let has_transaction = |txid: &Txid| pool.contains_key(txid);
        let show = |show: &mut dyn FnMut(&Wtxid, &Arc<Transaction>)| {
            pool.values().for_each(|transaction| show(&transaction.wtxid(), transaction));
        };
        network.step(&mut View { chain, has_transaction: &has_transaction, pool: &show }, now, budget)
    }

    pub(super) fn take_block(&mut self, block: &Arc<Block>, now: Time) -> Result<(), BlockError> {
        self.chain.accept_block(Arc::clone(block), now.unix)?;
        self.activate(now);
        Ok(())
    }

    pub(super) fn activate(&mut self, now: Time) {
        let verified = ScriptCache::default();
        while matches!(self.chain.activate(&verified).expect("room for coins"), ActivateStep::More(_)) {}
        let effects = self.chain.take_effects();
        for (hash, error) in effects.failed {
            self.network.block_failed(hash, error, now);
        }
        if !effects.connected.is_empty() {
            self.network.tip_changed(&self.chain, effects.connected.len());
        }
    }

    pub(super) fn serve(&mut self, peer: PeerId, request: ServeRequest) {
        match request {
            ServeRequest::Block(hash) => match self.chain.body(&hash) {
                Body::Memory(block) => {
                    self.network.serve_block(peer, hash, &block, &self.chain);
                }
                _ => self.network.serve_missing(peer, request),
            },
            ServeRequest::Transaction(txid) => match self.pool.get(&txid) {
                Some(transaction) => self.network.serve_transaction(peer, transaction),
                None => self.network.serve_missing(peer, request),
            },
            ServeRequest::Filter(hash) => {
                let filter = match self.chain.filter(&hash) {
                    StoredFilter::Memory(filter) => Some(filter),
                    StoredFilter::Stored(_) | StoredFilter::Absent => None,
                };
                self.network.serve_filter(peer, hash, filter.as_ref());
            }
            ServeRequest::Mempool => {
                let rate = self.fee_rate;
                let all: Vec<_> = self.pool.values().map(|transaction| (&**transaction, rate)).collect();
                self.network.serve_mempool(peer, all);
            }
        }
    }

    pub(super) fn judge(&mut self, received: Received, now: Time) {
        match received {
            Received::Block { peer, block } => {
                self.blocks_received += 1;
                let hash = block.block_hash();
                let accepted = self.chain.accept_block(Arc::clone(&block), now.unix);
                self.network.block_processed(peer, hash, accepted.map(drop), &self.chain, now);
                // Known by now; this activates it.
                self.take_block(&block, now).ok();
            }
            Received::FilteredBlock { peer, block, total } => {
                self.shown.push((peer, Arc::clone(&block)));
                let hash = block.block_hash();
                let accepted = self.chain.accept_filtered(block, total, now.unix);
                self.network.block_processed(peer, hash, accepted.map(drop), &self.chain, now);
                self.activate(now);
            }
            Received::Transaction { peer, transaction } => {
                let txid = transaction.txid();
                if transaction.version == REFUSED_VERSION {
                    self.network.transaction_processed(peer, &transaction, TransactionVerdict::Refused);
                    return;
                }
                self.network.transaction_processed(peer, &transaction, TransactionVerdict::Accepted);
                self.network.announce_transaction(&transaction, self.fee_rate);
                self.pool.insert(txid, transaction);
            }
        }
    }
}
