//! Compact blocks on the wire (BIP152): a block as its header and short ids of transactions that the receiver has, most
//! likely, in its mempool.

use crate::crypto::sha256;
use crate::encode::{
    Decode, DecodeError, Encode, MAX_SIZE, Reader, compact_size_len, encode_compact_size, encode_vec, vec_len,
};
use crate::primitives::{Block, BlockHash, Header, Transaction, Wtxid};
use crate::spv::siphash;
use std::sync::Arc;

/// The version of compact blocks that names transactions with their witnesses; the only one that this node speaks.
pub const CMPCTBLOCKS_VERSION: u64 = 2;

/// The payload of `sendcmpct`: how the sender wants to hear of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendCompact {
    /// At once by `cmpctblock` (high bandwidth), or as without it (low bandwidth).
    pub announce: bool,
    /// The version of compact blocks that it speaks.
    pub version: u64,
}

/// A transaction's short id within one block: the low 48 bits of a keyed hash of its wtxid, little endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShortId(pub [u8; 6]);

/// The key of one block's short ids (BIP152: from the SHA-256 of header and nonce).
#[derive(Clone, Copy, Debug)]
pub struct ShortIdKey([u64; 2]);

impl ShortIdKey {
    /// Of the block with this header, as its sender announces it under `nonce`.
    pub fn new(header: &Header, nonce: u64) -> Self {
        let mut bytes = Vec::with_capacity(Header::SIZE + 8);
        header.encode(&mut bytes);
        nonce.encode(&mut bytes);
        let hash = sha256(&bytes);
        let word =
            |at: usize| hash[at..at + 8].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        Self([word(0), word(8)])
    }

    /// The short id of a transaction.
    pub fn short_id(&self, wtxid: &Wtxid) -> ShortId {
        let [a, b, c, d, e, f, ..] = siphash(self.0, wtxid.as_bytes()).to_le_bytes();
        ShortId([a, b, c, d, e, f])
    }
}

/// A transaction that comes with the announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefilledTransaction {
    /// Its place in the block.
    pub index: u16,
    /// The transaction.
    pub transaction: Transaction,
}

/// The payload of `cmpctblock` (`HeaderAndShortIDs`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompactBlock {
    /// The header.
    pub header: Header,
    /// Drawn by the sender, so that nobody can prepare transactions whose short ids collide.
    pub nonce: u64,
    /// The transactions that are not prefilled, in order.
    pub short_ids: Vec<ShortId>,
    /// Those that the receiver cannot have, by place, at least the coinbase.
    pub prefilled: Vec<PrefilledTransaction>,
}

impl CompactBlock {
    /// A block to be announced under `nonce`, its coinbase prefilled.
    pub fn new(block: &Block, nonce: u64) -> Self {
        let key = ShortIdKey::new(&block.header, nonce);
        let short_ids = block.transactions.iter().skip(1).map(|tx| key.short_id(&tx.wtxid())).collect();
        let coinbase = block.transactions.first().cloned();
        let prefilled = coinbase.map(|transaction| PrefilledTransaction { index: 0, transaction });
        Self { header: block.header, nonce, short_ids, prefilled: prefilled.into_iter().collect() }
    }

    /// The key of its short ids.
    pub fn key(&self) -> ShortIdKey {
        ShortIdKey::new(&self.header, self.nonce)
    }
}

/// The payload of `getblocktxn`: asks for transactions of a block by their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockTransactionsRequest {
    /// The block.
    pub block: BlockHash,
    /// The places, ascending.
    pub indexes: Vec<u16>,
}

/// The payload of `blocktxn`: those transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockTransactions {
    /// The block.
    pub block: BlockHash,
    /// The transactions, in the order in which they were asked for.
    pub transactions: Vec<Arc<Transaction>>,
}

impl Encode for SendCompact {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.announce));
        self.version.encode(out);
    }
    fn encoded_len(&self) -> usize {
        9
    }
}

impl Decode for SendCompact {
    const MIN_ENCODED_LEN: usize = 9;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { announce: reader.read::<u8>()? != 0, version: reader.read()? })
    }
}

impl Encode for ShortId {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
    fn encoded_len(&self) -> usize {
        6
    }
}

impl Decode for ShortId {
    const MIN_ENCODED_LEN: usize = 6;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(reader.array()?))
    }
}

/// Places travel as differences: each says how many lie between it and the one before (Core's `DifferenceFormatter`).
#[derive(Default)]
struct Differences {
    /// The least that the next place can be.
    next: u64,
}

impl Differences {
    fn difference(&mut self, index: u16) -> u64 {
        let difference = u64::from(index).saturating_sub(self.next);
        self.next = u64::from(index) + 1;
        difference
    }

    fn index(&mut self, difference: u64) -> Result<u16, DecodeError> {
        let index = self.next.saturating_add(difference);
        self.next = index.saturating_add(1);
        u16::try_from(index).map_err(|_| DecodeError::InvalidValue { field: "place in a block" })
    }
}

/// A difference and, where they come with it, the bytes after it.
struct Difference<T>(u64, T);

impl Decode for Difference<()> {
    const MIN_ENCODED_LEN: usize = 1;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(reader.compact_u64()?, ()))
    }
}

impl Decode for Difference<Transaction> {
    const MIN_ENCODED_LEN: usize = 1 + Transaction::MIN_ENCODED_LEN;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(reader.compact_u64()?, reader.read()?))
    }
}

impl Encode for CompactBlock {
    fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode(out);
        self.nonce.encode(out);
        encode_vec(&self.short_ids, out);
        encode_compact_size(self.prefilled.len() as u64, out);
        let mut places = Differences::default();
        for PrefilledTransaction { index, transaction } in &self.prefilled {
            encode_compact_size(places.difference(*index), out);
            transaction.encode(out);
        }
    }
    fn encoded_len(&self) -> usize {
        let mut places = Differences::default();
        let prefilled = self.prefilled.iter().map(|PrefilledTransaction { index, transaction }| {
            compact_size_len(places.difference(*index)) + transaction.encoded_len()
        });
        let prefilled: usize = prefilled.sum();
        Header::SIZE
            + 8
            + vec_len(&self.short_ids)
            + compact_size_len(self.prefilled.len() as u64)
            + prefilled
    }
}

impl Decode for CompactBlock {
    const MIN_ENCODED_LEN: usize = Header::SIZE + 10;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (header, nonce, short_ids) = (reader.read()?, reader.read()?, reader.vec(MAX_SIZE)?);
        let mut places = Differences::default();
        let prefilled = reader.vec::<Difference<Transaction>>(MAX_SIZE)?.into_iter();
        let prefilled = prefilled.map(|Difference(difference, transaction)| {
            Ok(PrefilledTransaction { index: places.index(difference)?, transaction })
        });
        Ok(Self { header, nonce, short_ids, prefilled: prefilled.collect::<Result<_, DecodeError>>()? })
    }
}

impl Encode for BlockTransactionsRequest {
    fn encode(&self, out: &mut Vec<u8>) {
        self.block.encode(out);
        encode_compact_size(self.indexes.len() as u64, out);
        let mut places = Differences::default();
        for index in &self.indexes {
            encode_compact_size(places.difference(*index), out);
        }
    }
    fn encoded_len(&self) -> usize {
        let mut places = Differences::default();
        let indexes = self.indexes.iter().map(|index| compact_size_len(places.difference(*index)));
        let indexes: usize = indexes.sum();
        32 + compact_size_len(self.indexes.len() as u64) + indexes
    }
}

impl Decode for BlockTransactionsRequest {
    const MIN_ENCODED_LEN: usize = 33;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let block = reader.read()?;
        let mut places = Differences::default();
        let indexes = reader.vec::<Difference<()>>(MAX_SIZE)?.into_iter();
        let indexes = indexes.map(|Difference(difference, ())| places.index(difference));
        Ok(Self { block, indexes: indexes.collect::<Result<_, DecodeError>>()? })
    }
}

impl Encode for BlockTransactions {
    fn encode(&self, out: &mut Vec<u8>) {
        self.block.encode(out);
        encode_compact_size(self.transactions.len() as u64, out);
        for transaction in &self.transactions {
            transaction.encode(out);
        }
    }
    fn encoded_len(&self) -> usize {
        let transactions: usize = self.transactions.iter().map(|transaction| transaction.encoded_len()).sum();
        32 + compact_size_len(self.transactions.len() as u64) + transactions
    }
}

impl Decode for BlockTransactions {
    const MIN_ENCODED_LEN: usize = 33;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let block = reader.read()?;
        let transactions = reader.vec(MAX_SIZE)?.into_iter().map(Arc::new).collect();
        Ok(Self { block, transactions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{deserialize, serialize};

    #[test]
    fn places_travel_as_differences() {
        let request = BlockTransactionsRequest {
            block: BlockHash::from_bytes([7; 32]),
            indexes: vec![0, 1, 5, 300, u16::MAX],
        };
        let bytes = serialize(&request);
        assert_eq!(bytes[32..], [5, 0, 0, 3, 0xfd, 38, 1, 0xfd, 0xd2, 0xfe]);
        assert_eq!(bytes.len(), request.encoded_len());
        assert_eq!(deserialize(&bytes), Ok(request));
    }

    #[test]
    fn a_place_beyond_what_a_block_can_hold_does_not_decode() {
        for places in [&[1, 0xfe, 0, 0, 1, 0][..], &[2, 0xfd, 0xff, 0xff, 0]] {
            let bytes = [&[0; 32], places].concat();
            let error = DecodeError::InvalidValue { field: "place in a block" };
            assert_eq!(deserialize::<BlockTransactionsRequest>(&bytes), Err(error));
        }
    }
}
