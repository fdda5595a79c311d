//! Keeps its blocks to itself until they do most harm (Eyal and Sirer, "Majority is not Enough", 2014).

use super::{Adversary, Manner, Scene};
use crate::sim::fault::Fault;
use std::collections::BTreeSet;
use std::sync::Arc;
use terrarium_core::interface::PeerId;
use terrarium_core::net::limits::MAX_HEADERS_RESULTS;
use terrarium_core::net::message::Message;
use terrarium_core::primitives::{Block, BlockHash, Header, Height};
use terrarium_core::script::standard::op_return;

/// It finds a block in one turn of so many: with a network that wants five seconds between blocks, somewhat more than a
/// third of all.
const FINDS_ONE_IN: usize = 16;

/// Mines on its own blocks and publishes them when the others' chain is about to catch up with them.
#[derive(Debug, Default)]
pub struct SelfishMiner {
    /// What it has found and not published, oldest first.
    withheld: Vec<Arc<Block>>,
    /// The last block that others told of, by height.
    public: Option<(Height, BlockHash)>,
    /// Blocks that others told of in this turn; emptied with every turn.
    news: BTreeSet<BlockHash>,
}

impl SelfishMiner {
    fn is_withheld(&self, hash: &BlockHash) -> bool {
        self.withheld.iter().any(|block| block.block_hash() == *hash)
    }

    /// Takes note of how far the others are.
    fn look(&mut self, scene: &Scene<'_>) {
        for hash in std::mem::take(&mut self.news) {
            let height = scene.chain.entry(&hash).map(|entry| entry.height);
            self.public = self.public.max(height.map(|height| (height, hash)));
        }
        if !self.withheld.is_empty() && !self.is_withheld(&scene.chain.tip()) {
            // The others were faster: what it withheld is worth nothing.
            self.withheld.clear();
        }
    }

    fn publish(&mut self, scene: &mut Scene<'_>) {
        let headers = self.withheld.iter().map(|block| block.header).collect();
        self.withheld.clear();
        scene.say_to_all(&Message::Headers(headers));
        scene.deed();
    }
}

impl Adversary for SelfishMiner {
    fn fault(&self) -> Fault {
        Fault::SelfishMining
    }

    fn heard(&mut self, scene: &mut Scene<'_>, peer: PeerId, message: &Message) -> Manner {
        match message {
            Message::Headers(headers) => {
                self.news.extend(headers.last().map(Header::block_hash));
                Manner::Honest
            }
            Message::GetHeaders(request) => {
                let mut headers =
                    scene.chain.headers_after(&request.locator, &request.stop, MAX_HEADERS_RESULTS);
                headers.retain(|header| !self.is_withheld(&header.block_hash()));
                scene.say(peer, &Message::Headers(headers));
                Manner::Own
            }
            _ => Manner::Honest,
        }
    }

    fn turn(&mut self, scene: &mut Scene<'_>) {
        self.look(scene);
        let public = self.public.map_or(0, |(height, _)| height.0);
        if !self.withheld.is_empty() && public + 1 >= scene.chain.height().0 {
            self.publish(scene);
        }
        if scene.dice.below(FINDS_ONE_IN) == 0 {
            let block = Arc::new(scene.mine(&op_return(b"selfish")));
            scene.adopt(&block);
            self.withheld.push(block);
        }
    }
}
