//! A header whose nonce is sought, in slices.

use terrarium_lanes::{LANES, SecondBlock};

use crate::primitives::{Header, Target};

/// A header whose nonce is being sought; made once per header, scanned in slices.
#[derive(Debug, Clone)]
pub struct HeaderScanner {
    header: Header,
    second_block: SecondBlock,
}

impl HeaderScanner {
    /// Prepares `header`; its own nonce does not matter.
    pub fn new(header: &Header) -> Self {
        Self { header: *header, second_block: SecondBlock::new(&header.to_bytes()) }
    }

    /// The first nonce among `count` from `start` on whose hash meets `target`. Ends at the last nonce there is.
    pub fn scan(&self, target: &Target, start: u32, count: u64) -> Option<u32> {
        let end = u64::from(start).saturating_add(count).min(1 << 32);
        let limit = highest_last_word(target);
        let mut nonce = u64::from(start);
        while nonce < end {
            let (group, found) = self.second_block.find_candidates(nonce, end, limit)?;
            let mut nonces = group..end.min(group + LANES as u64);
            if let Some(nonce) =
                nonces.find(|nonce| found[(nonce - group) as usize] && self.meets(target, *nonce as u32))
            {
                return Some(nonce as u32);
            }
            nonce = group + LANES as u64;
        }
        None
    }

    fn meets(&self, target: &Target, nonce: u32) -> bool {
        target.is_met_by(&Header { nonce, ..self.header }.block_hash())
    }
}

/// The most that the last four bytes of a digest, read as a little-endian number, can be where it meets `target`.
fn highest_last_word(target: &Target) -> u32 {
    (target.0.as_limbs()[3] >> 32) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ruint::aliases::U256;

    use super::*;
    use crate::primitives::{BlockHash, CompactTarget, MerkleRoot};

    fn header(seed: [u8; 32], time: u32) -> Header {
        Header {
            version: 4,
            prev_blockhash: BlockHash::from_bytes(seed),
            merkle_root: MerkleRoot::digest(&seed),
            time,
            bits: CompactTarget(0x207f_ffff),
            nonce: 0,
        }
    }

    fn one_by_one(header: &Header, target: &Target, start: u32, count: u64) -> Option<u32> {
        let end = (u64::from(start) + count).min(1 << 32);
        (u64::from(start)..end)
            .map(|nonce| nonce as u32)
            .find(|&nonce| target.is_met_by(&Header { nonce, ..*header }.block_hash()))
    }

    #[test]
    fn the_genesis_nonce_is_found() {
        let header = Header {
            version: 1,
            prev_blockhash: BlockHash::ZERO,
            merkle_root: "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"
                .parse()
                .expect("64 digits"),
            time: 1_231_006_505,
            bits: CompactTarget(0x1d00_ffff),
            nonce: 0,
        };
        let target = Target::from_compact(header.bits).expect("valid");
        let scanner = HeaderScanner::new(&header);
        assert_eq!(scanner.scan(&target, 2_083_236_000, 10_000), Some(2_083_236_893));
        assert_eq!(scanner.scan(&target, 2_083_236_000, 893), None);
        assert_eq!(scanner.scan(&target, 2_083_236_000, 894), Some(2_083_236_893));
    }

    #[test]
    fn the_search_ends_at_the_last_nonce_and_skips_none_on_the_way() {
        let header = header([3; 32], 7);
        let scanner = HeaderScanner::new(&header);
        let never = Target(U256::ZERO);
        assert_eq!(scanner.scan(&never, u32::MAX - 2, u64::MAX), None);
        assert_eq!(scanner.scan(&Target::MAX, u32::MAX, 1), Some(u32::MAX));
        assert_eq!(scanner.scan(&Target::MAX, 5, 0), None);
    }

    proptest! {
        #[test]
        fn four_lanes_find_what_one_by_one_finds(
            seed: [u8; 32], time: u32, start: u32, count in 0_u64..600, shift in 0_usize..12,
        ) {
            let header = header(seed, time);
            let target = Target(U256::MAX >> shift);
            let found = HeaderScanner::new(&header).scan(&target, start, count);
            prop_assert_eq!(found, one_by_one(&header, &target, start, count));
        }
    }
}
