//! A long chain of headers whose work is not known yet is looked through before any of it is kept (Core's
//! `headerssync.cpp`). The peer is asked for it twice: the first time its work is added up, and one secret bit of every
//! 64th header is remembered; once that is enough work the same headers are asked for again, held back until the bits of
//! those after them agree, and then taken. Who has no such chain fills no memory, and who sends another the second time is
//! found out: of those headers one in 2^32 tries would be taken.

use super::reason::DisconnectReason;
use crate::chain::{BlockIndexEntry, MAX_HEADERS};
use crate::consensus::pow::{self, DifficultyState};
use crate::consensus::{ConsensusParams, HeaderError};
use crate::primitives::{BlockHash, Header, Target, Work};
use crate::spv::siphash;
use crate::time::UnixTime;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;
use std::collections::VecDeque;

/// Of so many headers one is committed to (Core's `HEADER_COMMITMENT_PERIOD`, larger for longer chains).
const COMMITMENT_PERIOD: u32 = 64;
/// Headers that are held back until those after them were checked (Core's `REDOWNLOAD_BUFFER_SIZE`).
const REDOWNLOAD_BUFFER: usize = 32 * COMMITMENT_PERIOD as usize;
/// Commitments to more headers than a node keeps are of no use.
const MAX_COMMITMENTS: usize = MAX_HEADERS / COMMITMENT_PERIOD as usize;

/// How far along the chain one of the two downloads is.
#[derive(Clone, Copy, Debug)]
struct Place {
    last: BlockHash,
    difficulty: DifficultyState,
    work: Work,
}

impl Place {
    /// On to the next header, which must be what its place asks for.
    fn advance(&mut self, header: &Header, consensus: &ConsensusParams) -> Result<(), DisconnectReason> {
        let hash = header.block_hash();
        pow::check_proof_of_work(header, hash, consensus).map_err(DisconnectReason::InvalidHeader)?;
        let expected = pow::next_work_required(&self.difficulty, UnixTime(header.time), consensus);
        if header.bits != expected {
            let error = HeaderError::WrongTarget { expected, found: header.bits };
            return Err(DisconnectReason::InvalidHeader(error));
        }
        let own = Target::from_compact(header.bits).map_or(Work::ZERO, Target::work);
        self.work = Work(self.work.0.saturating_add(own.0));
        self.difficulty = self.difficulty.child(header.time, consensus);
        self.last = hash;
        Ok(())
    }
}

/// Which of the two downloads is under way.
#[derive(Debug)]
enum Phase {
    /// The first: nothing is kept but commitments.
    Presync,
    /// The second: at most [`REDOWNLOAD_BUFFER`] headers and one message of them are held back.
    Redownload(VecDeque<Header>),
}

/// What comes after a message of headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Those after this one are to be asked for.
    Ask(BlockHash),
    /// These may be taken, and those after the last that came are to be asked for.
    TakeAndAsk(Vec<Header>, BlockHash),
    /// These may be taken, and the chain has the work that it must have: the rest is downloaded as usual.
    TakeAll(Vec<Header>),
    /// The chain has not the work, or is not the one that was shown first.
    GiveUp,
}

/// One peer's chain that is being looked through.
#[derive(Debug)]
pub(super) struct HeadersPresync {
    /// The block that we know and on which the chain builds.
    start: Place,
    place: Place,
    /// The work that the chain must have.
    least: Work,
    /// For the secret bits.
    salt: [u64; 2],
    /// Which heights are committed to: those with this remainder.
    offset: u32,
    /// At most [`MAX_COMMITMENTS`].
    commitments: VecDeque<bool>,
    phase: Phase,
}

impl HeadersPresync {
    /// Looks through a chain on `start` that must have at least this work.
    pub(super) fn new(start: &BlockIndexEntry, least: Work, rng: &mut ChaCha20Rng) -> Self {
        let start = Place { last: start.hash, difficulty: start.difficulty, work: start.chainwork };
        Self {
            start,
            place: start,
            least,
            salt: [rng.next_u64(), rng.next_u64()],
            offset: rng.next_u32() % COMMITMENT_PERIOD,
            commitments: VecDeque::new(),
            phase: Phase::Presync,
        }
    }

    /// The block on which the chain builds.
    pub(super) const fn start(&self) -> BlockHash {
        self.start.last
    }

    /// The height up to which work was added up, in the first download.
    pub(super) fn presynced(&self) -> Option<u32> {
        matches!(self.phase, Phase::Presync).then_some(self.place.difficulty.height.0)
    }

    /// How many headers were looked through in this download.
    pub(super) fn seen(&self) -> u32 {
        self.place.difficulty.height.0.saturating_sub(self.start.difficulty.height.0)
    }

    /// Takes the next headers of the chain; `is_full` says whether there may be more. A header without work ends the
    /// connection.
    pub(super) fn take(
        &mut self,
        headers: &[Header],
        is_full: bool,
        consensus: &ConsensusParams,
    ) -> Result<Step, DisconnectReason> {
        if headers.first().is_none_or(|first| first.prev_blockhash != self.place.last) {
            return Ok(Step::GiveUp);
        }
        match self.phase {
            Phase::Presync => self.presync(headers, is_full, consensus),
            Phase::Redownload(_) => self.redownload(headers, is_full, consensus),
        }
    }

    fn presync(
        &mut self,
        headers: &[Header],
        is_full: bool,
        consensus: &ConsensusParams,
    ) -> Result<Step, DisconnectReason> {
        for header in headers {
            self.place.advance(header, consensus)?;
            if self.is_committed_to() {
                if self.commitments.len() == MAX_COMMITMENTS {
                    return Ok(Step::GiveUp);
                }
                self.commitments.push_back(self.secret_bit());
            }
            if self.place.work >= self.least {
                self.phase = Phase::Redownload(VecDeque::new());
                self.place = self.start;
                return Ok(Step::Ask(self.start.last));
            }
        }
        Ok(if is_full { Step::Ask(self.place.last) } else { Step::GiveUp })
    }

    fn redownload(
        &mut self,
        headers: &[Header],
        is_full: bool,
        consensus: &ConsensusParams,
    ) -> Result<Step, DisconnectReason> {
        for header in headers {
            self.place.advance(header, consensus)?;
            // Beyond the header that had enough work nothing was committed to.
            let is_over = self.place.work > self.least && self.commitments.is_empty();
            if self.is_committed_to() && !is_over && self.commitments.pop_front() != Some(self.secret_bit()) {
                return Ok(Step::GiveUp);
            }
        }
        let has_work = self.place.work >= self.least;
        let Phase::Redownload(held) = &mut self.phase else { return Ok(Step::GiveUp) };
        held.extend(headers);
        if has_work {
            return Ok(Step::TakeAll(held.drain(..).collect()));
        }
        let ripe = held.len().saturating_sub(REDOWNLOAD_BUFFER);
        let ripe: Vec<Header> = held.drain(..ripe).collect();
        Ok(if is_full { Step::TakeAndAsk(ripe, self.place.last) } else { Step::GiveUp })
    }

    fn is_committed_to(&self) -> bool {
        self.place.difficulty.height.0 % COMMITMENT_PERIOD == self.offset
    }

    /// The bit that stands for the last header.
    fn secret_bit(&self) -> bool {
        siphash(self.salt, self.place.last.as_bytes()) & 1 == 1
    }
}
