//! Commands that read block bodies: one block or all of them, a few at a step, as the store gives them.

use super::commands::{Handled, Outcome};
use super::details::{block_detail, header_detail, transaction_detail};
use super::reads::Reader;
use super::rpc::block::confirmed_by;
use super::rpc::reply;
use super::rpc::transaction::{transaction, transaction_hex};
use super::store::Answer;
use super::{Node, rpc};
use crate::chain::{Chainstate, file};
use crate::crypto::Address;
use crate::encode::{hex, serialize};
use crate::interface::{BlockDetail, CommandError, Reply, RequestId, Task, TaskKind};
use crate::primitives::{Block, BlockHash, Height, Transaction, Txid};
use crate::spv::MerkleBlock;
use std::collections::VecDeque;
use std::sync::Arc;

/// Blocks that one command visits in one step.
const BLOCKS_PER_STEP: usize = 32;

/// A command, or the node's own business, on its way through blocks.
pub(super) struct Walk {
    id: WalkId,
    request: Option<RequestId>,
    /// Blocks still to be visited, in order.
    ahead: VecDeque<BlockHash>,
    /// Blocks that were visited.
    visited: u32,
    goal: Goal,
    /// The store is being read.
    waiting: bool,
}

/// Names a walk; counts up within a node's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WalkId(u64);

/// What a command does with the blocks that it visits.
pub(super) enum Goal {
    /// `ShowBlock`.
    Show,
    /// `getblock`.
    Json {
        /// 0 hex, 1 with txids, 2 with transactions.
        verbosity: u8,
    },
    /// `printchain`: what has been visited.
    Print(Vec<BlockDetail>),
    /// `getrawtransaction`, `ShowTransaction`: until the transaction is found.
    Find {
        /// The transaction.
        txid: Txid,
        /// How it is to be shown.
        view: TransactionView,
    },
    /// `gettxoutproof`: until a block with all of them is found.
    Prove {
        /// The transactions.
        txids: Vec<Txid>,
    },
    /// `ExportChain`: what has been visited.
    Export(Vec<Arc<Block>>),
    /// Shows the wallet the blocks that it does not know; for `importprivkey`, which added this address, or for none.
    Rescan(Option<Address>),
}

/// How a transaction is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransactionView {
    /// As hex.
    Hex,
    /// As Bitcoin Core's JSON.
    Json,
    /// As the page's view.
    Detail,
}

/// What a visit led to.
enum Visit {
    /// On to the next block.
    Next,
    /// The command is done.
    Done(Handled),
}

impl Walk {
    /// Whether it shows the wallet blocks.
    pub(super) fn is_scan(&self) -> bool {
        matches!(self.goal, Goal::Rescan(_))
    }

    /// How far it has come.
    pub(super) fn task(&self) -> Task {
        let kind = if self.is_scan() { TaskKind::Rescan } else { TaskKind::Read };
        let ahead = u32::try_from(self.ahead.len()).unwrap_or(u32::MAX);
        Task { request: self.request, kind, done: self.visited, total: self.visited.saturating_add(ahead) }
    }
}

impl Node {
    /// Sets a command, or the node's own business, on its way through `ahead`.
    pub(super) fn walk(
        &mut self,
        request: Option<RequestId>,
        ahead: impl IntoIterator<Item = BlockHash>,
        goal: Goal,
    ) {
        self.last_walk.0 += 1;
        let walk = Walk {
            id: self.last_walk,
            request,
            ahead: ahead.into_iter().collect(),
            visited: 0,
            goal,
            waiting: false,
        };
        self.walks.push_back(walk);
    }

    /// Lets every walk make a few visits; whether one can make more at once.
    pub(super) fn work_walks(&mut self) -> bool {
        let walks = std::mem::take(&mut self.walks);
        for walk in walks {
            if let Some(walk) = self.work_walk(walk) {
                self.walks.push_back(walk);
            }
        }
        self.walks.iter().any(|walk| !walk.waiting)
    }

    /// A body that a walk waited for has come, or is not there after all.
    pub(super) fn body_came(&mut self, id: WalkId, hash: BlockHash, block: Option<Arc<Block>>) {
        let Some(at) = self.walks.iter().position(|walk| walk.id == id) else { return };
        let Some(mut walk) = self.walks.remove(at) else { return };
        walk.waiting = false;
        let visit = match block {
            Some(block) => self.visit(&mut walk.goal, &hash, &block),
            None => self.visit_absent(&walk.goal, &hash),
        };
        match visit {
            Visit::Next => self.walks.push_back(walk),
            Visit::Done(outcome) => self.answer_walk(walk.request, outcome),
        }
    }

    /// Ends the walk of a command that is given up; a wallet's scan goes on for the node's own sake. Whether there was
    /// one.
    pub(super) fn give_up_walk(&mut self, id: RequestId) -> bool {
        let Some(at) = self.walks.iter().position(|walk| walk.request == Some(id)) else { return false };
        if self.walks[at].is_scan() {
            self.walks[at].request = None;
        } else {
            self.walks.remove(at);
        }
        true
    }

    /// Ends all walks: the chain was replaced.
    pub(super) fn end_walks(&mut self) {
        for walk in std::mem::take(&mut self.walks) {
            self.answer_walk(walk.request, Err(replaced()));
        }
    }

    fn work_walk(&mut self, mut walk: Walk) -> Option<Walk> {
        for _ in 0..BLOCKS_PER_STEP {
            if walk.waiting {
                return Some(walk);
            }
            let Some(hash) = walk.ahead.pop_front() else { return self.arrive(walk) };
            walk.visited += 1;
            let visit = match self.ask_body(hash, Reader::Walk(walk.id)) {
                Answer::Here(block) => self.visit(&mut walk.goal, &hash, &block),
                Answer::Absent => self.visit_absent(&walk.goal, &hash),
                Answer::Later => {
                    walk.waiting = true;
                    Visit::Next
                }
            };
            if let Visit::Done(outcome) = visit {
                self.answer_walk(walk.request, outcome);
                return None;
            }
        }
        Some(walk)
    }

    fn answer_walk(&mut self, request: Option<RequestId>, outcome: Handled) {
        let Some(request) = request else { return };
        match outcome {
            Ok(Outcome::Now(reply)) => self.reply(request, Ok(reply)),
            Ok(Outcome::Stored(reply)) => self.reply_when_stored(request, reply),
            Ok(Outcome::Later) => {}
            Err(error) => self.reply(request, Err(error)),
        }
    }

    fn visit(&mut self, goal: &mut Goal, hash: &BlockHash, block: &Arc<Block>) -> Visit {
        if let Goal::Rescan(_) = goal {
            self.rescan_block(hash, block);
            return Visit::Next;
        }
        let Some(engine) = &self.engine else { return Visit::Done(Err(CommandError::NoBlockchain)) };
        let chain = &engine.chain;
        match goal {
            Goal::Show => Visit::Done(match block_detail(chain, block) {
                Some(detail) => Ok(Outcome::Now(Reply::Block(Box::new(detail)))),
                None => Err(unknown("block", hash)),
            }),
            Goal::Json { verbosity } => Visit::Done(json_of(chain, block, *verbosity)),
            Goal::Print(details) => {
                details.extend(block_detail(chain, block));
                Visit::Next
            }
            Goal::Find { txid, view } => find(chain, block, txid, *view),
            Goal::Prove { txids } => prove(block, txids),
            Goal::Export(blocks) => {
                blocks.push(Arc::clone(block));
                Visit::Next
            }
            Goal::Rescan(_) => Visit::Next,
        }
    }

    /// A block that has no body here ends a command that is about it, and is passed over by the others.
    fn visit_absent(&self, goal: &Goal, hash: &BlockHash) -> Visit {
        let chain = self.engine.as_ref().map(|engine| &engine.chain);
        match goal {
            Goal::Show => Visit::Done(match chain.and_then(|chain| header_detail(chain, hash)) {
                Some(detail) => Ok(Outcome::Now(Reply::Block(Box::new(detail)))),
                None => Err(unknown("block", hash)),
            }),
            Goal::Json { .. } | Goal::Export(_) | Goal::Rescan(_) => Visit::Done(Err(unknown("block", hash))),
            Goal::Print(_) | Goal::Find { .. } | Goal::Prove { .. } => Visit::Next,
        }
    }

    /// All blocks have been visited: the walk ends, or, where the chain has grown meanwhile, goes on.
    fn arrive(&mut self, mut walk: Walk) -> Option<Walk> {
        let outcome = match walk.goal {
            Goal::Print(details) => Ok(Outcome::Now(Reply::Chain(details))),
            Goal::Find { txid, .. } => Err(unknown("transaction", &txid)),
            Goal::Prove { txids } => Err(unknown("transaction", &txids.first().copied().unwrap_or_default())),
            Goal::Export(blocks) => self.chain_file(&blocks),
            Goal::Rescan(address) => match self.unscanned() {
                Some(ahead) => {
                    walk.ahead = ahead.into();
                    return Some(Walk { goal: Goal::Rescan(address), ..walk });
                }
                None => self.rescanned(address),
            },
            Goal::Show | Goal::Json { .. } => Err(CommandError::NoBlockchain),
        };
        self.answer_walk(walk.request, outcome);
        None
    }

    /// The blocks that the wallet does not know, in order; none if it knows the tip.
    pub(super) fn unscanned(&mut self) -> Option<Vec<BlockHash>> {
        let engine = self.engine.as_mut()?;
        let first = self.wallet.begin_scan(&engine.chain)?;
        // Where they are not here they are asked for again.
        engine.chain.rewind(first.previous().unwrap_or_default());
        Some(engine.hashes_from(first))
    }

    fn rescan_block(&mut self, hash: &BlockHash, block: &Block) {
        let Some(engine) = &self.engine else { return };
        if let Some(entry) = engine.chain.entry(hash).filter(|_| engine.chain.is_active(hash)) {
            self.wallet.connect_block(block, entry.height, &self.params);
        }
    }

    /// The wallet knows the whole chain: what waits and is not in it goes to the mempool again in the next step.
    fn rescanned(&mut self, address: Option<Address>) -> Handled {
        self.has_news = true;
        if address.as_ref().is_some_and(|address| !self.wallet.is_mine(&address.script_pubkey())) {
            return Err(CommandError::StoreFailed("the key was not stored".to_owned()));
        }
        let reply = address.map(|address| Reply::Address(self.address_entry(&address)));
        Ok(Outcome::Stored(reply.unwrap_or(Reply::Done)))
    }

    fn chain_file(&self, blocks: &[Arc<Block>]) -> Handled {
        let engine = self.engine.as_ref().ok_or(CommandError::NoBlockchain)?;
        let file = file::export(engine.chain.network(), blocks.iter().map(AsRef::as_ref));
        Ok(Outcome::Now(Reply::ChainFile(file)))
    }
}

fn json_of(chain: &Chainstate, block: &Block, verbosity: u8) -> Handled {
    if verbosity == 0 {
        return Ok(Outcome::Now(reply(hex::encode(&serialize(block)))));
    }
    match rpc::block::block(chain, block, verbosity, &chain.params().address) {
        Some(fields) => Ok(Outcome::Now(reply(fields))),
        None => Err(unknown("block", &block.block_hash())),
    }
}

fn find(chain: &Chainstate, block: &Block, txid: &Txid, view: TransactionView) -> Visit {
    let Some(tx) = block.transactions.iter().find(|tx| tx.txid() == *txid) else { return Visit::Next };
    let hash = block.block_hash();
    let place = chain.entry(&hash).map(|entry| (hash, entry.height));
    Visit::Done(Ok(Outcome::Now(show_transaction(chain, tx, place, view))))
}

/// A transaction as the command wants it.
pub(super) fn show_transaction(
    chain: &Chainstate,
    tx: &Transaction,
    place: Option<(BlockHash, Height)>,
    view: TransactionView,
) -> Reply {
    match view {
        TransactionView::Hex => reply(transaction_hex(tx)),
        TransactionView::Json => {
            let mut fields = transaction(tx, &chain.params().address);
            if let Some((hash, _)) = &place {
                confirmed_by(chain, hash, &mut fields);
            }
            fields.put("hex", transaction_hex(tx));
            reply(fields)
        }
        TransactionView::Detail => Reply::Transaction(Box::new(transaction_detail(chain, tx, place))),
    }
}

fn prove(block: &Block, txids: &[Txid]) -> Visit {
    let found = block.transactions.iter().filter(|tx| txids.contains(&tx.txid())).count();
    if found < txids.len() || txids.is_empty() {
        return Visit::Next;
    }
    let proof = MerkleBlock::new(block, |txid| txids.contains(txid));
    Visit::Done(Ok(Outcome::Now(reply(hex::encode(&serialize(&proof))))))
}

/// The error of a command whose chain has gone.
pub(super) fn replaced() -> CommandError {
    CommandError::BadArgument("the chain was replaced meanwhile".to_owned())
}

/// The error for an id that nothing here has.
pub(super) fn unknown(what: &str, id: &impl ToString) -> CommandError {
    CommandError::NotFound { what: what.to_owned(), id: id.to_string() }
}
