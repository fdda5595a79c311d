//! What an endpoint hands to its host.

use std::fmt;
use std::ops::Deref;

use crate::frame::DATA_HEADER_LEN;
use crate::{Address, CloseReason, SessionId};

/// Received bytes, kept in the frame that carried them so that they need not be copied.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(pub(crate) Vec<u8>);

impl Payload {
    /// The bytes as a vector of their own (moves them to its start).
    pub fn into_vec(mut self) -> Vec<u8> {
        self.0.drain(..DATA_HEADER_LEN);
        self.0
    }
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0[DATA_HEADER_LEN..]
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.len())
    }
}

/// What the host must do, or should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Post `frame` on the channel of `to`.
    Transmit {
        /// The receiver.
        to: Address,
        /// A whole frame.
        frame: Vec<u8>,
    },
    /// A session that this end opened was accepted.
    Opened {
        /// The id that [`crate::Endpoint::open`] returned.
        session: SessionId,
    },
    /// A session that another end opened is there.
    Accepted {
        /// Its new id.
        session: SessionId,
        /// Who opened it.
        from: Address,
    },
    /// The next bytes of a session's stream. The host calls [`crate::Endpoint::consume`] when it is done with them.
    Data {
        /// Whose stream.
        session: SessionId,
        /// One byte at least.
        bytes: Payload,
    },
    /// There is room again after [`crate::Endpoint::send`] took less than it was given.
    Writable {
        /// Whose queue.
        session: SessionId,
    },
    /// A session has ended, other than by [`crate::Endpoint::close`] or `finish`; nothing about it follows.
    Closed {
        /// Which one.
        session: SessionId,
        /// Why.
        reason: CloseReason,
    },
}
