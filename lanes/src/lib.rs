//! Grinding headers: double SHA-256 of four nonces at a time.
//!
//! Of a header's 80 bytes only the last 16 belong to the second SHA-256 block, and of those only the nonce changes. So the
//! state after the first 64 bytes is kept, as are the first three rounds of the second block; the second hash stops as soon
//! as the last word of its digest is known, which is where the zeros of a good block hash must be.
//!
//! The rounds are written once over four lanes; what a lane is comes from the platform's file: a 128-bit vector in
//! WebAssembly, an array that compilers vectorise elsewhere. This is a crate of its own so that it is compiled for speed in
//! a worker that is compiled for size.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(not(target_arch = "wasm32"))]
mod array;
mod rounds;
#[cfg(target_arch = "wasm32")]
mod simd128;

#[cfg(not(target_arch = "wasm32"))]
use array as lane;
#[cfg(target_arch = "wasm32")]
use simd128 as lane;

pub use rounds::SecondBlock;

/// How many nonces are tried at once.
pub const LANES: usize = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// The last four bytes of the double SHA-256 of a header with this nonce, as a little-endian number.
    fn last_word(header: &[u8; 80], nonce: u32) -> u32 {
        let mut header = *header;
        header[76..].copy_from_slice(&nonce.to_le_bytes());
        let digest = Sha256::digest(Sha256::digest(header));
        u32::from_le_bytes([digest[28], digest[29], digest[30], digest[31]])
    }

    proptest! {
        #[test]
        fn a_candidate_is_whose_last_word_is_at_most_the_limit(
            header in prop::array::uniform32(any::<u8>()), rest in prop::array::uniform32(any::<u8>()),
            start: u32, groups in 0_u64..40, shift in 0_u32..10,
        ) {
            let mut bytes = [7; 80];
            bytes[..32].copy_from_slice(&header);
            bytes[40..72].copy_from_slice(&rest);
            let (start, limit) = (u64::from(start), u32::MAX >> shift);
            let is_one = |nonce: u64| last_word(&bytes, nonce as u32) <= limit;
            let of_group = |group: u64| [0, 1, 2, 3].map(|lane| is_one(group + lane));
            let mut wanted = (start..start + 4 * groups).step_by(LANES).map(|group| (group, of_group(group)));
            let found = SecondBlock::new(&bytes).find_candidates(start, start + 4 * groups, limit);
            prop_assert_eq!(found, wanted.find(|(_, lanes)| lanes.contains(&true)));
        }
    }
}
