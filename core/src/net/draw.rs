//! Draws that come out alike on every machine.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;

/// A number below `count`, which is not 0. Made a `usize` before the division, what is drawn would be cut short where that
/// has 32 bits.
pub(crate) fn below(rng: &mut ChaCha20Rng, count: usize) -> usize {
    (rng.next_u64() % count as u64) as usize
}
