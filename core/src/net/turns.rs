//! Turns: each peer has one message read, or one order served, at a time. Those within their budgets come first, the others
//! share what is left of a step.

use super::limits::{MAX_HEADERS_RESULTS, MAX_SEND_BUFFER};
use super::message::{Frame, Message};
use super::network::{Network, View};
use super::outbox::NetOutput;
use super::peer::Peer;
use crate::cost::Cost;
use crate::interface::PeerId;
use crate::primitives::{Block, Transaction, Txid};
use crate::time::Time;

/// Judging one header.
const HEADER: Cost = Cost(2);

/// Looking up and remembering one entry of an inventory or one address.
const ENTRY: Cost = Cost(1);

/// A transaction of more bytes is heavier than any that is relayed, and refused before a signature is looked at.
const MAX_STANDARD_TX_BYTES: usize = 400_000;

impl Network {
    /// Gives peers their turns until `budget` is spent or nothing is left to do. Returns whether work is left.
    pub(super) fn take_turns(&mut self, view: &mut View<'_>, now: Time, budget: Cost) -> bool {
        let mut spent = self.turns_of(|peer| !peer.budget.is_over(), view, now, budget);
        // Whoever is within has nothing left, and nothing comes in the middle of a step.
        if spent < budget && self.peers.any_awake_is_over() {
            let left = Cost(budget.0 - spent.0);
            spent += self.turns_of(|_| true, view, now, left);
        }
        spent >= budget
    }

    /// Gives turns to those who may have one. Returns what that cost.
    fn turns_of(&mut self, may: fn(&Peer) -> bool, view: &mut View<'_>, now: Time, budget: Cost) -> Cost {
        let mut spent = Cost::ZERO;
        // In a row, who had no turn.
        let mut idle = 0;
        while spent < budget
            && idle < self.peers.awake()
            && let Some(entry) = self.peers.next_turn()
        {
            entry.budget.refill(now.mono);
            let (peer, may) = (entry.id, may(entry));
            let cost = if may { self.take_turn(peer, view, now) } else { None };
            if self.peers.get(peer).is_some_and(|entry| entry.budget.is_over()) {
                self.peers.note_over(peer);
            }
            if !self.has_work_from(peer) {
                self.peers.rest(peer);
            } else {
                self.peers.wait(peer);
                idle += 1;
            }
            if let Some(cost) = cost {
                spent += cost;
                idle = 0;
            }
        }
        spent
    }

    /// Whether a peer's bytes or orders wait, though its turn may not have come.
    fn has_work_from(&self, peer: PeerId) -> bool {
        self.serving.is_busy(peer) || self.peers.get(peer).is_some_and(Peer::has_unread)
    }

    /// Reads one message of a peer, or serves it; none if there is nothing to do for it now.
    fn take_turn(&mut self, peer: PeerId, view: &mut View<'_>, now: Time) -> Option<Cost> {
        let entry = self.peers.get_mut(peer)?;
        if entry.unsent > MAX_SEND_BUFFER {
            return None;
        }
        if self.serving.is_busy(peer) {
            let is_secret = |txid: &Txid| self.relay.is_unannounced(peer, txid);
            let cost = self.serving.serve(peer, is_secret, &mut self.outbox)?;
            entry.budget.charge(0, 0, cost);
            return Some(cost);
        }
        let taken = match entry.session.take(&mut self.checksums) {
            Ok(Some(taken)) => taken,
            Ok(None) => {
                if let Some(bytes) = entry.credit_all() {
                    self.outbox.push(NetOutput::Consumed { peer, bytes });
                }
                return None;
            }
            Err(error) => {
                self.disconnect(peer, error, now);
                return Some(Cost(1));
            }
        };
        if let Some(bytes) = entry.credit(taken.size) {
            self.outbox.push(NetOutput::Consumed { peer, bytes });
        }
        let Some(frame) = taken.frame else {
            entry.budget.charge(taken.size, 0, taken.cost);
            entry.received.count_transport(taken.size, now);
            self.outbox.flush(peer);
            for message in entry.session.release() {
                self.outbox.send(peer, message);
            }
            return Some(taken.cost);
        };
        let cost = taken.cost + reading_cost(&frame);
        entry.budget.charge(taken.size, 1, cost + validation_cost(&frame));
        if let Err(reason) = self.on_frame(peer, frame, taken.size, view, now) {
            self.disconnect(peer, reason, now);
        }
        // Of whom nothing is left another turn would find out no more.
        if let Some(entry) = self.peers.get_mut(peer)
            && entry.session.unread() == 0
            && let Some(bytes) = entry.credit_all()
        {
            self.outbox.push(NetOutput::Consumed { peer, bytes });
        }
        Some(cost)
    }
}

/// What a message costs at once: hashing the payload, each header once, looking up each entry, and checking a signature
/// for each input of a transaction that is not refused for its size.
fn reading_cost(frame: &Frame) -> Cost {
    let judged = match frame {
        Frame::Message { message, .. } => match message {
            // Of more than are allowed none is looked at.
            Message::Headers(headers) if headers.len() <= MAX_HEADERS_RESULTS => HEADER * headers.len(),
            Message::Inv(items) | Message::GetData(items) | Message::NotFound(items) => ENTRY * items.len(),
            Message::Addr(list) => ENTRY * list.len(),
            Message::Tx(transaction) if frame.length() <= MAX_STANDARD_TX_BYTES => {
                Cost::SIGNATURE_CHECK * transaction.inputs.len()
            }
            _ => Cost::ZERO,
        },
        _ => Cost::ZERO,
    };
    Cost(1) + Cost::of_bytes(frame.length()) + judged
}

/// What it costs later, when a block joins the chain: the node does that work in a step of its own, but it is this peer's.
fn validation_cost(frame: &Frame) -> Cost {
    match frame {
        Frame::Message { message: Message::Block(block), .. } => inputs_cost(block),
        _ => Cost::ZERO,
    }
}

fn inputs_cost(block: &Block) -> Cost {
    let spending = block.transactions.iter().filter(|transaction| !transaction.is_coinbase());
    spending.map(|Transaction { inputs, .. }| Cost::SIGNATURE_CHECK * inputs.len()).sum()
}
