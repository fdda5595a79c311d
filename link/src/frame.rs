//! The wire format of frames and its strict codec. A frame that decodes is well formed; whether it makes sense
//! now is for the endpoint to say.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0 | 1 | version, 1 |
//! | 1 | 1 | kind |
//! | 2 | 1 | role of the sender in the session: 0 opener, 1 acceptor |
//! | 3 | 6 | address of the sender: four octets, port big-endian |
//! | 9 | 6 | address of the receiver |
//! | 15 | 8 | the opener's id of the session, not 0 |
//! | 23 | 8 | the acceptor's id of the session; 0 where the opener cannot know it, or there is none |
//! | 31 | | body by kind |
//!
//! Bodies: open (1) and accept (2): credit u64. data (3): sequence u32, then 1 to 262,144 bytes. credit (4):
//! offset u64. probe (5): sequence u32. close (6): reason u8. Integers are little-endian except ports.

use crate::Address;

/// Bytes before the body.
pub(crate) const HEADER_LEN: usize = 31;
/// Bytes before the payload of a data frame.
pub(crate) const DATA_HEADER_LEN: usize = HEADER_LEN + 4;
/// The most bytes that one data frame carries.
pub const MAX_PAYLOAD_LEN: usize = 256 * 1024;
/// The longest frame there is; a host may refuse anything longer before it copies it.
pub const MAX_FRAME_LEN: usize = DATA_HEADER_LEN + MAX_PAYLOAD_LEN;

const VERSION: u8 = 1;
const OPEN: u8 = 1;
const ACCEPT: u8 = 2;
const DATA: u8 = 3;
const CREDIT: u8 = 4;
const PROBE: u8 = 5;
const CLOSE: u8 = 6;

/// Which end of a session sent a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The end that asked for the session.
    Opener,
    /// The end that was asked.
    Acceptor,
}

impl Role {
    /// The role of the other end.
    pub fn other(self) -> Self {
        match self {
            Self::Opener => Self::Acceptor,
            Self::Acceptor => Self::Opener,
        }
    }
}

/// Why a session ended or was never accepted. The discriminant is the wire value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[repr(u8)]
pub enum CloseReason {
    /// The other end closed it on purpose.
    #[error("closed by the other end")]
    Closed = 0,
    /// The other end has as many sessions as it takes.
    #[error("refused: no room for another session")]
    Full = 1,
    /// The other end accepts no sessions at present.
    #[error("refused: not listening")]
    NotListening = 2,
    /// The link is cut.
    #[error("the link is cut")]
    Cut = 3,
    /// A frame came for a session that the other end does not have.
    #[error("the other end does not know the session")]
    UnknownSession = 4,
    /// Data was lost on the way.
    #[error("a frame was lost on the way")]
    Gap = 5,
    /// More data came than was granted.
    #[error("the sender exceeded its credit")]
    CreditExceeded = 6,
    /// Data came before the session was accepted.
    #[error("data came before the session was accepted")]
    NotAccepted = 7,
    /// Nobody answered the open in time.
    #[error("no answer")]
    Timeout = 8,
    /// The host knows from elsewhere that the other end is gone.
    #[error("the other end is gone")]
    Gone = 9,
}

impl CloseReason {
    const ALL: [Self; 10] = [
        Self::Closed,
        Self::Full,
        Self::NotListening,
        Self::Cut,
        Self::UnknownSession,
        Self::Gap,
        Self::CreditExceeded,
        Self::NotAccepted,
        Self::Timeout,
        Self::Gone,
    ];

    fn from_wire(byte: u8) -> Result<Self, FrameError> {
        Self::ALL.get(usize::from(byte)).copied().ok_or(FrameError::Reason(byte))
    }
}

/// What every frame starts with: enough to route it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The sender's role in the session.
    pub role: Role,
    /// The sender's address.
    pub from: Address,
    /// The receiver's address.
    pub to: Address,
    /// The id that the opener gave the session; not 0.
    pub opener: u64,
    /// The id that the acceptor gave the session, or 0 in an open, a refusal, and the close of an open that
    /// was never answered.
    pub acceptor: u64,
}

/// The part of a frame that its kind decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// Asks for a session.
    Open {
        /// How many bytes the acceptor may send before it is granted more.
        credit: u64,
    },
    /// Grants a session.
    Accept {
        /// How many bytes the opener may send before it is granted more.
        credit: u64,
    },
    /// A piece of the stream.
    Data {
        /// Counts the data frames of one direction from 0, wrapping.
        sequence: u32,
        /// 1 to [`MAX_PAYLOAD_LEN`] bytes.
        payload: &'a [u8],
    },
    /// Moves the limit up to which the receiver of this frame may send.
    Credit {
        /// Bytes since the start of the stream; it never shrinks.
        offset: u64,
    },
    /// Sent by an end that waits for credit; answered with the present credit.
    Probe {
        /// The sequence number that the sender's next data frame will have.
        sequence: u32,
    },
    /// Ends the session, or refuses it.
    Close {
        /// Why.
        reason: CloseReason,
    },
}

/// One frame, its payload borrowed from the bytes it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Addresses and session.
    pub header: Header,
    /// The rest.
    pub body: Body<'a>,
}

/// Which rule a frame breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Shorter than its kind, or longer.
    #[error("frame of {0} bytes has the wrong length for its kind")]
    Length(usize),
    /// Not version 1.
    #[error("frame version {0} is not 1")]
    Version(u8),
    /// No such kind.
    #[error("frame kind {0} is unknown")]
    Kind(u8),
    /// Neither opener nor acceptor, or the wrong one for the kind.
    #[error("role {0} cannot send this kind of frame")]
    Role(u8),
    /// Port 0, or a frame from an address to itself.
    #[error("frame address is port 0 or its own destination")]
    Address,
    /// A session id is missing, or there is one where there can be none.
    #[error("session id does not fit the kind of frame")]
    Session,
    /// No such close reason.
    #[error("close reason {0} is unknown")]
    Reason(u8),
}

impl Header {
    /// Reads the header alone, as a relay does to route a frame.
    ///
    /// # Errors
    /// Every rule of the header; those of the body are not looked at.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        let (&[version, kind, role, ref rest @ ..], _) =
            bytes.split_first_chunk::<HEADER_LEN>().ok_or(FrameError::Length(bytes.len()))?;
        if version != VERSION {
            return Err(FrameError::Version(version));
        }
        if !(OPEN..=CLOSE).contains(&kind) {
            return Err(FrameError::Kind(kind));
        }
        let role = match role {
            0 => Role::Opener,
            1 => Role::Acceptor,
            other => return Err(FrameError::Role(other)),
        };
        let (from, rest) = split::<{ Address::LEN }>(rest)?;
        let (to, rest) = split::<{ Address::LEN }>(rest)?;
        let (opener, rest) = split::<8>(rest)?;
        let (acceptor, _) = split::<8>(rest)?;
        let header = Self {
            role,
            from: Address::from_bytes(from),
            to: Address::from_bytes(to),
            opener: u64::from_le_bytes(opener),
            acceptor: u64::from_le_bytes(acceptor),
        };
        header.check(kind)?;
        Ok(header)
    }

    /// The rules between the fields of a header and the kind of its frame.
    fn check(&self, kind: u8) -> Result<(), FrameError> {
        if self.from.port == 0 || self.to.port == 0 || self.from == self.to {
            return Err(FrameError::Address);
        }
        let role_allowed = match kind {
            OPEN => self.role == Role::Opener,
            ACCEPT => self.role == Role::Acceptor,
            _ => true,
        };
        if !role_allowed {
            return Err(FrameError::Role(self.role as u8));
        }
        let acceptor_allowed = match kind {
            OPEN => self.acceptor == 0,
            CLOSE => true,
            _ => self.acceptor != 0,
        };
        if self.opener == 0 || !acceptor_allowed { Err(FrameError::Session) } else { Ok(()) }
    }

    /// Writes the header of a frame of `kind` over the first [`HEADER_LEN`] bytes of `frame`.
    fn write(&self, kind: u8, frame: &mut [u8]) {
        frame[0] = VERSION;
        frame[1] = kind;
        frame[2] = self.role as u8;
        frame[3..9].copy_from_slice(&self.from.to_bytes());
        frame[9..15].copy_from_slice(&self.to.to_bytes());
        frame[15..23].copy_from_slice(&self.opener.to_le_bytes());
        frame[23..31].copy_from_slice(&self.acceptor.to_le_bytes());
    }

    /// Completes a data frame whose payload already stands behind [`DATA_HEADER_LEN`] bytes of room, so that
    /// a payload is copied once.
    pub(crate) fn write_data(&self, sequence: u32, frame: &mut [u8]) {
        self.write(DATA, frame);
        frame[HEADER_LEN..DATA_HEADER_LEN].copy_from_slice(&sequence.to_le_bytes());
    }
}

impl<'a> Frame<'a> {
    /// Reads a whole frame. It allocates nothing and panics on no input.
    ///
    /// # Errors
    /// The first rule that the bytes break.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let header = Header::decode(bytes)?;
        let wrong_length = FrameError::Length(bytes.len());
        let body = &bytes[HEADER_LEN..];
        let long = || body.try_into().map(u64::from_le_bytes).map_err(|_| wrong_length);
        let body = match bytes[1] {
            OPEN => Body::Open { credit: long()? },
            ACCEPT => Body::Accept { credit: long()? },
            CREDIT => Body::Credit { offset: long()? },
            PROBE => {
                Body::Probe { sequence: body.try_into().map(u32::from_le_bytes).map_err(|_| wrong_length)? }
            }
            DATA => {
                let (sequence, payload) = body.split_first_chunk().ok_or(wrong_length)?;
                if payload.is_empty() || payload.len() > MAX_PAYLOAD_LEN {
                    return Err(wrong_length);
                }
                Body::Data { sequence: u32::from_le_bytes(*sequence), payload }
            }
            CLOSE => match body {
                &[reason] => Body::Close { reason: CloseReason::from_wire(reason)? },
                _ => return Err(wrong_length),
            },
            kind => return Err(FrameError::Kind(kind)),
        };
        Ok(Self { header, body })
    }

    /// Writes the frame.
    pub fn encode(&self) -> Vec<u8> {
        let (kind, fixed): (u8, &[u8]) = match &self.body {
            Body::Open { credit } => (OPEN, &credit.to_le_bytes()),
            Body::Accept { credit } => (ACCEPT, &credit.to_le_bytes()),
            Body::Credit { offset } => (CREDIT, &offset.to_le_bytes()),
            Body::Probe { sequence } => (PROBE, &sequence.to_le_bytes()),
            Body::Data { sequence, .. } => (DATA, &sequence.to_le_bytes()),
            Body::Close { reason } => (CLOSE, &[*reason as u8]),
        };
        let payload = if let Body::Data { payload, .. } = self.body { payload } else { &[] };
        let mut frame = Vec::with_capacity(HEADER_LEN + fixed.len() + payload.len());
        frame.resize(HEADER_LEN, 0);
        self.header.write(kind, &mut frame);
        frame.extend_from_slice(fixed);
        frame.extend_from_slice(payload);
        frame
    }
}

fn split<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), FrameError> {
    bytes.split_first_chunk().map(|(first, rest)| (*first, rest)).ok_or(FrameError::Length(bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        role: Role::Acceptor,
        from: Address::loopback(3000),
        to: Address { ip: [10, 1, 2, 3], port: 3001 },
        opener: 0x0807_0605_0403_0201,
        acceptor: 9,
    };

    #[test]
    fn the_layout_is_the_table_at_the_head() {
        let frame = Frame { header: HEADER, body: Body::Data { sequence: 0x0403_0201, payload: b"hi" } };
        let expected = [
            1, 3, 1, 127, 0, 0, 1, 0x0b, 0xb8, 10, 1, 2, 3, 0x0b, 0xb9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0,
            0, 0, 0, 0, 1, 2, 3, 4, b'h', b'i',
        ];
        assert_eq!(frame.encode(), expected);
        assert_eq!(Frame::decode(&expected), Ok(frame));
    }

    #[test]
    fn every_kind_reads_back_what_it_wrote() {
        let open = Header { role: Role::Opener, acceptor: 0, ..HEADER };
        let mut frames = vec![
            Frame { header: open, body: Body::Open { credit: 5 } },
            Frame { header: HEADER, body: Body::Accept { credit: u64::MAX } },
            Frame { header: HEADER, body: Body::Credit { offset: 7 } },
            Frame { header: HEADER, body: Body::Probe { sequence: u32::MAX } },
        ];
        frames.extend(CloseReason::ALL.map(|reason| Frame { header: open, body: Body::Close { reason } }));
        for frame in frames {
            assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
        }
    }

    #[test]
    fn each_rule_is_named_by_its_error() {
        let good = Frame { header: HEADER, body: Body::Close { reason: CloseReason::Gap } }.encode();
        let spoilt = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[at] = value;
            Frame::decode(&bytes).map(|_| ())
        };
        assert_eq!(Frame::decode(&good[..20]), Err(FrameError::Length(20)));
        assert_eq!(Frame::decode(&good[..HEADER_LEN]), Err(FrameError::Length(HEADER_LEN)));
        assert_eq!(spoilt(0, 2), Err(FrameError::Version(2)));
        assert_eq!(spoilt(1, 0), Err(FrameError::Kind(0)));
        assert_eq!(spoilt(1, 7), Err(FrameError::Kind(7)));
        assert_eq!(spoilt(2, 2), Err(FrameError::Role(2)));
        assert_eq!(spoilt(1, OPEN), Err(FrameError::Role(1)));
        assert_eq!(spoilt(HEADER_LEN, 10), Err(FrameError::Reason(10)));
        let header = Header { from: HEADER.to, ..HEADER };
        let looped = Frame { header, body: Body::Credit { offset: 1 } }.encode();
        assert_eq!(Frame::decode(&looped), Err(FrameError::Address));
        let header = Header { opener: 0, ..HEADER };
        let nameless = Frame { header, body: Body::Credit { offset: 1 } }.encode();
        assert_eq!(Frame::decode(&nameless), Err(FrameError::Session));
    }

    #[test]
    fn data_is_neither_empty_nor_longer_than_the_limit() {
        let of_length = |len: usize| {
            let payload = vec![0; len];
            let bytes =
                Frame { header: HEADER, body: Body::Data { sequence: 0, payload: &payload } }.encode();
            Frame::decode(&bytes).map(|_| ())
        };
        assert_eq!(of_length(0), Err(FrameError::Length(DATA_HEADER_LEN)));
        assert_eq!(of_length(MAX_PAYLOAD_LEN), Ok(()));
        assert_eq!(of_length(MAX_PAYLOAD_LEN + 1), Err(FrameError::Length(MAX_FRAME_LEN + 1)));
    }
}
