//! One connection's stream, whichever transport it speaks: bytes in and messages out, messages in and bytes out.
//!
//! Who opens a connection speaks v2 (BIP324), or v1 where it knows that the other side does. Who is connected to
//! looks at the first bytes: a v1 peer's are its `version`, a v2 peer's look random.

use super::message::{self, Checksums, Frame, HEADER_SIZE, Message, MessageDecoder};
use super::reason::DisconnectReason;
use super::receive_buffer::ReceiveBuffer;
use super::secret::Seed;
use super::v2::{V2Error, V2Transport, is_v1};
use crate::cost::Cost;
use crate::crypto::Side;
use crate::interface::{Direction, TransportProtocol};

/// How a connection begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Opening {
    /// In the clear, whatever the other side says.
    V1,
    /// Encrypted, or as the other side has it where that opened the connection; secrets are drawn from `seed`.
    V2 {
        /// The connection's own.
        seed: Seed,
    },
}

/// A part of the stream that is worked off.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Taken {
    /// The message in it; none in what belongs to the transport alone.
    pub(crate) frame: Option<Frame>,
    /// Its bytes on the wire.
    pub(crate) size: usize,
    /// What the transport spent on it.
    pub(crate) cost: Cost,
}

/// A message that was encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Bytes of its payload.
    pub(crate) length: usize,
    /// Bytes on the wire.
    pub(crate) size: usize,
}

/// The stream of one connection.
#[derive(Debug)]
pub(crate) struct Session {
    transport: Transport,
    /// What was to be sent before it could be encrypted: our `version`, for all else answers the peer's.
    held: Vec<Message>,
}

#[derive(Debug)]
enum Transport {
    V1 { magic: [u8; 4], decoder: MessageDecoder },
    Detecting { magic: [u8; 4], seed: Seed, buffer: ReceiveBuffer },
    V2(Box<V2Transport>),
}

impl Transport {
    const fn v1(magic: [u8; 4]) -> Self {
        Self::V1 { magic, decoder: MessageDecoder::new(magic) }
    }
}

impl Session {
    /// The stream of a connection that has just come up on the network with this `magic`.
    pub(crate) fn new(opening: Opening, direction: Direction, magic: [u8; 4]) -> Self {
        let transport = match (opening, direction) {
            (Opening::V1, _) => Transport::v1(magic),
            (Opening::V2 { seed }, Direction::Outbound) => {
                Transport::V2(Box::new(V2Transport::new(magic, Side::Initiator, seed)))
            }
            (Opening::V2 { seed }, Direction::Inbound) => {
                Transport::Detecting { magic, seed, buffer: ReceiveBuffer::new() }
            }
        };
        Self { transport, held: Vec::new() }
    }

    /// Takes bytes in; they are read by [`Session::take`].
    pub(crate) fn push(&mut self, bytes: Vec<u8>) {
        match &mut self.transport {
            Transport::V1 { decoder, .. } => decoder.push(bytes),
            Transport::Detecting { buffer, .. } => buffer.push(bytes),
            Transport::V2(transport) => transport.push(bytes),
        }
    }

    /// How many bytes wait.
    pub(crate) const fn unread(&self) -> usize {
        match &self.transport {
            Transport::V1 { decoder, .. } => decoder.unread(),
            Transport::Detecting { buffer, .. } => buffer.len(),
            Transport::V2(transport) => transport.unread(),
        }
    }

    /// Works off the next part of what came; none until more has come. After an error the connection is to be ended.
    pub(crate) fn take(&mut self, checksums: &mut Checksums) -> Result<Option<Taken>, DisconnectReason> {
        self.detect();
        match &mut self.transport {
            Transport::V1 { decoder, .. } => {
                let frame = decoder.next_frame_by(checksums)?;
                let size = |frame: &Frame| HEADER_SIZE + frame.length();
                Ok(frame.map(|frame| Taken { size: size(&frame), frame: Some(frame), cost: Cost::ZERO }))
            }
            Transport::Detecting { .. } => Ok(None),
            Transport::V2(transport) => transport.take().map_err(ending),
        }
    }

    /// Appends the bytes of a message to `out`, after what must be sent before it; none while nothing can be
    /// encrypted yet.
    pub(crate) fn encode(
        &mut self,
        message: &Message,
        out: &mut Vec<u8>,
        checksums: &mut Checksums,
    ) -> Option<Sent> {
        match &mut self.transport {
            Transport::V1 { magic, .. } => {
                let length = message::encode_into(*magic, message, out, checksums);
                Some(Sent { length, size: HEADER_SIZE + length })
            }
            Transport::Detecting { .. } => None,
            Transport::V2(transport) => transport.encode(message, out),
        }
    }

    /// Keeps a message that cannot be encoded yet.
    pub(crate) fn hold(&mut self, message: Message) {
        self.held.push(message);
    }

    /// What was kept and can be encoded now.
    pub(crate) fn release(&mut self) -> Vec<Message> {
        let can_send = match &self.transport {
            Transport::V1 { .. } => true,
            Transport::Detecting { .. } => false,
            Transport::V2(transport) => transport.can_send(),
        };
        if can_send { std::mem::take(&mut self.held) } else { Vec::new() }
    }

    /// Whether there is something to be sent that is no message.
    pub(crate) const fn has_output(&self) -> bool {
        matches!(&self.transport, Transport::V2(transport) if transport.has_output())
    }

    /// Appends what is to be sent and is no message.
    pub(crate) fn take_output(&mut self, out: &mut Vec<u8>) {
        if let Transport::V2(transport) = &mut self.transport {
            transport.take_output(out);
        }
    }

    /// What the two sides speak, as far as it is certain.
    pub(crate) const fn protocol(&self) -> TransportProtocol {
        match &self.transport {
            Transport::V1 { .. } => TransportProtocol::V1,
            Transport::V2(transport) if transport.session_id().is_some() => TransportProtocol::V2,
            Transport::Detecting { .. } | Transport::V2(_) => TransportProtocol::Detecting,
        }
    }

    /// What the two sides of an encrypted connection know and nobody else.
    pub(crate) const fn session_id(&self) -> Option<&[u8; 32]> {
        match &self.transport {
            Transport::V2(transport) => transport.session_id(),
            _ => None,
        }
    }

    /// Whether the other side seems to know v1 alone: it ended the connection without a word.
    pub(crate) fn should_reconnect_v1(&self) -> bool {
        matches!(&self.transport, Transport::V2(transport) if transport.should_reconnect_v1())
    }

    /// Looks at the first bytes of a peer that opened the connection.
    fn detect(&mut self) {
        let Transport::Detecting { magic, seed, buffer } = &mut self.transport else { return };
        let Some(is_v1) = is_v1(*magic, buffer.unread()) else { return };
        let bytes = buffer.take();
        self.transport = match is_v1 {
            true => Transport::v1(*magic),
            false => Transport::V2(Box::new(V2Transport::new(*magic, Side::Responder, *seed))),
        };
        self.push(bytes);
    }
}

/// Why an error of the transport ends the connection: a v1 peer of another network is named alike wherever it shows.
const fn ending(error: V2Error) -> DisconnectReason {
    match error {
        V2Error::OtherNetwork(error) => DisconnectReason::Frame(error),
        error => DisconnectReason::V2(error),
    }
}
