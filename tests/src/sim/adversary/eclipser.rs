//! One of many identities that fill a victim's connections.

use super::{Adversary, Manner, Scene};
use crate::sim::fault::Fault;
use terrarium_core::interface::{NodeId, PeerId};
use terrarium_core::net::message::{Message, NetAddress, Services, TimedAddress};

/// Addresses that a node takes from a new peer at once, and some more.
const TOLD_AT_ONCE: usize = 3;

/// Keeps a connection to its victim and says nothing that the victim does not know: with enough of them, and nobody
/// else, the victim would stay where it is.
#[derive(Debug, Default)]
pub struct Eclipser {
    /// The first of the identities, where they tell of each other.
    first: Option<NodeId>,
}

impl Eclipser {
    /// How many identities an eclipse takes: more than a node lets in.
    pub const IDENTITIES: u16 = 200;

    /// One that also tells its victim of the others, of which the first is `first`.
    pub fn telling(first: u16) -> Self {
        Self { first: Some(NodeId(first)) }
    }
}

impl Adversary for Eclipser {
    fn fault(&self) -> Fault {
        Fault::Eclipse
    }

    fn met(&mut self, scene: &mut Scene<'_>, peer: PeerId) {
        scene.deed();
        self.tell(scene, peer, TOLD_AT_ONCE);
    }

    fn heard(&mut self, scene: &mut Scene<'_>, peer: PeerId, message: &Message) -> Manner {
        match message {
            Message::Ping(_) => Manner::Honest,
            Message::GetAddr => {
                self.tell(scene, peer, usize::from(Self::IDENTITIES));
                Manner::Own
            }
            Message::GetHeaders(_) => {
                scene.say(peer, &Message::Headers(Vec::new()));
                Manner::Own
            }
            _ => Manner::Own,
        }
    }
}

impl Eclipser {
    /// Tells of some of the other identities.
    fn tell(&self, scene: &mut Scene<'_>, peer: PeerId, count: usize) {
        let Some(first) = self.first else { return };
        let (time, services) = (scene.now.unix.0, Services::NETWORK | Services::WITNESS);
        let other = |_| {
            let address =
                NodeId(first.0 + scene.dice.below(usize::from(Self::IDENTITIES)) as u16).local_address();
            TimedAddress { time, node: NetAddress { services, address } }
        };
        let list = (0..count).map(other).collect();
        scene.say(peer, &Message::Addr(list));
    }
}
