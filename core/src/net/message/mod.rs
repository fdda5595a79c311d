//! The messages of Bitcoin's peer-to-peer protocol and their bytes. Knows formats and limits; neither peers nor time.

mod address;
mod codec;
mod compact;
mod filter;
mod inventory;
mod version;

#[cfg(test)]
pub(crate) mod strategy;
#[cfg(test)]
mod tests;

pub use address::{NetAddress, Services, TimedAddress};
pub use codec::{
    CHECKSUM_SIZE, COMMAND_SIZE, CommandName, Frame, FrameError, HEADER_SIZE, MessageDecoder, encode,
};
pub(crate) use codec::{Checksums, encode_into};
pub use compact::{
    BlockTransactions, BlockTransactionsRequest, CMPCTBLOCKS_VERSION, CompactBlock, PrefilledTransaction,
    SendCompact, ShortId, ShortIdKey,
};
pub use filter::{
    BASIC_FILTER, CheckpointMessage, CheckpointRequest, FilterHeadersMessage, FilterMessage, FilterRequest,
};
pub use inventory::{Inventory, LocatorRequest};
pub use version::VersionMessage;

use crate::encode::{
    Decode, DecodeError, Encode, MAX_SIZE, Reader, encode_bytes, encode_compact_size, encode_vec,
};
use crate::primitives::{Block, Header, Transaction};
use crate::spv::{BloomFilter, MerkleBlock};
use std::sync::Arc;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Who speaks; the first message in each direction.
    Version(Box<VersionMessage>),
    /// The other side's `version` was accepted.
    Verack,
    /// Nodes that are said to be up.
    Addr(Vec<TimedAddress>),
    /// Asks for `addr`.
    GetAddr,
    /// Asks for a sign of life.
    Ping(u64),
    /// The sign of life, with the ping's number.
    Pong(u64),
    /// What the sender has.
    Inv(Vec<Inventory>),
    /// What the sender wants.
    GetData(Vec<Inventory>),
    /// What of a `getdata` the sender does not have.
    NotFound(Vec<Inventory>),
    /// Asks for the hashes of the blocks after a locator, as `inv`.
    GetBlocks(LocatorRequest),
    /// Asks for the headers after a locator.
    GetHeaders(LocatorRequest),
    /// Headers, each the parent of the next.
    Headers(Vec<Header>),
    /// A block.
    Block(Arc<Block>),
    /// A transaction.
    Tx(Arc<Transaction>),
    /// Asks for the transactions that wait, as `inv` (BIP35).
    Mempool,
    /// Asks to be told of new blocks by `headers` (BIP130).
    SendHeaders,
    /// Asks not to be told of transactions below a fee rate, in satoshis per 1,000 virtual bytes (BIP133).
    FeeFilter(i64),
    /// Asks to be told of what matches this alone (BIP37).
    FilterLoad(Box<BloomFilter>),
    /// Adds an element to that filter.
    FilterAdd(Vec<u8>),
    /// Drops that filter: everything is wanted again.
    FilterClear,
    /// A block's header and the proof of its transactions that match the filter; they follow, each as `tx`.
    MerkleBlock(Box<MerkleBlock>),
    /// Asks for the compact filters of a stretch of a chain (BIP157, as are those below).
    GetCFilters(FilterRequest),
    /// A block's compact filter.
    CFilter(FilterMessage),
    /// Asks for the filter headers of a stretch of a chain.
    GetCFHeaders(FilterRequest),
    /// A filter header and the hashes that lead on from it.
    CFHeaders(FilterHeadersMessage),
    /// Asks for every thousandth filter header of a chain.
    GetCFCheckpt(CheckpointRequest),
    /// Those filter headers.
    CFCheckpt(CheckpointMessage),
    /// How the sender wants to hear of blocks (BIP152, as are those below).
    SendCmpct(SendCompact),
    /// A block by short ids.
    CmpctBlock(Arc<CompactBlock>),
    /// Asks for transactions of a block that came by short ids.
    GetBlockTxn(BlockTransactionsRequest),
    /// Those transactions.
    BlockTxn(BlockTransactions),
}

impl Message {
    /// The command that announces this message.
    pub const fn command(&self) -> &'static str {
        match self {
            Self::Version(_) => "version",
            Self::Verack => "verack",
            Self::Addr(_) => "addr",
            Self::GetAddr => "getaddr",
            Self::Ping(_) => "ping",
            Self::Pong(_) => "pong",
            Self::Inv(_) => "inv",
            Self::GetData(_) => "getdata",
            Self::NotFound(_) => "notfound",
            Self::GetBlocks(_) => "getblocks",
            Self::GetHeaders(_) => "getheaders",
            Self::Headers(_) => "headers",
            Self::Block(_) => "block",
            Self::Tx(_) => "tx",
            Self::Mempool => "mempool",
            Self::SendHeaders => "sendheaders",
            Self::FeeFilter(_) => "feefilter",
            Self::FilterLoad(_) => "filterload",
            Self::FilterAdd(_) => "filteradd",
            Self::FilterClear => "filterclear",
            Self::MerkleBlock(_) => "merkleblock",
            Self::GetCFilters(_) => "getcfilters",
            Self::CFilter(_) => "cfilter",
            Self::GetCFHeaders(_) => "getcfheaders",
            Self::CFHeaders(_) => "cfheaders",
            Self::GetCFCheckpt(_) => "getcfcheckpt",
            Self::CFCheckpt(_) => "cfcheckpt",
            Self::SendCmpct(_) => "sendcmpct",
            Self::CmpctBlock(_) => "cmpctblock",
            Self::GetBlockTxn(_) => "getblocktxn",
            Self::BlockTxn(_) => "blocktxn",
        }
    }

    /// The hash of the one block or transaction that this message carries or names, as text.
    pub fn subject(&self) -> Option<String> {
        match self {
            Self::Inv(items) | Self::GetData(items) | Self::NotFound(items) => match items.as_slice() {
                [item] => item
                    .block()
                    .map(|hash| hash.to_string())
                    .or_else(|| item.tx().map(|txid| txid.to_string())),
                _ => None,
            },
            Self::Headers(headers) => match headers.as_slice() {
                [header] => Some(header.block_hash().to_string()),
                _ => None,
            },
            Self::Block(block) => Some(block.block_hash().to_string()),
            Self::Tx(tx) => Some(tx.txid().to_string()),
            Self::MerkleBlock(proof) => Some(proof.header.block_hash().to_string()),
            Self::CFilter(filter) => Some(filter.block.to_string()),
            Self::CmpctBlock(block) => Some(block.header.block_hash().to_string()),
            Self::GetBlockTxn(request) => Some(request.block.to_string()),
            Self::BlockTxn(answer) => Some(answer.block.to_string()),
            _ => None,
        }
    }

    /// Appends the payload's bytes.
    pub fn encode_payload(&self, out: &mut Vec<u8>) {
        match self {
            Self::Version(version) => version.encode(out),
            Self::Verack | Self::GetAddr | Self::Mempool | Self::SendHeaders | Self::FilterClear => {}
            Self::Addr(addresses) => encode_vec(addresses, out),
            Self::Ping(nonce) | Self::Pong(nonce) => nonce.encode(out),
            Self::Inv(items) | Self::GetData(items) | Self::NotFound(items) => encode_vec(items, out),
            Self::GetBlocks(request) | Self::GetHeaders(request) => request.encode(out),
            Self::Headers(headers) => encode_headers(headers, out),
            Self::Block(block) => block.encode(out),
            Self::Tx(tx) => tx.encode(out),
            Self::FeeFilter(rate) => rate.encode(out),
            Self::FilterLoad(filter) => filter.encode(out),
            Self::FilterAdd(element) => encode_bytes(element, out),
            Self::MerkleBlock(proof) => proof.encode(out),
            Self::GetCFilters(request) | Self::GetCFHeaders(request) => request.encode(out),
            Self::CFilter(filter) => filter.encode(out),
            Self::CFHeaders(headers) => headers.encode(out),
            Self::GetCFCheckpt(request) => request.encode(out),
            Self::CFCheckpt(headers) => headers.encode(out),
            Self::SendCmpct(wish) => wish.encode(out),
            Self::CmpctBlock(block) => block.encode(out),
            Self::GetBlockTxn(request) => request.encode(out),
            Self::BlockTxn(answer) => answer.encode(out),
        }
    }

    /// Reads the payload of `command`; none if this node has no such command. Bytes after the fields it knows are
    /// ignored, so that a later version of the protocol may add some.
    pub fn decode_payload(command: &str, payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        let reader = &mut Reader::new(payload);
        Ok(Some(match command {
            "version" => Self::Version(Box::new(reader.read()?)),
            "verack" => Self::Verack,
            "addr" => Self::Addr(reader.vec(MAX_SIZE)?),
            "getaddr" => Self::GetAddr,
            "ping" => Self::Ping(reader.read()?),
            "pong" => Self::Pong(reader.read()?),
            "inv" => Self::Inv(reader.vec(MAX_SIZE)?),
            "getdata" => Self::GetData(reader.vec(MAX_SIZE)?),
            "notfound" => Self::NotFound(reader.vec(MAX_SIZE)?),
            "getblocks" => Self::GetBlocks(reader.read()?),
            "getheaders" => Self::GetHeaders(reader.read()?),
            "headers" => Self::Headers(decode_headers(reader)?),
            "block" => Self::Block(Arc::new(reader.read()?)),
            "tx" => Self::Tx(Arc::new(reader.read()?)),
            "mempool" => Self::Mempool,
            "sendheaders" => Self::SendHeaders,
            "feefilter" => Self::FeeFilter(reader.read()?),
            "filterload" => Self::FilterLoad(Box::new(reader.read()?)),
            "filteradd" => Self::FilterAdd(reader.bytes(MAX_SIZE)?.to_vec()),
            "filterclear" => Self::FilterClear,
            "merkleblock" => Self::MerkleBlock(Box::new(reader.read()?)),
            "getcfilters" => Self::GetCFilters(reader.read()?),
            "cfilter" => Self::CFilter(reader.read()?),
            "getcfheaders" => Self::GetCFHeaders(reader.read()?),
            "cfheaders" => Self::CFHeaders(reader.read()?),
            "getcfcheckpt" => Self::GetCFCheckpt(reader.read()?),
            "cfcheckpt" => Self::CFCheckpt(reader.read()?),
            "sendcmpct" => Self::SendCmpct(reader.read()?),
            "cmpctblock" => Self::CmpctBlock(Arc::new(reader.read()?)),
            "getblocktxn" => Self::GetBlockTxn(reader.read()?),
            "blocktxn" => Self::BlockTxn(reader.read()?),
            _ => return Ok(None),
        }))
    }
}

/// Headers travel as blocks without transactions: each is followed by a count of zero.
fn encode_headers(headers: &[Header], out: &mut Vec<u8>) {
    encode_compact_size(headers.len() as u64, out);
    for header in headers {
        header.encode(out);
        out.push(0);
    }
}

fn decode_headers(reader: &mut Reader<'_>) -> Result<Vec<Header>, DecodeError> {
    /// A header with the count after it, which nobody reads (Core ignores it too).
    struct Entry(Header);

    impl Decode for Entry {
        const MIN_ENCODED_LEN: usize = Header::SIZE + 1;
        fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
            let header = reader.read()?;
            reader.compact_u64()?;
            Ok(Self(header))
        }
    }

    Ok(reader.vec::<Entry>(MAX_SIZE)?.into_iter().map(|entry| entry.0).collect())
}
