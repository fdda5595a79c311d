//! What a browser and a relay say to each other beside the sessions' frames: making and joining a room, who is there,
//! what time it is. Sans-IO and free of Bitcoin: the relay and the page share it.
//!
//! One message is one binary WebSocket message. Its first byte is its kind; integers are little-endian; a text is a
//! u16 length and UTF-8; bytes are a u32 length and themselves; an optional value is a byte 0, or 1 and the value; a
//! list is a u16 count and its items; a node is a port u16 and a network, a text of at most 100 bytes.
//!
//! | kind | from | message | body |
//! | --- | --- | --- | --- |
//! | 0 | both | frame | a session frame (`Frame`), whose sender's address the relay checks |
//! | 1 | browser | create | version u16, page u64, by hand u8, block time u16, name text |
//! | 2 | browser | join | version u16, page u64, code 6, optional pass 20, optional token 16, name text |
//! | 3 | browser | nodes | list of nodes: all that it runs now |
//! | 4 | browser | share | bytes: the room's chain, from the teacher alone |
//! | 5 | browser | set | settings: mining u8, kH/s u16, locked u8; from the teacher alone |
//! | 6 | browser | remove | address 4; from the teacher alone |
//! | 7 | browser | signal | address 4 of the receiver, bytes: see `signal` |
//! | 129 | relay | welcome | version u16, code 6, pass 20, optional token 16, time u64, by hand u8, list of texts |
//! | 130 | relay | refused | reason u8 |
//! | 131 | relay | member | address 4, teacher u8, name text, list of nodes |
//! | 132 | relay | gone | address 4 |
//! | 133 | relay | time | milliseconds since 1970: the room's u64, stands u8, the relay's u64 |
//! | 134 | relay | chain | bytes |
//! | 135 | relay | end | reason u8; the connection closes after it |
//! | 136 | relay | settings | as in set |
//! | 137 | relay | signal | address 4 of the sender, bytes |
//! | 138 | relay | stun | list of texts |
//!
//! What a class adds to them, kinds 12 to 26 and 142 to 156, is in `class`.
//!
//! The first message of a connection is create or join, and the relay answers it by welcome or refused. A pass is the
//! address that the relay gave the browser (four octets) and a proof of 16 bytes that it did: who shows it again gets the
//! same address again. A page's number tells two tabs of one browser, which share a pass, from one tab that comes back.

mod class;
mod code;
mod name;
mod signal;
#[cfg(test)]
mod tests;
mod wire;

pub use class::{
    BLOCK_TIME, Beginning, ClassNews, ClassWish, Label, Lesson, MAX_ADDRESSES, MAX_BLOCK_TIME, MAX_CLASS_KHS,
    MAX_FIELD, MAX_REPORT, MAX_ROSTER, MAX_SCENARIO, MAX_TEAMS, RosterLine, Team,
};
pub use code::{CODE_LEN, CodeError, RoomCode};
pub use name::{MAX_NAME_CHARS, clean_name};
pub use signal::{MAX_SIGNAL, NoReason, Signal, SignalBody};

use std::fmt;
use wire::{Reader, Wire};

/// The version of these messages. Who speaks another is refused, and told so.
pub const ROOM_VERSION: u16 = 2;
/// The kind of a message that carries a session frame.
pub const FRAME: u8 = 0;
/// The longest text in a message, in bytes.
pub const MAX_TEXT: usize = 200;
/// The longest network in a node's entry, in bytes.
pub const MAX_NETWORK: usize = 100;
/// The most nodes that one browser announces.
pub const MAX_NODES: usize = 64;
/// The fastest that a room's nodes are set to mine, in thousands of hashes a second.
pub const MAX_KHS: u16 = 32;
/// The longest chain that a room keeps, in bytes: a first block and a few after it.
pub const MAX_CHAIN: usize = 64 * 1024;
/// The longest message that is no frame: a chain with its head.
pub const MAX_MESSAGE: usize = MAX_CHAIN + 16;

/// How the addresses of gateways begin, which stand for nodes outside of the room; no browser's does.
pub const GATEWAYS: [u8; 2] = [10, 255];

/// A number that nobody guesses: what makes a pass or a teacher. Never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(pub [u8; 16]);

impl Secret {
    /// As hex digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Of 32 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 32 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// An address with the proof that the relay gave it to this browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// On the room's network, 10.x.y.z.
    pub address: [u8; 4],
    /// What only the relay can make.
    pub proof: Secret,
}

/// A node as its browser announces it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeEntry {
    /// Its port, which is its id.
    pub port: u16,
    /// Which network it is on; nodes of one network call it alike.
    pub network: String,
}

/// What the teacher decides for the whole room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether the browsers' nodes mine.
    pub mining: bool,
    /// How fast each of them, in thousands of hashes a second; 1 to [`MAX_KHS`].
    pub khs: u16,
    /// Whether nobody new is let in; who has been there comes back all the same.
    pub locked: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { mining: false, khs: 10, locked: false }
    }
}

/// Browser to relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToRelay {
    /// Makes a room and joins it as its teacher.
    Create {
        /// The sender's [`ROOM_VERSION`].
        version: u16,
        /// Tells tabs of one browser apart.
        page: u64,
        /// Whether its chain is made by hand, or is of the classroom network.
        by_hand: bool,
        /// The seconds between blocks that are wanted, 1 to [`MAX_BLOCK_TIME`]; of no meaning for a chain made by hand.
        block_time: u16,
        /// What others call the sender.
        name: String,
    },
    /// Joins a room.
    Join {
        /// The sender's [`ROOM_VERSION`].
        version: u16,
        /// Tells tabs of one browser apart.
        page: u64,
        /// Which room.
        code: RoomCode,
        /// What an earlier welcome to this room brought.
        pass: Option<Pass>,
        /// Of the room's teacher.
        token: Option<Secret>,
        /// What others call the sender.
        name: String,
    },
    /// Which nodes the sender runs, in place of the last list; at most [`MAX_NODES`].
    Nodes(Vec<NodeEntry>),
    /// The chain that the room's nodes begin with, at most [`MAX_CHAIN`] bytes; nothing that a relay understands.
    Share(Vec<u8>),
    /// What the teacher decides from now on.
    Set(Settings),
    /// Sends a browser away. It may come again as somebody new, if the room is not locked.
    Remove([u8; 4]),
    /// Something for another browser of the room that is no frame.
    Signal {
        /// Who is to have it.
        to: [u8; 4],
        /// A [`Signal`], at most [`MAX_SIGNAL`] bytes; nothing that a relay understands.
        signal: Vec<u8>,
    },
    /// Of the class.
    Class(ClassWish),
}

/// Relay to browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToBrowser {
    /// The sender of create or join is in the room.
    Welcome {
        /// The relay's [`ROOM_VERSION`].
        version: u16,
        /// The room.
        code: RoomCode,
        /// Its address, and how to get it again.
        pass: Pass,
        /// Of the teacher, to the teacher alone.
        token: Option<Secret>,
        /// The room's time, in milliseconds since 1970.
        unix_ms: u64,
        /// Whether the room's chain is made by hand.
        by_hand: bool,
        /// Under which addresses the page is served to others.
        urls: Vec<String>,
    },
    /// It is not.
    Refused(Refusal),
    /// Who is in the room, or what changed about one who is.
    Member {
        /// Its address.
        address: [u8; 4],
        /// Whether it has the teacher's token.
        teacher: bool,
        /// What it is called.
        name: String,
        /// The nodes that it runs.
        nodes: Vec<NodeEntry>,
    },
    /// A member has left.
    Gone([u8; 4]),
    /// What time it is, in milliseconds since 1970.
    Time {
        /// The room's time, by which blocks are dated.
        room_ms: u64,
        /// Whether that stands still.
        stands: bool,
        /// What the relay's clock shows.
        relay_ms: u64,
    },
    /// The chain that the room's nodes begin with.
    Chain(Vec<u8>),
    /// The relay closes this connection.
    End(End),
    /// What the teacher decides for all.
    Settings(Settings),
    /// Something from another browser of the room that is no frame.
    Signal {
        /// Who sent it, by the relay's word.
        from: [u8; 4],
        /// A [`Signal`], at most [`MAX_SIGNAL`] bytes.
        signal: Vec<u8>,
    },
    /// Servers that tell a browser under which address others see it, as `stun:host:port`.
    Stun(Vec<String>),
    /// Of the class.
    Class(ClassNews),
}

/// Why a browser is not let in. The discriminant is the wire value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[repr(u8)]
pub enum Refusal {
    /// Page and relay are of different builds.
    #[error("page and relay speak different versions: reload the page")]
    Version = 0,
    /// No room has this code.
    #[error("there is no room of this code")]
    NoRoom = 1,
    /// Too many wrong codes came from there, or too many browsers or rooms.
    #[error("too many tries from this address: wait a minute")]
    TooManyTries = 2,
    /// The room has as many browsers as it may.
    #[error("the room is full")]
    RoomFull = 3,
    /// The relay has as many rooms as it may.
    #[error("this relay has no place for another room")]
    RelayFull = 4,
    /// Another tab of this browser is in the room, and answers.
    #[error("another tab of this browser is in the room")]
    OtherTab = 5,
    /// What came first was neither create nor join.
    #[error("the first message must create or join a room")]
    Malformed = 6,
    /// The teacher lets nobody new in.
    #[error("the room is locked")]
    Locked = 7,
}

/// Why the relay ends a connection. The discriminant is the wire value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[repr(u8)]
pub enum End {
    /// The relay is being stopped.
    #[error("the relay was stopped")]
    Shutdown = 0,
    /// It sent what is no message, too often.
    #[error("too much that is no message")]
    Malformed = 1,
    /// It does not take what is sent to it.
    #[error("too slow to take what is sent")]
    TooSlow = 2,
    /// It was silent for too long.
    #[error("no sign of life")]
    Silent = 3,
    /// The same page has connected anew, or another tab has taken its place.
    #[error("another connection of this browser took its place")]
    Replaced = 4,
    /// The room's time is over.
    #[error("the room was closed")]
    RoomClosed = 5,
    /// The teacher has sent this browser away.
    #[error("the teacher has sent this browser away")]
    Removed = 6,
}

/// Which rule a message breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It ends too early, or goes on too long.
    #[error("message has the wrong length for its kind")]
    Length,
    /// No such kind, or not from this side.
    #[error("message kind {0} is unknown")]
    Kind(u8),
    /// A value that its field cannot have.
    #[error("{0} of the message is out of bounds")]
    Value(&'static str),
}

impl ToRelay {
    /// Writes the message.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Create { version, page, by_hand, block_time, name } => {
                out.push(1);
                (*version, *page, *by_hand).write(&mut out);
                block_time.write(&mut out);
                name.write(&mut out);
            }
            Self::Join { version, page, code, pass, token, name } => {
                out.push(2);
                (*version, *page, *code).write(&mut out);
                (*pass, *token).write(&mut out);
                name.write(&mut out);
            }
            Self::Nodes(nodes) => {
                out.push(3);
                nodes.write(&mut out);
            }
            Self::Share(chain) => {
                out.push(4);
                chain.write(&mut out);
            }
            Self::Set(settings) => {
                out.push(5);
                settings.write(&mut out);
            }
            Self::Remove(address) => {
                out.push(6);
                address.write(&mut out);
            }
            Self::Signal { to, signal } => {
                out.push(7);
                to.write(&mut out);
                signal.write(&mut out);
            }
            Self::Class(wish) => wish.write(&mut out),
        }
        out
    }

    /// The version that a greeting, create or join, names, however the rest of it reads: it is told of another version by it.
    pub fn version_of(bytes: &[u8]) -> Option<u16> {
        match bytes {
            [1 | 2, low, high, ..] => Some(u16::from_le_bytes([*low, *high])),
            _ => None,
        }
    }

    /// Reads a message. It reserves nothing ahead of what came and panics on no input.
    ///
    /// # Errors
    /// The first rule that the bytes break; a frame (kind 0) is not one of these.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        let mut reader = Reader(bytes);
        let message = match u8::read(&mut reader)? {
            1 => {
                let (version, page, by_hand) = Wire::read(&mut reader)?;
                let block_time = reader.block_time()?;
                Self::Create { version, page, by_hand, block_time, name: Wire::read(&mut reader)? }
            }
            2 => {
                let (version, page, code) = Wire::read(&mut reader)?;
                let (pass, token) = Wire::read(&mut reader)?;
                Self::Join { version, page, code, pass, token, name: Wire::read(&mut reader)? }
            }
            3 => Self::Nodes(Wire::read(&mut reader)?),
            4 => Self::Share(Wire::read(&mut reader)?),
            5 => Self::Set(Wire::read(&mut reader)?),
            6 => Self::Remove(Wire::read(&mut reader)?),
            7 => Self::Signal { to: Wire::read(&mut reader)?, signal: reader.bytes(MAX_SIGNAL, "signal")? },
            kind @ 12..=26 => Self::Class(ClassWish::read(kind, &mut reader)?),
            kind => return Err(MessageError::Kind(kind)),
        };
        reader.finish().map(|()| message)
    }
}

impl ToBrowser {
    /// Writes the message.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Welcome { version, code, pass, token, unix_ms, by_hand, urls } => {
                out.push(129);
                (*version, *code, *pass).write(&mut out);
                (*token, *unix_ms, *by_hand).write(&mut out);
                urls.write(&mut out);
            }
            Self::Refused(reason) => out.extend([130, *reason as u8]),
            Self::Member { address, teacher, name, nodes } => {
                out.push(131);
                (*address, *teacher).write(&mut out);
                name.write(&mut out);
                nodes.write(&mut out);
            }
            Self::Gone(address) => {
                out.push(132);
                address.write(&mut out);
            }
            Self::Time { room_ms, stands, relay_ms } => {
                out.push(133);
                (*room_ms, *stands, *relay_ms).write(&mut out);
            }
            Self::Chain(chain) => {
                out.push(134);
                chain.write(&mut out);
            }
            Self::End(reason) => out.extend([135, *reason as u8]),
            Self::Settings(settings) => {
                out.push(136);
                settings.write(&mut out);
            }
            Self::Signal { from, signal } => {
                out.push(137);
                from.write(&mut out);
                signal.write(&mut out);
            }
            Self::Stun(servers) => {
                out.push(138);
                servers.write(&mut out);
            }
            Self::Class(news) => news.write(&mut out),
        }
        out
    }

    /// Reads a message. It reserves nothing ahead of what came and panics on no input.
    ///
    /// # Errors
    /// The first rule that the bytes break; a frame (kind 0) is not one of these.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        let mut reader = Reader(bytes);
        let message = match u8::read(&mut reader)? {
            129 => {
                let (version, code, pass) = Wire::read(&mut reader)?;
                let (token, unix_ms, by_hand) = Wire::read(&mut reader)?;
                let urls = Wire::read(&mut reader)?;
                Self::Welcome { version, code, pass, token, unix_ms, by_hand, urls }
            }
            130 => Self::Refused(Wire::read(&mut reader)?),
            131 => {
                let (address, teacher) = Wire::read(&mut reader)?;
                let name = Wire::read(&mut reader)?;
                Self::Member { address, teacher, name, nodes: Wire::read(&mut reader)? }
            }
            132 => Self::Gone(Wire::read(&mut reader)?),
            133 => {
                let (room_ms, stands, relay_ms) = Wire::read(&mut reader)?;
                Self::Time { room_ms, stands, relay_ms }
            }
            134 => Self::Chain(Wire::read(&mut reader)?),
            135 => Self::End(Wire::read(&mut reader)?),
            136 => Self::Settings(Wire::read(&mut reader)?),
            137 => {
                let from = Wire::read(&mut reader)?;
                Self::Signal { from, signal: reader.bytes(MAX_SIGNAL, "signal")? }
            }
            138 => Self::Stun(Wire::read(&mut reader)?),
            kind @ 142..=156 => Self::Class(ClassNews::read(kind, &mut reader)?),
            kind => return Err(MessageError::Kind(kind)),
        };
        reader.finish().map(|()| message)
    }
}

/// A session frame as a message.
pub fn wrap_frame(frame: &[u8]) -> Vec<u8> {
    [&[FRAME], frame].concat()
}

/// The session frame in a message of kind [`FRAME`].
pub fn frame_of(message: &[u8]) -> Option<&[u8]> {
    message.strip_prefix(&[FRAME])
}
