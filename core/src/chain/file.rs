//! The chain as a file (the seeds' `copy blockchain_3000.db ...`): the network and the blocks of the active chain.
//!
//! Magic `TERRCHN` and a version byte, the network with its length, the number of blocks above genesis, the blocks, and
//! the first 4 bytes of the sha256d of all that.

use std::sync::Arc;

use super::activate::ActivateStep;
use super::chainstate::Chainstate;
use super::script_check::ScriptCache;
use crate::consensus::{BlockError, Network, NetworkError};
use crate::cost::Cost;
use crate::crypto::sha256d;
use crate::encode::{DecodeError, Encode, MAX_SIZE, Reader, encode_bytes, encode_compact_size};
use crate::interface::ChainFile;
use crate::primitives::{Block, Height};
use crate::time::UnixTime;

/// What a chain file begins with; the last byte is its version.
const MAGIC: [u8; 8] = *b"TERRCHN\x01";

/// Bytes of checksum at the end.
const CHECKSUM: usize = 4;

/// Why bytes are not a chain that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFileError {
    /// It begins with something else.
    #[error("not a chain file of this version")]
    NotAChainFile,
    /// Some byte is not as it was written.
    #[error("checksum is wrong: the file is damaged")]
    Checksum,
    /// Its parts do not decode.
    #[error("does not decode: {0}")]
    Encoding(#[from] DecodeError),
    /// Its network is not one of ours.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A block breaks a rule.
    #[error("block at height {height}: {error}")]
    Block {
        /// Where.
        height: Height,
        /// The rule.
        error: BlockError,
    },
    /// The chain does not fit into memory.
    #[error("{0}")]
    TooLarge(String),
}

/// The file of a chain; `blocks` are those of the active chain above genesis, in order.
pub fn export<'a>(network: &Network, blocks: impl ExactSizeIterator<Item = &'a Block>) -> ChainFile {
    let mut bytes = MAGIC.to_vec();
    encode_bytes(&network.to_bytes(), &mut bytes);
    encode_compact_size(blocks.len() as u64, &mut bytes);
    for block in blocks {
        block.encode(&mut bytes);
    }
    let checksum = sha256d(&bytes);
    bytes.extend_from_slice(&checksum[..CHECKSUM]);
    ChainFile(bytes)
}

/// A chain file that is being validated, block by block.
pub struct ChainImport {
    chain: Chainstate,
    /// Those that are still to be validated.
    blocks: std::vec::IntoIter<Block>,
    verified: ScriptCache,
    now: UnixTime,
}

impl ChainImport {
    /// Opens a file.
    ///
    /// # Errors
    /// When it is not a whole chain file of a network of ours.
    pub fn open(file: &ChainFile, now: UnixTime) -> Result<Self, ChainFileError> {
        let (network, blocks) = decode(&file.0)?;
        let chain = Chainstate::create(network);
        Ok(Self { chain, blocks: blocks.into_iter(), verified: ScriptCache::default(), now })
    }

    /// Blocks that are validated, and blocks in all.
    pub fn progress(&self) -> (u32, u32) {
        let done = self.chain.height().0;
        (done, done.saturating_add(u32::try_from(self.blocks.len()).unwrap_or(u32::MAX)))
    }

    /// Validates the next block and says what it cost; none when there is none left.
    ///
    /// # Errors
    /// When the block breaks a rule, or the chain does not fit into memory.
    pub fn step(&mut self) -> Result<Option<Cost>, ChainFileError> {
        let Some(block) = self.blocks.next() else { return Ok(None) };
        let height = self.chain.height().next();
        let refuse = |error| ChainFileError::Block { height, error };
        self.chain.accept_block(Arc::new(block), self.now).map_err(refuse)?;
        let too_large = |error: super::ChainError| ChainFileError::TooLarge(error.to_string());
        let mut cost = Cost::ZERO;
        while let ActivateStep::More(more) = self.chain.activate(&self.verified).map_err(too_large)? {
            cost += more;
        }
        match self.chain.take_effects().failed.pop() {
            Some((_, error)) => Err(refuse(error)),
            None => Ok(Some(cost)),
        }
    }

    /// The chain as far as it is validated. Its first batch replaces what the store holds.
    pub fn into_chain(self) -> Chainstate {
        self.chain
    }
}

fn decode(bytes: &[u8]) -> Result<(Network, Vec<Block>), ChainFileError> {
    let body = bytes.strip_prefix(&MAGIC).ok_or(ChainFileError::NotAChainFile)?;
    let (body, checksum) = body.split_last_chunk::<CHECKSUM>().ok_or(ChainFileError::Checksum)?;
    if sha256d(&bytes[..bytes.len() - CHECKSUM])[..CHECKSUM] != *checksum {
        return Err(ChainFileError::Checksum);
    }
    let mut reader = Reader::new(body);
    let network = Network::from_bytes(reader.bytes(MAX_SIZE)?)?;
    let blocks = reader.vec(MAX_SIZE)?;
    reader.finish()?;
    Ok((network, blocks))
}
