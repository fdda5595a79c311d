//! What a block is about, in a fiftieth of its size: the scripts that it pays and spends, as a Golomb-coded set (BIP158,
//! Core's `BlockFilter` and `GCSFilter`).
//!
//! Scripts are hashed to numbers in a range that is as many times the count of scripts as one in [`RARITY`] matches by
//! chance; the numbers are sorted, and the gaps between them written: the quotient by 2^[`PRECISION`] in unary, the
//! rest in binary.

use super::siphash::siphash;
use crate::collections::sort;
use crate::encode::{DecodeError, Reader, encode_compact_size};
use crate::primitives::{Block, BlockHash, FilterHash, FilterHeader, Script};

/// Bits of a gap that are written in binary (BIP158's P).
const PRECISION: u32 = 19;
/// One script in so many matches by chance (BIP158's M).
const RARITY: u64 = 784_931;
/// The opcode that begins an output which only carries data.
const OP_RETURN: u8 = 0x6a;

/// The basic filter of a block, as it is written: the number of scripts, then their gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockFilter(Vec<u8>);

impl BlockFilter {
    /// The filter of a block that spends outputs with these scripts.
    pub fn new<'a>(block: &'a Block, spent: impl Iterator<Item = &'a Script>) -> Self {
        let outputs = block.transactions.iter().flat_map(|tx| &tx.outputs);
        let paid = outputs.map(|output| output.script_pubkey.as_bytes());
        let paid = paid.filter(|script| script.first() != Some(&OP_RETURN));
        let scripts = paid.chain(spent.map(Script::as_bytes)).filter(|script| !script.is_empty());
        let mut scripts: Vec<&[u8]> = scripts.collect();
        sort(&mut scripts);
        scripts.dedup();
        Self::of_scripts(&block.block_hash(), &scripts)
    }

    /// The filter of these scripts, each of them once.
    fn of_scripts(block: &BlockHash, scripts: &[&[u8]]) -> Self {
        let count = scripts.len() as u64;
        let mut numbers = numbers(block, count, scripts.iter().copied());
        sort(&mut numbers);
        let mut bytes = Vec::new();
        encode_compact_size(count, &mut bytes);
        let mut writer = BitWriter { bytes, free: 0 };
        let mut last = 0;
        for number in numbers {
            let gap = number - last;
            for _ in 0..gap >> PRECISION {
                writer.put(1, 1);
            }
            writer.put(0, 1);
            writer.put(gap, PRECISION);
            last = number;
        }
        Self(writer.bytes)
    }

    /// A filter that a peer or the store gave; its gaps are read when it is asked something.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The filter as it is written.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its hash.
    pub fn hash(&self) -> FilterHash {
        FilterHash::digest(&self.0)
    }

    /// Whether the block may pay or spend one of these scripts; for those that it does always true.
    pub fn matches<'a>(
        &self,
        block: &BlockHash,
        scripts: impl Iterator<Item = &'a [u8]>,
    ) -> Result<bool, DecodeError> {
        let mut reader = Reader::new(&self.0);
        let count = reader.compact_u64()?;
        let gaps = &self.0[compact_len(&self.0, &reader)..];
        // Each gap takes a bit and its binary part at least.
        if count > gaps.len() as u64 * 8 / u64::from(PRECISION + 1) {
            return Err(DecodeError::InvalidValue { field: "filter's count" });
        }
        let mut wanted = numbers(block, count, scripts);
        sort(&mut wanted);
        let mut wanted = wanted.into_iter().peekable();
        let mut bits = BitReader { bytes: gaps, next: 0 };
        let mut number: u64 = 0;
        for _ in 0..count {
            number = number.saturating_add(bits.gap()?);
            while wanted.next_if(|wanted| *wanted < number).is_some() {}
            match wanted.peek() {
                Some(wanted) if *wanted == number => return Ok(true),
                Some(_) => {}
                None => return Ok(false),
            }
        }
        Ok(false)
    }
}

impl FilterHeader {
    /// The header of a filter on top of the header before it; zero is before the first.
    pub fn of(filter: &FilterHash, previous: &Self) -> Self {
        Self::digest(&[*filter.as_bytes(), *previous.as_bytes()].concat())
    }
}

/// The bytes that a reader has read.
fn compact_len(bytes: &[u8], reader: &Reader<'_>) -> usize {
    bytes.len() - reader.remaining()
}

/// Scripts as numbers below the range of a filter with `count` of them.
fn numbers<'a>(block: &BlockHash, count: u64, scripts: impl Iterator<Item = &'a [u8]>) -> Vec<u64> {
    let (words, _) = block.as_bytes().as_chunks::<8>();
    let key = [u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1])];
    let range = u128::from(count.saturating_mul(RARITY));
    scripts.map(|script| ((u128::from(siphash(key, script)) * range) >> 64) as u64).collect()
}

/// Writes bits, the highest of a byte first.
struct BitWriter {
    bytes: Vec<u8>,
    /// Bits of the last byte that are not used.
    free: u32,
}

impl BitWriter {
    /// Appends the lowest `count` bits of a number.
    fn put(&mut self, number: u64, count: u32) {
        for at in (0..count).rev() {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            self.free -= 1;
            if let Some(last) = self.bytes.last_mut() {
                *last |= (((number >> at) & 1) as u8) << self.free;
            }
        }
    }
}

/// Reads them.
struct BitReader<'a> {
    bytes: &'a [u8],
    next: usize,
}

impl BitReader<'_> {
    fn bit(&mut self) -> Result<u64, DecodeError> {
        let byte = self.bytes.get(self.next / 8);
        let byte = byte.ok_or(DecodeError::InvalidValue { field: "filter's length" })?;
        let bit = (byte >> (7 - self.next % 8)) & 1;
        self.next += 1;
        Ok(u64::from(bit))
    }

    fn gap(&mut self) -> Result<u64, DecodeError> {
        let mut quotient = 0;
        while self.bit()? == 1 {
            quotient += 1;
        }
        let mut gap = quotient;
        for _ in 0..PRECISION {
            gap = (gap << 1) | self.bit()?;
        }
        Ok(gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::bip158;
    use bitcoin::hashes::Hash as _;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn scripts() -> impl Strategy<Value = BTreeSet<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..60)
            .prop_map(|scripts| scripts.into_iter().collect())
    }

    fn filter_of(block: &BlockHash, scripts: &BTreeSet<Vec<u8>>) -> BlockFilter {
        let scripts: Vec<&[u8]> = scripts.iter().map(Vec::as_slice).collect();
        BlockFilter::of_scripts(block, &scripts)
    }

    /// The reference's filter of the same scripts.
    fn reference(block: &BlockHash, scripts: &BTreeSet<Vec<u8>>) -> Vec<u8> {
        let (words, _) = block.as_bytes().as_chunks::<8>();
        let [k0, k1] = [u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1])];
        let mut bytes = Vec::new();
        let mut writer = bip158::GcsFilterWriter::new(&mut bytes, k0, k1, RARITY, PRECISION as u8);
        scripts.iter().for_each(|script| writer.add_element(script));
        writer.finish().expect("it writes to memory");
        bytes
    }

    proptest! {
        #[test]
        fn a_filter_is_the_references_and_matches_what_is_in_it(scripts in scripts(), hash in any::<[u8; 32]>()) {
            let block = BlockHash::from_bytes(hash);
            let filter = filter_of(&block, &scripts);
            prop_assert_eq!(filter.as_bytes(), &reference(&block, &scripts)[..]);
            for script in scripts.iter() {
                prop_assert_eq!(filter.matches(&block, [script.as_slice()].into_iter()), Ok(true));
            }
        }

        #[test]
        fn a_filter_answers_as_the_reference_does(
            scripts in scripts(),
            asked in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20),
            hash in any::<[u8; 32]>(),
        ) {
            let block = BlockHash::from_bytes(hash);
            let filter = filter_of(&block, &scripts);
            let theirs = bip158::BlockFilter::new(filter.as_bytes());
            let theirs = theirs.match_any(
                &bitcoin::BlockHash::from_byte_array(hash),
                asked.iter().map(Vec::as_slice),
            );
            // Nothing asked for is nothing found, where the reference calls it an answer of its own.
            if !asked.is_empty() && !scripts.is_empty() {
                prop_assert_eq!(filter.matches(&block, asked.iter().map(Vec::as_slice)), Ok(theirs.expect("whole")));
            }
        }

        #[test]
        fn any_bytes_are_asked_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let filter = BlockFilter::from_bytes(bytes);
            let asked = [&b"a"[..], b"b"];
            let _ = filter.matches(&BlockHash::ZERO, asked.into_iter());
        }
    }

    #[test]
    fn a_filter_of_nothing_is_a_zero_and_matches_nothing() {
        let filter = BlockFilter::of_scripts(&BlockHash::ZERO, &[]);
        assert_eq!(filter.as_bytes(), [0]);
        assert_eq!(filter.matches(&BlockHash::ZERO, [&b"a"[..]].into_iter()), Ok(false));
    }

    #[test]
    fn a_filter_that_ends_before_its_scripts_do_is_an_error() {
        let block = BlockHash::from_bytes([3; 32]);
        let scripts = [&b"one"[..], b"two", b"three"];
        let whole = BlockFilter::of_scripts(&block, &scripts);
        let short = BlockFilter::from_bytes(whole.as_bytes()[..whole.as_bytes().len() - 3].to_vec());
        // What would come after every number: the filter is read to its end.
        let last = scripts.into_iter().max_by_key(|script| numbers(&block, 3, [*script].into_iter()));
        assert!(short.matches(&block, last.into_iter()).is_err());
    }
}
