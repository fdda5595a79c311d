//! What a simulation asks of a mempool at any tip, and nothing else needs: it looks at every entry.

use super::{MAX_ORPHAN_WEIGHT_PER_PEER, Mempool, TxOrphanage};
use crate::bound::Bound;
use crate::chain::Chainstate;
use crate::collections::BTreeMap;
use crate::primitives::{OutPoint, Txid};

/// A transaction that the mempool must not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MempoolFlaw {
    /// It spends what neither the tip has nor the mempool makes.
    #[error("{txid} spends {outpoint}, which is spent or was never made")]
    Spent {
        /// The transaction.
        txid: Txid,
        /// What it spends.
        outpoint: OutPoint,
    },
    /// Another one spends the same.
    #[error("{txid} and {other} both spend {outpoint}")]
    Double {
        /// The transaction.
        txid: Txid,
        /// The other one.
        other: Txid,
        /// What both spend.
        outpoint: OutPoint,
    },
    /// A block of the active chain has it.
    #[error("{txid} is confirmed")]
    Confirmed {
        /// The transaction.
        txid: Txid,
    },
}

impl Mempool {
    /// Looks for a transaction that must not be here on top of this chain, which rests.
    ///
    /// # Errors
    /// The first such transaction.
    pub fn audit(&self, chain: &Chainstate) -> Result<(), MempoolFlaw> {
        let mut spenders = BTreeMap::new();
        for (txid, entry) in &self.entries {
            for input in &entry.transaction.inputs {
                let outpoint = input.previous_output;
                if self.output(&outpoint).is_none() && chain.coins().get(&outpoint).is_none() {
                    return Err(MempoolFlaw::Spent { txid: *txid, outpoint });
                }
                if let Some(other) = spenders.insert(outpoint, *txid) {
                    return Err(MempoolFlaw::Double { txid: *txid, other, outpoint });
                }
            }
            let mut outputs = (0..entry.transaction.outputs.len()).map(|n| OutPoint::new(*txid, n as u32));
            if outputs.any(|outpoint| chain.coins().get(&outpoint).is_some()) {
                return Err(MempoolFlaw::Confirmed { txid: *txid });
            }
        }
        Ok(())
    }

    pub(crate) fn bounds(&self) -> Vec<Bound> {
        vec![Bound::new("mempool bytes (max_mempool_bytes)", self.usage, self.policy.max_mempool_bytes)]
    }
}

impl TxOrphanage {
    pub(crate) fn bounds(&self) -> Vec<Bound> {
        let name = "weight of a peer's orphans (MAX_ORPHAN_WEIGHT_PER_PEER)";
        vec![Bound::of_fullest(name, self.shares(), MAX_ORPHAN_WEIGHT_PER_PEER)]
    }
}
