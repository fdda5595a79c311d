//! The 80 bytes that are hashed for proof of work.

use super::{BlockHash, CompactTarget, MerkleRoot};
use crate::encode::{Decode, DecodeError, Encode, Reader};

/// A block's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// Block version; its bits also signal soft forks (BIP9).
    pub version: i32,
    /// The header before this one; zero in a genesis block.
    pub prev_blockhash: BlockHash,
    /// The root over the ids of the block's transactions.
    pub merkle_root: MerkleRoot,
    /// When its miner says it was made, in seconds since 1970.
    pub time: u32,
    /// The target that the hash must not exceed.
    pub bits: CompactTarget,
    /// What the miner varies.
    pub nonce: u32,
}

impl Header {
    /// The bytes of an encoded header.
    pub const SIZE: usize = 80;

    /// The hash that names this header and its block.
    pub fn block_hash(&self) -> BlockHash {
        BlockHash::digest(&self.to_bytes())
    }

    /// The encoding as a fixed array.
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..4].copy_from_slice(&self.version.to_le_bytes());
        bytes[4..36].copy_from_slice(self.prev_blockhash.as_bytes());
        bytes[36..68].copy_from_slice(self.merkle_root.as_bytes());
        bytes[68..72].copy_from_slice(&self.time.to_le_bytes());
        bytes[72..76].copy_from_slice(&self.bits.0.to_le_bytes());
        bytes[76..].copy_from_slice(&self.nonce.to_le_bytes());
        bytes
    }
}

impl Encode for Header {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
    }
    fn encoded_len(&self) -> usize {
        Self::SIZE
    }
}

impl Decode for Header {
    const MIN_ENCODED_LEN: usize = Self::SIZE;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            version: reader.read()?,
            prev_blockhash: reader.read()?,
            merkle_root: reader.read()?,
            time: reader.read()?,
            bits: CompactTarget(reader.read()?),
            nonce: reader.read()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{deserialize, hex, serialize};

    const GENESIS: &str = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b2\
        7ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";

    #[test]
    fn the_genesis_header_has_its_famous_hash() {
        let bytes = hex::decode(GENESIS).expect("hex");
        let header: Header = deserialize(&bytes).expect("80 bytes");
        assert_eq!(serialize(&header), bytes);
        assert_eq!(header.nonce, 2_083_236_893);
        assert_eq!(
            header.block_hash().to_string(),
            "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
        );
    }
}
