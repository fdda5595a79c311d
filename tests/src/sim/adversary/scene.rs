//! What an adversary sees, and how it acts.

use crate::sim::dice::Dice;
use std::sync::Arc;
use terrarium_core::chain::Chainstate;
use terrarium_core::interface::PeerId;
use terrarium_core::mempool::Mempool;
use terrarium_core::mining::{self, BlockAssembler};
use terrarium_core::net::message::{Inventory, Message, encode};
use terrarium_core::primitives::{Block, Header, Script, Target, Txid};
use terrarium_core::time::Time;

/// An adversary's view of the world, and its voice.
pub struct Scene<'a> {
    /// What time it is; an adversary's clock is right.
    pub now: Time,
    /// The chain as honest peers tell it, with whatever the adversary adds.
    pub chain: &'a mut Chainstate,
    /// Its chance.
    pub dice: &'a mut Dice,
    pub(super) peers: Vec<PeerId>,
    pub(super) said: &'a mut Vec<(PeerId, Vec<u8>)>,
    pub(super) deeds: &'a mut u64,
}

impl Scene<'_> {
    /// Connected peers; where the adversary greets, those that have introduced themselves.
    pub fn peers(&self) -> &[PeerId] {
        &self.peers
    }

    /// Counts one deed.
    pub fn deed(&mut self) {
        *self.deeds += 1;
    }

    /// Says something to a peer.
    pub fn say(&mut self, peer: PeerId, message: &Message) {
        let bytes = encode(self.chain.params().magic, message);
        self.said.push((peer, bytes));
    }

    /// Says something to everyone.
    pub fn say_to_all(&mut self, message: &Message) {
        let bytes = encode(self.chain.params().magic, message);
        self.said.extend(self.peers.iter().map(|peer| (*peer, bytes.clone())));
    }

    /// Tells everyone of a block by its header.
    pub fn announce(&mut self, block: &Block) {
        self.say_to_all(&Message::Headers(vec![block.header]));
    }

    /// A block on the tip of the adversary's chain, its reward going to `payout`, with real work. It joins no chain
    /// by itself: see [`Scene::adopt`].
    pub fn mine(&mut self, payout: &Script) -> Block {
        let pool = Mempool::new(self.chain.params().policy);
        let extra_nonce = self.dice.number();
        let mut template =
            BlockAssembler::new(self.chain, &pool).assemble(payout, self.now.unix, extra_nonce);
        loop {
            match mining::search(template.header(), &template.target(), 0, 1 << 32) {
                Some(nonce) => return template.solve(nonce),
                None => template.roll_extra_nonce(),
            }
        }
    }

    /// Adds a block to the adversary's own chain, which then follows it where it has most work.
    pub fn adopt(&mut self, block: &Arc<Block>) {
        super::part::adopt(self.chain, block, self.now);
    }

    /// The body of a block of the adversary's chain.
    pub fn body(&self, item: &Inventory) -> Option<Arc<Block>> {
        super::part::body(self.chain, item)
    }

    /// A header without work on any parent, dated as the next block would be.
    pub fn unworked(&mut self, parent: &Header) -> Header {
        let mut header = Header {
            prev_blockhash: parent.block_hash(),
            time: parent.time + 1,
            nonce: self.dice.number() as u32,
            ..*parent
        };
        let target = Target::from_compact(header.bits).expect("the chain's own target");
        while target.is_met_by(&header.block_hash()) {
            header.nonce = header.nonce.wrapping_add(1);
        }
        header
    }

    /// A transaction id that nothing has.
    pub fn random_txid(&mut self) -> Txid {
        let mut bytes = [0; 32];
        for word in bytes.chunks_mut(8) {
            word.copy_from_slice(&self.dice.number().to_le_bytes());
        }
        Txid::from_bytes(bytes)
    }
}
