//! How a node's bytes reach other nodes: the trait that carries ordered byte streams between socket addresses, the
//! translation between streams and a node's peers, the transport in memory, and the contract suite that every transport
//! passes. Knows nothing of channels, frames or sockets; those are an implementation's.
//!
//! A host with several transports chooses by address: each refuses what it does not reach, and since
//! [`Transport::Session`] is an implementation's own type, an enum over two transports is a transport.

mod connections;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod memory;

pub use connections::Connections;
pub use memory::{MemoryNetwork, MemorySession, MemoryTransport};

use crate::time::Mono;
use std::fmt;
use std::net::SocketAddr;

/// Sessions with other addresses, each a pair of ordered byte streams that can end. Sans-IO: calls take effect at once,
/// [`Transport::poll`] says what happened. What comes in from outside goes in by an implementation's own door. An
/// implementation passes the contract suite (feature `contract`).
pub trait Transport {
    /// Names a session at its own end; one transport never uses a name twice. It is a number that ascends with it: a
    /// transport does best to count.
    type Session: Copy + Ord + Into<u64> + fmt::Debug;

    /// Lets others open sessions. A new transport does not.
    fn listen(&mut self);

    /// Refuses sessions that others open from now on; those that are open stay.
    fn stop_listening(&mut self);

    /// Asks for a session; [`TransportEvent::Opened`] or [`TransportEvent::Closed`] follows.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing follows.
    fn open(&mut self, now: Now, to: SocketAddr) -> Result<Self::Session, OpenError>;

    /// Takes all of `bytes`, to be sent as fast as the other end works them off.
    ///
    /// # Errors
    /// See [`SendError`].
    fn send(&mut self, now: Now, session: Self::Session, bytes: &[u8]) -> Result<(), SendError>;

    /// Bytes of a session that have not left yet; 0 if it has ended.
    fn unsent(&self, session: Self::Session) -> usize;

    /// Says that so many received bytes are worked off: the other end may send as many more.
    fn consume(&mut self, session: Self::Session, bytes: usize);

    /// Ends a session after what was sent, though a transport need not wait for ever for an end that takes nothing. Who
    /// finishes a session hears nothing more of it.
    fn finish(&mut self, session: Self::Session);

    /// Ends a session at once; what has not left is dropped. Who closes a session hears nothing more of it but what had
    /// already come.
    fn close(&mut self, session: Self::Session);

    /// Does what is due.
    fn tick(&mut self, now: Now);

    /// When to tick though nothing happens; ask again after each call and poll.
    fn next_wakeup(&self) -> Wakeup;

    /// The next thing that happened; bytes leave on the way.
    fn poll(&mut self, now: Now) -> Option<TransportEvent<Self::Session>>;
}

/// Something happened to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportEvent<S> {
    /// A session that this end opened was accepted.
    Opened {
        /// What [`Transport::open`] returned.
        session: S,
    },
    /// Another address opened a session.
    Accepted {
        /// Its new name.
        session: S,
        /// Who opened it.
        from: SocketAddr,
    },
    /// The next bytes of a session; [`Transport::consume`] follows when they are worked off.
    Data {
        /// Whose.
        session: S,
        /// One byte at least.
        bytes: Vec<u8>,
    },
    /// A session ended, other than by this end's will, or was refused; nothing of it follows.
    Closed {
        /// Which.
        session: S,
        /// Why, for the log.
        reason: String,
    },
}

/// The time on the clocks that transports live by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Sessions live by the real clock, so that a pause of the lab breaks none.
    pub real: Mono,
    /// What a link is like (latency, bandwidth) is the lab's.
    pub lab: Mono,
}

impl Now {
    /// Where the lab runs in real time.
    pub const fn both(time: Mono) -> Self {
        Self { real: time, lab: time }
    }
}

/// When a transport wants a tick, on each clock; none if never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wakeup {
    /// On the real clock.
    pub real: Option<Mono>,
    /// On the lab's.
    pub lab: Option<Mono>,
}

impl Wakeup {
    /// The earlier of the two, where the lab runs in real time.
    pub fn earliest(self) -> Option<Mono> {
        [self.real, self.lab].into_iter().flatten().min()
    }
}

/// Why no session can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The address is the transport's own, is nobody's, or lies where this transport does not reach.
    #[error("{0} cannot be reached from here")]
    Unreachable(SocketAddr),
    /// The link is cut.
    #[error("the link to {0} is cut")]
    Cut(SocketAddr),
    /// This end has as many sessions as it may.
    #[error("too many sessions")]
    TooManySessions,
}

/// Why bytes were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no such session any more; if that is news, [`TransportEvent::Closed`] is on its way.
    #[error("the session has ended")]
    Ended,
    /// The other end is so far behind that not all bytes were taken: the stream has a hole, close the session.
    #[error("too many bytes wait to be sent to it")]
    Full,
}
