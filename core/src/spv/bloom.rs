//! What a light node would like to hear of, told so that it need not say exactly what (BIP37, Core's `CBloomFilter`).

use crate::encode::{Decode, DecodeError, Encode, MAX_SIZE, Reader, bytes_len, encode_bytes, serialize};
use crate::primitives::{OutPoint, Script, Transaction};
use crate::script::Instructions;
use crate::script::standard::{Template, classify};

/// The most bytes of a filter.
pub const MAX_BLOOM_FILTER_SIZE: usize = 36_000;
/// The most hash functions of a filter.
pub const MAX_HASH_FUNCS: u32 = 50;

/// One element in 2^16 matches by chance when as many were inserted as the filter was made for (ours): a block of 150
/// payments then brings an answer for nobody once in 70 blocks.
const FALSE_POSITIVE_BITS: usize = 16;

/// What a match adds to a filter, so that later spends of the matched output match too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BloomUpdate {
    /// Nothing.
    None,
    /// The output.
    All,
    /// The output, if it pays to a public key or to bare multisig: what spends others shows the key.
    PubkeyOnly,
}

impl BloomUpdate {
    /// The lowest two bits of the flags; both set is none of these, and Core then adds nothing.
    const fn of(flags: u8) -> Self {
        match flags & 3 {
            1 => Self::All,
            2 => Self::PubkeyOnly,
            _ => Self::None,
        }
    }
}

/// A set of byte strings that says "no" for certain and "yes" mostly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BloomFilter {
    /// The bits, lowest first; at most [`MAX_BLOOM_FILTER_SIZE`] bytes where [`BloomFilter::is_within_limits`].
    bits: Vec<u8>,
    functions: u32,
    tweak: u32,
    flags: u8,
}

impl BloomFilter {
    /// An empty filter for so many elements, which matches as seldom as it can without being more than three bytes an
    /// element. `tweak` makes two filters of the same elements differ.
    pub fn for_elements(count: usize, tweak: u32) -> Self {
        // A bit costs 1/ln 2 bits of the filter an element.
        let bits = count.max(1) * FALSE_POSITIVE_BITS * 14_427 / 10_000;
        let bytes = bits.div_ceil(8).min(MAX_BLOOM_FILTER_SIZE);
        Self { bits: vec![0; bytes], functions: FALSE_POSITIVE_BITS as u32, tweak, flags: 0 }
    }

    /// Whether a peer may load it (Core's `IsWithinSizeConstraints`).
    pub const fn is_within_limits(&self) -> bool {
        self.bits.len() <= MAX_BLOOM_FILTER_SIZE && self.functions <= MAX_HASH_FUNCS
    }

    /// Adds an element.
    pub fn insert(&mut self, element: &[u8]) {
        for n in 0..self.functions {
            if let Some((byte, mask)) = self.place(n, element) {
                self.bits[byte] |= mask;
            }
        }
    }

    /// Whether an element may have been added; a filter without bits says so of everything.
    pub fn contains(&self, element: &[u8]) -> bool {
        let is_set = |n| self.place(n, element).is_none_or(|(byte, mask)| self.bits[byte] & mask != 0);
        (0..self.functions).all(is_set)
    }

    /// Whether a transaction matches: its id, what an output's script pushes, an outpoint that it spends, or what an
    /// input's script pushes. A matching output is added where the flags say so (Core's `IsRelevantAndUpdate`).
    pub fn matches(&mut self, transaction: &Transaction) -> bool {
        let txid = transaction.txid();
        let mut found = self.contains(txid.as_bytes());
        for (vout, output) in transaction.outputs.iter().enumerate() {
            if self.matches_script(&output.script_pubkey) {
                found = true;
                if self.adds(&output.script_pubkey) {
                    self.insert(&serialize(&OutPoint::new(txid, vout as u32)));
                }
            }
        }
        found
            || transaction.inputs.iter().any(|input| {
                self.contains(&serialize(&input.previous_output)) || self.matches_script(&input.script_sig)
            })
    }

    /// Whether an element that a script pushes matches.
    fn matches_script(&self, script: &Script) -> bool {
        let pushes = Instructions::new(script.as_bytes()).map_while(Result::ok).map(|step| step.data);
        pushes.filter(|data| !data.is_empty()).any(|data| self.contains(data))
    }

    fn adds(&self, script: &Script) -> bool {
        match BloomUpdate::of(self.flags) {
            BloomUpdate::None => false,
            BloomUpdate::All => true,
            BloomUpdate::PubkeyOnly => {
                matches!(classify(script), Template::P2pk(_) | Template::Multisig { .. })
            }
        }
    }

    /// The byte and the bit in it that a hash function names; none where there are no bits.
    fn place(&self, function: u32, element: &[u8]) -> Option<(usize, u8)> {
        let seed = function.wrapping_mul(0xfba4_c795).wrapping_add(self.tweak);
        let bit = (murmur3(seed, element) as usize).checked_rem(self.bits.len() * 8)?;
        Some((bit / 8, 1 << (bit % 8)))
    }
}

/// MurmurHash3, x86, 32 bits.
fn murmur3(seed: u32, data: &[u8]) -> u32 {
    let scramble = |block: u32| block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (blocks, tail) = data.as_chunks::<4>();
    let mut hash = blocks.iter().fold(seed, |hash, block| {
        let mixed = (hash ^ scramble(u32::from_le_bytes(*block))).rotate_left(13);
        mixed.wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    let rest = tail.iter().rev().fold(0, |rest, byte| (rest << 8) | u32::from(*byte));
    hash ^= scramble(rest) ^ data.len() as u32;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

impl Encode for BloomFilter {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_bytes(&self.bits, out);
        self.functions.encode(out);
        self.tweak.encode(out);
        self.flags.encode(out);
    }

    fn encoded_len(&self) -> usize {
        bytes_len(&self.bits) + 9
    }
}

impl Decode for BloomFilter {
    const MIN_ENCODED_LEN: usize = 10;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            bits: reader.bytes(MAX_SIZE)?.to_vec(),
            functions: reader.read()?,
            tweak: reader.read()?,
            flags: reader.read()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{deserialize, hex};
    use proptest::prelude::*;

    /// A filter of so many bytes and functions, empty.
    fn filter(bytes: usize, functions: u32, tweak: u32, flags: u8) -> BloomFilter {
        BloomFilter { bits: vec![0; bytes], functions, tweak, flags }
    }

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text).expect("hex")
    }

    fn transaction(text: &str) -> Transaction {
        deserialize(&bytes(text)).expect("a transaction")
    }

    /// Bitcoin Core's `hash_tests.cpp`.
    #[test]
    fn murmur3_is_the_published_one() {
        for (expected, seed, data) in [
            (0x0000_0000, 0x0000_0000, ""),
            (0x6a39_6f08, 0xfba4_c795, ""),
            (0x81f1_6f39, 0xffff_ffff, ""),
            (0x514e_28b7, 0x0000_0000, "00"),
            (0xea3f_0b17, 0xfba4_c795, "00"),
            (0xfd6c_f10d, 0x0000_0000, "ff"),
            (0x16c6_b7ab, 0x0000_0000, "0011"),
            (0x8eb5_1c3d, 0x0000_0000, "001122"),
            (0xb447_1bf8, 0x0000_0000, "00112233"),
            (0xe230_1fa8, 0x0000_0000, "0011223344"),
            (0xfc2e_4a15, 0x0000_0000, "001122334455"),
            (0xb074_502c, 0x0000_0000, "00112233445566"),
            (0x8034_d2a0, 0x0000_0000, "0011223344556677"),
            (0xb469_8def, 0x0000_0000, "001122334455667788"),
        ] {
            assert_eq!(murmur3(seed, &bytes(data)), expected, "{seed:08x} {data}");
        }
    }

    /// `bloom_create_insert_serialize` and its twin with a tweak, in Core's `bloom_tests.cpp`.
    #[test]
    fn a_filters_bytes_are_those_of_the_reference() {
        for (tweak, expected) in
            [(0, "03614e9b050000000000000001"), (2_147_483_649, "03ce4299050000000100008001")]
        {
            let mut filter = filter(3, 5, tweak, 1);
            for element in [
                "99108ad8ed9bb6274d3980bab5a85c048f0950c8",
                "b5a2c786d9ef4658287ced5914b37a1b4aa32eee",
                "b9300670b4c5366e95b2699e8b18bc75e5f729c5",
            ] {
                filter.insert(&bytes(element));
                assert!(filter.contains(&bytes(element)));
            }
            assert!(!filter.contains(&bytes("19108ad8ed9bb6274d3980bab5a85c048f0950c8")));
            assert_eq!(hex::encode(&serialize(&filter)), expected);
            assert_eq!(deserialize::<BloomFilter>(&bytes(expected)), Ok(filter));
        }
    }

    /// Transaction b4749f01…, as in Core's `bloom_match`.
    const PAYMENT: &str = "01000000010b26e9b7735eb6aabdf358bab62f9816a21ba9ebdb719d5299e88607d722c190000000008b4830450220070aca44506c5cef3a16ed519d7c3c39f8aab192c4e1c90d065f37b8a4af6141022100a8e160b856c2d43d27d8fba71e5aef6405b8643ac4cb7cb3c462aced7f14711a0141046d11fee51b0e60666d5049a9101a72741df480b96ee26488a4d3466b95c9a40ac5eeef87e10a5cd336c19a84565f80fa6c547957b7700ff4dfbdefe76036c339ffffffff021bff3d11000000001976a91404943fdd508053c75000106d3bc6e2754dbcff1988ac2f15de00000000001976a914a266436d2965547608b9e15d9032a7b9d64fa43188ac00000000";

    #[test]
    fn a_transaction_matches_by_id_output_outpoint_and_what_its_inputs_show() {
        let payment = transaction(PAYMENT);
        assert_eq!(
            payment.txid().to_string(),
            "b4749f017444b051c44dfd2720e88f314ff94f3dd6d56d40ef65854fcd7fff6b"
        );
        for (element, expected) in [
            ("6bff7fcd4f8565ef406dd5d63d4ff94f318fe82027fd4dc451b04474019f74b4", true),
            (
                "30450220070aca44506c5cef3a16ed519d7c3c39f8aab192c4e1c90d065f37b8a4af6141022100a8e160b856c2d43d27d8fba71e5aef6405b8643ac4cb7cb3c462aced7f14711a01",
                true,
            ),
            (
                "046d11fee51b0e60666d5049a9101a72741df480b96ee26488a4d3466b95c9a40ac5eeef87e10a5cd336c19a84565f80fa6c547957b7700ff4dfbdefe76036c339",
                true,
            ),
            ("04943fdd508053c75000106d3bc6e2754dbcff19", true),
            ("a266436d2965547608b9e15d9032a7b9d64fa431", true),
            ("0b26e9b7735eb6aabdf358bab62f9816a21ba9ebdb719d5299e88607d722c19000000000", true),
            ("0b26e9b7735eb6aabdf358bab62f9816a21ba9ebdb719d5299e88607d722c19001000000", false),
            ("0000006d2965547608b9e15d9032a7b9d64fa431", false),
            ("00000009e784f32f62ef849763d4f45b98e07ba658647343b915ff832b110436", false),
        ] {
            let mut filter = BloomFilter::for_elements(10, 0);
            filter.insert(&bytes(element));
            assert_eq!(filter.matches(&payment), expected, "{element}");
        }
    }

    #[test]
    fn a_matching_output_joins_the_filter_where_its_flags_say_so() {
        let payment = transaction(PAYMENT);
        let outpoint = serialize(&OutPoint::new(payment.txid(), 0));
        for (flags, joins) in [(0, false), (1, true), (2, false), (3, false)] {
            let mut filter = filter(30, 10, 0, flags);
            filter.insert(&bytes("04943fdd508053c75000106d3bc6e2754dbcff19"));
            assert!(filter.matches(&payment));
            assert_eq!(filter.contains(&outpoint), joins, "flags {flags}");
        }
        let mut to_key = payment;
        let key = bytes("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
        to_key.outputs[0].script_pubkey =
            Script::new().push_data(&key).push_opcode(crate::script::Opcode(0xac));
        let mut filter = filter(30, 10, 0, 2);
        filter.insert(&key);
        assert!(filter.matches(&to_key));
        assert!(filter.contains(&serialize(&OutPoint::new(to_key.txid(), 0))), "what spends it shows no key");
    }

    #[test]
    fn a_filter_without_bits_matches_everything_and_one_without_functions_too() {
        for mut filter in [filter(0, 5, 0, 1), filter(4, 0, 0, 1)] {
            filter.insert(b"x");
            assert!(filter.contains(b"y"));
            assert!(filter.matches(&transaction(PAYMENT)));
        }
    }

    #[test]
    fn the_largest_filter_is_within_the_limits_and_one_more_byte_or_function_is_not() {
        assert!(filter(MAX_BLOOM_FILTER_SIZE, MAX_HASH_FUNCS, 0, 0).is_within_limits());
        assert!(!filter(MAX_BLOOM_FILTER_SIZE + 1, 1, 0, 0).is_within_limits());
        assert!(!filter(1, MAX_HASH_FUNCS + 1, 0, 0).is_within_limits());
        assert!(BloomFilter::for_elements(1_000_000, 0).is_within_limits());
    }

    proptest! {
        #[test]
        fn what_was_inserted_is_contained(
            elements in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..40),
            tweak in any::<u32>(),
        ) {
            let mut filter = BloomFilter::for_elements(elements.len(), tweak);
            for element in &elements {
                filter.insert(element);
            }
            prop_assert!(elements.iter().all(|element| filter.contains(element)));
            prop_assert_eq!(deserialize::<BloomFilter>(&serialize(&filter)), Ok(filter));
        }

        #[test]
        fn what_was_not_inserted_is_rarely_contained(tweak in any::<u32>()) {
            let mut filter = BloomFilter::for_elements(100, tweak);
            for n in 0_u32..100 {
                filter.insert(&n.to_le_bytes());
            }
            let hits = (1_000_u32..11_000).filter(|n| filter.contains(&n.to_le_bytes())).count();
            prop_assert!(hits <= 5, "{hits} of 10,000");
        }
    }
}
