//! The ends of all branches that are known (Core's `getchaintips`).

use super::chainstate::Chainstate;
use super::index::BlockStatus;
use crate::collections::sort_by_key;
use crate::primitives::{BlockHash, Height};
use std::cmp::Reverse;

/// How far the branch of a tip is known to be good (the words are Core's).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TipStatus {
    /// The tip of the active chain.
    Active,
    /// All blocks are here and were connected once.
    ValidFork,
    /// All blocks are here; they were never connected.
    ValidHeaders,
    /// Blocks are missing.
    HeadersOnly,
    /// A block breaks a rule.
    Invalid,
}

/// The end of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainTip {
    /// Its last block.
    pub hash: BlockHash,
    /// That block's height.
    pub height: Height,
    /// Blocks of it that the active chain does not have.
    pub branch_len: u32,
    /// How far it is known to be good.
    pub status: TipStatus,
}

impl Chainstate {
    /// The tip of the active chain and the end of every other branch, the highest first.
    pub fn tips(&self) -> Vec<ChainTip> {
        let mut has_child = Vec::new();
        for (id, entry) in self.index.iter() {
            has_child.resize(has_child.len().max(id.0 as usize + 1), false);
            if let Some(parent) = entry.parent {
                has_child.resize(has_child.len().max(parent.0 as usize + 1), false);
                has_child[parent.0 as usize] = true;
            }
        }
        let ends =
            self.index.iter().filter(|(id, entry)| !has_child[id.0 as usize] || entry.hash == self.tip());
        let mut tips: Vec<ChainTip> = ends
            .map(|(_, entry)| {
                let status = match entry.status {
                    _ if entry.hash == self.tip() => TipStatus::Active,
                    BlockStatus::Invalid | BlockStatus::InvalidAncestor => TipStatus::Invalid,
                    _ if !entry.linked => TipStatus::HeadersOnly,
                    BlockStatus::Valid => TipStatus::ValidFork,
                    BlockStatus::HeaderValid => TipStatus::ValidHeaders,
                };
                let branch_len = self.branch_len(&entry.hash);
                ChainTip { hash: entry.hash, height: entry.height, branch_len, status }
            })
            .collect();
        sort_by_key(&mut tips, |tip| Reverse((tip.height, tip.hash)));
        tips
    }

    /// Blocks up to this one that the active chain does not have.
    fn branch_len(&self, hash: &BlockHash) -> u32 {
        let mut length = 0;
        let mut next = self.entry(hash);
        while let Some(entry) = next.filter(|entry| !self.is_active(&entry.hash)) {
            length += 1;
            next = self.entry(&entry.header.prev_blockhash);
        }
        length
    }
}
