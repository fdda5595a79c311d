//! Scripts as bytes; what they mean is in the module `script`.

use std::fmt;

use crate::encode::{Decode, DecodeError, Encode, MAX_SIZE, Reader, bytes_len, encode_bytes, hex};

/// The bytes of a script, which need not be a valid one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Script(Vec<u8>);

impl Script {
    /// The empty script.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The script that `bytes` are.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, given away.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The number of bytes.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({})", hex::encode(&self.0))
    }
}

impl From<Vec<u8>> for Script {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Encode for Script {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_bytes(&self.0, out);
    }
    fn encoded_len(&self) -> usize {
        bytes_len(&self.0)
    }
}

impl Decode for Script {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.bytes(MAX_SIZE).map(|bytes| Self(bytes.to_vec()))
    }
}
