//! Sends headers that no work was done for.

use super::{Adversary, Scene};
use crate::sim::fault::Fault;
use terrarium_core::interface::PeerId;
use terrarium_core::net::message::Message;
use terrarium_core::primitives::Header;

/// Headers in one message.
const HEADERS: usize = 100;

/// Sends headers on the tip that meet no target, to whoever lets it in.
#[derive(Debug, Default)]
pub struct HeaderSpammer;

impl Adversary for HeaderSpammer {
    fn fault(&self) -> Fault {
        Fault::HeaderSpam
    }

    fn met(&mut self, scene: &mut Scene<'_>, peer: PeerId) {
        let headers = unworked_chain(scene);
        scene.say(peer, &Message::Headers(headers));
        scene.deed();
    }

    fn turn(&mut self, scene: &mut Scene<'_>) {
        if !scene.peers().is_empty() {
            let headers = unworked_chain(scene);
            scene.say_to_all(&Message::Headers(headers));
            scene.deed();
        }
    }
}

fn unworked_chain(scene: &mut Scene<'_>) -> Vec<Header> {
    let mut headers = vec![scene.chain.tip_entry().header];
    for at in 0..HEADERS {
        let next = scene.unworked(&headers[at]);
        headers.push(next);
    }
    headers.remove(0);
    headers
}
