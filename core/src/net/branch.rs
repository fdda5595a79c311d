//! Stretches of the chain that a peer has, as a download looks at them.

use crate::chain::{BlockIndexEntry, Chainstate};
use crate::primitives::{BlockHash, Height};

/// Whether a block builds on our tip.
pub(super) fn is_next(chain: &Chainstate, hash: &BlockHash) -> bool {
    chain.entry(hash).is_some_and(|entry| entry.header.prev_blockhash == chain.tip())
}

/// The hashes of the chain that ends with `tip`, from height `first` to `last`, with their heights.
pub(super) fn stretch(chain: &Chainstate, tip: &BlockHash, first: u32, last: u32) -> Vec<(u32, BlockHash)> {
    let mut hashes = Vec::with_capacity((last + 1 - first) as usize);
    let mut next = chain.ancestor(tip, Height(last));
    for height in (first..=last).rev() {
        let Some(entry) = next.and_then(|hash| chain.entry(&hash)) else { break };
        hashes.push((height, entry.hash));
        next = Some(entry.header.prev_blockhash);
    }
    hashes.reverse();
    hashes
}

/// How far we have every block of the chain that ends with `best`: at least to `known` if that still holds, which a
/// peer that changed branch undoes.
pub(super) fn last_common(chain: &Chainstate, best: &BlockIndexEntry, known: Height) -> Height {
    let is_linked = |height: u32| {
        let hash = chain.ancestor(&best.hash, Height(height));
        hash.and_then(|hash| chain.entry(&hash)).is_some_and(|entry| entry.linked)
    };
    if known > Height::GENESIS && is_linked(known.0) {
        return known;
    }
    let (mut linked, mut beyond) = (0, best.height.0 + 1);
    while beyond - linked > 1 {
        let middle = linked + (beyond - linked) / 2;
        if is_linked(middle) { linked = middle } else { beyond = middle }
    }
    Height(linked)
}
