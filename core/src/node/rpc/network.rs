//! Connections as JSON, with the fields of Bitcoin Core's `rpc/net.cpp`.

use super::amounts::coins;
use super::json::{Json, Object, object};
use crate::consensus::NetworkParams;
use crate::encode::hex;
use crate::interface::Direction;
use crate::net::limits::PROTOCOL_VERSION;
use crate::net::message::Services;
use crate::net::{PeerInfo, Purpose, Traffic, USER_AGENT};
use crate::primitives::Height;
use crate::time::{Span, Time};

/// `getnetworkinfo`.
pub(in crate::node) fn info(
    params: &NetworkParams,
    offered: Services,
    peers: &[PeerInfo],
    is_running: bool,
) -> Object {
    let inbound = peers.iter().filter(|peer| peer.direction == Direction::Inbound).count();
    object! {
        "version": version(),
        "subversion": USER_AGENT,
        "protocolversion": PROTOCOL_VERSION,
        "localservices": services(offered),
        "localservicesnames": offered.names(),
        "localrelay": true,
        "timeoffset": 0u32,
        "networkactive": is_running,
        "connections": peers.len(),
        "connections_in": inbound,
        "connections_out": peers.len() - inbound,
        "networks": Vec::<String>::new(),
        "relayfee": coins(params.policy.min_relay_fee),
        "incrementalfee": coins(params.policy.incremental_relay_fee),
        "localaddresses": Vec::<String>::new(),
        "warnings": Vec::<String>::new(),
    }
}

/// One connection of `getpeerinfo`.
pub(in crate::node) fn peer(peer: &PeerInfo) -> Object {
    let mut fields = Object::default();
    let mut put = |name: &'static str, value: Json| fields.put(name, value);
    put("id", peer.id.0.into());
    put("addr", peer.address.to_string().into());
    put("network", "not_publicly_routable".into());
    put("services", services(peer.services).into());
    put("servicesnames", peer.services.names().into());
    put("relaytxes", peer.relays_transactions.into());
    put("lastsend", last(&peer.sent).into());
    put("lastrecv", last(&peer.received).into());
    put("bytessent", peer.sent.total.bytes.into());
    put("bytesrecv", peer.received.total.bytes.into());
    put("conntime", peer.connected.unix.0.into());
    put("timeoffset", 0u32.into());
    if let Some(ping) = peer.ping.last {
        put("pingtime", seconds(ping));
    }
    if let Some(ping) = peer.ping.fastest {
        put("minping", seconds(ping));
    }
    put("version", peer.protocol.into());
    put("subver", peer.user_agent.clone().into());
    put("inbound", (peer.direction == Direction::Inbound).into());
    put("bip152_hb_to", peer.announces_compact.into());
    put("bip152_hb_from", peer.wants_compact.into());
    put("startingheight", peer.start_height.into());
    put("presynced_headers", peer.presynced_headers.map_or(-1, i64::from).into());
    put("synced_headers", height(peer.synced_headers));
    put("synced_blocks", height(peer.synced_blocks));
    put("inflight", peer.in_flight.iter().map(ToString::to_string).collect());
    put("permissions", Vec::<String>::new().into());
    put("minfeefilter", coins(peer.fee_filter));
    put("bytessent_per_msg", by_command(&peer.sent));
    put("bytesrecv_per_msg", by_command(&peer.received));
    put("connection_type", connection_type(peer.purpose).into());
    put("transport_protocol_type", peer.transport.name().into());
    put("session_id", peer.session_id.map_or_else(String::new, |id| hex::encode(&id)).into());
    fields
}

fn services(services: Services) -> String {
    format!("{:016x}", services.0)
}

fn last(traffic: &Traffic) -> u32 {
    traffic.last.map_or(0, |Time { unix, .. }| unix.0)
}

fn seconds(span: Span) -> Json {
    (span.0 as f64 / 1e6).into()
}

fn height(height: Option<Height>) -> Json {
    height.map_or(-1, |height| i64::from(height.0)).into()
}

fn by_command(traffic: &Traffic) -> Json {
    let mut counts = Object::default();
    traffic.by_command.iter().for_each(|(command, count)| counts.put(*command, count.bytes));
    counts.into()
}

/// Core's names of connection types.
fn connection_type(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Inbound => "inbound",
        Purpose::Automatic => "outbound-full-relay",
        Purpose::ByHand => "manual",
        Purpose::Delivery => "feeler",
    }
}

/// The crate's version as Core writes its own: two digits each for minor and patch.
fn version() -> u32 {
    let mut parts = env!("CARGO_PKG_VERSION").split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    next() * 10_000 + next() * 100 + next()
}
