//! Transactions whose parents have not come yet. They wait here, bounded per peer, until a parent is accepted.

use crate::collections::{BTreeMap, BTreeSet, sort_by_key};
use crate::interface::PeerId;
use crate::primitives::{Block, OutPoint, Transaction, Txid, Wtxid};
use std::sync::Arc;

/// Weight units of orphans that one peer may have waiting (Core's `DEFAULT_RESERVED_ORPHAN_WEIGHT_PER_PEER`).
pub const MAX_ORPHAN_WEIGHT_PER_PEER: usize = 404_000;

/// A transaction that waits, and who sent it.
#[derive(Clone, Debug)]
struct Orphan {
    transaction: Arc<Transaction>,
    weight: usize,
    /// Bounded by the number of peers; never empty.
    announcers: BTreeSet<PeerId>,
    arrival: u64,
}

/// What one peer has waiting.
#[derive(Clone, Debug, Default)]
struct Share {
    weight: usize,
    /// In order of arrival. Bounded by [`MAX_ORPHAN_WEIGHT_PER_PEER`].
    orphans: BTreeMap<u64, Wtxid>,
}

/// The transactions that wait for a parent.
#[derive(Clone, Debug, Default)]
pub struct TxOrphanage {
    /// Bounded by [`MAX_ORPHAN_WEIGHT_PER_PEER`] times the number of peers.
    orphans: BTreeMap<Wtxid, Orphan>,
    /// Who spends what; bounded by the inputs of `orphans`.
    spenders: BTreeMap<OutPoint, BTreeSet<Wtxid>>,
    /// Bounded by the number of peers.
    peers: BTreeMap<PeerId, Share>,
    next_arrival: u64,
}

impl TxOrphanage {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.orphans.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.orphans.is_empty()
    }

    /// All that wait, by wtxid.
    pub fn iter(&self) -> impl Iterator<Item = (&Wtxid, &Arc<Transaction>)> {
        self.orphans.iter().map(|(wtxid, orphan)| (wtxid, &orphan.transaction))
    }

    /// Whether this one waits.
    pub fn contains(&self, wtxid: &Wtxid) -> bool {
        self.orphans.contains_key(wtxid)
    }

    /// Keeps a transaction that `peer` sent, until a parent comes; what the peer sent longest ago makes room for it.
    /// False if it is too heavy to be kept at all.
    pub fn add(&mut self, transaction: Arc<Transaction>, peer: PeerId) -> bool {
        let weight = transaction.weight();
        if weight > MAX_ORPHAN_WEIGHT_PER_PEER {
            return false;
        }
        let wtxid = transaction.wtxid();
        let arrival = self.next_arrival;
        self.next_arrival += 1;
        let orphan = self.orphans.entry(wtxid).or_insert_with(|| {
            for input in &transaction.inputs {
                self.spenders.entry(input.previous_output).or_default().insert(wtxid);
            }
            Orphan { transaction, weight, announcers: BTreeSet::new(), arrival }
        });
        if orphan.announcers.insert(peer) {
            let share = self.peers.entry(peer).or_default();
            share.weight += weight;
            share.orphans.insert(orphan.arrival, wtxid);
            self.limit(peer);
        }
        true
    }

    /// Takes out what waits for an output of `parent`, in order of arrival, each with a peer that sent it: to be
    /// tried again now that `parent` has been accepted. What still misses another parent is added again.
    pub fn take_children(&mut self, parent: &Txid) -> Vec<(PeerId, Arc<Transaction>)> {
        let outputs = OutPoint::new(*parent, 0)..=OutPoint::new(*parent, u32::MAX);
        let wtxids: BTreeSet<Wtxid> =
            self.spenders.range(outputs).flat_map(|(_, spenders)| spenders.iter().copied()).collect();
        let mut children: Vec<Orphan> = wtxids.iter().filter_map(|wtxid| self.remove(wtxid)).collect();
        sort_by_key(&mut children, |orphan| orphan.arrival);
        children
            .into_iter()
            .filter_map(|orphan| Some((*orphan.announcers.first()?, orphan.transaction)))
            .collect()
    }

    /// Forgets the orphans that `block` confirmed or that spend what it spent.
    pub fn remove_for_block(&mut self, block: &Block) {
        for input in block.transactions.iter().flat_map(|tx| &tx.inputs) {
            for wtxid in self.spenders.get(&input.previous_output).cloned().unwrap_or_default() {
                self.remove(&wtxid);
            }
        }
    }

    /// Forgets a peer that is gone, with the orphans that nobody else sent.
    pub fn remove_peer(&mut self, peer: PeerId) {
        let share = self.peers.remove(&peer).unwrap_or_default();
        for wtxid in share.orphans.values() {
            self.forget_announcer(wtxid, peer);
        }
    }

    /// The weight of what each peer has waiting.
    #[cfg(any(test, feature = "contract"))]
    pub(super) fn shares(&self) -> impl Iterator<Item = usize> {
        self.peers.values().map(|share| share.weight)
    }

    /// Drops what `peer` sent longest ago until its share is within the limit.
    fn limit(&mut self, peer: PeerId) {
        while let Some(share) = self.peers.get_mut(&peer) {
            if share.weight <= MAX_ORPHAN_WEIGHT_PER_PEER {
                return;
            }
            let Some((_, oldest)) = share.orphans.pop_first() else { return };
            share.weight -= self.orphans.get(&oldest).map_or(0, |orphan| orphan.weight);
            self.forget_announcer(&oldest, peer);
        }
    }

    fn forget_announcer(&mut self, wtxid: &Wtxid, peer: PeerId) {
        let Some(orphan) = self.orphans.get_mut(wtxid) else { return };
        orphan.announcers.remove(&peer);
        if orphan.announcers.is_empty() {
            self.remove(wtxid);
        }
    }

    fn remove(&mut self, wtxid: &Wtxid) -> Option<Orphan> {
        let orphan = self.orphans.remove(wtxid)?;
        for input in &orphan.transaction.inputs {
            if let Some(spenders) = self.spenders.get_mut(&input.previous_output) {
                spenders.remove(wtxid);
                if spenders.is_empty() {
                    self.spenders.remove(&input.previous_output);
                }
            }
        }
        for peer in &orphan.announcers {
            if let Some(share) = self.peers.get_mut(peer) {
                share.weight -= orphan.weight;
                share.orphans.remove(&orphan.arrival);
            }
        }
        Some(orphan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::{Amount, CompactTarget, Header, Script, TxIn, TxOut};

    const ALICE: PeerId = PeerId(1);
    const BOB: PeerId = PeerId(2);

    fn spend(parents: &[(u8, u32)], padding: usize) -> Arc<Transaction> {
        let outpoint = |&(id, vout): &(u8, u32)| OutPoint::new(Txid::from_bytes([id; 32]), vout);
        let inputs = parents.iter().map(|parent| TxIn::spending(outpoint(parent))).collect();
        let script_pubkey = Script::from_bytes(vec![0x6a; padding]);
        let outputs = vec![TxOut { value: Amount::ZERO, script_pubkey }];
        Arc::new(Transaction { version: 2, inputs, outputs, lock_time: 0 })
    }

    fn take(orphanage: &mut TxOrphanage, parent: u8) -> Vec<(PeerId, Arc<Transaction>)> {
        orphanage.take_children(&Txid::from_bytes([parent; 32]))
    }

    fn assert_empty(orphanage: &TxOrphanage) {
        assert!(orphanage.is_empty() && orphanage.spenders.is_empty());
        assert!(orphanage.peers.values().all(|share| share.weight == 0 && share.orphans.is_empty()));
    }

    #[test]
    fn children_of_a_parent_come_out_once_and_in_order_of_arrival() {
        let mut orphanage = TxOrphanage::new();
        let (late, early, other) = (spend(&[(1, 0)], 3), spend(&[(1, 7), (2, 0)], 1), spend(&[(3, 0)], 2));
        for (tx, peer) in [(&early, ALICE), (&other, ALICE), (&late, BOB), (&late, ALICE)] {
            assert!(orphanage.add(Arc::clone(tx), peer));
        }
        assert_eq!(take(&mut orphanage, 1), [(ALICE, early), (ALICE, late)]);
        assert_eq!(take(&mut orphanage, 1), []);
        assert_eq!(take(&mut orphanage, 3), [(ALICE, other)]);
        assert_empty(&orphanage);
    }

    #[test]
    fn a_peer_over_its_share_loses_its_own_oldest_orphan_and_no_one_elses() {
        let mut orphanage = TxOrphanage::new();
        let of_bob = spend(&[(9, 0)], 10);
        orphanage.add(Arc::clone(&of_bob), BOB);
        let heavy: Vec<_> = (0..5).map(|id| spend(&[(id, 0)], 24_000)).collect();
        for tx in &heavy {
            orphanage.add(Arc::clone(tx), ALICE);
        }
        assert!(!orphanage.contains(&heavy[0].wtxid()));
        assert!(heavy[1..].iter().all(|tx| orphanage.contains(&tx.wtxid())));
        assert!(orphanage.contains(&of_bob.wtxid()));
        assert!(orphanage.peers[&ALICE].weight <= MAX_ORPHAN_WEIGHT_PER_PEER);
    }

    #[test]
    fn an_orphan_above_a_peers_whole_share_is_not_kept() {
        let mut orphanage = TxOrphanage::new();
        assert!(!orphanage.add(spend(&[(1, 0)], MAX_ORPHAN_WEIGHT_PER_PEER / 4), ALICE));
        assert_empty(&orphanage);
    }

    #[test]
    fn an_orphan_stays_until_the_last_peer_that_sent_it_is_gone() {
        let mut orphanage = TxOrphanage::new();
        let tx = spend(&[(1, 0)], 1);
        orphanage.add(Arc::clone(&tx), ALICE);
        orphanage.add(Arc::clone(&tx), BOB);
        orphanage.remove_peer(ALICE);
        assert!(orphanage.contains(&tx.wtxid()));
        orphanage.remove_peer(BOB);
        assert_empty(&orphanage);
    }

    #[test]
    fn a_block_removes_the_orphans_that_it_confirms_and_those_that_it_conflicts_with() {
        let mut orphanage = TxOrphanage::new();
        let (confirmed, rival, other) = (spend(&[(1, 0)], 1), spend(&[(2, 0)], 1), spend(&[(3, 0)], 1));
        for tx in [&confirmed, &rival, &other] {
            orphanage.add(Arc::clone(tx), ALICE);
        }
        let header = Header {
            version: 4,
            prev_blockhash: Default::default(),
            merkle_root: Default::default(),
            time: 0,
            bits: CompactTarget(0),
            nonce: 0,
        };
        let transactions = vec![(*confirmed).clone(), (*spend(&[(2, 0)], 5)).clone()];
        orphanage.remove_for_block(&Block { header, transactions });
        assert_eq!(orphanage.len(), 1);
        assert!(orphanage.contains(&other.wtxid()));
    }
}
