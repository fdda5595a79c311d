//! Driving the miner: gives the host a job when one is wanted or the last is out of date, and takes what it finds.

use super::io::{JobId, MiningJob, Output};
use super::miner::{Basis, Demand, Purpose, Wanted, Work};
use super::tip::Journey;
use super::{Engine, Node};
use crate::chain::Chainstate;
use crate::consensus::{Invitation, Network};
use crate::interface::{CommandError, LogLine, Reply, RunState};
use crate::mining::BlockAssembler;
use crate::primitives::{Block, Header, Script, Target, Txid};
use crate::time::{Mono, Span};
use std::sync::Arc;

impl Node {
    /// Sees to it that the host grinds what is wanted, and nothing else.
    pub(super) fn work_mining(&mut self) {
        if !self.chain_rests() {
            return;
        }
        self.settle_demands();
        if !self.mining_key_is_safe() {
            return;
        }
        let waiting = self.engine.as_ref().map_or(0, |engine| engine.mempool.len());
        let wanted = self.miner.wanted(waiting, self.may_mine());
        let early = self.block_would_be_early(wanted);
        self.miner.hold(early);
        if early.is_some() {
            return self.cancel_job();
        }
        let basis = self.mining_basis();
        if self.miner.is_current(wanted, basis, self.now.mono) {
            return;
        }
        let work = match wanted {
            Wanted::Nothing => None,
            Wanted::Demand => self.demanded_work(),
            Wanted::Background => self.background_work(),
        };
        match work {
            Some(work) => self.begin_job(work, wanted, basis),
            None => self.cancel_job(),
        }
    }

    /// Until when a block that is wanted would be ahead of time, which is work for nothing: not even we would accept it.
    fn block_would_be_early(&self, wanted: Wanted) -> Option<Mono> {
        let engine = self.engine.as_ref().filter(|_| wanted != Wanted::Nothing)?;
        let seconds = engine.chain.seconds_until_in_time(self.now.unix);
        (seconds > 0).then(|| self.now.mono + Span::from_secs(seconds.into()))
    }

    /// When the job that is being ground is to be replaced, or one that waits begun; never while neither could be.
    pub(super) fn next_mining_wakeup(&self) -> Option<Mono> {
        let can_replace = self.chain_rests() && self.mining_key_is_safe();
        can_replace.then(|| self.miner.next_wakeup(self.mining_basis())).flatten()
    }

    /// Whether the tip is one to build on. While helpers check the block that follows it, what is being ground goes on,
    /// but no job is begun that this block would leave behind.
    fn chain_rests(&self) -> bool {
        let rests = |engine: &Engine| engine.is_settled() && engine.journey != Journey::Verifying;
        self.engine.as_ref().is_none_or(rests)
    }

    fn mining_key_is_safe(&self) -> bool {
        self.mining_key.is_none_or(|ticket| self.persistence.is_stored(&ticket))
    }

    /// What a job built now would be built on.
    fn mining_basis(&self) -> Basis {
        match &self.engine {
            Some(engine) => Basis { tip: Some(engine.tip()), mempool: engine.mempool_revision },
            None => Basis { tip: None, mempool: 0 },
        }
    }

    /// The host solved a job.
    pub(super) fn nonce_found(&mut self, job: JobId, nonce: u32) {
        match self.miner.finish(job) {
            Some((Work::Next(template), wanted)) => self.block_found(template.solve(nonce), wanted),
            Some((Work::Genesis(mut block), _)) => {
                block.header.nonce = nonce;
                self.genesis_found(*block);
            }
            None => self.late.jobs += 1,
        }
    }

    /// The host tried every nonce of a job: the next job is another block.
    pub(super) fn nonces_exhausted(&mut self, job: JobId) {
        match self.miner.finish(job) {
            Some((Work::Genesis(mut block), _)) => {
                block.header.time += 1;
                if let Some(Demand { purpose: Purpose::Genesis { block: wanted, .. }, .. }) =
                    self.miner.front()
                {
                    *wanted = block;
                }
            }
            Some((Work::Next(_), _)) => {}
            None => self.late.jobs += 1,
        }
    }

    /// A node mines by itself while it is on the network, is past its first download, and can keep and store what it
    /// finds.
    fn may_mine(&self) -> bool {
        let can_mine = |engine: &Engine| engine.journey != Journey::Stuck && !engine.is_in_initial_download();
        self.state == RunState::Running
            && self.persistence.failure().is_none()
            && self.engine.as_ref().is_some_and(can_mine)
    }

    fn begin_job(&mut self, work: Work, wanted: Wanted, basis: Basis) {
        let (header, target) = match &work {
            Work::Next(template) => (*template.header(), template.target()),
            Work::Genesis(block) => (block.header, target_of(&block.header)),
        };
        let id = self.miner.begin(work, wanted, basis, self.now.mono);
        self.outputs.push_back(Output::Mine(MiningJob {
            id,
            header,
            target,
            budgeted: wanted == Wanted::Background,
        }));
    }

    pub(super) fn cancel_job(&mut self) {
        if self.miner.cancel() {
            self.outputs.push_back(Output::CancelMine);
        }
    }

    fn demanded_work(&mut self) -> Option<Work> {
        let demand = self.miner.front()?;
        if let Purpose::Genesis { block, .. } = &demand.purpose {
            return Some(Work::Genesis(block.clone()));
        }
        let script = demand.script.clone();
        self.next_block(&script)
    }

    fn background_work(&mut self) -> Option<Work> {
        let script = self.mining_script().ok()?;
        self.next_block(&script)
    }

    fn next_block(&self, payout: &Script) -> Option<Work> {
        let engine = self.engine.as_ref()?;
        let assembler = BlockAssembler::new(&engine.chain, &engine.mempool);
        let template = assembler.assemble(payout, self.now.unix, self.miner.next_extra_nonce());
        Some(Work::Next(Box::new(template)))
    }

    /// Answers demands that can never be met: the store is broken, or the payment is confirmed or gone already.
    fn settle_demands(&mut self) {
        while let Some(demand) = self.miner.front().cloned() {
            let failure = self.why_not_mine();
            let result = match (failure, &demand.purpose) {
                (Some(error), _) => Err(error),
                (None, Purpose::Payment(txid)) => match self.payment_overtaken(txid) {
                    Some(result) => result,
                    None => return,
                },
                (None, Purpose::Genesis { .. } | Purpose::Blocks { .. }) => return,
            };
            self.miner.pop();
            match result {
                Ok(reply) => self.reply_when_stored(demand.request, reply),
                Err(error) => self.reply(demand.request, Err(error)),
            }
        }
    }

    /// Why no block that is found now could be kept, if so.
    fn why_not_mine(&self) -> Option<CommandError> {
        if let Some(reason) = self.persistence.failure() {
            return Some(CommandError::StoreFailed(reason.to_owned()));
        }
        let stuck = self.engine.as_ref().filter(|engine| engine.journey == Journey::Stuck);
        let bound = stuck.and_then(|engine| engine.bound.as_ref());
        bound.map(|bound| CommandError::Rejected { reason: bound.to_string() })
    }

    /// What became of a payment that was to be mined and no longer waits: another miner's block has it, or it is void.
    fn payment_overtaken(&self, txid: &Txid) -> Option<Result<Reply, CommandError>> {
        let engine = self.engine.as_ref()?;
        if engine.mempool.contains(txid) {
            return None;
        }
        let height = engine.chain.height();
        let history = self.wallet.history(&self.params, height);
        let mined = history.iter().find(|entry| entry.txid == *txid).and_then(|entry| entry.block);
        Some(match mined {
            Some(block) => Ok(Reply::Sent { txid: *txid, verified: 1, mined: Some(block) }),
            None => Err(CommandError::Rejected { reason: format!("bad-txns-inputs-missingorspent: {txid}") }),
        })
    }

    /// This node found a block: it goes the way of every block.
    fn block_found(&mut self, block: Block, wanted: Wanted) {
        let block = Arc::new(block);
        if let Err(error) = self.accept_own_block(&block) {
            return self.log(LogLine::Refused(error.to_string()));
        }
        self.log(LogLine::BlockMined);
        self.wallet.count_found_block();
        if wanted == Wanted::Demand {
            self.demand_met(&block);
        }
    }

    /// A block for the first demand is here: answers it, or counts one of several down.
    fn demand_met(&mut self, block: &Block) {
        let hash = block.block_hash();
        let Some(demand) = self.miner.front() else { return };
        let reply = match &mut demand.purpose {
            Purpose::Genesis { .. } => return,
            Purpose::Payment(txid) if !block.transactions.iter().any(|tx| tx.txid() == *txid) => return,
            Purpose::Payment(txid) => {
                let verified = block.transactions.len() - 1;
                Reply::Sent { txid: *txid, verified, mined: Some(hash) }
            }
            Purpose::Blocks { left, found } => {
                found.push(hash);
                *left -= 1;
                if *left > 0 {
                    return;
                }
                Reply::Generated(std::mem::take(found))
            }
        };
        let request = demand.request;
        self.miner.pop();
        self.reply_when_stored(request, reply);
    }

    /// The first block of a new chain is solved: the chain begins.
    fn genesis_found(&mut self, genesis: Block) {
        let Some(Demand { request, purpose: Purpose::Genesis { consensus, .. }, .. }) = self.miner.pop()
        else {
            return;
        };
        let hash = genesis.block_hash();
        let invitation = Invitation { genesis, consensus: *consensus };
        self.adopt_chain(Chainstate::create(Network::Custom(Box::new(invitation))));
        self.reply_when_stored(request, Reply::ChainCreated(hash));
    }
}

/// The target of a header whose bits are those of a network's easiest target.
fn target_of(header: &Header) -> Target {
    Target::from_compact(header.bits).unwrap_or(Target(Default::default()))
}
