//! Peers that break rules. An [`Adversary`] speaks the protocol's own bytes over the sessions of every other host, from
//! an address of its own; what surrounds it plays an honest peer's part (greets, answers pings, follows the chain and
//! serves it) except where the adversary takes a message over. One file an adversary; each counts its deeds as a
//! [`Fault`].

mod addr_flooder;
mod block_mutator;
mod block_staller;
mod double_spender;
mod eclipser;
mod header_spammer;
mod inv_flooder;
mod orphan_flooder;
mod part;
mod scene;
mod selfish_miner;
mod session_fuzzer;
mod spv_liar;
mod stage;

pub use addr_flooder::AddrFlooder;
pub use block_mutator::BlockMutator;
pub use block_staller::BlockStaller;
pub use double_spender::DoubleSpender;
pub use eclipser::Eclipser;
pub use header_spammer::HeaderSpammer;
pub use inv_flooder::InvFlooder;
pub use orphan_flooder::OrphanFlooder;
pub use scene::Scene;
pub use selfish_miner::SelfishMiner;
pub use session_fuzzer::SessionFuzzer;
pub use spv_liar::SpvLiar;

pub(super) use part::Villain;

use super::fault::Fault;
use terrarium_core::interface::PeerId;
use terrarium_core::net::message::Message;

/// Who deals with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As an honest peer would.
    Honest,
    /// The adversary has: nothing more is done.
    Own,
}

/// A peer that breaks rules. All that it may say, see and draw is in the [`Scene`].
pub trait Adversary {
    /// What it does, as it is counted: [`Scene::deed`] counts one.
    fn fault(&self) -> Fault;

    /// Whether it introduces itself as everyone must. One that does not gets every message itself.
    fn greets(&self) -> bool {
        true
    }

    /// A peer has introduced itself.
    fn met(&mut self, _scene: &mut Scene<'_>, _peer: PeerId) {}

    /// A peer said something.
    fn heard(&mut self, _scene: &mut Scene<'_>, _peer: PeerId, _message: &Message) -> Manner {
        Manner::Honest
    }

    /// Half a second has passed.
    fn turn(&mut self, _scene: &mut Scene<'_>) {}
}
