//! Connections as JSON, with the fields of Bitcoin Core's `rpc/net.cpp`.

use super::super::place::Way;
use super::amounts::coins;
use super::json::{Json, Object, object};
use crate::consensus::NetworkParams;
use crate::encode::hex;
use crate::interface::{Direction, WatchSummary};
use crate::net::limits::PROTOCOL_VERSION;
use crate::net::message::Services;
use crate::net::{
    AddedNode, AddressCounts, Ban, BudgetInfo, BudgetShare, KnownAddress, PeerInfo, Purpose, Totals, Traffic,
    USER_AGENT,
};
use crate::primitives::Height;
use crate::time::{Mono, Span, Time, UnixTime};

/// `getnetworkinfo`.
pub(in crate::node) fn info(
    params: &NetworkParams,
    offered: Services,
    peers: &[PeerInfo],
    watch: &WatchSummary,
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
        "warnings": warnings(watch),
        "watch": watched(watch),
    }
}

/// `warnings`, as Core's RPCs list them.
pub(in crate::node) fn warnings(watch: &WatchSummary) -> Json {
    watch.warnings.iter().map(|active| active.warning.to_string()).collect()
}

/// What the node sees of its peers as a whole; Core has no such field.
fn watched(watch: &WatchSummary) -> Object {
    let a_second = |messages: u32| Json::from(f64::from(messages) / 10.0);
    let of_peers = |count: u32| Json::from(f64::from(count) / f64::from(watch.peers.max(1)));
    let active = watch.warnings.iter().map(|active| {
        let text = active.warning.to_string();
        object! { "code": active.warning.code(), "since": active.since, "text": text }
    });
    object! {
        "peers": watch.peers,
        "address_groups": watch.groups,
        "diversity": of_peers(watch.groups),
        "messages_per_second": a_second(watch.messages),
        "messages_per_second_median": a_second(watch.median),
        "commonest_subver": watch.agent.clone(),
        "commonest_subver_share": of_peers(watch.of_it),
        "tip_age": watch.tip_age,
        "low_work_headers": watch.low_work_headers,
        "active": active.collect::<Json>(),
    }
}

/// What is left of a peer's budgets; Core has no such field.
fn budget(budget: &BudgetInfo) -> Object {
    let share = |share: BudgetShare| object! { "left": share.left, "most": share.most };
    object! {
        "over": budget.is_over,
        "work": share(budget.work),
        "bytes": share(budget.bytes),
        "messages": share(budget.messages),
        "work_spent": budget.spent.0,
    }
}

/// One connection of `getpeerinfo`.
pub(in crate::node) fn peer(peer: &PeerInfo, way: &Way<'_>, now: Mono) -> Object {
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
    put("last_transaction", time(peer.last_transaction).into());
    put("last_block", time(peer.last_block).into());
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
    if let Some(since) = peer.ping.waiting_since() {
        put("pingwait", seconds(now - since));
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
    put("addr_relay_enabled", peer.addresses.relay_enabled.into());
    put("addr_processed", peer.addresses.processed.into());
    put("addr_rate_limited", peer.addresses.rate_limited.into());
    if let Some(last) = &peer.last_disconnect {
        let shown = object! { "time": last.time.0, "code": last.code, "reason": last.reason.clone() };
        put("last_disconnect", shown.into());
    }
    put("budget", budget(&peer.budget).into());
    put("permissions", Vec::<String>::new().into());
    put("minfeefilter", coins(peer.fee_filter));
    put("bytessent_per_msg", by_command(&peer.sent));
    put("bytesrecv_per_msg", by_command(&peer.received));
    put("connection_type", connection_type(peer.purpose).into());
    put("transport_protocol_type", peer.transport.name().into());
    put("session_id", peer.session_id.map_or_else(String::new, |id| hex::encode(&id)).into());
    match way {
        Way::Browser => put("path", "browser".into()),
        Way::Room(path) => {
            put("path", (if path.direct { "direct" } else { "relay" }).into());
            let step = |(time, step): &(u64, String)| object! { "time": *time, "step": step.clone() };
            put("path_steps", path.steps.iter().map(step).collect());
        }
    }
    fields
}

/// `getnettotals`.
pub(in crate::node) fn totals(totals: Totals, now: UnixTime) -> Object {
    object! {
        "totalbytesrecv": totals.received,
        "totalbytessent": totals.sent,
        "timemillis": u64::from(now.0) * 1_000,
        // There is no limit to what is uploaded.
        "uploadtarget": object! {
            "timeframe": 86_400u32,
            "target": 0u32,
            "target_reached": false,
            "serve_historical_blocks": true,
            "bytes_left_in_cycle": 0u32,
            "time_left_in_cycle": 0u32,
        },
    }
}

/// One address of `getnodeaddresses`.
pub(in crate::node) fn known_address(known: &KnownAddress) -> Object {
    object! {
        "time": known.time.0,
        "services": known.services.0,
        "address": known.address.ip().to_string(),
        "port": u32::from(known.address.port()),
        "network": if known.address.is_ipv6() { "ipv6" } else { "ipv4" },
    }
}

/// `getaddrmaninfo`.
pub(in crate::node) fn addrman([v4, v6]: [AddressCounts; 2]) -> Object {
    let count = |counts: AddressCounts| {
        object! { "new": counts.new, "tried": counts.tried, "total": counts.new + counts.tried }
    };
    let all = AddressCounts { new: v4.new + v6.new, tried: v4.tried + v6.tried };
    object! { "ipv4": count(v4), "ipv6": count(v6), "all_networks": count(all) }
}

/// `addpeeraddress`.
pub(in crate::node) fn added_address(success: bool) -> Object {
    match success {
        true => object! { "success": true },
        false => object! { "success": false, "error": "failed-adding-to-new" },
    }
}

/// One node of `getaddednodeinfo`.
pub(in crate::node) fn added_node(node: &AddedNode) -> Object {
    let address = |direction| {
        let connected = if direction == Direction::Inbound { "inbound" } else { "outbound" };
        object! { "address": node.address.to_string(), "connected": connected }
    };
    object! {
        "addednode": node.address.to_string(),
        "connected": node.connected.is_some(),
        "addresses": node.connected.into_iter().map(address).collect::<Json>(),
    }
}

/// One ban of `listbanned`.
pub(in crate::node) fn ban(ban: &Ban, now: UnixTime) -> Object {
    object! {
        "address": ban.address.to_string(),
        "ban_created": ban.created.0,
        "banned_until": ban.until.0,
        "ban_duration": ban.until.0.saturating_sub(ban.created.0),
        "time_remaining": ban.until.0.saturating_sub(now.0),
    }
}

fn services(services: Services) -> String {
    format!("{:016x}", services.0)
}

fn last(traffic: &Traffic) -> u32 {
    time(traffic.last)
}

fn time(time: Option<Time>) -> u32 {
    time.map_or(0, |Time { unix, .. }| unix.0)
}

fn seconds(span: Span) -> Json {
    (span.0 as f64 / 1e6).into()
}

fn height(height: Option<Height>) -> Json {
    height.map_or(-1, |height| i64::from(height.0)).into()
}

fn by_command(traffic: &Traffic) -> Json {
    let mut counts = Object::default();
    traffic.by_command.iter().for_each(|(command, count)| counts.put(command, count.bytes));
    counts.into()
}

/// Core's names of connection types.
fn connection_type(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Inbound => "inbound",
        Purpose::Automatic => "outbound-full-relay",
        Purpose::ByHand => "manual",
        Purpose::AddrFetch => "addr-fetch",
        Purpose::Delivery | Purpose::Feeler => "feeler",
    }
}

/// The crate's version as Core writes its own: two digits each for minor and patch.
fn version() -> u32 {
    let mut parts = env!("CARGO_PKG_VERSION").split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    next() * 10_000 + next() * 100 + next()
}
