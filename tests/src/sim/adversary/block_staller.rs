//! Announces blocks and never delivers them.

use super::{Adversary, Manner, Scene};
use crate::sim::fault::Fault;
use terrarium_core::interface::PeerId;
use terrarium_core::net::message::{Inventory, Message};
use terrarium_core::script::standard::op_return;

/// It finds a block in one turn of so many: more slowly than a network does, or its chain without bodies would be the
/// one of most work.
const FINDS_ONE_IN: usize = 24;

/// Says that it has blocks, real ones and some that nobody else has, and gives none of them.
#[derive(Debug, Default)]
pub struct BlockStaller;

impl Adversary for BlockStaller {
    fn fault(&self) -> Fault {
        Fault::BlockStalled
    }

    fn heard(&mut self, scene: &mut Scene<'_>, _peer: PeerId, message: &Message) -> Manner {
        match message {
            Message::GetData(items) if items.iter().any(|item| Inventory::block(item).is_some()) => {
                scene.deed();
                Manner::Own
            }
            _ => Manner::Honest,
        }
    }

    fn turn(&mut self, scene: &mut Scene<'_>) {
        if scene.dice.below(FINDS_ONE_IN) == 0 {
            let block = scene.mine(&op_return(b"staller"));
            scene.announce(&block);
        }
    }
}
