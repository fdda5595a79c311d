//! The RPC commands: each gathers what it shows and hands it to `node::rpc`.

use super::{Handled, Outcome};
use crate::chain::CoinLookup;
use crate::encode::{DecodeError, deserialize, hex};
use crate::interface::{Command, CommandError, RequestId, RunState, WatchSummary};
use crate::net::AddedNode;
use crate::node::reads::FilterReader;
use crate::node::rpc::json::object;
use crate::node::rpc::{Json, reply};
use crate::node::walk::{Goal, TransactionView, show_transaction, unknown};
use crate::node::{Node, rpc};
use crate::primitives::{BlockHash, OutPoint, Transaction, Txid};
use crate::spv::{BlockFilter, MerkleBlock};
use std::sync::Arc;

impl Node {
    /// Carries out a command that prints JSON.
    pub(super) fn dispatch_rpc(&mut self, id: RequestId, command: Command) -> Handled {
        match command {
            Command::GetBlockchainInfo => json(rpc::chain::info(self.chain()?, self.warnings())),
            Command::GetNetworkInfo => {
                let is_running = self.state == RunState::Running;
                let offered =
                    self.engine.as_ref().map(|engine| engine.network.services()).unwrap_or_default();
                json(rpc::network::info(
                    &self.params,
                    offered,
                    &self.peer_infos(),
                    &self.watched(),
                    is_running,
                ))
            }
            Command::GetConnectionCount => json(self.peer_infos().len()),
            Command::GetPeerInfo => {
                let (peers, now) = (self.peer_infos(), self.now.mono);
                let shown = |peer| rpc::network::peer(peer, &self.place.way_to(peer.address), now);
                json(peers.iter().map(shown).collect::<Json>())
            }
            Command::GetNodeAddresses { count } => {
                let now = self.now;
                let network = &mut self.engine.as_mut().ok_or(CommandError::NoBlockchain)?.network;
                let count = match count.unwrap_or(1) {
                    0 => None,
                    count => Some(count as usize),
                };
                let known = network.known_addresses(count, now);
                json(known.iter().map(rpc::network::known_address).collect::<Json>())
            }
            Command::GetAddrManInfo => {
                let counts = self.engine.as_ref().map(|engine| engine.network.address_counts());
                json(rpc::network::addrman(counts.unwrap_or_default()))
            }
            Command::GetAddedNodeInfo { address } => {
                let nodes =
                    self.engine.as_ref().map(|engine| engine.network.added_nodes()).unwrap_or_default();
                let wanted = |node: &&AddedNode| address.is_none_or(|address| node.address == address);
                let nodes: Vec<&AddedNode> = nodes.iter().filter(wanted).collect();
                match address.filter(|_| nodes.is_empty()) {
                    Some(address) => Err(unknown("added node", &address)),
                    None => json(nodes.into_iter().map(rpc::network::added_node).collect::<Json>()),
                }
            }
            Command::ListBanned => {
                let now = self.now.unix;
                let bans = self.engine.iter().flat_map(|engine| engine.network.bans());
                let lasting = bans.filter(|ban| ban.until > now);
                json(lasting.map(|ban| rpc::network::ban(&ban, now)).collect::<Json>())
            }
            Command::GetBlock { hash, verbosity } => self.walk_one(id, hash, Goal::Json { verbosity }),
            Command::GetBlockHeader { hash, verbose } => self.get_block_header(&hash, verbose),
            Command::GetBlockFilter { hash } => self.get_block_filter(id, hash),
            Command::GetBlockHash { height } => {
                let hash = self.chain()?.active_hash(height);
                json(hash.ok_or_else(|| unknown("block", &height))?.to_string())
            }
            Command::GetRawTransaction { txid, verbose, block } => {
                let view = if verbose { TransactionView::Json } else { TransactionView::Hex };
                self.find_transaction(id, txid, block, view)
            }
            Command::DecodeRawTransaction { hex } => {
                json(rpc::transaction::transaction(&decode_transaction(&hex)?, &self.params.address))
            }
            Command::SendRawTransaction { hex } => self.send_raw_transaction(&hex),
            Command::GetMempoolInfo => {
                let engine = self.engine.as_ref().ok_or(CommandError::NoBlockchain)?;
                json(rpc::mempool::info(&engine.mempool, self.now.unix))
            }
            Command::GetRawMempool { verbose } => {
                let engine = self.engine.as_ref().ok_or(CommandError::NoBlockchain)?;
                json(rpc::mempool::raw(&engine.mempool, verbose))
            }
            Command::GetTxOut { txid, vout, include_mempool } => self.get_tx_out(txid, vout, include_mempool),
            Command::GetTxOutProof { txids, block } => self.get_tx_out_proof(id, txids, block),
            Command::VerifyTxOutProof { proof } => self.verify_tx_out_proof(&proof),
            Command::GetMiningInfo => {
                let engine = self.engine.as_ref().ok_or(CommandError::NoBlockchain)?;
                let next_bits = engine.next_bits(self.now.unix);
                let (pooled, warnings) = (engine.mempool.len(), self.warnings());
                json(rpc::chain::mining_info(&engine.chain, pooled, next_bits, warnings))
            }
            query => self.dispatch_query(query),
        }
    }

    /// What the node sees of its peers as a whole.
    fn watched(&self) -> WatchSummary {
        self.engine.as_ref().map(|engine| engine.network.watch_summary(self.now)).unwrap_or_default()
    }

    /// What of that is unusual, as Core's RPCs list warnings.
    fn warnings(&self) -> Json {
        rpc::network::warnings(&self.watched())
    }

    /// Sets a command about one block on its way.
    pub(super) fn walk_one(&mut self, id: RequestId, hash: BlockHash, goal: Goal) -> Handled {
        if self.chain()?.entry(&hash).is_none() {
            return Err(unknown("block", &hash));
        }
        self.walk(Some(id), [hash], goal);
        Ok(Outcome::Later)
    }

    /// Looks for a transaction in the mempool, in the given block, or from the tip back.
    pub(super) fn find_transaction(
        &mut self,
        id: RequestId,
        txid: Txid,
        block: Option<BlockHash>,
        view: TransactionView,
    ) -> Handled {
        let engine = self.engine.as_ref().ok_or(CommandError::NoBlockchain)?;
        let goal = Goal::Find { txid, view };
        if let Some(hash) = block {
            return self.walk_one(id, hash, goal);
        }
        if let Some(entry) = engine.mempool.get(&txid) {
            let reply = show_transaction(&engine.chain, entry.transaction(), None, view);
            return Ok(Outcome::Now(reply));
        }
        let ahead = engine.hashes_from_tip();
        self.walk(Some(id), ahead, goal);
        Ok(Outcome::Later)
    }

    fn get_block_filter(&mut self, id: RequestId, hash: BlockHash) -> Handled {
        self.need_blocks("it has no filters")?;
        if self.chain()?.filter_header(&hash).is_none() {
            return Err(unknown("block filter of", &hash));
        }
        self.deliver_filter(FilterReader::Command(id), hash);
        Ok(Outcome::Later)
    }

    /// Answers `getblockfilter`.
    pub(in crate::node) fn show_filter(
        &mut self,
        id: RequestId,
        hash: &BlockHash,
        filter: Option<&BlockFilter>,
    ) {
        let header = self.engine.as_ref().and_then(|engine| engine.chain.filter_header(hash));
        let shown = filter.zip(header).map(|(filter, (_, header))| {
            object! { "filter": hex::encode(filter.as_bytes()), "header": header.to_string() }
        });
        let reply = shown.map(reply).ok_or_else(|| unknown("block filter of", hash));
        self.reply(id, reply);
    }

    fn get_block_header(&self, hash: &BlockHash, verbose: bool) -> Handled {
        let chain = self.chain()?;
        let entry = chain.entry(hash).ok_or_else(|| unknown("block", hash))?;
        if !verbose {
            return json(hex::encode(&entry.header.to_bytes()));
        }
        json(rpc::block::header(chain, hash).ok_or_else(|| unknown("block", hash))?)
    }

    fn send_raw_transaction(&mut self, hex: &str) -> Handled {
        self.chain()?;
        let txid = self.submit(&Arc::new(decode_transaction(hex)?))?;
        Ok(Outcome::Stored(reply(txid.to_string())))
    }

    fn get_tx_out(&self, txid: Txid, vout: u32, include_mempool: bool) -> Handled {
        self.need_blocks("it has no coins to look among")?;
        let engine = self.engine.as_ref().ok_or(CommandError::NoBlockchain)?;
        let outpoint = OutPoint::new(txid, vout);
        let mut coin = engine.chain.coins().coin(&outpoint);
        if include_mempool {
            if engine.mempool.spender(&outpoint).is_some() {
                coin = None;
            } else if let Some(output) = engine.mempool.output(&outpoint) {
                let height = engine.chain.height().next();
                coin = Some(crate::chain::Coin { output: output.clone(), height, coinbase: false });
            }
        }
        let shown = coin.map(|coin| rpc::chain::tx_out(&engine.chain, &coin, &self.params.address));
        json(shown.map_or(Json::Null, Json::Object))
    }

    fn get_tx_out_proof(&mut self, id: RequestId, txids: Vec<Txid>, block: Option<BlockHash>) -> Handled {
        let engine = self.engine.as_ref().ok_or(CommandError::NoBlockchain)?;
        if txids.is_empty() {
            return Err(CommandError::BadArgument("a proof needs a transaction".to_owned()));
        }
        let ahead = engine.hashes_from_tip();
        match block {
            Some(hash) => self.walk_one(id, hash, Goal::Prove { txids }),
            None => {
                self.walk(Some(id), ahead, Goal::Prove { txids });
                Ok(Outcome::Later)
            }
        }
    }

    fn verify_tx_out_proof(&self, proof: &str) -> Handled {
        let chain = self.chain()?;
        let proof: MerkleBlock = deserialize(&bytes(proof)?).map_err(|error| not_decoded(&error))?;
        let proven = proof.verify().map_err(|error| CommandError::BadArgument(error.to_string()))?;
        let hash = proof.header.block_hash();
        let entry = chain.entry(&hash).filter(|_| chain.is_active(&hash));
        let entry = entry.ok_or_else(|| unknown("block", &hash))?;
        // As in Core: a proof about a tree of another size proves nothing (its leaves may be inner nodes).
        if entry.n_tx != proof.transaction_count() {
            return json(Json::Array(Vec::new()));
        }
        json(proven.matches.iter().map(|(_, txid)| txid.to_string()).collect::<Json>())
    }
}

fn json(value: impl Into<Json>) -> Handled {
    Ok(Outcome::Now(reply(value)))
}

fn bytes(text: &str) -> Result<Vec<u8>, CommandError> {
    hex::decode(text.trim()).map_err(|error| CommandError::BadArgument(error.to_string()))
}

/// Core's words for hex that is no transaction.
pub(super) fn decode_transaction(text: &str) -> Result<Transaction, CommandError> {
    deserialize(&bytes(text)?).map_err(|error| not_decoded(&error))
}

fn not_decoded(error: &DecodeError) -> CommandError {
    CommandError::BadArgument(format!("TX decode failed: {error}"))
}
