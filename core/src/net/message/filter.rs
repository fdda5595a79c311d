//! Compact filters on the wire (BIP157).

use crate::encode::{
    Decode, DecodeError, Encode, MAX_SIZE, Reader, bytes_len, encode_bytes, encode_vec, vec_len,
};
use crate::primitives::{BlockHash, FilterHash, FilterHeader};

/// The only kind of filter there is (BIP158's basic filter).
pub const BASIC_FILTER: u8 = 0;

/// The payload of `getcfilters` and `getcfheaders`: the filters, or their hashes, of a stretch of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterRequest {
    /// The kind of filter.
    pub kind: u8,
    /// The height of the first block.
    pub start: u32,
    /// The last block, which says which chain.
    pub stop: BlockHash,
}

/// The payload of `cfilter`: one block's filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterMessage {
    /// The kind of filter.
    pub kind: u8,
    /// The block.
    pub block: BlockHash,
    /// The filter as it is written.
    pub filter: Vec<u8>,
}

/// The payload of `cfheaders`: from one filter header the hashes that lead on to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterHeadersMessage {
    /// The kind of filter.
    pub kind: u8,
    /// The last block.
    pub stop: BlockHash,
    /// The filter header before the first hash.
    pub previous: FilterHeader,
    /// The filters' hashes.
    pub hashes: Vec<FilterHash>,
}

/// The payload of `getcfcheckpt`: every thousandth filter header of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointRequest {
    /// The kind of filter.
    pub kind: u8,
    /// The last block, which says which chain.
    pub stop: BlockHash,
}

/// The payload of `cfcheckpt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointMessage {
    /// The kind of filter.
    pub kind: u8,
    /// The last block.
    pub stop: BlockHash,
    /// The filter headers at heights 1,000, 2,000 and so on.
    pub headers: Vec<FilterHeader>,
}

impl Encode for FilterRequest {
    fn encode(&self, out: &mut Vec<u8>) {
        self.kind.encode(out);
        self.start.encode(out);
        self.stop.encode(out);
    }
    fn encoded_len(&self) -> usize {
        37
    }
}

impl Decode for FilterRequest {
    const MIN_ENCODED_LEN: usize = 37;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { kind: reader.read()?, start: reader.read()?, stop: reader.read()? })
    }
}

impl Encode for FilterMessage {
    fn encode(&self, out: &mut Vec<u8>) {
        self.kind.encode(out);
        self.block.encode(out);
        encode_bytes(&self.filter, out);
    }
    fn encoded_len(&self) -> usize {
        33 + bytes_len(&self.filter)
    }
}

impl Decode for FilterMessage {
    const MIN_ENCODED_LEN: usize = 34;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { kind: reader.read()?, block: reader.read()?, filter: reader.bytes(MAX_SIZE)?.to_vec() })
    }
}

impl Encode for FilterHeadersMessage {
    fn encode(&self, out: &mut Vec<u8>) {
        self.kind.encode(out);
        self.stop.encode(out);
        self.previous.encode(out);
        encode_vec(&self.hashes, out);
    }
    fn encoded_len(&self) -> usize {
        65 + vec_len(&self.hashes)
    }
}

impl Decode for FilterHeadersMessage {
    const MIN_ENCODED_LEN: usize = 66;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (kind, stop) = (reader.read()?, reader.read()?);
        Ok(Self { kind, stop, previous: reader.read()?, hashes: reader.vec(MAX_SIZE)? })
    }
}

impl Encode for CheckpointRequest {
    fn encode(&self, out: &mut Vec<u8>) {
        self.kind.encode(out);
        self.stop.encode(out);
    }
    fn encoded_len(&self) -> usize {
        33
    }
}

impl Decode for CheckpointRequest {
    const MIN_ENCODED_LEN: usize = 33;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { kind: reader.read()?, stop: reader.read()? })
    }
}

impl Encode for CheckpointMessage {
    fn encode(&self, out: &mut Vec<u8>) {
        self.kind.encode(out);
        self.stop.encode(out);
        encode_vec(&self.headers, out);
    }
    fn encoded_len(&self) -> usize {
        33 + vec_len(&self.headers)
    }
}

impl Decode for CheckpointMessage {
    const MIN_ENCODED_LEN: usize = 34;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { kind: reader.read()?, stop: reader.read()?, headers: reader.vec(MAX_SIZE)? })
    }
}
