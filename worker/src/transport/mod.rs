//! What carries a node's bytes: `link`'s sessions as core's `Transport`, over whatever carries frames. In a browser that is
//! one BroadcastChannel for each node of the lab; the simulator has its own lines.

mod channels;
mod sessions;
#[cfg(all(test, target_arch = "wasm32"))]
mod tests;

pub(crate) use channels::Channels;
pub use sessions::{Sessions, Wire};
