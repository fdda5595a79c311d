//! The node: the only door to core. A pure state machine: the host tells it what happened ([`Input`]) and what time
//! it is, lets it work, and does what it asks ([`Output`]).

mod io;

pub use io::{Cost, Entropy, Input, JobId, LoadId, Loaded, MiningJob, Output};
