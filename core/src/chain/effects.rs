//! What changes of branch come to for those who follow the chain.

use std::sync::Arc;

use crate::consensus::BlockError;
use crate::encode::Encode as _;
use crate::primitives::{Amount, Block, BlockHash, Height};

/// Bytes of blocks that effects hold; those of a longer way are dropped, and whoever follows it starts over.
pub const MAX_EFFECTS: usize = 20_000_000;

/// A block that joined the active chain.
#[derive(Clone, Debug)]
pub struct Connected {
    /// The block, while it is held.
    pub block: Option<Arc<Block>>,
    /// Its hash.
    pub hash: BlockHash,
    /// Its height.
    pub height: Height,
    /// The fees of its transactions.
    pub fees: Amount,
}

/// A block that left the active chain.
#[derive(Clone, Debug)]
pub struct Disconnected {
    /// The block, while it is held.
    pub block: Option<Arc<Block>>,
    /// Its hash.
    pub hash: BlockHash,
}

/// What happened to the active chain since effects were last taken, on balance.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Blocks that left it, from the old tip down; as many as the reorganisation is deep. Of a chain of headers, the
    /// headers.
    pub disconnected: Vec<Disconnected>,
    /// Blocks that joined it, from the fork up; as many as there are headers at most.
    pub connected: Vec<Connected>,
    /// Bytes of the blocks that are held; at most [`MAX_EFFECTS`].
    pub(crate) held: usize,
    /// Blocks that proved invalid when they were to join it; none is tried twice.
    pub failed: Vec<(BlockHash, BlockError)>,
    /// The way is too long to be held, or records were lost and the chain had to be built anew to another tip: whoever
    /// follows it starts over.
    pub rescan: bool,
    /// Records that were found damaged, and what was done, one line each.
    pub repairs: Vec<String>,
}

impl Effects {
    pub(super) fn connect(&mut self, hash: BlockHash, block: &Arc<Block>, height: Height, fees: Amount) {
        if self.connected.is_empty() && self.disconnected.last().is_some_and(|last| last.hash == hash) {
            let returned = self.disconnected.pop();
            self.release(returned.and_then(|returned| returned.block));
            return;
        }
        self.connected.push(Connected { block: Some(Arc::clone(block)), hash, height, fees });
        self.hold_last(size(block));
    }

    pub(super) fn disconnect(&mut self, hash: BlockHash, block: &Arc<Block>) {
        if self.connected.last().is_some_and(|last| last.hash == hash) {
            let gone = self.connected.pop();
            self.release(gone.and_then(|gone| gone.block));
            return;
        }
        self.disconnected.push(Disconnected { block: Some(Arc::clone(block)), hash });
        self.hold_last(size(block));
    }

    /// Forgets the way: the chain was built anew.
    pub(super) fn start_over(&mut self) {
        self.connected.clear();
        self.disconnected.clear();
        self.held = 0;
        self.rescan = true;
    }

    /// Counts what was just added, and drops blocks while too many are held: those that joined first, for they can be
    /// read again, then those that left first, whose transactions depend on the others'.
    fn hold_last(&mut self, bytes: usize) {
        self.held += bytes;
        if self.held <= MAX_EFFECTS {
            return;
        }
        self.rescan = true;
        let joined = self.connected.iter_mut().map(|connected| &mut connected.block);
        let left = self.disconnected.iter_mut().map(|disconnected| &mut disconnected.block);
        for block in joined.chain(left) {
            if self.held <= MAX_EFFECTS {
                return;
            }
            self.held -= block.take().as_ref().map_or(0, size);
        }
    }

    fn release(&mut self, block: Option<Arc<Block>>) {
        self.held -= block.as_ref().map_or(0, size);
    }
}

fn size(block: &Arc<Block>) -> usize {
    block.encoded_len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consensus::Preset;
    use crate::primitives::{Script, TxOut};

    /// A block of more than `bytes`, not like those of other `n`.
    fn block(n: u32, bytes: usize) -> Arc<Block> {
        let mut block = Preset::Regtest.genesis();
        block.header.nonce = n;
        let script_pubkey = Script::from_bytes(vec![0; bytes]);
        block.transactions[0].outputs.push(TxOut { value: Amount::ZERO, script_pubkey });
        Arc::new(block)
    }

    fn held(effects: &Effects) -> usize {
        let left = effects.disconnected.iter().filter_map(|block| block.block.as_ref());
        left.chain(effects.connected.iter().filter_map(|block| block.block.as_ref())).map(size).sum()
    }

    #[test]
    fn a_way_of_any_length_is_known_by_its_hashes_and_held_up_to_a_bound() {
        let mut effects = Effects::default();
        let old: Vec<Arc<Block>> = (0..8).map(|n| block(n, MAX_EFFECTS / 5)).collect();
        let new: Vec<Arc<Block>> = (8..20).map(|n| block(n, MAX_EFFECTS / 5)).collect();
        for (n, block) in old.iter().rev().enumerate() {
            effects.disconnect(block.block_hash(), block);
            assert!(held(&effects) <= MAX_EFFECTS && effects.held == held(&effects));
            assert_eq!(effects.rescan, n >= 4);
        }
        assert!(effects.disconnected[7].block.is_some(), "the lowest, which return first, are held");
        for (block, height) in new.iter().zip(1..) {
            effects.connect(block.block_hash(), block, Height(height), Amount::ZERO);
            assert!(held(&effects) <= MAX_EFFECTS && effects.held == held(&effects));
        }
        assert_eq!((effects.disconnected.len(), effects.connected.len()), (8, 12));
        // The new branch proves invalid, and the old one returns.
        for block in new.iter().rev() {
            effects.disconnect(block.block_hash(), block);
        }
        for (block, height) in old.iter().zip(1..) {
            effects.connect(block.block_hash(), block, Height(height), Amount::ZERO);
        }
        assert!(effects.disconnected.is_empty() && effects.connected.is_empty() && effects.rescan);
        assert_eq!(effects.held, 0);
    }
}
