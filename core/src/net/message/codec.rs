//! Framing: magic 4 | command 12, NUL padded | payload length 4, little endian | checksum 4 | payload.
//!
//! The decoder is pushed bytes as they come and yields whole messages. It ends the stream for a wrong magic or a
//! length above the cap, and for nothing else: a bad checksum, a command that it does not know and a payload that
//! does not decode are reported and passed over.

use super::Message;
use crate::crypto::sha256d;
use crate::encode::DecodeError;
use crate::net::limits::MAX_PROTOCOL_MESSAGE_LENGTH;
use crate::net::receive_buffer::ReceiveBuffer;
use std::fmt;

/// Bytes before the payload.
pub const HEADER_SIZE: usize = 24;
/// Bytes of the payload's checksum: the first of its double SHA-256.
pub const CHECKSUM_SIZE: usize = 4;

/// Bytes of the command field.
pub const COMMAND_SIZE: usize = 12;

/// The command field of a message's header: text, NUL padded. Any bytes are kept; what is not printable ASCII is
/// shown as `?`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommandName([u8; COMMAND_SIZE]);

impl CommandName {
    /// The field that these bytes are.
    pub const fn from_bytes(bytes: [u8; COMMAND_SIZE]) -> Self {
        Self(bytes)
    }

    /// The field with this text, cut where it is too long.
    pub fn of(text: &str) -> Self {
        let mut bytes = [0; COMMAND_SIZE];
        bytes.iter_mut().zip(text.as_bytes()).for_each(|(byte, &letter)| *byte = letter);
        Self(bytes)
    }

    /// The field's bytes.
    pub const fn as_bytes(&self) -> &[u8; COMMAND_SIZE] {
        &self.0
    }

    /// The text, if the field is printable ASCII and NULs alone after it (Core's `IsMessageTypeValid`).
    pub fn as_str(&self) -> Option<&str> {
        let end = self.0.iter().position(|&byte| byte == 0).unwrap_or(COMMAND_SIZE);
        let (text, padding) = self.0.split_at(end);
        let valid =
            text.iter().all(|byte| matches!(byte, b' '..=b'~')) && padding.iter().all(|&byte| byte == 0);
        valid.then(|| std::str::from_utf8(text).ok()).flatten()
    }
}

impl fmt::Display for CommandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        self.0[..end].iter().try_for_each(|&byte| {
            write!(f, "{}", if matches!(byte, b' '..=b'~') { char::from(byte) } else { '?' })
        })
    }
}

impl fmt::Debug for CommandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandName({self})")
    }
}

/// One whole frame of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A message, with its payload's length in bytes.
    Message {
        /// The message.
        message: Message,
        /// Payload bytes.
        length: usize,
    },
    /// The payload does not hash to the checksum; its bytes are dropped.
    BadChecksum {
        /// The command.
        command: CommandName,
        /// Payload bytes.
        length: usize,
    },
    /// No command of ours.
    Unknown {
        /// The command.
        command: CommandName,
        /// Payload bytes.
        length: usize,
    },
    /// The payload is not what its command says.
    Malformed {
        /// The command.
        command: CommandName,
        /// Payload bytes.
        length: usize,
        /// What is wrong.
        error: DecodeError,
    },
}

impl Frame {
    /// What a payload with this command is, its bytes being undamaged.
    pub(crate) fn read(command: CommandName, payload: &[u8]) -> Self {
        let length = payload.len();
        let Some(name) = command.as_str() else {
            return Self::Unknown { command, length };
        };
        match Message::decode_payload(name, payload) {
            Ok(Some(message)) => Self::Message { message, length },
            Ok(None) => Self::Unknown { command, length },
            Err(error) => Self::Malformed { command, length, error },
        }
    }

    /// Payload bytes.
    pub const fn length(&self) -> usize {
        match self {
            Self::Message { length, .. }
            | Self::BadChecksum { length, .. }
            | Self::Unknown { length, .. }
            | Self::Malformed { length, .. } => *length,
        }
    }
}

/// Why a stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Another network's, or no message at all.
    #[error("wrong magic {:02x}{:02x}{:02x}{:02x}", .0[0], .0[1], .0[2], .0[3])]
    WrongMagic([u8; 4]),
    /// A length that no message may have.
    #[error("oversize message: {0} bytes, at most {MAX_PROTOCOL_MESSAGE_LENGTH} are allowed")]
    Oversize(u32),
}

/// `message` as a frame of the network with this `magic`.
pub fn encode(magic: [u8; 4], message: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    encode_into(magic, message, &mut out, &mut Checksums::default());
    out
}

/// Appends `message` as a frame to `out` and returns its payload's length in bytes.
pub(crate) fn encode_into(
    magic: [u8; 4],
    message: &Message,
    out: &mut Vec<u8>,
    checksums: &mut Checksums,
) -> usize {
    let start = out.len();
    let command = message.command().as_bytes();
    out.extend_from_slice(&magic);
    out.extend_from_slice(command);
    out.resize(start + HEADER_SIZE, 0);
    message.encode_payload(out);
    let payload = &out[start + HEADER_SIZE..];
    let length = payload.len();
    let checksum = checksums.of(payload);
    out[start + 16..start + 20].copy_from_slice(&(length as u32).to_le_bytes());
    out[start + 20..start + HEADER_SIZE].copy_from_slice(&checksum);
    length
}

fn checksum(payload: &[u8]) -> [u8; CHECKSUM_SIZE] {
    let hash = sha256d(payload);
    [hash[0], hash[1], hash[2], hash[3]]
}

/// Checksums, of which the last one of a small payload is kept: much of what a node hears and says is the same from and to
/// all of its peers.
#[derive(Debug, Default)]
pub(crate) struct Checksums {
    /// At most [`Checksums::SMALL`] bytes, and their checksum.
    last: Option<(Vec<u8>, [u8; CHECKSUM_SIZE])>,
}

impl Checksums {
    const SMALL: usize = 512;

    fn of(&mut self, payload: &[u8]) -> [u8; CHECKSUM_SIZE] {
        match &self.last {
            Some((last, checksum)) if last == payload => return *checksum,
            _ => {}
        }
        let checksum = checksum(payload);
        if payload.len() <= Self::SMALL {
            let (last, of_last) = self.last.get_or_insert_default();
            last.clear();
            last.extend_from_slice(payload);
            *of_last = checksum;
        }
        checksum
    }
}

/// Cuts a stream of bytes into messages.
#[derive(Clone, Debug)]
pub struct MessageDecoder {
    magic: [u8; 4],
    buffer: ReceiveBuffer,
}

impl MessageDecoder {
    /// A decoder for the network with this `magic`.
    pub const fn new(magic: [u8; 4]) -> Self {
        Self { magic, buffer: ReceiveBuffer::new() }
    }

    /// Takes bytes in. Memory grows with what has arrived, never with what a header claims.
    pub fn push(&mut self, bytes: impl Into<Vec<u8>>) {
        self.buffer.push(bytes.into());
    }

    /// How many bytes wait.
    pub const fn unread(&self) -> usize {
        self.buffer.len()
    }

    /// Bytes that the buffer occupies.
    #[cfg(test)]
    pub(crate) const fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// The next frame; none until more bytes have come. After an error the stream stays where it is: the
    /// connection is to be ended.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        self.next_frame_by(&mut Checksums::default())
    }

    /// As [`MessageDecoder::next_frame`], with the checksums of all of a node's connections.
    pub(crate) fn next_frame_by(&mut self, checksums: &mut Checksums) -> Result<Option<Frame>, FrameError> {
        let unread = self.buffer.unread();
        let Some((header, rest)) = unread.split_first_chunk::<HEADER_SIZE>() else {
            return self.check_magic(unread).map(|()| None);
        };
        self.check_magic(header)?;
        let claimed = u32::from_le_bytes([header[16], header[17], header[18], header[19]]);
        let length = claimed as usize;
        if length > MAX_PROTOCOL_MESSAGE_LENGTH {
            return Err(FrameError::Oversize(claimed));
        }
        let Some(payload) = rest.get(..length) else {
            return Ok(None);
        };
        let frame = read_frame(header, payload, checksums);
        self.buffer.consume(HEADER_SIZE + length);
        Ok(Some(frame))
    }

    /// As soon as there is a byte: a stream of another protocol ends at once.
    fn check_magic(&self, unread: &[u8]) -> Result<(), FrameError> {
        let seen = &unread[..unread.len().min(4)];
        if self.magic.starts_with(seen) {
            return Ok(());
        }
        let mut magic = [0; 4];
        magic[..seen.len()].copy_from_slice(seen);
        Err(FrameError::WrongMagic(magic))
    }
}

fn read_frame(header: &[u8; HEADER_SIZE], payload: &[u8], checksums: &mut Checksums) -> Frame {
    let mut command = [0; COMMAND_SIZE];
    command.copy_from_slice(&header[4..16]);
    let command = CommandName(command);
    if checksums.of(payload) != header[20..] {
        return Frame::BadChecksum { command, length: payload.len() };
    }
    Frame::read(command, payload)
}
