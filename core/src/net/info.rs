//! What the network tells of its connections: for snapshots and `getpeerinfo`.

use super::addr_relay::AddrStats;
use super::budget::BudgetInfo;
use super::departures::Departure;
use super::message::Services;
use super::network::Network;
use super::peer::{Peer, Ping, Purpose};
use super::reason::Tolerated;
use super::traffic::{Totals, Traffic};
use crate::chain::Chainstate;
use crate::interface::{Direction, PeerId, PeerState, SyncMode, TransportProtocol};
use crate::primitives::{Amount, BlockHash, Height};
use crate::time::{Mono, Time};
use std::net::SocketAddr;

/// A connection as it stands.
#[derive(Clone, Debug)]
pub struct PeerInfo {
    /// Which connection.
    pub id: PeerId,
    /// The other side's address.
    pub address: SocketAddr,
    /// Who opened it.
    pub direction: Direction,
    /// What it is for.
    pub purpose: Purpose,
    /// Where it stands.
    pub state: PeerState,
    /// When it came up.
    pub connected: Time,
    /// The peer's protocol version; 0 before the handshake.
    pub protocol: u32,
    /// What the peer offers.
    pub services: Services,
    /// The peer's program.
    pub user_agent: String,
    /// The height that the peer named when it introduced itself.
    pub start_height: i32,
    /// Whether it wants transactions announced.
    pub relays_transactions: bool,
    /// The fee rate below which it does not, per 1,000 virtual bytes.
    pub fee_filter: Amount,
    /// Round trips.
    pub ping: Ping,
    /// What was sent.
    pub sent: Traffic,
    /// What was received.
    pub received: Traffic,
    /// What it did that is tolerated.
    pub tolerated: Tolerated,
    /// What it may take of this node.
    pub budget: BudgetInfo,
    /// When it last sent a block that was valid and new.
    pub last_block: Option<Time>,
    /// When it last sent a transaction that was taken.
    pub last_transaction: Option<Time>,
    /// The addresses that came from it.
    pub addresses: AddrStats,
    /// Why the last connection with its address ended.
    pub last_disconnect: Option<Departure>,
    /// The height up to which its headers were looked through, while they are and none is kept.
    pub presynced_headers: Option<u32>,
    /// The height of the best block that it is known to have.
    pub synced_headers: Option<Height>,
    /// The height up to which its chain and ours are the same and all blocks are here.
    pub synced_blocks: Option<Height>,
    /// Blocks that it was asked for and has not sent.
    pub in_flight: Vec<BlockHash>,
    /// How this node syncs from it.
    pub sync: SyncMode,
    /// Whether it was asked to announce blocks by `cmpctblock` at once (Core's `bip152_hb_to`).
    pub announces_compact: bool,
    /// Whether it asked for that (Core's `bip152_hb_from`).
    pub wants_compact: bool,
    /// What the two sides speak.
    pub transport: TransportProtocol,
    /// What the two sides of an encrypted connection know and nobody else (BIP324).
    pub session_id: Option<[u8; 32]>,
}

impl Network {
    /// All connections, in the order in which they were made.
    pub fn peers(&self, chain: &Chainstate, now: Mono) -> Vec<PeerInfo> {
        self.peers.iter().map(|peer| self.info(peer, chain, now)).collect()
    }

    /// The last connections that ended, the latest first.
    pub fn ended(&self) -> impl Iterator<Item = &(SocketAddr, Departure)> {
        self.departures.latest()
    }

    /// Bytes over all connections that there were.
    pub fn totals(&self) -> Totals {
        let mut totals = self.departed;
        self.peers.iter().for_each(|peer| totals.add(peer));
        totals
    }

    /// Whether more blocks are on their way than a chain that merely grows has.
    pub fn is_downloading(&self) -> bool {
        self.download.is_busy()
    }

    /// Whether any block is on its way.
    pub fn awaits_blocks(&self) -> bool {
        self.download.in_flight().next().is_some()
    }

    fn info(&self, peer: &Peer, chain: &Chainstate, now: Mono) -> PeerInfo {
        let version = peer.version.as_ref();
        let progress = self.download.progress(peer.id);
        let best_known = progress.as_ref().and_then(|progress| progress.best_known);
        PeerInfo {
            id: peer.id,
            address: peer.address,
            direction: peer.direction,
            purpose: peer.purpose,
            state: peer.state(),
            connected: peer.connected,
            protocol: peer.protocol(),
            services: peer.services(),
            user_agent: version.map_or_else(String::new, |version| version.user_agent.clone()),
            start_height: version.map_or(0, |version| version.start_height),
            relays_transactions: self.relay.announces_to(peer.id),
            fee_filter: self.relay.fee_filter(peer.id),
            ping: peer.ping,
            sent: peer.sent.read(),
            received: peer.received.read(),
            tolerated: peer.tolerated,
            budget: peer.budget.as_of(now).info(),
            last_block: peer.last_block,
            last_transaction: peer.last_transaction,
            addresses: self.addresses.stats(peer.id),
            last_disconnect: self.departures.last(&peer.address).cloned(),
            presynced_headers: self.headers.presynced(peer.id),
            synced_headers: best_known.and_then(|hash| chain.entry(&hash)).map(|entry| entry.height),
            synced_blocks: progress.as_ref().map(|progress| progress.common),
            in_flight: progress.map_or_else(Vec::new, |progress| progress.in_flight.to_vec()),
            sync: self.sync,
            announces_compact: self.compact_blocks.is_announcer(peer.id),
            wants_compact: self.compact_blocks.wants_at_once(peer.id),
            transport: peer.session.protocol(),
            session_id: peer.session.session_id().copied(),
        }
    }
}
