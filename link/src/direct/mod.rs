//! Direct links of two browsers of a room: how session frames leave the relay's path for a channel between the two and,
//! when that is lost, come back. Sans-IO: the page owns the channel, an ordered and reliable one that carries messages.
//!
//! Frames of one session must not overtake each other, and the two paths are of different speed. So each end, when the
//! channel is up, says *switched* by the relay, which keeps what one browser sends another in order, and from then on
//! sends by the channel alone; the other end holds back what comes by the channel until it has heard that. A channel
//! that is lost takes frames with it that nobody can name, so all sessions between the two end then, as they do when
//! any connection is lost, and new ones begin by the relay.

mod path;
mod pieces;

pub use path::{ChannelError, Path, Superseded};
pub use pieces::{MAX_PIECE, pieces};
