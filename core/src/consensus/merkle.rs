//! Merkle roots over transaction ids (Core's `consensus/merkle.cpp`).

use crate::crypto::sha256d;
use crate::primitives::{MerkleRoot, Transaction};

/// The root over `leaves`, and whether two equal hashes stand side by side on some level.
///
/// An odd level repeats its last hash, so a list with its tail doubled has the same root (CVE-2012-2459); a block
/// whose tree is mutated in this way must be refused without its hash being remembered as invalid.
/// No leaves give the zero root.
pub fn root(leaves: &[[u8; 32]]) -> (MerkleRoot, bool) {
    let mut level = leaves.to_vec();
    let mut mutated = false;
    while level.len() > 1 {
        mutated |= level.chunks_exact(2).any(|pair| pair[0] == pair[1]);
        level = level.chunks(2).map(|pair| parent(&pair[0], pair.last().unwrap_or(&pair[0]))).collect();
    }
    (MerkleRoot::from_bytes(level.first().copied().unwrap_or_default()), mutated)
}

/// The root over the ids of a block's transactions, as its header commits to (Core's `BlockMerkleRoot`).
pub fn block_root(transactions: &[Transaction]) -> (MerkleRoot, bool) {
    let leaves: Vec<[u8; 32]> = transactions.iter().map(|tx| *tx.txid().as_bytes()).collect();
    root(&leaves)
}

/// The root over witness ids, the coinbase's counted as zero (BIP141; Core's `BlockWitnessMerkleRoot`).
pub fn witness_root(transactions: &[Transaction]) -> MerkleRoot {
    let coinbase = transactions.iter().take(1).map(|_| [0; 32]);
    let others = transactions.iter().skip(1).map(|tx| *tx.wtxid().as_bytes());
    root(&coinbase.chain(others).collect::<Vec<_>>()).0
}

/// The hash over a pair, left before right.
pub fn parent(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut pair = [0; 64];
    pair[..32].copy_from_slice(left);
    pair[32..].copy_from_slice(right);
    sha256d(&pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_leaf_is_its_own_root() {
        assert_eq!(root(&[[7; 32]]), (MerkleRoot::from_bytes([7; 32]), false));
    }

    #[test]
    fn an_odd_level_repeats_its_last_hash_without_counting_as_mutated() {
        let (a, b, c) = ([1; 32], [2; 32], [3; 32]);
        let expected = parent(&parent(&a, &b), &parent(&c, &c));
        assert_eq!(root(&[a, b, c]), (MerkleRoot::from_bytes(expected), false));
    }

    #[test]
    fn a_doubled_tail_has_the_same_root_and_is_called_mutated() {
        let (a, b, c) = ([1; 32], [2; 32], [3; 32]);
        let (honest, doubled) = (root(&[a, b, c]), root(&[a, b, c, c]));
        assert_eq!(honest.0, doubled.0);
        assert!(doubled.1);
    }
}
