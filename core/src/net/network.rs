//! The facade: takes in what happened on connections, gives every peer its turn, hands out what is to be done.
//!
//! Knows the chain, which it reads and gives headers to. Blocks and transactions are judged by the node, which tells
//! the network what came of them.

use super::addr_relay::AddrRelay;
use super::block_download::BlockDownload;
use super::compact_blocks::{CompactBlocks, Pool};
use super::compact_filters::CompactFilters;
use super::connections::Connections;
use super::deadlines::Deadlines;
use super::delivery::Deliveries;
use super::departures::Departures;
use super::discovery::Discovery;
use super::dispatch::message_event;
use super::filtered_blocks::FilteredBlocks;
use super::filters::Filters;
use super::getblocks_sync::GetBlocksSync;
use super::headers_sync::HeadersSync;
use super::limits::{
    MAX_CONNECTIONS, MAX_INBOUND_CONNECTIONS, MAX_OUTBOUND_CONNECTIONS, MAX_RECEIVE_BUFFER, MAX_SEND_BUFFER,
};
use super::message::{Checksums, Message, Services};
use super::outbox::{Action, NetOutput, Outbox};
use super::peers::Peers;
use super::reason::DisconnectReason;
use super::rebroadcast::Rebroadcast;
use super::relay::Relay;
use super::secret::HashKey;
use super::serving::Serving;
use super::tip_relay::TipRelay;
use super::traffic::Totals;
use super::tx_request::TxRequest;
use super::watch::Watch;
use crate::chain::{Chainstate, Keeps};
use crate::consensus::NetworkParams;
use crate::cost::Cost;
use crate::interface::{Direction, LightFilter, PeerId, SyncMode};
use crate::primitives::{Amount, Txid};
use crate::time::{Span, Time};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use std::net::SocketAddr;

/// What this program calls itself (BIP14).
pub const USER_AGENT: &str = concat!("/Terrarium:", env!("CARGO_PKG_VERSION"), "/");
/// What a node that keeps blocks offers.
const SERVICES: Services =
    Services(Services::NETWORK.0 | Services::BLOOM.0 | Services::WITNESS.0 | Services::COMPACT_FILTERS.0);

/// Bytes that one `Send` gathers at most before the next begins, where many small messages go to one peer.
const SEND_BATCH: usize = 64 * 1024;

/// Bytes that most messages fit into.
const USUAL_SEND: usize = 256;

/// What a node offers that keeps this of the chain.
fn services_of(keeps: Keeps, v2transport: bool) -> Services {
    let kept = match keeps {
        Keeps::Blocks => SERVICES,
        Keeps::Headers => Services::NONE,
    };
    if v2transport { kept | Services::P2P_V2 } else { kept }
}

/// How many connections a node has at most, without those by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Opened by itself.
    pub outbound: usize,
    /// Let in.
    pub inbound: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { outbound: MAX_OUTBOUND_CONNECTIONS, inbound: MAX_INBOUND_CONNECTIONS }
    }
}

impl Limits {
    /// No more than a node may have of all kinds.
    fn checked(self) -> Self {
        let outbound = self.outbound.min(MAX_CONNECTIONS);
        Self { outbound, inbound: self.inbound.min(MAX_CONNECTIONS - outbound) }
    }
}

/// What the network may look at while it works.
pub struct View<'a> {
    /// The chain; headers are added to it.
    pub chain: &'a mut Chainstate,
    /// Whether a transaction need not be asked for: it waits in the mempool or for its parents.
    pub has_transaction: &'a dyn Fn(&Txid) -> bool,
    /// Shows every transaction that waits in the mempool or for its parents: blocks are rebuilt from them.
    pub pool: Pool<'a>,
}

/// The network of one node on one chain.
#[derive(Debug)]
pub struct Network {
    pub(super) own: SocketAddr,
    /// Whether this node speaks v2 with peers that do (`-v2transport`).
    pub(super) v2transport: bool,
    pub(super) magic: [u8; 4],
    /// What of the chain this node has to give, and asks for.
    pub(super) keeps: Keeps,
    pub(super) sync: SyncMode,
    pub(super) running: bool,
    /// Whether events tell of messages.
    pub(super) tells_messages: bool,
    /// No pings and no addresses go out.
    pub(super) quiet: bool,
    pub(super) fee_filter: Amount,
    pub(super) rng: ChaCha20Rng,
    pub(super) outbox: Outbox,
    pub(super) checksums: Checksums,
    pub(super) peers: Peers,
    pub(super) connections: Connections,
    pub(super) discovery: Discovery,
    pub(super) addresses: AddrRelay,
    /// Chooses who is protected from eviction.
    pub(super) group_key: HashKey,
    pub(super) headers: HeadersSync,
    pub(super) getblocks: GetBlocksSync,
    pub(super) download: BlockDownload,
    /// How a node that keeps headers alone learns which blocks concern it.
    pub(super) light_filter: LightFilter,
    pub(super) filtered: FilteredBlocks,
    pub(super) compact: CompactFilters,
    pub(super) compact_blocks: CompactBlocks,
    pub(super) transactions: TxRequest,
    pub(super) relay: Relay,
    pub(super) tip_relay: TipRelay,
    pub(super) serving: Serving,
    pub(super) filters: Filters,
    pub(super) deliveries: Deliveries,
    pub(super) departures: Departures,
    pub(super) watch: Watch,
    /// What went over connections that are gone.
    pub(super) departed: Totals,
    pub(super) deadlines: Deadlines,
    pub(super) rebroadcast: Rebroadcast,
}

impl Network {
    /// The network of the node that listens at `own`; not started.
    pub fn new(own: SocketAddr, params: &NetworkParams, keeps: Keeps, seed: [u8; 32]) -> Self {
        let mut rng = ChaCha20Rng::from_seed(seed);
        let secrets = ChaCha20Rng::from_rng(&mut rng);
        let mut key = || [rng.next_u64(), rng.next_u64()];
        let (book_key, relay_key, group_key) = (key(), key(), key());
        let services = services_of(keeps, true);
        Self {
            own,
            magic: params.magic,
            v2transport: true,
            keeps,
            sync: SyncMode::Headers,
            running: false,
            tells_messages: true,
            quiet: false,
            fee_filter: Amount::ZERO,
            rng,
            outbox: Outbox::default(),
            checksums: Checksums::default(),
            peers: Peers::new(own, params.magic, params.timing),
            connections: Connections::new(own),
            discovery: Discovery::new(own, book_key),
            addresses: AddrRelay::new(own, services, HashKey(relay_key)),
            group_key: HashKey(group_key),
            headers: HeadersSync::new(params.timing.headers_response, secrets),
            getblocks: GetBlocksSync::new(params.timing.headers_response),
            download: BlockDownload::new(Span::from_secs(u64::from(params.consensus.spacing))),
            light_filter: LightFilter::default(),
            filtered: FilteredBlocks::default(),
            compact: CompactFilters::default(),
            compact_blocks: CompactBlocks::new(),
            transactions: TxRequest::new(),
            relay: Relay::new(&params.timing),
            tip_relay: TipRelay::default(),
            serving: Serving::new(),
            filters: Filters::new(),
            deliveries: Deliveries::new(),
            departures: Departures::new(),
            watch: Watch::new(&params.consensus),
            departed: Totals::default(),
            deadlines: Deadlines::default(),
            rebroadcast: Rebroadcast::new(params.timing.rebroadcast),
        }
    }

    /// What this node offers.
    pub fn services(&self) -> Services {
        services_of(self.keeps, self.v2transport)
    }

    /// Whether this node encrypts what it says to peers that can read it; for connections from now on.
    pub fn set_v2transport(&mut self, v2transport: bool) {
        self.v2transport = v2transport;
        self.addresses.offer(self.services());
    }

    /// Whether this node exchanges nothing with its peers but what the chain needs: no pings, so that nobody is taken to
    /// be gone for being silent, and no addresses; for connections from now on.
    pub fn set_quiet(&mut self, quiet: bool) {
        self.quiet = quiet;
        self.peers.set_quiet(quiet);
    }

    /// Whether somebody listens for events that tell of messages, and for lines of the log.
    pub fn set_listeners(&mut self, messages: bool, log: bool) {
        self.tells_messages = messages;
        self.outbox.set_log(log);
    }

    /// Joins: connections are opened and let in, within `limits`. To `connect` alone where any are named, else to
    /// neighbours, of whom `seed_nodes` are asked among others.
    pub fn start(
        &mut self,
        sync: SyncMode,
        connect: &[SocketAddr],
        seed_nodes: &[SocketAddr],
        limits: Limits,
        now: Time,
    ) {
        self.running = true;
        self.watch.restart(now.mono);
        // Headers come by headers alone.
        self.sync = if self.keeps == Keeps::Headers { SyncMode::Headers } else { sync };
        let limits = limits.checked();
        self.peers.set_max_inbound(limits.inbound);
        self.connections.start(connect, limits.outbound);
        if connect.is_empty() {
            self.discovery.start(seed_nodes, now, &mut self.rng);
        } else {
            self.discovery.stop();
        }
    }

    /// Leaves: every connection is ended.
    pub fn stop(&mut self, now: Time) {
        self.running = false;
        self.watch.restart(now.mono);
        self.connections.stop();
        self.discovery.stop();
        for peer in self.peers.ids() {
            self.disconnect(peer, DisconnectReason::Stopped, now);
        }
    }

    /// Whether the node is on the network.
    pub const fn is_running(&self) -> bool {
        self.running
    }

    /// Which nodes the host says are up on this network, in place of the last list: what of it is known is tried again
    /// sooner.
    pub fn set_directory(&mut self, addresses: impl IntoIterator<Item = SocketAddr>, now: Time) {
        if self.connections.set_directory(addresses) > 0 && self.running {
            self.discovery.heard_of_news(&self.peers, now.mono, &mut self.rng);
        }
    }

    /// Whether a connection is known: what is told of another comes too late.
    pub fn has_peer(&self, peer: PeerId) -> bool {
        self.peers.get(peer).is_some()
    }

    /// Stops or resumes the download of blocks: the store takes no more.
    pub fn pause_download(&mut self, paused: bool) {
        self.download.set_paused(paused);
    }

    /// What transactions must pay to be wanted, per 1,000 virtual bytes (BIP133); peers are told.
    pub fn set_fee_filter(&mut self, rate: Amount) {
        if self.fee_filter == rate {
            return;
        }
        self.fee_filter = rate;
        for peer in self.peers.ready().map(|peer| peer.id).collect::<Vec<_>>() {
            self.send_fee_filter(peer);
        }
    }

    /// Whether the node's own payments, if any may `wait`, are to be announced again; another time is drawn then.
    pub fn is_rebroadcast_due(&mut self, wait: bool, now: Time) -> bool {
        match wait && self.running {
            true => self.rebroadcast.is_due(now.mono, &mut self.rng),
            false => {
                self.rebroadcast.rest();
                false
            }
        }
    }

    /// Bytes came. They are read in [`Network::step`].
    pub fn bytes(&mut self, peer: PeerId, bytes: impl Into<Vec<u8>>, now: Time) {
        let Some(entry) = self.peers.take_in(peer, bytes.into()) else { return };
        if entry.session.unread() > MAX_RECEIVE_BUFFER {
            self.disconnect(peer, DisconnectReason::ReceiveFlood, now);
        }
    }

    /// Bytes have left; `queued` still wait in the host. Whether a peer is read from and served again that was not, for
    /// what it was sent had not left.
    pub fn drained(&mut self, peer: PeerId, queued: usize) -> bool {
        let Some(peer) = self.peers.get_mut(peer) else { return false };
        let had_too_much = std::mem::replace(&mut peer.unsent, queued) > MAX_SEND_BUFFER;
        had_too_much && queued <= MAX_SEND_BUFFER
    }

    /// Gives peers their turns, one message each, until `budget` is spent or nothing is left to do; then asks for
    /// what is missing. Returns whether work is left. Nobody is late whose messages have not been read.
    pub fn step(&mut self, view: &mut View<'_>, now: Time, budget: Cost) -> bool {
        self.deadlines.woken(now.mono);
        let busy = self.take_turns(view, now, budget);
        self.tick(now);
        self.ask(view.chain, now);
        self.watch_over(view.chain, now);
        self.deadlines.promise(self.next_wakeup());
        busy
    }

    /// The next thing to do.
    pub fn poll(&mut self, now: Time) -> Option<NetOutput> {
        loop {
            match self.outbox.pop()? {
                Action::Output(output) => return Some(output),
                Action::Flush { peer } => {
                    let mut bytes = Vec::new();
                    self.flush(peer, &mut bytes, now);
                    if !bytes.is_empty() {
                        return Some(NetOutput::Send { peer, bytes });
                    }
                }
                Action::Send { peer, message } => {
                    let mut bytes = Vec::with_capacity(USUAL_SEND);
                    self.encode(peer, message, &mut bytes, now);
                    while bytes.len() < SEND_BATCH
                        && let Some(message) = self.outbox.pop_message_to(peer)
                    {
                        self.encode(peer, message, &mut bytes, now);
                    }
                    if !bytes.is_empty() {
                        return Some(NetOutput::Send { peer, bytes });
                    }
                }
            }
        }
    }

    /// Asks peers for headers, blocks and transactions, and announces what waits.
    pub(super) fn ask(&mut self, chain: &Chainstate, now: Time) {
        if self.sync == SyncMode::Headers {
            self.headers.ask(chain, now, &mut self.outbox);
        } else {
            self.getblocks.ask(chain, now.mono, &mut self.outbox);
        }
        self.look_through(chain, now);
        self.download.request(chain, now.mono, &mut self.outbox);
        self.ask_second_peers(chain, now);
        self.transactions.expire(now.mono);
        // While blocks are missing most transactions would only wait for their parents.
        if !self.download.is_busy() {
            self.transactions.request(now.mono, &mut self.outbox);
        }
        self.relay.flush(now.mono, &mut self.rng, &mut self.outbox);
        self.addresses.flush(now, &mut self.rng, &mut self.outbox);
    }

    /// Appends a message's bytes, counts it and tells of it; nothing if the peer is gone, or if it cannot be encrypted
    /// yet.
    fn encode(&mut self, peer: PeerId, message: Message, bytes: &mut Vec<u8>, now: Time) {
        self.flush(peer, bytes, now);
        let Some(entry) = self.peers.get_mut(peer) else { return };
        let Some(sent) = entry.session.encode(&message, bytes, &mut self.checksums) else {
            entry.session.hold(message);
            return;
        };
        entry.sent.count(message.command(), sent.size, now);
        entry.unsent += sent.size;
        if self.tells_messages {
            let event = message_event(entry, Direction::Outbound, &message, sent.length);
            self.outbox.push(NetOutput::Event(event));
        }
    }

    /// Appends what is to be sent before any message.
    fn flush(&mut self, peer: PeerId, bytes: &mut Vec<u8>, now: Time) {
        let Some(entry) = self.peers.get_mut(peer).filter(|entry| entry.session.has_output()) else { return };
        let before = bytes.len();
        entry.session.take_output(bytes);
        let size = bytes.len() - before;
        entry.sent.count_transport(size, now);
        entry.unsent += size;
    }
}
