//! The rules: network parameters, work, subsidy, and the checks of headers, transactions and blocks that need no
//! chain state. Knows primitives, encode, crypto and script; not who sent what, nor when.

pub mod merkle;
mod params;

pub use params::{Preset, PresetError};
