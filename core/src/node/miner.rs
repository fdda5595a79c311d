//! When this node mines, for whom, and on what: blocks asked for by commands first, then those of the mining mode.
//! Owns the job that the host grinds; knows nothing of how a block is put together.

use super::io::JobId;
use crate::consensus::ConsensusParams;
use crate::interface::{MiningMode, RequestId, Task, TaskKind};
use crate::mining::BlockTemplate;
use crate::primitives::{Block, BlockHash, Script, Txid};
use crate::time::{Mono, Span};
use std::collections::VecDeque;

/// A job's time field is brought up to date this often.
const REFRESH_TIME: Span = Span::from_secs(5);

/// A job takes in new transactions at most this often.
const REFRESH_TRANSACTIONS: Span = Span::from_millis(250);

/// How many transactions must wait before a node that mines when two wait begins (seed 000).
const ENOUGH: usize = 2;

/// The state of mining.
#[derive(Default)]
pub(super) struct Miner {
    mode: MiningMode,
    /// [`MiningMode::WhenTwoWait`] has begun and goes on until no transaction waits.
    is_draining: bool,
    job: Option<Job>,
    jobs: u64,
    /// Blocks that commands asked for, in their order; at most one per open command.
    demands: VecDeque<Demand>,
    /// No job is begun before then.
    held_until: Option<Mono>,
}

/// What a command wants mined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Demand {
    /// The command.
    pub(super) request: RequestId,
    /// Who is paid.
    pub(super) script: Script,
    /// What for.
    pub(super) purpose: Purpose,
}

/// What a command wants a block for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// `createblockchain`: this first block solved, under these rules.
    Genesis {
        /// The block without its nonce.
        block: Box<Block>,
        /// The rules of the new chain.
        consensus: Box<ConsensusParams>,
    },
    /// `send -mine`: a block with this payment.
    Payment(Txid),
    /// `generatetoaddress`: so many more; these are done.
    Blocks { left: u32, found: Vec<BlockHash> },
}

/// What is being ground.
struct Job {
    id: JobId,
    work: Work,
    /// What for.
    wanted: Wanted,
    basis: Basis,
    started: Mono,
}

/// A block without its nonce.
pub(super) enum Work {
    /// The next block of the chain.
    Next(Box<BlockTemplate>),
    /// A chain's first.
    Genesis(Box<Block>),
}

/// What a job was built on; when it changes the job is out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Basis {
    /// The block to build on; none for a chain's first.
    pub(super) tip: Option<BlockHash>,
    /// Counts up when the mempool changes.
    pub(super) mempool: u64,
}

/// What should be ground now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Nothing.
    Nothing,
    /// A block that a command asked for.
    Demand,
    /// A block of the mining mode.
    Background,
}

impl Job {
    /// A chain's first block builds on nothing and is dated when it was asked for: it never goes out of date.
    fn is_timeless(&self) -> bool {
        matches!(self.work, Work::Genesis(_))
    }
}

impl Miner {
    /// Sets when this node mines by itself.
    pub(super) fn set_mode(&mut self, mode: MiningMode) {
        self.mode = mode;
        self.is_draining = false;
    }

    /// When this node mines by itself.
    pub(super) fn mode(&self) -> MiningMode {
        self.mode
    }

    /// Whether the host has a job.
    pub(super) fn is_active(&self) -> bool {
        self.job.is_some()
    }

    /// Adds a block that a command asks for.
    pub(super) fn demand(&mut self, demand: Demand) {
        self.demands.push_back(demand);
    }

    /// The demand that is next, if there is one.
    pub(super) fn front(&mut self) -> Option<&mut Demand> {
        self.demands.front_mut()
    }

    /// Blocks that commands asked for, with what is found of them.
    pub(super) fn tasks(&self) -> impl Iterator<Item = Task> {
        self.demands.iter().filter_map(|demand| {
            let Purpose::Blocks { left, found } = &demand.purpose else { return None };
            let done = u32::try_from(found.len()).unwrap_or(u32::MAX);
            let (request, kind, total) = (Some(demand.request), TaskKind::Mine, done.saturating_add(*left));
            Some(Task { request, kind, done, total })
        })
    }

    /// Forgets the demand of a command; whether there was one.
    pub(super) fn give_up(&mut self, request: RequestId) -> bool {
        let before = self.demands.len();
        self.demands.retain(|demand| demand.request != request);
        self.demands.len() < before
    }

    /// The demand that is next is done.
    pub(super) fn pop(&mut self) -> Option<Demand> {
        self.demands.pop_front()
    }

    /// What should be ground, with `waiting` transactions in the mempool; `may_mine` is false while the node must not
    /// mine by itself.
    pub(super) fn wanted(&mut self, waiting: usize, may_mine: bool) -> Wanted {
        self.is_draining = match waiting {
            0 => false,
            waiting => self.is_draining || waiting >= ENOUGH,
        };
        let by_itself = match self.mode {
            MiningMode::Off => false,
            MiningMode::WhenTwoWait => self.is_draining,
            MiningMode::Always => true,
        };
        match () {
            () if !self.demands.is_empty() => Wanted::Demand,
            () if by_itself && may_mine => Wanted::Background,
            () => Wanted::Nothing,
        }
    }

    /// Whether the present job is what is wanted and up to date.
    pub(super) fn is_current(&self, wanted: Wanted, basis: Basis, now: Mono) -> bool {
        let Some(job) = &self.job else { return wanted == Wanted::Nothing };
        let age = now - job.started;
        let is_fresh = job.basis == basis || (job.basis.tip == basis.tip && age < REFRESH_TRANSACTIONS);
        wanted == job.wanted && is_fresh && (age < REFRESH_TIME || job.is_timeless())
    }

    /// Begins a job in place of any other.
    pub(super) fn begin(&mut self, work: Work, wanted: Wanted, basis: Basis, now: Mono) -> JobId {
        self.jobs += 1;
        let id = JobId(self.jobs);
        self.job = Some(Job { id, work, wanted, basis, started: now });
        id
    }

    /// A number that no other job of this node had, for the extra nonce.
    pub(super) fn next_extra_nonce(&self) -> u64 {
        self.jobs + 1
    }

    /// Ends the job; whether there was one.
    pub(super) fn cancel(&mut self) -> bool {
        self.job.take().is_some()
    }

    /// Ends a job that the host is done with: what was ground and what for, unless the job is not the
    /// present one.
    pub(super) fn finish(&mut self, id: JobId) -> Option<(Work, Wanted)> {
        let job = self.job.take_if(|job| job.id == id)?;
        Some((job.work, job.wanted))
    }

    /// Whether a chain's first block is being made.
    pub(super) fn is_making_chain(&self) -> bool {
        self.demands.iter().any(|demand| matches!(demand.purpose, Purpose::Genesis { .. }))
    }

    /// Until when no job is begun; none to begin at once.
    pub(super) fn hold(&mut self, until: Option<Mono>) {
        self.held_until = until;
    }

    /// When the present job should be looked at again, or one that is held begun.
    pub(super) fn next_wakeup(&self, basis: Basis) -> Option<Mono> {
        if self.held_until.is_some() {
            return self.held_until;
        }
        let job = self.job.as_ref().filter(|job| !job.is_timeless())?;
        let pause = if job.basis == basis { REFRESH_TIME } else { REFRESH_TRANSACTIONS };
        Some(job.started + pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Chainstate;
    use crate::consensus::Preset;
    use crate::mempool::Mempool;
    use crate::mining::BlockAssembler;
    use crate::time::UnixTime;

    /// A template on regtest's first block.
    fn next_block() -> Work {
        let chain = Chainstate::create(Preset::Regtest.into());
        let mempool = Mempool::new(chain.params().policy);
        let assembler = BlockAssembler::new(&chain, &mempool);
        Work::Next(Box::new(assembler.assemble(&Script::new(), UnixTime(1_767_225_600), 1)))
    }

    fn miner(mode: MiningMode) -> Miner {
        let mut miner = Miner::default();
        miner.set_mode(mode);
        miner
    }

    #[test]
    fn a_miner_of_the_seeds_begins_with_two_and_goes_on_until_none_is_left() {
        let mut miner = miner(MiningMode::WhenTwoWait);
        let wanted: Vec<Wanted> = [0, 1, 2, 1, 0, 1].map(|waiting| miner.wanted(waiting, true)).to_vec();
        use Wanted::{Background, Nothing};
        assert_eq!(wanted, [Nothing, Nothing, Background, Background, Nothing, Nothing]);
    }

    #[test]
    fn a_command_is_served_before_the_mode_and_while_the_node_must_not_mine_by_itself() {
        let mut miner = miner(MiningMode::Always);
        assert_eq!(miner.wanted(0, true), Wanted::Background);
        assert_eq!(miner.wanted(0, false), Wanted::Nothing);
        let purpose = Purpose::Blocks { left: 1, found: Vec::new() };
        miner.demand(Demand { request: RequestId(1), script: Script::new(), purpose });
        assert_eq!(miner.wanted(0, false), Wanted::Demand);
    }

    #[test]
    fn a_job_is_renewed_for_a_new_tip_at_once_for_transactions_soon_and_for_the_time_at_last() {
        let mut miner = miner(MiningMode::Always);
        let basis = Basis { tip: Some(BlockHash::ZERO), mempool: 1 };
        miner.begin(next_block(), Wanted::Background, basis, Mono(0));
        let is_current = |basis, at: Span| miner.is_current(Wanted::Background, basis, Mono(0) + at);
        assert!(is_current(basis, Span::from_secs(4)));
        assert!(!is_current(basis, REFRESH_TIME));
        let more = Basis { mempool: 2, ..basis };
        assert!(is_current(more, Span::from_millis(1)));
        assert!(!is_current(more, REFRESH_TRANSACTIONS));
        assert!(!is_current(Basis { tip: None, ..basis }, Span::from_millis(1)));
    }

    #[test]
    fn a_nonce_for_a_job_that_was_replaced_is_nobodys() {
        let mut miner = miner(MiningMode::Always);
        let basis = Basis { tip: None, mempool: 0 };
        let work = || Work::Genesis(Box::new(Preset::Regtest.genesis()));
        let first = miner.begin(work(), Wanted::Demand, basis, Mono(0));
        let second = miner.begin(work(), Wanted::Demand, basis, Mono(0));
        assert!(miner.finish(first).is_none());
        assert!(miner.finish(second).is_some());
        assert!(miner.finish(second).is_none());
    }
}
