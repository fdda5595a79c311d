//! More of Bitcoin Core's RPCs: short answers about the chain, the mempool and the network.

use super::{Handled, Outcome};
use crate::crypto::Address;
use crate::interface::{Command, CommandError, Reply};
use crate::node::rpc::{self, Json, reply};
use crate::node::walk::unknown;
use crate::node::{Engine, Node};
use crate::primitives::Txid;

impl Node {
    /// Carries out a command that looks something up.
    pub(super) fn dispatch_query(&mut self, command: Command) -> Handled {
        match command {
            Command::GetBestBlockHash => json(self.chain()?.tip().to_string()),
            Command::GetBlockCount => json(self.chain()?.height().0),
            Command::GetDifficulty => json(rpc::chain::difficulty_of_tip(self.chain()?)),
            Command::GetChainTips => json(rpc::chain::tips(self.chain()?)),
            Command::GetNetworkHashPs { blocks } => {
                json(rpc::chain::hashes_per_second(self.chain()?, blocks))
            }
            Command::GetTxOutSetInfo => {
                self.need_blocks("it has no coins to count")?;
                json(rpc::chain::coins_info(self.chain()?))
            }
            Command::GetIndexInfo => json(rpc::chain::indexes(self.chain()?)),
            Command::ValidateAddress { address } => {
                let params = &self.params.address;
                json(rpc::transaction::validated(Address::parse(&address, params), params))
            }
            Command::GetMempoolEntry { txid } => {
                let entry = self.engine()?.mempool.get(&txid).ok_or_else(|| not_pooled(&txid))?;
                json(rpc::mempool::entry(entry))
            }
            Command::GetMempoolAncestors { txid, verbose } => {
                let mempool = &self.engine()?.mempool;
                mempool.get(&txid).ok_or_else(|| not_pooled(&txid))?;
                json(rpc::mempool::some(mempool, &mempool.ancestors(&txid), verbose))
            }
            Command::GetMempoolDescendants { txid, verbose } => {
                let mempool = &self.engine()?.mempool;
                mempool.get(&txid).ok_or_else(|| not_pooled(&txid))?;
                let descendants = mempool.descendants(&txid).into_iter().filter(|other| *other != txid);
                json(rpc::mempool::some(mempool, &descendants.collect(), verbose))
            }
            Command::TestMempoolAccept { hex } => self.test_mempool_accept(&hex),
            Command::Uptime => {
                json((self.now.mono - self.opened.unwrap_or(self.now.mono)).as_millis() / 1_000)
            }
            Command::GetNetTotals => {
                let totals = self.engine.as_ref().map(|engine| engine.network.totals()).unwrap_or_default();
                json(rpc::network::totals(totals, self.now.unix))
            }
            Command::Ping => {
                let now = self.now;
                let engine = self.engine.as_mut().ok_or(CommandError::NoBlockchain)?;
                engine.network.ping_all(now);
                Ok(Outcome::Now(Reply::Done))
            }
            Command::ClearBanned => {
                let engine = self.engine.as_mut().ok_or(CommandError::NoBlockchain)?;
                engine.network.clear_bans();
                self.bans.changed();
                Ok(Outcome::Stored(Reply::Done))
            }
            _ => Err(CommandError::BadArgument("the command is not an RPC".to_owned())),
        }
    }

    fn engine(&self) -> Result<&Engine, CommandError> {
        self.engine.as_ref().ok_or(CommandError::NoBlockchain)
    }

    /// Whether the mempool would take a transaction, which it is not given.
    fn test_mempool_accept(&self, hex: &str) -> Handled {
        self.need_blocks("it has no mempool")?;
        let engine = self.engine()?;
        let transaction = super::rpc::decode_transaction(hex)?;
        let tested = engine.mempool.test_accept(&transaction, &engine.chain, self.now.unix);
        let shown = rpc::mempool::tested(&transaction, tested.as_ref());
        json([Json::from(shown)].into_iter().collect::<Json>())
    }
}

fn json(value: impl Into<Json>) -> Handled {
    Ok(Outcome::Now(reply(value)))
}

fn not_pooled(txid: &Txid) -> CommandError {
    unknown("transaction in the mempool", txid)
}
