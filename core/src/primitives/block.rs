//! A header with its transactions.

use super::{BlockHash, Header, Transaction, WITNESS_SCALE_FACTOR};
use crate::encode::{Decode, DecodeError, Encode, MAX_SIZE, Reader, compact_size_len, encode_vec, vec_len};

/// A block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The header, which names the block.
    pub header: Header,
    /// The transactions, the coinbase first.
    pub transactions: Vec<Transaction>,
}

impl Block {
    /// The hash of the header.
    pub fn block_hash(&self) -> BlockHash {
        self.header.block_hash()
    }

    /// The bytes without witnesses.
    pub fn stripped_size(&self) -> usize {
        Header::SIZE
            + compact_size_len(self.transactions.len() as u64)
            + self.transactions.iter().map(Transaction::stripped_size).sum::<usize>()
    }

    /// Three times the stripped size and once the whole size (BIP141; Core's `GetBlockWeight`).
    pub fn weight(&self) -> usize {
        self.stripped_size() * (WITNESS_SCALE_FACTOR - 1) + self.encoded_len()
    }
}

impl Encode for Block {
    fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode(out);
        encode_vec(&self.transactions, out);
    }
    fn encoded_len(&self) -> usize {
        Header::SIZE + vec_len(&self.transactions)
    }
}

impl Decode for Block {
    const MIN_ENCODED_LEN: usize = Header::SIZE + 1;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { header: reader.read()?, transactions: reader.vec(MAX_SIZE)? })
    }
}
