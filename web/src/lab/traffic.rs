//! What travels between nodes, as the map shows it: messages in flight and the live log that is the map's text twin.

use std::collections::VecDeque;
use terrarium_core::interface::{Direction, Event, NetworkWarning, NodeId, PeerState};
use terrarium_core::primitives::Height;

/// Lines that the live log keeps.
const MAX_LINES: usize = 100;

/// Messages drawn at a time; more at once would be a blur.
const MAX_FLIGHTS: usize = 24;

/// How long a message is seen travelling, in milliseconds of wall time.
pub(crate) const FLIGHT_MS: f64 = 900.0;

/// What a travelling message looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cargo {
    /// A block, in the block's colour.
    Block,
    /// A transaction.
    Transaction,
    /// Announcements, requests and headers.
    Talk,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Flight {
    /// Counts up; names the flight.
    pub(crate) number: u64,
    /// Who sent it.
    pub(crate) from: NodeId,
    /// Whom to.
    pub(crate) to: NodeId,
    /// What it carries.
    pub(crate) cargo: Cargo,
    /// The command on the wire.
    pub(crate) command: String,
    /// The block or transaction that it is about, in hex.
    pub(crate) subject: Option<String>,
    /// Wall time at which it has arrived.
    pub(crate) until: f64,
}

/// A line of the live log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// Counts up; names the line.
    pub(crate) number: u64,
    /// What it tells.
    pub(crate) news: News,
}

/// What happened, for a line in the reader's language.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    /// A message was sent.
    Message { from: NodeId, to: NodeId, command: String, length: usize },
    /// A node's mempool took in a transaction.
    Transaction { at: NodeId, txid: String },
    /// A node's chain took in a block.
    Block { at: NodeId, height: Height, hash: String },
    /// A node changed branch.
    Reorg { at: NodeId, disconnected: usize, connected: usize, returned: usize },
    /// A connection came up or went.
    Peer { at: NodeId, peer: NodeId, connected: bool },
    /// Something unusual began at a node, or is over.
    Warning { at: NodeId, warning: NetworkWarning, active: bool },
    /// The network was cut into so many parts.
    Cut { parts: usize },
    /// Every cut was healed.
    Healed,
    /// One link was cut or healed.
    Link { a: NodeId, b: NodeId, cut: bool },
}

/// All that travels and was told lately.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    /// On their way; at most [`MAX_FLIGHTS`].
    pub(crate) flights: VecDeque<Flight>,
    /// The live log, oldest first; at most [`MAX_LINES`].
    pub(crate) lines: VecDeque<Line>,
    /// Messages since the page was opened, with those that were dropped on the way here.
    pub(crate) messages: u64,
    next: u64,
}

impl Traffic {
    /// Takes in what happened at a node, the wall clock showing `now`.
    pub(crate) fn record(&mut self, at: NodeId, event: &Event, now: f64) {
        match event {
            Event::Message { address, direction: Direction::Outbound, command, length, subject, .. } => {
                self.sent(at, NodeId(address.port()), command, *length, subject.as_ref(), now);
            }
            Event::Block { hash, height } => {
                self.tell(News::Block { at, height: *height, hash: hash.to_string() });
            }
            Event::Reorg { disconnected, connected, returned, .. } => self.tell(News::Reorg {
                at,
                disconnected: disconnected.len(),
                connected: connected.len(),
                returned: *returned,
            }),
            Event::Peer { address, state, .. } => {
                let peer = NodeId(address.port());
                match state {
                    PeerState::Connected => self.tell(News::Peer { at, peer, connected: true }),
                    PeerState::Disconnected => self.tell(News::Peer { at, peer, connected: false }),
                    PeerState::Connecting | PeerState::Handshaking => {}
                }
            }
            Event::Warning { warning, active } => {
                self.tell(News::Warning { at, warning: warning.clone(), active: *active });
            }
            Event::Transaction { txid } => self.tell(News::Transaction { at, txid: txid.to_string() }),
            Event::Message { .. } | Event::Log(_) => {}
        }
    }

    /// Drops what has arrived; answers whether something had.
    pub(crate) fn land(&mut self, now: f64) -> bool {
        let before = self.flights.len();
        self.flights.retain(|flight| flight.until > now);
        before != self.flights.len()
    }

    fn sent(
        &mut self,
        from: NodeId,
        to: NodeId,
        command: &str,
        length: usize,
        subject: Option<&String>,
        now: f64,
    ) {
        self.messages += 1;
        let cargo = match command {
            "block" => Cargo::Block,
            "tx" => Cargo::Transaction,
            // The heartbeat would bury what matters.
            "ping" | "pong" => return,
            _ => Cargo::Talk,
        };
        self.next += 1;
        let flight = Flight {
            number: self.next,
            from,
            to,
            cargo,
            command: command.to_owned(),
            subject: subject.cloned(),
            until: now + FLIGHT_MS,
        };
        if self.flights.len() == MAX_FLIGHTS {
            self.flights.pop_front();
        }
        self.flights.push_back(flight);
        self.tell(News::Message { from, to, command: command.to_owned(), length });
    }

    /// Adds a line to the live log.
    pub(crate) fn tell(&mut self, news: News) {
        self.next += 1;
        if self.lines.len() == MAX_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(Line { number: self.next, news });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrarium_core::interface::PeerId;

    fn message(command: &str, direction: Direction) -> Event {
        let address = NodeId(3001).local_address();
        let command = command.to_owned();
        Event::Message { peer: PeerId(1), address, direction, command, length: 80, subject: None }
    }

    #[test]
    fn a_message_is_counted_once_where_it_is_sent() {
        let mut traffic = Traffic::default();
        traffic.record(NodeId(3000), &message("inv", Direction::Outbound), 0.0);
        traffic.record(NodeId(3001), &message("inv", Direction::Inbound), 0.0);
        assert_eq!((traffic.messages, traffic.flights.len(), traffic.lines.len()), (1, 1, 1));
    }

    #[test]
    fn heartbeats_are_counted_and_not_shown() {
        let mut traffic = Traffic::default();
        traffic.record(NodeId(3000), &message("ping", Direction::Outbound), 0.0);
        assert_eq!((traffic.messages, traffic.flights.len()), (1, 0));
    }

    #[test]
    fn flights_land_and_both_lists_are_bounded() {
        let mut traffic = Traffic::default();
        for _ in 0..1_000 {
            traffic.record(NodeId(3000), &message("tx", Direction::Outbound), 0.0);
        }
        assert_eq!((traffic.flights.len(), traffic.lines.len()), (MAX_FLIGHTS, MAX_LINES));
        assert!(traffic.land(FLIGHT_MS));
        assert!(traffic.flights.is_empty());
    }
}
