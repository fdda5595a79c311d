//! What the network wants done. Every manager writes to one outbox, in order; the facade hands it out.

use super::message::Message;
use super::reason::DisconnectReason;
use crate::interface::{Event, LogLine, PeerId};
use crate::primitives::{Block, BlockHash, Transaction, Txid};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

/// Something for the node to do.
#[derive(Clone, Debug, PartialEq)]
pub enum NetOutput {
    /// Open a connection.
    Connect {
        /// To here.
        address: SocketAddr,
    },
    /// Ask a seed for addresses; answered by `Network::seed_answered`.
    AskSeed {
        /// Which, below `limits::DNS_SEEDS`.
        seed: u8,
    },
    /// Send bytes: messages, or what an encrypted connection begins with.
    Send {
        /// To this peer.
        peer: PeerId,
        /// As they go over the wire.
        bytes: Vec<u8>,
    },
    /// End a connection after what was sent; the network has forgotten the peer already.
    Disconnect {
        /// Whose.
        peer: PeerId,
        /// Why.
        reason: DisconnectReason,
    },
    /// Bytes of a peer have been worked off, and as many more are welcome.
    Consumed {
        /// Whose.
        peer: PeerId,
        /// How many.
        bytes: usize,
    },
    /// Something to tell, log lines among it.
    Event(Event),
    /// A block or transaction to be judged.
    Received(Received),
    /// A filtered block that this node took had a transaction kept back by its sender: the chain from there on is to be
    /// looked through again.
    KeptBack(BlockHash),
    /// A body that a peer wants; answered by `Network::serve_*`.
    Serve {
        /// Who wants it.
        peer: PeerId,
        /// What.
        request: ServeRequest,
    },
    /// The end of a `Network::deliver`.
    Delivered {
        /// The transaction.
        txid: Txid,
        /// To whom it was to go.
        address: SocketAddr,
        /// Whether the peer answered a ping sent after it.
        delivered: bool,
    },
}

/// What came and must be judged by the rules; each is answered by `Network::block_processed` or
/// `Network::transaction_processed`.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// A block that this node does not have.
    Block {
        /// Who sent it.
        peer: PeerId,
        /// The block.
        block: Arc<Block>,
    },
    /// What a proof shows of a block that this node asked for.
    FilteredBlock {
        /// Who sent it.
        peer: PeerId,
        /// Its header and the transactions that were proven.
        block: Arc<Block>,
        /// How many transactions it has.
        total: u32,
    },
    /// A transaction that this node does not have.
    Transaction {
        /// Who sent it.
        peer: PeerId,
        /// The transaction.
        transaction: Arc<Transaction>,
    },
}

/// What a peer wants that the network does not hold itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServeRequest {
    /// A block: `Network::serve_block` or `Network::serve_missing`.
    Block(BlockHash),
    /// A block's compact filter: `Network::serve_filter`; nothing if there is none after all.
    Filter(BlockHash),
    /// A transaction of the mempool: `Network::serve_transaction` or `Network::serve_missing`.
    Transaction(Txid),
    /// The ids of all that waits in the mempool: `Network::serve_mempool`.
    Mempool,
}

/// What a manager wants done; a message is encoded when it is handed out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    Send {
        peer: PeerId,
        message: Message,
    },
    /// Send what the peer's session has to send and is no message.
    Flush {
        peer: PeerId,
    },
    Output(NetOutput),
}

/// The queue that all managers write to.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// Emptied by the node after every step, which bounds it by what a step may cost.
    queue: VecDeque<Action>,
    /// Whether somebody listens for lines of the log.
    logs: bool,
}

impl Default for Outbox {
    fn default() -> Self {
        Self { queue: VecDeque::new(), logs: true }
    }
}

impl Outbox {
    pub(crate) const fn set_log(&mut self, logs: bool) {
        self.logs = logs;
    }

    /// Whether lines of the log go anywhere.
    pub(crate) const fn logs(&self) -> bool {
        self.logs
    }

    pub(crate) fn send(&mut self, peer: PeerId, message: Message) {
        self.queue.push_back(Action::Send { peer, message });
    }

    pub(crate) fn flush(&mut self, peer: PeerId) {
        self.queue.push_back(Action::Flush { peer });
    }

    pub(crate) fn push(&mut self, output: NetOutput) {
        self.queue.push_back(Action::Output(output));
    }

    pub(crate) fn log(&mut self, line: LogLine) {
        if self.logs {
            self.push(NetOutput::Event(Event::Log(line)));
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Action> {
        self.queue.pop_front()
    }

    /// The message that is next, if a message is next and it goes to `peer`.
    pub(crate) fn pop_message_to(&mut self, peer: PeerId) -> Option<Message> {
        match self.queue.front() {
            Some(Action::Send { peer: to, .. }) if *to == peer => match self.queue.pop_front() {
                Some(Action::Send { message, .. }) => Some(message),
                _ => None,
            },
            _ => None,
        }
    }
}
