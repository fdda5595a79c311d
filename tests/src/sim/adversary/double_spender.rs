//! Spends the same coin twice.

use super::{Adversary, Scene};
use crate::sim::fault::Fault;
use std::collections::BTreeSet;
use std::sync::Arc;
use terrarium_core::crypto::PrivateKey;
use terrarium_core::net::message::Message;
use terrarium_core::primitives::{Amount, OutPoint, Script, Transaction, TxIn, TxOut};
use terrarium_core::script::{sign::p2pkh_script_sig, standard::p2pkh};

/// Turns between two blocks that it mines for want of coins.
const MINES_EVERY: u32 = 20;

/// What each of the two spends leaves to the miner.
const FEE: i64 = 1_000;

/// Mines itself coins, and tells one half of its peers of one spend of a coin and the other half of another.
pub struct DoubleSpender {
    key: PrivateKey,
    script: Script,
    /// What it has spent; at most two coins a block.
    spent: BTreeSet<OutPoint>,
    /// Turns since it last mined.
    idle: u32,
}

impl DoubleSpender {
    /// One whose key has this number, which is not 0.
    pub fn new(number: u8) -> Self {
        let key = PrivateKey::from_bytes(&[number; 32], true).expect("a valid key");
        let script = p2pkh(key.public_key().pubkey_hash());
        Self { key, script, spent: BTreeSet::new(), idle: 0 }
    }

    /// A confirmed coin of its own that it has not spent yet, and its value.
    fn coin(&self, scene: &Scene<'_>) -> Option<(OutPoint, Amount)> {
        let coins = scene.chain.coins().iter();
        let mut own = coins.filter(|(at, coin)| {
            coin.output.script_pubkey == self.script
                && coin.height < scene.chain.height()
                && !self.spent.contains(at)
        });
        own.next().map(|(at, coin)| (*at, coin.output.value))
    }

    fn spend(&self, coin: OutPoint, value: i64) -> Transaction {
        let output = TxOut { value: Amount::from_sat(value), script_pubkey: self.script.clone() };
        let mut transaction = Transaction {
            version: 2,
            inputs: vec![TxIn::spending(coin)],
            outputs: vec![output],
            lock_time: 0,
        };
        transaction.inputs[0].script_sig = p2pkh_script_sig(&transaction, 0, &self.script, &self.key);
        transaction
    }
}

impl Adversary for DoubleSpender {
    fn fault(&self) -> Fault {
        Fault::DoubleSpend
    }

    fn turn(&mut self, scene: &mut Scene<'_>) {
        self.idle += 1;
        if scene.peers().len() < 2 {
            return;
        }
        if let Some((coin, value)) = self.coin(scene) {
            let values = [value.to_sat() - FEE, value.to_sat() - 2 * FEE];
            let spends = values.map(|value| Message::Tx(Arc::new(self.spend(coin, value))));
            for (at, peer) in scene.peers().to_vec().into_iter().enumerate() {
                scene.say(peer, &spends[at % 2]);
            }
            self.spent.insert(coin);
            scene.deed();
        } else if self.idle >= MINES_EVERY {
            self.idle = 0;
            let block = Arc::new(scene.mine(&self.script));
            scene.adopt(&block);
            scene.announce(&block);
        }
    }
}
