//! The rules: network parameters, work, subsidy, and the checks of headers, transactions and blocks that need no
//! chain state. Knows primitives, encode, crypto and script; not who sent what, nor when.

pub mod bip34;
pub mod check;
mod class;
mod error;
pub mod genesis;
pub mod invitation;
pub mod locktime;
pub mod merkle;
mod network;
mod params;
pub mod pow;
pub mod sigops;
mod subsidy;
pub mod witness;

pub use class::ClassParams;
pub use error::{BlockError, HeaderError, TxError};
pub use invitation::{Invitation, InvitationError};
pub use network::{Network, NetworkError};
pub use params::{ConsensusParams, NetworkParams, PolicyParams, Preset, PresetError, Retarget, TimingParams};
pub use subsidy::block_subsidy;
