//! The first message of a connection: who speaks, and what it has.

use super::address::{NetAddress, Services};
use crate::encode::{Decode, DecodeError, Encode, Reader, bytes_len, encode_bytes};
use crate::net::limits::MAX_SUBVERSION_LENGTH;
use std::net::{Ipv4Addr, SocketAddr};

/// The payload of `version` (seed 002 names the fields).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionMessage {
    /// The protocol version that the sender speaks.
    pub version: u32,
    /// What it offers.
    pub services: Services,
    /// Its clock, in seconds since 1970.
    pub timestamp: i64,
    /// The receiver as the sender sees it.
    pub receiver: NetAddress,
    /// The sender.
    pub sender: NetAddress,
    /// Drawn anew for each connection, so that a node notices when it meets itself.
    pub nonce: u64,
    /// Its program, as `/Name:1.2.3/` (BIP14). Only printable ASCII survives decoding (Core's `SanitizeString`).
    pub user_agent: String,
    /// The height of its tip.
    pub start_height: i32,
    /// Whether it wants transactions announced (BIP37).
    pub relay: bool,
}

impl Encode for VersionMessage {
    fn encode(&self, out: &mut Vec<u8>) {
        self.version.encode(out);
        self.services.encode(out);
        self.timestamp.encode(out);
        self.receiver.encode(out);
        self.sender.encode(out);
        self.nonce.encode(out);
        encode_bytes(self.user_agent.as_bytes(), out);
        self.start_height.encode(out);
        out.push(u8::from(self.relay));
    }
    fn encoded_len(&self) -> usize {
        4 + 8 + 8 + 26 + 26 + 8 + bytes_len(self.user_agent.as_bytes()) + 4 + 1
    }
}

impl Decode for VersionMessage {
    const MIN_ENCODED_LEN: usize = 46;

    /// Everything from the sender's address on may be missing, as in the first versions of the protocol.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut message = Self {
            version: reader.read()?,
            services: reader.read()?,
            timestamp: reader.read()?,
            receiver: reader.read()?,
            sender: NetAddress {
                services: Services::NONE,
                address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            },
            nonce: 0,
            user_agent: String::new(),
            start_height: -1,
            relay: true,
        };
        if !reader.is_empty() {
            message.sender = reader.read()?;
            message.nonce = reader.read()?;
        }
        if !reader.is_empty() {
            message.user_agent = sanitize(reader.bytes(MAX_SUBVERSION_LENGTH as u64)?);
        }
        if !reader.is_empty() {
            message.start_height = reader.read()?;
        }
        if !reader.is_empty() {
            message.relay = reader.read::<u8>()? != 0;
        }
        Ok(message)
    }
}

/// What of a peer's text is safe to log and show.
fn sanitize(bytes: &[u8]) -> String {
    bytes.iter().filter(|byte| matches!(byte, b' '..=b'~')).map(|&byte| char::from(byte)).collect()
}
