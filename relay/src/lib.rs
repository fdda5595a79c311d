//! Terrarium's relay: it serves the built page and joins browsers into one virtual LAN per room. It carries session
//! frames between addresses and understands none of them; of Bitcoin it knows nothing.
//!
//! `lobby` has the rooms, `room` the members of one and the way of a frame, `line` what waits for one browser,
//! `connection` one WebSocket, `nats` the rooms of other relays, `gateway` nodes that are reached by TCP, `http` the one
//! port, `server` its TCP connections, `site` the page's files, `tls` their encryption, `state` what survives a restart,
//! `limits` every bound, `patience` what one address may do only so often.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod announce;
mod clock;
mod connection;
mod gateway;
mod http;
mod limits;
mod line;
mod lobby;
pub mod log;
mod metrics;
#[cfg(feature = "nats")]
mod nats;
mod patience;
mod room;
mod server;
mod site;
mod state;
mod stun;
mod tls;

pub use announce::qr;
pub use gateway::{Gateway, GatewayError};
pub use limits::Limits;
pub use server::{Options, Relay, RelayError};
pub use site::Site;
pub use state::StateError;
pub use stun::{StunError, StunServer};
pub use tls::{TlsError, TlsFiles};
