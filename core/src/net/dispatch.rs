//! What each message leads to: the facade hands it to the managers whose business it is. Also takes what the node says
//! of blocks, transactions and the tip.

use super::limits::{MAX_INV_SZ, MAX_UNREQUESTED_AHEAD};
use super::message::{Frame, Inventory, Message};
use super::network::{Network, View};
use super::outbox::{NetOutput, Received, ServeRequest};
use super::peer::{Handshake, Peer};
use super::reason::DisconnectReason;
use super::traffic::Traffic;
use crate::chain::{BlockIndexEntry, Chainstate};
use crate::consensus::HeaderError;
use crate::interface::{Direction, Event, InventoryKind, LogLine, PeerId, SyncMode};
use crate::primitives::{Block, BlockHash, Header, Transaction, Txid};
use crate::time::Time;
use std::net::SocketAddr;
use std::sync::Arc;

impl Network {
    /// Logs and counts a frame of `size` bytes on the wire, and acts on the message in it.
    pub(super) fn on_frame(
        &mut self,
        peer: PeerId,
        frame: Frame,
        size: usize,
        view: &mut View<'_>,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        let Some(entry) = self.peers.get_mut(peer) else { return Ok(()) };
        match frame {
            Frame::Message { message, length } => {
                entry.received.count(message.command(), size, now);
                self.watch.heard(now.mono);
                if self.tells_messages {
                    let event = message_event(entry, Direction::Inbound, &message, length);
                    self.outbox.push(NetOutput::Event(event));
                }
                if self.outbox.logs() {
                    self.outbox.log(LogLine::Received(message.command().to_owned()));
                }
                self.on_message(peer, message, view, now)
            }
            other => {
                entry.received.count(Traffic::OTHER, size, now);
                self.watch.heard(now.mono);
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
            Message::Addr(list) => self.on_addr(peer, list, now),
            // Nothing is synced over a connection that carries one transaction, asks for addresses or tests one.
            _ if !entry.purpose.is_full() => Ok(()),
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
            Message::GetAddr => {
                let (book, connections) = (&self.discovery.book, &self.connections);
                let refused = |address: &SocketAddr| connections.refuses(address, now.unix).is_some();
                self.addresses.on_getaddr(peer, book, refused, now, &mut self.rng, outbox);
            }
            Message::Inv(items) => self.on_inv(peer, &items, view, now)?,
            Message::GetData(items) => self.serving.on_getdata(peer, items)?,
            Message::NotFound(items) => self.on_notfound(peer, &items, now)?,
            Message::GetBlocks(request) => self.serving.on_getblocks(peer, &request, view.chain, outbox)?,
            Message::GetHeaders(request) => {
                if let Some(last) = self.serving.on_getheaders(peer, &request, view.chain, outbox)? {
                    self.tip_relay.told(peer, last);
                }
            }
            Message::Headers(headers) => self.on_headers(peer, &headers, view, now)?,
            Message::Block(block) => {
                self.compact_blocks.on_block(&block.block_hash());
                self.on_block(peer, block, view, now)?;
            }
            Message::SendCmpct(wish) => self.on_sendcmpct(peer, wish),
            Message::CmpctBlock(compact) => self.on_compact_block(peer, &compact, view, now)?,
            Message::GetBlockTxn(request) => self.on_getblocktxn(peer, request, view.chain)?,
            Message::BlockTxn(rest) => self.on_blocktxn(peer, rest, view, now)?,
            Message::MerkleBlock(proof) => self.on_proof(peer, *proof, now)?,
            Message::Tx(transaction) => self.on_transaction(peer, transaction, view, now)?,
            Message::Mempool => outbox.push(NetOutput::Serve { peer, request: ServeRequest::Mempool }),
            Message::SendHeaders => self.tip_relay.on_sendheaders(peer),
            Message::FeeFilter(rate) => self.relay.on_fee_filter(peer, rate),
            Message::GetCFilters(request) => self.serving.on_getcfilters(peer, &request, view.chain)?,
            Message::GetCFHeaders(request) => {
                self.serving.on_getcfheaders(peer, &request, view.chain, outbox)?;
            }
            Message::GetCFCheckpt(request) => {
                self.serving.on_getcfcheckpt(peer, &request, view.chain, outbox)?;
            }
            Message::CFHeaders(answer) => self.compact.on_hashes(peer, answer)?,
            Message::CFilter(answer) => self.on_compact_filter(peer, answer, view.chain)?,
            Message::FilterLoad(filter) => {
                self.filters.load(peer, *filter)?;
                self.relay.wants_transactions(peer);
            }
            Message::FilterAdd(element) => self.filters.add(peer, &element)?,
            Message::FilterClear => {
                self.filters.clear(peer);
                self.relay.wants_transactions(peer);
            }
            // No checkpoints are asked for; the others never get here.
            Message::Addr(_)
            | Message::Version(_)
            | Message::CFCheckpt(_)
            | Message::Verack
            | Message::Ping(_)
            | Message::Pong(_) => {}
        }
        Ok(())
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
        let taken = self.headers.on_headers(peer, headers, view.chain, now, tolerated, &mut self.outbox);
        if let Err(DisconnectReason::InvalidHeader(_)) = &taken {
            self.watch.heard_low_work(headers.len() as u32, now.mono);
            self.watch.cut_off(now.mono);
        }
        if let Some(last) = taken? {
            self.download.peer_has(peer, last, view.chain);
        }
        Ok(())
    }

    /// A block that is not here yet and has a parent goes to the node. One that nobody asked for must have more work
    /// than our chain and not be far ahead of it, or it would fill the store for nothing (Core's `AcceptBlock`).
    pub(super) fn on_block(
        &mut self,
        peer: PeerId,
        block: Arc<Block>,
        view: &mut View<'_>,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        let Some(entry) = self.peers.get_mut(peer) else { return Ok(()) };
        let hash = block.block_hash();
        let asked = self.download.received(&hash, now.mono);
        if asked {
            self.watch.was_asked_for();
        }
        self.compact.on_block(&block);
        let chain = &mut *view.chain;
        if chain.entry(&hash).is_some_and(BlockIndexEntry::has_body) {
            return Ok(());
        }
        if !asked && chain.lacks_work(&[block.header], &hash) {
            entry.tolerated.low_work += 1;
            self.watch.heard_low_work(1, now.mono);
            return Ok(());
        }
        if !self.take_header(peer, &block.header, hash, chain, now)? {
            return Ok(());
        }
        let tip = chain.tip_entry();
        let is_wanted = |entry: &BlockIndexEntry| {
            entry.chainwork > tip.chainwork && entry.height.0 <= tip.height.0 + MAX_UNREQUESTED_AHEAD
        };
        if !asked && !chain.entry(&hash).is_some_and(is_wanted) {
            if let Some(entry) = self.peers.get_mut(peer) {
                entry.tolerated.unwanted_blocks += 1;
            }
            return Ok(());
        }
        if self.download.judge(peer, hash) {
            self.outbox.log(LogLine::ReceivedBlock);
            self.outbox.push(NetOutput::Received(Received::Block { peer, block }));
        }
        Ok(())
    }

    /// Takes the header of a block that came into the tree; false if it does not belong there, now or for want of its
    /// parents, which are asked for then.
    pub(super) fn take_header(
        &mut self,
        peer: PeerId,
        header: &Header,
        hash: BlockHash,
        chain: &mut Chainstate,
        now: Time,
    ) -> Result<bool, DisconnectReason> {
        let Some(entry) = self.peers.get_mut(peer) else { return Ok(false) };
        match chain.accept_hashed_header(header, hash, now.unix) {
            Ok(_) => return Ok(true),
            Err(HeaderError::UnknownParent(_)) => {
                entry.tolerated.unconnecting += 1;
                self.catch_up(peer, chain, now);
            }
            Err(error) if error.is_permanent() => return Err(DisconnectReason::InvalidHeader(error)),
            // This node has no room: the peer is not to blame.
            Err(HeaderError::IndexFull(_)) => {}
            Err(_) => entry.tolerated.from_future += 1,
        }
        Ok(false)
    }

    /// A peer has, or may have, blocks that lie between ours and its tip: it is asked for them.
    pub(super) fn catch_up(&mut self, peer: PeerId, chain: &Chainstate, now: Time) {
        match self.sync {
            SyncMode::Headers => self.headers.catch_up(peer, chain, now, &mut self.outbox),
            SyncMode::Blocks => self.getblocks.orphan(peer, chain, now.mono, &mut self.outbox),
        }
    }

    fn on_transaction(
        &mut self,
        peer: PeerId,
        transaction: Arc<Transaction>,
        view: &View<'_>,
        now: Time,
    ) -> Result<(), DisconnectReason> {
        let txid = transaction.txid();
        self.relay.peer_has(peer, txid);
        self.transactions.known(&txid);
        let (is_proven, shown) = self.filtered.on_transaction(peer, &transaction);
        if let Some(shown) = shown {
            self.on_shown(peer, shown, now)?;
        }
        if is_proven {
            self.watch.was_asked_for();
            return Ok(());
        }
        if !(view.has_transaction)(&txid) {
            self.outbox.push(NetOutput::Received(Received::Transaction { peer, transaction }));
        }
        Ok(())
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
