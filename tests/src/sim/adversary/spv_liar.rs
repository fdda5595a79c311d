//! Keeps from light nodes what concerns them.

use super::{Adversary, Manner, Scene};
use crate::sim::fault::Fault;
use terrarium_core::interface::PeerId;
use terrarium_core::net::message::{FilterHeadersMessage, FilterMessage, FilterRequest, Inventory, Message};
use terrarium_core::primitives::{BlockHash, FilterHash, FilterHeader, Height};
use terrarium_core::spv::MerkleBlock;

/// Proves of every block that nothing in it matches (BIP37), and gives filters that match nothing (BIP157). It cannot
/// prove what is not there; it can keep silent about what is.
#[derive(Debug, Default)]
pub struct SpvLiar;

impl Adversary for SpvLiar {
    fn fault(&self) -> Fault {
        Fault::SpvLie
    }

    fn heard(&mut self, scene: &mut Scene<'_>, peer: PeerId, message: &Message) -> Manner {
        match message {
            Message::GetData(items)
                if items.iter().any(|item| matches!(item, Inventory::FilteredBlock(_))) =>
            {
                for block in items.iter().filter_map(|item| scene.body(item)).collect::<Vec<_>>() {
                    let proof = MerkleBlock::new(&block, |_| false);
                    scene.say(peer, &Message::MerkleBlock(Box::new(proof)));
                    scene.deed();
                }
                Manner::Own
            }
            // Whoever is told first asks first.
            Message::Block(block) => {
                scene.adopt(block);
                scene.announce(block);
                Manner::Own
            }
            Message::GetCFHeaders(request) => {
                let hashes = stretch(scene, request).into_iter().map(|_| FilterHash::ZERO).collect();
                let previous = FilterHeader::ZERO;
                let (kind, stop) = (request.kind, request.stop);
                scene.say(peer, &Message::CFHeaders(FilterHeadersMessage { kind, stop, previous, hashes }));
                scene.deed();
                Manner::Own
            }
            Message::GetCFilters(request) => {
                for block in stretch(scene, request) {
                    let filter = FilterMessage { kind: request.kind, block, filter: vec![0] };
                    scene.say(peer, &Message::CFilter(filter));
                }
                scene.deed();
                Manner::Own
            }
            _ => Manner::Honest,
        }
    }
}

/// The blocks that a request is about.
fn stretch(scene: &Scene<'_>, request: &FilterRequest) -> Vec<BlockHash> {
    let Some(last) = scene.chain.entry(&request.stop).map(|entry| entry.height.0) else { return Vec::new() };
    let heights = (request.start..=last).map(Height);
    heights.filter_map(|height| scene.chain.ancestor(&request.stop, height)).collect()
}
