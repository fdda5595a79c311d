//! Floods: what one peer takes, and that it takes nothing from the others. Counted in cost, never in time.

use super::lab::{Lab, params, stranger};
use crate::cost::Cost;
use crate::interface::{PeerId, SyncMode};
use crate::net::NetOutput;
use crate::net::limits::{
    MAX_INV_SZ, MAX_KNOWN_TRANSACTIONS, MAX_PEER_TX_ANNOUNCEMENTS, MAX_PROTOCOL_MESSAGE_LENGTH,
    PEER_WORK_SAVED,
};
use crate::net::message::{Inventory, Message, encode};
use crate::primitives::Txid;
use crate::time::Span;
use std::collections::BTreeMap;

/// One turn a step, so that no more is counted than was done.
const STEP: Cost = Cost(1);

/// Bytes of a peer that are on their way or unread and not credited: the host lets it send no more (`Consumed`). A message
/// that is not whole is credited, or it would never be.
const WINDOW: usize = 4_500_000;

/// A node, peers that flood it, and peers that ping it.
struct Flood {
    lab: Lab,
    /// Each with the bytes of it that are not credited.
    flooders: BTreeMap<PeerId, usize>,
    honest: Vec<PeerId>,
    /// Pings without a pong: when each came, in work done till then.
    waiting: BTreeMap<(PeerId, u64), Cost>,
    pings: u64,
    answered: u64,
    /// The longest that a ping waited.
    longest: Cost,
}

impl Flood {
    fn new(flooders: u16, honest: u16) -> Self {
        let mut lab = Lab::new(1);
        lab.start(0, SyncMode::Headers, &[]);
        let mut greet = |number| lab.greeted(0, stranger(number), 0);
        let flooders = (1..=flooders).map(|number| (greet(number), 0)).collect();
        let honest = (500..500 + honest).map(greet).collect();
        let waiting = BTreeMap::new();
        Self { lab, flooders, honest, waiting, pings: 0, answered: 0, longest: Cost::ZERO }
    }

    /// All the work that has been done.
    fn work(&self) -> Cost {
        self.lab.nodes[0].peers().iter().map(|peer| peer.budget.spent).sum()
    }

    /// Every honest peer pings, and all go on until the last has its pong; then the flooders have one more turn.
    fn ping(&mut self) {
        let (now, work) = (self.lab.now, self.work());
        for peer in self.honest.clone() {
            self.pings += 1;
            self.lab.nodes[0].network.bytes(peer, encode(params().magic, &Message::Ping(self.pings)), now);
            self.waiting.insert((peer, self.pings), work);
        }
        while !self.waiting.is_empty() {
            self.step();
        }
        self.step();
    }

    /// One step, in which a pong or two may be sent.
    fn step(&mut self) {
        let now = self.lab.now;
        self.lab.nodes[0].step(now, STEP);
        let mut sent = Vec::new();
        while let Some(output) = self.lab.nodes[0].network.poll(now) {
            match output {
                NetOutput::Consumed { peer, bytes } => {
                    if let Some(open) = self.flooders.get_mut(&peer) {
                        *open = open.saturating_sub(bytes);
                    }
                }
                NetOutput::Send { peer, bytes } => {
                    self.lab.nodes[0].network.drained(peer, 0);
                    sent.push((peer, bytes));
                }
                NetOutput::Disconnect { reason, .. } => panic!("{reason}"),
                _ => {}
            }
        }
        let work = self.work();
        for (peer, bytes) in sent {
            let pongs: Vec<(PeerId, u64)> =
                self.waiting.keys().copied().filter(|key| key.0 == peer).collect();
            for key in pongs {
                let pong = encode(params().magic, &Message::Pong(key.1));
                if bytes.windows(pong.len()).any(|part| part == pong) {
                    let came = self.waiting.remove(&key).unwrap_or_default();
                    self.longest = self.longest.max(Cost(work.0 - came.0));
                    self.answered += 1;
                }
            }
        }
    }

    /// Every flooder sends these messages, as far as it is let, while the others ping before each step.
    fn send_all(&mut self, messages: &[Vec<u8>], times: usize) {
        let length: usize = messages.iter().map(Vec::len).sum::<usize>() * times;
        let mut places: BTreeMap<PeerId, (usize, usize)> =
            self.flooders.keys().map(|peer| (*peer, (0, 0))).collect();
        let mut left = length * places.len();
        while left > 0 {
            let now = self.lab.now;
            for (peer, (at, offset)) in &mut places {
                while *at < messages.len() * times && self.flooders[peer] < WINDOW {
                    let message = &messages[*at % messages.len()];
                    let part = (message.len() - *offset).min(500_000).min(WINDOW - self.flooders[peer]);
                    let bytes = &message[*offset..*offset + part];
                    self.lab.nodes[0].network.bytes(*peer, bytes, now);
                    *self.flooders.entry(*peer).or_default() += part;
                    (*offset, left) = (*offset + part, left - part);
                    if *offset == message.len() {
                        (*at, *offset) = (*at + 1, 0);
                    }
                }
            }
            self.ping();
            assert!(self.lab.nodes[0].network.bounds().iter().all(crate::bound::Bound::holds));
        }
        while self.flooders.values().any(|open| *open > 0) {
            self.ping();
        }
    }
}

/// A message of the most bytes there may be, of a command, with a payload of zeros and the right checksum or not.
fn junk(command: &str, is_right: bool) -> Vec<u8> {
    let mut bytes = encode(params().magic, &Message::Verack);
    bytes[4..16].fill(0);
    bytes[4..4 + command.len()].copy_from_slice(command.as_bytes());
    bytes[16..20].copy_from_slice(&(MAX_PROTOCOL_MESSAGE_LENGTH as u32).to_le_bytes());
    let payload = vec![0; MAX_PROTOCOL_MESSAGE_LENGTH];
    if is_right {
        bytes[20..24].copy_from_slice(&crate::crypto::sha256d(&payload)[..4]);
    }
    bytes.extend(payload);
    bytes
}

/// An inventory of new transactions, as many as there may be.
fn inventory(first: u32) -> Vec<u8> {
    let txid = |n: u32| {
        let mut hash = [7; 32];
        hash[..4].copy_from_slice(&n.to_le_bytes());
        Inventory::Tx(Txid::from_bytes(hash))
    };
    let items = (first..first + MAX_INV_SZ as u32).map(txid).collect();
    encode(params().magic, &Message::Inv(items))
}

#[test]
fn pings_are_answered_within_the_budget_of_a_peer_during_a_flood_of_80_messages_of_4_mb() {
    let mut flood = Flood::new(1, 3);
    let kinds = [junk("tx", false), junk("tx", true), junk("junk", true), junk("block", false)];
    flood.send_all(&kinds, 20);
    let info = flood.lab.nodes[0].peers();
    let flooder = info.iter().find(|peer| peer.address == stranger(1)).expect("it is tolerated");
    let greeting = 2;
    assert_eq!(flooder.received.total.messages, 80 + greeting);
    assert!(flooder.budget.is_over, "{:?}", flooder.budget);
    assert!(flooder.budget.spent > Cost(80 * 40_000));
    assert_eq!((flood.answered, flood.waiting.len()), (flood.pings, 0));
    assert!(flood.pings > 100);
    assert!(flood.longest <= PEER_WORK_SAVED, "{:?}", flood.longest);
    assert!(info.iter().filter(|peer| peer.id != flooder.id).all(|peer| !peer.budget.is_over));
}

#[test]
fn pings_are_answered_within_the_budget_of_a_peer_during_a_flood_of_100_000_inventory_entries() {
    let mut flood = Flood::new(1, 3);
    flood.send_all(&[inventory(0), inventory(50_000)], 1);
    assert_eq!((flood.answered, flood.waiting.len()), (flood.pings, 0));
    assert!(flood.longest <= PEER_WORK_SAVED, "{:?}", flood.longest);
    let bounds = flood.lab.nodes[0].network.bounds();
    let held = |name: &str| {
        bounds.iter().find(|bound| bound.name.contains(name)).map(|bound| (bound.held, bound.most))
    };
    let (announced, known) = (MAX_PEER_TX_ANNOUNCEMENTS, MAX_KNOWN_TRANSACTIONS);
    assert_eq!(held("MAX_PEER_TX_ANNOUNCEMENTS"), Some((announced, announced)));
    assert_eq!(held("MAX_KNOWN_TRANSACTIONS"), Some((known, known)));
}

#[test]
fn however_many_flood_who_is_within_its_budget_waits_for_one_message_at_most() {
    let mut flood = Flood::new(30, 1);
    // Each uses up what it has saved: nobody is over its budget before.
    let big = encode(params().magic, &Message::NotFound(vec![Inventory::Tx(Txid::ZERO); 25_000]));
    flood.send_all(std::slice::from_ref(&big), 3);
    flood.longest = Cost::ZERO;
    flood.send_all(&[big], 5);
    assert_eq!((flood.answered, flood.waiting.len()), (flood.pings, 0));
    assert!(flood.pings > 100);
    let one_message = Cost(1) + Cost::of_bytes(25_000 * 36 + 3) + Cost(25_000);
    let one_ping = Cost(1);
    assert!(flood.longest <= one_message + one_ping, "{:?}", flood.longest);
}

#[test]
fn who_is_over_its_budget_has_all_that_the_others_leave() {
    let mut flood = Flood::new(1, 1);
    let big = encode(params().magic, &Message::NotFound(vec![Inventory::Tx(Txid::ZERO); 25_000]));
    let now = flood.lab.now;
    let flooder = *flood.flooders.keys().next().expect("one");
    for _ in 0..9 {
        flood.lab.nodes[0].network.bytes(flooder, &big[..], now);
    }
    assert!(!flood.lab.nodes[0].step(now, Cost(1_000_000)), "nothing is left");
    let heard = |lab: &Lab| {
        lab.nodes[0]
            .peers()
            .iter()
            .map(|peer| peer.received.by_command.get("notfound").map_or(0, |c| c.messages))
            .sum::<u64>()
    };
    assert_eq!(heard(&flood.lab), 9, "in no time at all");
}

#[test]
fn a_flood_of_small_messages_uses_a_budget_up_and_time_fills_it_again() {
    let mut flood = Flood::new(1, 0);
    let pings: Vec<u8> = (0..3_000).flat_map(|n| encode(params().magic, &Message::Ping(n))).collect();
    let flooder = *flood.flooders.keys().next().expect("one");
    flood.lab.say_bytes(0, flooder, &pings);
    assert!(flood.lab.nodes[0].peer().budget.is_over);
    let lab = &mut flood.lab;
    assert_eq!(lab.heard(0, flooder).iter().filter(|heard| matches!(heard, Message::Pong(_))).count(), 3_000);
    lab.advance(Span::from_secs(3));
    lab.say(0, flooder, &Message::Ping(1));
    assert!(!lab.nodes[0].peer().budget.is_over);
}
