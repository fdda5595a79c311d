//! The simulator: real [`Node`](terrarium_core::node::Node)s by the dozen or by the thousand, on virtual time, in one
//! thread. Everything that a browser gives a node is here in a form that can fail on purpose: links that lose, double
//! and hold frames, disks that refuse, clocks that are wrong, hosts that die. One seed decides everything, and the
//! same calls on the same seed give the same run, byte for byte.
//!
//! [`World`] is the face: nodes, links and time. A [`Storm`] is a world in which every [`Fault`] happens, and
//! [`Invariant`]s are what must hold nevertheless.

pub mod adversary;
mod agenda;
mod clock;
mod delay;
mod dice;
mod directory;
mod disk;
mod fault;
mod happen;
mod host;
mod hosts;
mod invariant;
mod link;
mod mishap;
mod nat;
mod page;
mod recorder;
mod regions;
mod regressions;
mod replay;
mod scale;
mod storm;
mod topology;
mod transport;
mod watch;
mod world;

pub use clock::Clock;
pub use delay::Delay;
pub use dice::Dice;
pub use disk::{Disk, DiskFaults};
pub use fault::{Fault, FaultCounts};
pub use host::Host;
pub use invariant::{Invariant, Violation};
pub use link::Link;
pub use mishap::Power;
pub use nat::Nat;
pub use regions::{Regions, TableError};
pub use regressions::REGRESSIONS;
pub use replay::{ReplayError, Replayed, replay};
pub use scale::{Figures, Item, MOST_NODES, Scale};
pub use storm::{Mix, Outcome, Storm, Suite, run_all};
pub use world::World;
