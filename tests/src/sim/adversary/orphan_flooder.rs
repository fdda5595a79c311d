//! Sends transactions whose parents there are not.

use super::{Adversary, Scene};
use crate::sim::fault::Fault;
use std::sync::Arc;
use terrarium_core::crypto::PubkeyHash;
use terrarium_core::net::message::Message;
use terrarium_core::primitives::{Amount, OutPoint, Transaction, TxIn, TxOut};
use terrarium_core::script::standard::p2pkh;

/// Transactions a turn.
const ORPHANS: usize = 8;

/// Outputs of each, so that they soon fill what a peer may have waiting.
const OUTPUTS: usize = 250;

/// What each output holds, in satoshis: more than dust.
const VALUE: i64 = 10_000;

/// Sends large transactions that spend what nobody made.
#[derive(Debug, Default)]
pub struct OrphanFlooder;

impl Adversary for OrphanFlooder {
    fn fault(&self) -> Fault {
        Fault::OrphanFlood
    }

    fn turn(&mut self, scene: &mut Scene<'_>) {
        if scene.peers().is_empty() {
            return;
        }
        for _ in 0..ORPHANS {
            let orphan = orphan(scene);
            scene.say_to_all(&Message::Tx(Arc::new(orphan)));
        }
        scene.deed();
    }
}

fn orphan(scene: &mut Scene<'_>) -> Transaction {
    let coin = OutPoint::new(scene.random_txid(), 0);
    let output = TxOut { value: Amount::from_sat(VALUE), script_pubkey: p2pkh(PubkeyHash([7; 20])) };
    Transaction {
        version: 2,
        inputs: vec![TxIn::spending(coin)],
        outputs: vec![output; OUTPUTS],
        lock_time: 0,
    }
}
