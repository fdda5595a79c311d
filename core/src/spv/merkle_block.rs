//! A block's header with the part of its merkle tree that proves some of its transactions (BIP37, Core's
//! `CMerkleBlock` and `CPartialMerkleTree`).
//!
//! The tree is walked depth first. One bit per visited node says whether a proven transaction lies below it; where
//! none does, or at a leaf, the node's hash is given, and where one does the walk goes down.

use crate::consensus::merkle;
use crate::encode::{Decode, DecodeError, Encode, MAX_SIZE, Reader, encode_bytes, encode_vec, vec_len};
use crate::primitives::{Block, Header, MerkleRoot, Transaction, Txid};

/// No block holds more transactions than fit in 4,000,000 weight units at 60 bytes each (Core's check in
/// `ExtractMatches`).
const MAX_TRANSACTIONS: u32 = 4_000_000 / (4 * 60);

/// A header and the proof that certain transactions are in its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerkleBlock {
    /// The block's header.
    pub header: Header,
    /// How many transactions the block has.
    transactions: u32,
    /// The hashes of the nodes where the walk ends, in its order; at most as many as there are transactions.
    hashes: Vec<Txid>,
    /// The bits of the walk, eight to a byte, lowest first.
    flags: Vec<u8>,
}

/// The transactions that a proof commits to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenTransactions {
    /// The root that the proof leads to; it proves something only where this is the header's.
    pub root: MerkleRoot,
    /// The transactions with their positions in the block, in order.
    pub matches: Vec<(u32, Txid)>,
}

/// Why bytes are no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MerkleProofError {
    /// A block without transactions, or with more than fit.
    #[error("a block of {0} transactions cannot be")]
    TransactionCount(u32),
    /// More hashes than transactions, or fewer bits than hashes.
    #[error("{hashes} hashes and {bits} bits do not fit {transactions} transactions")]
    Sizes {
        /// Hashes given.
        hashes: usize,
        /// Bits given.
        bits: usize,
        /// Transactions claimed.
        transactions: u32,
    },
    /// The walk needs more than was given.
    #[error("the proof ends before its tree does")]
    TooShort,
    /// The walk ended and something is left.
    #[error("the proof goes on after its tree has ended")]
    TooLong,
    /// Both children of a node are equal (CVE-2012-2459).
    #[error("two neighbours in the tree are equal")]
    Duplicate,
    /// The root is not the header's.
    #[error("the proof leads to another root than its header's")]
    WrongRoot,
}

impl MerkleBlock {
    /// The proof that the transactions of `block` for which `proven` says so are in it.
    pub fn new(block: &Block, proven: impl Fn(&Txid) -> bool) -> Self {
        let txids: Vec<Txid> = block.transactions.iter().map(Transaction::txid).collect();
        let matches = txids.iter().map(proven).collect();
        let mut builder = Builder { levels: levels(&txids), matches, bits: Vec::new(), hashes: Vec::new() };
        let top = builder.levels.len() - 1;
        builder.walk(top, 0);
        let flags = builder.bits.chunks(8).map(pack).collect();
        Self { header: block.header, transactions: txids.len() as u32, hashes: builder.hashes, flags }
    }

    /// How many transactions the proof says that its block has; whoever has the block can compare.
    pub const fn transaction_count(&self) -> u32 {
        self.transactions
    }

    /// Walks the proof and compares its root with the header's.
    pub fn verify(&self) -> Result<ProvenTransactions, MerkleProofError> {
        let proven = self.extract()?;
        if proven.root != self.header.merkle_root {
            return Err(MerkleProofError::WrongRoot);
        }
        Ok(proven)
    }

    /// Walks the proof, whatever its header says (Core's `ExtractMatches`).
    pub fn extract(&self) -> Result<ProvenTransactions, MerkleProofError> {
        if self.transactions == 0 || self.transactions > MAX_TRANSACTIONS {
            return Err(MerkleProofError::TransactionCount(self.transactions));
        }
        let bits = self.flags.len() * 8;
        if self.hashes.len() > self.transactions as usize || bits < self.hashes.len() {
            let hashes = self.hashes.len();
            return Err(MerkleProofError::Sizes { hashes, bits, transactions: self.transactions });
        }
        let mut walk = Extractor { proof: self, next_bit: 0, next_hash: 0, matches: Vec::new() };
        let root = walk.walk(height(self.transactions), 0)?;
        if walk.next_bit.div_ceil(8) != self.flags.len() || walk.next_hash != self.hashes.len() {
            return Err(MerkleProofError::TooLong);
        }
        Ok(ProvenTransactions { root: MerkleRoot::from_bytes(root), matches: walk.matches })
    }
}

/// The levels of a block's merkle tree, leaves first.
fn levels(txids: &[Txid]) -> Vec<Vec<[u8; 32]>> {
    let mut levels = vec![txids.iter().map(|txid| *txid.as_bytes()).collect::<Vec<_>>()];
    while let Some(level) = levels.last().filter(|level| level.len() > 1) {
        let next = level.chunks(2).map(|pair| merkle::parent(&pair[0], pair.last().unwrap_or(&pair[0])));
        let next = next.collect();
        levels.push(next);
    }
    levels
}

/// Eight bits of the walk as a byte, lowest first.
fn pack(bits: &[bool]) -> u8 {
    bits.iter().enumerate().fold(0, |byte, (at, bit)| byte | (u8::from(*bit) << at))
}

/// The level on which the tree over `leaves` has one node.
fn height(leaves: u32) -> usize {
    (0..).find(|level| width(leaves, *level) <= 1).unwrap_or_default()
}

/// The number of nodes on a level of the tree over `leaves`.
fn width(leaves: u32, level: usize) -> u32 {
    ((u64::from(leaves) + (1 << level) - 1) >> level) as u32
}

struct Builder {
    levels: Vec<Vec<[u8; 32]>>,
    matches: Vec<bool>,
    bits: Vec<bool>,
    hashes: Vec<Txid>,
}

impl Builder {
    fn walk(&mut self, level: usize, position: usize) {
        let leaves = position << level..((position + 1) << level).min(self.matches.len());
        let below = self.matches[leaves].contains(&true);
        self.bits.push(below);
        if level == 0 || !below {
            let hash = self.levels[level].get(position).copied().unwrap_or_default();
            self.hashes.push(Txid::from_bytes(hash));
            return;
        }
        self.walk(level - 1, position * 2);
        if position * 2 + 1 < self.levels[level - 1].len() {
            self.walk(level - 1, position * 2 + 1);
        }
    }
}

struct Extractor<'a> {
    proof: &'a MerkleBlock,
    next_bit: usize,
    next_hash: usize,
    matches: Vec<(u32, Txid)>,
}

impl Extractor<'_> {
    fn walk(&mut self, level: usize, position: u32) -> Result<[u8; 32], MerkleProofError> {
        let byte = self.proof.flags.get(self.next_bit / 8).ok_or(MerkleProofError::TooShort)?;
        let below = (byte >> (self.next_bit % 8)) & 1 == 1;
        self.next_bit += 1;
        if level == 0 || !below {
            let txid = *self.proof.hashes.get(self.next_hash).ok_or(MerkleProofError::TooShort)?;
            self.next_hash += 1;
            if level == 0 && below {
                self.matches.push((position, txid));
            }
            return Ok(*txid.as_bytes());
        }
        let left = self.walk(level - 1, position * 2)?;
        if position * 2 + 1 >= width(self.proof.transactions, level - 1) {
            return Ok(merkle::parent(&left, &left));
        }
        let right = self.walk(level - 1, position * 2 + 1)?;
        if left == right {
            return Err(MerkleProofError::Duplicate);
        }
        Ok(merkle::parent(&left, &right))
    }
}

impl Encode for MerkleBlock {
    fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode(out);
        self.transactions.encode(out);
        encode_vec(&self.hashes, out);
        encode_bytes(&self.flags, out);
    }

    fn encoded_len(&self) -> usize {
        Header::SIZE + 4 + vec_len(&self.hashes) + crate::encode::bytes_len(&self.flags)
    }
}

impl Decode for MerkleBlock {
    const MIN_ENCODED_LEN: usize = Header::SIZE + 6;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            header: reader.read()?,
            transactions: reader.read()?,
            hashes: reader.vec(MAX_SIZE)?,
            flags: reader.bytes(MAX_SIZE)?.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{deserialize, serialize};
    use crate::primitives::{CompactTarget, Transaction};
    use bitcoin::consensus::encode as oracle;

    /// A block of `count` different transactions; its work does not matter here.
    fn block_of(count: u32) -> Block {
        let transaction =
            |n| Transaction { version: 2, inputs: Vec::new(), outputs: Vec::new(), lock_time: n };
        let transactions: Vec<Transaction> = (0..count).map(transaction).collect();
        let header = Header {
            version: 1,
            prev_blockhash: Default::default(),
            merkle_root: merkle::block_root(&transactions).0,
            time: 0,
            bits: CompactTarget(0x207f_ffff),
            nonce: 0,
        };
        Block { header, transactions }
    }

    #[test]
    fn a_proof_proves_what_it_was_made_for_at_every_block_size() {
        for count in 1..=33 {
            let block = block_of(count);
            let txids: Vec<Txid> = block.transactions.iter().map(Transaction::txid).collect();
            for (position, wanted) in (0..).zip(&txids) {
                let proof = MerkleBlock::new(&block, |txid| txid == wanted);
                let proven = proof.verify().expect("made from the block");
                assert_eq!(proven.matches, [(position, *wanted)], "{position} of {count}");
            }
        }
    }

    #[test]
    fn bytes_are_those_of_the_reference() {
        let block = block_of(11);
        let wanted = [block.transactions[3].txid(), block.transactions[10].txid()];
        let ours = serialize(&MerkleBlock::new(&block, |txid| wanted.contains(txid)));
        let theirs: bitcoin::MerkleBlock = oracle::deserialize(&ours).expect("the reference reads it");
        let (mut matches, mut positions) = (Vec::new(), Vec::new());
        theirs.extract_matches(&mut matches, &mut positions).expect("the reference accepts it");
        assert_eq!(positions, [3, 10]);
        assert_eq!(oracle::serialize(&theirs), ours);
    }

    #[test]
    fn a_proof_with_any_byte_changed_proves_nothing_else() {
        let block = block_of(7);
        let wanted = block.transactions[4].txid();
        let honest = MerkleBlock::new(&block, |txid| *txid == wanted);
        let bytes = serialize(&honest);
        for at in Header::SIZE..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let Ok(proof) = deserialize::<MerkleBlock>(&changed) else { continue };
            if let Ok(proven) = proof.verify() {
                assert!(proven.matches.iter().all(|(_, txid)| *txid == wanted), "byte {at}");
            }
        }
    }

    #[test]
    fn a_count_beyond_a_blocks_size_is_refused() {
        let mut proof = MerkleBlock::new(&block_of(3), |_| true);
        for transactions in [0, MAX_TRANSACTIONS + 1, u32::MAX] {
            proof.transactions = transactions;
            assert_eq!(proof.verify(), Err(MerkleProofError::TransactionCount(transactions)));
        }
    }
}
