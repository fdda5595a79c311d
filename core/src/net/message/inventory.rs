//! Inventories, which name blocks and transactions, and locators, which say where a chain stands.

use crate::encode::{Decode, DecodeError, Encode, MAX_SIZE, Reader, encode_vec, vec_len};
use crate::primitives::{BlockHash, Txid};

/// The flag that asks for the serialisation with witnesses (`MSG_WITNESS_FLAG`, BIP144).
const WITNESS_FLAG: u32 = 1 << 30;
const MSG_TX: u32 = 1;
const MSG_BLOCK: u32 = 2;
const MSG_FILTERED_BLOCK: u32 = 3;
const MSG_CMPCT_BLOCK: u32 = 4;

/// A block or a transaction, by its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Inventory {
    /// A transaction (`MSG_TX`); asked for like this it comes without witnesses.
    Tx(Txid),
    /// A block (`MSG_BLOCK`); asked for like this it comes without witnesses.
    Block(BlockHash),
    /// A block as its header and the proof of what matches the peer's filter (`MSG_FILTERED_BLOCK`, BIP37).
    FilteredBlock(BlockHash),
    /// A block by short ids, or whole if it is not one of the last (`MSG_CMPCT_BLOCK`, BIP152).
    CompactBlock(BlockHash),
    /// A transaction with its witnesses (`MSG_WITNESS_TX`).
    WitnessTx(Txid),
    /// A block with its witnesses (`MSG_WITNESS_BLOCK`).
    WitnessBlock(BlockHash),
    /// A kind that this node does not have.
    Other {
        /// The kind's number.
        kind: u32,
        /// The hash, in internal byte order.
        hash: [u8; 32],
    },
}

impl Inventory {
    /// The block that this names, if it names one.
    pub const fn block(&self) -> Option<BlockHash> {
        match self {
            Self::Block(hash)
            | Self::FilteredBlock(hash)
            | Self::CompactBlock(hash)
            | Self::WitnessBlock(hash) => Some(*hash),
            _ => None,
        }
    }

    /// The transaction that this names, if it names one.
    pub const fn tx(&self) -> Option<Txid> {
        match self {
            Self::Tx(txid) | Self::WitnessTx(txid) => Some(*txid),
            _ => None,
        }
    }

    fn parts(&self) -> (u32, &[u8; 32]) {
        match self {
            Self::Tx(txid) => (MSG_TX, txid.as_bytes()),
            Self::Block(hash) => (MSG_BLOCK, hash.as_bytes()),
            Self::FilteredBlock(hash) => (MSG_FILTERED_BLOCK, hash.as_bytes()),
            Self::CompactBlock(hash) => (MSG_CMPCT_BLOCK, hash.as_bytes()),
            Self::WitnessTx(txid) => (MSG_TX | WITNESS_FLAG, txid.as_bytes()),
            Self::WitnessBlock(hash) => (MSG_BLOCK | WITNESS_FLAG, hash.as_bytes()),
            Self::Other { kind, hash } => (*kind, hash),
        }
    }
}

impl Encode for Inventory {
    fn encode(&self, out: &mut Vec<u8>) {
        let (kind, hash) = self.parts();
        kind.encode(out);
        out.extend_from_slice(hash);
    }
    fn encoded_len(&self) -> usize {
        36
    }
}

impl Decode for Inventory {
    const MIN_ENCODED_LEN: usize = 36;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        const WITNESS_TX: u32 = MSG_TX | WITNESS_FLAG;
        const WITNESS_BLOCK: u32 = MSG_BLOCK | WITNESS_FLAG;
        let kind = reader.read()?;
        let hash = reader.array()?;
        Ok(match kind {
            MSG_TX => Self::Tx(Txid::from_bytes(hash)),
            MSG_BLOCK => Self::Block(BlockHash::from_bytes(hash)),
            MSG_FILTERED_BLOCK => Self::FilteredBlock(BlockHash::from_bytes(hash)),
            MSG_CMPCT_BLOCK => Self::CompactBlock(BlockHash::from_bytes(hash)),
            WITNESS_TX => Self::WitnessTx(Txid::from_bytes(hash)),
            WITNESS_BLOCK => Self::WitnessBlock(BlockHash::from_bytes(hash)),
            kind => Self::Other { kind, hash },
        })
    }
}

/// The payload of `getblocks` and `getheaders`: what comes after the last block that both sides have?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocatorRequest {
    /// The sender's protocol version, which nobody reads.
    pub version: u32,
    /// Hashes of the sender's chain from its tip back, ever further apart, to genesis.
    pub locator: Vec<BlockHash>,
    /// The last block wanted; zero asks for as many as fit.
    pub stop: BlockHash,
}

impl Encode for LocatorRequest {
    fn encode(&self, out: &mut Vec<u8>) {
        self.version.encode(out);
        encode_vec(&self.locator, out);
        self.stop.encode(out);
    }
    fn encoded_len(&self) -> usize {
        4 + vec_len(&self.locator) + 32
    }
}

impl Decode for LocatorRequest {
    const MIN_ENCODED_LEN: usize = 37;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { version: reader.read()?, locator: reader.vec(MAX_SIZE)?, stop: reader.read()? })
    }
}
