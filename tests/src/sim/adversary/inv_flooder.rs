//! Announces transactions that there are not.

use super::{Adversary, Scene};
use crate::sim::fault::Fault;
use terrarium_core::net::limits::MAX_INV_SZ;
use terrarium_core::net::message::{Inventory, Message};

/// Announcements a turn.
const ANNOUNCEMENTS: usize = 1_000;

/// Every so many turns it announces more than an `inv` may hold.
const TOO_MANY_EVERY: u32 = 40;

/// Announces one transaction after the other, and never has it.
#[derive(Debug, Default)]
pub struct InvFlooder {
    turns: u32,
}

impl Adversary for InvFlooder {
    fn fault(&self) -> Fault {
        Fault::InvFlood
    }

    fn turn(&mut self, scene: &mut Scene<'_>) {
        if scene.peers().is_empty() {
            return;
        }
        self.turns += 1;
        if self.turns.is_multiple_of(TOO_MANY_EVERY) {
            let peer = *scene.dice.pick(&scene.peers);
            let items = vec![Inventory::Tx(scene.random_txid()); MAX_INV_SZ + 1];
            scene.say(peer, &Message::Inv(items));
        }
        let items = (0..ANNOUNCEMENTS).map(|_| Inventory::Tx(scene.random_txid())).collect();
        scene.say_to_all(&Message::Inv(items));
        scene.deed();
    }
}
