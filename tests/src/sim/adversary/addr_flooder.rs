//! Tells of addresses at which nobody is, half of them in the lab.

use super::{Adversary, Scene};
use crate::sim::fault::Fault;
use terrarium_core::net::limits::MAX_ADDR_TO_SEND;
use terrarium_core::net::message::{Message, NetAddress, Services, TimedAddress};

/// Ports from here on are nobody's.
const NOBODY: u16 = 0x8000;

/// Every so many turns it tells of more than an `addr` may hold.
const TOO_MANY_EVERY: u32 = 40;

/// Tells of as many addresses as it may, again and again.
#[derive(Debug, Default)]
pub struct AddrFlooder {
    turns: u32,
}

impl Adversary for AddrFlooder {
    fn fault(&self) -> Fault {
        Fault::AddrFlood
    }

    fn turn(&mut self, scene: &mut Scene<'_>) {
        if scene.peers().is_empty() {
            return;
        }
        self.turns += 1;
        if self.turns.is_multiple_of(TOO_MANY_EVERY) {
            let peer = *scene.dice.pick(&scene.peers);
            let list = addresses(scene, MAX_ADDR_TO_SEND + 1);
            scene.say(peer, &Message::Addr(list));
        }
        let list = addresses(scene, MAX_ADDR_TO_SEND);
        scene.say_to_all(&Message::Addr(list));
        scene.deed();
    }
}

fn addresses(scene: &mut Scene<'_>, count: usize) -> Vec<TimedAddress> {
    let time = scene.now.unix.0;
    let address = |_| {
        let [a, b, c, d, high, low, coin, ..] = scene.dice.number().to_le_bytes();
        let ip = if coin & 1 == 1 { [127, 0, 0, 1] } else { [a, b, c, d] };
        // Where every node of the simulator is, there is somebody.
        let address = (ip, u16::from_le_bytes([high, low]) | NOBODY).into();
        TimedAddress { time, node: NetAddress { services: Services::NETWORK, address } }
    };
    (0..count).map(address).collect()
}
