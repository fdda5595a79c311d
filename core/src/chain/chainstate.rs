//! The chain as a whole: its state, and every question that others ask of it. How it takes in headers and blocks is
//! in `accept`, how it changes branch in `activate`, how it is kept in `persist` and `load`.

use crate::collections::{BTreeMap, BTreeSet};
use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

use super::coins::{Coin, CoinsCache};
use super::effects::Effects;
use super::helpers::Helpers;
use super::index::{BlockIndex, BlockIndexEntry, BlockStatus, BranchEnd, EntryId};
use super::pack::{Location, Packs};
use super::persist::Flush;
use super::prune::MAX_SIDE_BODIES;
use super::recovery::Recovery;
use super::supply::Supply;
use super::undo::BlockUndo;
use crate::consensus::check::CheckedBlock;
use crate::consensus::{Network, NetworkParams, pow};
use crate::primitives::{Amount, Block, BlockHash, CompactTarget, Header, Height, OutPoint, Script, Work};
use crate::script::standard::is_unspendable;
use crate::store::Table;
use crate::time::UnixTime;

/// The most headers that a node keeps; over it the node stops by name.
pub const MAX_HEADERS: usize = 500_000;

/// The most headers off the active chain and off the best header's; those of least work give way.
pub const MAX_SIDE_HEADERS: usize = 20_000;

/// Hashes of a locator that come one by one before the steps begin to double.
const LOCATOR_DENSE: usize = 10;

/// A linked branch tip that may become the active one: most work first, then first seen (Core's
/// `CBlockIndexWorkComparator`).
pub(super) type Candidate = (Work, Reverse<u64>, EntryId);

/// What a node keeps of each block, and so which rules it checks by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// Everything: bodies, coins, undo data. Every rule is checked.
    Blocks,
    /// Headers. Work and everything else about a header are checked; which transactions a block has is for proofs to
    /// say.
    Headers,
}

/// Names a stored record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordKey {
    /// Its table, `Bodies` or `Undo`.
    pub table: Table,
    /// Its key.
    pub key: Vec<u8>,
}

/// Where a block's body is.
#[derive(Clone, Debug)]
pub enum Body {
    /// In memory.
    Memory(Arc<Block>),
    /// In the store: load this record, give it to [`Chainstate::supply_record`] and ask again.
    Stored(RecordKey),
    /// Not here.
    Absent,
}

/// Header tree, active chain and coins (Core's `Chainstate` and `BlockManager`).
#[derive(Clone, Debug)]
pub struct Chainstate {
    pub(super) network: Network,
    pub(super) keeps: Keeps,
    pub(super) params: NetworkParams,
    /// Bounded by `max_headers` and [`MAX_SIDE_HEADERS`] in `accept_header`.
    pub(super) index: BlockIndex,
    /// [`MAX_HEADERS`], and less in tests.
    pub(super) max_headers: usize,
    /// [`MAX_SIDE_BODIES`], and less in tests.
    pub(super) max_side_bodies: usize,
    /// Bytes of bodies that came since those of side branches were last counted.
    pub(super) new_bodies: usize,
    /// A header was refused for want of room.
    pub(super) is_full: bool,
    /// The active chain by height; never empty.
    pub(super) active: Vec<EntryId>,
    /// The chain of the best header by height; never empty.
    pub(super) header_chain: Vec<EntryId>,
    /// Linked blocks, not known to be invalid, at least as good as the tip; at most one for each header.
    pub(super) candidates: BTreeSet<Candidate>,
    pub(super) next_sequence: u64,
    /// The coins at the tip.
    pub(super) coins: CoinsCache,
    pub(super) supply: Supply,
    pub(super) bodies: Packs<CheckedBlock>,
    pub(super) undo: Packs<BlockUndo>,
    /// Blocks of a chain of headers on their way to those who follow it; bounded by the download's window.
    pub(super) passing: BTreeMap<EntryId, Arc<Block>>,
    pub(super) flush: Flush,
    pub(super) effects: Effects,
    /// The active chain as it was when the coins had to be built anew; none once they are.
    pub(super) rebuild: Option<Vec<EntryId>>,
    /// The index has holes that stored blocks may fill.
    pub(super) recovery: Option<Recovery>,
    /// Who checks scripts, and what they are at.
    pub(super) helpers: Helpers,
}

impl Chainstate {
    /// A chain that consists of its genesis block. Its first batch replaces whatever the store held.
    pub fn create(network: Network) -> Self {
        let genesis = CheckedBlock::from_store(network.genesis());
        let params = network.params();
        let mut index = BlockIndex::default();
        let id = index.insert(genesis.block().header, genesis.hash(), None, &params.consensus);
        let entry = index.get_mut(id);
        entry.status = BlockStatus::Valid;
        entry.n_tx = genesis.txids().len() as u32;
        entry.linked = true;
        entry.sequence = 0;
        let mut chain = Self {
            network,
            keeps: Keeps::Blocks,
            params,
            index,
            max_headers: MAX_HEADERS,
            max_side_bodies: MAX_SIDE_BODIES,
            new_bodies: 0,
            is_full: false,
            active: vec![id],
            header_chain: vec![id],
            candidates: BTreeSet::new(),
            next_sequence: 1,
            coins: CoinsCache::default(),
            supply: Supply::default(),
            bodies: Packs::default(),
            undo: Packs::default(),
            passing: BTreeMap::new(),
            flush: Flush::new(),
            effects: Effects::default(),
            rebuild: None,
            recovery: None,
            helpers: Helpers::default(),
        };
        chain.candidates.insert(chain.candidate(id));
        chain.bodies.add(id, Arc::new(genesis));
        chain.index_filter(id, chain.genesis_filter().hash());
        chain.add_genesis_coins();
        chain
    }

    /// Puts the coins at the genesis block.
    pub(super) fn add_genesis_coins(&mut self) {
        let genesis = self.network.genesis();
        let spendable = self.params.consensus.spendable_genesis;
        self.supply = Supply::of_genesis(&genesis, spendable);
        for tx in genesis.transactions.iter().filter(|_| spendable) {
            let txid = tx.txid();
            for (vout, output) in tx.outputs.iter().enumerate() {
                if !is_unspendable(&output.script_pubkey) {
                    let coin = Coin { output: output.clone(), height: Height::GENESIS, coinbase: true };
                    self.coins.add(OutPoint::new(txid, vout as u32), coin);
                }
            }
        }
    }

    /// The network.
    pub const fn network(&self) -> &Network {
        &self.network
    }

    /// What is kept of each block.
    pub const fn keeps(&self) -> Keeps {
        self.keeps
    }

    /// The network's parameters.
    pub const fn params(&self) -> &NetworkParams {
        &self.params
    }

    /// The tip's height.
    pub fn height(&self) -> Height {
        self.tip_entry().height
    }

    /// The tip's hash.
    pub fn tip(&self) -> BlockHash {
        self.tip_entry().hash
    }

    /// The tip.
    pub fn tip_entry(&self) -> &BlockIndexEntry {
        self.index.get(self.tip_id())
    }

    /// The genesis block's hash.
    pub fn genesis_hash(&self) -> BlockHash {
        self.index.get(self.active[0]).hash
    }

    /// The header of most work that is not known to be invalid; of several the one that was the best first, and after
    /// that one proved invalid, or when the node opens, the one of the lowest slot in the index.
    pub fn best_header(&self) -> &BlockIndexEntry {
        self.index.get(self.best_header_id())
    }

    /// What is known of a block.
    pub fn entry(&self, hash: &BlockHash) -> Option<&BlockIndexEntry> {
        self.index.id(hash).map(|id| self.index.get(id))
    }

    /// What is another after a header, a body or the tip came or went.
    pub(crate) fn standing(&self) -> (u64, BlockHash) {
        (self.index.changes(), self.tip())
    }

    /// Whether a header was refused for want of room: then [`Chainstate::activate`] says so, and goes no further.
    pub const fn is_full(&self) -> bool {
        self.is_full
    }

    /// The active chain's block at a height.
    pub fn active_hash(&self, height: Height) -> Option<BlockHash> {
        self.active_entry(height).map(|entry| entry.hash)
    }

    /// The active chain's entry at a height.
    pub fn active_entry(&self, height: Height) -> Option<&BlockIndexEntry> {
        self.active.get(height.0 as usize).map(|id| self.index.get(*id))
    }

    /// Whether a block is in the active chain.
    pub fn is_active(&self, hash: &BlockHash) -> bool {
        self.index.id(hash).is_some_and(|id| self.is_active_id(id))
    }

    /// The block at `height` on the branch that ends with `hash` (Core's `GetAncestor`): at once where the branch runs
    /// along the active chain or the best header's, block by block where it does not.
    pub fn ancestor(&self, hash: &BlockHash, height: Height) -> Option<BlockHash> {
        let mut id = self.index.id(hash)?;
        loop {
            let entry = self.index.get(id);
            if entry.height <= height {
                return (entry.height == height).then_some(entry.hash);
            }
            let at = entry.height.0 as usize;
            let chains = [&self.active, &self.header_chain];
            if let Some(chain) = chains.into_iter().find(|chain| chain.get(at) == Some(&id)) {
                return chain.get(height.0 as usize).map(|id| self.index.get(*id).hash);
            }
            id = entry.parent?;
        }
    }

    /// Whether the block `hash` at `height` is on a branch.
    pub fn is_on_branch(&self, end: BranchEnd, hash: &BlockHash, height: Height) -> bool {
        match end.height.cmp(&height) {
            Ordering::Less => false,
            Ordering::Equal => end.hash == *hash,
            Ordering::Greater => self.ancestor(&end.hash, height) == Some(*hash),
        }
    }

    /// The hashes of the chain that ends with `from`, from there back, ever further apart, ending with the genesis block
    /// (Core's `LocatorEntries`).
    pub fn locator(&self, from: &BlockHash) -> Vec<BlockHash> {
        let mut hashes = Vec::new();
        let mut height = self.entry(from).map_or(0, |entry| entry.height.0);
        let mut step = 1;
        while let Some(hash) = self.ancestor(from, Height(height)) {
            hashes.push(hash);
            if height == 0 {
                break;
            }
            if hashes.len() > LOCATOR_DENSE {
                step *= 2;
            }
            height = height.saturating_sub(step);
        }
        hashes
    }

    /// The height of the first hash of `locator` that is in the active chain; 0 if none is (Core's
    /// `FindForkInGlobalIndex`).
    pub fn fork_of(&self, locator: &[BlockHash]) -> Height {
        let known = locator.iter().filter_map(|hash| self.index.id(hash)).find(|id| self.is_active_id(*id));
        known.map_or(Height::GENESIS, |id| self.index.get(id).height)
    }

    /// The active chain's headers after `locator`, up to and with `stop`, at most `max`.
    pub fn headers_after(&self, locator: &[BlockHash], stop: &BlockHash, max: usize) -> Vec<Header> {
        self.entries_after(locator, stop, max).map(|entry| entry.header).collect()
    }

    /// As [`Chainstate::headers_after`], the hashes: for getblocks.
    pub fn hashes_after(&self, locator: &[BlockHash], stop: &BlockHash, max: usize) -> Vec<BlockHash> {
        self.entries_after(locator, stop, max).map(|entry| entry.hash).collect()
    }

    fn entries_after(
        &self,
        locator: &[BlockHash],
        stop: &BlockHash,
        max: usize,
    ) -> impl Iterator<Item = &BlockIndexEntry> {
        let first = self.fork_of(locator).0 as usize + 1;
        let stop = self.index.id(stop).filter(|id| self.is_active_id(*id));
        let end = stop.map_or(self.active.len(), |id| self.index.get(id).height.0 as usize + 1);
        let ids = self.active.get(first..end).unwrap_or_default();
        ids.iter().take(max).map(|id| self.index.get(*id))
    }

    /// The median time past of the tip: a block on it must be later.
    pub fn median_time_past(&self) -> UnixTime {
        UnixTime(self.tip_entry().median_time_past)
    }

    /// The earliest time that a block on the tip may have.
    pub fn minimum_time(&self) -> UnixTime {
        let tip = self.tip_entry();
        let after_median = UnixTime(tip.median_time_past.saturating_add(1));
        let timewarp = pow::timewarp_limit(&tip.difficulty, &self.params.consensus);
        timewarp.map_or(after_median, |limit| limit.max(after_median))
    }

    /// For how many seconds from `now` on any block on the tip would be ahead of time (`time-too-new`): the earliest time
    /// that it may have moves on by a second in six blocks, however fast they are found.
    pub fn seconds_until_in_time(&self, now: UnixTime) -> u32 {
        let latest = now.0.saturating_add(self.params.consensus.future_limit);
        self.minimum_time().0.saturating_sub(latest)
    }

    /// The target of a block on the tip that is dated `time`.
    pub fn next_work_required(&self, time: UnixTime) -> CompactTarget {
        pow::next_work_required(&self.tip_entry().difficulty, time, &self.params.consensus)
    }

    /// The coins at the tip.
    pub const fn coins(&self) -> &CoinsCache {
        &self.coins
    }

    /// The confirmed coins that a script guards.
    pub fn balance_of(&self, script_pubkey: &Script) -> Amount {
        self.coins.balance_of(script_pubkey)
    }

    /// How many transactions have unspent outputs.
    pub fn utxo_transactions(&self) -> usize {
        self.coins.transactions()
    }

    /// The sum of all coins, in satoshis.
    pub fn total_coins(&self) -> u128 {
        self.coins.total()
    }

    /// What the blocks of the active chain did to the supply.
    pub const fn supply(&self) -> &Supply {
        &self.supply
    }

    /// Whether the coins sum to what coinbases made, less fees, less what cannot be spent.
    pub fn supply_is_right(&self) -> bool {
        self.total_coins() == self.supply.expected_total()
    }

    /// Where a block's body is.
    pub fn body(&self, hash: &BlockHash) -> Body {
        let Some(id) = self.index.id(hash) else { return Body::Absent };
        match (self.bodies.get(id), self.index.get(id).body) {
            (Some(block), _) => Body::Memory(Arc::clone(block.block())),
            (None, Some(location)) => Body::Stored(record_key(Table::Bodies, location)),
            // The genesis block comes with the network.
            (None, None) if id == self.active[0] => Body::Memory(Arc::new(self.network.genesis())),
            (None, None) => Body::Absent,
        }
    }

    /// Whether a block's body is here, in memory or in the store.
    pub fn has_body(&self, hash: &BlockHash) -> bool {
        self.entry(hash).is_some_and(BlockIndexEntry::has_body)
    }

    /// The height up to which the active chain and the best header's are the same.
    pub(super) fn common_height(&self) -> usize {
        let mut height = self.active.len().min(self.header_chain.len()) - 1;
        while self.active[height] != self.header_chain[height] {
            height -= 1;
        }
        height
    }

    pub(super) fn tip_id(&self) -> EntryId {
        self.active[self.active.len() - 1]
    }

    pub(super) fn best_header_id(&self) -> EntryId {
        self.header_chain[self.header_chain.len() - 1]
    }

    pub(super) fn is_active_id(&self, id: EntryId) -> bool {
        let height = self.index.get(id).height.0 as usize;
        self.active.get(height) == Some(&id)
    }

    pub(super) fn candidate(&self, id: EntryId) -> Candidate {
        let entry = self.index.get(id);
        (entry.chainwork, Reverse(entry.sequence), id)
    }
}

pub(super) fn record_key(table: Table, location: Location) -> RecordKey {
    RecordKey { table, key: Location::key(location.pack) }
}
