//! One side of an encrypted connection (BIP324; Core's `V2Transport`): bytes in, messages out, and the other way round.
//!
//! Each side sends its key and some garbage, then, as soon as it has the other's key, the terminator that ends its
//! garbage and a packet for the version of the transport, which is empty today; from then on packets with messages.

use super::message_type;
use super::packet::{EXPANSION, GARBAGE_TERMINATOR_SIZE, LENGTH_SIZE, PacketCipher, PacketError, PacketKind};
use crate::cost::Cost;
use crate::crypto::{EllSwiftPubKey, EphemeralKey, Side};
use crate::net::limits::MAX_PROTOCOL_MESSAGE_LENGTH;
use crate::net::message::{COMMAND_SIZE, FrameError, Message};
use crate::net::receive_buffer::ReceiveBuffer;
use crate::net::secret::Seed;
use crate::net::session::{Sent, Taken};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// The most bytes of garbage (Core's `MAX_GARBAGE_LEN`).
pub const MAX_GARBAGE_LEN: usize = 4_095;
/// The most bytes that a packet may contain: a message with its command written out (Core's `MAX_CONTENTS_LEN`).
pub const MAX_CONTENTS_LEN: usize = 1 + COMMAND_SIZE + MAX_PROTOCOL_MESSAGE_LENGTH;

/// What follows the magic in the first message of a v1 peer.
const VERSION_COMMAND: &[u8; COMMAND_SIZE] = b"version\0\0\0\0\0";

/// Why an encrypted connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum V2Error {
    /// A peer that speaks v1, on another network.
    #[error(transparent)]
    OtherNetwork(FrameError),
    /// The garbage does not end.
    #[error("missing garbage terminator after {MAX_GARBAGE_LEN} bytes")]
    MissingGarbageTerminator,
    /// A packet that is longer than any message.
    #[error("packet too large: {0} bytes, at most {MAX_CONTENTS_LEN} are allowed")]
    PacketTooLarge(usize),
    /// A packet that is damaged or forged.
    #[error(transparent)]
    Packet(#[from] PacketError),
}

/// What is received next.
#[derive(Debug)]
enum State {
    /// The other side's key.
    Key,
    /// Garbage up to its terminator; the first `searched` bytes that wait hold no beginning of it.
    Garbage { cipher: PacketCipher, searched: usize },
    /// Packets. The length of the next one is known once it is decrypted. `garbage` is what the first packet
    /// authenticates.
    Packets { cipher: PacketCipher, length: Option<usize>, garbage: Vec<u8>, stage: Stage },
    /// Nothing more, after an error.
    Failed,
}

/// What packets mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The first genuine one is for the version of the transport.
    Version,
    /// They are messages.
    Messages,
}

/// What this side says of itself before anything is encrypted.
#[derive(Debug)]
struct Introduction {
    key: EphemeralKey,
    /// At most [`MAX_GARBAGE_LEN`] bytes.
    garbage: Vec<u8>,
}

impl Introduction {
    fn draw(rng: &mut ChaCha20Rng) -> Self {
        let key = EphemeralKey::generate(rng);
        let mut garbage = vec![0; rng.next_u32() as usize % (MAX_GARBAGE_LEN + 1)];
        rng.fill_bytes(&mut garbage);
        Self { key, garbage }
    }

    fn send(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.key.public().as_bytes());
        out.extend_from_slice(&self.garbage);
    }
}

/// One side of an encrypted connection.
#[derive(Debug)]
pub(crate) struct V2Transport {
    magic: [u8; 4],
    side: Side,
    /// What this side's key and garbage are drawn from; none once they are.
    seed: Option<Seed>,
    /// What this side has sent of itself; none before, and none once the ciphers are there.
    introduction: Option<Introduction>,
    state: State,
    buffer: ReceiveBuffer,
    /// What is to be sent before any message.
    output: Vec<u8>,
}

impl V2Transport {
    /// A side whose secrets are drawn from `seed`. The initiator speaks first; the responder spends nothing on a peer
    /// before it has its key.
    pub(crate) fn new(magic: [u8; 4], side: Side, seed: Seed) -> Self {
        let mut transport = Self {
            magic,
            side,
            seed: Some(seed),
            introduction: None,
            state: State::Key,
            buffer: ReceiveBuffer::new(),
            output: Vec::new(),
        };
        if side == Side::Initiator {
            transport.open();
        }
        transport
    }

    pub(crate) fn push(&mut self, bytes: Vec<u8>) {
        self.buffer.push(bytes);
    }

    pub(crate) const fn unread(&self) -> usize {
        self.buffer.len()
    }

    /// Whether messages can be encrypted.
    pub(crate) const fn can_send(&self) -> bool {
        matches!(self.state, State::Garbage { .. } | State::Packets { .. })
    }

    /// What both sides know and nobody else, once the other side has proved that it does (Core's `GetInfo`).
    pub(crate) const fn session_id(&self) -> Option<&[u8; 32]> {
        match &self.state {
            State::Packets { cipher, stage: Stage::Messages, .. } => Some(cipher.session_id()),
            _ => None,
        }
    }

    /// Whether the other side has said nothing at all, as one does that knows v1 alone and was sent something else
    /// (Core's `ShouldReconnectV1`).
    pub(crate) fn should_reconnect_v1(&self) -> bool {
        let heard_nothing = matches!(self.state, State::Key) && self.buffer.len() == 0;
        self.side == Side::Initiator && heard_nothing && self.output.is_empty()
    }

    /// Whether there is something to be sent that is no message.
    pub(crate) const fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// Appends what is to be sent before any message.
    pub(crate) fn take_output(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.output);
    }

    /// Appends a message as a packet; none if there are no ciphers yet.
    pub(crate) fn encode(&mut self, message: &Message, out: &mut Vec<u8>) -> Option<Sent> {
        let (State::Garbage { cipher, .. } | State::Packets { cipher, .. }) = &mut self.state else {
            return None;
        };
        out.append(&mut self.output);
        let start = out.len();
        let mut length = 0;
        cipher.encrypt(PacketKind::Genuine, &[], out, |out| {
            message_type::write(message.command(), out);
            let payload = out.len();
            message.encode_payload(out);
            length = out.len() - payload;
        });
        Some(Sent { length, size: out.len() - start })
    }

    /// Works off the next part of what came; none until more has come. After an error the connection is to be ended.
    pub(crate) fn take(&mut self) -> Result<Option<Taken>, V2Error> {
        let taken = match self.state {
            State::Key => self.take_key(),
            State::Garbage { .. } => self.take_garbage(),
            State::Packets { .. } => self.take_packet(),
            State::Failed => Ok(None),
        };
        taken.inspect_err(|_| self.state = State::Failed)
    }

    /// Introduces this side, once.
    fn open(&mut self) {
        let Some(Seed(seed)) = self.seed.take() else { return };
        let introduction = Introduction::draw(&mut ChaCha20Rng::from_seed(seed));
        introduction.send(&mut self.output);
        self.introduction = Some(introduction);
    }

    fn take_key(&mut self) -> Result<Option<Taken>, V2Error> {
        self.check_network()?;
        let Some(theirs) = self.buffer.unread().first_chunk::<{ EllSwiftPubKey::SIZE }>() else {
            return Ok(None);
        };
        let theirs = EllSwiftPubKey::from_bytes(*theirs);
        self.buffer.consume(EllSwiftPubKey::SIZE);
        self.open();
        let introduction = self.introduction.take().expect("it was opened");
        let secret = introduction.key.shared_secret(&theirs, self.side);
        let mut cipher = PacketCipher::new(&secret, self.magic, self.side);
        self.output.extend_from_slice(cipher.send_terminator());
        cipher.encrypt(PacketKind::Genuine, &introduction.garbage, &mut self.output, |_| {});
        self.state = State::Garbage { cipher, searched: 0 };
        Ok(Some(Taken { frame: None, size: EllSwiftPubKey::SIZE, cost: Cost::KEY_EXCHANGE }))
    }

    /// A `version` of v1 that got here has another network's magic: it is told apart from a key at once.
    fn check_network(&self) -> Result<(), V2Error> {
        let bytes = self.buffer.unread();
        match bytes.split_first_chunk::<4>() {
            Some((magic, rest)) if self.side == Side::Responder && rest.starts_with(VERSION_COMMAND) => {
                Err(V2Error::OtherNetwork(FrameError::WrongMagic(*magic)))
            }
            _ => Ok(()),
        }
    }

    fn take_garbage(&mut self) -> Result<Option<Taken>, V2Error> {
        let State::Garbage { cipher, searched } = &mut self.state else { return Ok(None) };
        let unread = self.buffer.unread();
        let window = &unread[..unread.len().min(MAX_GARBAGE_LEN + GARBAGE_TERMINATOR_SIZE)];
        let ends = window[*searched..].windows(GARBAGE_TERMINATOR_SIZE);
        let Some(found) = ends.into_iter().position(|end| end == cipher.receive_terminator()) else {
            if window.len() == MAX_GARBAGE_LEN + GARBAGE_TERMINATOR_SIZE {
                return Err(V2Error::MissingGarbageTerminator);
            }
            *searched = (window.len() + 1).saturating_sub(GARBAGE_TERMINATOR_SIZE).max(*searched);
            return Ok(None);
        };
        let end = *searched + found;
        let garbage = window[..end].to_vec();
        let size = end + GARBAGE_TERMINATOR_SIZE;
        self.buffer.consume(size);
        if let State::Garbage { cipher, .. } = std::mem::replace(&mut self.state, State::Failed) {
            self.state = State::Packets { cipher, length: None, garbage, stage: Stage::Version };
        }
        Ok(Some(Taken { frame: None, size, cost: Cost(1) + Cost::of_bytes(size) }))
    }

    fn take_packet(&mut self) -> Result<Option<Taken>, V2Error> {
        let State::Packets { cipher, length, garbage, stage } = &mut self.state else { return Ok(None) };
        let contents = match *length {
            Some(contents) => contents,
            None => {
                let Some(bytes) = self.buffer.unread().first_chunk::<LENGTH_SIZE>() else {
                    return Ok(None);
                };
                let contents = cipher.decrypt_length(*bytes);
                if contents > MAX_CONTENTS_LEN {
                    return Err(V2Error::PacketTooLarge(contents));
                }
                *length.insert(contents)
            }
        };
        let size = contents + EXPANSION;
        let Some(packet) = self.buffer.unread_mut().get_mut(LENGTH_SIZE..size) else { return Ok(None) };
        let aad = std::mem::take(garbage);
        let (kind, contents) = cipher.decrypt(&aad, packet)?;
        let frame = match (kind, *stage) {
            (PacketKind::Decoy, _) => None,
            // What a later version of the transport says there is passed over.
            (PacketKind::Genuine, Stage::Version) => {
                *stage = Stage::Messages;
                None
            }
            (PacketKind::Genuine, Stage::Messages) => Some(message_type::read(contents)),
        };
        *length = None;
        self.buffer.consume(size);
        Ok(Some(Taken { frame, size, cost: Cost(1) + Cost::of_bytes(size) }))
    }
}

/// Whether a stream that begins like this is a v1 peer's on the network with this `magic`: none while it may be.
pub(crate) fn is_v1(magic: [u8; 4], bytes: &[u8]) -> Option<bool> {
    let mut prefix = [0; 4 + COMMAND_SIZE];
    prefix[..4].copy_from_slice(&magic);
    prefix[4..].copy_from_slice(VERSION_COMMAND);
    let seen = &bytes[..bytes.len().min(prefix.len())];
    if !prefix.starts_with(seen) {
        return Some(false);
    }
    (seen.len() == prefix.len()).then_some(true)
}
