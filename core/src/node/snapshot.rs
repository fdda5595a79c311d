//! The node's state as the page shows it.

use super::rpc::hashes;
use super::{Engine, Node};
use crate::crypto::Address;
use crate::encode::hex;
use crate::interface::{
    BudgetSummary, ChainSummary, EndedConnection, MiningSummary, NodeSnapshot, PeerSummary,
};
use crate::net::{BudgetInfo, BudgetShare, Departure, PeerInfo};
use crate::primitives::{Target, Work};
use std::net::SocketAddr;

/// Blocks of the active chain that a snapshot lists.
pub(super) const RECENT_BLOCKS: usize = 24;

impl Node {
    /// The node's state now. While the chain changes branch it is that of the last settled tip as far as blocks go.
    pub fn snapshot(&self) -> NodeSnapshot {
        let engine = self.engine.as_ref();
        NodeSnapshot {
            id: self.config.id,
            role: self.config.role,
            state: self.state,
            chain: engine.map(|engine| self.chain_summary(engine)),
            peers: self.peer_summaries(),
            ended: self.ended_connections(),
            watch: engine.map(|engine| engine.network.watch_summary(self.now)).unwrap_or_default(),
            mempool: self.mempool_summary(),
            wallet: self.wallet.summary(&self.params, self.height()),
            mining: self.mining_summary(),
            banned: engine.map_or(0, |engine| engine.network.refused()),
            pending_bytes: engine.map_or(0, |engine| engine.chain.pending_bytes()),
            store_failure: self.persistence.failure().map(str::to_owned),
            tasks: self.tasks(),
        }
    }

    /// The connections in the order in which they were made.
    pub(super) fn peer_summaries(&self) -> Vec<PeerSummary> {
        self.peer_infos().into_iter().map(peer_summary).collect()
    }

    fn ended_connections(&self) -> Vec<EndedConnection> {
        let ended = self.engine.iter().flat_map(|engine| engine.network.ended());
        ended.map(|(address, departure)| ended_connection(*address, departure)).collect()
    }

    /// The connections with all that is known of them.
    pub(super) fn peer_infos(&self) -> Vec<PeerInfo> {
        self.engine
            .as_ref()
            .map(|engine| engine.network.peers(&engine.chain, self.now.mono))
            .unwrap_or_default()
    }

    fn chain_summary(&self, engine: &Engine) -> ChainSummary {
        let chain = &engine.chain;
        let params = chain.params();
        let tip = chain.tip_entry();
        let next_bits = engine.next_bits(self.now.unix);
        let work = Target::from_compact(next_bits).map_or(Work::ZERO, Target::work);
        ChainSummary {
            network: params.name.to_owned(),
            genesis: chain.genesis_hash(),
            magic: hex::encode(&params.magic),
            height: tip.height,
            tip: tip.hash,
            chainwork: tip.chainwork.to_string(),
            headers: chain.best_header().height.max(tip.height),
            next_bits: next_bits.0,
            hashes_per_block: hashes(work),
            block_spacing: params.consensus.spacing,
            recent: engine.recent.iter().cloned().collect(),
        }
    }

    fn mining_address(&self) -> Option<String> {
        let address = Address::from_script(self.wallet.mining_script()?)?;
        Some(address.to_text(&self.params.address))
    }

    fn mining_summary(&self) -> MiningSummary {
        MiningSummary {
            mode: self.miner.mode(),
            active: self.miner.is_active(),
            address: self.mining_address(),
            blocks_found: self.wallet.blocks_found(),
            hashes_per_second: 0.0,
            budget_khs: 0.0,
        }
    }
}

fn peer_summary(peer: PeerInfo) -> PeerSummary {
    PeerSummary {
        peer: peer.id,
        address: peer.address,
        direction: peer.direction,
        state: peer.state,
        user_agent: peer.user_agent,
        services: peer.services.names().into_iter().map(str::to_owned).collect(),
        height: peer.synced_headers,
        ping_ms: peer.ping.last.map(|ping| ping.0 as f64 / 1_000.0),
        bytes: (peer.sent.total.bytes, peer.received.total.bytes),
        sync: peer.sync,
        transport: peer.transport,
        budget: budget_summary(&peer.budget),
        last_disconnect: peer.last_disconnect.map(|last| ended_connection(peer.address, &last)),
    }
}

fn budget_summary(budget: &BudgetInfo) -> BudgetSummary {
    let shown = |share: BudgetShare| (u64::try_from(share.left).unwrap_or(0), share.most);
    BudgetSummary {
        work: shown(budget.work),
        bytes: shown(budget.bytes),
        messages: shown(budget.messages),
        spent: budget.spent.0,
        is_over: budget.is_over,
    }
}

fn ended_connection(address: SocketAddr, departure: &Departure) -> EndedConnection {
    EndedConnection {
        address,
        time: departure.time.0,
        code: departure.code.to_owned(),
        reason: departure.reason.clone(),
    }
}
