//! What a new tip does to the pool: confirmed transactions leave it with whatever conflicts with them; those of
//! disconnected blocks return; those that became invalid leave.

use super::accept::Admission;
use super::pool::Mempool;
use super::{MAX_RETURNED_BYTES, MempoolError};
use crate::chain::{Chainstate, Disconnected, Effects};
use crate::collections::BTreeSet;
use crate::encode::Encode;
use crate::primitives::{Block, BlockHash, Transaction, Txid};
use crate::time::UnixTime;
use std::sync::Arc;

/// Why a transaction left the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemovalReason {
    /// A block holds it.
    Confirmed(BlockHash),
    /// A block holds a transaction that spends the same coin as it or as one of its ancestors.
    Conflict {
        /// The one in the block.
        with: Txid,
    },
    /// Another transaction that spends one of its coins, or one of its ancestors', pays more.
    Replaced {
        /// That one.
        by: Txid,
    },
    /// The pool was full and it paid least.
    Evicted,
    /// It waited for too long.
    Expired,
    /// After a reorganisation it is not valid any more: it spends a coin that is gone or immature, or is locked again.
    Invalid(MempoolError),
}

/// A transaction that left the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The transaction.
    pub transaction: Arc<Transaction>,
    /// Its id.
    pub txid: Txid,
    /// Why.
    pub reason: RemovalReason,
}

/// What a new tip did to the pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TipChange {
    /// What left the pool, and what was in a disconnected block and can wait no more.
    pub removed: Vec<Removed>,
    /// What was in a disconnected block and waits again, parents before children.
    pub returned: Vec<Arc<Transaction>>,
}

impl Mempool {
    /// Follows the chain to its new tip, `chain` being the chain as it now is: what the connected blocks confirm leaves,
    /// with whatever they leave no coin for; what the disconnected blocks held returns; what is not valid any more
    /// leaves.
    pub fn follow(&mut self, effects: &Effects, chain: &Chainstate, now: UnixTime) -> TipChange {
        let mut change = TipChange::default();
        for connected in &effects.connected {
            if let Some(block) = &connected.block {
                change.removed.extend(self.remove_for_block(block, connected.hash));
            }
        }
        if !effects.connected.is_empty() {
            self.note_block(now);
        }
        if effects.rescan || !effects.disconnected.is_empty() {
            self.check_again(effects, chain, now, &mut change);
        }
        change
    }

    /// Takes a transaction back that reached nobody, with its descendants: they count as expired.
    pub fn remove(&mut self, txid: &Txid) -> Vec<Removed> {
        self.remove_as(txid, RemovalReason::Expired)
    }

    /// Takes out what `block`, newly in the active chain, confirms, and whatever spends a coin that the block spent,
    /// with its descendants.
    fn remove_for_block(&mut self, block: &Block, hash: BlockHash) -> Vec<Removed> {
        let mut removed = Vec::new();
        if self.is_empty() {
            return removed;
        }
        for tx in &block.transactions {
            let txid = tx.txid();
            if let Some(entry) = self.remove_entry(&txid) {
                let reason = RemovalReason::Confirmed(hash);
                removed.push(Removed { transaction: entry.transaction, txid, reason });
            }
            for input in &tx.inputs {
                if let Some(rival) = self.spender(&input.previous_output) {
                    removed.extend(self.remove_as(&rival, RemovalReason::Conflict { with: txid }));
                }
            }
        }
        removed
    }

    /// Puts the transactions of disconnected blocks back and checks everything in the pool against the new tip.
    ///
    /// The pool is built anew in an order in which parents come before their children: what was in blocks, oldest
    /// block first, then what was in the pool, by arrival. Scripts that were verified before are not run again.
    fn check_again(&mut self, effects: &Effects, chain: &Chainstate, now: UnixTime, change: &mut TipChange) {
        let connected = effects.connected.iter().filter_map(|connected| connected.block.as_ref());
        let connected = connected.flat_map(|block| &block.transactions);
        let confirmed: BTreeSet<Txid> = connected.map(Transaction::txid).collect();
        let former = self.take_all();
        for tx in returning(&effects.disconnected).filter(|tx| !confirmed.contains(&tx.txid())) {
            match self.admit(Arc::clone(&tx), chain, now, Admission::Returned { since: now }) {
                Ok(_) => change.returned.push(tx),
                Err(error) => {
                    let (txid, reason) = (tx.txid(), RemovalReason::Invalid(error));
                    change.removed.push(Removed { transaction: tx, txid, reason });
                }
            }
        }
        for entry in former {
            let admission = Admission::Returned { since: entry.time };
            if let Err(error) = self.admit(Arc::clone(&entry.transaction), chain, now, admission) {
                let reason = RemovalReason::Invalid(error);
                change.removed.push(Removed { transaction: entry.transaction, txid: entry.txid, reason });
            }
        }
        change.removed.extend(self.trim_to_size(now));
        change.returned.retain(|tx| self.contains(&tx.txid()));
    }
}

/// The transactions of disconnected blocks, oldest block first, without coinbases, up to [`MAX_RETURNED_BYTES`]: what
/// is over that depends on what came before, and is left out.
fn returning(disconnected: &[Disconnected]) -> impl Iterator<Item = Arc<Transaction>> {
    let mut bytes = 0;
    disconnected
        .iter()
        .rev()
        .filter_map(|disconnected| disconnected.block.as_ref())
        .flat_map(|block| block.transactions.iter().skip(1))
        .take_while(move |tx| {
            bytes += tx.encoded_len();
            bytes <= MAX_RETURNED_BYTES
        })
        .map(|tx| Arc::new(tx.clone()))
}
