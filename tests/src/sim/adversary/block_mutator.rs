//! Delivers blocks that are not what their headers say.

use super::{Adversary, Manner, Scene};
use crate::sim::fault::Fault;
use std::sync::Arc;
use terrarium_core::interface::PeerId;
use terrarium_core::net::message::{Inventory, Message};
use terrarium_core::primitives::{Amount, Block, BlockHash};
use terrarium_core::script::standard::op_return;

/// Turns between two blocks of its own.
const FINDS_EVERY: u32 = 24;

/// Announces every block as soon as it hears of it, and now and then one of its own, and delivers it changed: with its tail doubled, where that leaves
/// the merkle root as it was (CVE-2012-2459), else with another coinbase. The header is the real one: a node that
/// took the block itself to be invalid would leave the chain.
#[derive(Debug, Default)]
pub struct BlockMutator {
    /// The tip that it announced last.
    announced: Option<BlockHash>,
    /// The last block that it found, which nobody else has.
    found: Option<Block>,
    turns: u32,
}

impl Adversary for BlockMutator {
    fn fault(&self) -> Fault {
        Fault::BlockMutated
    }

    fn heard(&mut self, scene: &mut Scene<'_>, peer: PeerId, message: &Message) -> Manner {
        match message {
            Message::GetData(items) => {
                for item in items {
                    let found = self.found.clone().filter(|block| item.block() == Some(block.block_hash()));
                    let block = found.or_else(|| scene.body(item).map(|block| (*block).clone()));
                    if let Some(block) = block {
                        scene.say(peer, &Message::Block(Arc::new(mutated(&block))));
                        scene.deed();
                    }
                }
                Manner::Own
            }
            // What it has heard of it has not got yet, and delivers changed all the same.
            Message::Block(block) => {
                scene.adopt(block);
                self.spread(scene);
                Manner::Own
            }
            _ => Manner::Honest,
        }
    }

    fn turn(&mut self, scene: &mut Scene<'_>) {
        self.turns += 1;
        if self.turns.is_multiple_of(FINDS_EVERY) {
            let block = scene.mine(&op_return(b"mutator"));
            scene.announce(&block);
            self.found = Some(block);
        }
    }
}

impl BlockMutator {
    fn spread(&mut self, scene: &mut Scene<'_>) {
        let tip = scene.chain.tip();
        if self.announced.replace(tip) == Some(tip) {
            return;
        }
        if let Some(block) = scene.body(&Inventory::WitnessBlock(tip)) {
            scene.announce(&block);
            scene.say_to_all(&Message::Block(Arc::new(mutated(&block))));
            scene.deed();
        }
    }
}

fn mutated(block: &Block) -> Block {
    let mut block = block.clone();
    match block.transactions.len() {
        count if count >= 3 && count % 2 == 1 => {
            let tail = block.transactions[count - 1].clone();
            block.transactions.push(tail);
        }
        _ => block.transactions[0].outputs[0].value = Amount::from_sat(1),
    }
    block
}
