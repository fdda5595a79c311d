//! The search for a nonce.

use super::{BlockTemplate, HeaderScanner};
use crate::primitives::{Block, Header, Target};

/// The first nonce among `count` from `start` on with which the header's hash meets the target. Nonces end at
/// 2^32 - 1: a range that goes beyond ends there. Who searches one header in slices keeps a [`HeaderScanner`].
pub fn search(header: &Header, target: &Target, start: u32, count: u64) -> Option<u32> {
    HeaderScanner::new(header).scan(target, start, count)
}

impl BlockTemplate {
    /// Searches until the block is solved, rolling the extra nonce when the nonces run out. Takes as long as the
    /// target asks for: for hosts that have nothing else to do.
    pub fn mine(mut self) -> Block {
        let target = self.target();
        loop {
            if let Some(nonce) = search(self.header(), &target, 0, 1 << 32) {
                return self.solve(nonce);
            }
            self.roll_extra_nonce();
        }
    }
}
