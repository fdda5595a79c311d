//! One of many identities that fill a victim's connections.

use super::{Adversary, Manner, Scene};
use crate::sim::fault::Fault;
use terrarium_core::interface::PeerId;
use terrarium_core::net::message::Message;

/// Keeps a connection to its victim and says nothing that the victim does not know: with enough of them, and nobody
/// else, the victim would stay where it is.
#[derive(Debug, Default)]
pub struct Eclipser;

impl Eclipser {
    /// How many identities an eclipse takes: more than a node lets in.
    pub const IDENTITIES: u16 = 200;
}

impl Adversary for Eclipser {
    fn fault(&self) -> Fault {
        Fault::Eclipse
    }

    fn met(&mut self, scene: &mut Scene<'_>, _peer: PeerId) {
        scene.deed();
    }

    fn heard(&mut self, scene: &mut Scene<'_>, peer: PeerId, message: &Message) -> Manner {
        match message {
            Message::Ping(_) => Manner::Honest,
            Message::GetHeaders(_) => {
                scene.say(peer, &Message::Headers(Vec::new()));
                Manner::Own
            }
            _ => Manner::Own,
        }
    }
}
