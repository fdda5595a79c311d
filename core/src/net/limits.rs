//! Every limit and time of the protocol that this node keeps to, in one table. Names and values are Bitcoin Core's
//! unless the line says otherwise; times that a network sets for itself are in `consensus::NetworkParams`.

use crate::cost::Cost;
use crate::time::Span;

// ---- Messages ------------------------------------------------------------------------------------------------------

/// The most payload bytes of any message; a header that claims more ends the connection.
pub const MAX_PROTOCOL_MESSAGE_LENGTH: usize = 4_000_000;
/// The most bytes that a receive buffer reserves ahead of what has arrived (ours; Core's `RecvMsg` does the same).
pub const MAX_RECEIVE_RESERVE: usize = 256 * 1024;
/// Unread bytes of one peer above which it is disconnected: one whole message and Core's `-maxreceivebuffer`.
pub const MAX_RECEIVE_BUFFER: usize = 24 + MAX_PROTOCOL_MESSAGE_LENGTH + 5_000_000;
/// Unsent bytes of one peer above which it is neither read from nor served (Core's `-maxsendbuffer`).
pub const MAX_SEND_BUFFER: usize = 1_000_000;
/// The most bytes of a peer's user agent.
pub const MAX_SUBVERSION_LENGTH: usize = 256;
/// The most headers in one `headers`.
pub const MAX_HEADERS_RESULTS: usize = 2_000;
/// The most entries of an `inv`, `getdata` or `notfound`.
pub const MAX_INV_SZ: usize = 50_000;
/// The most blocks that an answer to `getblocks` lists.
pub const MAX_GETBLOCKS_RESULTS: usize = 500;
/// The most hashes in a locator.
pub const MAX_LOCATOR_SZ: usize = 101;
/// The most addresses in one `addr`.
pub const MAX_ADDR_TO_SEND: usize = 1_000;

// ---- Budgets (ours) ------------------------------------------------------------------------------------------------

/// Bytes that a peer may send at once before it waits for the others: one whole message and a quarter ...
pub const PEER_BYTES_SAVED: u64 = 5_000_000;
/// ... of which so many come back every second.
pub const PEER_BYTES_PER_SECOND: u64 = 1_000_000;
/// Messages that a peer may send at once ...
pub const PEER_MESSAGES_SAVED: u64 = 2_000;
/// ... of which so many come back every second.
pub const PEER_MESSAGES_PER_SECOND: u64 = 500;
/// Work that a peer may make at once: 100 ms of a worker ...
pub const PEER_WORK_SAVED: Cost = Cost(100_000);
/// ... of which so much comes back every second: a tenth of a worker.
pub const PEER_WORK_PER_SECOND: Cost = Cost(100_000);

// ---- Watching for attacks (seed 004) -------------------------------------------------------------------------------

/// How often peers are looked at as a whole, at most (ours).
pub const WATCH_INTERVAL: Span = Span::from_secs(1);
/// How often something is done about a warning that lasts (ours).
pub const WATCH_ACTION_INTERVAL: Span = Span::from_secs(60);
/// Messages in ten seconds from which on they may be a flood: ten a second ...
pub const WATCHED_MESSAGES: u32 = 100;
/// ... if they are more than so many times the median of ten minutes ...
pub const MESSAGE_RATE_FACTOR: u32 = 10;
/// ... of which so many times ten seconds have passed (ours).
pub const MIN_MESSAGE_RATE_HISTORY: usize = 6;
/// Peers from which on it says something that they run one program ...
pub const MIN_AGENT_PEERS: u32 = 5;
/// ... more of them than this.
pub const MAX_AGENT_SHARE_PERCENT: u32 = 80;
/// A tip is stale after so many times what the network takes for a block (ours; Core's `TipMayBeStale` has 3, which is
/// often chance).
pub const STALE_TIP_SPACINGS: u64 = 12;
/// Headers without work in ten minutes that may be chance (ours): one whole message.
pub const WATCHED_LOW_WORK_HEADERS: u32 = MAX_HEADERS_RESULTS as u32;

// ---- Connections ---------------------------------------------------------------------------------------------------

/// Our protocol version: the one that adds `wtxidrelay`, which this node does not send.
pub const PROTOCOL_VERSION: u32 = 70_016;
/// The oldest version that is spoken to: the first with `getheaders`.
pub const MIN_PEER_PROTO_VERSION: u32 = 31_800;
/// The first version that understands `sendheaders` (BIP130).
pub const SENDHEADERS_VERSION: u32 = 70_012;
/// The first version that understands `feefilter` (BIP133).
pub const FEEFILTER_VERSION: u32 = 70_013;
/// Connections that this node opens by itself unless it is told otherwise (Core's full-relay count; seed 004).
pub const MAX_OUTBOUND_CONNECTIONS: usize = 8;
/// Connections that it lets in unless it is told otherwise (seed 004).
pub const MAX_INBOUND_CONNECTIONS: usize = 125;
/// Connections of every kind, those opened by hand too (seed 002).
pub const MAX_CONNECTIONS: usize = 1_000;
/// Connections opened by itself into one address group (protocol.md).
pub const MAX_OUTBOUND_PER_GROUP: usize = 2;
/// Addresses that are wanted by hand: `-connect`, `-seednode`, `addnode` (Core's `MAX_ADDNODE_CONNECTIONS` is 8; a lab
/// may name every node of a class).
pub const MAX_WANTED_BY_HAND: usize = 1_000;
/// Addresses that the host's directory may list.
pub const MAX_DIRECTORY: usize = 1_000;
/// Address groups remembered as discouraged; the oldest is forgotten (Core's filter holds 50,000).
pub const MAX_DISCOURAGED: usize = 50_000;
/// Addresses of which it is remembered why their last connection ended (ours).
pub const MAX_DEPARTURES: usize = 1_000;
/// The last ends of connections, which the page lists (ours).
pub const MAX_LATEST_DEPARTURES: usize = 8;
/// How long a peer may take from the connection to its `verack`.
pub const HANDSHAKE_TIMEOUT: Span = Span::from_secs(60);
/// How long a connection may take to open (Core's `DEFAULT_CONNECT_TIMEOUT`).
pub const CONNECT_TIMEOUT: Span = Span::from_secs(5);
/// The pause before a lost connection is opened again; doubles with each failure (ours).
pub const CONNECT_RETRY_MIN: Span = Span::from_millis(250);
/// The longest such pause for a node that the directory says is up, so that a healed cut is noticed within a second.
pub const CONNECT_RETRY_MAX_LISTED: Span = Span::from_millis(750);
/// The longest such pause for any other address.
pub const CONNECT_RETRY_MAX: Span = Span::from_secs(4);
/// A connection that ends sooner counts as a failed attempt (ours): what refuses us at once is not hammered.
pub const CONNECTION_PROVEN: Span = Span::from_secs(5);
/// A step that comes so much later than it was asked for says that the node was not running (ours) ...
pub const LATE_STEP: Span = Span::from_secs(1);
/// ... and then peers' deadlines are judged only after this time, in which what they sent comes in.
pub const LATE_STEP_PATIENCE: Span = Span::from_secs(5);
/// Two connections between the same nodes that are opened within this time crossed on the way (ours).
pub const CROSSING_WINDOW: Span = Span::from_secs(5);

// ---- Addresses -----------------------------------------------------------------------------------------------------

/// Of a hundred addresses that a node knows, so many are an answer to `getaddr` ...
pub const MAX_PCT_ADDR_TO_SEND: usize = 23;
/// ... but of fewer than this all are (protocol.md): in a classroom there is nothing to hide.
pub const SMALL_BOOK: usize = 100;
/// How long the answer to `getaddr` stays the same (protocol.md; Core's is 21 to 27 hours).
pub const GETADDR_CACHE: Span = Span::from_secs(60);
/// What one address of a peer costs of its time (Core's `MAX_ADDR_RATE_PER_SECOND` of 0.1) ...
pub const ADDR_TOKEN: Span = Span::from_secs(10);
/// ... and how many it may save up (Core's `MAX_ADDR_PROCESSING_TOKEN_BUCKET`).
pub const MAX_ADDR_PROCESSING_TOKENS: u64 = 1_000;
/// The most addresses of an `addr` that travel on (Core's constant in `ProcessMessage`).
pub const MAX_ADDR_TO_FORWARD: usize = 10;
/// Addresses that a peer is known to know (the size of Core's `m_addr_known`).
pub const MAX_KNOWN_ADDRESSES: usize = 5_000;
/// Between messages of addresses to one peer, on average.
pub const AVG_ADDRESS_BROADCAST_INTERVAL: Span = Span::from_secs(30);
/// Between announcements of this node's own address, on average.
pub const AVG_LOCAL_ADDRESS_BROADCAST_INTERVAL: Span = Span::from_secs(24 * 60 * 60);

/// Stand-ins for DNS seeds (Core's mainnet has nine) ...
pub const DNS_SEEDS: u8 = 9;
/// ... of which so many are asked at once, unless no address is known: then all are.
pub const DNSSEEDS_TO_QUERY_AT_ONCE: usize = 3;
/// The least addresses that one answers where it knows as many (seed 004) ...
pub const MIN_SEED_ANSWER: usize = 5;
/// ... and the most.
pub const MAX_SEED_ANSWER: usize = 20;
/// How long the addresses that a node knows have time to prove good before seeds are asked.
pub const DNSSEEDS_DELAY_FEW_PEERS: Span = Span::from_secs(11);
/// How long a seed may take to answer (ours).
pub const SEED_TIMEOUT: Span = Span::from_secs(5);
/// The longest pause before all seeds are asked again (ours); it doubles from [`DNSSEEDS_DELAY_FEW_PEERS`].
pub const SEED_ROUND_MAX: Span = Span::from_secs(120);
/// A node without a connection that hears that others are up asks seeds after this (ours): who is new dials.
pub const DIRECTORY_HINT_DELAY: Span = Span::from_secs(1);
/// Connections opened by this node with which it needs no seeds (Core's constant in `ThreadDNSAddressSeed`).
pub const ENOUGH_OUTBOUND: usize = 2;
/// How long a connection lasts that asks a `-seednode` for addresses (ours).
pub const ADDR_FETCH_TIMEOUT: Span = Span::from_secs(3);
/// Between connections that only test an address, on average.
pub const FEELER_INTERVAL: Span = Span::from_secs(120);
/// The first pause before an address that only the book knows is tried again (ours); it doubles ...
pub const CONNECT_RETRY_MIN_BOOK: Span = Span::from_secs(1);
/// ... up to this (Core's constant in `ThreadOpenConnections`).
pub const CONNECT_RETRY_MAX_BOOK: Span = Span::from_secs(600);
/// Pauses between attempts that are remembered; the one that ends first is forgotten (ours).
pub const MAX_BACKOFFS: usize = 2_000;
/// Where many addresses are known one is chosen in such a time (Core's).
pub const OPEN_CONNECTIONS_INTERVAL: Span = Span::from_millis(500);
/// Addresses up to which all are looked through for one to connect to; of more some are drawn (ours).
pub const LOOKED_THROUGH: usize = 1_000;
/// Draws for one connection (Core's constant in `ThreadOpenConnections`).
pub const MAX_DRAWS_PER_CONNECTION: usize = 100;

// ---- Headers and blocks --------------------------------------------------------------------------------------------

/// Blocks asked for from one peer and not received yet.
pub const MAX_BLOCKS_IN_TRANSIT_PER_PEER: usize = 16;
/// How far beyond the last block in common with a peer blocks are asked for.
pub const BLOCK_DOWNLOAD_WINDOW: u32 = 1_024;
/// How long a peer may hold up the window before it is replaced; doubles each time ...
pub const BLOCK_STALLING_TIMEOUT_DEFAULT: Span = Span::from_secs(2);
/// ... up to this, and falls back as blocks arrive.
pub const BLOCK_STALLING_TIMEOUT_MAX: Span = Span::from_secs(64);
/// Least block download timeout (ours), for networks whose blocks are nearer than this: of the largest block a link
/// carries half, then waits a round trip for credit; at a latency of one second that is four seconds, so the five of
/// the classroom's spacing would leave an honest peer one second for bandwidth and jitter. A peer that holds up the
/// window is replaced sooner all the same, by [`BLOCK_STALLING_TIMEOUT_DEFAULT`].
pub const BLOCK_DOWNLOAD_TIMEOUT_MIN: Span = Span::from_secs(10);
/// How far above our tip a block may be that nobody asked for (Core's `MIN_BLOCKS_TO_KEEP`).
pub const MAX_UNREQUESTED_AHEAD: u32 = 288;
/// Blocks announced as headers at once; with more, only the tip is announced, by `inv`.
pub const MAX_BLOCKS_TO_ANNOUNCE: usize = 8;

/// The first version that understands compact blocks (Core's `SHORT_IDS_BLOCKS_VERSION`, BIP152).
pub const SHORT_IDS_BLOCKS_VERSION: u32 = 70_014;
/// Peers that are asked to announce blocks by `cmpctblock` at once (BIP152's high-bandwidth mode).
pub const MAX_HIGH_BANDWIDTH_PEERS: usize = 3;
/// How deep a block may be that is given by short ids; below that it is given whole (Core's `MAX_CMPCTBLOCK_DEPTH`).
pub const MAX_CMPCTBLOCK_DEPTH: u32 = 5;
/// How deep a block may be of which single transactions are given (Core's `MAX_BLOCKTXN_DEPTH`).
pub const MAX_BLOCKTXN_DEPTH: u32 = 10;
/// How far above our tip a block may be to be rebuilt from short ids: of what is further ahead the mempool knows nothing.
pub const MAX_CMPCTBLOCK_AHEAD: u32 = 2;
/// Blocks that are remembered as having come by short ids (ours).
pub const MAX_RELAYED_BLOCKS: usize = 64;

/// The most filters that one `getcfilters` may ask for (Core's `MAX_GETCFILTERS_SIZE`).
pub const MAX_GETCFILTERS_SIZE: u32 = 1_000;
/// The most filter headers that one `getcfheaders` may ask for (Core's `MAX_GETCFHEADERS_SIZE`).
pub const MAX_GETCFHEADERS_SIZE: u32 = 2_000;
/// Blocks between the filter headers of a `cfcheckpt` (Core's `CFCHECKPT_INTERVAL`).
pub const CFCHECKPT_INTERVAL: u32 = 1_000;
/// How long peers that may still learn of a block are waited for before its filter is believed (ours).
pub const FILTER_GRACE: Span = Span::from_secs(2);
/// How long a peer may take over compact filters (ours).
pub const FILTER_TIMEOUT: Span = Span::from_secs(30);
/// Blocks that wait for a second peer's word in a light node (ours).
pub const MAX_AUDITS: usize = 64;
/// One block in so many is shown to a second peer while a light node downloads a long chain (ours).
pub const AUDIT_ONE_IN: u64 = 16;
/// How long a second peer may take before another is asked (ours).
pub const AUDIT_TIMEOUT: Span = Span::from_secs(30);

// ---- Transactions --------------------------------------------------------------------------------------------------

/// Transactions asked for from one peer and not received yet (Core's `MAX_PEER_TX_REQUEST_IN_FLIGHT`).
pub const MAX_PEER_TX_REQUEST_IN_FLIGHT: usize = 100;
/// Announcements of one peer that are remembered (Core's `MAX_PEER_TX_ANNOUNCEMENTS`).
pub const MAX_PEER_TX_ANNOUNCEMENTS: usize = 5_000;
/// How long a peer may take over a transaction before another is asked.
pub const GETDATA_TX_INTERVAL: Span = Span::from_secs(60);
/// Transactions that a peer is known to have are remembered this far back.
pub const MAX_KNOWN_TRANSACTIONS: usize = 5_000;
/// Refused transactions that are not asked for again before the next block.
pub const MAX_RECENT_REJECTS: usize = 5_000;
/// Transactions that one announcement names (Core's `INVENTORY_BROADCAST_TARGET`): the rest waits for the next ...
pub const INVENTORY_BROADCAST_TARGET: usize = 70;
/// ... but for every thousand that wait five more go with it ...
pub const INVENTORY_BROADCAST_HURRY: usize = 5;
/// ... up to this (Core's `INVENTORY_BROADCAST_MAX`).
pub const INVENTORY_BROADCAST_MAX: usize = 1_000;
/// Bodies asked of the node for one peer and not handed over yet (ours).
pub const MAX_SERVING_PER_PEER: usize = 16;
