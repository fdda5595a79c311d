//! Frames and sessions: how an ordered byte stream that can end travels over a lossy, unbounded channel.
//!
//! A channel here is anything that carries whole frames from one address to another and promises nothing else:
//! a `BroadcastChannel`, a relay, the simulator. [`Endpoint`] makes sessions of it. It is sans-IO: bytes and the
//! time go in, [`Output`]s come out, and the host does the posting. [`Shaper`] delays what an endpoint transmits
//! as a slow link would. The crate knows no Bitcoin, and of the workspace the collections alone.
//!
//! The order of a host's work: after any call on an [`Endpoint`], drain [`Endpoint::poll`], hand every
//! [`Output::Transmit`] to the [`Shaper`], and set one timer to the earlier of the two `next_wakeup`s.
//!
//! [`room`] is what a browser and a relay say to each other beside frames. The feature `contract` opens what fuzzers run.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod address;
mod conditions;
pub mod direct;
mod endpoint;
mod frame;
#[cfg(any(test, feature = "contract"))]
pub mod fuzz;
mod limits;
mod output;
mod receive;
pub mod room;
mod send;
mod session;
#[cfg(test)]
mod simulation;

pub use address::{Address, ParseAddressError};
pub use conditions::{Conditions, Shaper, ShaperFull, Shaping};
pub use endpoint::{Endpoint, OpenError, UnknownSession};
pub use frame::{Body, CloseReason, Frame, FrameError, Header, MAX_FRAME_LEN, MAX_PAYLOAD_LEN, Role};
pub use limits::{Counters, Limits};
pub use output::{Output, Payload};
pub use session::SessionId;
