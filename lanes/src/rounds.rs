//! SHA-256's rounds over four lanes (FIPS 180-4).

use sha2::block_api::compress256;

use super::LANES;
use super::lane::{Lane, add, and, from_words, opaque, rotr, select, shr, splat, to_words, xor};

/// The state that SHA-256 starts from.
const INITIAL_STATE: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The round constants.
#[rustfmt::skip]
const K: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// The bits of a header, and of a digest, as the last word of their final block says.
const HEADER_BITS: u32 = 80 * 8;
const DIGEST_BITS: u32 = 32 * 8;

/// The bit after the end of the message.
const PADDING: u32 = 0x8000_0000;

/// The second SHA-256 block of a header, all but its nonce.
#[derive(Debug, Clone)]
pub struct SecondBlock {
    /// The state after the first 64 bytes.
    midstate: [u32; 8],
    /// The end of the merkle root, the time and the target.
    head: [u32; 3],
}

impl SecondBlock {
    /// That of a header; what it has for a nonce does not matter.
    pub fn new(header: &[u8; 80]) -> Self {
        let (first, rest) = header.split_first_chunk::<64>().expect("80 is more than 64");
        let mut midstate = INITIAL_STATE;
        compress256(&mut midstate, &[*first]);
        let word = |at: usize| u32::from_be_bytes([rest[at], rest[at + 1], rest[at + 2], rest[at + 3]]);
        Self { midstate, head: [word(0), word(4), word(8)] }
    }

    /// The first group of four nonces, from `nonce` in steps of four below `end`, of which any hash ends in a
    /// little-endian word of at most `limit`; with the lanes that do. Looks past `end` within the last group.
    #[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
    pub fn find_candidates(&self, nonce: u64, end: u64, limit: u32) -> Option<(u64, [bool; LANES])> {
        let midstate = splat_all(self.midstate);
        let [merkle, time, bits] = self.head;
        let mut block =
            splat_all([merkle, time, bits, 0, PADDING, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, HEADER_BITS]);
        let started = three_rounds(midstate, &block);
        for group in (nonce..end).step_by(LANES) {
            let first = group as u32;
            let nonces = [first, first.wrapping_add(1), first.wrapping_add(2), first.wrapping_add(3)];
            block[3] = from_words(nonces.map(u32::swap_bytes));
            let digest = finish_first_hash(midstate, started, block);
            let found = to_words(last_word_of_second_hash(digest)).map(|word| word.swap_bytes() <= limit);
            if found.contains(&true) {
                return Some((group, found));
            }
        }
        None
    }
}

/// What the rounds work on.
#[derive(Clone, Copy)]
struct State {
    words: [Lane; 8],
    /// The bits in which b and c differ.
    b_xor_c: Lane,
}

impl State {
    /// Before the first round.
    #[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
    #[inline]
    fn new(words: [Lane; 8]) -> Self {
        Self { words, b_xor_c: xor(words[1], words[2]) }
    }
}

/// Rounds of one group of sixteen, by their number in it. Instead of moving eight variables, the number says which slot
/// plays which part.
macro_rules! rounds {
    ($state:ident, $k:expr, $w:expr; $($i:literal)*) => {$({
        const SLOT: [usize; 8] = slots($i);
        let words = &mut $state.words;
        let (a, b, e) = (words[SLOT[0]], words[SLOT[1]], words[SLOT[4]]);
        let choice = select(e, words[SLOT[5]], words[SLOT[6]]);
        // The majority is b but where it differs from both others. What differs here is what b and c differ in next.
        let a_xor_b = opaque(xor(a, b));
        let majority = xor(b, and(a_xor_b, $state.b_xor_c));
        let t1 = add(add(words[SLOT[7]], add(splat($k[$i]), $w[$i])), add(big_sigma1(e), choice));
        words[SLOT[3]] = add(words[SLOT[3]], t1);
        words[SLOT[7]] = add(t1, add(big_sigma0(a), majority));
        $state.b_xor_c = a_xor_b;
    })*};
}

/// The next group's words of the message schedule, in place of those of the group before.
macro_rules! extend {
    ($w:ident; $($i:literal)*) => {$(
        $w[$i] = add(
            add($w[$i], small_sigma0($w[($i + 1) % 16])),
            add($w[($i + 9) % 16], small_sigma1($w[($i + 14) % 16])),
        );
    )*};
}

/// The next group, its words and its rounds: all sixteen, or those that are named.
macro_rules! group {
    ($state:ident, $k:expr, $w:ident) => {
        group!($state, $k, $w; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    };
    ($state:ident, $k:expr, $w:ident; $($i:literal)*) => {
        extend!($w; $($i)*);
        rounds!($state, $k, $w; $($i)*);
    };
}

/// The slots of a, b, c, d, e, f, g and h in a round.
const fn slots(round: usize) -> [usize; 8] {
    let mut slots = [0; 8];
    let mut part = 0;
    while part < 8 {
        slots[part] = (part + 16 - round) % 8;
        part += 1;
    }
    slots
}

/// Each word in every lane of its own.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
#[inline]
fn splat_all<const N: usize>(words: [u32; N]) -> [Lane; N] {
    let mut lanes = [splat(0); N];
    for (lane, word) in lanes.iter_mut().zip(words) {
        *lane = splat(word);
    }
    lanes
}

/// The first three rounds, whose words do not depend on the nonce.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
#[inline]
fn three_rounds(midstate: [Lane; 8], block: &[Lane; 16]) -> State {
    let mut state = State::new(midstate);
    rounds!(state, K, block; 0 1 2);
    state
}

/// The digest of the first hash, from the state after three rounds.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
#[inline]
fn finish_first_hash(midstate: [Lane; 8], mut state: State, mut w: [Lane; 16]) -> [Lane; 8] {
    rounds!(state, K, w; 3 4 5 6 7 8 9 10 11 12 13 14 15);
    // Most words of this group are made of padding: apart from the loop, compilers compute what never changes beforehand.
    group!(state, K[16..], w);
    for k in K[32..].chunks_exact(16) {
        group!(state, k, w);
    }
    let mut digest = state.words;
    for (word, start) in digest.iter_mut().zip(midstate) {
        *word = add(*word, start);
    }
    digest
}

/// The last word of the second hash: what is e after round 60 becomes h after round 63, so the others are left out.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
#[inline]
fn last_word_of_second_hash(digest: [Lane; 8]) -> Lane {
    let [d0, d1, d2, d3, d4, d5, d6, d7] = digest;
    let (zero, padding, bits) = (splat(0), splat(PADDING), splat(DIGEST_BITS));
    let mut w = [d0, d1, d2, d3, d4, d5, d6, d7, padding, zero, zero, zero, zero, zero, zero, bits];
    let mut state = State::new(splat_all(INITIAL_STATE));
    rounds!(state, K, w; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    group!(state, K[16..], w);
    group!(state, K[32..], w);
    group!(state, K[48..], w; 0 1 2 3 4 5 6 7 8 9 10 11 12);
    const NEW_E: usize = slots(12)[3];
    add(state.words[NEW_E], splat(INITIAL_STATE[7]))
}

#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
#[inline]
fn big_sigma0(x: Lane) -> Lane {
    xor(xor(rotr::<2>(x), rotr::<13>(x)), rotr::<22>(x))
}

#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
#[inline]
fn big_sigma1(x: Lane) -> Lane {
    xor(xor(rotr::<6>(x), rotr::<11>(x)), rotr::<25>(x))
}

#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
#[inline]
fn small_sigma0(x: Lane) -> Lane {
    xor(xor(rotr::<7>(x), rotr::<18>(x)), shr::<3>(x))
}

#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
#[inline]
fn small_sigma1(x: Lane) -> Lane {
    xor(xor(rotr::<17>(x), rotr::<19>(x)), shr::<10>(x))
}
