//! What a block took from the coins, so that it can be given back.

use super::coins::Coin;
use crate::encode::{
    Decode, DecodeError, Encode, MAX_SIZE, Reader, compact_size_len, encode_compact_size, encode_vec, vec_len,
};

/// The coins that a block's transactions spent (Core's `CBlockUndo`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockUndo {
    /// For each transaction after the coinbase the coins that its inputs spent, in order.
    pub spent: Vec<Vec<Coin>>,
}

impl Encode for BlockUndo {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_compact_size(self.spent.len() as u64, out);
        for coins in &self.spent {
            encode_vec(coins, out);
        }
    }
    fn encoded_len(&self) -> usize {
        let count = compact_size_len(self.spent.len() as u64);
        count + self.spent.iter().map(|coins| vec_len(coins)).sum::<usize>()
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
        Ok(Self { spent })
    }
}
