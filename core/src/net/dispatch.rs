//! What each message leads to: the facade hands it to the managers whose business it is. Also takes what the node says
//! of blocks, transactions and the tip.

use super::limits::{FEEFILTER_VERSION, MAX_ADDR_TO_SEND, MAX_INV_SZ, SENDHEADERS_VERSION};
use super::message::{Frame, HEADER_SIZE, Inventory, Message, Services, VersionMessage};
use super::network::{Network, View};
use super::outbox::{NetOutput, Received, ServeRequest};
use super::peer::{Handshake, Peer, Purpose, Traffic};
use super::reason::DisconnectReason;
use crate::chain::{BlockIndexEntry, Chainstate};
use crate::consensus::{BlockError, HeaderError};
use crate::cost::Cost;
use crate::interface::{Direction, Event, InventoryKind, LogLine, PeerId, PeerState, SyncMode};
use crate::primitives::{Amount, Block, BlockHash, Header, Transaction, Txid};
use crate::time::Time;
use rand_chacha::rand_core::Rng as _;
use std::sync::Arc;

/// What the node says of a transaction that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionVerdict {
    /// It is in the mempool now, or was known.
    Accepted,
    /// It waits for these, which are asked of the peer.
    Orphan(Vec<Txid>),
    /// A rule refused it.
    Refused,
}

impl Network {
    /// The node has judged a block that [`NetOutput::Received`] gave it. What is invalid or mutated ends the
    /// connection it came over.
    pub fn block_processed(
        &mut self,
        peer: PeerId,
        hash: BlockHash,
        result: Result<(), BlockError>,
        chain: &Chainstate,
        now: Time,
    ) {
        self.download.judged(&hash);
        match result {
            Ok(()) => {
                self.download.peer_has(peer, hash, chain);
                self.getblocks.on_block(peer, &hash, chain, now.mono, &mut self.outbox);
            }
            Err(error) if error.is_permanent() => self.blame(peer, hash, error, now),
            Err(error) => {
                if let Some(peer) = self.peers.get_mut(peer) {
                    match error {
                        BlockError::Header(HeaderError::TooNew { .. }) => peer.tolerated.from_future += 1,
                        // This node has no room: the peer is not to blame.
                        BlockError::Header(HeaderError::IndexFull(_)) => {}
                        _ => peer.tolerated.unconnecting += 1,
                    }
                }
            }
        }
    }

    /// The chain found a block invalid when it came to connecting it.
    pub fn block_failed(&mut self, hash: BlockHash, error: BlockError, now: Time) {
        if let Some(peer) = self.download.sender(&hash) {
            self.blame(peer, hash, error, now);
        }
    }

    /// The node has judged a transaction that [`NetOutput::Received`] gave it. An invalid one is counted, and not
    /// asked for again before the next block.
    pub fn transaction_processed(
        &mut self,
        peer: PeerId,
        transaction: &Transaction,
        verdict: TransactionVerdict,
    ) {
        match verdict {
            TransactionVerdict::Accepted => self.transactions.known(&transaction.txid()),
            TransactionVerdict::Orphan(parents) => {
                for parent in parents {
                    self.transactions.announced(peer, parent);
                }
            }
            TransactionVerdict::Refused => {
                self.transactions.refused(transaction);
                if let Some(peer) = self.peers.get_mut(peer) {
                    peer.tolerated.invalid_transactions += 1;
                }
            }
        }
    }

    /// The active chain has a new tip, `connected` blocks having joined it: whoever does not have it is told.
    pub fn tip_changed(&mut self, chain: &Chainstate, connected: usize) {
        for _ in 0..connected {
            self.download.connected();
        }
        self.transactions.tip_changed();
        let download = &self.download;
        let has = |peer, hash: &BlockHash, height| download.is_known_to(peer, hash, height, chain);
        self.relay.announce_tip(chain, has, &mut self.outbox);
    }

    /// A transaction entered the mempool: whoever wants it and does not have it is told. `fee_rate` is per 1,000
    /// virtual bytes.
    pub fn announce_transaction(&mut self, transaction: &Transaction, fee_rate: Amount) {
        self.transactions.known(&transaction.txid());
        self.relay.announce_transaction(transaction, fee_rate, &mut self.filters);
    }

    /// Answers [`ServeRequest::Block`].
    pub fn serve_block(&mut self, peer: PeerId, hash: BlockHash, block: &Arc<Block>, chain: &Chainstate) {
        self.serving.on_block(peer, hash, block, chain.tip(), &mut self.filters, &mut self.outbox);
    }

    /// Answers [`ServeRequest::Transaction`].
    pub fn serve_transaction(&mut self, peer: PeerId, transaction: &Arc<Transaction>) {
        self.serving.on_transaction(peer, transaction, &mut self.outbox);
    }

    /// Answers [`ServeRequest::Mempool`] with transactions and their fee rates per 1,000 virtual bytes.
    pub fn serve_mempool<'a>(
        &mut self,
        peer: PeerId,
        transactions: impl IntoIterator<Item = (&'a Transaction, Amount)>,
    ) {
        for (transaction, fee_rate) in transactions {
            self.relay.announce_to(peer, transaction, fee_rate, &mut self.filters);
        }
    }

    /// Answers a request for a body that this node does not have.
    pub fn serve_missing(&mut self, peer: PeerId, request: ServeRequest) {
        self.serving.on_missing(peer, request, &mut self.outbox);
    }

    /// Logs and counts a frame, and acts on the message in it.
    pub(super) fn on_frame(
        &mut self,
        peer: PeerId,
        frame: Frame,
        view: &mut View<'_>,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        let Some(entry) = self.peers.get_mut(peer) else { return Ok(()) };
        let size = HEADER_SIZE + frame.length();
        match frame {
            Frame::Message { message, length } => {
                entry.received.count(message.command(), size, now);
                let event = message_event(entry, Direction::Inbound, &message, length);
                self.outbox.push(NetOutput::Event(event));
                self.outbox.log(LogLine::Received(message.command().to_owned()));
                self.on_message(peer, message, view, now)
            }
            other => {
                entry.received.count(Traffic::OTHER, size, now);
                let event = tolerate(entry, &other);
                self.outbox.push(NetOutput::Event(event));
                Ok(())
            }
        }
    }

    fn on_message(
        &mut self,
        peer: PeerId,
        message: Message,
        view: &mut View<'_>,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        let Some(entry) = self.peers.get_mut(peer) else { return Ok(()) };
        match message {
            Message::Version(version) => self.on_version(peer, *version, view.chain, now),
            Message::Verack => {
                if entry.on_verack() == Handshake::Done {
                    self.on_ready(peer, now);
                }
                Ok(())
            }
            _ if !entry.ready => {
                entry.tolerated.out_of_place += 1;
                Ok(())
            }
            Message::Ping(nonce) => {
                self.outbox.send(peer, Message::Pong(nonce));
                Ok(())
            }
            Message::Pong(nonce) => {
                self.on_pong(peer, nonce, now);
                Ok(())
            }
            // Nothing is synced over a connection that carries one transaction.
            _ if entry.purpose == Purpose::Delivery => Ok(()),
            message => self.on_business(peer, message, view, now),
        }
    }

    /// The messages of peers that have introduced themselves.
    fn on_business(
        &mut self,
        peer: PeerId,
        message: Message,
        view: &mut View<'_>,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        let outbox = &mut self.outbox;
        match message {
            Message::Addr(list) if list.len() > MAX_ADDR_TO_SEND => {
                return Err(DisconnectReason::TooManyAddresses(list.len()));
            }
            Message::GetAddr => {
                let peers = self.peers.ready().filter(|other| other.id != peer).map(|other| other.address);
                let known: std::collections::BTreeSet<_> = peers.chain(self.connections.known()).collect();
                self.serving.on_getaddr(peer, known.into_iter(), now.unix, outbox);
            }
            Message::Inv(items) => self.on_inv(peer, &items, view, now)?,
            Message::GetData(items) => self.serving.on_getdata(peer, items)?,
            Message::NotFound(items) => self.on_notfound(peer, &items, now)?,
            Message::GetBlocks(request) => self.serving.on_getblocks(peer, &request, view.chain, outbox)?,
            Message::GetHeaders(request) => {
                if let Some(last) = self.serving.on_getheaders(peer, &request, view.chain, outbox)? {
                    self.relay.told(peer, last);
                }
            }
            Message::Headers(headers) => self.on_headers(peer, &headers, view, now)?,
            Message::Block(block) => self.on_block(peer, block, view, now)?,
            Message::Tx(transaction) => self.on_transaction(peer, transaction, view),
            Message::Mempool => outbox.push(NetOutput::Serve { peer, request: ServeRequest::Mempool }),
            Message::SendHeaders => self.relay.on_sendheaders(peer),
            Message::FeeFilter(rate) => self.relay.on_fee_filter(peer, rate),
            Message::FilterLoad(filter) => {
                self.filters.load(peer, *filter)?;
                self.relay.wants_transactions(peer);
            }
            Message::FilterAdd(element) => self.filters.add(peer, &element)?,
            Message::FilterClear => {
                self.filters.clear(peer);
                self.relay.wants_transactions(peer);
            }
            // Addresses are not gathered yet, and no proofs are asked for; the others never get here.
            Message::Addr(_)
            | Message::Version(_)
            | Message::MerkleBlock(_)
            | Message::Verack
            | Message::Ping(_)
            | Message::Pong(_) => {}
        }
        Ok(())
    }

    fn on_version(
        &mut self,
        peer: PeerId,
        theirs: VersionMessage,
        chain: &Chainstate,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        if self.peers.is_own_nonce(theirs.nonce) {
            return Err(DisconnectReason::SelfConnection);
        }
        let Some(mut ours) = self.our_version(peer, chain.height(), now) else { return Ok(()) };
        ours.receiver.services = theirs.services;
        let Some(entry) = self.peers.get_mut(peer) else { return Ok(()) };
        entry.on_version(theirs, ours, &mut self.outbox).map(|_| ())
    }

    /// The handshake is over: the managers take the peer up, and it is told what this node wants.
    fn on_ready(&mut self, peer: PeerId, now: Time) {
        let nonce = self.rng.next_u64();
        let Some(entry) = self.peers.get_mut(peer) else { return };
        let (address, purpose) = (entry.address, entry.purpose);
        let (protocol, witness) = (entry.protocol(), entry.services().has(Services::WITNESS));
        let serves = entry.services().has(Services::NETWORK);
        let relay = entry.wants_transactions();
        let height = entry.version.as_ref().map_or(0, |version| version.start_height);
        self.outbox.log(LogLine::NewConnection);
        entry.send_ping(nonce, now.mono, &mut self.outbox);
        self.tell(peer, PeerState::Connected, None);
        if self.deliveries.has(address) {
            self.deliveries.send(peer, address, nonce.wrapping_add(1), &mut self.outbox);
        }
        if purpose == Purpose::Delivery {
            return;
        }
        let headers_first = self.sync == SyncMode::Headers;
        self.headers.peer_ready(peer, serves && headers_first);
        self.getblocks.peer_ready(peer, if serves { height } else { 0 });
        self.download.peer_ready(peer, witness);
        self.transactions.peer_ready(peer, witness);
        self.relay.peer_ready(peer, relay);
        self.serving.peer_ready(peer);
        if headers_first && protocol >= SENDHEADERS_VERSION {
            self.outbox.send(peer, Message::SendHeaders);
        }
        if self.fee_filter > Amount::ZERO && protocol >= FEEFILTER_VERSION {
            self.send_fee_filter(peer);
        }
        if relay {
            // What waits here may be news to the peer: two sides of a healed cut exchange their payments.
            self.outbox.push(NetOutput::Serve { peer, request: ServeRequest::Mempool });
        }
    }

    fn on_pong(&mut self, peer: PeerId, nonce: u64, now: Time) {
        let Some(entry) = self.peers.get_mut(peer) else { return };
        let (address, purpose) = (entry.address, entry.purpose);
        if !self.deliveries.on_pong(peer, nonce, &mut self.outbox) {
            entry.on_pong(nonce, now.mono);
        } else if purpose == Purpose::Delivery && !self.deliveries.has(address) {
            self.disconnect(peer, DisconnectReason::Delivered, now);
        }
    }

    fn on_inv(
        &mut self,
        peer: PeerId,
        items: &[Inventory],
        view: &mut View<'_>,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        if items.len() > MAX_INV_SZ {
            return Err(DisconnectReason::TooMuchInventory { command: "inv", count: items.len() });
        }
        let blocks: Vec<BlockHash> = items.iter().filter_map(Inventory::block).collect();
        let txids: Vec<Txid> = items.iter().filter_map(Inventory::tx).collect();
        for (count, kind) in [(blocks.len(), InventoryKind::Block), (txids.len(), InventoryKind::Tx)] {
            if count > 0 {
                self.outbox.log(LogLine::ReceivedInventory { count, kind });
            }
        }
        if !blocks.is_empty() {
            self.on_block_hashes(peer, &blocks, view.chain, now);
        }
        for txid in txids {
            self.relay.peer_has(peer, txid);
            if !(view.has_transaction)(&txid) {
                self.transactions.announced(peer, txid);
            }
        }
        Ok(())
    }

    fn on_block_hashes(&mut self, peer: PeerId, hashes: &[BlockHash], chain: &Chainstate, now: Time) {
        let mut unknown = None;
        for hash in hashes {
            let entry = chain.entry(hash);
            if entry.is_some() {
                self.download.peer_has(peer, *hash, chain);
            }
            let here = entry.is_some_and(|entry| self.sync == SyncMode::Headers || entry.has_body());
            if !here {
                unknown = Some(*hash);
                if self.sync == SyncMode::Blocks {
                    self.download.announced(peer, *hash);
                }
            }
        }
        match self.sync {
            SyncMode::Headers if unknown.is_some() => {
                self.headers.catch_up(peer, chain, now, &mut self.outbox);
            }
            SyncMode::Headers => {}
            SyncMode::Blocks => self.getblocks.on_list(peer, hashes.len(), unknown, now.mono),
        }
    }

    fn on_notfound(&mut self, peer: PeerId, items: &[Inventory], now: Time) -> Result<(), DisconnectReason> {
        if items.len() > MAX_INV_SZ {
            return Err(DisconnectReason::TooMuchInventory { command: "notfound", count: items.len() });
        }
        for item in items {
            if let Some(hash) = item.block() {
                self.download.not_found(peer, &hash, now.mono);
            }
            if let Some(txid) = item.tx() {
                self.transactions.not_found(peer, txid);
            }
        }
        Ok(())
    }

    fn on_headers(
        &mut self,
        peer: PeerId,
        headers: &[Header],
        view: &mut View<'_>,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        let Some(entry) = self.peers.get_mut(peer) else { return Ok(()) };
        let tolerated = &mut entry.tolerated;
        let last = self.headers.on_headers(peer, headers, view.chain, now, tolerated, &mut self.outbox)?;
        if let Some(last) = last {
            self.download.peer_has(peer, last, view.chain);
        }
        Ok(())
    }

    /// A block that is not here yet and has a parent goes to the node. One that nobody asked for must have more work
    /// than our chain, or it would fill the store for nothing (Core's `AcceptBlock`).
    fn on_block(
        &mut self,
        peer: PeerId,
        block: Arc<Block>,
        view: &mut View<'_>,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        let Some(entry) = self.peers.get_mut(peer) else { return Ok(()) };
        let hash = block.block_hash();
        let asked = self.download.received(&hash, now.mono);
        let chain = &mut *view.chain;
        if chain.entry(&hash).is_some_and(BlockIndexEntry::has_body) {
            return Ok(());
        }
        match chain.accept_header(&block.header, now.unix) {
            Ok(_) => {}
            Err(HeaderError::UnknownParent(_)) => {
                entry.tolerated.unconnecting += 1;
                self.on_orphan(peer, chain, now);
                return Ok(());
            }
            Err(error) if error.is_permanent() => return Err(DisconnectReason::InvalidHeader(error)),
            // This node has no room: the peer is not to blame.
            Err(HeaderError::IndexFull(_)) => return Ok(()),
            Err(_) => {
                entry.tolerated.from_future += 1;
                return Ok(());
            }
        }
        let work = chain.entry(&hash).map(|entry| entry.chainwork);
        if !asked && work.is_none_or(|work| work <= chain.tip_entry().chainwork) {
            entry.tolerated.unwanted_blocks += 1;
            return Ok(());
        }
        if self.download.judge(peer, hash) {
            self.outbox.log(LogLine::ReceivedBlock);
            self.outbox.push(NetOutput::Received(Received::Block { peer, block }));
        }
        Ok(())
    }

    /// Blocks are missing between ours and one that a peer sent.
    fn on_orphan(&mut self, peer: PeerId, chain: &Chainstate, now: Time) {
        match self.sync {
            SyncMode::Headers => self.headers.catch_up(peer, chain, now, &mut self.outbox),
            SyncMode::Blocks => self.getblocks.orphan(peer, chain, now.mono, &mut self.outbox),
        }
    }

    fn on_transaction(&mut self, peer: PeerId, transaction: Arc<Transaction>, view: &View<'_>) {
        let txid = transaction.txid();
        self.relay.peer_has(peer, txid);
        self.transactions.known(&txid);
        if !(view.has_transaction)(&txid) {
            self.outbox.push(NetOutput::Received(Received::Transaction { peer, transaction }));
        }
    }

    /// The sender of an invalid block must go.
    fn blame(&mut self, peer: PeerId, hash: BlockHash, error: BlockError, now: Time) {
        self.disconnect(peer, DisconnectReason::InvalidBlock { hash, error: Box::new(error) }, now);
    }
}

/// Counts a frame that is passed over.
fn tolerate(peer: &mut Peer, frame: &Frame) -> Event {
    let (command, length) = match frame {
        Frame::BadChecksum { command, length } => {
            peer.tolerated.bad_checksum += 1;
            (command.to_string(), *length)
        }
        Frame::Unknown { command, length } => {
            peer.tolerated.unknown_command += 1;
            (command.to_string(), *length)
        }
        Frame::Malformed { command, length, .. } => {
            peer.tolerated.malformed += 1;
            (command.to_string(), *length)
        }
        Frame::Message { message, length } => (message.command().to_owned(), *length),
    };
    let direction = Direction::Inbound;
    Event::Message { peer: peer.id, address: peer.address, direction, command, length, subject: None }
}

/// The event that tells of a message.
pub(super) fn message_event(peer: &Peer, direction: Direction, message: &Message, length: usize) -> Event {
    Event::Message {
        peer: peer.id,
        address: peer.address,
        direction,
        command: message.command().to_owned(),
        length,
        subject: message.subject(),
    }
}

/// Hashing the payload, and each header once.
pub(super) fn cost_of(frame: &Frame) -> Cost {
    let headers = match frame {
        Frame::Message { message: Message::Headers(headers), .. } => headers.len() as u64,
        _ => 0,
    };
    Cost(1 + frame.length() as u64 / 100 + 2 * headers)
}
