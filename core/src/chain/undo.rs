//! What connecting a block leaves behind: what it took from the coins, so that it can be given back, and the filter that
//! says which scripts it is about, which only what it took shows in full.

use super::coins::Coin;
use crate::encode::{
    Decode, DecodeError, Encode, MAX_SIZE, Reader, bytes_len, compact_size_len, encode_bytes,
    encode_compact_size, encode_vec, vec_len,
};
use crate::primitives::Block;
use crate::spv::BlockFilter;

/// The coins that a block's transactions spent (Core's `CBlockUndo`), and the block's filter (BIP158).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockUndo {
    /// For each transaction after the coinbase the coins that its inputs spent, in order.
    pub spent: Vec<Vec<Coin>>,
    /// The basic filter; empty until the block is connected.
    pub filter: BlockFilter,
}

impl BlockUndo {
    /// Makes the filter of the block whose undo data this is.
    pub(crate) fn make_filter(&mut self, block: &Block) {
        let spent = self.spent.iter().flatten().map(|coin| &coin.output.script_pubkey);
        self.filter = BlockFilter::new(block, spent);
    }
}

impl Encode for BlockUndo {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_compact_size(self.spent.len() as u64, out);
        for coins in &self.spent {
            encode_vec(coins, out);
        }
        encode_bytes(self.filter.as_bytes(), out);
    }
    fn encoded_len(&self) -> usize {
        let count = compact_size_len(self.spent.len() as u64);
        let spent = self.spent.iter().map(|coins| vec_len(coins)).sum::<usize>();
        count + spent + bytes_len(self.filter.as_bytes())
    }
}

impl Decode for BlockUndo {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // A count is not believed: the vector grows as its items arrive.
        let count = reader.compact_size(MAX_SIZE)?;
        let mut spent = Vec::new();
        for _ in 0..count {
            spent.push(reader.vec(MAX_SIZE)?);
        }
        Ok(Self { spent, filter: BlockFilter::from_bytes(reader.bytes(MAX_SIZE)?.to_vec()) })
    }
}
